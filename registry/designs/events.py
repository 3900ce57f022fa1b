"""What other features want to hear of designs, without being imported by this one."""

from __future__ import annotations

from collections.abc import Callable

from registry.stores.git import GitTree
from registry.stores.stores import Stores

# Called after a repository was read and its versions are in the database: (stores, design_id, ids of new revisions).
Listener = Callable[[Stores, int, list[int]], None]
_synced: list[Listener] = []
# Asked what can be built from a tree, when somebody looks at a repository: -> (kind, name, source) of each thing found.
Finder = Callable[[GitTree], list[tuple[str, str, str]]]
_finders: list[Finder] = []


def on_synced(listener: Listener) -> None:
    if listener not in _synced:
        _synced.append(listener)


def tell_synced(stores: Stores, design_id: int, new_revisions: list[int]) -> None:
    for listener in _synced:
        listener(stores, design_id, new_revisions)


def on_look(finder: Finder) -> None:
    if finder not in _finders:
        _finders.append(finder)


def find_in(tree: GitTree) -> list[tuple[str, str, str]]:
    """What can be built from a tree, by all who know how."""
    return [found for finder in _finders for found in finder(tree)]
