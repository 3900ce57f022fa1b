"""Where a design's mirror lies, and its trees."""

from __future__ import annotations

import hashlib
from pathlib import Path

from registry.designs.tables import Design, Revision
from registry.stores.git import GitTree
from registry.stores.stores import Stores


def mirror_path(stores: Stores, url: str) -> Path:
    """One mirror per repository, however many designs live in it; the name says nothing of the address."""
    return stores.settings.mirrors / f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.git"


def open_tree(stores: Stores, design: Design, revision: Revision) -> GitTree:
    """The files of a version. Use as a context manager."""
    return GitTree(mirror_path(stores, design.url), revision.commit, design.subdir)
