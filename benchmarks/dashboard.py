"""The dashboard of a fabricator with 500 jobs: time to its first byte and until it can be used, against its bare SQL.

`brickyard serve` runs as people run it; first bytes are timed by a client on the same machine, over one connection for
each request. `Can be used` is measured in Chromium: from the start of the navigation until the page's script listens.
`Bare SQL` sends the statements of the same page through the database's own driver and makes nothing of them. The jobs
are made up, with what real ones have: stages, reservations, counts, quotes, messages, payments, machines.

    .venv/bin/python benchmarks/dashboard.py [--jobs N] [--requests N] [--data DIR]
"""

from __future__ import annotations

import datetime as dt
import http.client
import os
import random
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from measure import COMMAND, PROJECT, Failed, arguments, finish, machine, run_main, say, table
from sqlalchemy import event, insert, text

from app import create_app
from registry.accounts import service as accounts
from registry.accounts.pages import COOKIE
from registry.batches.tables import (
    Batch,
    BatchCount,
    BatchEvent,
    BatchMaker,
    Quote,
    QuoteEvent,
    QuoteMessage,
    QuoteRequest,
    QuoteVersion,
    Reservation,
)
from registry.dashboard.tables import BatchMessage, JobPlan, PaymentSeen
from registry.designs.tables import Design, Revision
from registry.fabricators.tables import Fabricator, Machine, Member
from registry.settings import Settings
from registry.stores.stores import Stores, open_stores
from registry.values import utcnow

SLUG, HANDLE, PASSWORD = "bench-works", "keeper", "clay lime and straw"
PATHS = {"board": "", "inbox": "/inbox", "weeks": "/weeks", "money": "/money", "figures": "/figures"}
STATES = ("draft", "open", "filled", "materials", "made", "assembled", "tested", "shipped")
STAGES = ("materials", "made", "assembled", "tested", "shipped")
THINGS = "Brick press,Soil sensor,Plough share,Bench lamp,Motor driver,Loom frame,Kiln controller,Weather mast".split(
    ","
)


def fill(stores: Stores, jobs: int) -> int:
    """A fabricator at work. Returns: its owner's account."""
    owner = accounts.sign_up(stores, HANDLE, PASSWORD).id
    chance, now = random.Random(1), utcnow()
    buyers = [accounts.add_example(stores, f"buyer-{number}") for number in range(30)]
    rows: dict[Any, list[dict[str, Any]]] = {
        table: []
        for table in (QuoteRequest, Quote, QuoteVersion, QuoteEvent, QuoteMessage, Batch, BatchMaker, BatchEvent)
    }
    rows |= {table: [] for table in (BatchCount, Reservation, JobPlan, BatchMessage, PaymentSeen, Machine)}
    with stores.db.transaction() as session:
        shop = Fabricator(slug=SLUG, name="Bench works", lead_time_days=14, capacity_hours_week=160, is_example=True)
        session.add(shop)
        session.flush()
        shop_id = shop.id or 0
        session.add(Member(fabricator_id=shop_id, account_id=owner, role="owner"))
        for number in range(1, 41):
            name = f"{THINGS[number % len(THINGS)]} {number}"
            session.add(Design(id=number, slug=f"thing-{number}", url=f"https://git.example.org/{number}", name=name))
            session.flush()
            session.add(Revision(id=number, design_id=number, name="v1.2", label="v1.2", kind="tag",
                                 commit=f"{number:040x}", committed_at=now))  # fmt: skip
    for number in range(1, 9):
        rows[Machine].append({"fabricator_id": shop_id, "name": f"Machine {number}", "process": "laser_cutting",
                              "status": chance.choice(("ready", "busy", "broken"))})  # fmt: skip
    for number in range(1, jobs // 2 + 1):
        design, at = chance.randint(1, 40), now - dt.timedelta(hours=chance.randint(1, 900))
        state = chance.choice(("requested", "quoted", "accepted", "declined"))
        until = now.date() + dt.timedelta(days=chance.randint(1, 30))
        rows[QuoteRequest].append({"id": number, "buyer_id": chance.choice(buyers), "design_id": design,
                                   "revision_id": design, "commit": f"{design:040x}", "quantities": [10]})  # fmt: skip
        rows[Quote].append({"id": number, "request_id": number, "fabricator_id": shop_id, "state": state, "version": 1,
                            "valid_until": until, "updated_at": at, "created_at": at})  # fmt: skip
        rows[QuoteVersion].append({"quote_id": number, "number": 1, "currency": "EUR", "lead_days": 10,
                                   "prices": [{"quantity": 1, "unit_minor": 2500}], "valid_until": until,
                                   "account_id": owner})  # fmt: skip
        rows[QuoteEvent].append({"quote_id": number, "action": "ask", "was": "", "became": "requested", "at": at,
                                 "account_id": rows[QuoteRequest][-1]["buyer_id"]})  # fmt: skip
        if chance.random() < 0.5:
            rows[QuoteMessage].append({"quote_id": number, "account_id": rows[QuoteRequest][-1]["buyer_id"],
                                       "side": "buyer", "text": "When could it be here?", "sent_at": at})  # fmt: skip
    place = 0
    for number in range(1, jobs + 1):
        state, design, most = chance.choice(STATES), chance.randint(1, 40), chance.choice((10, 40, 100))
        begun = now - dt.timedelta(days=chance.randint(0, 28))
        units = 0 if state == "draft" else most // 2 if state == "open" else most
        rows[Batch].append({
            "id": number, "design_id": design, "revision_id": design, "commit": f"{design:040x}", "state": state,
            "currency": chance.choice(("EUR", "EUR", "CHF")), "units_min": 5, "units_max": most, "reserved": units,
            "last_number": 4, "deadline_at": now + dt.timedelta(days=chance.randint(1, 40)), "opened_by": owner,
            "prices": [{"quantity": 1, "unit_minor": 3000}, {"quantity": 50, "unit_minor": 2200}],
        })  # fmt: skip
        rows[BatchMaker].append({"batch_id": number, "fabricator_id": shop_id, "leads": True})
        if chance.random() < 0.7:
            rows[JobPlan].append({"fabricator_id": shop_id, "batch_id": number, "account_id": owner,
                                  "work_minutes": chance.randint(60, 1800)})  # fmt: skip
        done = STATES.index(state)
        for step in STATES[2 : done + 1]:
            rows[BatchEvent].append({"batch_id": number, "action": step, "was": "", "became": step, "at": begun,
                                     "account_id": owner})  # fmt: skip
        for stage in STAGES[1 : max(1, done - 2)]:
            rows[BatchCount].append({"batch_id": number, "fabricator_id": shop_id, "stage": stage, "good": units,
                                     "scrap": chance.randint(0, 3), "account_id": owner, "at": begun})  # fmt: skip
        for part in range(4 if units else 0):
            place += 1
            rows[Reservation].append({
                "id": place, "batch_id": number, "account_id": chance.choice(buyers), "number": part + 1,
                "units": units // 4 or 1, "state": "held" if state == "open" else "confirmed", "key": f"key-{place}",
                "named": part == 0, "made_at": begun,
            })  # fmt: skip
            if state in ("tested", "shipped") and part < 2:
                rows[PaymentSeen].append({
                    "fabricator_id": shop_id, "reservation_id": place, "amount_minor": 2200, "account_id": owner,
                    "currency": rows[Batch][-1]["currency"], "seen_on": now.date(),
                })  # fmt: skip
            if part == 3 and chance.random() < 0.3:
                rows[BatchMessage].append({"batch_id": number, "buyer_id": rows[Reservation][-1]["account_id"],
                                           "account_id": rows[Reservation][-1]["account_id"], "side": "buyer",
                                           "text": "Is mine among the first ten?", "sent_at": begun})  # fmt: skip
    with stores.db.transaction() as session:
        for kind, several in rows.items():
            texts: dict[str, Any] = dict.fromkeys({"notes", "excluded", "terms"} & kind.model_fields.keys(), "")
            texts |= {name: {} for name in {"parameters", "extra"} & kind.model_fields.keys()}
            session.execute(insert(kind), [texts | row for row in several])
    with stores.db.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    return owner


@contextmanager
def serving(data: Path) -> Iterator[int]:
    """The registry on this data, as people run it. Yields: its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {**os.environ, "BRICKYARD_DATA": str(data)}
    argv = [*COMMAND, "serve", "--no-worker", "--port", str(port)]
    with (data / "serve.log").open("wb") as log:
        process = subprocess.Popen(argv, cwd=PROJECT, env=env, stdout=log, stderr=log)
    try:
        until = time.monotonic() + 60
        while True:
            if process.poll() is not None or time.monotonic() > until:
                raise Failed(f"The server did not start: {(data / 'serve.log').read_text(errors='replace')[-800:]}")
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


def first_byte(port: int, path: str, headers: dict[str, str]) -> tuple[float, int, str]:
    """(seconds until the first byte of the answer, its bytes, its ETag)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.connect()
    started = time.perf_counter()
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()  # returns when the status line and the headers are there
    seconds = time.perf_counter() - started
    body = answer.read()
    connection.close()
    if answer.status not in (200, 304):
        raise Failed(f"{path} was answered with {answer.status}.")
    return seconds, len(body), answer.headers.get("ETag", "")


def bare_sql(stores: Stores, app: Flask, path: str, cookie: str, runs: int) -> tuple[list[float], int]:
    """(seconds of the page's statements through the driver alone, how many statements there are)."""
    client = app.test_client()
    client.set_cookie(COOKIE, cookie)
    sent: list[tuple[str, Any]] = []

    def hear(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        sent.append((statement, parameters))

    client.get(path)
    event.listen(stores.db.engine, "before_cursor_execute", hear)
    client.get(path)
    event.remove(stores.db.engine, "before_cursor_execute", hear)
    found = []
    connection = stores.db.engine.raw_connection()
    cursor = connection.cursor()
    asked = [(statement, values) for statement, values in sent if statement.lstrip().startswith(("SELECT", "WITH"))]
    for _ in range(runs):
        started = time.perf_counter()
        for statement, values in asked:
            cursor.execute(statement, values)
            cursor.fetchall()
        found.append(time.perf_counter() - started)
    connection.rollback()
    connection.close()
    return found, len(asked)


def usable(port: int, path: str, cookie: str, runs: int) -> list[float]:
    """Seconds in Chromium until the page's script listens; nothing where there is no Chromium."""
    chromium = next((found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), "")
    if not chromium:
        return []
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
    url, found = f"http://127.0.0.1:{port}", []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.add_cookies([{"name": COOKIE, "value": cookie, "url": url}])
        for _ in range(runs + 1):
            page = context.new_page()
            page.goto(url + path, wait_until="load")
            ready = page.evaluate("performance.getEntriesByName('dashboard-ready')[0]?.startTime ?? 0")
            if not ready:
                raise Failed(f"{path} does not say when it can be used.")
            found.append(ready / 1000)
            page.close()
        browser.close()
    return found[1:]  # the first one fills the browser's cache of scripts and styles


def at(values: list[float], share: float) -> str:
    """Milliseconds at a share of all requests."""
    return f"{sorted(values)[min(len(values) - 1, round(share * (len(values) - 1)))] * 1000:.1f}" if values else "-"


def main() -> None:
    parser = arguments(__doc__ or "", runs=1)
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--requests", type=int, default=200, help="of each page (default: %(default)s)")
    parser.add_argument("--data", type=Path, help="keep the instance there, or use the one that is there")
    options = parser.parse_args()
    jobs, count = (40, 5) if options.quick else (options.jobs, options.requests * options.runs)
    told = machine()
    with tempfile.TemporaryDirectory(prefix="dashboard-") as aside:
        data = options.data or Path(aside)
        data.mkdir(parents=True, exist_ok=True)
        stores = open_stores(Settings(data=data, database_url=f"sqlite:///{data / 'brickyard.sqlite3'}", tests=True))
        with stores.db.reading() as session:
            known = session.execute(text("SELECT account_id FROM fabricator_member LIMIT 1")).scalar()
        if known is None:
            say(f"filling with {jobs} jobs")
        owner = known or fill(stores, jobs)
        cookie = accounts.start_session(stores, owner).secret
        found: dict[str, dict[str, Any]] = {}
        app = create_app(stores=stores)
        with serving(data) as port:
            for name, rest in PATHS.items():
                say(f"  {name}")
                path = f"/fabricators/{SLUG}/dashboard{rest}"
                headers = {"Cookie": f"{COOKIE}={cookie}", "Accept-Encoding": "gzip"}
                for _ in range(3):
                    first_byte(port, path, headers)
                answers = [first_byte(port, path, headers) for _ in range(count)]
                live = headers | {"HX-Request": "true"}
                same = live | {"If-None-Match": first_byte(port, path, live)[2]}
                sql_s, statements = bare_sql(stores, app, path, cookie, count)
                found[name] = {
                    "first_byte_s": [seconds for seconds, _, _ in answers], "bytes": answers[0][1], "sql_s": sql_s,
                    "unchanged_s": [first_byte(port, path, same)[0] for _ in range(count)], "statements": statements,
                    "usable_s": usable(port, path, cookie, max(3, count // 10)),
                }  # fmt: skip
        stores.close()
    rows = [
        [
            name, at(one["first_byte_s"], 0.5), at(one["first_byte_s"], 0.99), at(one["usable_s"], 0.5),
            at(one["usable_s"], 0.99), at(one["unchanged_s"], 0.5), at(one["sql_s"], 0.5), str(one["statements"]),
            f"{one['bytes'] / 1000:.0f}",
        ]
        for name, one in found.items()
    ]  # fmt: skip
    headings = (
        "page", "first byte p50, ms", "p99", "can be used p50, ms", "p99", "nothing new p50, ms", "bare SQL p50, ms",
        "statements", "kB sent",
    )  # fmt: skip
    finish(f"Dashboard with {jobs} jobs", f"{told}\n\n{table(headings, rows)}", {"jobs": jobs, "pages": found},
           options.json)  # fmt: skip


if __name__ == "__main__":
    run_main(main)
