"""The job queue: Huey, on SQLite beside the database or on PostgreSQL for many hosts.

The queue only delivers: a row in the database says what is to be done, and a sweeper delivers again what got lost,
so every job must be safe to run twice.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from huey import Huey, PostgresHuey, SqliteHuey
from huey.consumer import Consumer

_log = logging.getLogger(__name__)
# What PostgreSQL says to the second of two that make one table at once depends on how far the first has come.
_MADE_BY_ANOTHER = (psycopg.errors.UniqueViolation, psycopg.errors.DuplicateObject, psycopg.errors.DuplicateTable)


LOCK_WAIT_S = 30  # as long as for the database itself: a busy disk holds a writer up


def _open_postgres(dsn: str) -> Huey:
    """Huey makes its tables when it opens. Of several processes that do so at once, all but one have to wait."""
    for _ in range(10):
        try:
            return PostgresHuey("brickyard", dsn=dsn, results=False)
        except _MADE_BY_ANOTHER:
            time.sleep(0.1)
    return PostgresHuey("brickyard", dsn=dsn, results=False)


class Jobs:
    """Named jobs with JSON-like arguments."""

    def __init__(self, database_url: str, data: Path) -> None:
        if database_url.startswith("sqlite"):
            file = str(data / "jobs.sqlite3")
            self._huey: Huey = SqliteHuey("brickyard", filename=file, timeout=LOCK_WAIT_S, results=False)
        else:
            dsn = database_url.replace("postgresql+psycopg://", "postgresql://", 1)
            self._huey = _open_postgres(dsn)
        self._tasks: dict[str, Callable[..., Any]] = {}

    def define(self, name: str, work: Callable[..., None]) -> None:
        """Say what the job `name` does, on this process. Both ends define the same jobs."""

        def run(*args: Any) -> None:
            try:
                work(*args)
            except Exception:  # a job must never end the worker; its own state tells what happened
                _log.exception("The job %s%r ended with a fault of the registry.", name, args)

        self._tasks[name] = self._huey.task(name=name)(run)

    def enqueue(self, name: str, *args: str | int | bool) -> None:
        """Put a registered task into the queue."""
        self._tasks[name](*args)

    def waiting(self) -> int:
        """How many tasks are in the queue."""
        return int(self._huey.pending_count())

    def consume(self, slots: int) -> None:
        """Work until the process is told to stop. Never returns before."""
        Consumer(
            self._huey, workers=slots, worker_type="thread", initial_delay=0.05, max_delay=0.5, check_worker_health=True
        ).run()
