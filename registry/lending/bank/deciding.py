"""What a treasurer decides about bookings that wait: kept with who, when and why, and booked in the same moment."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session, col, select

from registry.commons.fund import income, open_fund
from registry.errors import Conflict, Invalid, NotFound
from registry.ledger import book
from registry.lending.bank.acts import reason, tell
from registry.lending.bank.again import require_owed
from registry.lending.bank.booking import Till, ensure, key_of, move, noon, till_of
from registry.lending.bank.holding import source_of
from registry.lending.bank.ordering import pay_unexplained, propose
from registry.lending.bank.rules import QUEUE
from registry.lending.bank.tables import BankAct, BankEntry, PaymentOrder
from registry.lending.bank.undoing import is_set_aside, undo
from registry.lending.campaigns.pledging import charged_back, credit_pledge
from registry.lending.campaigns.service import settle_if_due
from registry.lending.campaigns.state import is_leaving
from registry.lending.campaigns.tables import LoanCampaign, Pledge
from registry.lending.campaigns.treasurers import require_treasurer
from registry.lending.loans.payback import commons_seen, held_loan, repayment_seen
from registry.lending.loans.returned import came_back
from registry.lending.paying import Payee
from registry.stores.clock import database_now
from registry.stores.stores import Stores

Action = Literal[
    "assign",
    "send back",
    "gift",
    "repayment",
    "commons",
    "take back",
    "charge",
    "pays",
    "charge back",
    "discard",
    "reopen",
    "undo",
]
# action -> what it does, in words; for money that came, for money that went
IN_WORDS: dict[str, str] = {
    "assign": "Assign it to a pledge", "send back": "Send it back", "gift": "Keep it as a gift to the design's fund",
    "repayment": "Take it as a repayment of the fabricator", "commons": "It is the commons fund's part of sales",
    "take back": "Take back a payment of ours",
    "discard": "Set it aside",
}  # fmt: skip
OUT_WORDS: dict[str, str] = {
    "pays": "It is a payment of ours", "charge": "It is a charge of the bank",
    "charge back": "A lender's bank has taken a pledge's payment back", "discard": "Set it aside",
}  # fmt: skip


class Decision(BaseModel):
    """What becomes of a booking, and why."""

    model_config = ConfigDict(str_strip_whitespace=True)

    action: Action
    why: str = Field(default="", max_length=400)
    pledge: int | None = Field(default=None, ge=1, description="the pledge's number in the campaign, for 'assign'")
    order: int | None = Field(default=None, ge=1, description="for 'take back' and 'pays'")
    name: str = Field(default="", max_length=140, description="whom it is sent back to; empty: who paid")
    iban: str = Field(default="", max_length=50)


def decide(stores: Stores, account_id: int, number: int, entry_id: int, wish: Decision) -> str:
    """Do what a treasurer decides. Returns: the booking's state. Raises: Conflict, Invalid, Forbidden, NotFound."""
    settle_if_due(stores, number)
    why = reason(wish.why)
    state = _decide(stores, account_id, number, entry_id, wish, why)
    settle_if_due(stores, number)  # a deadline that waited for this booking
    return state


def _decide(stores: Stores, account_id: int, number: int, entry_id: int, wish: Decision, why: str) -> str:
    with stores.db.transaction() as session:
        require_treasurer(session, account_id)
        campaign, now = held_loan(session, number)
        entry = session.get(BankEntry, entry_id, populate_existing=True)
        if entry is None or entry.campaign_id != number:
            raise NotFound(f"There is no booking {entry_id} of campaign {number}.", "Look at the bookings.")
        if wish.action == "reopen":
            _reopen(session, entry)
        elif wish.action == "undo":
            undo(session, campaign, entry, why, account_id, now)
        else:
            if entry.state not in QUEUE:
                raise Conflict(f"This booking is {entry.state}: there is nothing to decide.", "Look at its history.")
            words = IN_WORDS if entry.amount_minor > 0 else OUT_WORDS
            if wish.action not in words:
                raise Invalid(f"'{wish.action}' can't be done with this booking.",
                              f"What can be: {', '.join(words)}.", field="action")  # fmt: skip
            _do(session, campaign, entry, wish, why, account_id)
            entry.reasons = []  # they stand in its history
        tell(session, entry, wish.action, why, account_id)
        return entry.state


def _reopen(session: Session, entry: BankEntry) -> None:
    if not is_set_aside(session, entry):
        raise Conflict("Only what was set aside comes back into the queue.", "Look at its history.")
    entry.state, entry.reasons = "no match", ["It was set aside before."]


def _do(
    session: Session, campaign: LoanCampaign, entry: BankEntry, wish: Decision, why: str, account_id: int
) -> None:  # fmt: skip
    till = till_of(campaign)
    amount = abs(entry.amount_minor)
    key = f"{key_of(entry)}-{_count(session, entry)}"
    if wish.action == "assign":
        _assign(session, campaign, entry, wish, why, account_id, key)
    elif wish.action == "send back":
        _send_back(session, campaign, entry, wish, why, account_id, amount)
    elif wish.action == "gift":
        ensure(session, till.unmatched)
        open_fund(session, till.design_id, till.currency)
        book.post(session, income("gifts", till.design_id, till.unmatched, amount, cause=key, by_id=account_id,
                                  purpose="Given to the design", effective_at=noon(entry.booked_on)))  # fmt: skip
        entry.state = "matched"
    elif wish.action == "repayment":
        repayment_seen(session, campaign, amount, source=till.unmatched, key=key, now=database_now(session),
                       effective_at=noon(entry.booked_on), by_id=account_id)  # fmt: skip
        entry.state = "matched"
    elif wish.action == "commons":
        commons_seen(session, campaign, amount, source=till.unmatched, key=key, effective_at=noon(entry.booked_on),
                     by_id=account_id)  # fmt: skip
        entry.state = "matched"
    elif wish.action == "take back":
        _take_back(session, till, entry, wish, why, account_id, key)
    elif wish.action == "charge":
        move(session, till.charges, till.unexplained, amount, key=key, purpose="Charge of the bank",
             on=entry.booked_on, by_id=account_id)  # fmt: skip
        entry.state = "matched"
    elif wish.action == "charge back":
        _charge_back(session, campaign, entry, wish, why, account_id, key)
    elif wish.action == "pays":
        order = _order(session, entry, wish)
        require_owed(session, campaign, order)
        pay_unexplained(session, till, order, entry, key, account_id)
        entry.state, entry.order_id = "matched", order.id
    else:
        entry.state = "discarded"


def _count(session: Session, entry: BankEntry) -> int:
    return len(session.exec(select(BankAct.id).where(BankAct.entry_id == entry.id)).all())


def _assign(
    session: Session, campaign: LoanCampaign, entry: BankEntry, wish: Decision, why: str, account_id: int, key: str
) -> None:  # fmt: skip
    """Credit a pledge with its amount, with what else waits and names it; what is above it is sent back.

    Raises: Conflict, Invalid.
    """
    pledge = _pledge(session, campaign, wish)
    others = session.exec(
        select(BankEntry).where(
            BankEntry.campaign_id == campaign.id, BankEntry.pledge_id == pledge.id, BankEntry.id != entry.id,
            col(BankEntry.state).in_(QUEUE), BankEntry.amount_minor > 0, BankEntry.return_code == "",
        ).order_by(col(BankEntry.id)).execution_options(populate_existing=True)
    ).all()  # fmt: skip
    rest = entry.amount_minor - pledge.amount_minor
    taken: list[BankEntry] = []
    for other in others:
        if rest >= 0:
            break
        rest += other.amount_minor
        taken.append(other)
    if rest < 0:
        raise Conflict("It is less than the pledge, and a pledge is paid whole.",
                       "Send it back, or wait until the lender has paid the rest with the pledge's code.",
                       field="pledge")  # fmt: skip
    till = till_of(campaign)
    ensure(session, till.unmatched)
    last_on = max(one.booked_on for one in (entry, *taken))
    # Before the bookings are decided: a deadline that waits for them is judged with the pledge paid.
    credit_pledge(session, campaign.id or 0, pledge.reference or "", pledge.amount_minor, campaign.currency, key=key,
                  source=till.unmatched, effective_at=noon(last_on), by_id=account_id, late=True)  # fmt: skip
    for other in taken:
        other.state, other.reasons = "matched", []
        tell(session, other, "assign", f"Together with booking {entry.id}: {why}", account_id)
    entry.state, entry.pledge_id = "matched", pledge.id
    if rest:
        order = _back(session, campaign, entry, wish, f"Above pledge {pledge.number}: {why}", account_id, rest)
        entry.order_id = order.id


def _pledge(session: Session, campaign: LoanCampaign, wish: Decision) -> Pledge:
    if wish.pledge is None:
        raise Invalid("Which pledge is it for?", "Give the pledge's number.", field="pledge")
    pledge = session.exec(
        select(Pledge).where(Pledge.campaign_id == campaign.id, Pledge.number == wish.pledge)
        .execution_options(populate_existing=True)
    ).first()  # fmt: skip
    if pledge is None:
        raise NotFound(f"There is no pledge {wish.pledge} to this campaign.", "Look at its pledges.", field="pledge")
    return pledge


def _charge_back(
    session: Session, campaign: LoanCampaign, entry: BankEntry, wish: Decision, why: str, account_id: int, key: str
) -> None:  # fmt: skip
    """A pledge's payment was taken back: the pledge ends, as long as its money has not left. Raises: Conflict."""
    pledge = _pledge(session, campaign, wish)
    if pledge.state != "paid" or pledge.amount_minor != -entry.amount_minor:
        raise Conflict("That pledge is not paid, or of another amount.", "Look at its history.", field="pledge")
    if campaign.state not in ("open", "funded") or is_leaving(session, campaign.id or 0):
        raise Conflict(f"The campaign is {campaign.state}: the pledge's money has left.",
                       "Set the booking aside, and settle it with the lender.")  # fmt: skip
    charged_back(session, campaign, pledge, account_id, why)
    entry.state, entry.pledge_id = "matched", pledge.id
    till = till_of(campaign)
    move(session, till.loan(pledge.account_id), till.unexplained, pledge.amount_minor, key=key,
         purpose="A pledge's payment was taken back by its bank", on=entry.booked_on, by_id=account_id)  # fmt: skip


def _send_back(
    session: Session, campaign: LoanCampaign, entry: BankEntry, wish: Decision, why: str, account_id: int, amount: int
) -> None:  # fmt: skip
    order = _back(session, campaign, entry, wish, why, account_id, amount)
    entry.state, entry.order_id = "discarded", order.id


def _back(
    session: Session, campaign: LoanCampaign, entry: BankEntry, wish: Decision, why: str, account_id: int, amount: int
) -> PaymentOrder:  # fmt: skip
    payee = Payee((wish.name or entry.name)[:70].strip(), wish.iban or entry.iban)
    if not payee.name or not payee.iban:
        raise Invalid("The statement does not tell who paid from which account.", "Give name and IBAN.", field="iban")
    whole = wish.action == "send back"  # what is above a pledge may be as much as its booking, and is not it
    return propose(
        session, campaign, "send back", till_of(campaign).unmatched, amount, payee,
        f"Your payment of {entry.booked_on}, sent back", by_id=account_id, why=why,
        for_entry_id=entry.id if whole else None,
    )  # fmt: skip


def _order(session: Session, entry: BankEntry, wish: Decision) -> PaymentOrder:
    wanted = wish.order or entry.order_id
    order = session.get(PaymentOrder, wanted, populate_existing=True) if wanted else None
    if order is None or order.campaign_id != entry.campaign_id:
        raise Invalid("Which payment of ours is it?", "Give the payment's number.", field="order")
    return order


def _take_back(
    session: Session, till: Till, entry: BankEntry, wish: Decision, why: str, account_id: int, key: str
) -> None:  # fmt: skip
    """A payment of ours has come back: its money is due again, and can be ordered anew. Raises: Conflict, Invalid."""
    order = _order(session, entry, wish)
    if order.state != "paid" or order.amount_minor != entry.amount_minor:
        raise Conflict("That payment is not paid, or of another amount.", "Look at the orders.", field="order")
    order.state = "returned"
    tell(session, order, "return", why, account_id)
    entry.state, entry.order_id = "matched", order.id
    if order.kind == "disbursement":
        came_back(session, session.get_one(LoanCampaign, order.campaign_id), order.subject)
    move(session, till.unmatched, source_of(order), entry.amount_minor, key=key, purpose="Payment returned",
         on=entry.booked_on, by_id=account_id)  # fmt: skip
    if order.for_entry_id is not None:
        # The money of a booking that could not be sent back waits for another decision.
        first = session.get_one(BankEntry, order.for_entry_id)
        first.state, first.order_id = "no match", None
        first.reasons = [f"Sending it back failed: payment {order.end_to_end} was returned."]
        tell(session, first, "ask", first.reasons[0], account_id)


def pledges_for(session: Session, number: int, *states: str) -> list[Pledge]:
    """Pledges that a booking may be about."""
    return list(session.exec(
        select(Pledge).where(Pledge.campaign_id == number, col(Pledge.state).in_(states))
        .order_by(col(Pledge.number))
    ))  # fmt: skip
