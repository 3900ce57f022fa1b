"""Exports that other people's programs accept, with the balances of the book."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import shutil
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner
from ledger_support import ANNA, BANK, BEN, FUNDS, account, opened, post
from plain_text_books import bean_balances, bean_check, hledger, hledger_balances

from registry.cli import main
from registry.ledger import book, queries
from registry.ledger.export import Choice, Format, export, path_of
from registry.ledger.money import plain
from registry.ledger.rules import FIRST_HASH
from registry.ledger.schemas import AccountName
from registry.stores.stores import Stores

PURPOSES = [
    "Plain",
    'with "quotes" and \\ strokes',
    "semi; colon | bar",
    "=cmd()",
    "(12) * ! code",
    "^link #tag",
    "Übung 1.005",
]


@pytest.fixture
def full(stores: Stores) -> Stores:
    """Three currencies of 0, 2 and 3 decimals and one of a community; held, reversed, and from before the registry."""
    opened(stores)
    with stores.db.transaction() as session:
        book.open_currency(session, "HOURS", exponent=1, name='Hours of the "yard"', community="riverside")
        for name in ("JPY", "KWD"):
            book.open_account(session, account(f"external/bank/main/{name}"))
            book.open_account(session, account(f"campaign/1/funds/{name}"), lowest_minor=0)
        for who in ("1", "2"):
            book.open_account(session, account(f"person/{who}/paid/HOURS"), lowest_minor=-50, highest_minor=50)
        book.open_account(session, account("fund/brick-one/commons"))
    old = dt.datetime(2024, 2, 29, 23, 30, tzinfo=dt.timezone(dt.timedelta(hours=-5)))
    for number, purpose in enumerate(PURPOSES):
        post(stores, BANK, ANNA, 10_00 + number, f"=in-{number}", purpose=purpose, effective_at=old)
    post(stores, ANNA, FUNDS, 12_34, "pay")
    wrong = post(stores, BANK, BEN, 99, "wrong")
    held = post(stores, ANNA, FUNDS, 5_00, "hold", pending=True)
    post(stores, ANNA, BEN, 1_00, "held-still", pending=True)
    post(stores, "external/bank/main/JPY", "campaign/1/funds/JPY", 1200, "yen")
    post(stores, "external/bank/main/KWD", "campaign/1/funds/KWD", 1005, "dinar")
    post(stores, "person/1/paid/HOURS", "person/2/paid/HOURS", 25, "hours")
    with stores.db.transaction() as session:
        book.settle(session, held.seq, key="settle", purpose="Paid", amount_minor=4_99)
        book.reverse(session, wrong.seq, key="back", purpose="Not theirs")
    return stores


def written(stores: Stores, form: Format, choice: Choice | None = None) -> str:
    with stores.db.reading() as session:
        return "".join(export(session, form, choice))


def balances(stores: Stores) -> dict[tuple[str, str], Decimal]:
    """(account's path, currency) -> debits less credits, as the book keeps them."""
    with stores.db.reading() as session:
        currencies = queries.currencies(session)
        return {
            (path_of(each.account), each.account.currency):
                Decimal(plain(-each.balance_minor, currencies[each.account.currency].exponent))
            for each in queries.balances(session)
        }  # fmt: skip


def test_beancount_accepts_the_book_with_equal_balances(full: Stores, tmp_path: Path) -> None:
    path = tmp_path / "book.beancount"
    path.write_text(written(full, "beancount"), encoding="utf-8")
    assert '2024-03-01 * "Plain"' in path.read_text(encoding="utf-8"), "half past eleven on a leap day, five hours west"
    checked = bean_check(path)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    ours = balances(full)
    theirs = bean_balances(path)
    assert {at: amount for at, amount in ours.items() if amount} == {at: n for at, n in theirs.items() if n}
    wrong = path.read_text(encoding="utf-8").replace("12.34 EUR", "12.35 EUR")
    path.write_text(wrong, encoding="utf-8")
    assert bean_check(path).returncode != 0, "the balances at its end are asserted"


def test_hledger_accepts_the_book_with_equal_balances(full: Stores, tmp_path: Path) -> None:
    if not shutil.which("hledger"):
        pytest.skip("hledger is not installed (Debian package hledger)")
    path = tmp_path / "book.journal"
    path.write_text(written(full, "hledger"), encoding="utf-8")

    checked = hledger(path, "check", "--strict")
    assert checked.returncode == 0, checked.stderr
    theirs = hledger_balances(path)
    assert {at: n for at, n in theirs.items() if n} == {at: n for at, n in balances(full).items() if n}
    path.write_text(path.read_text(encoding="utf-8").replace("12.34 EUR", "12.35 EUR"), encoding="utf-8")
    assert hledger(path, "check").returncode != 0


def test_an_empty_book_is_exported_too(sqlite_stores: Stores, tmp_path: Path) -> None:
    path = tmp_path / "book.beancount"
    path.write_text(written(sqlite_stores, "beancount"), encoding="utf-8")
    assert bean_check(path).returncode == 0
    assert json.loads(written(sqlite_stores, "json"))["transfers"] == []
    assert "Balances" not in written(sqlite_stores, "hledger")


def test_csv_has_every_row_and_no_formula(full: Stores) -> None:
    rows = list(csv.DictReader(io.StringIO(written(full, "csv"))))
    with full.db.reading() as session:
        assert len(rows) == queries.head(session).seq
    assert {row["purpose"] for row in rows} >= {"'=cmd()", "Plain"} and rows[0]["key"] == "'=in-0"
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    assert [row["amount"] for row in rows if row["currency"] in ("JPY", "KWD")] == ["1200", "1.005"]
    assert rows[-1]["hash"] != FIRST_HASH


def test_json_is_the_book(full: Stores) -> None:
    told = json.loads(written(full, "json"))
    assert told["head"]["seq"] == len(told["transfers"]) and told["transfers"][-1]["hash"] == told["head"]["hash"]
    assert sum(each["balance_minor"] for each in told["accounts"] if each["currency"] == "EUR") == 0
    assert {each["code"]: each["exponent"] for each in told["currencies"]} == {"EUR": 2, "HOURS": 1, "JPY": 0, "KWD": 3}


def test_a_part_of_the_book_without_names_adds_up_as_well(full: Stores, tmp_path: Path) -> None:
    def hidden(name: AccountName) -> AccountName:
        return name.model_copy(update={"id": "someone"}) if name.kind == "person" else name

    choice = Choice(
        only=lambda entry: entry.debit != entry.credit and entry.currency == "EUR", alias=hidden, told=False
    )
    for form, name in (("beancount", "part.beancount"), ("csv", "part.csv"), ("json", "part.json")):
        text = written(full, form, choice)  # type: ignore[arg-type]
        assert "HOURS" not in text or form == "json"
        assert "person/1/" not in text.lower() and "Person:1:" not in text and "=in-0" not in text
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert bean_check(tmp_path / "part.beancount").returncode == 0


def test_the_command_writes_it(sqlite_stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRICKYARD_DATA", str(sqlite_stores.settings.data))
    opened(sqlite_stores)
    post(sqlite_stores, BANK, ANNA, 1, "x")
    run = CliRunner()
    path = tmp_path / "book.beancount"
    assert run.invoke(main, ["ledger", "export", "-o", str(path)]).exit_code == 0
    assert bean_check(path).returncode == 0
    told = run.invoke(main, ["ledger", "export", "--format", "json"])
    assert told.exit_code == 0 and json.loads(told.output)["head"]["seq"] == 1
    assert run.invoke(main, ["ledger", "export", "--format", "qif"]).exit_code == 2
