"""What becomes of proposals when their proposer deletes their account: nobody else can hand in the proof."""

from __future__ import annotations

from sqlmodel import Session, col, select

from registry.accounts.deleting import on_delete
from registry.commons.service import go
from registry.commons.tables import CommonsNamed, CommonsProposal
from registry.stores.clock import database_now

WHY = "The account was deleted"


def leave(session: Session, account_id: int) -> None:
    """What waits for consent or for proof is withdrawn, and its amount is free again; nobody stays named."""
    now = database_now(session)
    for row in session.exec(
        select(CommonsProposal)
        .where(CommonsProposal.by_id == account_id, col(CommonsProposal.state).in_(("open", "agreed")))
        .order_by(col(CommonsProposal.id)).with_for_update()
    ).all():  # fmt: skip
        go(session, row, "withdraw", "proposer", account_id, now, WHY)
    last: dict[int, bool] = {}
    for named in session.exec(
        select(CommonsNamed).where(CommonsNamed.account_id == account_id).order_by(col(CommonsNamed.id))
    ):
        last[named.design_id] = named.named
    for design_id in sorted(number for number, named in last.items() if named):
        session.add(CommonsNamed(design_id=design_id, account_id=account_id, named=False, why=WHY, by_id=account_id,
                                 at=now))  # fmt: skip


on_delete(leave)
