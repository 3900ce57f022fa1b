"""The store of files by their content."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import pytest

from registry.errors import NotFound
from registry.stores import leftovers
from registry.stores.blobs import Blobs


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs")


def test_what_is_put_in_comes_out_under_its_sha256(blobs: Blobs, tmp_path: Path) -> None:
    digest = blobs.put(b"content")
    assert digest == hashlib.sha256(b"content").hexdigest() and blobs.has(digest)
    (tmp_path / "file").write_bytes(b"content")
    assert blobs.put_file(tmp_path / "file") == digest
    assert blobs.read(digest) == b"content" and blobs.path(digest).stat().st_mode & 0o777 == 0o644
    with blobs.open(digest) as stream:
        assert stream.read() == b"content"
    blobs.copy_to(digest, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"content"
    assert list((tmp_path / "blobs" / "incoming").iterdir()) == []


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "a" * 63, "A" * 64, "a" * 64 + "\n", "0" * 64])
def test_names_that_are_none_or_not_there(name: str, blobs: Blobs) -> None:
    for look in (blobs.read, blobs.path, blobs.open):
        with pytest.raises(NotFound):
            look(name)


def test_links_are_not_followed(blobs: Blobs, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(OSError):
        blobs.put_file(tmp_path / "link")


def test_many_at_once_store_one_file(blobs: Blobs, tmp_path: Path) -> None:
    content = os.urandom(3_000_000)
    digests: set[str] = set()
    threads = [threading.Thread(target=lambda: digests.add(blobs.put(content))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(digests) == 1 and blobs.read(digests.pop()) == content
    assert len(list((tmp_path / "blobs").glob("??/*"))) == 1


def test_leftovers_are_swept_but_not_what_is_held(tmp_path: Path) -> None:
    for name in ("held", "left"):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "deep" / "file").write_text("x")
        (tmp_path / name / "deep").chmod(0)
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.write_text("stays")
    (tmp_path / "link").symlink_to(outside)
    with leftovers.held(tmp_path / "held"):
        assert leftovers.sweep(tmp_path) == 0, "too young"
        assert leftovers.sweep(tmp_path, young_s=0) == 1
        assert sorted(path.name for path in tmp_path.iterdir()) == ["held", "link"] and outside.read_text() == "stays"
    assert leftovers.sweep(tmp_path, young_s=0) == 1
    assert leftovers.sweep(tmp_path / "nowhere") == 0
