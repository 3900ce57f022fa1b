"""Payments that came back, or were carried out though refused here: what is still owed is paid once, never twice."""

from __future__ import annotations

from sqlmodel import Session, col, select

from registry.errors import Conflict, Invalid, NotFound
from registry.ledger import queries as ledger
from registry.lending.bank.acts import reason, tell
from registry.lending.bank.funds import KIND as PAY_OVER
from registry.lending.bank.funds import free_for_fund
from registry.lending.bank.holding import source_of
from registry.lending.bank.ordering import fabricator_payee, is_ordered, propose
from registry.lending.bank.rules import QUEUE
from registry.lending.bank.tables import BankEntry, PaymentOrder
from registry.lending.campaigns.tables import LoanCampaign
from registry.lending.campaigns.treasurers import require_treasurer
from registry.lending.loans.payback import give_rest_back, held_loan
from registry.lending.loans.returned import to_pay_again
from registry.lending.loans.rules import next_tranche
from registry.lending.paying import Payee
from registry.stores.stores import Stores


def can_go_again(session: Session, order: PaymentOrder) -> bool:
    """Whether what a payment was for is still owed, lies here again, and nothing else pays it."""
    if order.kind == "disbursement":
        return can_give_back(session, order)
    if order.state not in ("refused", "returned") or order.kind == PAY_OVER or order.for_entry_id is not None:
        return False
    source = source_of(order)
    newer = select(PaymentOrder.id).where(
        PaymentOrder.campaign_id == order.campaign_id, PaymentOrder.subject == instead_of(order)
    )
    if source.role == "unmatched":  # what lies there may be others': once instead of it, and no more
        return session.exec(newer.limit(1)).first() is None
    if order.state != "returned" or session.exec(newer.where(PaymentOrder.state != "refused").limit(1)).first():
        return False
    return (ledger.balance(session, source).available_minor or 0) >= order.amount_minor


def can_give_back(session: Session, order: PaymentOrder) -> bool:
    """Whether a part of the loan lies here again: to be paid anew, or given to the lenders."""
    if order.kind != "disbursement" or order.state != "returned":
        return False
    campaign = session.get_one(LoanCampaign, order.campaign_id)
    waiting = to_pay_again(session, campaign).get(order.subject)
    return waiting is not None and waiting.id == order.id


def instead_of(order: PaymentOrder) -> str:
    """What a payment says that takes the place of another."""
    return f"instead of payment {order.id}"


def _held(session: Session, account_id: int, number: int, order_id: int) -> tuple[LoanCampaign, PaymentOrder]:
    require_treasurer(session, account_id)
    campaign, _ = held_loan(session, number)
    order = session.get(PaymentOrder, order_id, populate_existing=True)
    if order is None or order.campaign_id != number:
        raise NotFound(f"There is no payment {order_id} of campaign {number}.", "Look at the payments.")
    return campaign, order


def send_again(
    stores: Stores, account_id: int, number: int, order_id: int, why: str, name: str = "", iban: str = ""
) -> int:  # fmt: skip
    """Propose anew what came back, or what was to be sent back and was refused; empty: to the same payee.

    A part of the loan goes to the account that the workshop names. Others approve it as any payment.
    Returns: the new payment's id. Raises: Conflict, Forbidden, Invalid, NotFound.
    """
    with stores.db.transaction() as session:
        campaign, order = _held(session, account_id, number, order_id)
        if not can_go_again(session, order):
            raise Conflict(f"Payment {order_id} is not to be sent again from here: nothing waits to be paid by it.",
                           "Look at the queue, at what is due, and at the payments that are ordered.")  # fmt: skip
        if order.kind == "disbursement":
            if name or iban:
                raise Invalid("A part of the loan goes to the account that the workshop has named.",
                              "Ask it to name another.", field="iban")  # fmt: skip
            return propose_tranche_again(session, campaign, order, account_id, why)
        payee = Payee(name.strip() or order.payee_name, iban or order.payee_iban, "" if iban else order.payee_bic)
        return propose(session, campaign, order.kind, source_of(order), order.amount_minor, payee, order.message,
                       by_id=account_id, why=why, subject=instead_of(order),
                       pledge_id=order.pledge_id).id or 0  # fmt: skip


def propose_tranche_again(
    session: Session, campaign: LoanCampaign, order: PaymentOrder, account_id: int, why: str
) -> int:  # fmt: skip
    """A part of the loan that came back, to where the workshop receives money now. Raises: Conflict, Invalid."""
    payee = fabricator_payee(session, campaign.fabricator_id)
    if payee is None:
        raise Conflict("The fabricator has not said where it receives money.", "Ask it to give its account.")
    return propose(session, campaign, order.kind, source_of(order), order.amount_minor, payee, order.message,
                   by_id=account_id, why=why, subject=order.subject).id or 0  # fmt: skip


def give_back(stores: Stores, account_id: int, number: int, order_id: int, why: str) -> None:
    """Let a part of the loan that came back go to the lenders: it will not be paid out. Raises: Conflict, ..."""
    with stores.db.transaction() as session:
        campaign, order = _held(session, account_id, number, order_id)
        if not can_give_back(session, order):
            raise Conflict(f"Payment {order_id} is no part of the loan that lies here again.", "Look at the payments.")
        order.state = "given back"
        tell(session, order, "give back", reason(why), account_id)
        session.flush()
        give_rest_back(session, campaign)


# --- refused here, and carried out by the bank


def require_owed(session: Session, campaign: LoanCampaign, order: PaymentOrder) -> None:
    """A refused payment that the bank has carried out can be taken as paid only if what it was for is still owed.

    Raises: Conflict.
    """
    if order.state != "refused":
        return
    remedy = "Set the booking aside, and ask the payee to send it back."
    if order.kind == "disbursement":
        its_turn = next_tranche(campaign.state) == order.subject or order.subject in to_pay_again(session, campaign)
        if not its_turn or is_ordered(session, order.campaign_id, order.subject):
            raise Conflict(f"The loan is {campaign.state}, and its part for {order.subject} is not to be paid now.",
                           remedy)  # fmt: skip
        return
    if order.for_entry_id is not None:
        first = session.get_one(BankEntry, order.for_entry_id, populate_existing=True)
        if first.state not in QUEUE or first.order_id is not None:
            raise Conflict("The money that it was to send back was assigned otherwise meanwhile.", remedy)
        first.state, first.order_id, first.reasons = "discarded", order.id, []
        tell(session, first, "send back", "The bank has carried out its payment all the same")
        return
    newer = select(PaymentOrder.id).where(
        PaymentOrder.campaign_id == order.campaign_id, PaymentOrder.subject == instead_of(order),
        col(PaymentOrder.state) != "refused",
    )  # fmt: skip
    if order.kind == PAY_OVER:
        free = free_for_fund(session, campaign)
    else:
        free = ledger.balance(session, source_of(order)).available_minor or 0
    if free < order.amount_minor or session.exec(newer.limit(1)).first() is not None:
        raise Conflict("What it was for was paid or ordered otherwise meanwhile.", remedy)
