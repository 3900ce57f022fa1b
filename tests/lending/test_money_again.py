"""What the bank sent back is paid anew, once; what it carried out though refused here is told, and taken once."""

from __future__ import annotations

import pytest
from bank_support import Desk, client_of, open_desk
from flask import Flask
from loan_support import figure, go_to
from sqlmodel import select
from statement_support import Booked

from registry.batches import service as batches
from registry.batches.batch_schemas import Move
from registry.errors import Conflict, Invalid
from registry.lending.bank import again, ordering
from registry.lending.bank.tables import PaymentOrder
from registry.lending.loans import queries as loans
from registry.lending.loans import service as loan_service
from registry.lending.paying import Payee
from registry.notices import bank_sources, collecting
from registry.notices.tables import Notice
from registry.stores.stores import Stores

SHOP = Payee("North workshop OU", "EE382200221020145685")


@pytest.fixture
def desk(stores: Stores) -> Desk:
    return open_desk(stores)


def sent(desk: Desk, order: PaymentOrder) -> PaymentOrder:
    """An order that the statement has shown."""
    desk.approve(order)
    desk.file()
    desk.bring(Booked(-order.amount_minor, "Sent", iban=order.payee_iban, e2e=order.end_to_end))
    return order


def comes_back(desk: Desk, order: PaymentOrder) -> None:
    desk.bring(Booked(order.amount_minor, "Retoure", e2e=order.end_to_end, returned="AC04"))
    desk.decide(desk.entries("invalid")[-1], "take back")


def materials(desk: Desk) -> PaymentOrder:
    """The first part of a loan of 200.00, ordered."""
    for who in ("lea", "luc"):
        desk.paid(who, 10_000)
    desk.fund()
    ordering.set_fabricator_payee(desk.stores, desk.people["otto"], desk.world.loan(desk.number).fabricator_id, SHOP)
    ordering.propose_disbursement(desk.stores, desk.people["tom"], desk.number, "materials", "Wood is to be bought")
    return desk.orders()[-1]


def once_more(desk: Desk, order: PaymentOrder, by: str = "tom", **more: str) -> PaymentOrder:
    made = again.send_again(desk.stores, desk.people[by], desk.number, order.id or 0, "Once more", **more)
    found = desk.orders()[-1]
    assert found.id == made
    return found


def test_a_part_of_the_loan_that_came_back_is_paid_anew_once(desk: Desk) -> None:
    order = sent(desk, materials(desk))
    assert (desk.world.loan(desk.number).state, desk.book("owes")) == ("materials paid", -12_000)
    with pytest.raises(Conflict, match="not to be sent again"):
        once_more(desk, order)
    comes_back(desk, order)
    assert (desk.world.loan(desk.number).state, desk.book("owes"), desk.book("bank")) == ("materials paid", 0, -20_000)
    with desk.stores.db.reading() as session:
        loan = loans.get_loan(session, desk.number)
    assert loan.paid_out_minor == 0 and loan.tranches[0].came_back and loan.tranches[0].ready
    with pytest.raises(Invalid, match="that the workshop has named"):
        once_more(desk, order, iban=SHOP.iban)
    second = once_more(desk, order)
    assert (second.kind, second.subject, second.amount_minor) == ("disbursement", "materials", 12_000)
    for attempt in (lambda: once_more(desk, order), lambda: ordering.propose_disbursement(
            desk.stores, desk.people["tom"], desk.number, "materials", "Twice")):  # fmt: skip
        with pytest.raises(Conflict):
            attempt()
    with pytest.raises(Conflict, match="A second person"):
        desk.approve(second, by="tom")
    comes_back(desk, sent(desk, second))  # twice in a row
    third = sent(desk, once_more(desk, second))
    assert (desk.world.loan(desk.number).state, desk.book("owes"), third.state) == (
        "materials paid",
        -12_000,
        "proposed",
    )
    go_to(desk.world, desk.number, "made")
    ordering.propose_disbursement(desk.stores, desk.people["tom"], desk.number, "made", "It is made")
    sent(desk, desk.orders()[-1])
    assert desk.world.loan(desk.number).state == "made paid" and figure(desk.world, desk.number, "debt") < -12_000
    desk.check()


def test_a_part_that_came_back_may_go_to_the_lenders_and_does_when_the_batch_is_cancelled(desk: Desk) -> None:
    order = sent(desk, materials(desk))
    comes_back(desk, order)
    again.give_back(desk.stores, desk.people["tom"], desk.number, order.id or 0, "The workshop is closed")
    for act in (again.give_back, again.send_again):
        with pytest.raises(Conflict):
            act(desk.stores, desk.people["tom"], desk.number, order.id or 0, "Twice")
    batch = desk.world.loan(desk.number).batch_id
    batches.move(desk.stores, desk.people["olga"], batch, Move(action="cancel", why="Closed"))
    loan_service.look_after(desk.stores)
    assert [desk.world.balance(who, desk.number, "due") for who in ("lea", "luc")] == [10_000, 10_000]
    assert desk.world.loan(desk.number).state == "repaid" and desk.orders()[0].state == "given back"
    desk.check()


def test_a_refund_that_came_back_goes_to_another_account_and_not_to_the_closed_one_by_itself(
    app: Flask, desk: Desk
) -> None:
    desk.world.withdraw("lea", desk.paid("lea", 5_000))
    ordering.propose_to_lenders(desk.stores, desk.people["tom"], desk.number, "Withdrawn")
    order = sent(desk, desk.orders()[0])
    comes_back(desk, order)
    assert ordering.propose_to_lenders(desk.stores, desk.people["tom"], desk.number, "Again") == (0, 1)
    page = client_of(app, desk, "tom").get(f"/lending/{desk.number}/bank/payments").text
    assert "Its money lies here again" in page and "Give it back to the lenders" not in page
    other = once_more(desk, order, name="Lea Other", iban=SHOP.iban)
    assert (other.kind, other.pledge_id, other.payee_iban) == ("refund", order.pledge_id, SHOP.iban)
    with pytest.raises(Conflict, match="not to be sent again"):
        once_more(desk, order)
    ordering.refuse(desk.stores, desk.people["tia"], desk.number, other.id or 0, "Spelt wrongly")
    last = sent(desk, once_more(desk, order, name="Lea Other", iban=SHOP.iban))
    assert [one.state for one in desk.orders()] == ["returned", "refused", "paid"] and last.amount_minor == 5_000
    assert desk.world.balance("lea", desk.number, "due") == 0
    desk.check()
    bank_sources.install()
    collecting.collect(desk.stores)
    with desk.stores.db.reading() as session:
        told = session.exec(select(Notice.title).where(Notice.account_id == desk.people["lea"])).all()
    assert "The bank has sent back 50.00 EUR that was paid to you" in told


def refused(desk: Desk) -> PaymentOrder:
    """A refund that was filed, then refused here; the bank has carried it out all the same."""
    desk.world.withdraw("lea", desk.paid("lea", 5_000))
    ordering.propose_to_lenders(desk.stores, desk.people["tom"], desk.number, "Withdrawn")
    (order,) = desk.orders()
    desk.approve(order)
    desk.file()
    ordering.refuse(desk.stores, desk.people["tia"], desk.number, order.id or 0, "The bank says no")
    return order


def test_what_was_refused_here_and_carried_out_is_told_and_counts_once(app: Flask, desk: Desk) -> None:
    order = refused(desk)
    desk.bring(Booked(-5_000, "Refund", e2e=order.end_to_end))
    (entry,) = desk.entries("invalid")
    assert entry.reasons == [
        f"Payment {order.end_to_end} was refused here, and the bank has carried it out all the same."
    ]
    bank_sources.install()
    collecting.collect(desk.stores)
    with desk.stores.db.reading() as session:
        told = session.exec(select(Notice).where(Notice.link == f"/lending/{desk.number}/bank/queue/{entry.id}")).all()
    assert {one.account_id for one in told} == {desk.people[who] for who in ("tom", "tia")}
    assert "was not to leave" in told[0].title and "refused here" in told[0].text
    page = client_of(app, desk, "tom").get(f"/lending/{desk.number}/bank/queue/{entry.id}").text
    assert "refused here, and the bank" in page and 'value="pays" required checked' in page
    assert desk.decide(entry, "pays", order=order.id) == "matched"
    assert (desk.orders()[0].state, desk.book("unexplained")) == ("paid", 0)
    assert desk.world.balance("lea", desk.number, "due") == 0
    assert ordering.propose_to_lenders(desk.stores, desk.people["tom"], desk.number, "Again") == (0, 0)
    desk.check()


def test_what_was_carried_out_though_refused_and_paid_otherwise_is_no_payment_of_ours(desk: Desk) -> None:
    order = refused(desk)
    ordering.propose_to_lenders(desk.stores, desk.people["tom"], desk.number, "Anew")
    desk.bring(Booked(-5_000, "Refund", e2e=order.end_to_end))
    entry = desk.entries("invalid")[0]
    with pytest.raises(Conflict, match="paid or ordered otherwise"):
        desk.decide(entry, "pays", order=order.id)
    anew = desk.orders()[1]
    ordering.refuse(desk.stores, desk.people["tia"], desk.number, anew.id or 0, "It is paid already")
    assert desk.decide(entry, "pays", order=order.id) == "matched"
    with pytest.raises(Conflict, match="nothing to decide"):
        desk.decide(entry, "pays", order=order.id)
    desk.check()


def test_a_payment_that_a_booking_shows_is_not_refused(desk: Desk) -> None:
    desk.world.withdraw("lea", desk.paid("lea", 5_000))
    ordering.propose_to_lenders(desk.stores, desk.people["tom"], desk.number, "Withdrawn")
    (order,) = desk.orders()
    desk.bring(Booked(-5_000, "too early", e2e=order.end_to_end))
    with pytest.raises(Conflict, match="a booking of it waits"):
        ordering.refuse(desk.stores, desk.people["tia"], desk.number, order.id or 0, "No")
