"""Row 20, and bundles that are not what they say: each with its sentence and exit code, nothing written."""

from __future__ import annotations

import hashlib
import json
import random
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from registry import limits
from registry.builds import verifying
from registry.errors import Invalid, RegistryError
from registry.settings import PROJECT

FILES = {"README.md": b"# Thing\n", "boards/main/board.step": b"ISO-10303-21;\n" * 500, "okh.toml": b'okhv = "2.4"\n'}


def bundle(path: Path, files: Mapping[str, bytes] = FILES, **changed: object) -> Path:
    """A right bundle, as the registry writes it."""
    listed = [
        {"path": name, "role": "file", "size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in sorted(files.items())
    ]
    told = {
        "bundle": 1,
        "design": {"slug": "thing", "name": "Thing", "url": "https://example.org/thing.git", "path": ""},
        "version": "v1.0.0",
        "commit": "a" * 40,
        "page": "http://127.0.0.1:8000/designs/thing/v1.0.0",
        "tools": {"kicad": "9.0.8"},
        "files": listed,
        **changed,
    }
    text = json.dumps(told).encode()
    sums = "".join(f"{entry['sha256']}  {entry['path']}\n" for entry in listed)
    sums += f"{hashlib.sha256(text).hexdigest()}  bundle.json\n"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bundle.json", text)
        archive.writestr("SHA256SUMS", sums)
        for name, content in sorted(files.items()):
            archive.writestr(name, content)
    return path


def add(path: Path, name: str | zipfile.ZipInfo, content: bytes = b"x") -> Path:
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return path


def rewritten(path: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """The same zip with members changed, or left out where `change` gives None."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            made = change(name, content)
            if made is not None:
                archive.writestr(name, made)
    return path


def link(name: str, mode: int = stat.S_IFLNK | 0o777) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = mode << 16
    return info


def test_a_right_bundle_is_right(tmp_path: Path) -> None:
    checked = verifying.check(bundle(tmp_path / "b.zip"))
    assert checked.ok and checked.files == 5 and checked.design == "thing" and "every size" in checked.summary


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda n, c: c + b" " if n == "README.md" else c, "README.md: its sha256 is not the one in SHA256SUMS."),
        (lambda n, c: None if n == "okh.toml" else c, "okh.toml: it is missing."),
        (lambda n, c: c.replace(b"9.0.8", b"9.0.9"), "bundle.json: its sha256 is not the one in SHA256SUMS."),
        (lambda n, c: c.replace(b"b", b"c", 1) if n == "SHA256SUMS" else c, "is not the one in SHA256SUMS"),
    ],
)
def test_a_changed_or_missing_file_is_named(
    change: Callable[[str, bytes], bytes | None], problem: str, tmp_path: Path
) -> None:
    checked = verifying.check(rewritten(bundle(tmp_path / "b.zip"), change))
    assert not checked.ok and any(problem in said for said in checked.problems), checked.problems


def test_a_file_too_many_is_named(tmp_path: Path) -> None:
    checked = verifying.check(add(bundle(tmp_path / "b.zip"), "extra.txt"))
    assert "extra.txt: it is not the file that bundle.json describes." in checked.problems


def test_a_file_that_only_the_sums_know_is_named(tmp_path: Path) -> None:
    """Whoever adds a file and its sum has still not told bundle.json."""
    extra = f"{hashlib.sha256(b'x').hexdigest()}  extra.txt\n".encode()
    path = rewritten(bundle(tmp_path / "b.zip"), lambda n, c: c + extra if n == "SHA256SUMS" else c)
    assert verifying.check(add(path, "extra.txt")).problems == [
        "extra.txt: it is not the file that bundle.json describes."
    ]


def test_a_byte_turned_in_the_zip_is_found_wherever_it_is(tmp_path: Path) -> None:
    raw = bundle(tmp_path / "good.zip").read_bytes()
    chance = random.Random(7)
    unnoticed = 0
    for _ in range(400):
        at = chance.randrange(len(raw))
        turned = bytearray(raw)
        turned[at] ^= 1 << chance.randrange(8)
        path = tmp_path / "b.zip"
        path.write_bytes(turned)
        try:
            checked = verifying.check(path)
        except RegistryError as error:
            assert error.exit_code == 2 and str(error).endswith(".")
        else:
            unnoticed += checked.ok  # dates, modes and other words of the zip that are not content
    assert unnoticed < 120


def test_a_damaged_member_is_a_wrong_bundle(tmp_path: Path) -> None:
    path = bundle(tmp_path / "b.zip")
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo("boards/main/board.step")
    raw = bytearray(path.read_bytes())
    raw[info.header_offset + 30 + len(info.filename) + 10] ^= 0xFF
    path.write_bytes(raw)
    assert "boards/main/board.step: it is damaged in the zip." in verifying.check(path).problems


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("../evil.txt", "leads out of its folder"),
        ("a/../../evil.txt", "leads out of its folder"),
        ("/etc/cron.d/evil", "leads out of its folder"),
        ("..\\evil.txt", "leads out of its folder"),
        ("C:\\evil.txt", "leads out of its folder"),
        ("README.md", "twice"),
        ("folder/", "not a plain file"),
        (link("passwd"), "not a plain file"),
        (link("device", stat.S_IFCHR | 0o666), "not a plain file"),
        (link("pipe", stat.S_IFIFO | 0o666), "not a plain file"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_tricks_are_refused(entry: str | zipfile.ZipInfo, sentence: str, tmp_path: Path) -> None:
    path = add(bundle(tmp_path / "b.zip"), entry, b"/etc/passwd" if not str(entry).endswith("/") else b"")
    with pytest.raises(Invalid, match=sentence):
        verifying.check(path)
    assert sorted(tmp_path.iterdir()) == [path]


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = bundle(tmp_path / "b.zip")
    raw = path.read_bytes()
    at = raw.rindex(b"PK\x01\x02")  # the last member's entry in the directory: its flags are 8 bytes on
    path.write_bytes(raw[: at + 8] + bytes([raw[at + 8] | 1]) + raw[at + 9 :])
    with pytest.raises(Invalid, match="encrypted"):
        verifying.check(path)


def test_odd_packing_is_refused(tmp_path: Path) -> None:
    path = bundle(tmp_path / "b.zip")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_LZMA) as archive:
        archive.writestr("x.txt", b"x")
    with pytest.raises(Invalid, match="packed in a way"):
        verifying.check(path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("zeros.bin", "w", force_zip64=True) as member:
            for _ in range(33):
                member.write(bytes(64 * limits.MIB))
    assert path.stat().st_size < 4 * limits.MIB
    with pytest.raises(Invalid, match="unpack to more"):
        verifying.check(path)


def test_a_member_that_says_less_than_it_holds_is_not_unpacked(tmp_path: Path) -> None:
    path = bundle(tmp_path / "b.zip", {**FILES, "zeros.bin": bytes(50 * limits.MIB)})
    raw = bytearray(path.read_bytes())
    at = raw.rindex(b"zeros.bin") - 46  # its entry in the directory: the size is 24 bytes on
    assert raw[at : at + 4] == b"PK\x01\x02"
    raw[at + 24 : at + 28] = (100).to_bytes(4, "little")
    path.write_bytes(raw)
    checked = verifying.check(path)
    assert any(said.startswith("zeros.bin: it is ") for said in checked.problems)


def test_a_description_too_large_is_refused(tmp_path: Path) -> None:
    path = bundle(tmp_path / "b.zip", note=" " * (40 * limits.MIB))
    with pytest.raises(Invalid, match=r"bundle.json is larger"):
        verifying.check(path)


@pytest.mark.parametrize(
    "told",
    [b"", b"[]", b"{}", b"null", b'{"files": 3}', b"\xff\xfe", b"[" * 100_000, b'{"files": [{"path": []}]}',
     b'{"files": [], "design": 5, "version": 1, "commit": 2}'],
)  # fmt: skip
def test_a_description_that_makes_no_sense_is_refused(told: bytes, tmp_path: Path) -> None:
    path = rewritten(bundle(tmp_path / "b.zip"), lambda n, c: told if n == "bundle.json" else c)
    with pytest.raises(Invalid):
        verifying.check(path)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04" + bytes(100), b"PK\x05\x06" + bytes(18)])
def test_what_is_no_bundle_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    path.write_bytes(content)
    with pytest.raises(Invalid, match="is not a bundle"):
        verifying.check(path)


@pytest.mark.parametrize(
    "changed",
    [
        {"page": "javascript:alert(1)"}, {"page": None}, {"design": {"slug": "../../x", "url": "https://example.org/x"}},
        {"design": {"slug": "thing"}}, {"tools": 3}, {"design": {"slug": "thing", "url": "a\nb"}},
    ],
)  # fmt: skip
def test_a_bundle_that_does_not_say_where_it_comes_from_is_not_rebuilt(
    changed: dict[str, object], tmp_path: Path
) -> None:
    path = bundle(tmp_path / "b.zip", **changed)
    checked = verifying.check(path)
    with pytest.raises(Invalid, match="where it comes from"):
        verifying.rebuild(path, checked, lambda: None)


def test_exit_codes(tmp_path: Path) -> None:
    """0 for a right bundle, 1 for a wrong one, 2 for what is none; one line each, no traceback."""

    def verify(path: Path, *options: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "registry.cli", "verify", str(path), *options],
            cwd=PROJECT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout + done.stderr

    good = bundle(tmp_path / "good.zip")
    assert verify(good)[0] == 0
    code, said = verify(add(bundle(tmp_path / "wrong.zip"), "extra.txt"), "--json")
    assert code == 1 and len(json.loads(said)["problems"]) == 2
    slip = add(bundle(tmp_path / "slip.zip"), "../evil.txt")
    code, said = verify(slip)
    assert code == 2 and said.count("\n") == 1 and said.startswith("brickyard: The zip holds '../evil.txt'")
    assert verify(tmp_path / "missing.zip")[0] == 2
    assert not (tmp_path.parent / "evil.txt").exists()
