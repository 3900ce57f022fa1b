"""What becomes of somebody's part in workshops when they delete their account."""

from __future__ import annotations

from sqlmodel import Session, col, delete, select

from registry.accounts.deleting import on_delete
from registry.errors import Conflict
from registry.fabricators.tables import Fabricator, Member


def leave(session: Session, account_id: int) -> None:
    """Their parts end. Raises: Conflict if a workshop would have no owner left."""
    owned = session.exec(
        select(Fabricator).join(Member, col(Member.fabricator_id) == col(Fabricator.id))
        .where(Member.account_id == account_id, Member.role == "owner").order_by(col(Fabricator.id)).with_for_update()
    ).all()  # fmt: skip
    for shop in owned:
        others = select(Member.account_id).where(
            Member.fabricator_id == shop.id, Member.role == "owner", Member.account_id != account_id
        )
        if session.exec(others).first() is None:
            raise Conflict(f"{shop.name} would have no owner left.", "Make somebody else an owner of it first.")
    session.execute(delete(Member).where(col(Member.account_id) == account_id))


on_delete(leave)
