"""Where a design's mirror lies, and its trees."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeVar

from builders.contract import SourceFile
from registry.designs.tables import Design, Revision
from registry.errors import NotFound
from registry.stores import git
from registry.stores.git import GitTree
from registry.stores.stores import Stores

Found = TypeVar("Found")


def mirror_path(stores: Stores, url: str) -> Path:
    """One mirror per repository, however many designs live in it; the name says nothing of the address."""
    return stores.settings.mirrors / f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.git"


def open_tree(stores: Stores, design: Design, revision: Revision) -> GitTree:
    """The files of a version, listed. Use as a context manager.

    A host that has no mirror of the repository yet, or an old one, fetches it first: workers share no disk.
    Raises: NotFound if the commit is gone for good, and what `git.mirror` raises.
    """
    return _opened(stores, design, revision, lambda tree: tree.files)[0]


def look_up(
    stores: Stores, design: Design, revision: Revision, path: str
) -> tuple[GitTree, SourceFile | Literal["folder"] | None]:
    """What is at one path of a version, with the tree to read it from, not listed. Raises: as `open_tree`."""
    return _opened(stores, design, revision, lambda tree: tree.look_up(path))


def _opened(
    stores: Stores, design: Design, revision: Revision, look: Callable[[GitTree], Found]
) -> tuple[GitTree, Found]:
    where = mirror_path(stores, design.url)
    if (where / "HEAD").exists():
        try:
            return _seen(where, design, revision, look)
        except NotFound:
            pass
    git.mirror(git.check_url(design.url, stores.settings), where, stores.settings)
    return _seen(where, design, revision, look)


def _seen(where: Path, design: Design, revision: Revision, look: Callable[[GitTree], Found]) -> tuple[GitTree, Found]:
    tree = GitTree(where, revision.commit, design.subdir)
    try:
        return tree, look(tree)
    except BaseException:
        tree.close()
        raise
