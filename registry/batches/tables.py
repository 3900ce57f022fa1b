"""Tables of the batches feature: requests, quotes, batches, reservations. What tells of the past is only added to."""

import datetime as dt
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Column, Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from registry.values import utcnow

APPEND_ONLY = ("quote_version", "quote_event", "quote_message", "batch_event", "batch_count")


def _list() -> Any:
    return Field(default_factory=list, sa_column=Column(JSON, nullable=False))


def _text() -> Any:
    return Field(default="", sa_column=Column(Text, nullable=False))


class QuoteRequest(SQLModel, table=True):
    """What a buyer asks of one or many fabricators: a pinned version, quantities, date, place. Its id is its number.

    `accepted_quote_id` is set once, by the one acceptance that holds.
    """

    __tablename__ = "quote_request"
    __table_args__ = (Index("ix_quote_request_buyer", "buyer_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    buyer_id: int = Field(foreign_key="account.id")
    design_id: int = Field(foreign_key="design.id", index=True)
    revision_id: int = Field(foreign_key="revision.id")
    commit: str
    quantities: list[int] = _list()
    wanted_by: dt.date | None = None
    place: str = ""
    notes: str = _text()
    panel: bool = False
    vendor_form: str = "plain"
    state: str = "open"
    accepted_quote_id: int | None = None
    created_at: dt.datetime = Field(default_factory=utcnow)


class Quote(SQLModel, table=True):
    """A fabricator's answer to a request, from the moment it is asked; `version` counts what it has offered."""

    __tablename__ = "quote"
    __table_args__ = (
        UniqueConstraint("request_id", "fabricator_id", name="uq_quote_fabricator"),
        Index("ix_quote_fabricator", "fabricator_id", "state"),
    )

    id: int | None = Field(default=None, primary_key=True)
    request_id: int = Field(foreign_key="quote_request.id")
    fabricator_id: int = Field(foreign_key="fabricator.id")
    state: str = "requested"
    version: int = 0
    valid_until: dt.date | None = Field(default=None, index=True)
    last_by: str = Field(default="buyer", description="who wrote last: buyer or fabricator")
    created_at: dt.datetime = Field(default_factory=utcnow)
    updated_at: dt.datetime = Field(default_factory=utcnow)


class QuoteVersion(SQLModel, table=True):
    """One offer, never changed. `prices` holds {quantity, unit_minor}, by rising quantity."""

    __tablename__ = "quote_version"
    __table_args__ = (UniqueConstraint("quote_id", "number", name="uq_quote_version"),)

    id: int | None = Field(default=None, primary_key=True)
    quote_id: int = Field(foreign_key="quote.id")
    number: int
    currency: str
    prices: list[dict[str, int]] = _list()
    setup_minor: int = 0
    lead_days: int
    valid_until: dt.date
    excluded: str = _text()
    terms: str = _text()
    account_id: int = Field(foreign_key="account.id")
    made_at: dt.datetime = Field(default_factory=utcnow)


class QuoteEvent(SQLModel, table=True):
    """A change of a quote's state: who, when, why. No account: the calendar did it."""

    __tablename__ = "quote_event"

    id: int | None = Field(default=None, primary_key=True)
    quote_id: int = Field(foreign_key="quote.id", index=True)
    action: str
    was: str
    became: str
    version: int = 0
    account_id: int | None = Field(default=None, foreign_key="account.id")
    why: str = ""
    at: dt.datetime = Field(default_factory=utcnow)


class QuoteMessage(SQLModel, table=True):
    """A word between buyer and fabricator about a quote."""

    __tablename__ = "quote_message"

    id: int | None = Field(default=None, primary_key=True)
    quote_id: int = Field(foreign_key="quote.id", index=True)
    account_id: int = Field(foreign_key="account.id")
    side: str
    text: str = _text()
    sent_at: dt.datetime = Field(default_factory=utcnow)


class Batch(SQLModel, table=True):
    """A production run of one version. Its id is its number; `reserved` is what its reservations hold together.

    `prices` holds {quantity, unit_minor}: the unit price from that total on.
    """

    __tablename__ = "batch"
    __table_args__ = (
        CheckConstraint("reserved >= 0 AND reserved <= units_max", name="ck_batch_reserved"),
        CheckConstraint("units_min >= 1 AND units_min <= units_max", name="ck_batch_units"),
        Index("ix_batch_state", "state", "deadline_at"),
        Index("ix_batch_design", "design_id", "state"),
    )

    id: int | None = Field(default=None, primary_key=True)
    design_id: int = Field(foreign_key="design.id")
    revision_id: int = Field(foreign_key="revision.id")
    commit: str
    quote_id: int | None = Field(default=None, foreign_key="quote.id", unique=True)
    state: str = "draft"
    currency: str
    prices: list[dict[str, int]] = _list()
    units_min: int
    units_max: int
    units_per_person: int | None = None
    reserved: int = 0
    last_number: int = 0
    deadline_at: dt.datetime
    notes: str = _text()
    opened_by: int = Field(foreign_key="account.id")
    created_at: dt.datetime = Field(default_factory=utcnow)
    updated_at: dt.datetime = Field(default_factory=utcnow)


class BatchMaker(SQLModel, table=True):
    """A fabricator that makes a batch, or a share of it. The first leads: its people open the batch and move it on.

    `stages` are those that it makes and counts; empty for all of them.
    """

    __tablename__ = "batch_maker"

    batch_id: int = Field(foreign_key="batch.id", primary_key=True)
    fabricator_id: int = Field(foreign_key="fabricator.id", primary_key=True, index=True)
    leads: bool = False
    does: str = ""
    stages: list[str] = _list()


class BatchInvitation(SQLModel, table=True):
    """A fabricator is asked to make a share of a batch. `state`: open, agreed, declined or taken back."""

    __tablename__ = "batch_invitation"

    id: int | None = Field(default=None, primary_key=True)
    batch_id: int = Field(foreign_key="batch.id", index=True)
    fabricator_id: int = Field(foreign_key="fabricator.id", index=True)
    stages: list[str] = _list()
    does: str = ""
    state: str = "open"
    account_id: int = Field(foreign_key="account.id")
    at: dt.datetime = Field(default_factory=utcnow)


class BatchEvent(SQLModel, table=True):
    """A change of a batch's state: who, when, why. No account: the clock did it."""

    __tablename__ = "batch_event"

    id: int | None = Field(default=None, primary_key=True)
    batch_id: int = Field(foreign_key="batch.id", index=True)
    action: str
    was: str
    became: str
    account_id: int | None = Field(default=None, foreign_key="account.id")
    why: str = ""
    at: dt.datetime = Field(default_factory=utcnow)


class BatchCount(SQLModel, table=True):
    """What somebody counted at a stage; a mistake is mended by a further row of negative numbers that says why."""

    __tablename__ = "batch_count"

    id: int | None = Field(default=None, primary_key=True)
    batch_id: int = Field(foreign_key="batch.id", index=True)
    fabricator_id: int = Field(foreign_key="fabricator.id")
    stage: str
    good: int = 0
    scrap: int = 0
    rework: int = 0
    why: str = ""
    account_id: int = Field(foreign_key="account.id")
    at: dt.datetime = Field(default_factory=utcnow)


class Reservation(SQLModel, table=True):
    """Units that somebody wants of a batch; `number` is its place in the public queue and is never given again."""

    __tablename__ = "reservation"
    __table_args__ = (
        UniqueConstraint("batch_id", "number", name="uq_reservation_number"),
        UniqueConstraint("account_id", "key", name="uq_reservation_key"),
        CheckConstraint("units >= 1", name="ck_reservation_units"),
    )

    id: int | None = Field(default=None, primary_key=True)
    batch_id: int = Field(foreign_key="batch.id")
    account_id: int = Field(foreign_key="account.id", index=True)
    number: int
    units: int
    named: bool = False
    state: str = "held"
    key: str
    made_at: dt.datetime = Field(default_factory=utcnow)
    ended_at: dt.datetime | None = None
