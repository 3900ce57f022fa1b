"""Open books: every figure equals what the exported books say, as beancount itself reads them; signed statements."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner
from ledger_support import account
from lending_support import World, open_world
from loan_support import days_pass, funded, out, repay, treasurers
from plain_text_books import bean_transfers, month_by_beancount
from web_support import bearer, send, sign_up

from app import create_app
from registry.accounts import service as accounts
from registry.cli import main
from registry.commons import service as commons
from registry.commons.schemas import GiftWish
from registry.errors import Conflict, Forbidden, Invalid, NotFound
from registry.ledger.export import export
from registry.lending.books import keeping, queries, rules, service, signing
from registry.lending.books.schemas import BooksView
from registry.lending.books.tables import BooksStatement
from registry.lending.loans import service as loans
from registry.lending.loans.schemas import WhyWish
from registry.stores import sandbox
from registry.stores.stores import Stores


def books_of(stores: Stores, currency: str = "") -> BooksView:
    with stores.db.reading() as session:
        return queries.get_books(session, currency)


def lived(stores: Stores) -> World:
    """Two loans of the same three lenders: one half repaid and in default, one open; a gift; two months."""
    world = open_world(stores)
    treasurers(world)
    first = out(world)
    repay(world, first, 5_001, on=dt.datetime(2026, 1, 15, 23, 30, tzinfo=dt.timezone(dt.timedelta(hours=-5))))
    funded(world, (4_000, 3_000))
    days_pass(world, first, 400)
    with stores.db.transaction() as session:
        from registry.designs.tables import Design

        session.get_one(Design, 1).owner_id = world.people["ada"]
    today = world.today()
    commons.record_gift(stores, world.people["ada"], "bench", GiftWish(
        amount_minor=12_34, currency="EUR", seen_on=today, reference="S1", key="g"))  # fmt: skip
    return world


def test_every_figure_is_what_beancount_reads(stores: Stores, tmp_path: Path) -> None:
    lived(stores)
    path = tmp_path / "books.beancount"
    with stores.db.reading() as session:
        choice = queries.open_choice(session)
    with stores.db.reading() as session:
        path.write_text("".join(export(session, "beancount", choice)), encoding="utf-8")
    rows = bean_transfers(path)
    assert len(rows) == 13 and "lea" not in path.read_text(encoding="utf-8").lower()
    found = books_of(stores)
    assert [month.month for month in found.months][:1] == ["2026-01"], "half past eleven, five hours west: in January"
    assert {row[0] for row in rows} <= {month.month for month in found.months}

    for month in found.months:
        theirs = month_by_beancount(rows, month.month)
        assert {name: month.figures[name] for name in theirs} == theirs, month.month
    last = found.months[-1]
    assert (last.figures["cash"], last.figures["goods"]) == (7_000 + 5_001 + 1_234, 20_000 - 5_001)
    for each in (month.figures for month in found.months):
        assert each["cash"] + each["goods"] + each["written_off"] == each["owed"] + each["funds"] + each["waiting"]
    assert last.figures["defaulted"] == 14_999 and last.failed_bp == 14_999 * 10_000 // 20_000
    assert last.figures["rebuy"] == 7_000 and last.rebuy_bp == 7_000 * 10_000 // 27_000
    assert set(last.figures) == set(rules.FIGURES)
    with stores.db.reading() as session:
        table = list(csv.DictReader(io.StringIO("".join(export(session, "csv", queries.open_choice(session))))))
    again = [row for row in table if row["purpose"].endswith(queries.AGAIN)]
    assert sum(Decimal(row["amount"]) for row in again) == 70, "the part lent again, from the nameless export"


def test_each_figure_opens_the_transfers_that_make_it_up(sqlite_stores: Stores) -> None:
    world = lived(sqlite_stores)
    loans.write_off(sqlite_stores, world.people["tom"], 1, WhyWish(why="The workshop is closed"))
    found = books_of(sqlite_stores)
    assert found.months[-1].figures["written_off"] == 14_999 and found.months[-1].figures["defaulted"] == 0
    for month in (found.months[0], found.months[-1]):
        for name, value in month.figures.items():
            with sqlite_stores.db.reading() as session:
                behind = queries.get_behind(session, name, month.month)
            assert behind.value_minor == value, (month.month, name)
            assert behind.before_minor + sum(line.amount_minor for line in behind.lines) == value, (month.month, name)
            assert behind.total == len(behind.lines)
            assert not any("/1/" in f"{line.giver}{line.taker}" for line in behind.lines if "person" in line.giver)
    with sqlite_stores.db.reading() as session:
        assert queries.names(session).told[(str(world.people["lea"]), 1)] == "lender-1"
        with pytest.raises(NotFound, match="no figure"):
            queries.get_behind(session, "profit", "2026-01")
    for wrong in ("2026-13", "1999-01", "2026-1", "../x"):
        with sqlite_stores.db.reading() as session, pytest.raises(Invalid, match="no month"):
            queries.get_behind(session, "cash", wrong)
    with sqlite_stores.db.reading() as session, pytest.raises(NotFound, match="no CHF"):
        queries.get_books(session, "CHF")


def test_pages_json_and_downloads(sqlite_stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(stores=sqlite_stores)
    anyone = app.test_client()
    empty = anyone.get("/lending/books")
    assert empty.status_code == 200 and "No money has moved yet" in empty.text and empty.text.count("<h1") == 1
    world = open_world(sqlite_stores)
    treasurers(world)
    number = world.campaign()
    for who, named in (("lea", True), ("luc", False)):
        world.pay(world.pledge(who, number, 10_000, named=named))
    page = anyone.get("/lending/books").text
    assert "200.00\u00a0EUR" in page and "Undefined" not in page
    month = f"{world.today():%Y-%m}"
    behind = anyone.get(f"/lending/books/transfers?figure=lent&month={month}").text
    assert "person/lea/loan-1/EUR" in behind and "person/lender-2/loan-1/EUR" in behind and "luc" not in behind
    for address, status in (
        ("/lending/books?currency=CHF", 404),
        (f"/lending/books/transfers?figure=cash&month={month}&currency=CHF", 404),
        ("/lending/books?currency=x", 422), ("/lending/books.xlsx", 404),
        ("/lending/books/transfers?figure=lent&month=now", 422), (f"/lending/books/transfers?month={month}", 422),
        ("/lending/books/statements/2026-01.pdf", 404), ("/lending/books/statements/x.pdf", 422),
        ("/lending/books?month=never", 200),
    ):  # fmt: skip
        assert anyone.get(address).status_code == status, address
    rows = list(csv.DictReader(io.StringIO(anyone.get("/lending/books.csv").text)))
    assert [(row["debit"], row["credit"], row["purpose"], row["by"], row["key"]) for row in rows] == [
        ("external/1/bank/EUR", f"person/{who}/loan-1/EUR", "A pledge is paid in", "", "")
        for who in ("lea", "lender-2")
    ]  # fmt: skip
    told = json.loads(anyone.get("/lending/books.json").text)
    assert told["head"]["seq"] == 2 and "luc" not in json.dumps(told)
    api = anyone.get("/api/v1/lending/books").json
    assert api["months"][-1]["figures"]["cash"] == 20_000
    assert anyone.get(f"/api/v1/lending/books/transfers?figure=cash&month={month}").json["value_minor"] == 20_000
    assert anyone.get("/api/v1/lending/books/statements").json["items"] == []
    assert anyone.post("/api/v1/lending/books/statements", json={"month": month}).status_code == 401
    token = bearer(accounts.make_token_for(sqlite_stores, "tom", "test").secret)
    early = anyone.post("/api/v1/lending/books/statements", json={"month": month}, headers=token)
    assert early.status_code == 409 and "not over yet" in early.json["detail"]
    assert sign_up(app.test_client(), "eve").status_code == 303
    eve = app.test_client()
    assert send(eve, "/login", handle="eve", password="clay lime and straw").status_code == 303
    assert send(eve, "/lending/books/statements", month=month).status_code == 403
    monkeypatch.setenv("BRICKYARD_DATA", str(sqlite_stores.settings.data))
    monkeypatch.delenv("BRICKYARD_DATABASE_URL", raising=False)
    said = CliRunner().invoke(main, ["bank", "books"])
    assert said.exit_code == 0 and month in said.output and "200.00" in said.output
    assert json.loads(CliRunner().invoke(main, ["bank", "books", "--json"]).output)["currency"] == "EUR"


@pytest.mark.parametrize(
    ("debit", "credit", "counted", "said"),
    [
        (
            "external/1/bank",
            "campaign/1/unmatched",
            {"cash": 1, "came": 1, "turnover": 1, "waiting": 1},
            "To what is not assigned yet",
        ),
        ("campaign/1/unmatched", "person/2/loan-1", {"owed": 1, "lent": 1, "waiting": -1}, "A pledge is paid in"),
        ("campaign/1/unmatched", "fabricator/3/owes-1", {"goods": -1, "repaid": 1, "waiting": -1}, "The maker repays"),
        (
            "campaign/1/unexplained",
            "external/1/bank",
            {"cash": -1, "went": 1, "turnover": 1, "waiting": -1},
            "From what is not explained yet",
        ),
        ("person/2/due-1", "campaign/1/unexplained", {"owed": -1, "returned": 1, "waiting": 1}, "Paid out to a lender"),
        (
            "external/1/bank",
            "person/2/due-1",
            {"cash": 1, "owed": 1, "came": 1, "turnover": 1, "returned": -1},
            "A payment came back from the bank",
        ),
        ("campaign/1/charges", "campaign/1/unexplained", {"charges": 1, "waiting": 1}, "To what is not explained yet"),
        ("person/2/loan-1", "person/2/due-1", {}, "Due to a lender"),
        ("person/2/loan-1", "fabricator/3/lost-1", {"owed": -1, "written_off": -1, "in_goods": 1}, "Settled in goods"),
        (
            "fabricator/3/lost-1",
            "fabricator/3/owes-1",
            {"goods": -1, "written_off": 1},
            "Written off, and claimed still",
        ),
        ("fabricator/3/sales-1", "campaign/1/promised", {"sold": 1}, "Of a unit's price"),
        (
            "fund/4/money",
            "external/fund-4/bank",
            {"cash": -1, "funds": -1, "went": 1, "turnover": 1, "from_funds": 1},
            "Spent by the fund",
        ),
    ],
)
def test_what_each_kind_of_transfer_counts_for(debit: str, credit: str, counted: dict[str, int], said: str) -> None:
    gives, takes = account(debit), account(credit)
    found = {name: figure.sign(gives, takes) for name, figure in rules.FIGURES.items()}
    assert {name: sign for name, sign in found.items() if sign} == counted
    assert rules.words(gives, takes) == said


def test_a_signature_covers_every_byte(tmp_path: Path) -> None:
    pdf = b"%PDF-1.7\nA month's figures\n%%EOF\n"
    file, signature = signing.sign(pdf, "secret", "2026-01", 7, "a" * 64)
    found = signing.verify(file)
    assert (found.month, found.head_seq, found.head_hash, found.signature) == ("2026-01", 7, "a" * 64, signature)
    assert found.public_key == signing.public_key("secret") != signing.public_key("another")
    for place in range(len(file)):
        with pytest.raises(Invalid):
            signing.verify(file[:place] + bytes([file[place] ^ 1]) + file[place + 1 :])
    other, _ = signing.sign(pdf, "another", "2026-01", 7, "a" * 64)
    for wrong in (pdf, file[:-1], file + b"\n", file + b"%%EOF\n", b"", other[:-142] + file[-142:]):
        with pytest.raises(Invalid):
            signing.verify(wrong)
    assert signing.verify(other).fingerprint != found.fingerprint, "whose key it is, the reader compares"
    if openssl := shutil.which("openssl"):  # as the page tells how
        (tmp_path / "signed").write_bytes(file[:-142])
        (tmp_path / "signature").write_bytes(bytes.fromhex(file[-129:].decode().strip()))
        (tmp_path / "key.pem").write_text(signing.public_pem(found.public_key))
        words = "pkeyutl -verify -pubin -inkey key.pem -rawin -in signed -sigfile signature"
        done = subprocess.run([openssl, *words.split()], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_last_month_is_signed_by_itself_once_its_statements_had_time() -> None:
    def on(*day: int) -> str:
        return rules.to_sign(dt.datetime(*day, tzinfo=dt.UTC))

    assert (on(2026, 3, 5), on(2026, 3, 6), on(2026, 4, 5)) == ("2026-01", "2026-02", "2026-02")
    assert on(2026, 1, 6) == "2025-12" and on(2026, 1, 5, 23, 59) == "2025-11"


def test_a_month_is_signed_once_and_verified_by_command(
    sqlite_stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if why := sandbox.why_not():
        pytest.skip(why)
    world = lived(sqlite_stores)
    with pytest.raises(Forbidden):
        service.make_statement(sqlite_stores, world.people["lea"], "2026-01")
    with pytest.raises(NotFound, match="do not reach"):
        service.make_statement(sqlite_stores, world.people["tom"], "2020-01")
    signer = keeping.MonthSigner()
    for day in (5, 6, 6):  # a worker, which looks every few seconds
        at = dt.datetime(2026, 2, day, 0, 0, 1, tzinfo=dt.UTC)
        for room in (keeping, service):
            monkeypatch.setattr(room, "database_now", lambda _session, at=at: at)
        signer(sqlite_stores)
        with sqlite_stores.db.reading() as session:
            assert (service.find_row(session, "2026-01") is not None) == (day > 5)
    monkeypatch.undo()
    with pytest.raises(Conflict, match="signed already"):
        service.make_statement(sqlite_stores, world.people["tom"], "2026-01")
    told = service.list_statements(sqlite_stores)
    assert [one.month for one in told.items] == ["2026-01"] and "2026-01" not in told.can_make
    app = create_app(stores=sqlite_stores)
    file = app.test_client().get("/lending/books/statements/2026-01.pdf")
    assert file.data.startswith(b"%PDF-") and file.headers["Content-Type"] == "application/pdf"
    page = app.test_client().get("/lending/books").text
    assert told.key in page and "January 2026" in page
    with sqlite_stores.db.reading() as session:
        row = service.find_row(session, "2026-01")
        assert row is not None and isinstance(row, BooksStatement)
    assert json.loads(row.text)["months"][0]["figures"] == books_of(sqlite_stores).months[0].figures
    path = tmp_path / "statement.pdf"
    path.write_bytes(file.data)
    run = CliRunner()
    said = run.invoke(main, ["bank", "verify", str(path), "--key", told.key])
    assert said.exit_code == 0 and "2026-01 is whole" in said.output and told.items[0].head_hash in said.output
    assert json.loads(run.invoke(main, ["bank", "verify", str(path), "--json"]).output)["key"] == told.key
    assert run.invoke(main, ["bank", "verify", str(path), "--key", "0000"]).exit_code != 0
    path.write_bytes(file.data[:500] + bytes([file.data[500] ^ 1]) + file.data[501:])
    changed = run.invoke(main, ["bank", "verify", str(path)])
    assert changed.exit_code != 0 and "is not what was signed" in changed.output
    monkeypatch.setenv("BRICKYARD_DATA", str(sqlite_stores.settings.data))
    monkeypatch.setenv("BRICKYARD_SECRET_KEY", "tests")
    monkeypatch.delenv("BRICKYARD_DATABASE_URL", raising=False)
    again = run.invoke(main, ["bank", "statement", "2026-01", "-o", str(path)])
    assert again.exit_code == 0 and path.read_bytes() == file.data, again.output
