"""The database: one engine, short transactions, the same rules on SQLite and PostgreSQL."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import event, text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlmodel import Session, create_engine

from registry.errors import Unavailable

T = TypeVar("T")
_WRITES = {"brickyard_writes": True}


class Database:
    """Opens sessions on one database. SQLite takes its write lock when a transaction begins, so two writers queue
    instead of
    failing half-way (Source: sqlite.org/lang_transaction.html, 'BEGIN IMMEDIATE')."""

    def __init__(self, url: str, *, durable: bool = True) -> None:
        """Without `durable`, what was committed last may be lost with the power, as tests may lose it."""
        self.url = url
        self.on_sqlite = url.startswith("sqlite")
        if self.on_sqlite:
            path = Path(url.removeprefix("sqlite:///"))
            path.parent.mkdir(parents=True, exist_ok=True)
            _keep_private(path)
            self.engine: Engine = create_engine(url, connect_args={"timeout": 30, "check_same_thread": False})
            event.listen(self.engine, "connect", functools.partial(_prepare_sqlite, durable=durable))
            event.listen(self.engine, "begin", _begin_sqlite)
        else:
            self.engine = create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20)
        self._writing = self.engine.execution_options(**_WRITES)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one state of the database and changes nothing."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session  # closing it ends the transaction and lets go of the rows, which stay readable

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits at the end, or changes nothing if an exception leaves it."""
        with Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    def retrying(self, work: Callable[[Session], T], *, patience_s: float = 30.0) -> T:
        """Run `work` in a transaction; again if the database was locked or away. Raises: Unavailable after
        `patience_s`."""
        deadline = time.monotonic() + patience_s
        pause_s = 0.05
        while True:
            try:
                with self.transaction() as session:
                    return work(session)
            except OperationalError as error:
                if time.monotonic() > deadline:
                    raise Unavailable("The database did not answer.", "Try again in a minute.") from error
                time.sleep(pause_s)
                pause_s = min(pause_s * 2, 2.0)

    def answers(self) -> bool:
        """Whether the database can be reached now."""
        try:
            with self.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
            return True
        except DBAPIError:
            return False

    def close(self) -> None:
        """End its connections."""
        self.engine.dispose()


def _keep_private(path: Path) -> None:
    """Accounts of banks and addresses stand in it: other users of the machine don't read it, nor its journal."""
    path.touch(mode=0o600)
    if path.stat().st_uid == os.geteuid():
        path.chmod(0o600)


def _prepare_sqlite(connection: Any, _record: Any, *, durable: bool) -> None:
    connection.isolation_level = None  # the driver begins no transaction of its own; _begin_sqlite does
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        # NORMAL may lose the last commits with the power, of money that people were told of (sqlite.org/pragma.html)
        f"synchronous={'FULL' if durable else 'NORMAL'}",
        "foreign_keys=ON",
        "busy_timeout=30000",
        "cache_size=-32000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("brickyard_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
