"""Where a design's mirror lies, and its trees."""

from __future__ import annotations

import hashlib
from pathlib import Path

from registry.designs.tables import Design, Revision
from registry.errors import NotFound
from registry.stores import git
from registry.stores.git import GitTree
from registry.stores.stores import Stores


def mirror_path(stores: Stores, url: str) -> Path:
    """One mirror per repository, however many designs live in it; the name says nothing of the address."""
    return stores.settings.mirrors / f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.git"


def open_tree(stores: Stores, design: Design, revision: Revision) -> GitTree:
    """The files of a version. Use as a context manager.

    A host that has no mirror of the repository yet, or an old one, fetches it first: workers share no disk.
    Raises: NotFound if the commit is gone for good, and what `git.mirror` raises.
    """
    where = mirror_path(stores, design.url)
    if (where / "HEAD").exists():
        try:
            return _listed(where, design, revision)
        except NotFound:
            pass
    git.mirror(git.check_url(design.url, stores.settings), where, stores.settings)
    return _listed(where, design, revision)


def _listed(where: Path, design: Design, revision: Revision) -> GitTree:
    tree = GitTree(where, revision.commit, design.subdir)
    try:
        len(tree.files)
    except BaseException:
        tree.close()
        raise
    return tree
