"""Decisions about bookings are undone by transfers of their own, as long as what they moved is still there."""

from __future__ import annotations

import pytest
from bank_support import Desk, client_of, open_desk
from flask import Flask
from loan_support import out
from statement_support import PAYER, Booked
from web_support import bearer, form_token

from registry.accounts import service as accounts
from registry.designs.tables import Design
from registry.errors import Conflict
from registry.lending.bank import again, funds, ordering, queries
from registry.lending.bank.tables import BankEntry
from registry.lending.loans import sales, taking_back
from registry.lending.loans.schemas import SaleWish, WhyWish
from registry.lending.paying import Payee
from registry.stores.stores import Stores


@pytest.fixture
def desk(stores: Stores) -> Desk:
    return open_desk(stores)


def undo(desk: Desk, entry: BankEntry) -> BankEntry:
    assert desk.decide(entry, "undo", why="It was another's") == "no match"
    desk.check()
    return next(one for one in desk.entries("no match") if one.id == entry.id)


def why_not(desk: Desk, entry: BankEntry) -> str:
    """The sentence that the page shows, and with which undoing is refused."""
    with desk.stores.db.reading() as session:
        said = queries.get_entry(session, desk.people["tom"], desk.number, entry.id or 0).undo_why_not
    assert said
    with pytest.raises(Conflict, match="can't be undone") as refused:
        desk.decide(entry, "undo", why="It was another's")
    assert said in refused.value.message
    return said


def test_gifts_charges_and_what_was_to_be_sent_back(desk: Desk) -> None:
    desk.bring(Booked(700, "a gift"), Booked(-250, "Fee"), Booked(300, "who?"), Booked(99, "test"))
    gift, fee, back, test = desk.entries()
    assert "Nothing is decided" in why_not_waiting(desk, gift)
    for one, action in ((gift, "gift"), (fee, "charge"), (back, "send back"), (test, "discard")):
        desk.decide(one, action)
    assert "set aside" in why_not_waiting(desk, test)
    assert undo(desk, gift).reasons == ["A decision was undone: It was another's"]
    undo(desk, fee)
    undo(desk, back)
    assert (desk.book("fund"), desk.book("charges"), desk.book("unexplained"), desk.book("unmatched")) == (
        0, 0, -250, 1_099)  # fmt: skip
    (order,) = desk.orders()
    assert order.state == "undone"
    with pytest.raises(Conflict, match="not to be sent again"):
        again.send_again(desk.stores, desk.people["tom"], desk.number, order.id or 0, "Twice")
    # Decided anew, and undone once more: each is booked by itself.
    assert desk.decide(gift, "gift") == "matched"
    undo(desk, gift)
    assert desk.decide(back, "send back") == "discarded"
    desk.approve(desk.orders()[1])
    desk.file()
    assert "is with the bank" in why_not(desk, back)
    desk.bring(Booked(-300, "Sent back", e2e=desk.orders()[1].end_to_end))
    assert why_not(desk, back) == "The money has left."
    desk.check()


def why_not_waiting(desk: Desk, entry: BankEntry) -> str:
    with pytest.raises(Conflict, match="can't be undone") as refused:
        desk.decide(entry, "undo", why="It was another's")
    return refused.value.message


def test_a_gift_that_the_fund_has_spent_or_got_stays(desk: Desk) -> None:
    with desk.stores.db.transaction() as session:
        session.get_one(Design, 1).owner_id = desk.people["ada"]
    desk.bring(Booked(700, "a gift"))
    (gift,) = desk.entries()
    desk.decide(gift, "gift")
    funds.set_fund_payee(desk.stores, desk.people["ada"], "bench", Payee("Bench", "EE382200221020145685"))
    order = funds.propose_pay_over(desk.stores, desk.people["tom"], desk.number, "The fund's")
    assert "paid over to the fund's own account" in why_not(desk, gift)
    ordering.refuse(desk.stores, desk.people["tia"], desk.number, order, "Wait")
    undo(desk, gift)


def test_an_assignment_is_undone_while_the_campaign_is_open(desk: Desk) -> None:
    luc = desk.world.pledge("luc", desk.number, 4_000)
    desk.bring(Booked(3_500, desk.reference(luc)), Booked(700, f"the rest {desk.reference(luc)}"))
    first, second = desk.entries()
    assert desk.decide(first, "assign", pledge=1) == "matched"
    assert desk.world.row(luc).state == "paid" and [one.amount_minor for one in desk.orders()] == [200]
    assert "together with another booking" in why_not(desk, second)
    undo(desk, first)
    assert [one.state for one in desk.entries()] == ["no match", "no match"]
    assert (desk.world.row(luc).state, desk.book("unmatched"), desk.orders()[0].state) == ("unpaid", 4_200, "undone")
    assert desk.decide(first, "assign", pledge=1) == "matched" and desk.world.row(luc).state == "paid"
    lea = desk.paid("lea", 16_000)
    assert desk.world.row(lea).state == "paid" and "by itself" in why_not(desk, desk.entries()[2])
    desk.fund()
    assert "campaign is funded" in why_not(desk, first)
    desk.check()


def test_what_came_back_and_what_was_a_payment_of_ours(desk: Desk) -> None:
    desk.world.withdraw("lea", desk.paid("lea", 5_000))
    ordering.propose_to_lenders(desk.stores, desk.people["tom"], desk.number, "Withdrawn")
    (order,) = desk.orders()
    desk.approve(order)
    desk.bring(Booked(-5_000, "no code"))
    (left,) = desk.entries("no match")
    desk.decide(left, "pays", order=order.id)
    assert (desk.orders()[0].state, desk.world.balance("lea", desk.number, "due")) == ("paid", 0)
    undo(desk, left)
    assert (desk.orders()[0].state, desk.book("unexplained")) == ("approved", -5_000)
    assert ordering.propose_to_lenders(desk.stores, desk.people["tom"], desk.number, "Again") == (0, 0), "held anew"
    desk.decide(left, "pays", order=order.id)
    desk.bring(Booked(5_000, "Retoure", e2e=order.end_to_end, returned="AC04"))
    (back,) = desk.entries("invalid")
    desk.decide(back, "take back")
    assert "came back" not in why_not(desk, left) and desk.world.balance("lea", desk.number, "due") == 5_000
    undo(desk, back)
    assert (desk.orders()[0].state, desk.world.balance("lea", desk.number, "due")) == ("paid", 0)
    desk.decide(back, "take back", order=order.id)
    again.send_again(desk.stores, desk.people["tom"], desk.number, order.id or 0, "Anew", iban="EE382200221020145685")
    assert "ordered or decided anew" in why_not(desk, back)
    desk.check()


def test_a_repayment_is_booked_back_until_lenders_are_paid_from_it(stores: Stores) -> None:
    desk = open_desk(stores)
    number = out(desk.world, (8_000, 7_000, 5_000))
    desk = Desk(desk.world, number)
    desk.bring(Booked(2_000, "from the workshop"), iban=desk.world.loan(number).payee_iban)
    (entry,) = desk.entries()
    sale = SaleWish(price_minor=2_600, sold_on=desk.world.today(), key="a")
    sales.sell(stores, desk.world.people["olga"], number, sale)
    desk.decide(entry, "repayment")
    assert (desk.book("owes"), desk.world.loan(number).state) == (-18_000, "repaying")
    desk.decide(entry, "undo")
    assert (desk.book("owes"), desk.book("unmatched")) == (-20_000, 2_000)
    assert [desk.world.balance(who, number, "due") for who in ("lea", "luc", "lou")] == [0, 0, 0]
    assert [desk.world.balance(who, number, "loan") for who in ("lea", "luc", "lou")] == [8_000, 7_000, 5_000]
    desk.decide(entry, "repayment")
    taking_back.take_back(stores, desk.world.people["olga"], number, 1, WhyWish(why="It came back"))
    assert "A sale was taken back" in why_not(desk, entry)


def test_by_page_and_json(app: Flask, desk: Desk) -> None:
    desk.bring(Booked(700, "a gift"), Booked(300, "another", name="Bob", iban=PAYER))
    gift, other = desk.entries()
    here = f"/lending/{desk.number}/bank/queue/{gift.id}"
    tom = client_of(app, desk, "tom")
    desk.decide(gift, "gift")
    assert "Undo what was decided" in tom.get(here).text
    token = form_token(tom, here)
    empty = tom.post(here, data={"csrf_token": token, "action": "undo", "why": ""})
    assert empty.status_code == 422 and "<details open><summary>Undo" in empty.text
    assert tom.post(here, data={"csrf_token": token, "action": "undo", "why": "It is Bob's"}).status_code == 303
    page = tom.get(here).text
    assert "Undone" in page and "Undo what was decided" not in page and desk.book("fund") == 0
    api = f"/api/v1/lending/campaigns/{desk.number}/bank/bookings/{other.id}"
    token_of = bearer(accounts.make_token_for(desk.stores, "tom", "test").secret)
    client = app.test_client()
    client.post(api, json={"action": "gift", "why": "Given"}, headers=token_of)
    found = client.post(api, json={"action": "undo", "why": "Not given"}, headers=token_of)
    assert found.status_code == 200 and found.json["state"] == "no match" and not found.json["decided"]
    refused = client.post(api, json={"action": "undo", "why": "Twice"}, headers=token_of)
    assert refused.status_code == 409 and "Nothing is decided" in refused.json["detail"]
