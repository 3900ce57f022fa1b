"""What an order holds in the book until it is paid or let go."""

from __future__ import annotations

from sqlmodel import Session

from registry.ledger import book
from registry.ledger import queries as ledger
from registry.ledger.schemas import AccountName, Transfer
from registry.lending.bank.booking import till_of
from registry.lending.bank.tables import PaymentOrder
from registry.lending.campaigns.tables import LoanCampaign

KIND_WORDS = {"refund": "Refund", "disbursement": "Disbursement", "repayment": "Repayment", "send back": "Sent back",
              "pay over": "Paid over to the commons fund"}  # fmt: skip


def hold_of(session: Session, order: PaymentOrder) -> int | None:
    """The transfer that holds an order's amount now: another than the first, if its payment was undone."""
    source, key = source_of(order), f"order-{order.end_to_end}"
    held = [one.seq for one in ledger.held(session, source) if one.key == key or one.key.startswith(f"{key}-")]
    return held[-1] if held else None


def nth(order: PaymentOrder, held: int) -> str:
    """What tells the end of a later hold from that of the first: keys are used once."""
    return "" if held == order.held_seq else f"-{held}"


def hold_anew(session: Session, order: PaymentOrder, by_id: int) -> None:
    """Hold an order's amount again: it was not paid after all. Raises: Conflict if it is not there."""
    till = till_of(session.get_one(LoanCampaign, order.campaign_id))
    book.post(session, Transfer(
        debit=source_of(order), credit=till.bank, amount_minor=order.amount_minor, pending=True, by_id=by_id,
        key=f"order-{order.end_to_end}-anew-{ledger.head(session).seq}", purpose=f"{KIND_WORDS[order.kind]}, ordered",
    ))  # fmt: skip


def source_of(order: PaymentOrder) -> AccountName:
    """The account of the book that an order takes from."""
    kind, owner, role, currency = order.source.split("/")
    return AccountName.model_validate({"kind": kind, "id": owner, "role": role, "currency": currency})
