"""What other features want to hear of designs, without being imported by this one."""

from __future__ import annotations

from collections.abc import Callable

from registry.stores.stores import Stores

# Called after a repository was read and its versions are in the database: (stores, design_id, ids of new revisions).
Listener = Callable[[Stores, int, list[int]], None]
_synced: list[Listener] = []


def on_synced(listener: Listener) -> None:
    if listener not in _synced:
        _synced.append(listener)


def tell_synced(stores: Stores, design_id: int, new_revisions: list[int]) -> None:
    for listener in _synced:
        listener(stores, design_id, new_revisions)
