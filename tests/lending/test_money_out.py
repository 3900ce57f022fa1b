"""Payments leave: two people, one file, paid when the statement shows it; and what comes back."""

from __future__ import annotations

import pytest
from bank_support import Desk, open_desk
from defusedxml import ElementTree
from loan_support import go_to
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from statement_support import PAYER, Booked

from registry.batches import service as batches
from registry.batches.batch_schemas import Move
from registry.errors import Conflict, Forbidden, Invalid
from registry.lending.bank import again, importing, ordering
from registry.lending.bank.booking import money_there, till_of
from registry.lending.bank.tables import PaymentOrder
from registry.lending.campaigns import service
from registry.lending.campaigns.schemas import CampaignMove
from registry.lending.loans import service as loans
from registry.lending.paying import Payee
from registry.stores.stores import Stores

SHOP = Payee("North workshop OU", "EE382200221020145685")


@pytest.fixture
def desk(stores: Stores) -> Desk:
    return open_desk(stores)


def refunded(desk: Desk, who: str = "lea", amount: int = 5_000) -> None:
    """A pledge that was paid and withdrawn, and its refund proposed."""
    desk.world.withdraw(who, desk.paid(who, amount))
    assert ordering.propose_to_lenders(desk.stores, desk.people["tom"], desk.number, "Withdrawn") == (1, 0)


def test_a_refund_from_withdrawal_to_the_statement(desk: Desk) -> None:
    refunded(desk)
    (order,) = desk.orders()
    assert (order.kind, order.amount_minor, order.payee_iban, order.state) == ("refund", 5_000, PAYER, "proposed")
    assert ordering.propose_to_lenders(desk.stores, desk.people["tia"], desk.number, "Again") == (0, 0)
    with pytest.raises(Conflict, match="No payment is approved"):
        desk.file()
    assert desk.approve(order) == "approved"
    content = desk.file()
    tree = ElementTree.fromstring(content)
    at = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.03"}
    assert [one.text for one in tree.iterfind(".//p:EndToEndId", at)] == [order.end_to_end]
    assert tree.findtext(".//p:DbtrAcct/p:Id/p:IBAN", "", at) == desk.world.loan(desk.number).payee_iban
    with pytest.raises(Conflict, match="No payment is approved"):
        desk.file()
    assert (desk.book("bank"), desk.world.balance("lea", desk.number, "due")) == (-5_000, 5_000), "not paid yet"
    desk.bring(Booked(-5_000, "Refund", e2e=order.end_to_end))
    assert desk.orders()[0].state == "paid" and desk.entries()[-1].order_id == order.id
    assert (desk.book("bank"), desk.world.balance("lea", desk.number, "due")) == (0, 0)
    desk.check()


def test_row_34_one_alone_disburses_nothing(desk: Desk) -> None:
    refunded(desk)
    (order,) = desk.orders()
    with pytest.raises(Conflict, match="A second person"):
        desk.approve(order, by="tom")
    for who in ("lea", "olga", "sue"):
        with pytest.raises(Forbidden):
            desk.approve(order, by=who)
    with pytest.raises(Conflict, match="No payment is approved"):
        desk.file()
    with pytest.raises(DBAPIError), desk.stores.db.transaction() as session:  # nor by a way round the rules
        session.execute(text(
            "INSERT INTO bank_act (campaign_id, order_id, number, action, became, why, account_id, at) SELECT "
            "campaign_id, order_id, 2, 'approve', 'approved', '', account_id, at FROM bank_act "
            "WHERE action = 'propose'"
        ))  # fmt: skip
    for attempt in ("UPDATE payment_order SET payee_iban = 'x'", "UPDATE payment_order SET amount_minor = 1",
                    "DELETE FROM payment_order"):  # fmt: skip
        with pytest.raises(DBAPIError), desk.stores.db.transaction() as session:
            session.execute(text(attempt))
    assert desk.approve(order) == "approved"
    with pytest.raises(Conflict, match="nothing to approve"):
        desk.approve(order)


def test_as_many_approve_as_the_policy_says(desk: Desk) -> None:
    desk.world.change_policy(approvers="approvers = 3")
    refunded(desk)
    (order,) = desk.orders()
    assert desk.approve(order) == "proposed"
    with pytest.raises(Conflict, match="approved this payment already"):
        desk.approve(order)
    from registry.lending.campaigns import treasurers
    from registry.lending.campaigns.schemas import TreasurerWish

    treasurers.name(desk.stores, desk.people["sue"], TreasurerWish(handle="vera", why="A third"))
    assert desk.approve(order, by="vera") == "approved"


def test_a_refund_to_a_closed_account_comes_back_into_the_queue(desk: Desk) -> None:
    refunded(desk)
    (order,) = desk.orders()
    desk.approve(order)
    desk.file()
    desk.bring(Booked(-5_000, "Refund", e2e=order.end_to_end))
    desk.bring(Booked(5_000, "Retoure", e2e=order.end_to_end, returned="AC04"))
    entry = desk.entries("invalid")[0]
    assert entry.reasons == [f"The bank has returned payment {order.end_to_end}: the account is closed."]
    assert (desk.book("unmatched"), desk.world.balance("lea", desk.number, "due")) == (5_000, 0), "not by itself"
    assert desk.decide(entry, "take back", why="Account closed, lea is asked") == "matched"
    assert (desk.orders()[0].state, desk.world.balance("lea", desk.number, "due")) == ("returned", 5_000)
    desk.check()
    # The lender names another account, and is paid there.
    from registry.lending.campaigns import pledging
    from registry.lending.campaigns.schemas import ChoiceWish, PayoutWish

    pledging.choose(desk.stores, desk.people["lea"], order.pledge_id or 0, ChoiceWish(
        payout=PayoutWish(name="Lea Other", iban="EE382200221020145685")))  # fmt: skip
    assert ordering.propose_to_lenders(desk.stores, desk.people["tia"], desk.number, "Once more") == (1, 0)
    another = desk.orders()[1]
    assert another.payee_name == "Lea Other" and another.end_to_end != order.end_to_end
    desk.approve(another, by="tom")
    desk.file()
    desk.bring(Booked(-5_000, "Refund", e2e=another.end_to_end))
    assert [one.state for one in desk.orders()] == ["returned", "paid"]
    desk.check()


def test_what_left_otherwise_than_ordered_is_asked_about(desk: Desk) -> None:
    refunded(desk)
    (order,) = desk.orders()
    desk.bring(Booked(-5_000, "too early", e2e=order.end_to_end))
    assert "should not have left" in desk.entries("invalid")[0].reasons[0]
    with pytest.raises(Conflict):
        desk.decide(desk.entries("invalid")[0], "pays", order=order.id)
    desk.approve(order)
    assert desk.decide(desk.entries("invalid")[0], "pays", order=order.id) == "matched"
    assert (desk.orders()[0].state, desk.book("unexplained")) == ("paid", 0)
    assert desk.world.balance("lea", desk.number, "due") == 0
    desk.check()


def test_a_refused_order_lets_its_money_go(desk: Desk) -> None:
    refunded(desk)
    (order,) = desk.orders()
    with pytest.raises(Invalid, match="reason"):
        ordering.refuse(desk.stores, desk.people["tia"], desk.number, order.id or 0, " ")
    ordering.refuse(desk.stores, desk.people["tia"], desk.number, order.id or 0, "Wrong account")
    with pytest.raises(Conflict):
        desk.approve(order)
    assert ordering.propose_to_lenders(desk.stores, desk.people["tom"], desk.number, "Anew") == (1, 0)
    told = [(act.action, act.became, act.why) for act in desk.acts() if act.order_id == order.id]
    assert told == [("propose", "proposed", "Withdrawn"), ("refuse", "refused", "Wrong account")]
    desk.check()


def test_decisions_about_what_waits(desk: Desk) -> None:
    luc = desk.world.pledge("luc", desk.number, 4_000)
    desk.bring(Booked(4_500, "from luc, no code"), Booked(700, "a gift"), Booked(300, "who?", iban=""),
               Booked(-250, "Account fee"), Booked(99, "test"))  # fmt: skip
    over, gift, back, fee, test = desk.entries()
    with pytest.raises(Invalid, match="can't be done"):
        desk.decide(fee, "assign", pledge=1)
    with pytest.raises(Invalid, match="reason"):
        desk.decide(gift, "gift", why="")
    assert desk.decide(over, "assign", pledge=1, why="luc wrote to us") == "matched"
    assert desk.world.row(luc).state == "paid"
    assert [(one.kind, one.amount_minor) for one in desk.orders()] == [("send back", 500)]
    with pytest.raises(Conflict, match="nothing to decide"):
        desk.decide(over, "gift")
    assert desk.decide(gift, "gift") == "matched" and desk.entries()[1].reasons == []
    with pytest.raises(Invalid, match="Give name and IBAN"):
        desk.decide(back, "send back")
    assert desk.decide(back, "send back", iban=PAYER) == "discarded"
    assert desk.decide(fee, "charge") == "matched"
    assert desk.decide(test, "discard") == "discarded"
    assert desk.decide(test, "reopen") == "no match" and desk.decide(test, "gift") == "matched"
    assert (desk.book("fund"), desk.book("charges"), desk.book("unexplained")) == (799, -250, 0)
    sent = desk.orders()[1]
    ordering.refuse(desk.stores, desk.people["tia"], desk.number, sent.id or 0, "Ask first")
    assert [one.id for one in desk.entries("no match")] == [back.id]
    desk.check()
    told = [(act.action, act.why, act.account_id) for act in desk.acts() if act.entry_id == over.id]
    assert told == [("ask", "No code of a pledge stands in it.", None),
                    ("assign", "luc wrote to us", desk.people["tom"])]  # fmt: skip


def test_two_payments_together_pay_a_pledge(desk: Desk) -> None:
    luc = desk.world.pledge("luc", desk.number, 4_000)
    code = desk.reference(luc)
    desk.bring(Booked(3_500, code))
    with pytest.raises(Conflict, match="paid whole"):
        desk.decide(desk.entries("invalid")[0], "assign", pledge=1)
    assert [one.state for one in desk.entries()] == ["invalid"]
    desk.bring(Booked(700, f"the rest {code}"))
    assert desk.decide(desk.entries("invalid")[1], "assign", pledge=1) == "matched"
    assert [one.state for one in desk.entries()] == ["matched", "matched"]
    assert desk.world.row(luc).state == "paid" and [one.amount_minor for one in desk.orders()] == [200]
    desk.check()


def test_row_28_a_payment_that_was_taken_back_ends_its_pledge_once_a_treasurer_says_so(desk: Desk) -> None:
    lea = desk.paid("lea", 5_000)
    desk.bring(Booked(-5_000, "Recall", name="lea", returned="FOCR"))
    entry = desk.entries("invalid")[0]
    assert "called it back" in entry.reasons[0]
    assert (desk.world.row(lea).state, desk.world.balance("lea", desk.number, "loan")) == ("paid", 5_000)
    assert desk.decide(entry, "charge back", pledge=1, why="lea's bank recalled it") == "matched"
    assert (desk.world.row(lea).state, desk.world.balance("lea", desk.number, "loan")) == ("withdrawn", 0)
    assert (desk.book("unexplained"), desk.world.balance("lea", desk.number, "due")) == (0, 0)
    desk.check()


def test_a_disbursement_after_the_cooling_off_to_the_account_that_the_workshop_gave(desk: Desk) -> None:
    number, tom = desk.number, desk.people["tom"]
    for who in ("lea", "luc"):
        desk.paid(who, 10_000)
    with pytest.raises(Conflict):
        ordering.propose_disbursement(desk.stores, tom, number, "materials", "Wood is to be bought")
    desk.fund()
    with pytest.raises(Conflict, match="has not said"):
        ordering.propose_disbursement(desk.stores, tom, number, "materials", "Wood is to be bought")
    shop = desk.world.loan(number).fabricator_id
    with pytest.raises(Forbidden):
        ordering.set_fabricator_payee(desk.stores, desk.people["lea"], shop, SHOP)
    ordering.set_fabricator_payee(desk.stores, desk.people["otto"], shop, SHOP)
    with pytest.raises(Conflict):
        ordering.propose_disbursement(desk.stores, tom, number, "made", "Out of turn")
    ordering.propose_disbursement(desk.stores, tom, number, "materials", "Wood is to be bought")
    with pytest.raises(Conflict, match="ordered or paid"):
        ordering.propose_disbursement(desk.stores, tom, number, "materials", "Twice")
    (order,) = desk.orders()
    assert (order.amount_minor, order.payee_iban) == (12_000, SHOP.iban)
    with desk.stores.db.transaction() as session:
        assert money_there(session, till_of(desk.world.loan(number))) == 8_000, "what is ordered is spoken for"
    desk.approve(order)
    desk.file()
    desk.bring(Booked(-12_000, "Loan", name="North", iban=SHOP.iban, e2e=order.end_to_end))
    assert desk.world.loan(number).state == "materials paid"
    assert (desk.book("owes"), desk.book("bank")) == (-12_000, -8_000)
    # What is paid back at once reaches the lenders, and leaves to them.
    desk.bring(Booked(2_000, importing.repayment_reference(number)))
    assert desk.world.balance("lea", number, "due") == desk.world.balance("luc", number, "due") == 1_000
    assert ordering.propose_to_lenders(desk.stores, tom, number, "First instalment") == (2, 0)
    assert {one.kind for one in desk.orders()[1:]} == {"repayment"}
    for one in desk.orders()[1:]:
        desk.approve(one)
    desk.file()
    desk.bring(*(Booked(-1_000, "Repayment", e2e=one.end_to_end) for one in desk.orders()[1:]))
    assert desk.world.balance("lea", number, "due") == desk.world.balance("luc", number, "due") == 0
    assert {one.state for one in desk.orders()} == {"paid"}
    desk.check()


def test_payments_in_other_currencies_are_entered_at_the_bank_by_hand(stores: Stores) -> None:
    desk = open_desk(stores, "JPY")
    refunded(desk)
    (order,) = desk.orders()
    desk.approve(order)
    with pytest.raises(Invalid, match="euros alone"):
        desk.file()
    ordering.send_by_hand(desk.stores, desk.people["tom"], desk.number, order.id or 0, "Entered online")
    desk.bring(Booked(-5_000, f"Refund {order.end_to_end}"))
    assert desk.orders()[0].state == "paid"
    desk.check()


def test_more_than_there_is_is_not_ordered(desk: Desk) -> None:
    refunded(desk)
    desk.bring(Booked(-250, "Fee"))
    ordering.refuse(desk.stores, desk.people["tia"], desk.number, desk.orders()[0].id or 0, "Look again")
    with pytest.raises(Conflict, match="holds less"):
        ordering.propose_to_lenders(desk.stores, desk.people["tom"], desk.number, "Again")


def ordered(desk: Desk) -> PaymentOrder:
    """A funded loan whose first part is proposed."""
    for who in ("lea", "luc"):
        desk.paid(who, 10_000)
    desk.fund()
    ordering.set_fabricator_payee(desk.stores, desk.people["otto"], desk.world.loan(desk.number).fabricator_id, SHOP)
    ordering.propose_disbursement(desk.stores, desk.people["tom"], desk.number, "materials", "Wood is to be bought")
    return desk.orders()[-1]


def call_off(desk: Desk) -> None:
    service.move(desk.stores, desk.people["olga"], desk.number, CampaignMove(action="call off", why="No wood"))


def test_what_was_ordered_for_a_loan_that_has_ended_does_not_leave(desk: Desk) -> None:
    order = ordered(desk)
    assert desk.approve(order) == "approved"
    call_off(desk)
    with pytest.raises(Conflict, match="may not leave"):
        ordering.send_by_hand(desk.stores, desk.people["tom"], desk.number, order.id or 0, "By hand")
    with pytest.raises(Conflict, match="No payment is approved"):
        desk.file()
    ordering.keep(desk.stores)
    assert [one.state for one in desk.orders()] == ["refused"]
    # All of it is there for those who lent it.
    assert ordering.propose_to_lenders(desk.stores, desk.people["tom"], desk.number, "Sent back") == (2, 0)
    assert [one.amount_minor for one in desk.orders()[1:]] == [10_000, 10_000]
    desk.check()


def test_a_part_ordered_for_a_batch_that_is_cancelled_goes_back_to_the_lenders(desk: Desk) -> None:
    order = ordered(desk)
    desk.approve(order)
    desk.file()
    desk.bring(Booked(-12_000, "Loan", name="North", iban=SHOP.iban, e2e=order.end_to_end))
    go_to(desk.world, desk.number, "made")
    ordering.propose_disbursement(desk.stores, desk.people["tom"], desk.number, "made", "It is made")
    assert desk.world.loan(desk.number).state == "materials paid"
    batch = desk.world.loan(desk.number).batch_id
    batches.move(desk.stores, desk.people["olga"], batch, Move(action="cancel", why="Worms"))
    with pytest.raises(Conflict, match="may not leave"):
        desk.approve(desk.orders()[-1])
    loans.look_after(desk.stores)
    ordering.keep(desk.stores)
    assert (desk.orders()[-1].state, desk.world.loan(desk.number).state) == ("refused", "repaying")
    assert desk.world.balance("lea", desk.number, "due") == desk.world.balance("luc", desk.number, "due") == 4_000
    desk.check()


def test_what_is_with_the_bank_is_not_called_off(desk: Desk) -> None:
    order = ordered(desk)
    desk.approve(order)
    desk.file()
    with pytest.raises(Conflict, match="with the bank"):
        call_off(desk)
    batch = desk.world.loan(desk.number).batch_id
    batches.move(desk.stores, desk.people["olga"], batch, Move(action="cancel", why="Worms"))
    service.settle_due(desk.stores)
    assert desk.world.loan(desk.number).state == "funded", "the statement decides"
    desk.bring(Booked(-12_000, "Loan", name="North", iban=SHOP.iban, e2e=order.end_to_end))
    loans.look_after(desk.stores)
    assert (desk.world.loan(desk.number).state, desk.book("owes")) == ("repaying", -12_000)
    assert desk.world.balance("lea", desk.number, "due") == desk.world.balance("luc", desk.number, "due") == 4_000
    desk.check()


def test_what_was_above_a_pledge_is_sent_anew_when_it_comes_back(desk: Desk) -> None:
    lea = desk.world.pledge("lea", desk.number, 5_000)
    desk.bring(Booked(6_000, desk.reference(lea)))
    assert desk.decide(desk.entries()[0], "assign", pledge=1) == "matched"
    (first,) = desk.orders()
    tom = desk.people["tom"]
    with pytest.raises(Conflict, match="not to be sent again"):
        again.send_again(desk.stores, tom, desk.number, first.id or 0, "It is on its way")
    ordering.refuse(desk.stores, tom, desk.number, first.id or 0, "Another account is wanted")
    assert (desk.book("unmatched"), desk.entries("no match")) == (1_000, [])
    second = again.send_again(desk.stores, tom, desk.number, first.id or 0, "To the other account", iban=SHOP.iban)
    with pytest.raises(Conflict, match="not to be sent again"):
        again.send_again(desk.stores, tom, desk.number, first.id or 0, "Twice")
    order = desk.orders()[-1]
    assert (order.id, order.amount_minor, order.payee_iban) == (second, 1_000, SHOP.iban)
    desk.approve(order)
    desk.file()
    desk.bring(Booked(-1_000, "Sent back", e2e=order.end_to_end))
    assert desk.book("unmatched") == 0
    desk.check()
