"""Deleting an account: its row stays, without name, address and password, so that what it did is still told."""

from __future__ import annotations

from collections.abc import Callable

from sqlmodel import Session, col, delete, func, select

from registry.accounts.rules import GONE
from registry.accounts.service import NO_PASSWORD, check_own_password
from registry.accounts.tables import Account, LoginSession, Token
from registry.errors import Conflict, Invalid, NotFound
from registry.stores.clock import database_now
from registry.stores.stores import Stores

Leave = Callable[[Session, int], None]
_leaving: dict[str, Leave] = {}


def on_delete(leave: Leave) -> None:
    """Have a feature take away what is its own: it is called with the account's id, and raises Conflict if it can't."""
    _leaving[leave.__module__] = leave


def delete_account(stores: Stores, account_id: int, handle: str, password: str) -> None:
    """Delete one's own account, typing handle and password once more. Raises: Invalid, Conflict."""
    check_own_password(stores, account_id, password, "delete_password")
    with stores.db.reading() as session:
        account = session.get_one(Account, account_id)
    if handle.strip().lower() != account.handle:
        raise Invalid("That is not the handle of this account.", f"Type {account.handle}.", field="delete_handle")
    _delete(stores, account_id)


def delete_for(stores: Stores, handle: str) -> None:
    """Delete an account for who keeps the instance. Raises: NotFound, Conflict."""
    with stores.db.reading() as session:
        account_id = session.exec(
            select(Account.id).where(Account.handle == handle.strip().lower(), col(Account.deleted_at).is_(None))
        ).first()
    if account_id is None:
        raise NotFound(f"There is no account called {handle[:80]}.", "Check the handle.", field="handle")
    _delete(stores, account_id)


def _delete(stores: Stores, account_id: int) -> None:
    """Features lock their rows one after another, and others lock the same rows in another order: where PostgreSQL
    ends this transaction to undo a deadlock, the whole of it is run again. Raises: Conflict, Unavailable."""

    def leave_all(session: Session) -> None:
        # stewards take turns: the last two can't leave at once
        stewards = session.exec(
            select(Account.id).where(Account.is_steward, col(Account.deleted_at).is_(None))
            .order_by(col(Account.id)).with_for_update(key_share=True)
        ).all()  # fmt: skip
        account = session.exec(select(Account).where(Account.id == account_id).with_for_update(key_share=True)).one()
        if account.deleted_at is not None:
            return
        if account_id in stewards and len(stewards) == 1 and _others(session, account_id):
            raise Conflict(f"{account.handle} is the only steward of this registry.", "Make somebody else one first.")
        for leave in _leaving.values():
            leave(session, account_id)
        session.execute(delete(LoginSession).where(col(LoginSession.account_id) == account_id))
        session.execute(delete(Token).where(col(Token.account_id) == account_id))
        account.handle, account.email, account.password_hash = f"{GONE}{account_id}", "", NO_PASSWORD
        account.is_steward, account.deleted_at = False, database_now(session)
        session.add(account)

    stores.db.retrying(leave_all)


def _others(session: Session, account_id: int) -> bool:
    people = select(func.count(col(Account.id))).where(
        Account.id != account_id, col(Account.deleted_at).is_(None), Account.password_hash != NO_PASSWORD
    )
    return session.exec(people).one() > 0
