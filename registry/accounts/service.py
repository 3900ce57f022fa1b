"""Use cases of accounts: sign up, log in and out, set a password, make and revoke tokens."""

from __future__ import annotations

import datetime as dt
import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import delete, func, text, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from registry import limits
from registry.accounts.queries import API, RESET, find_account, hash_of
from registry.accounts.rules import check_email, check_handle, check_password, check_token_name, same_password
from registry.accounts.schemas import AccountView, MadeSession, MadeToken, ResetLink
from registry.accounts.tables import Account, LoginSession, Token
from registry.errors import Conflict, Invalid, NotFound
from registry.stores.stores import Stores
from registry.values import utcnow

TOKEN_PREFIX = "brickyard_"
_SECRET_BYTES = 32
# One lane and 46 MiB: eight log-ins at once fit a small machine (Source: OWASP Password Storage, Argon2id).
_hasher = PasswordHasher(time_cost=1, memory_cost=46 * 1024, parallelism=1)
NO_PASSWORD = "!"  # of accounts that come with the examples: no hash, so nothing matches it
_TAKEN = "The handle {} is taken."


@cache
def _nobodys_hash() -> str:
    """A hash to check against when there is no such account, so that both answers take the same time."""
    return _hasher.hash(secrets.token_bytes(_SECRET_BYTES))


def _hash(password: str) -> str:
    return _hasher.hash(same_password(password))


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, same_password(password))
    except (VerifyMismatchError, InvalidHashError):
        return False


def _wait_for_turn(session: Session) -> None:
    """Let one sign-up at a time decide who is first. SQLite's transactions do so by themselves."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(text("LOCK TABLE account IN SHARE ROW EXCLUSIVE MODE"))


def sign_up(stores: Stores, handle: str, password: str, email: str = "", *, steward: bool = False) -> AccountView:
    """Make an account; the first of an instance becomes its steward. Raises: Invalid, Conflict."""
    handle, email = check_handle(handle), check_email(email)
    check_password(password, handle, email)
    password_hash = _hash(password)  # slow on purpose, so not while the database waits
    try:
        with stores.db.transaction() as session:
            _wait_for_turn(session)
            if session.exec(select(Account.id).where(Account.handle == handle)).first() is not None:
                raise Conflict(_TAKEN.format(handle), "Choose another, or log in if it is yours.", field="handle")
            people = select(func.count(col(Account.id))).where(col(Account.password_hash) != NO_PASSWORD)
            first = session.exec(people).one() == 0
            account = Account(handle=handle, email=email, password_hash=password_hash, is_steward=first or steward)
            session.add(account)
            session.flush()
            return AccountView.model_validate(account, from_attributes=True)
    except IntegrityError as error:
        raise Conflict(_TAKEN.format(handle), "Choose another, or log in if it is yours.", field="handle") from error


def add_example(stores: Stores, handle: str) -> int:
    """An account of the examples: nobody can log in to it, and it is never the steward. Returns: its id."""
    with stores.db.transaction() as session:
        _wait_for_turn(session)
        account = session.exec(select(Account).where(Account.handle == handle)).first()
        if account is None:
            account = Account(handle=check_handle(handle), password_hash=NO_PASSWORD)
            session.add(account)
            session.flush()
        elif account.password_hash != NO_PASSWORD:
            raise Conflict(_TAKEN.format(handle), "The examples need it: rename the account, or do without them.")
        return account.id or 0


def log_in(stores: Stores, handle: str, password: str, *, old_secret: str = "") -> MadeSession:
    """A new session for who knows the password; the browser's session before it ends. Raises: Invalid."""
    with stores.db.reading() as session:
        account = find_account(session, handle)
    password = password[: limits.PASSWORD_MAX_CHARS + 1]
    known = account.password_hash if account else _nobodys_hash()
    if not _matches(known, password) or account is None or account.id is None:
        raise Invalid(
            "Handle and password do not go together.",
            "Check both. If the password is lost, a steward of this registry can give you a link to set a new one.",
            field="password",
        )
    fresh = _hash(password) if _hasher.check_needs_rehash(known) else None
    with stores.db.transaction() as session:
        if fresh:
            session.execute(
                update(Account)
                .where(col(Account.id) == account.id, col(Account.password_hash) == known)
                .values(password_hash=fresh)
            )
        session.execute(delete(LoginSession).where(col(LoginSession.expires_at) < utcnow()))
        if old_secret:
            session.execute(delete(LoginSession).where(col(LoginSession.secret_hash) == hash_of(old_secret)))
        return _start_session(session, account.id)


def _start_session(session: Session, account_id: int) -> MadeSession:
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    expires_at = utcnow() + dt.timedelta(days=limits.SESSION_DAYS)
    session.add(LoginSession(secret_hash=hash_of(secret), account_id=account_id, expires_at=expires_at))
    return MadeSession(account_id=account_id, secret=secret, expires_at=expires_at)


def start_session(stores: Stores, account_id: int, *, old_secret: str = "") -> MadeSession:
    """Log in who has just signed up or set a new password."""
    with stores.db.transaction() as session:
        if old_secret:
            session.execute(delete(LoginSession).where(col(LoginSession.secret_hash) == hash_of(old_secret)))
        return _start_session(session, account_id)


def log_out(stores: Stores, secret: str) -> None:
    """End one session; no fault if it has ended already."""
    with stores.db.transaction() as session:
        session.execute(delete(LoginSession).where(col(LoginSession.secret_hash) == hash_of(secret)))


def check_own_password(stores: Stores, account_id: int, password: str, field: str) -> Account:
    """The account, if it is its password. Raises: Invalid."""
    with stores.db.reading() as session:
        account = session.get_one(Account, account_id)
    if not _matches(account.password_hash, password[: limits.PASSWORD_MAX_CHARS + 1]):
        name = "old password" if field == "old_password" else "password"
        raise Invalid(f"The {name} is not right.", "Type it again.", field=field)
    return account


def change_password(stores: Stores, account_id: int, old_password: str, password: str) -> None:
    """Set a new password and end every session of the account. Raises: Invalid."""
    account = check_own_password(stores, account_id, old_password, "old_password")
    check_password(password, account.handle, account.email)
    password_hash = _hash(password)
    with stores.db.transaction() as session:
        _set_password(session, account_id, password_hash)


def _set_password(session: Session, account_id: int, password_hash: str) -> None:
    session.execute(update(Account).where(col(Account.id) == account_id).values(password_hash=password_hash))
    session.execute(delete(LoginSession).where(col(LoginSession.account_id) == account_id))
    session.execute(delete(Token).where(col(Token.account_id) == account_id, col(Token.kind) == RESET))


def issue_reset(stores: Stores, handle: str) -> ResetLink:
    """A link to set an account's password once, to be handed over by a steward; older links end. Raises: NotFound."""
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    expires_at = utcnow() + dt.timedelta(hours=limits.RESET_TOKEN_HOURS)
    with stores.db.transaction() as session:
        account = find_account(session, handle)
        if account is None or account.id is None:
            raise _nobody(handle)
        session.execute(delete(Token).where(col(Token.account_id) == account.id, col(Token.kind) == RESET))
        session.add(Token(account_id=account.id, kind=RESET, secret_hash=hash_of(secret), expires_at=expires_at))
        return ResetLink(handle=account.handle, path=f"/reset/{secret}", expires_at=expires_at)


def reset_password(stores: Stores, secret: str, password: str) -> int:
    """Set a password by a link, which ends, as does every session. Returns: the account. Raises: Invalid, NotFound."""
    with stores.db.reading() as session:
        account = _reset_account(session, secret)
    check_password(password, account.handle, account.email)
    password_hash = _hash(password)
    with stores.db.transaction() as session:
        spent = session.exec(
            delete(Token).where(
                col(Token.secret_hash) == hash_of(secret), col(Token.kind) == RESET, col(Token.expires_at) >= utcnow()
            )
        )
        if spent.rowcount != 1:
            raise _stale_link()
        _set_password(session, account.id or 0, password_hash)
    return account.id or 0


def check_reset(stores: Stores, secret: str) -> str:
    """The handle that a reset link is for. Raises: NotFound."""
    with stores.db.reading() as session:
        return _reset_account(session, secret).handle


def _reset_account(session: Session, secret: str) -> Account:
    token = session.exec(select(Token).where(Token.secret_hash == hash_of(secret), Token.kind == RESET)).first()
    if token is None or token.expires_at is None or token.expires_at < utcnow():
        raise _stale_link()
    return session.get_one(Account, token.account_id)


def _stale_link() -> NotFound:
    return NotFound(
        "This link to set a new password has been used, or is too old.", "Ask a steward of this registry for a new one."
    )


def _nobody(handle: str) -> NotFound:
    return NotFound(f"There is no account called {handle.strip()[:80]}.", "Check the handle.", field="handle")


def make_token(stores: Stores, account_id: int, name: str) -> MadeToken:
    """An API token, whose secret is told this once. Raises: Invalid, Conflict."""
    name = check_token_name(name)
    secret = TOKEN_PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    with stores.db.transaction() as session:
        # the account's row is held, so that two requests at once can't both take the last place
        session.exec(select(Account.id).where(Account.id == account_id).with_for_update()).one()
        held = session.exec(
            select(func.count(col(Token.id))).where(Token.account_id == account_id, Token.kind == API)
        ).one()
        if held >= limits.API_TOKENS_PER_ACCOUNT:
            raise Conflict(
                f"An account has at most {limits.API_TOKENS_PER_ACCOUNT} tokens.", "Revoke one that is not used."
            )
        session.add(Token(account_id=account_id, kind=API, name=name, secret_hash=hash_of(secret)))
    return MadeToken(name=name, secret=secret)


def make_token_for(stores: Stores, handle: str, name: str) -> MadeToken:
    """An API token for an account by its handle. Raises: NotFound, Invalid, Conflict."""
    with stores.db.reading() as session:
        account = find_account(session, handle)
    if account is None or account.id is None:
        raise _nobody(handle)
    return make_token(stores, account.id, name)


def revoke_token(stores: Stores, account_id: int, token_id: int) -> None:
    """End one of the account's own API tokens. Raises: NotFound."""
    with stores.db.transaction() as session:
        gone = session.exec(
            delete(Token).where(col(Token.id) == token_id, col(Token.account_id) == account_id, col(Token.kind) == API)
        )
        if gone.rowcount != 1:
            raise NotFound("You have no such token.", "It may have been revoked already.")


def note_use(stores: Stores, secret: str) -> None:
    """Remember that an API token was used just now."""
    with stores.db.transaction() as session:
        session.execute(update(Token).where(col(Token.secret_hash) == hash_of(secret)).values(used_at=utcnow()))
