"""Listing and search at 20,000 designs: p50, p99 and requests a second on one core, against bare SQL.

The application is called in this process, through WSGI, pinned to one core. `Bare SQL` is what gives the
page's designs, sent through the database's own driver, its rows fetched and nothing made of them. The designs are made
up, but have what real ones have: names, licences, tools, tags, README words, parts with MPNs, in uneven numbers.
"""

from __future__ import annotations

import datetime as dt
import io
import os
import random
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from measure import Failed, arguments, finish, machine, run_main, say, table, version_of
from sqlalchemy import create_engine, event, insert, text

from app import create_app
from registry.designs.tables import Design, DesignText, DesignTool
from registry.settings import Settings
from registry.stores.stores import Stores, open_stores

SEED = 1
THINGS = (
    "sensor controller press mill printer plough pump amplifier keyboard meter charger enclosure bracket gripper arm"
)
THINGS += (
    " logger node carrier shield synthesizer driver motor oven tractor kiln loom turbine scope probe hub badge clock"
)
WORDS = "open modular compact outdoor solar precision low-power isolated stackable portable rugged reflow soil garden"
WORDS += (
    " wireless usb can ethernet bluetooth stepper brushless thermal acoustic optical analog digital weather water air"
)
MAKERS = ("ATMEGA", "STM32F", "RP", "ESP32-", "LM", "TPS", "MAX", "NRF5", "SN74HC", "MCP", "BME", "INA")
LICENCES = ("CERN-OHL-S-2.0", "CERN-OHL-P-2.0", "CERN-OHL-W-2.0", "CC-BY-SA-4.0", "MIT", "TAPR-OHL-1.0", "GPL-3.0-only")
TOOLS = ("KiCad", "CadQuery", "FreeCAD", "OpenSCAD", "STEP", "STL")
START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


def designs(count: int) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]]:
    """Rows of design, design_tool and design_text."""
    chance = random.Random(SEED)
    things, words = THINGS.split(), WORDS.split()
    # README words follow Zipf's law, as words do: a few stand everywhere, most hardly anywhere.
    stock = [
        *things,
        *words,
        *("".join(chance.choices("aeioubcdfglmnprst", k=chance.randint(3, 10))) for _ in range(8000)),
    ]
    weights = [1 / (rank + 1) for rank in range(len(stock))]
    for number in range(1, count + 1):
        thing, few = chance.choice(things), chance.sample(words, 3)
        name = f"{few[0]} {thing} {number}".capitalize()
        kind = chance.choices(("board", "part", "both", "documents"), (55, 25, 15, 5))[0]
        tools = ["KiCad"] if kind in ("board", "both") else []
        tools += [chance.choice(TOOLS[1:])] if kind in ("part", "both") else []
        tags = chance.sample(words, chance.randint(0, 4))
        summary = f"A {few[1]}, {few[2]} {thing} for {chance.choice(words)} {chance.choice(things)}s"
        updated = START + dt.timedelta(minutes=chance.randint(0, 1_000_000))
        mpns = [
            f"{chance.choice(MAKERS)}{chance.randint(100, 9999)}{chance.choice(('', '-AU', 'T', 'DBVR'))}"
            for _ in range(20)
        ]
        row = {
            "id": number,
            "slug": f"{few[0]}-{thing}-{number}",
            "url": f"https://git.example.org/{chance.choice(stock)}/{few[0]}-{thing}-{number}",
            "name": name,
            "summary": summary,
            "kind": kind,
            "licence": chance.choices(LICENCES, (40, 20, 10, 12, 10, 3, 5))[0],
            "readiness": chance.choices(("built", "partly", "failed", "waiting"), (70, 15, 5, 10))[0],
            "newest_version": f"v{chance.randint(0, 3)}.{chance.randint(0, 9)}",
            "boards": int(kind in ("board", "both")),
            "parts": chance.randint(1, 12) if kind in ("part", "both") else 0,
            "built_count": int(chance.paretovariate(1.2)) - 1,
            "tags": tags,
            "tools": tools,
            "created_at": updated,
            "updated_at": updated,
            "synced_at": updated,
        }
        words_of = {
            "design_id": number,
            "name": name,
            "tags": " ".join(tags),
            "summary": summary,
            "parts": " ".join(mpns),
            "readme": " ".join(chance.choices(stock, weights, k=250)),
        }
        yield row, [{"design_id": number, "tool": tool} for tool in tools], words_of


def fill(stores: Stores, count: int) -> None:
    """Insert through the tables, so that the triggers and indexes do their work."""
    rows, tools, texts = zip(*designs(count), strict=True)
    with stores.db.transaction() as session:
        for start in range(0, count, 1000):
            part = slice(start, start + 1000)
            session.execute(insert(Design), list(rows[part]))
            session.execute(insert(DesignTool), [tool for several in tools[part] for tool in several])
            session.execute(insert(DesignText), list(texts[part]))
    with stores.db.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))


def requests(count: int) -> dict[str, list[str]]:
    """Kind of request -> addresses; each kind is asked in many ways, so that no cache answers for the program."""
    chance = random.Random(SEED + 1)
    known = [row for row, _, _ in designs(min(count, 500))]
    texts = [words for _, _, words in designs(min(count, 500))]
    pages = max(1, min(200, count // 24))
    words = THINGS.split() + WORDS.split()

    def many(make: Callable[[], str]) -> list[str]:
        return [make() for _ in range(200)]

    def word() -> str:
        return quote(chance.choice(words))

    facet = (
        ("kind", ("board", "part", "both")),
        ("licence", LICENCES),
        ("tool", TOOLS),
        ("readiness", ("built", "partly")),
    )

    def with_facets() -> str:
        named = dict(chance.sample([(name, chance.choice(values)) for name, values in facet], 2))
        return f"/designs?{urlencode(named)}"

    return {
        "/designs": many(lambda: f"/designs?page={chance.randint(1, pages)}"),
        "/designs, newest or most built": many(lambda: f"/designs?sort={chance.choice(('new', 'built', 'name'))}"),
        "/designs, two facets": many(with_facets),
        "/designs?q= a word": many(lambda: f"/designs?q={word()}"),
        "/designs?q= three words": many(lambda: f"/designs?q={word()}+{word()}+{word()}"),
        "/designs?q= an MPN": many(lambda: f"/designs?q={quote(chance.choice(chance.choice(texts)['parts'].split()))}"),
        "/designs?q= as one types": many(lambda: f"/designs?q={word()}+{chance.choice(words)[:2]}"),
        "/api/v1/designs": many(lambda: f"/api/v1/designs?page={chance.randint(1, pages)}"),
        "/api/v1/designs?q=": many(lambda: f"/api/v1/designs?q={quote(chance.choice(known)['name'].split()[0])}"),
        "/": ["/"] * 200,
    }


class Caller:
    """Calls a WSGI application as a server would."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def get(self, address: str) -> float:
        """Seconds of one request, its body read. Raises: Failed unless the answer is 200."""
        path, _, query = address.partition("?")
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "wsgi.version": (1, 0),
        }
        answers: list[str] = []
        started = time.perf_counter()
        body = self._app(environ, lambda status, headers, exc_info=None: answers.append(status))
        for _ in body:
            pass
        if hasattr(body, "close"):
            body.close()
        seconds = time.perf_counter() - started
        if not answers[0].startswith("200"):
            raise Failed(f"{address} was answered with {answers[0]}.")
        return seconds


@contextmanager
def listening(stores: Stores) -> Iterator[list[tuple[str, Any]]]:
    """The statements that are sent to the database meanwhile, with their parameters."""
    sent: list[tuple[str, Any]] = []

    def hear(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        sent.append((statement, parameters))

    event.listen(stores.db.engine, "before_cursor_execute", hear)
    try:
        yield sent
    finally:
        event.remove(stores.db.engine, "before_cursor_execute", hear)


def bare(stores: Stores, caller: Caller, addresses: list[str]) -> tuple[list[float], list[float]]:
    """(seconds of the page's own SELECT, seconds of all its statements) through the driver alone, for each address."""
    page_s, all_s = [], []
    connection = stores.db.engine.raw_connection()
    try:
        cursor = connection.cursor()
        for address in addresses:
            with listening(stores) as sent:
                caller.get(address)
            total_s = own_s = 0.0
            for statement, parameters in sent:
                if not statement.lstrip().startswith("SELECT"):
                    continue
                started = time.perf_counter()
                cursor.execute(statement, parameters)
                cursor.fetchall()
                seconds = time.perf_counter() - started
                total_s += seconds
                own_s += seconds if "design.summary" in statement or "LIMIT" in statement else 0.0
            page_s.append(own_s)
            all_s.append(total_s)
    finally:
        connection.rollback()
        connection.close()
    return page_s, all_s


def percentile(values: list[float], share: float) -> float:
    """Milliseconds at a share of all requests."""
    return sorted(values)[min(len(values) - 1, round(share * (len(values) - 1)))] * 1000


def measure(stores: Stores, count: int, rounds: int, limit: int | None) -> dict[str, dict[str, Any]]:
    """Every kind of request in turn, round after round, and the bare SQL of the same addresses after each."""
    caller = Caller(create_app(stores=stores))
    asked = {kind: addresses[:limit] for kind, addresses in requests(count).items()}
    for addresses in asked.values():
        caller.get(addresses[0])  # templates are compiled, statements prepared
    found: dict[str, dict[str, Any]] = {
        kind: {"page_s": [], "sql_s": [], "all_sql_s": [], "rates": []} for kind in asked
    }
    for number in range(rounds):
        say(f"  round {number + 1} of {rounds}")
        for kind, addresses in asked.items():
            seconds = [caller.get(address) for address in addresses]
            own_s, all_s = bare(stores, caller, addresses)
            found[kind]["page_s"] += seconds
            found[kind]["sql_s"] += own_s
            found[kind]["all_sql_s"] += all_s
            found[kind]["rates"].append(len(seconds) / sum(seconds))
    return found


def rows_of(backend: str, found: dict[str, dict[str, Any]]) -> list[list[str]]:
    rows = []
    for kind, one in found.items():
        rates = one["rates"]
        spread = f" ({min(rates):.0f} to {max(rates):.0f})" if len(rates) > 1 else ""
        sql_ms = percentile(one["sql_s"], 0.5)
        rows.append(
            [
                f"{backend}: {kind}",
                f"{percentile(one['page_s'], 0.5):.1f}",
                f"{percentile(one['page_s'], 0.99):.1f}",
                f"{statistics.median(rates):.0f}{spread}",
                f"{sql_ms:.2f}",
                f"{percentile(one['all_sql_s'], 0.5):.2f}",
                f"{percentile(one['page_s'], 0.5) / sql_ms:.1f}",
            ]
        )
    return rows


@contextmanager
def databases(folder: Path) -> Iterator[dict[str, str]]:
    """Backend -> URL of an empty database; PostgreSQL where BRICKYARD_TEST_POSTGRES_URL names a server."""
    urls = {"SQLite": f"sqlite:///{folder / 'data' / 'brickyard.sqlite3'}"}
    server_url = os.environ.get("BRICKYARD_TEST_POSTGRES_URL", "")
    if not server_url:
        yield urls
        return
    server = create_engine(server_url, isolation_level="AUTOCOMMIT")
    name = f"bench_{uuid.uuid4().hex[:12]}"
    with server.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    try:
        yield {**urls, "PostgreSQL": server.url.set(database=name).render_as_string(hide_password=False)}
    finally:
        with server.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        server.dispose()


def main() -> None:
    parser = arguments(__doc__ or "", runs=5)
    parser.add_argument("--designs", type=int, metavar="N", help="how many designs (default: 20000)")
    options = parser.parse_args()
    count = options.designs or (400 if options.quick else 20_000)
    rounds, limit = (1, 5) if options.quick else (options.runs, None)
    line = machine(SQLAlchemy=version_of("sqlalchemy"), Flask=version_of("flask"))
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    rows, facts = [], {}
    with tempfile.TemporaryDirectory(prefix="brickyard-bench-") as top, databases(Path(top)) as urls:
        for backend, url in urls.items():
            stores = open_stores(Settings(data=Path(top, "data"), database_url=url, secret_key="bench", tests=True))
            try:
                say(f"{backend}: {count} designs")
                fill(stores, count)
                facts[backend] = measure(stores, count, rounds, limit)
                rows += rows_of(backend, facts[backend])
            finally:
                stores.close()
    headings = [
        "",
        "p50, ms",
        "p99, ms",
        "requests a second",
        "bare SQL of the page, ms",
        "all its SQL, ms",
        "p50 to bare SQL",
    ]
    text_ = table(headings, rows)
    text_ += (
        f"\n\n{count:,} designs; one core; {rounds} rounds of {limit or 200} requests of each kind; medians, and in "
    )
    text_ += f"brackets smallest to largest of the rounds.\n\n{line}"
    finish("Listing and search", text_, {"machine": line, "designs": count, "backends": facts}, options.json)


if __name__ == "__main__":
    run_main(main)
