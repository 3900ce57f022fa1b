"""Writers into a book that are killed with -9: a program, so that what dies is a process of its own.

    python ledger_writers.py URL points        killed before each statement and around each commit, one after the other
    python ledger_writers.py URL random TIMES  killed at any moment, and started again

Prints JSON: the keys that writers said were booked, and how many times one was killed.
"""

from __future__ import annotations

import functools
import json
import os
import random
import select
import signal
import sys
import time
from collections.abc import Callable

from ledger_support import ANNA, BANK, FUNDS, moved
from sqlalchemy import event
from sqlmodel import Session

from registry.ledger import book
from registry.ledger.schemas import Transfer
from registry.stores.db import Database


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def group(number: int) -> list[Transfer]:
    """Three transfers that belong together."""
    return [
        moved(BANK, ANNA, 3_00, f"g{number}-in"),
        moved(ANNA, FUNDS, 2_00, f"g{number}-pay"),
        moved(ANNA, FUNDS, 50, f"g{number}-held", pending=True),
    ]


def settle(session: Session, number: int) -> None:
    held = book.by_key(session, [f"g{number}-held"])[f"g{number}-held"]
    book.settle(session, held.seq, key=f"g{number}-settled", purpose="Paid", amount_minor=40)


def write(url: str, numbers: range, said: int, before: Callable[[Database], None] | None = None) -> None:
    """Book groups of transfers, each in two transactions; what is committed is said into the pipe."""
    db = Database(url, durable=False)
    if before:
        before(db)
    for number in numbers:
        db.retrying(lambda session, number=number: book.post_all(session, group(number)))  # type: ignore[misc]
        os.write(said, f"g{number}-in\n".encode())
        db.retrying(lambda session, number=number: settle(session, number))  # type: ignore[misc]
        os.write(said, f"g{number}-settled\n".encode())
    db.close()


def dies_at(point: int) -> Callable[[Database], None]:
    """Count statements and commits, and die before the one of this number."""

    def prepare(db: Database) -> None:
        reached = 0

        def step(*_: object) -> None:
            nonlocal reached
            reached += 1
            if reached == point:
                _die()

        event.listen(db.engine, "before_cursor_execute", step)
        event.listen(db.engine, "commit", step)
        event.listen(db.engine, "checkin", step)

    return prepare


def run(work: Callable[[int], None], after_s: float | None = None) -> tuple[bool, list[str]]:
    """Fork a writer; kill it so long after its first word, if asked to. Returns: whether it died, and what it said."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        status = 1
        try:
            work(theirs)
            status = 0
        finally:
            os._exit(status)
    os.close(theirs)
    if after_s is not None:
        select.select([ours], [], [], 30)  # until it has booked something, however busy the machine is
        time.sleep(after_s)
        os.kill(child, signal.SIGKILL)
    with os.fdopen(ours) as pipe:
        said = pipe.read().split()
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
        raise SystemExit("A writer failed by itself.")
    return os.WIFSIGNALED(status), said


def _die_at(url: str, point: int, said: int) -> None:
    """Write the group that the last one died over again, with the same keys, then die in one's own."""
    write(url, range(max(1, point - 1), point), said)
    write(url, range(point, point + 1), said, dies_at(point))


def main() -> None:
    url, how = sys.argv[1:3]
    said: list[str] = []
    killed = 0
    if how == "points":
        died = True
        point = 0
        while died:
            point += 1
            died, heard = run(functools.partial(_die_at, url, point))
            said += heard
            killed += died
        said += run(functools.partial(write, url, range(point, point + 1)))[1]
    else:
        dice = random.Random(int(sys.argv[3]))
        begin = 1
        for _ in range(int(sys.argv[3])):
            died, heard = run(functools.partial(write, url, range(begin, begin + 10_000)), dice.uniform(0, 0.08))
            said += heard
            killed += died
            begin = max((int(key[1:].split("-")[0]) for key in said), default=1)  # the last one is written again
        said += run(functools.partial(write, url, range(begin, begin + 2)))[1]
    print(json.dumps({"said": said, "killed": killed}))


if __name__ == "__main__":
    main()
