"""The book: transfers with eight writers against bare inserts, and `ledger check` over a million transfers.

Writers are processes, each transfer a transaction of its own, on accounts that all share. `Bare inserts` are the same
rows, one a transaction, through the database's own driver into a table without chain, balances, limits or triggers.
`Ten together` books ten transfers in a transaction, as a sale that is shared out does. All sides in turn.

    .venv/bin/python benchmarks/ledger.py [--writers N] [--each N] [--transfers N] [--backend sqlite|postgres]

PostgreSQL where BRICKYARD_TEST_POSTGRES_URL names a server, with that server's settings.
"""

from __future__ import annotations

import functools
import json
import multiprocessing
import os
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from measure import COMMAND, PROJECT, Series, arguments, finish, in_turn, machine, ratio, run_main, say, table
from sqlalchemy import create_engine, text

from registry.ledger import book
from registry.ledger.schemas import AccountName, Transfer
from registry.settings import Settings
from registry.stores.db import Database
from registry.stores.stores import open_stores

BANK = AccountName(kind="external", id="bank", role="main", currency="EUR")
PEOPLE = [AccountName(kind="person", id=str(number), role="paid", currency="EUR") for number in range(100)]
BARE = """CREATE TABLE bare (seq BIGINT PRIMARY KEY, entry_seq BIGINT, kind VARCHAR, debit_id INTEGER,
    credit_id INTEGER, amount_minor BIGINT, released_minor BIGINT, currency VARCHAR, recorded_at VARCHAR,
    effective_at VARCHAR, purpose VARCHAR, key VARCHAR UNIQUE, hash VARCHAR)"""
_VALUES = ("posted", 1, 2, 100, 0, "EUR", "2026-01-01 00:00:00.000000", "2026-01-01 00:00:00.000000", "A payment")


def transfer(number: int, key: str) -> Transfer:
    return Transfer(debit=BANK, credit=PEOPLE[number % len(PEOPLE)], amount_minor=100, key=key, purpose="A payment")


# --- writers, each a process


def post(url: str, writer: int, run: str, each: int, together: int) -> None:
    db = Database(url)
    for number in range(0, each, together):
        wishes = [transfer(writer + at, f"{run}-{writer}-{at}") for at in range(number, number + together)]
        db.retrying(lambda session, wishes=wishes: book.post_all(session, wishes))  # type: ignore[misc]
    db.close()


def insert(url: str, writer: int, run: str, each: int) -> None:
    db = Database(url)
    connection = db.engine.raw_connection()
    cursor = connection.cursor()
    sign = "?" if db.on_sqlite else "%s"
    statement = f"INSERT INTO bare VALUES ({', '.join([sign] * 13)})"
    base = uuid.uuid4().int >> 86 << 20
    for number in range(each):
        if db.on_sqlite:
            cursor.execute("BEGIN IMMEDIATE")
        key = f"{run}-{writer}-{number}"
        cursor.execute(statement, (base + number, base + number, *_VALUES, key, "0" * 64))
        if db.on_sqlite:
            cursor.execute("COMMIT")
        else:
            connection.commit()
    connection.close()
    db.close()


def _begin(ready: Any, go: Any, work: Callable[[int], None], writer: int) -> None:
    ready.release()
    go.wait()
    work(writer)


def rate(writers: int, each: int, work: Callable[..., None], *more: Any) -> float:
    """Seconds a row, with all writers at once; their start is not counted."""
    context = multiprocessing.get_context("fork")
    ready, go = context.Semaphore(0), context.Event()
    run = uuid.uuid4().hex[:8]

    def one(writer: int) -> None:
        url, *rest = more
        work(url, writer, run, each, *rest)

    processes = [context.Process(target=_begin, args=(ready, go, one, writer)) for writer in range(writers)]
    for process in processes:
        process.start()
    for _ in processes:
        ready.acquire()
    started = time.perf_counter()
    go.set()
    for process in processes:
        process.join()
    seconds = time.perf_counter() - started
    if any(process.exitcode for process in processes):
        raise RuntimeError("A writer failed.")
    return seconds / (writers * each)


# --- the check


def check(data: Path, url: str) -> tuple[float, float, int]:
    """(seconds, peak memory in MiB, transfers) of `brickyard ledger check`."""
    environment = os.environ | {"BRICKYARD_DATA": str(data), "BRICKYARD_DATABASE_URL": url}
    with tempfile.TemporaryFile("w+") as said:
        started = time.perf_counter()
        process = subprocess.Popen([*COMMAND, "ledger", "check", "--json"], stdout=said, cwd=PROJECT, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        report = json.load(said)
    if process.returncode or not report["ok"]:
        raise RuntimeError(f"The book does not add up: {report['faults'][:3]}")
    return seconds, usage.ru_maxrss / 1024, report["transfers"]


def fill(url: str, transfers: int) -> float:
    """Book transfers, a thousand together, until the book has so many. Returns: seconds."""
    db = Database(url)
    started = time.perf_counter()
    run = uuid.uuid4().hex[:8]
    with db.reading() as session:
        there: int = session.execute(text("SELECT seq FROM ledger_head")).scalar_one()
    while there < transfers:
        count = min(1_000, transfers - there)
        with db.transaction() as session:
            book.post_all(session, [transfer(at, f"{run}-{there + at}") for at in range(count)])
        there += count
    db.close()
    return time.perf_counter() - started


@contextmanager
def database(backend: str, folder: Path) -> Iterator[tuple[str, str]]:
    """(URL of an empty database, what is to be known of its server)."""
    if backend == "SQLite":
        yield f"sqlite:///{folder / 'brickyard.sqlite3'}", "WAL, synchronous=NORMAL"
        return
    server = create_engine(os.environ["BRICKYARD_TEST_POSTGRES_URL"], isolation_level="AUTOCOMMIT")
    name = f"bench_{uuid.uuid4().hex[:12]}"
    with server.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
        told = [f"{what}={connection.execute(text(f'SHOW {what}')).scalar_one()}"
                for what in ("server_version", "fsync", "synchronous_commit")]  # fmt: skip
    yield server.url.set(database=name).render_as_string(hide_password=False), ", ".join(told)
    with server.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    server.dispose()


def measured(backend: str, options: Any) -> dict[str, Any]:
    with (
        tempfile.TemporaryDirectory(prefix="brickyard-ledger-") as folder,
        database(backend, Path(folder)) as (url, told),
    ):
        stores = open_stores(Settings(data=Path(folder), database_url=url, secret_key="benchmark", tests=True))
        with stores.db.transaction() as session:
            book.open_account(session, BANK)
            for name in PEOPLE:
                book.open_account(session, name, lowest_minor=0)
            session.execute(text(BARE))
        stores.close()
        say(f"{backend}: {told}")
        writers, each = options.writers, options.each
        pairs = in_turn(options.runs, {
            "posted": functools.partial(rate, writers, each, post, url, 1),
            "together": functools.partial(rate, writers, each, post, url, 10),
            "inserted": functools.partial(rate, writers, each, insert, url),
        })  # fmt: skip
        empty = check(Path(folder), url)
        say(f"  filling up to {options.transfers}")
        filling_s = fill(url, options.transfers)
        checks = [check(Path(folder), url) for _ in range(options.runs)]
    return {
        "server": told, **pairs, "before": empty, "filling_s": filling_s,
        "check_s": Series(tuple(one[0] for one in checks)), "check_mib": Series(tuple(one[1] for one in checks)),
        "transfers": checks[0][2],
    }  # fmt: skip


def main() -> None:
    parser = arguments(__doc__.split("\n")[0], 3)
    parser.add_argument("--writers", type=int, default=8, help="processes that write at once (default: %(default)s)")
    parser.add_argument("--each", type=int, default=500, help="transfers of each writer (default: %(default)s)")
    parser.add_argument("--transfers", type=int, default=1_000_000, help="to be checked (default: %(default)s)")
    parser.add_argument("--backend", choices=("sqlite", "postgres"), help="one of them alone")
    options = parser.parse_args()
    if options.quick:
        options.runs, options.each, options.transfers = 1, 20, 2_000
    names = {"sqlite": "SQLite", "postgres": "PostgreSQL"}
    wanted = [names[options.backend]] if options.backend else ["SQLite"]
    if not options.backend and os.environ.get("BRICKYARD_TEST_POSTGRES_URL"):
        wanted.append("PostgreSQL")
    told = machine()
    found = {backend: measured(backend, options) for backend in wanted}

    def a_second(series: Series) -> str:
        return Series(tuple(1 / value for value in series.values)).text(0)

    rows = [
        [
            backend, a_second(one["posted"]), a_second(one["together"]), a_second(one["inserted"]),
            ratio(one["posted"], one["inserted"]).text(1), one["check_s"].text(1), one["check_mib"].text(0),
            f"{one['before'][1]:.0f} ({one['before'][2]})",
        ]
        for backend, one in found.items()
    ]  # fmt: skip
    headings = (
        f"{options.writers} writers", "posted a second", "ten together", "bare inserts", "a posting takes, in inserts",
        f"check of {options.transfers:,}, s", "peak, MiB", "peak of a small book, MiB (transfers)",
    )  # fmt: skip
    servers = "; ".join(f"{backend} ({one['server']})" for backend, one in found.items())
    finish("The book", f"{told} {servers}\n\n{table(headings, rows)}", {"backends": found}, options.json)


if __name__ == "__main__":
    run_main(main)
