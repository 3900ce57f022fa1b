"""Who works on what: builds are claimed for a while, and claimed again when the worker is gone."""

from __future__ import annotations

import datetime as dt
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from sqlmodel import Session, col, select

from registry import limits
from registry.builds.tables import Build, Worker
from registry.errors import Unavailable
from registry.stores.db import Database
from registry.values import utcnow

_RENEW_S = limits.BUILD_LEASE_S / 3


@cache
def _born(pid: int) -> str:
    """When a process of this machine started, so that a pid that is used again is not taken for the old one."""
    return _start_time(pid)


def _start_time(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            facts = stat.read().rpartition(")")[2].split()
        return "" if facts[0] in ("Z", "X") else facts[19]  # a zombie has ended, though nobody has noticed yet
    except (OSError, IndexError):
        return ""


def worker_name() -> str:
    """This process, by host, pid and start."""
    return f"{socket.gethostname()}:{os.getpid()}:{_born(os.getpid())}"


def is_gone(worker: str) -> bool:
    """True if a worker of this very machine does not run any more; of others only their lease tells."""
    host, _, rest = worker.rpartition(":")[0].rpartition(":")
    if not rest.isdigit() or host != socket.gethostname():
        return False
    return _start_time(int(rest)) != worker.rpartition(":")[2]


def _lease_end() -> dt.datetime:
    return utcnow() + dt.timedelta(seconds=limits.BUILD_LEASE_S)


def claim(session: Session, build_id: int) -> Build | None:
    """The build, now this worker's; None if it is finished or in other hands."""
    statement = select(Build).where(Build.id == build_id).with_for_update()
    build = session.exec(statement).first()
    if build is None or build.state not in ("queued", "running"):
        return None
    if build.state == "running" and not abandoned(build):
        return None
    build.state = "running"
    build.worker = worker_name()
    build.tries += 1
    build.lease_until = _lease_end()
    build.started_at = utcnow()
    session.add(build)
    return build


def abandoned(build: Build) -> bool:
    """True if nobody works on a running build any more."""
    return build.lease_until is None or build.lease_until < utcnow() or is_gone(build.worker)


def lost_builds(session: Session) -> list[int]:
    """Builds that wait, or whose worker is gone: to be delivered again."""
    rows = session.exec(select(Build).where(col(Build.state).in_(("queued", "running"))).order_by(col(Build.id))).all()
    return [row.id or 0 for row in rows if row.state == "queued" or abandoned(row)]


@contextmanager
def keeping(db: Database, build_id: int) -> Iterator[None]:
    """Renew the lease of a build while the block runs."""
    ended = threading.Event()

    def renew() -> None:
        def extend(session: Session) -> None:
            build = session.get(Build, build_id)
            if build is not None and build.state == "running" and build.worker == worker_name():
                build.lease_until = _lease_end()
                session.add(build)

        while not ended.wait(_RENEW_S):
            try:
                db.retrying(extend)
            except Unavailable:
                continue  # the lease runs on; the next round tries again

    thread = threading.Thread(target=renew, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(timeout=5)


def announce(session: Session) -> None:
    """Say that this worker is alive; forget those who are not."""
    for row in session.exec(select(Worker)):
        if row.lease_until < utcnow() or is_gone(row.id):
            session.delete(row)
    session.flush()
    mine = session.get(Worker, worker_name()) or Worker(
        id=worker_name(), host=socket.gethostname(), pid=os.getpid(), lease_until=_lease_end()
    )
    mine.lease_until = _lease_end()
    session.add(mine)


def leave(session: Session) -> None:
    """Take this process off the list of workers."""
    mine = session.get(Worker, worker_name())
    if mine is not None:
        session.delete(mine)


def workers_alive(session: Session) -> int:
    """How many workers have been heard of within their lease."""
    return sum(1 for row in session.exec(select(Worker)) if row.lease_until >= utcnow() and not is_gone(row.id))
