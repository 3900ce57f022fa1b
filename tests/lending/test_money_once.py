"""What was given back, sent anew, gifted or written off is not moved a second time by what came before it."""

from __future__ import annotations

import datetime as dt

import pytest
from bank_support import Desk, open_desk
from loan_support import days_pass, figure, go_to, out, sound, state
from statement_support import IBAN, Booked, camt

from registry.errors import Conflict
from registry.lending.bank import again, importing, ordering, queries
from registry.lending.bank.importing import Upload
from registry.lending.bank.tables import PaymentOrder
from registry.lending.loans import sales, service, taking_back
from registry.lending.loans.schemas import SaleWish, WhyWish
from registry.lending.paying import Payee
from registry.stores.stores import Stores

SHOP = Payee("North workshop OU", "EE382200221020145685")


@pytest.fixture
def desk(stores: Stores) -> Desk:
    return open_desk(stores)


def sent(desk: Desk, order: PaymentOrder) -> PaymentOrder:
    desk.approve(order)
    desk.file()
    desk.bring(Booked(-order.amount_minor, "Sent", iban=order.payee_iban, e2e=order.end_to_end))
    return order


def paid_out(desk: Desk) -> None:
    """A loan of 200.00, paid out by the statement."""
    for who in ("lea", "luc"):
        desk.paid(who, 10_000)
    desk.fund()
    ordering.set_fabricator_payee(desk.stores, desk.people["otto"], desk.world.loan(desk.number).fabricator_id, SHOP)
    for stage in ("materials", "made", "shipped"):
        go_to(desk.world, desk.number, stage)
        ordering.propose_disbursement(desk.stores, desk.people["tom"], desk.number, stage, "Its turn")
        sent(desk, desk.orders()[-1])
    assert (state(desk.world, desk.number), desk.book("owes")) == ("disbursed", -20_000)


def test_a_part_that_came_back_and_went_to_the_lenders_of_a_late_loan_is_not_paid_again(desk: Desk) -> None:
    paid_out(desk)
    desk.bring(Booked(1_000, "from the workshop"))
    desk.decide(desk.entries("no match")[-1], "repayment")
    order = desk.orders()[-1]
    desk.bring(Booked(order.amount_minor, "Retoure", e2e=order.end_to_end, returned="AC04"))
    back = desk.entries("invalid")[-1]
    desk.decide(back, "take back")
    days_pass(desk.world, desk.number, 200)
    assert state(desk.world, desk.number) == "in arrears"
    sound(desk.world, desk.number)
    debt = figure(desk.world, desk.number, "owes")
    desk.bring(Booked(-debt - 500, "from the workshop"))
    desk.decide(desk.entries("no match")[-1], "repayment")
    days_pass(desk.world, desk.number, -300)
    with pytest.raises(Conflict, match="not to be sent again"):
        again.send_again(desk.stores, desk.people["tom"], desk.number, order.id or 0, "Once more")
    with pytest.raises(Conflict):
        ordering.propose_disbursement(desk.stores, desk.people["tom"], desk.number, order.subject, "Once more")
    with pytest.raises(Conflict, match="can't be undone"):
        desk.decide(back, "undo")
    with pytest.raises(Conflict):
        again.give_back(desk.stores, desk.people["tom"], desk.number, order.id or 0, "Once more")
    desk.check()


def test_an_assignment_whose_rest_was_sent_anew_is_not_undone(desk: Desk) -> None:
    luc = desk.world.pledge("luc", desk.number, 4_000)
    desk.bring(Booked(4_200, f"too much {desk.reference(luc)}"), Booked(300, "another's"))
    first, _ = desk.entries()
    desk.decide(first, "assign", pledge=1)
    order = desk.orders()[0]
    ordering.refuse(desk.stores, desk.people["tia"], desk.number, order.id or 0, "Wrong account")
    again.send_again(desk.stores, desk.people["tom"], desk.number, order.id or 0, "Anew")
    anew = sent(desk, desk.orders()[-1])
    with pytest.raises(Conflict, match="can't be undone"):
        desk.decide(first, "undo")
    assert anew.amount_minor == 200
    desk.check()


def test_what_was_decided_otherwise_since_is_not_undone_with_another_booking(desk: Desk) -> None:
    luc = desk.world.pledge("luc", desk.number, 4_000)
    code = desk.reference(luc)
    desk.bring(Booked(2_500, f"one {code}"), Booked(1_500, f"two {code}"), Booked(1_501, f"three {code}"))
    one, two, _ = desk.entries()
    desk.decide(one, "assign", pledge=1)
    desk.decide(one, "undo")
    desk.decide(two, "gift")
    desk.decide(one, "assign", pledge=1)
    assert desk.world.row(luc).state == "paid"
    desk.decide(one, "undo")
    assert [entry.state for entry in desk.entries()] == ["no match", "matched", "no match"]
    assert (desk.book("fund"), desk.book("unmatched")) == (1_500, 4_001)
    desk.check()


def test_a_repayment_is_not_undone_once_the_loan_is_written_off(stores: Stores) -> None:
    desk = open_desk(stores)
    number = out(desk.world, (8_000, 7_000, 5_000))
    desk = Desk(desk.world, number)
    long_ago = Booked(2_000, "from the workshop", day=desk.world.today() - dt.timedelta(days=300))
    file = Upload(camt([long_ago], 0, iban=desk.world.loan(number).payee_iban))
    importing.bring(stores, desk.people["tom"], number, file)
    (entry,) = desk.entries()
    desk.decide(entry, "repayment")
    days_pass(desk.world, number, 400)
    service.write_off(stores, desk.world.people["tom"], number, WhyWish(why="Closed"))
    sound(desk.world, number)
    with pytest.raises(Conflict, match="can't be undone"):
        desk.decide(entry, "undo")
    service.look_after(stores)
    sound(desk.world, number)


def test_the_funds_part_of_a_sale_taken_back_is_not_owed_again(stores: Stores) -> None:
    desk = open_desk(stores)
    number = out(desk.world, (8_000, 7_000, 5_000))
    desk = Desk(desk.world, number)
    sale = SaleWish(price_minor=2_600, sold_on=desk.world.today(), key="a")
    sales.sell(stores, desk.world.people["olga"], number, sale)
    desk.bring(Booked(130, "the fund's"), iban=desk.world.loan(number).payee_iban)
    (entry,) = desk.entries()
    desk.decide(entry, "commons")
    taking_back.take_back(stores, desk.world.people["olga"], number, 1, WhyWish(why="It came back"))
    with pytest.raises(Conflict, match="can't be undone"):
        desk.decide(entry, "undo")
    sound(desk.world, number)


def test_what_came_back_and_was_set_aside_comes_into_the_queue_again(desk: Desk) -> None:
    desk.world.withdraw("lea", desk.paid("lea", 5_000))
    ordering.propose_to_lenders(desk.stores, desk.people["tom"], desk.number, "Withdrawn")
    order = sent(desk, desk.orders()[0])
    desk.bring(Booked(5_000, "Retoure", e2e=order.end_to_end, returned="AC04"))
    (back,) = desk.entries("invalid")
    desk.decide(back, "discard")
    with desk.stores.db.reading() as session:
        shown = queries.get_entry(session, desk.people["tom"], desk.number, back.id or 0)
    assert list(shown.actions) == ["reopen"] and not shown.decided
    assert desk.decide(back, "reopen") == "no match" and desk.decide(back, "take back") == "matched"
    assert desk.world.balance("lea", desk.number, "due") == 5_000
    desk.check()


def test_what_is_given_back_to_the_lenders_sales_owe_them_no_longer(desk: Desk) -> None:
    paid_out(desk)
    order = desk.orders()[-1]
    desk.bring(Booked(order.amount_minor, "Retoure", e2e=order.end_to_end, returned="AC04"))
    desk.decide(desk.entries("invalid")[-1], "take back")
    sale = SaleWish(price_minor=2_600, sold_on=desk.world.today(), key="a")
    sales.sell(desk.stores, desk.people["olga"], desk.number, sale)
    desk.bring(Booked(-figure(desk.world, desk.number, "owes") - 500, "from the workshop"))
    desk.decide(desk.entries("no match")[-1], "repayment")
    sale = SaleWish(price_minor=2_600, sold_on=desk.world.today(), key="b")
    sales.sell(desk.stores, desk.people["olga"], desk.number, sale)
    again.give_back(desk.stores, desk.people["tom"], desk.number, order.id or 0, "The workshop is closed")
    assert (
        figure(desk.world, desk.number, "promised")
        == 500
        == sum(desk.world.balance(who, desk.number, "loan") for who in ("lea", "luc"))
    )
    sound(desk.world, desk.number)


def test_an_account_that_serves_another_campaign_now_is_counted_in_that_one_alone(desk: Desk) -> None:
    desk.world.over(desk.number)
    assert state(desk.world, desk.number) == "failed"
    later = Desk(desk.world, desk.world.campaign(batch=desk.world.batch(), payee_iban=IBAN))
    file = later.upload(Booked(700, "a gift"))
    for act in (importing.look, importing.bring):
        with pytest.raises(Conflict, match=f"the bank account of campaign {later.number} now"):
            act(desk.stores, desk.people["tom"], desk.number, file)
    assert importing.bring(desk.stores, desk.people["tom"], later.number, file).fresh == 1
    assert (desk.book("bank"), later.book("bank")) == (0, -700)


def test_what_is_above_a_pledge_may_be_as_much_as_its_booking_and_is_not_it(desk: Desk) -> None:
    luc = desk.world.pledge("luc", desk.number, 4_000)
    code = desk.reference(luc)
    desk.bring(Booked(1_500, f"one {code}"), Booked(1_300, f"two {code}"), Booked(2_700, f"three {code}"))
    one, *_ = desk.entries()
    desk.decide(one, "assign", pledge=1)
    (order,) = desk.orders()
    ordering.refuse(desk.stores, desk.people["tia"], desk.number, order.id or 0, "Wrong account")
    assert [entry.state for entry in desk.entries()] == ["matched"] * 3
    desk.decide(one, "undo")
    assert [entry.state for entry in desk.entries()] == ["no match"] * 3
    assert (desk.book("unmatched"), desk.world.row(luc).state) == (5_500, "unpaid")
    desk.check()
