"""The fabrication bundle of a version: one zip, the same bytes wherever the same tools build the same commit."""

from __future__ import annotations

import hashlib
import json
import platform
import re
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from builders.contract import Tree
from registry import limits
from registry.builds.bom.vendors import vendor_files
from registry.builds.documents import page_address
from registry.builds.keys import RECIPE
from registry.builds.made import Made
from registry.builds.manifest import okh_toml
from registry.builds.schemas import Materials
from registry.designs.tables import Design, Revision
from registry.errors import TooLarge
from registry.stores import leftovers
from registry.stores.git import GitTree
from registry.stores.stores import Stores

FORMAT = 1
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_FOLDERS = {"board": "boards", "part": "parts"}
_LICENCE_NAMES = ("licen", "copying", "unlicense", "notice")


@dataclass(frozen=True, slots=True)
class Packed:
    """A bundle that was written to the store."""

    digest: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the bundle: bytes at hand, or a digest in the store."""

    path: str
    role: str
    content: bytes = b""
    digest: str = ""


def entries(
    stores: Stores, design: Design, revision: Revision, tree: GitTree, made: list[Made], materials: Materials
) -> list[Entry]:
    """Everything in the bundle but bundle.json and SHA256SUMS, by path."""
    found = [Entry("okh.toml", "manifest", okh_toml(stores.settings, design, revision, made).encode())]
    readme = str(revision.about.get("readme", ""))
    if readme in tree.files:
        found.append(Entry("README.md", "readme", tree.read(readme, limits.README_BYTES)))
    licences = licence_files(tree) or {"LICENSES/README.txt": _named_only(revision.licence)}
    found += [Entry(path, "licence", content) for path, content in licences.items()]
    found += [Entry(f"bom/{name}", "bom", content) for name, content in vendor_files(stores, materials, made).items()]
    for item in made:
        top = f"{_FOLDERS[item.run.kind]}/{item.run.name}" if item.run.kind in _FOLDERS else "docs"
        if item.run.kind == "bom":
            continue  # its lines are in the merged bill of materials
        for artifact in item.artifacts:
            if artifact.bundled:
                found.append(Entry(f"{top}/{artifact.path}", artifact.role, digest=artifact.digest))
    return sorted(found, key=lambda entry: entry.path)


def licence_files(tree: Tree) -> dict[str, bytes]:
    """LICENSES/... -> text: the REUSE folder's files, and every licence file by its place in the repository."""
    found: dict[str, bytes] = {}
    for path in tree.files:
        name = PurePosixPath(path)
        if name.parts[0] == "LICENSES" and len(name.parts) == 2:
            at = f"LICENSES/{name.name}"
        elif name.name.lower().startswith(_LICENCE_NAMES) and name.suffix.lower() in ("", ".txt", ".md", ".rst"):
            at = "LICENSES/" + "-".join(name.parts)
        else:
            continue
        if len(found) < 50:
            found[at] = tree.read(path, limits.SMALL_FILE_BYTES)
    return found


def _named_only(expression: str) -> bytes:
    """What stands in place of a licence's text, if the repository names the licence and holds no text of it."""
    names = sorted(set(re.findall(r"[A-Za-z0-9.+-]+", expression)) - {"AND", "OR", "WITH"})
    lines = [f"This design is under {expression}. Its repository names the licence, and holds no copy of its text.", ""]
    lines += [f"{name}: https://spdx.org/licenses/{name.removesuffix('+')}.html" for name in names]
    return "\n".join([*lines, ""]).encode()


def describe(
    stores: Stores, design: Design, revision: Revision, made: list[Made], files: list[dict[str, Any]]
) -> dict[str, Any]:
    """bundle.json: what this is, what made it, and every file's role, size and sha256."""
    tools: dict[str, str] = {"zlib": zlib.ZLIB_RUNTIME_VERSION, "python": platform.python_version()}
    for item in made:
        tools |= item.tools
    return {
        "bundle": FORMAT,
        "design": {
            "slug": design.slug,
            "name": revision.about.get("name") or design.name,
            "url": design.url,
            "path": design.subdir,
        },
        "version": revision.name,
        "commit": revision.commit,
        "committed_at": revision.committed_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "licence": revision.licence,
        "page": page_address(stores.settings, design, revision),
        "recipe": RECIPE,
        "tools": dict(sorted(tools.items())),
        "targets": [
            {
                "name": item.run.name,
                "kind": item.run.kind,
                "builder": item.run.builder,
                "source": item.run.source,
                "status": item.run.state,
                "message": item.run.message,
            }
            for item in made
        ],
        "files": files,
    }


def make(
    stores: Stores, design: Design, revision: Revision, tree: GitTree, made: list[Made], materials: Materials
) -> Packed:
    """Write the bundle into the store. Raises: TooLarge."""
    listed = entries(stores, design, revision, tree, made, materials)
    files: list[dict[str, Any]] = []
    total_bytes = 0
    for entry in listed:
        path = stores.blobs.path(entry.digest) if entry.digest else None
        size_bytes = path.stat().st_size if path else len(entry.content)
        total_bytes += size_bytes
        sha256 = entry.digest or hashlib.sha256(entry.content).hexdigest()
        files.append({"path": entry.path, "role": entry.role, "size_bytes": size_bytes, "sha256": sha256})
    if total_bytes > limits.BUNDLE_BYTES:
        raise TooLarge(f"The bundle would hold {total_bytes / limits.GIB:.1f} GB.", "Split the design into several.")
    sums = "".join(f"{file['sha256']}  {file['path']}\n" for file in files)
    told = json.dumps(describe(stores, design, revision, made, files), indent=1, ensure_ascii=False) + "\n"
    sums += f"{hashlib.sha256(told.encode()).hexdigest()}  bundle.json\n"
    with (
        tempfile.NamedTemporaryFile(dir=stores.settings.work, suffix=".zip") as aside,
        leftovers.held(Path(aside.name)),
    ):
        with zipfile.ZipFile(aside, "w") as archive:
            _write(archive, "bundle.json", told.encode())
            _write(archive, "SHA256SUMS", sums.encode())
            for entry in listed:
                _write(archive, entry.path, stores.blobs.read(entry.digest) if entry.digest else entry.content)
        aside.flush()
        path = Path(aside.name)
        return Packed(stores.blobs.put_file(path), path.stat().st_size)


def _write(archive: zipfile.ZipFile, path: str, content: bytes) -> None:
    info = zipfile.ZipInfo(path, date_time=_ZIP_DATE)
    info.create_system = 3
    info.external_attr = 0o100644 << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, content, compresslevel=6)
