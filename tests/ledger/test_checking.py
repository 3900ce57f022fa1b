from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from ledger_support import ANNA, BANK, BEN, FUNDS, account, opened, post
from sqlalchemy import text

from registry.cli import main
from registry.ledger import book, checking, queries
from registry.ledger.schemas import CheckReport
from registry.stores.stores import Stores

SEALED = ("ledger_currency", "ledger_account", "ledger_limit", "ledger_transfer")


def filled(stores: Stores) -> None:
    opened(stores)
    post(stores, BANK, ANNA, 10_00, "in-1")
    post(stores, BANK, BEN, 20_00, "in-2")
    held = post(stores, BEN, FUNDS, 5_00, "hold", pending=True)
    with stores.db.transaction() as session:
        book.settle(session, held.seq, key="settle", purpose="Paid", amount_minor=4_00)
        book.set_limits(session, account(ANNA), lowest_minor=-1_00, highest_minor=50_00, why="Known", by_id=None)
    post(stores, ANNA, FUNDS, 11_00, "pay")
    post(stores, BEN, FUNDS, 1_00, "hold-2", pending=True)


def checked(stores: Stores, published: tuple[int, str] | None = None) -> CheckReport:
    with stores.db.reading() as session:
        return checking.check(session, published)


def unsealed(stores: Stores, *statements: str) -> None:
    """What somebody with the database's own rights, or a failing disk, could do."""
    with stores.db.transaction() as session:
        for table in SEALED:
            if stores.db.on_sqlite:
                for what in ("update", "delete", "replace"):
                    session.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_{what}"))
            else:
                session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        for statement in statements:
            session.execute(text(statement))


def test_a_book_that_adds_up(stores: Stores) -> None:
    assert checked(stores).ok and checked(stores).transfers == 0
    filled(stores)
    report = checked(stores)
    assert report.ok, report.faults
    assert (report.transfers, report.accounts, report.held, report.totals) == (6, 4, 1, {"EUR": 45_00})
    with stores.db.reading() as session:
        head = queries.head(session)
    post(stores, BANK, ANNA, 1, "more")
    assert checked(stores, (head.seq, head.hash)).ok
    assert not checked(stores, (head.seq, "0" * 64)).ok
    assert not checked(stores, (99, head.hash)).ok


FLIPS = {
    "an amount": ["UPDATE ledger_transfer SET amount_minor = 1001 WHERE seq = 1"],
    "an amount, and the balances to it": [
        "UPDATE ledger_transfer SET amount_minor = 1001 WHERE seq = 1",
        "UPDATE ledger_balance SET debits_minor = debits_minor + 1 WHERE account_id = 1",
        "UPDATE ledger_balance SET credits_minor = credits_minor + 1 WHERE account_id = 3",
    ],
    "a purpose": ["UPDATE ledger_transfer SET purpose = 'Tesu' WHERE seq = 2"],
    "a time": ["UPDATE ledger_transfer SET effective_at = recorded_at, recorded_at = (SELECT recorded_at FROM"
               " ledger_transfer WHERE seq = 6) WHERE seq = 1"],
    "a hash": ["UPDATE ledger_transfer SET hash = replace(hash, substr(hash, 1, 1), 'g') WHERE seq = 2"],
    "who is paid": ["UPDATE ledger_transfer SET credit_id = 4 WHERE seq = 1"],
    "an owner": ["UPDATE ledger_account SET owner_id = '9' WHERE id = 3"],
    "a limit": ["UPDATE ledger_limit SET lowest_minor = -999 WHERE id = 5"],
    "a limit that is gone": ["DELETE FROM ledger_limit WHERE id = 5"],
    "a row in the middle": ["DELETE FROM ledger_hold", "DELETE FROM ledger_transfer WHERE seq = 2"],
    "the last row": ["DELETE FROM ledger_hold", "DELETE FROM ledger_transfer WHERE seq = 6"],
    "a balance": ["UPDATE ledger_balance SET credits_minor = credits_minor + 1 WHERE account_id = 1"],
    "what is held": ["DELETE FROM ledger_hold"],
    "the head": ["UPDATE ledger_head SET seq = 5"],
}  # fmt: skip


def test_what_was_tampered_with_is_found(stores: Stores) -> None:
    """Each in a transaction that is undone after."""
    filled(stores)
    unsealed(stores)
    for what, statements in FLIPS.items():
        with stores.db.transaction() as session:
            queries.see_one_state(session)
            for statement in statements:
                session.execute(text(statement))
            assert not checking.check(session).ok, what
            session.rollback()
    assert checked(stores).ok


def test_the_command_says_it_in_words_and_by_its_exit_code(
    sqlite_stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRICKYARD_DATA", str(sqlite_stores.settings.data))
    filled(sqlite_stores)
    run = CliRunner()
    good = run.invoke(main, ["ledger", "check"])
    assert good.exit_code == 0 and "All of it adds up." in good.output and "6 transfers" in good.output
    report = json.loads(run.invoke(main, ["ledger", "check", "--json"]).output)
    published = f"{report['head']['seq']}:{report['head']['hash']}"
    assert run.invoke(main, ["ledger", "check", "--published", published]).exit_code == 0
    assert run.invoke(main, ["ledger", "check", "--published", "x"]).exit_code == 2
    shown = run.invoke(main, ["ledger", "show"]).output
    assert "person/1/paid/EUR" in shown and "-1.00" in shown
    told = run.invoke(main, ["ledger", "show", "person/1/paid/EUR"]).output
    assert "-11.00" in told and "campaign/1/funds/EUR" in told
    for wrong in ("person/1", "person/9/paid/EUR", "nobody/1/paid/EUR"):
        assert run.invoke(main, ["ledger", "show", wrong]).exit_code != 0
    unsealed(sqlite_stores, "UPDATE ledger_transfer SET purpose = 'Tesu' WHERE seq = 2")
    bad = run.invoke(main, ["ledger", "check"])
    assert bad.exit_code == 1 and "transfer 2" in bad.output
