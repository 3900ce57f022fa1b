"""Tables of the accounts feature."""

import datetime as dt

from sqlmodel import Field, SQLModel

from registry.values import utcnow


class Account(SQLModel, table=True):
    """A person. The first account of an instance is its steward.

    Who deletes their account leaves its row, without name, address and password: what they did stays told.
    """

    __tablename__ = "account"

    id: int | None = Field(default=None, primary_key=True)
    handle: str = Field(unique=True, max_length=39)
    email: str = ""
    password_hash: str
    is_steward: bool = False
    created_at: dt.datetime = Field(default_factory=utcnow)
    deleted_at: dt.datetime | None = None


class LoginSession(SQLModel, table=True):
    """A browser that is logged in; the cookie holds a secret of which only the hash is kept."""

    __tablename__ = "login_session"

    secret_hash: str = Field(primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    created_at: dt.datetime = Field(default_factory=utcnow)
    expires_at: dt.datetime


class Token(SQLModel, table=True):
    """An API token, or a token to set a new password; only its hash is kept."""

    __tablename__ = "token"

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    kind: str
    name: str = ""
    secret_hash: str = Field(unique=True)
    created_at: dt.datetime = Field(default_factory=utcnow)
    expires_at: dt.datetime | None = None
    used_at: dt.datetime | None = None
