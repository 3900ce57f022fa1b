"""What comes into and goes out of batches."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from registry import limits
from registry.batches.origin_schemas import OriginView
from registry.batches.schemas import LINE_CHARS, QUANTITY_MAX, TEXT_CHARS, EventView, PriceBreak


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class BatchWish(BaseModel):
    """A new batch: of an accepted quote, or of a version by an operator of the fabricator that leads it."""

    quote: int | None = Field(
        default=None, description="an accepted quote; then design, fabricators and prices are its"
    )
    design: str = Field(default="", max_length=80)
    version: str = Field(default="", max_length=200)
    fabricators: list[str] = Field(
        default_factory=list, max_length=10, description="slugs; the first one leads, others are asked"
    )
    currency: str = Field(default="", max_length=10)
    prices: list[PriceBreak] = Field(default_factory=list, max_length=20)
    units_min: int = Field(ge=1, le=QUANTITY_MAX)
    units_max: int = Field(ge=1, le=QUANTITY_MAX)
    units_per_person: int | None = Field(default=None, ge=1, le=QUANTITY_MAX)
    deadline_at: dt.datetime = Field(description="with its zone; UTC where it has none")
    notes: str = Field(default="", max_length=TEXT_CHARS)


class ReservationWish(BaseModel):
    """Units of a batch. The same key with the same wish answers the same; it never reserves twice."""

    units: int = Field(ge=1, le=QUANTITY_MAX)
    named: bool = Field(default=False, description="the handle stands in the public queue; otherwise 'somebody'")
    key: str = Field(max_length=200)


class Move(BaseModel):
    """An operator's action on a batch."""

    action: Literal["open", "cancel", "begin early", "materials", "made", "assembled", "tested", "shipped", "close"]
    why: str = Field(default="", max_length=LINE_CHARS)


class CountWish(BaseModel):
    """What was counted at a stage; negative numbers take back, with a reason."""

    stage: str = Field(max_length=40)
    good: int = Field(default=0, ge=-QUANTITY_MAX, le=QUANTITY_MAX)
    scrap: int = Field(default=0, ge=-QUANTITY_MAX, le=QUANTITY_MAX)
    rework: int = Field(default=0, ge=-QUANTITY_MAX, le=QUANTITY_MAX)
    why: str = Field(default="", max_length=LINE_CHARS)
    serials: list[str] = Field(
        default_factory=list, max_length=2_000, description="which units; scrap of numbered units is named"
    )


class PartnerWish(BaseModel):
    """A fabricator that is asked to make a share of a batch."""

    fabricator: str = Field(min_length=1, max_length=200, description="its slug, or its name")
    stages: list[str] = Field(max_length=10, description="those that it would make: materials, made, assembled, ...")
    does: str = Field(default="", max_length=LINE_CHARS, description="its share in words")


class PartnerAnswer(BaseModel):
    """What becomes of a share: the asked one agrees or declines, who leads takes the question back, either ends it."""

    action: Literal["agree", "decline", "take back", "leave"]
    why: str = Field(default="", max_length=LINE_CHARS)


class BatchQuery(BaseModel):
    """Which batches."""

    state: str = Field(default="", max_length=20)
    design: str = Field(default="", max_length=80)
    page: int = Field(default=1, ge=1, le=10_000)
    per_page: int = Field(default=limits.PAGE_ITEMS_DEFAULT, ge=1, le=limits.PAGE_ITEMS_MAX)


class MakerView(_Out):
    """A fabricator of a batch."""

    slug: str
    name: str
    leads: bool
    does: str
    stages: list[str] = Field(description="its share; empty for every stage")


class InvitationView(_Out):
    """A question that waits for an answer."""

    slug: str
    name: str
    stages: list[str]
    does: str
    by: str
    at: dt.datetime


class StageView(_Out):
    """What is counted at a stage so far."""

    stage: str
    label: str
    good: int
    scrap: int
    rework: int


class QueueItem(_Out):
    """A place in the public queue."""

    number: int
    who: str = Field(description="a handle, or 'somebody'")
    units: int
    state: str
    made_at: dt.datetime


class ReservationView(_Out):
    """A reservation, as who made it sees it."""

    batch: int
    number: int
    units: int
    named: bool
    state: str
    made_at: dt.datetime


class BatchItem(_Out):
    """A batch in a list."""

    number: int
    design: str
    design_name: str
    picture: str | None
    version: str
    label: str
    state: str
    currency: str
    units_min: int
    units_max: int
    reserved: int
    price_now_minor: int = Field(
        description="what a unit costs with what is reserved; at the minimum until that is reached"
    )
    price_full_minor: int
    deadline_at: dt.datetime
    makers: list[MakerView]
    origin: OriginView


class BatchDetail(BatchItem):
    """A batch with its queue, stages and history."""

    commit: str
    quote: int | None
    prices: list[PriceBreak]
    units_per_person: int | None
    notes: str
    opened_by: str
    created_at: dt.datetime
    stages: list[StageView]
    queue: list[QueueItem]
    events: list[EventView]
    invitations: list[InvitationView] = Field(
        default_factory=list, description="who is asked to make a share, for those who make it and who are asked"
    )


class BatchList(_Out):
    """A page of batches; `next` is the address of the next page, or null."""

    items: list[BatchItem]
    total: int
    next: str | None
