"""What is done with bookings and orders is kept: who, when, why."""

from __future__ import annotations

from sqlalchemy import func
from sqlmodel import Session, col, select

from registry.errors import Invalid
from registry.lending.bank.tables import BankAct, BankEntry, PaymentOrder
from registry.stores.clock import database_now

WHY_CHARS = 400


def reason(said: str, needed: bool = True) -> str:
    """A reason in one line. Raises: Invalid."""
    said = said.strip()
    if (needed and not said) or not said.isprintable() or len(said) > WHY_CHARS:
        raise Invalid("A reason in one line is kept with it.", "Say why.", field="why")
    return said


def tell(
    session: Session, of: BankEntry | PaymentOrder, action: str, why: str = "", account_id: int | None = None
) -> None:  # fmt: skip
    """Keep an act; the row has its new state already."""
    entry_id, order_id = (of.id, None) if isinstance(of, BankEntry) else (None, of.id)
    same = BankAct.entry_id == entry_id if entry_id else BankAct.order_id == order_id
    last = session.exec(select(func.max(BankAct.number)).where(same)).one() or 0
    session.add(of)
    session.add(BankAct(campaign_id=of.campaign_id, entry_id=entry_id, order_id=order_id, number=last + 1,
                        action=action, became=of.state, why=why, account_id=account_id,
                        at=database_now(session)))  # fmt: skip
    session.flush()


def signers(session: Session, order_id: int) -> list[int]:
    """Who has signed an order: first who proposed it, then who approved."""
    rows = session.exec(
        select(BankAct.account_id)
        .where(BankAct.order_id == order_id, col(BankAct.action).in_(("propose", "approve")))
        .order_by(col(BankAct.number))
    )
    return [row for row in rows if row is not None]
