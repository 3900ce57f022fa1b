"""The book's use cases that have a transaction of their own."""

from __future__ import annotations

from collections.abc import Sequence

from registry.ledger import book
from registry.ledger.schemas import Entry, Transfer
from registry.stores.stores import Stores


def record(stores: Stores, transfers: Sequence[Transfer]) -> list[Entry]:
    """Record transfers that belong together; again if the database was away: their keys keep them from counting twice.

    Raises: NotFound, Invalid, Conflict, Unavailable.
    """
    return stores.db.retrying(lambda session: book.post_all(session, transfers))


def expire_due(stores: Stores) -> None:
    """Let go of what is held past its time."""
    if stores.db.retrying(book.has_due):
        stores.db.retrying(book.expire_due)


def install(stores: Stores) -> None:
    """Let workers look after what is held."""
    hooks = stores.hooks.setdefault("worker.keep", [])
    if expire_due not in hooks:
        hooks.append(expire_due)
