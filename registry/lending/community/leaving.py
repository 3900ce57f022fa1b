"""What becomes of a member who deletes their account: what they owe or hold, others hold or owe."""

from __future__ import annotations

from sqlmodel import Session

from registry.accounts.deleting import on_delete
from registry.errors import Conflict
from registry.ledger import queries as ledger
from registry.lending.community.service import member_row
from registry.lending.community.tables import CommunityEvent
from registry.stores.clock import database_now


def leave(session: Session, account_id: int) -> None:
    """The membership ends. Raises: Conflict while the balance is not zero."""
    row = member_row(session, ("person", account_id), lock=True)
    if row is None:
        return
    for held in ledger.balances(session, kind="person", owner_id=str(account_id), role="credit"):
        if held.balance_minor:
            raise Conflict(
                f"Your balance in {held.account.currency} is not zero.",
                "Spend what you hold, or earn what you owe: the community comes to zero together.",
            )
    if row.left_at is None:
        row.left_at, row.offers = database_now(session), ""
        session.add(row)
        session.add(CommunityEvent(member_id=row.id or 0, action="left", by_id=account_id, at=database_now(session)))


on_delete(leave)
