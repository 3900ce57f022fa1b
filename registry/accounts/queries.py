"""What pages, JSON and commands read of accounts."""

from __future__ import annotations

import datetime as dt
import hashlib

from sqlmodel import Session, col, select

from registry.accounts.rules import check_handle
from registry.accounts.schemas import AccountReport, AccountView, TokenView
from registry.accounts.tables import Account, LoginSession, Token
from registry.errors import Invalid
from registry.values import utcnow

API = "api"
RESET = "reset"


def hash_of(secret: str) -> str:
    """What is kept of a secret. It is long and random, so a plain hash can't be guessed back."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def find_account(session: Session, handle: str) -> Account | None:
    """The row of an account; None for what can't be a handle, too."""
    try:
        handle = check_handle(handle.lower())
    except Invalid:
        return None
    return session.exec(select(Account).where(Account.handle == handle)).first()


def account_of_session(session: Session, secret: str) -> AccountView | None:
    """Who is logged in with the secret of a browser's cookie."""
    row = session.exec(
        select(Account)
        .join(LoginSession, col(LoginSession.account_id) == col(Account.id))
        .where(LoginSession.secret_hash == hash_of(secret), LoginSession.expires_at >= utcnow())
    ).first()
    return AccountView.model_validate(row, from_attributes=True) if row else None


def account_of_token(session: Session, secret: str) -> tuple[AccountView, dt.datetime | None] | None:
    """(whose API token it is, when it was last used)."""
    found = session.exec(
        select(Account, Token.used_at)
        .join(Token, col(Token.account_id) == col(Account.id))
        .where(Token.secret_hash == hash_of(secret), Token.kind == API)
    ).first()
    if found is None:
        return None
    account, used_at = found
    return AccountView.model_validate(account, from_attributes=True), used_at


def report(session: Session, account_id: int) -> AccountReport:
    """An account in the short form of the JSON interface."""
    return AccountReport.model_validate(session.get_one(Account, account_id), from_attributes=True)


def has_accounts(session: Session) -> bool:
    """Whether anybody has an account here."""
    return session.exec(select(Account.id).limit(1)).first() is not None


def list_accounts(session: Session) -> list[AccountView]:
    """Every account that was not deleted, the oldest first."""
    rows = session.exec(select(Account).where(col(Account.deleted_at).is_(None)).order_by(col(Account.id)))
    return [AccountView.model_validate(row, from_attributes=True) for row in rows]


def list_tokens(session: Session, account_id: int) -> list[TokenView]:
    """An account's API tokens, the newest first."""
    rows = session.exec(
        select(Token).where(Token.account_id == account_id, Token.kind == API).order_by(col(Token.id).desc())
    )
    return [TokenView.model_validate(row, from_attributes=True) for row in rows]


def handle_of(session: Session, account_id: int | None) -> str:
    """An account's handle; empty for what nobody here owns."""
    if account_id is None:
        return ""
    return session.exec(select(Account.handle).where(Account.id == account_id)).first() or ""
