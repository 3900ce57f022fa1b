"""Doing a thing once under a key: what it does and the key are kept in one transaction, or neither is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from registry.batches.rules import check_key
from registry.dashboard.schemas import Done
from registry.dashboard.tables import SentOnce
from registry.errors import Conflict
from registry.stores.db import Database
from registry.stores.stores import Stores


class _Within(Database):
    """A database whose every transaction is the one that is open already."""

    def __init__(self, outer: Database, session: Session) -> None:
        self.url, self.on_sqlite, self.engine, self._session = outer.url, outer.on_sqlite, outer.engine, session

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        yield self._session
        self._session.flush()

    reading = transaction


def within(stores: Stores, session: Session) -> Stores:
    """Stores for use cases that are to be part of an open transaction."""
    return replace(stores, db=_Within(stores.db, session))


def _before(session: Session, account_id: int, key: str, wish: str) -> Done | None:
    row = session.exec(select(SentOnce).where(SentOnce.account_id == account_id, SentOnce.key == key)).first()
    if row is None:
        return None
    if row.wish != wish:
        raise Conflict("This key was used for something else.", "Make a new key for each thing.", field="key")
    return Done(said=row.said, repeated=True)


def once(stores: Stores, account_id: int, wish: BaseModel, work: Callable[[Stores, Session], str]) -> Done:
    """What `work` says it did; under a key that did the same before, what it said then. Raises: as `work`, Conflict."""
    key = getattr(wish, "key", "")
    if not key:
        with stores.db.transaction() as session:
            return Done(said=work(within(stores, session), session))
    check_key(key)
    asked = hashlib.sha256(f"{type(wish).__name__} {wish.model_dump_json()}".encode()).hexdigest()
    try:
        with stores.db.transaction() as session:
            if before := _before(session, account_id, key, asked):
                return before
            row = SentOnce(account_id=account_id, key=key, wish=asked)
            session.add(row)
            session.flush()  # a second one with this key waits here until the first has ended
            row.said = work(within(stores, session), session)
            session.add(row)
            return Done(said=row.said)
    except IntegrityError:
        with stores.db.reading() as session:
            before = _before(session, account_id, key, asked)
        if before is None:
            raise
        return before
