"""Tables of single units: their serial numbers, where they went, and what became of them. The past is only added to."""

import datetime as dt
from typing import Any

from sqlalchemy import JSON, Column, Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from registry.values import utcnow

APPEND_ONLY = ("unit_event", "unit_note", "delivery", "delivery_unit")


def _text() -> Any:
    return Field(default="", sa_column=Column(Text, nullable=False))


class Order(SQLModel, table=True):
    """A batch that is one buyer's order, of an accepted quote: made like a batch, not shown as one."""

    __tablename__ = "quote_order"

    batch_id: int = Field(foreign_key="batch.id", primary_key=True)
    buyer_id: int = Field(foreign_key="account.id", index=True)


class Unit(SQLModel, table=True):
    """One thing of a batch. `passed` is the last stage it went through; `state` is where it stands now."""

    __tablename__ = "unit"
    __table_args__ = (
        UniqueConstraint("batch_id", "serial", name="uq_unit_serial"),
        UniqueConstraint("batch_id", "position", name="uq_unit_position"),
        Index("ix_unit_state", "batch_id", "state"),
    )

    id: int | None = Field(default=None, primary_key=True)
    batch_id: int = Field(foreign_key="batch.id")
    position: int
    serial: str = Field(index=True, max_length=40)
    state: str = "planned"
    passed: str = ""
    reservation_id: int | None = Field(default=None, foreign_key="reservation.id", index=True)


class UnitEvent(SQLModel, table=True):
    """What happened to a unit: who, when, in which words. `files` are the widths of a photo and their digests."""

    __tablename__ = "unit_event"

    id: int | None = Field(default=None, primary_key=True)
    unit_id: int = Field(foreign_key="unit.id", index=True)
    delivery_id: int | None = Field(default=None, foreign_key="delivery.id", index=True)
    action: str
    stage: str = ""
    was: str
    became: str
    side: str
    words: str = _text()
    files: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    account_id: int = Field(foreign_key="account.id")
    at: dt.datetime = Field(default_factory=utcnow)


class UnitNote(SQLModel, table=True):
    """A word kept with a serial number, for its owner and its maker."""

    __tablename__ = "unit_note"

    id: int | None = Field(default=None, primary_key=True)
    unit_id: int = Field(foreign_key="unit.id", index=True)
    side: str
    text: str = _text()
    account_id: int = Field(foreign_key="account.id")
    at: dt.datetime = Field(default_factory=utcnow)


class Delivery(SQLModel, table=True):
    """A parcel, or what was fetched: units that left for one reservation."""

    __tablename__ = "delivery"

    id: int | None = Field(default=None, primary_key=True)
    batch_id: int = Field(foreign_key="batch.id", index=True)
    reservation_id: int = Field(foreign_key="reservation.id", index=True)
    carrier: str = ""
    tracking: str = ""
    words: str = _text()
    account_id: int = Field(foreign_key="account.id")
    shipped_at: dt.datetime = Field(default_factory=utcnow)


class DeliveryUnit(SQLModel, table=True):
    """A unit of a delivery. Repaired, it may leave again with another."""

    __tablename__ = "delivery_unit"

    delivery_id: int = Field(foreign_key="delivery.id", primary_key=True)
    unit_id: int = Field(foreign_key="unit.id", primary_key=True, index=True)
