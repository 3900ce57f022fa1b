"""The files of a version as they lie in its repository: listed, looked up, read."""

from __future__ import annotations

from registry import limits
from registry.designs import mirrors
from registry.designs.queries import find_design, find_revision
from registry.designs.schemas import FileView
from registry.designs.tables import Design, Revision
from registry.errors import NotFound, TooLarge
from registry.recent import Recent
from registry.stores.stores import Stores

_SHOWN_BYTES = 32 * limits.MIB
_lists: Recent[tuple[FileView, ...]] = Recent(limits.KEPT_FILES, lambda files: len(files) + 10)


def _find(stores: Stores, slug: str, label: str | None) -> tuple[Design, Revision]:
    with stores.db.reading() as session:
        design = find_design(session, slug)
        return design, find_revision(session, design, label)


def list_files(stores: Stores, slug: str, label: str | None) -> tuple[FileView, ...]:
    """The version's own files. Raises: NotFound."""
    design, revision = _find(stores, slug, label)

    def read() -> tuple[FileView, ...]:
        with mirrors.open_tree(stores, design, revision) as tree:
            return tuple(FileView(path=file.path, size_bytes=file.size_bytes) for file in tree.files.values())

    return _lists.get((design.url, design.subdir, revision.commit), read)


def list_places(stores: Stores, slug: str, label: str | None) -> set[str]:
    """The paths of the version at which something is: its files and the folders that they lie in. Raises: NotFound."""
    places = {file.path for file in list_files(stores, slug, label)}
    for path in tuple(places):
        while (path := path.rpartition("/")[0]) and path not in places:
            places.add(path)
    return places


def open_file(stores: Stores, slug: str, label: str | None, path: str) -> bytes | None:
    """A file of the version; None if a folder is there. Raises: NotFound, TooLarge."""
    design, revision = _find(stores, slug, label)
    tree, found = mirrors.look_up(stores, design, revision, path.rstrip("/"))
    with tree:
        if found == "folder":
            return None
        if found is None or path.endswith("/"):
            raise NotFound(f"This version has no file {path[:200]}.", "Look at its list of files.")
        if found.size_bytes > _SHOWN_BYTES:
            raise TooLarge(f"{path} is too large to show here.", "Clone the repository to get it.")
        return tree.read_file(found, _SHOWN_BYTES)


def read_text(stores: Stores, slug: str, label: str | None, path: str) -> str:
    """A text file of the version, however it is encoded; empty for a folder. Raises: NotFound, TooLarge."""
    return (open_file(stores, slug, label, path) or b"").decode("utf-8", errors="replace")
