"""Treasurers: people whom stewards trust with statements and payments."""

from __future__ import annotations

from sqlalchemy import func
from sqlmodel import Session, col, select

from registry.accounts.queries import find_account, handle_of
from registry.accounts.tables import Account
from registry.errors import Conflict, Forbidden, NotFound
from registry.lending.campaigns import wishes
from registry.lending.campaigns.schemas import TreasurerChange, TreasurerList, TreasurerView, TreasurerWish
from registry.lending.campaigns.tables import LendingTreasurer
from registry.stores.clock import database_now
from registry.stores.stores import Stores


def treasurer_ids(session: Session) -> set[int]:
    """The accounts of all treasurers."""
    newest = select(func.max(LendingTreasurer.id)).group_by(col(LendingTreasurer.account_id))
    rows = session.exec(
        select(LendingTreasurer.account_id).where(col(LendingTreasurer.id).in_(newest), LendingTreasurer.acts)
    )
    return set(rows)


def is_treasurer(session: Session, account_id: int | None) -> bool:
    """Whether somebody is a treasurer now."""
    return account_id is not None and account_id in treasurer_ids(session)


def require_treasurer(session: Session, account_id: int) -> None:
    """Raises: Forbidden."""
    if not is_treasurer(session, account_id):
        raise Forbidden("Only treasurers do that.", "A steward of this registry names them.")


def name(stores: Stores, account_id: int, wish: TreasurerWish) -> None:
    """Make somebody a treasurer, or end it, as a steward. Raises: Conflict, Forbidden, Invalid, NotFound."""
    why = wishes.line(wish.why, "why")
    with stores.db.transaction() as session:
        # stewards take turns, so that nobody is named twice
        by = session.exec(select(Account).where(Account.id == account_id).with_for_update()).first()
        if by is None or not by.is_steward:
            raise Forbidden("Only the stewards of this registry name treasurers.", "Ask one of them.")
        who = find_account(session, wish.handle)
        if who is None or who.id is None or who.deleted_at is not None:
            raise NotFound(f"There is no account called {wish.handle[:80]}.", "Check the handle.", field="handle")
        if is_treasurer(session, who.id) == wish.acts:
            raise Conflict(f"{who.handle} is {'a' if wish.acts else 'no'} treasurer already.", "Nothing is to be done.")
        session.add(LendingTreasurer(account_id=who.id, acts=wish.acts, by_id=account_id, why=why,
                                     at=database_now(session)))  # fmt: skip


def list_treasurers(session: Session) -> TreasurerList:
    """Who they are, and how that came to be."""
    rows = session.exec(select(LendingTreasurer).order_by(col(LendingTreasurer.id).desc())).all()
    told = [
        TreasurerChange(handle=handle_of(session, row.account_id), by=handle_of(session, row.by_id), acts=row.acts,
                        why=row.why, at=row.at)
        for row in rows
    ]  # fmt: skip
    seen: set[str] = set()
    items = []
    for one in told:
        if one.acts and one.handle not in seen:
            items.append(TreasurerView(**one.model_dump(exclude={"acts"})))
        seen.add(one.handle)
    items.sort(key=lambda one: one.handle)
    return TreasurerList(items=items, changes=told, total=len(items))
