"""What comes into and goes out of the notices feature."""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, ConfigDict, Field

from registry import limits

_TEXT_CHARS = 1_024


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class NoticeQuery(BaseModel):
    """Which notices."""

    unread: bool = Field(default=False, description="only those not read yet")
    page: int = Field(default=1, ge=1, le=10_000)
    per_page: int = Field(default=50, ge=1, le=limits.PAGE_ITEMS_MAX)


class NoticeView(_Out):
    """What somebody is told of an event."""

    id: int
    kind: str
    title: str
    text: str
    link: str = Field(description="a path of this registry")
    at: dt.datetime = Field(description="when it happened")
    read_at: dt.datetime | None


class NoticeList(_Out):
    """A page of notices, the newest first; `next` is the address of the next page, or null."""

    items: list[NoticeView]
    total: int
    unread: int
    next: str | None


class ReadWish(BaseModel):
    """Which notices were read: those named, or all up to one."""

    ids: list[int] = Field(default_factory=list, max_length=1_000)
    up_to: int | None = Field(default=None, ge=0, description="this one and all before it")


class ReadAnswer(_Out):
    """How many were marked as read now, and how many are left."""

    marked: int
    unread: int


class ChoiceView(_Out):
    """How a kind of notice comes by mail."""

    kind: str
    label: str
    about: str
    how: str = Field(description="each, daily or none")


class ChoiceWish(BaseModel):
    """kind -> each, daily or none; kinds that are left out stay as they are."""

    choices: dict[str, str] = Field(default_factory=dict, max_length=100)


class AddressWish(BaseModel):
    """Where mail should go; nothing goes there until the link in the first mail was followed."""

    address: str = Field(default="", max_length=_TEXT_CHARS)


class NoticeSettings(_Out):
    """What an account has chosen. `mail`: whether this registry sends mail at all."""

    mail: bool
    address: str
    confirmed: bool
    fault: str = Field(description="what the mail server said of the address, if it refused it")
    suggested: str = Field(description="the address that the account was made with")
    choices: list[ChoiceView]


class CalendarView(_Out):
    """A calendar that can be subscribed to. `url` is empty until its secret address was made."""

    scope: str = Field(description="me, or the slug of a fabricator")
    name: str
    url: str = Field(description="secret: who knows it sees these dates")
    made_at: dt.datetime | None


class CalendarList(_Out):
    """The calendars of an account: its own, and those of its fabricators."""

    items: list[CalendarView]
    total: int
    next: str | None = None


class MailView(_Out):
    """A mail that waits or went wrong, as the stewards see it."""

    id: int
    handle: str
    address: str
    form: str = Field(description="each, digest or confirm")
    state: str = Field(description="waiting, sending, sent, failed, unclear, dropped")
    title: str = Field(description="of its first notice")
    tries: int
    due_at: dt.datetime
    fault: str
    created_at: dt.datetime


class Outbox(_Out):
    """The mails of this registry: how many in each state, and those that wait or went wrong, the newest first."""

    configured: bool
    server: str
    sender: str
    counts: dict[str, int]
    items: list[MailView]
    total: int
    next: str | None = None


class Sent(_Out):
    """What a round of sending did."""

    told: int = Field(description="notices made of new events")
    sent: int
    failed: int
    later: int = Field(description="mails that are tried again later")
    fault: str = ""
