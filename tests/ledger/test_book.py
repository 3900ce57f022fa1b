from __future__ import annotations

import datetime as dt
import re

import pytest
from ledger_support import ANNA, BANK, BEN, FUNDS, account, balance, moved, opened, post
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from registry.errors import Conflict, Invalid, NotFound
from registry.ledger import book, checking, queries
from registry.stores.stores import Stores


def whole(stores: Stores) -> None:
    """The book adds up."""
    with stores.db.reading() as session:
        report = checking.check(session)
    assert report.ok, report.faults


def test_a_transfer_moves_an_amount_and_the_sum_stays_zero(stores: Stores) -> None:
    opened(stores)
    entry = post(stores, BANK, ANNA, 10_00, "in-1")
    post(stores, ANNA, FUNDS, 4_00, "pay-1")
    with stores.db.reading() as session:
        assert [balance(session, name) for name in (BANK, ANNA, FUNDS)] == [-10_00, 6_00, 4_00]
        assert sum(each.balance_minor for each in queries.balances(session)) == 0
        assert queries.head(session).seq == 2 and entry.seq == 1
    whole(stores)


def test_the_same_key_answers_the_same_and_another_body_is_a_conflict(stores: Stores) -> None:
    opened(stores)
    first = post(stores, BANK, ANNA, 10_00, "in-1")
    assert post(stores, BANK, ANNA, 10_00, "in-1") == first
    for changed in (
        moved(BANK, ANNA, 10_01, "in-1"),
        moved(BANK, BEN, 10_00, "in-1"),
        moved(BANK, ANNA, 10_00, "in-1", purpose="Other"),
        moved(BANK, ANNA, 10_00, "in-1", pending=True),
        moved(BANK, ANNA, 10_00, "in-1", effective_at=dt.datetime(2026, 1, 2, tzinfo=dt.UTC)),
    ):
        with pytest.raises(Conflict, match="was used"), stores.db.transaction() as session:
            book.post(session, changed)
    assert post(stores, BANK, ANNA, 10_00, "in-2").seq == 2, "two identical genuine payments are both recorded"
    with stores.db.reading() as session:
        assert balance(session, ANNA) == 20_00


def test_transfers_booked_together_are_all_there_or_none(stores: Stores) -> None:
    opened(stores)
    post(stores, BANK, ANNA, 10_00, "in-1")
    with pytest.raises(Conflict, match="can't give"), stores.db.transaction() as session:
        book.post_all(session, [moved(ANNA, FUNDS, 6_00, "a"), moved(ANNA, BEN, 6_00, "b")])
    wishes = [moved(ANNA, FUNDS, 6_00, "a"), moved(FUNDS, BEN, 5_00, "b")]
    with stores.db.transaction() as session:
        booked = book.post_all(session, wishes)
    with stores.db.transaction() as session:
        assert book.post_all(session, wishes) == booked
    assert [entry.entry_seq for entry in booked] == [2, 2]
    with stores.db.reading() as session:
        assert queries.together(session, 3) == booked and queries.together(session, 9) == []
    for part in (wishes[:1], [*wishes, moved(ANNA, BEN, 1, "c")]):
        if len(part) == 1:
            continue  # a part of it, asked for again, is there
        with pytest.raises(Conflict), stores.db.transaction() as session:
            book.post_all(session, part)
    with stores.db.reading() as session:
        assert [balance(session, name) for name in (ANNA, BEN, FUNDS)] == [4_00, 5_00, 1_00]
    whole(stores)


def test_pending_amounts_count_and_end_once(stores: Stores) -> None:
    opened(stores)
    post(stores, BANK, ANNA, 10_00, "in-1")
    held = post(stores, ANNA, FUNDS, 7_00, "hold-1", pending=True)
    with stores.db.reading() as session:
        now = queries.balance(session, account(ANNA))
        assert (now.balance_minor, now.pending_debits_minor, now.available_minor) == (10_00, 7_00, 3_00)
        assert [each.seq for each in queries.held(session)] == [held.seq]
    with pytest.raises(Conflict, match="can't give"):
        post(stores, ANNA, BEN, 3_01, "over")
    with pytest.raises(Invalid, match="holds 700"), stores.db.transaction() as session:
        book.settle(session, held.seq, key="s", purpose="Paid", amount_minor=7_01)
    with stores.db.transaction() as session:
        done = book.settle(session, held.seq, key="s", purpose="Paid", amount_minor=5_00)
    with stores.db.transaction() as session:
        assert book.settle(session, held.seq, key="s", purpose="Paid", amount_minor=5_00) == done
    for end in (book.void, book.settle):
        with pytest.raises(Conflict, match="settled already"), stores.db.transaction() as session:
            end(session, held.seq, key="again", purpose="Again")
    other = post(stores, ANNA, FUNDS, 5_00, "hold-2", pending=True)
    with stores.db.transaction() as session:
        book.void(session, other.seq, key="v", purpose="Let go")
    with stores.db.reading() as session:
        now = queries.balance(session, account(ANNA))
        assert (now.balance_minor, now.pending_debits_minor, balance(session, FUNDS)) == (5_00, 0, 5_00)
        assert queries.held(session) == []
        assert [queries.end_of(session, each).kind for each in (held.seq, other.seq)] == ["settled", "voided"]  # type: ignore[union-attr]
    whole(stores)


def test_what_is_held_expires_by_the_databases_time(stores: Stores) -> None:
    opened(stores)
    post(stores, BANK, ANNA, 10_00, "in-1")
    with stores.db.transaction() as session:
        from registry.stores.clock import database_now

        soon = database_now(session) + dt.timedelta(seconds=1)
    held = post(stores, ANNA, FUNDS, 10_00, "hold", pending=True, expires_at=soon)
    with pytest.raises(Conflict):
        post(stores, ANNA, BEN, 10_00, "spend-early")
    import time

    time.sleep(1.1)
    with pytest.raises(Conflict, match="expired already"), stores.db.transaction() as session:
        book.settle(session, held.seq, key="late", purpose="Too late")
    post(stores, ANNA, BEN, 10_00, "spend")
    with stores.db.reading() as session:
        assert queries.end_of(session, held.seq).kind == "expired"  # type: ignore[union-attr]
    with pytest.raises(Invalid, match="at once"):
        post(stores, BEN, FUNDS, 1, "past", pending=True, expires_at=soon)
    whole(stores)


def test_a_clock_set_back_does_not_turn_the_order_round(stores: Stores) -> None:
    opened(stores)
    post(stores, BANK, ANNA, 10_00, "in-1")
    with stores.db.transaction() as session:  # the last transfer came when the clock was an hour fast
        session.execute(text("UPDATE ledger_head SET recorded_at = :later"), {
            "later": f"{dt.datetime.now(dt.UTC) + dt.timedelta(hours=1):%Y-%m-%d %H:%M:%S.%f}"
                     + ("" if stores.db.on_sqlite else "+00:00")
        })  # fmt: skip
    held = post(stores, ANNA, FUNDS, 1_00, "hold", pending=True)
    later = post(stores, ANNA, BEN, 1_00, "pay")
    assert held.recorded_at == later.recorded_at > dt.datetime.now(dt.UTC) + dt.timedelta(minutes=50)
    whole(stores)


def test_a_mistake_is_booked_back_once(stores: Stores) -> None:
    opened(stores)
    wrong = post(stores, BANK, ANNA, 10_00, "in-1")
    with stores.db.transaction() as session:
        back = book.reverse(session, wrong.seq, key="back", purpose="Wrong account")
    with stores.db.transaction() as session:
        assert book.reverse(session, wrong.seq, key="back", purpose="Wrong account") == back
    with pytest.raises(Conflict, match="was used"):
        post(stores, ANNA, BANK, 10_00, "back", purpose="Wrong account")
    with pytest.raises(Conflict, match="already"), stores.db.transaction() as session:
        book.reverse(session, wrong.seq, key="back-2", purpose="Wrong account")
    with stores.db.reading() as session:
        assert balance(session, ANNA) == 0 and back.reverses_seq == wrong.seq
    whole(stores)


def test_mutual_credit_keeps_its_lowest_and_highest_balance(stores: Stores) -> None:
    with stores.db.transaction() as session:
        book.open_currency(session, "HOURS", exponent=1, name="Hours", community="riverside")
        for who in ("1", "2"):
            book.open_account(session, account(f"person/{who}/hours/HOURS"), lowest_minor=-50, highest_minor=80)
    post(stores, "person/1/hours/HOURS", "person/2/hours/HOURS", 50, "h1")
    with pytest.raises(Conflict, match="can't give"):
        post(stores, "person/1/hours/HOURS", "person/2/hours/HOURS", 1, "h2")
    with stores.db.transaction() as session:
        book.set_limits(session, account("person/1/hours/HOURS"), lowest_minor=-100, highest_minor=80, why="Known well",
                        by_id=None)  # fmt: skip
    with pytest.raises(Conflict, match="can't receive"):
        post(stores, "person/1/hours/HOURS", "person/2/hours/HOURS", 31, "h3")
    with pytest.raises(Conflict), stores.db.transaction() as session:
        book.set_limits(session, account("person/1/hours/HOURS"), lowest_minor=-40, highest_minor=80, why="Less",
                        by_id=None)  # fmt: skip
    with stores.db.reading() as session:
        assert sum(each.balance_minor for each in queries.balances(session, currency="HOURS")) == 0
    whole(stores)


def test_accounts_and_currencies_are_checked(stores: Stores) -> None:
    opened(stores)
    with pytest.raises(NotFound, match="no account"):
        post(stores, BANK, "person/9/paid", 1, "x")
    with pytest.raises(Invalid, match="different currencies"):
        post(stores, BANK, "person/1/paid/USD", 1, "x")
    with pytest.raises(Invalid, match="pay itself"):
        post(stores, BANK, BANK, 1, "x")
    with pytest.raises(Invalid, match="no currency"), stores.db.transaction() as session:
        book.open_account(session, account("person/1/paid/QQQ"))
    with pytest.raises(NotFound, match="no currency"), stores.db.transaction() as session:
        book.open_account(session, account("person/1/paid/HOURS"))
    with pytest.raises(Conflict, match="other limits"), stores.db.transaction() as session:
        book.open_account(session, account(ANNA), lowest_minor=-5)
    with stores.db.transaction() as session:
        book.open_account(session, account(ANNA), lowest_minor=0)
    with pytest.raises(Invalid, match="leave out zero"), stores.db.transaction() as session:
        book.open_account(session, account("person/3/paid"), lowest_minor=1)
    for code in ("EUR", "hours", "HOU", "H OURS"):
        with pytest.raises(Invalid), stores.db.transaction() as session:
            book.open_currency(session, code, exponent=0, name="Hours", community="riverside")


def test_limits_of_yen_and_dinars(stores: Stores) -> None:
    opened(stores, "campaign/1/funds/JPY", "campaign/1/funds/KWD")
    with stores.db.reading() as session:
        assert [queries.currency(session, code).exponent for code in ("JPY", "KWD", "EUR")] == [0, 3, 2]


@pytest.mark.parametrize("amount", [-1, 0, 10**12 + 1, 1.5, True, "5", float("nan")])
def test_amounts_that_are_none_are_refused(amount: object) -> None:
    with pytest.raises(ValidationError):
        moved(BANK, ANNA, amount, "x")  # type: ignore[arg-type]


@pytest.mark.parametrize("purpose", ["", "two\nlines", "\x00", "x" * 201, " padded"])
def test_purposes_are_one_line(purpose: str) -> None:
    with pytest.raises(ValidationError):
        moved(BANK, ANNA, 1, "x", purpose=purpose)


CHANGES = [
    "UPDATE ledger_transfer SET amount_minor = amount_minor + 1",
    "DELETE FROM ledger_transfer",
    "UPDATE ledger_account SET role = 'mine'",
    "DELETE FROM ledger_account WHERE id = 4",
    "UPDATE ledger_limit SET lowest_minor = -1000000",
    "DELETE FROM ledger_limit",
    "UPDATE ledger_currency SET exponent = 0",
    "DELETE FROM ledger_currency",
]


def test_the_past_can_not_be_changed_by_raw_sql(stores: Stores) -> None:
    opened(stores)
    post(stores, BANK, ANNA, 10_00, "in-1")
    for statement in CHANGES:
        with pytest.raises(DBAPIError, match="only added to"), stores.db.transaction() as session:
            session.execute(text(statement))
    whole(stores)


def test_rows_can_not_be_replaced_or_emptied_either(stores: Stores) -> None:
    opened(stores)
    post(stores, BANK, ANNA, 10_00, "in-1")
    tables = ("ledger_transfer", "ledger_account", "ledger_limit", "ledger_currency")
    for table in tables:
        replace = f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"
        statement = replace if stores.db.on_sqlite else f"TRUNCATE {table} CASCADE"
        with pytest.raises(DBAPIError, match="only added to"), stores.db.transaction() as session:
            session.execute(text(statement))
    whole(stores)


def test_the_database_itself_refuses_two_currencies_and_a_broken_limit(stores: Stores) -> None:
    opened(stores, ANNA, "person/1/paid/USD")
    post(stores, BANK, ANNA, 10_00, "in-1")
    columns = "entry_seq, kind, debit_id, amount_minor, released_minor, recorded_at, effective_at, purpose, hash"
    with pytest.raises(DBAPIError, match=re.compile("foreign key", re.I)), stores.db.transaction() as session:
        session.execute(text(
            f"INSERT INTO ledger_transfer (seq, key, credit_id, currency, {columns})"
            f" SELECT 2, 'x', (SELECT id FROM ledger_account WHERE currency = 'USD'), 'EUR', {columns}"
            " FROM ledger_transfer WHERE seq = 1"
        ))  # fmt: skip
    with pytest.raises(DBAPIError, match="ck_ledger_balance_lowest"), stores.db.transaction() as session:
        session.execute(text("UPDATE ledger_balance SET debits_minor = 999999"))


def test_writing_outside_a_transaction_of_ours_is_refused(sqlite_stores: Stores) -> None:
    opened(sqlite_stores)
    with pytest.raises(RuntimeError, match="transaction"), sqlite_stores.db.reading() as session:
        book.post(session, moved(BANK, ANNA, 1, "x"))


def test_statements_at_a_time(stores: Stores) -> None:
    opened(stores)
    post(stores, BANK, ANNA, 10_00, "in-1", effective_at=dt.datetime(2026, 3, 1, tzinfo=dt.UTC))
    second = post(stores, ANNA, FUNDS, 4_00, "pay", effective_at=dt.datetime(2026, 4, 1, tzinfo=dt.UTC))
    post(stores, ANNA, FUNDS, 1_00, "pay-2", effective_at=dt.datetime(2026, 5, 1, tzinfo=dt.UTC))
    with stores.db.reading() as session:
        assert queries.balance_at(session, account(ANNA), second.recorded_at) == 6_00
        middle = dt.datetime(2026, 3, 15, tzinfo=dt.UTC)
        assert queries.balance_at(session, account(ANNA), middle, "effective_at") == 10_00
        april_1 = dt.datetime(2026, 4, 1, tzinfo=dt.UTC)
        assert queries.balances_at(session, april_1, "effective_at") == {
            account(BANK): -10_00, account(ANNA): 6_00, account(FUNDS): 4_00,
        }  # fmt: skip
        assert queries.balances_at(session, april_1, "effective_at", kind="person") == {account(ANNA): 6_00}
        assert queries.balances_at(session, middle - dt.timedelta(days=60), "effective_at") == {}
        april = queries.statement(session, account(ANNA), since=middle, until=dt.datetime(2026, 5, 1, tzinfo=dt.UTC),
                                  by="effective_at")  # fmt: skip
        assert (april.opening_minor, april.closing_minor) == (10_00, 6_00)
        assert [(line.amount_minor, line.other) for line in april.lines] == [(-4_00, "campaign/1/funds/EUR")]
        first = queries.statement(session, account(ANNA), limit=2)
        rest = queries.statement(session, account(ANNA), limit=2, after_seq=first.next_seq or 0)
        assert rest.opening_minor == first.closing_minor == 6_00
        assert rest.closing_minor == 5_00 and rest.next_seq is None
