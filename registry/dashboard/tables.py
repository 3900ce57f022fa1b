"""Tables of the dashboard: words about batches, payments seen, plans of jobs, closed days. The first two are sealed."""

import datetime as dt

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from registry.values import utcnow

APPEND_ONLY = ("batch_message", "payment_seen")


class BatchMessage(SQLModel, table=True):
    """A word between somebody who reserved units of a batch (`buyer_id`) and those who make it."""

    __tablename__ = "batch_message"
    __table_args__ = (Index("ix_batch_message_thread", "batch_id", "buyer_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    batch_id: int = Field(foreign_key="batch.id")
    buyer_id: int = Field(foreign_key="account.id")
    account_id: int = Field(foreign_key="account.id")
    side: str
    text: str = Field(default="", sa_column=Column(Text, nullable=False))
    sent_at: dt.datetime = Field(default_factory=utcnow)


class ReadMark(SQLModel, table=True):
    """How far a person has read: up to `seen_at`. Kind: quote, queue (of a batch) or batch (with `buyer_id`)."""

    __tablename__ = "read_mark"

    account_id: int = Field(foreign_key="account.id", primary_key=True)
    kind: str = Field(primary_key=True)
    thread_id: int = Field(primary_key=True)
    buyer_id: int = Field(default=0, primary_key=True, description="0 but for a word about a batch")
    seen_at: dt.datetime


class PaymentSeen(SQLModel, table=True):
    """Money that a fabricator saw arrive for a reservation or a quote; what is given back is negative, and says why."""

    __tablename__ = "payment_seen"
    __table_args__ = (
        CheckConstraint("(quote_id IS NULL) <> (reservation_id IS NULL)", name="ck_payment_for_one"),
        CheckConstraint("amount_minor <> 0", name="ck_payment_amount"),
        Index("ix_payment_fabricator", "fabricator_id", "currency"),
    )

    id: int | None = Field(default=None, primary_key=True)
    fabricator_id: int = Field(foreign_key="fabricator.id")
    quote_id: int | None = Field(default=None, foreign_key="quote.id", index=True)
    reservation_id: int | None = Field(default=None, foreign_key="reservation.id", index=True)
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str
    seen_on: dt.date
    why: str = ""
    account_id: int = Field(foreign_key="account.id")
    at: dt.datetime = Field(default_factory=utcnow)


class PartPrice(SQLModel, table=True):
    """What a part cost at a vendor on a day, for `per` pieces, from a quantity on; only added to. `folded`: its number
    as it is looked up."""

    __tablename__ = "part_price"
    __table_args__ = (
        CheckConstraint("price_minor >= 0 AND per > 0 AND quantity > 0", name="ck_part_price"),
        Index("ix_part_price", "fabricator_id", "folded"),
    )

    id: int | None = Field(default=None, primary_key=True)
    fabricator_id: int = Field(foreign_key="fabricator.id")
    folded: str
    mpn: str
    quantity: int
    price_minor: int = Field(sa_type=BigInteger)
    per: int
    currency: str
    vendor: str
    source: str = ""
    seen_on: dt.date
    account_id: int = Field(foreign_key="account.id")
    at: dt.datetime = Field(default_factory=utcnow)


class JobPlan(SQLModel, table=True):
    """What a fabricator plans for a batch: how long it works on it, and when it promises it, if not by lead time."""

    __tablename__ = "job_plan"

    fabricator_id: int = Field(foreign_key="fabricator.id", primary_key=True)
    batch_id: int = Field(foreign_key="batch.id", primary_key=True)
    work_minutes: int | None = None
    due_on: dt.date | None = None
    account_id: int = Field(foreign_key="account.id")
    updated_at: dt.datetime = Field(default_factory=utcnow)


class ClosedDay(SQLModel, table=True):
    """A day on which a fabricator does not work."""

    __tablename__ = "closed_day"

    fabricator_id: int = Field(foreign_key="fabricator.id", primary_key=True)
    day: dt.date = Field(primary_key=True)
    words: str = ""


class SentOnce(SQLModel, table=True):
    """What a key did, so that a browser that sends again after it lost the network does nothing twice."""

    __tablename__ = "sent_once"
    __table_args__ = (UniqueConstraint("account_id", "key", name="uq_sent_once"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    key: str
    wish: str = Field(default="", description="sha256 of what was asked")
    said: str = ""
    at: dt.datetime = Field(default_factory=utcnow)
