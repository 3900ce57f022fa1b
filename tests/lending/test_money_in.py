"""Statements come in: what is exact goes by itself, all else is asked about, nothing comes twice."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from bank_support import Desk, open_desk
from loan_support import pay_out
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from statement_support import IBAN, MAPPING, Booked, camt, mt940, table

from registry.errors import Conflict, Forbidden, Invalid, NotFound
from registry.lending.bank import importing
from registry.lending.bank.importing import Brought, Upload
from registry.lending.bank.schemas import CsvMapping
from registry.lending.campaigns import queries, service
from registry.stores.stores import Stores


@pytest.fixture
def desk(stores: Stores) -> Desk:
    return open_desk(stores)


def test_exact_payments_are_credited_and_all_else_waits_with_its_reasons(desk: Desk) -> None:
    world, number = desk.world, desk.number
    lea, luc, lou = (world.pledge(who, number, 5_000) for who in ("lea", "luc", "lou"))
    world.withdraw("lou", lou)
    brought = desk.bring(
        Booked(5_000, f"thank you {desk.reference(lea).lower()}"),
        Booked(4_000, desk.reference(luc)),
        Booked(5_000, desk.reference(lou)),
        Booked(1_234, "for the bricks"),
        Booked(5_000, "again", structured=desk.reference(lea)),
        Booked(-250, "Account fee"),
    )
    assert (brought.fresh, brought.known, brought.waiting) == (6, 0, 5)
    assert [(one.state, one.pledge_id) for one in desk.entries()] == [
        ("matched", lea), ("invalid", luc), ("invalid", lou), ("no match", None), ("already", lea), ("no match", None),
    ]  # fmt: skip
    told = [" ".join(one.reasons) for one in desk.entries()]
    assert "10.00 EUR is missing" in told[1] and "was withdrawn" in told[2] and "paid already" in told[4]
    assert world.row(lea).state == "paid" and world.balance("lea", number, "loan") == 5_000
    assert (world.row(luc).state, desk.book("unmatched"), desk.book("unexplained")) == ("unpaid", 15_234, -250)
    desk.check()


def test_rows_25_and_26_twice_adds_nothing_and_two_equal_payments_count(desk: Desk) -> None:
    first = desk.upload(Booked(1_000, "same"), Booked(1_000, "same"))
    by = desk.people["tom"]
    assert importing.bring(desk.stores, by, desk.number, first).fresh == 2
    again = importing.bring(desk.stores, by, desk.number, first)
    assert (again.fresh, again.known, len(desk.entries())) == (0, 2, 2)
    desk.balance = 2_000
    more = desk.bring(Booked(1_000, "same"), Booked(500, "more"))
    assert (more.fresh, len(desk.entries())) == (2, 4)
    desk.check()


def test_row_27_a_file_that_is_wrong_leaves_nothing_behind(desk: Desk) -> None:
    lines = [Booked(1_000, "A")]
    by = desk.people["tom"]
    for content in (camt(lines, closing=999), camt(lines, currency="USD"), camt(lines, iban="DE02120300000000202051"),
                    camt(lines).replace(b">10.00<", b">10,00<"), mt940(lines, closing=1)):  # fmt: skip
        with pytest.raises(Invalid):
            importing.bring(desk.stores, by, desk.number, Upload(content))
    assert desk.entries() == [] and desk.book("bank") == 0
    desk.bring(Booked(1_000, "A"))
    desk.balance = 9_000
    late = desk.upload(Booked(1_000, "B"))
    with pytest.raises(Conflict, match="There is a gap"):
        importing.bring(desk.stores, by, desk.number, late)
    assert len(desk.entries()) == 1
    accepted = Upload(late.content, accept_gap=True)
    assert importing.bring(desk.stores, by, desk.number, accepted).fresh == 1


def test_only_treasurers_see_and_bring(desk: Desk) -> None:
    for who in ("lea", "olga", "sue"):
        for act in (importing.look, importing.bring):
            with pytest.raises(Forbidden):
                act(desk.stores, desk.people[who], desk.number, desk.upload(Booked(1, "A")))
    with pytest.raises(NotFound):
        importing.look(desk.stores, desk.people["tom"], 99, desk.upload())


def test_a_table_is_looked_at_first_and_its_columns_are_kept_for_the_account(desk: Desk) -> None:
    pledge = desk.world.pledge("lea", desk.number, 5_000)
    by, lines = desk.people["tom"], [desk.today(Booked(5_000, desk.reference(pledge))), desk.today(Booked(-100, "Fee"))]
    upload = Upload(table(lines), "umsaetze.csv", CsvMapping.model_validate(MAPPING))
    with pytest.raises(Invalid, match="which column"):
        importing.look(desk.stores, by, desk.number, Upload(upload.content))
    look = importing.look(desk.stores, by, desk.number, upload)
    assert [each.line.amount_minor for each in look.parts[0].new] == [5_000, -100]
    assert desk.entries() == [] and desk.world.row(pledge).state == "unpaid", "a look changes nothing"
    importing.bring(desk.stores, by, desk.number, upload)
    assert desk.world.row(pledge).state == "paid"
    assert importing.bring(desk.stores, by, desk.number, Upload(upload.content)).fresh == 0, "the columns are known"
    with pytest.raises(Invalid, match="imported as CSV already"):
        importing.bring(desk.stores, by, desk.number, Upload(camt(lines)))


@pytest.mark.parametrize(("currency", "amount"), [("JPY", 12_000), ("KWD", 12_345)])
def test_currencies_with_no_and_three_decimals(stores: Stores, currency: str, amount: int) -> None:
    desk = open_desk(stores, currency, target_minor=20_000)
    pledge = desk.world.pledge("lea", desk.number, amount)
    desk.bring(Booked(amount, desk.reference(pledge)), Booked(amount + 1, desk.reference(pledge)))
    assert desk.world.balance("lea", desk.number, "loan") == amount
    assert desk.book("unmatched") == amount + 1
    desk.check()


def test_nobody_rewrites_what_the_bank_has_said(desk: Desk) -> None:
    desk.bring(Booked(1_000, "A"))
    for attempt in (
        "UPDATE bank_entry SET amount_minor = 1", "UPDATE bank_entry SET text = 'x'", "DELETE FROM bank_entry",
        "UPDATE bank_statement SET closing_minor = 1", "DELETE FROM bank_act", "UPDATE bank_act SET why = 'x'",
    ):  # fmt: skip
        with pytest.raises(DBAPIError), desk.stores.db.transaction() as session:
            session.execute(text(attempt))
    assert desk.entries()[0].amount_minor == 1_000


def test_what_an_import_left_behind_is_worked_off(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    pledge = desk.world.pledge("lea", desk.number, 5_000)
    with monkeypatch.context() as patch:
        patch.setattr(importing, "work_off", lambda stores, number: 0)  # as if the power had gone
        desk.bring(Booked(5_000, desk.reference(pledge)), Booked(1, "?"))
    assert {one.state for one in desk.entries()} == {"imported"}
    importing.keep(desk.stores)
    importing.keep(desk.stores)
    assert [one.state for one in desk.entries()] == ["matched", "no match"]
    assert desk.world.row(pledge).state == "paid"
    desk.check()


def test_the_fabricators_repayment_is_shared_out_and_what_is_above_the_debt_is_held(desk: Desk) -> None:
    world, number = desk.world, desk.number
    code = importing.repayment_reference(number)
    desk.paid("lea", 10_000)
    desk.paid("luc", 10_000, repay="gift")
    desk.bring(Booked(1_000, code))
    assert "owes nothing" in desk.entries("invalid")[0].reasons[0]
    desk.fund()
    for stage in ("materials", "made", "shipped"):
        pay_out(world, number, stage)
    desk.balance -= 20_000
    both = desk.upload(Booked(5_000, f"first {code}"), Booked(15_500, code))
    importing.bring(desk.stores, desk.people["tom"], number, Upload(both.content, accept_gap=True))
    desk.balance += 20_500
    assert [one.state for one in desk.entries()][-2:] == ["matched", "matched"]
    assert (desk.book("owes"), desk.book("excess"), desk.book("fund")) == (0, 500, 10_000)
    assert (world.balance("lea", number, "due"), world.balance("luc", number, "due")) == (10_000, 0)
    assert world.balance("lea", number, "loan") == world.balance("luc", number, "loan") == 0
    assert world.loan(number).state == "repaid"
    desk.check()


def test_another_account_than_this_campaigns_is_refused_whatever_it_holds(desk: Desk) -> None:
    assert desk.world.loan(desk.number).payee_iban == IBAN
    with pytest.raises(Invalid, match="another account"):
        desk.bring(Booked(1_000, "A"), iban="NL91ABNA0417164300")


def closed_yesterday(desk: Desk) -> dt.date:
    """The campaign's last day is over; its pledges were to be paid by its end."""
    last = desk.world.today() - dt.timedelta(days=1)
    over = dt.datetime.combine(last + dt.timedelta(days=1), dt.time(), dt.UTC)
    desk.world.shift("loan_campaign", desk.number, deadline_on=last, deadline_at=over)
    return last


def on(desk: Desk, day: dt.date, *lines: Booked) -> Brought:
    upload = Upload(camt([replace(one, day=day) for one in lines], desk.balance, day=day))
    desk.balance += sum(one.amount for one in lines)
    return importing.bring(desk.stores, desk.people["tom"], desk.number, upload)


def test_what_lay_in_the_bank_at_the_deadline_counts_though_its_statement_comes_later(desk: Desk) -> None:
    world, number = desk.world, desk.number
    lea, luc, lou = (world.pledge(who, number, amount) for who, amount in
                     (("lea", 12_000), ("luc", 8_000), ("lou", 5_000)))  # fmt: skip
    last = closed_yesterday(desk)
    assert service.settle_due(desk.stores) == 0 and world.loan(number).state == "open"
    with pytest.raises(Conflict, match="takes no pledges now"):
        world.pledge("ada", number, 1_000)
    with desk.stores.db.reading() as session:
        shown = queries.get_campaign(session, number)
    assert shown.counting and shown.judged_by == shown.deadline_at + dt.timedelta(days=5)
    on(desk, last, Booked(12_000, desk.reference(lea)), Booked(8_000, "no code"))
    assert (world.row(lea).state, world.loan(number).state) == ("paid", "open"), "that day may have gone on"
    on(desk, world.today(), Booked(5_000, desk.reference(lou)))
    assert world.loan(number).state == "open", "a booking of the last day waits for a treasurer"
    nameless, late = desk.entries("no match", "invalid")
    assert late.reasons == [f"It came after {last}, the last day for this pledge."]
    with pytest.raises(Conflict, match="It came after"):
        desk.decide(late, "assign", pledge=3)
    assert desk.decide(nameless, "assign", pledge=2) == "matched"
    assert world.loan(number).state == "funded", "the day's statement is here, and nothing waits"
    assert [world.row(each).state for each in (lea, luc, lou)] == ["paid", "paid", "lapsed"]
    assert desk.decide(late, "send back") == "discarded"
    desk.check()


def test_a_deadline_waits_for_its_statement_for_some_days_alone(desk: Desk) -> None:
    world, number = desk.world, desk.number
    lea, luc = world.pledge("lea", number, 12_000), world.pledge("luc", number, 8_000)
    last = closed_yesterday(desk)
    on(desk, last, Booked(12_000, desk.reference(lea)))
    assert world.loan(number).state == "open"
    over = dt.datetime.combine(last + dt.timedelta(days=1), dt.time(), dt.UTC)
    world.shift("loan_campaign", number, deadline_at=over - dt.timedelta(days=5))
    assert service.settle_due(desk.stores) == 1 and world.loan(number).state == "failed"
    assert (world.row(luc).state, world.balance("lea", number, "due")) == ("released", 12_000)
    on(desk, last, Booked(8_000, desk.reference(luc)))
    assert desk.entries("invalid")[0].reasons == ["The pledge it names has ended with the campaign."]
    desk.check()
