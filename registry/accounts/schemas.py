"""What comes into and goes out of the accounts feature."""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, ConfigDict, Field

# Generous here, so that a form comes back with a sentence of rules.py; the ceilings keep hostile input small.
_TEXT_CHARS = 1_024


class _In(BaseModel):
    """Untrusted input. Its passwords are kept out of reprs, and so out of logs."""

    model_config = ConfigDict(hide_input_in_errors=True)


class SignUp(_In):
    """What somebody fills in to get an account."""

    handle: str = Field(default="", max_length=_TEXT_CHARS)
    email: str = Field(default="", max_length=_TEXT_CHARS)
    password: str = Field(default="", max_length=_TEXT_CHARS, repr=False)


class LogIn(_In):
    """What somebody fills in to log in."""

    handle: str = Field(default="", max_length=_TEXT_CHARS)
    password: str = Field(default="", max_length=_TEXT_CHARS, repr=False)


class PasswordChange(_In):
    """What somebody who is logged in fills in to change their password."""

    old_password: str = Field(default="", max_length=_TEXT_CHARS, repr=False)
    password: str = Field(default="", max_length=_TEXT_CHARS, repr=False)


class Deletion(_In):
    """What somebody types to delete their account."""

    delete_handle: str = Field(default="", max_length=_TEXT_CHARS)
    delete_password: str = Field(default="", max_length=_TEXT_CHARS, repr=False)


class PasswordReset(_In):
    """What somebody with a reset link fills in."""

    password: str = Field(default="", max_length=_TEXT_CHARS, repr=False)


class TokenWish(_In):
    """What an API token is wanted for."""

    name: str = Field(default="", max_length=_TEXT_CHARS)


class ResetWish(_In):
    """Whose password is to be set anew."""

    handle: str = Field(default="", max_length=_TEXT_CHARS)


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class AccountView(_Out):
    """An account, as its owner and the stewards see it."""

    id: int
    handle: str
    email: str
    is_steward: bool
    created_at: dt.datetime


class AccountReport(_Out):
    """Who is asking, as the JSON interface tells it."""

    handle: str
    is_steward: bool
    created_at: dt.datetime


class TokenView(_Out):
    """An API token, without its secret: that is shown once, when it is made."""

    id: int
    name: str
    created_at: dt.datetime
    used_at: dt.datetime | None


class MadeToken(_Out):
    """A new API token with its secret, which is not kept."""

    name: str
    secret: str = Field(repr=False)


class MadeSession(_Out):
    """A browser that is logged in from now on."""

    account_id: int
    secret: str = Field(repr=False)
    expires_at: dt.datetime


class ResetLink(_Out):
    """An address at which one account's password can be set once."""

    handle: str
    path: str = Field(repr=False)
    expires_at: dt.datetime
