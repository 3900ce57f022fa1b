"""The store of files by their content: one contract, on a folder and on a bucket."""

from __future__ import annotations

import hashlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
import s3_support
from botocore.config import Config

from registry.errors import NotFound, Unavailable
from registry.stores import blobs_s3, leftovers
from registry.stores.blobs import Blobs
from registry.stores.blobs_s3 import S3Blobs

CONTENT = b"content"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(scope="module")
def s3() -> Iterator[dict[str, str]]:
    with s3_support.s3_server() as variables:
        yield variables


@pytest.fixture
def bucket(s3: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in s3.items():
        monkeypatch.setenv(name, value)
    return s3_support.new_bucket()


@pytest.fixture(params=["folder", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "folder":
        return Blobs(tmp_path / "blobs")
    return S3Blobs(f"s3://{request.getfixturevalue('bucket')}/some/prefix", tmp_path / "blobs")


def test_what_is_put_in_comes_out_under_its_sha256(blobs: Blobs, tmp_path: Path) -> None:
    assert not blobs.has(DIGEST)
    digest = blobs.put(CONTENT)
    assert digest == DIGEST and blobs.has(digest)
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


# --- a bucket that several hosts share


def two_hosts(bucket: str, tmp_path: Path) -> tuple[S3Blobs, S3Blobs]:
    return S3Blobs(f"s3://{bucket}/a", tmp_path / "one"), S3Blobs(f"s3://{bucket}/a", tmp_path / "two")


def test_what_one_host_puts_in_another_gets_whole(bucket: str, tmp_path: Path) -> None:
    one, two = two_hosts(bucket, tmp_path)
    large = os.urandom(20_000_000)  # goes up in several parts
    digest, small = one.put(large), one.put(CONTENT)
    assert s3_support.keys(bucket) == sorted(f"a/{name[:2]}/{name}" for name in (digest, small))
    assert two.has(digest) and two.read(digest) == large and two.read(small) == CONTENT
    two.copy_to(small, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == CONTENT
    assert two.path(digest).stat().st_mode & 0o777 == 0o644
    assert list((tmp_path / "two" / "incoming").iterdir()) == []
    assert two.put(CONTENT) == small and len(s3_support.keys(bucket)) == 2


def test_several_threads_fetch_the_same_file_at_once(bucket: str, tmp_path: Path) -> None:
    one, two = two_hosts(bucket, tmp_path)
    content = os.urandom(3_000_000)
    digest = one.put(content)
    seen: list[bytes] = []
    threads = [threading.Thread(target=lambda: seen.append(two.read(digest))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [content] * 8


def test_the_bucket_says_what_is_there_not_the_folder(bucket: str, tmp_path: Path) -> None:
    """A restored or emptied bucket must be filled again, or other hosts would look in vain for ever."""
    one, two = two_hosts(bucket, tmp_path)
    one.put(CONTENT)
    boto3.client("s3").delete_object(Bucket=bucket, Key=f"a/{DIGEST[:2]}/{DIGEST}")
    assert not one.has(DIGEST)
    with pytest.raises(NotFound):
        two.read(DIGEST)
    one.put(CONTENT)
    assert two.read(DIGEST) == CONTENT


def test_content_that_is_not_what_its_name_says_is_not_served(bucket: str, tmp_path: Path) -> None:
    _, two = two_hosts(bucket, tmp_path)
    boto3.client("s3").put_object(Bucket=bucket, Key=f"a/{DIGEST[:2]}/{DIGEST}", Body=b"something else")
    for _ in range(2):
        with pytest.raises(NotFound, match="content that its name promises"):
            two.read(DIGEST)
    assert not (tmp_path / "two" / DIGEST[:2] / DIGEST).exists()


def test_a_bucket_that_is_not_there_is_said(bucket: str, tmp_path: Path) -> None:
    blobs = S3Blobs(f"s3://{bucket}-not", tmp_path / "blobs")
    with pytest.raises(Unavailable, match="NoSuchBucket"):
        blobs.put(CONTENT)


def test_a_server_that_never_answers_is_told_in_time(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert blobs_s3._PATIENCE.read_timeout <= 10
        monkeypatch.setattr(blobs_s3, "_PATIENCE", blobs_s3._PATIENCE.merge(Config(read_timeout=1)))
        blobs = S3Blobs(f"s3://{bucket}", tmp_path / "blobs")
        started = time.monotonic()
        with pytest.raises(Unavailable, match="ReadTimeoutError"):
            blobs.has(DIGEST)
        assert time.monotonic() - started < 20
    with pytest.raises(Unavailable, match="EndpointConnectionError"):
        blobs.has(DIGEST)


def test_the_cache_of_a_host_keeps_its_limit_and_what_is_in_use(bucket: str, tmp_path: Path) -> None:
    one = S3Blobs(f"s3://{bucket}/trim", tmp_path / "one", cache_bytes=2_500)
    digests = [one.put(bytes([number]) * 1_000) for number in range(4)]
    places = [tmp_path / "one" / digest[:2] / digest for digest in digests]
    for age, place in zip((40, 30, 20, 10), places, strict=True):
        os.utime(place, (time.time() - age, time.time() - age))
    assert one.trim() == 0, "all were wanted within the hour"
    assert one.trim(in_use_s=5) == 2
    assert [place.exists() for place in places] == [False, False, True, True]
    assert one.read(digests[0]) == bytes(1_000), "what left the cache is fetched again"


def test_what_is_wanted_again_counts_as_wanted_now(bucket: str, tmp_path: Path) -> None:
    one = S3Blobs(f"s3://{bucket}/wanted", tmp_path / "one")
    place = tmp_path / "one" / DIGEST[:2] / one.put(CONTENT)
    os.utime(place, (0, 0))
    assert one.read(DIGEST) == CONTENT and time.time() - place.stat().st_mtime < 60
