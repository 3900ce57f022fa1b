"""Tables of the notices feature: who was told what, what each wants by mail, and the mails on their way."""

import datetime as dt
from typing import Any

from sqlalchemy import JSON, Column, Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from registry.values import utcnow


class MailAddress(SQLModel, table=True):
    """Where an account's mail goes, once it has been confirmed by a link of which only the hash is kept.

    `stop_secret` stands in every mail, to end mails with one click; it can do nothing else.
    """

    __tablename__ = "mail_address"

    account_id: int = Field(foreign_key="account.id", primary_key=True)
    address: str
    confirmed_at: dt.datetime | None = None
    secret_hash: str = Field(default="", index=True)
    expires_at: dt.datetime | None = None
    stop_secret: str = Field(unique=True)
    fault: str = ""
    changed_at: dt.datetime = Field(default_factory=utcnow)


class NoticeChoice(SQLModel, table=True):
    """How an account wants notices of a kind by mail, where that is not what is usual."""

    __tablename__ = "notice_choice"

    account_id: int = Field(foreign_key="account.id", primary_key=True)
    kind: str = Field(primary_key=True)
    how: str


class NoticeCursor(SQLModel, table=True):
    """How far a source of events has been read. Who reads it holds this row.

    `gaps` holds [id, when it was missed] of rows that were not there though a later one was: PostgreSQL hands out
    numbers before it commits.
    """

    __tablename__ = "notice_cursor"

    source: str = Field(primary_key=True)
    last_id: int = 0
    gaps: list[Any] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))


class NoticeMail(SQLModel, table=True):
    """A mail on its way: one notice, a day's notices, or the question whether an address is right.

    States: waiting, sending, sent, failed, unclear (who sent it died meanwhile: it is never sent twice), dropped.
    """

    __tablename__ = "notice_mail"
    __table_args__ = (
        UniqueConstraint("account_id", "day", name="uq_notice_mail_day"),
        Index("ix_notice_mail_due", "state", "due_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    form: str = "each"
    day: dt.date | None = None
    state: str = "waiting"
    tries: int = 0
    due_at: dt.datetime
    lease_until: dt.datetime | None = None
    fault: str = Field(default="", sa_column=Column(Text, nullable=False))
    created_at: dt.datetime = Field(default_factory=utcnow)
    sent_at: dt.datetime | None = None


class Notice(SQLModel, table=True):
    """What an account is told of an event: once, whoever read the event."""

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("source", "event_id", "account_id", name="uq_notice_event"),
        Index("ix_notice_unread", "account_id", "read_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    source: str
    event_id: int
    kind: str
    title: str
    text: str = Field(default="", sa_column=Column(Text, nullable=False))
    link: str
    at: dt.datetime
    read_at: dt.datetime | None = None
    mail_id: int | None = Field(default=None, foreign_key="notice_mail.id", index=True)
    created_at: dt.datetime = Field(default_factory=utcnow, index=True)


class CalendarFeed(SQLModel, table=True):
    """The secret address of a calendar: an account's own, or that of a fabricator it belongs to (`scope`).

    The secret is kept as it is, so that its owner can put it into a second device; it shows dates and changes nothing.
    """

    __tablename__ = "calendar_feed"
    __table_args__ = (UniqueConstraint("account_id", "scope", name="uq_calendar_scope"),)

    secret: str = Field(primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    scope: str
    fabricator_id: int | None = Field(default=None, foreign_key="fabricator.id")
    made_at: dt.datetime = Field(default_factory=utcnow)
