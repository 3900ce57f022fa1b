"""What other features want to hear of designs, without being imported by this one. Kept with the instance's stores."""

from __future__ import annotations

from collections.abc import Callable

from registry.stores.git import GitTree
from registry.stores.stores import Stores

# Called after a repository was read and its versions are in the database: (stores, design_id, ids of new revisions).
Listener = Callable[[Stores, int, list[int]], None]
# Asked what can be built from a tree, when somebody looks at a repository: -> (kind, name, source) of each thing found.
Finder = Callable[[GitTree], list[tuple[str, str, str]]]


def on_synced(stores: Stores, listener: Listener) -> None:
    """Have a feature told of every repository that was read."""
    _add(stores, "design.synced", listener)


def tell_synced(stores: Stores, design_id: int, new_revisions: list[int]) -> None:
    """Tell all who asked that a repository was read."""
    for listener in stores.hooks.get("design.synced", ()):
        listener(stores, design_id, new_revisions)


def on_look(stores: Stores, finder: Finder) -> None:
    """Have a feature asked what can be built from a tree."""
    _add(stores, "design.look", finder)


def find_in(stores: Stores, tree: GitTree) -> list[tuple[str, str, str]]:
    """What can be built from a tree, by all who know how."""
    return [found for finder in stores.hooks.get("design.look", ()) for found in finder(tree)]


def _add(stores: Stores, name: str, hook: Callable[..., object]) -> None:
    """Once, however often a feature is wired."""
    hooks = stores.hooks.setdefault(name, [])
    if hook not in hooks:
        hooks.append(hook)
