"""Decisions about bookings, undone: booked back by transfers of their own, while what they moved is still there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from sqlmodel import Session, col, select

from registry.errors import Conflict
from registry.ledger import book
from registry.ledger import queries as ledger
from registry.ledger.schemas import AccountName, Entry
from registry.lending.bank.acts import tell
from registry.lending.bank.again import can_give_back, instead_of
from registry.lending.bank.booking import key_of
from registry.lending.bank.funds import KIND as PAY_OVER
from registry.lending.bank.funds import free_for_fund
from registry.lending.bank.holding import hold_anew
from registry.lending.bank.ordering import let_go
from registry.lending.bank.rules import QUEUE
from registry.lending.bank.tables import BankAct, BankEntry, PaymentOrder
from registry.lending.campaigns.pledging import unpay
from registry.lending.campaigns.service import tranches_of
from registry.lending.campaigns.tables import LoanCampaign, Pledge
from registry.lending.loans.payback import balance, follow_calendar, loan_of

DECIDED = ("assign", "send back", "gift", "repayment", "commons", "take back", "charge", "pays", "charge back",
           "discard")  # fmt: skip
_LEAVES = ("filed", "paid")
_TAKEN_BACK = "A sale was taken back that had passed it on: it counts for later sales."


def decision_of(session: Session, entry: BankEntry) -> BankAct | None:
    """What a treasurer has decided about a booking and what holds now; None for one that waits or went by itself."""
    last = session.exec(
        select(BankAct).where(BankAct.entry_id == entry.id).order_by(col(BankAct.number).desc()).limit(1)
    ).first()
    return last if last is not None and last.action in DECIDED else None


def is_set_aside(session: Session, entry: BankEntry) -> bool:
    """Whether a booking was set aside; one that was sent back left the queue for another reason."""
    act = decision_of(session, entry) if entry.state == "discarded" else None
    return act is not None and act.action == "discard"


def why_not(session: Session, campaign: LoanCampaign, entry: BankEntry) -> str:
    """Why the decision about a booking can't be undone, in a sentence; '' if it can."""
    act = decision_of(session, entry)
    if act is None:
        return "It was assigned by itself, by its code: nothing was decided." if entry.state == "matched" else (
            "Nothing is decided about it.")  # fmt: skip
    if act.action == "discard":
        return "It is only set aside: bring it back into the queue."
    if act.action == "charge back":
        return "The pledge has ended with it. Its lender may pledge anew, and what comes for that is assigned to it."
    if act.action == "send back":
        return _still_here(session, entry, "The money")
    moved = _moved(session, entry, act)
    if not moved:
        return "It was assigned together with another booking: undo the decision about that one."
    return _CHECKS[act.action](session, campaign, entry, moved) or _lacks(session, moved)


def undo(
    session: Session, campaign: LoanCampaign, entry: BankEntry, why: str, account_id: int, now: dt.datetime
) -> None:  # fmt: skip
    """Book a decision back, and put the booking into the queue again; the campaign's row is held. Raises: Conflict."""
    if said := why_not(session, campaign, entry):
        raise Conflict(f"This can't be undone. {said}", "Look at its history.")
    act = decision_of(session, entry)
    assert act is not None
    moved = _moved(session, entry, act)
    _FOLLOW.get(act.action, _nothing)(session, campaign, entry, why, account_id, now)
    entry.state, entry.reasons = "no match", [f"A decision was undone: {why}"]
    session.add(entry)
    session.flush()
    for one in reversed(moved):
        book.reverse(session, one.seq, key=f"{one.key}-undone", purpose="Decided wrongly, booked back",
                     by_id=account_id)  # fmt: skip
    if act.action == "repayment":
        follow_calendar(session, campaign, now)
    if act.action == "pays":
        _hold_again(session, entry, account_id)


def _moved(session: Session, entry: BankEntry, act: BankAct) -> list[Entry]:
    """What a decision has booked: its key counts the acts before it."""
    key = f"{key_of(entry)}-{act.number - 1}"
    found = ledger.transfers(session, keys=[key, f"fund-gifts-{key}"])
    return ledger.together(session, found[0].seq) if found else []


def _lacks(session: Session, moved: Sequence[Entry]) -> str:
    """Whether an account can't give back what it got, because it has gone on."""
    net: dict[AccountName, int] = {}
    for one in moved:
        net[one.credit] = net.get(one.credit, 0) - one.amount_minor
        net[one.debit] = net.get(one.debit, 0) + one.amount_minor
    for name, change in net.items():
        now = ledger.balance(session, name)
        room = None if now.highest_minor is None else now.highest_minor - now.balance_minor - now.pending_credits_minor
        if (now.available_minor is None or now.available_minor + change >= 0) and (room is None or change <= room):
            continue
        if name.kind == "person":
            return "Lenders were paid from it, or payments to them are ordered: refuse those first."
        if name.kind == "fund":
            return "The commons fund has spent it, or proposals hold it."
        return "What it moved has gone on since."
    return ""


# --- what each kind of decision asks for


def _still_here(session: Session, entry: BankEntry, what: str) -> str:
    order = next((one for one in _sending_back(session, entry) if one.state in _LEAVES), None)
    if order is None:
        return ""
    if order.state == "paid":
        return f"{what} has left."
    return f"{what} is with the bank: refuse payment {order.id} first, if the bank has not carried it out."


def _sending_back(session: Session, entry: BankEntry) -> list[PaymentOrder]:
    """The payment that sends a booking's money back, and those that took its place, one after another."""
    found: list[PaymentOrder] = []
    order = session.get(PaymentOrder, entry.order_id, populate_existing=True) if entry.order_id else None
    while order is not None:
        found.append(order)
        order = session.exec(
            select(PaymentOrder).where(
                PaymentOrder.campaign_id == order.campaign_id, PaymentOrder.subject == instead_of(order)
            ).order_by(col(PaymentOrder.id).desc()).limit(1).execution_options(populate_existing=True)
        ).first()  # fmt: skip
    return found


def _check_fund(session: Session, campaign: LoanCampaign, entry: BankEntry, moved: Sequence[Entry]) -> str:
    if free_for_fund(session, campaign) < sum(one.amount_minor for one in moved if one.credit.kind == "fund"):
        return "It was paid over to the fund's own account, or is ordered to."
    return ""


def _check_repayment(session: Session, campaign: LoanCampaign, entry: BankEntry, moved: Sequence[Entry]) -> str:
    if campaign.state in ("repaid", "settled in goods"):
        return f"The loan is {campaign.state} with it."
    loan = loan_of(campaign)
    if campaign.state == "written off" and any(one.credit == loan.owes for one in moved):
        return "What was left of the loan after it is written off since."
    if balance(session, loan.ahead):
        return _TAKEN_BACK
    return _check_fund(session, campaign, entry, moved)


def _check_commons(session: Session, campaign: LoanCampaign, entry: BankEntry, moved: Sequence[Entry]) -> str:
    if balance(session, loan_of(campaign).fund_ahead):
        return _TAKEN_BACK
    return _check_fund(session, campaign, entry, moved)


def _check_assign(session: Session, campaign: LoanCampaign, entry: BankEntry, moved: Sequence[Entry]) -> str:
    if campaign.state != "open":
        return f"The campaign is {campaign.state}, and the pledge counts in it."
    pledge = session.get_one(Pledge, entry.pledge_id)
    if pledge.state != "paid":
        return f"The pledge is {pledge.state}: its money is sent back to the lender."
    return _still_here(session, entry, "What was above the pledge")


def _check_taken(session: Session, campaign: LoanCampaign, entry: BankEntry, moved: Sequence[Entry]) -> str:
    order = session.get_one(PaymentOrder, entry.order_id)
    newer = select(PaymentOrder.id).where(
        PaymentOrder.campaign_id == order.campaign_id, PaymentOrder.subject == instead_of(order),
        PaymentOrder.state != "refused",
    )  # fmt: skip
    there = order.state == "returned" and session.exec(newer.limit(1)).first() is None
    if order.kind == "disbursement":
        there = can_give_back(session, order)
    elif order.kind == PAY_OVER:
        there = there and free_for_fund(session, campaign) >= order.amount_minor
    elif order.for_entry_id is not None:
        first = session.get_one(BankEntry, order.for_entry_id)
        there = there and first.state in QUEUE and first.order_id is None
    return "" if there else "What came back was ordered or decided anew."


def _check_pays(session: Session, campaign: LoanCampaign, entry: BankEntry, moved: Sequence[Entry]) -> str:
    order = session.get_one(PaymentOrder, entry.order_id)
    if order.kind == "disbursement":
        return "The loan has gone on with it."
    return "" if order.state == "paid" else f"The payment is {order.state} since."


def _fine(session: Session, campaign: LoanCampaign, entry: BankEntry, moved: Sequence[Entry]) -> str:
    return ""


_CHECKS: dict[str, Callable[[Session, LoanCampaign, BankEntry, Sequence[Entry]], str]] = {
    "gift": _check_fund, "commons": _check_commons, "repayment": _check_repayment, "assign": _check_assign,
    "take back": _check_taken, "pays": _check_pays, "charge": _fine,
}  # fmt: skip


# --- what follows when one is undone, before the book


Follow = Callable[[Session, LoanCampaign, BankEntry, str, int, dt.datetime], None]


def _nothing(
    session: Session, campaign: LoanCampaign, entry: BankEntry, why: str, account_id: int, now: dt.datetime
) -> None:
    return None


def _let_order_go(
    session: Session, campaign: LoanCampaign, entry: BankEntry, why: str, account_id: int, now: dt.datetime
) -> None:
    """The payment that would have sent it back is over, and can't be sent anew: its money is the booking's again."""
    for order in _sending_back(session, entry):
        if order.state in ("proposed", "approved"):
            let_go(session, order, why, account_id)
        order.state = "undone"
        tell(session, order, "undo", why, account_id)
    entry.order_id = None


def _unassign(
    session: Session, campaign: LoanCampaign, entry: BankEntry, why: str, account_id: int, now: dt.datetime
) -> None:
    unpay(session, session.get_one(Pledge, entry.pledge_id, populate_existing=True), account_id, why, now)
    _let_order_go(session, campaign, entry, why, account_id, now)
    others = session.exec(
        select(BankEntry).where(
            BankEntry.campaign_id == campaign.id, BankEntry.pledge_id == entry.pledge_id, BankEntry.state == "matched"
        )
    ).all()  # fmt: skip
    for other in others:
        act = decision_of(session, other)  # it may have been decided otherwise since an earlier assignment
        if act is None or act.action != "assign" or not act.why.startswith(f"Together with booking {entry.id}:"):
            continue
        other.state, other.reasons = "no match", [f"A decision was undone: {why}"]
        tell(session, other, "undo", why, account_id)


def _paid_after_all(
    session: Session, campaign: LoanCampaign, entry: BankEntry, why: str, account_id: int, now: dt.datetime
) -> None:
    """What came back was another payment: ours stays paid."""
    order = session.get_one(PaymentOrder, entry.order_id, populate_existing=True)
    order.state = "paid"
    tell(session, order, "undo", why, account_id)
    if order.kind == "disbursement":
        tranche = next(one for one in tranches_of(session, campaign.id or 0) if one.stage == order.subject)
        tranche.paid_at = now
        session.add(tranche)
    if order.for_entry_id is not None:
        first = session.get_one(BankEntry, order.for_entry_id, populate_existing=True)
        first.state, first.order_id, first.reasons = "discarded", order.id, []
        tell(session, first, "send back", why, account_id)


def _not_paid(
    session: Session, campaign: LoanCampaign, entry: BankEntry, why: str, account_id: int, now: dt.datetime
) -> None:
    """The booking was another payment: ours is where it was before, and what it pays is held anew."""
    order = session.get_one(PaymentOrder, entry.order_id, populate_existing=True)
    acts = session.exec(
        select(BankAct).where(BankAct.order_id == order.id).order_by(col(BankAct.number).desc())
    ).all()  # fmt: skip
    paid = next(at for at, act in enumerate(acts) if act.action == "pay")
    order.state = acts[paid + 1].became
    tell(session, order, "undo", why, account_id)
    if order.state == "refused" and order.for_entry_id is not None:
        first = session.get_one(BankEntry, order.for_entry_id, populate_existing=True)
        first.state, first.order_id, first.reasons = "no match", None, [f"A decision was undone: {why}"]
        tell(session, first, "ask", why, account_id)


def _hold_again(session: Session, entry: BankEntry, account_id: int) -> None:
    order = session.get_one(PaymentOrder, entry.order_id)
    if order.state != "refused":
        hold_anew(session, order, account_id)


_FOLLOW: dict[str, Follow] = {
    "assign": _unassign, "send back": _let_order_go, "take back": _paid_after_all, "pays": _not_paid,
}  # fmt: skip
