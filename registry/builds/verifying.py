"""Checking a bundle: its own sums, and that its sources give the same bytes again."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, TypeAdapter
from sqlmodel import Session

from registry import limits
from registry.builds import demo, queries, service
from registry.designs import service as designs
from registry.designs.schemas import Submission
from registry.errors import Invalid
from registry.settings import read_settings
from registry.stores.stores import open_stores
from registry.values import Slug

_CHUNK_BYTES = 1024 * 1024
_FILES_MAX = 20_000
_TOLD_BYTES = 32 * limits.MIB
_SLUG = TypeAdapter(Slug)
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError)


class Checked(BaseModel):
    """What a check found; no problems means that all is well."""

    model_config = ConfigDict(frozen=True)
    design: str
    version: str
    commit: str
    files: int
    rebuilt: bool = False
    problems: list[str]

    @property
    def ok(self) -> bool:
        """Whether nothing was found wrong."""
        return not self.problems

    @property
    def summary(self) -> str:
        """What was checked and found, in a line."""
        if self.problems:
            return f"{self.design} {self.version}: {len(self.problems)} problems."
        how = "the same bytes when built again" if self.rebuilt else "every size and sha256 is right"
        return f"{self.design} {self.version} ({self.commit[:12]}): {self.files} files, {how}."


def check(file: Path) -> Checked:
    """Compare every file of a bundle with bundle.json and SHA256SUMS; nothing is unpacked.

    Raises: Invalid if it is no bundle, or a zip that tries something.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            return _check(archive)
    except (zipfile.LargeZipFile, NotImplementedError, RuntimeError, ValueError, struct.error, *_DAMAGED) as error:
        raise Invalid(
            f"{file.name} is not a bundle: it can't be read as a zip ({error}).", "Download it again."
        ) from error


def _check(archive: zipfile.ZipFile) -> Checked:
    infos = archive.infolist()
    _refuse_tricks(infos)
    names = [info.filename for info in infos]
    if "bundle.json" not in names or "SHA256SUMS" not in names:
        raise Invalid("This zip is not a bundle: it has no bundle.json or SHA256SUMS.", "Download the bundle again.")
    try:
        told = _told(archive)
        listed = {str(entry["path"]): (entry["sha256"], entry["size_bytes"]) for entry in told["files"]}
        lines = [line.split("  ", 1) for line in _small(archive, "SHA256SUMS").decode().splitlines()]
        sums = {path: digest for digest, path in lines}
        design, version, commit = str(told["design"]["slug"]), str(told["version"]), str(told["commit"])
    except (ValueError, KeyError, TypeError, AttributeError, *_DAMAGED) as error:
        raise Invalid("The bundle's own description can't be read.", "Download the bundle again.") from error
    problems = []
    for info in infos:
        if info.filename == "SHA256SUMS":
            continue
        try:
            digest, size_bytes = _digest(archive, info)
        except _DAMAGED:
            problems.append(f"{info.filename}: it is damaged in the zip.")
            continue
        if sums.get(info.filename) != digest:
            problems.append(f"{info.filename}: its sha256 is not the one in SHA256SUMS.")
        if info.filename != "bundle.json" and listed.get(info.filename) != (digest, size_bytes):
            problems.append(f"{info.filename}: it is not the file that bundle.json describes.")
    for name in sorted((listed.keys() | sums.keys()) - set(names)):
        problems.append(f"{name}: it is missing.")
    return Checked(design=design, version=version, commit=commit, files=len(infos), problems=problems)


def _small(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > _TOLD_BYTES:
        raise Invalid(f"{name} is larger than any bundle's.", "Download the bundle again.")
    return archive.read(name)


def _told(archive: zipfile.ZipFile) -> dict[str, Any]:
    told = json.loads(_small(archive, "bundle.json"))
    if not isinstance(told, dict):
        raise ValueError("bundle.json is not an object")
    return told


def _refuse_tricks(infos: list[zipfile.ZipInfo]) -> None:
    """Zip slip, links, doubles and bombs, before anything is read. Source: hostile-inputs, row 20."""
    seen: set[str] = set()
    total_bytes = 0
    for info in infos:
        path = PurePosixPath(info.filename)
        kind = stat.S_IFMT(info.external_attr >> 16)
        if path.is_absolute() or ".." in path.parts or "\\" in info.filename:
            raise Invalid(f"The zip holds {info.filename[:80]!r}, which leads out of its folder.", "Don't unpack it.")
        if info.filename in seen:
            raise Invalid(f"The zip holds {info.filename[:80]!r} twice.", "Don't unpack it.")
        if kind not in (0, stat.S_IFREG) or info.is_dir():
            raise Invalid(f"{info.filename[:80]!r} is not a plain file.", "Don't unpack it.")
        if info.flag_bits & 1:
            raise Invalid(f"{info.filename[:80]!r} is encrypted, which nothing in a bundle is.", "Download it again.")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Invalid(f"{info.filename[:80]!r} is packed in a way that no bundle is.", "Download it again.")
        seen.add(info.filename)
        total_bytes += info.file_size
    if total_bytes > limits.BUNDLE_BYTES or len(infos) > _FILES_MAX:
        raise Invalid("The zip would unpack to more than any bundle holds.", "Don't unpack it.")


def _digest(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> tuple[str, int]:
    digest, size_bytes = hashlib.sha256(), 0
    with archive.open(info) as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
            size_bytes += len(chunk)
            if size_bytes > info.file_size:
                raise Invalid(f"{info.filename[:80]} is longer than it says.", "Don't unpack it.")
    return digest.hexdigest(), size_bytes


def rebuild(file: Path, checked: Checked, on_look: Callable[[], None]) -> Checked:
    """Build the bundle's commit from its git address in an empty data folder, and compare every file.

    Raises: Invalid, Unavailable when the repository can't be had.
    """
    with zipfile.ZipFile(file) as archive:
        told = _told(archive)
    try:
        page = urlsplit(str(told["page"]))
        submission = Submission(url=told["design"]["url"], path=told["design"].get("path", ""))
        tools = {str(name): str(version) for name, version in told["tools"].items()}
        if page.scheme not in ("http", "https") or not _SLUG.validate_python(checked.design):
            raise ValueError(told["page"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Invalid("The bundle does not say where it comes from.", "Download the bundle again.") from error
    base = f"{page.scheme}://{page.netloc}{page.path.split('/designs/')[0]}"
    with tempfile.TemporaryDirectory(prefix="brickyard-verify-") as folder:
        data = Path(folder)
        settings = dataclasses.replace(
            read_settings(), data=data, database_url=f"sqlite:///{data / 'brickyard.sqlite3'}", public_url=base
        )
        stores = open_stores(settings)
        try:
            for example in demo.example_folders():
                if submission.url == f"example:{example.name}":
                    demo.lay_out(stores, example)
            slug = designs.register_only(stores, submission, slug=checked.design)
            service.install(stores)
            build_id = service.build_commit(stores, slug, checked.commit, name=checked.version)
            service.wait(stores, build_id, on_look=on_look, worker_grace_s=0)
            service.close_warm()
            with stores.db.reading() as session:
                found = _bundle_of(session, stores.blobs.path, build_id)
            with zipfile.ZipFile(found) as again:
                ours = json.loads(again.read("bundle.json"))
        finally:
            stores.close()
    problems = _differences(told | {"tools": tools}, ours)
    return checked.model_copy(update={"problems": problems, "rebuilt": True})


def _bundle_of(session: Session, path: Callable[[str], Path], build_id: int) -> Path:
    view = queries.get_build(session, build_id)
    if view.bundle is None:
        raise Invalid(f"Building again failed: {view.message}", "Look at the tools of this machine: brickyard doctor.")
    return path(view.bundle.sha256)


def _differences(theirs: dict[str, Any], ours: dict[str, Any]) -> list[str]:
    tools = [
        f"Tools differ: {name} {theirs['tools'].get(name, 'none')} there, {ours['tools'].get(name, 'none')} here."
        for name in sorted(theirs["tools"].keys() | ours["tools"].keys())
        if theirs["tools"].get(name) != ours["tools"].get(name)
    ]
    old = {entry["path"]: entry["sha256"] for entry in theirs["files"]}
    new = {entry["path"]: entry["sha256"] for entry in ours["files"]}
    files = [f"{path}: this machine does not make it." for path in sorted(old.keys() - new.keys())]
    files += [f"{path}: made here, but not in the bundle." for path in sorted(new.keys() - old.keys())]
    files += [
        f"{path}: differs when built again." for path in sorted(old.keys() & new.keys()) if old[path] != new[path]
    ]
    return [*files, *tools] if files else []
