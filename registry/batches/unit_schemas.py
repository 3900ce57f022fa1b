"""What comes into and goes out of units and their deliveries."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from registry.batches.schemas import QUANTITY_MAX, TEXT_CHARS

BuyerAction = Literal["receive", "accept", "report", "settle", "disagree"]
MakerAction = Literal["repair", "replace", "refund", "refuse"]


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class NumberWish(BaseModel):
    """Serial numbers for a batch: how they are written, and for how many units (further ones go on counting)."""

    pattern: str = Field(default="", max_length=80, description="such as BK1-{year}-{number:04}; empty: the usual one")
    units: int = Field(default=0, ge=0, le=QUANTITY_MAX, description="0: as many as are reserved")


class OrderWish(BaseModel):
    """How many of an accepted quote are made for its buyer alone."""

    units: int = Field(ge=1, le=QUANTITY_MAX)


class NoteWish(BaseModel):
    """A word to keep with a serial number."""

    text: str = Field(min_length=1, max_length=TEXT_CHARS)


class ShipWish(BaseModel):
    """Units that leave for a reservation."""

    reservation: int = Field(ge=1, le=QUANTITY_MAX, description="its number in the queue")
    serials: list[str] = Field(
        default_factory=list, max_length=2_000, description="none: the next tested ones, all that it waits for"
    )
    carrier: str = Field(default="", max_length=120)
    tracking: str = Field(default="", max_length=200)
    words: str = Field(default="", max_length=TEXT_CHARS)


class Answer(BaseModel):
    """What the buyer says of units, or the workshop answers; faults, refusals and disagreement need words."""

    action: BuyerAction | MakerAction
    serials: list[str] = Field(min_length=1, max_length=2_000)
    words: str = Field(default="", max_length=TEXT_CHARS)


class FaultQuery(BaseModel):
    """A fault whose photo is sent as it is."""

    serials: str = Field(min_length=1, max_length=40_000, description="serial numbers, with commas")
    words: str = Field(min_length=1, max_length=TEXT_CHARS)


class UnitEventView(_Out):
    """What happened to a unit. Who it was is named to its owner and maker alone."""

    serial: str
    action: str
    label: str
    stage: str
    became: str
    side: str
    by: str
    words: str
    photo: str | None = Field(description="address of the photo, 800 pixels wide")
    at: dt.datetime
    serials: list[str] = Field(
        default_factory=list, description="of all units of a delivery that it happened to at once"
    )


class NoteView(_Out):
    """A word kept with a serial number."""

    side: str
    by: str
    text: str
    at: dt.datetime


class UnitItem(_Out):
    """A unit in a list."""

    serial: str
    state: str
    label: str
    passed: str = Field(description="the last stage it went through, before it was shipped")


class UnitList(_Out):
    """The units of a batch, by number."""

    batch: int
    units: list[UnitItem]
    total: int
    states: dict[str, int] = Field(description="state -> how many")


class PaperView(_Out):
    """A paper for the workshop, made as PDF when it is asked for."""

    kind: Literal["batch-traveller", "unit-traveller", "labels"]
    title: str
    serial: str = Field(default="", description="of the unit that it goes with")
    form: str = Field(default="", description="of labels: a4 or roll")
    pdf: str = Field(description="its address here; send the token with it")


class PaperSteps(_Out):
    """What a heading of the design's documents says to do, or to check."""

    title: str
    steps: list[str]
    checks: bool = Field(description="each is signed as a check")


class PaperUnit(UnitItem):
    """A unit as its label names it."""

    url: str = Field(description="what the QR code of its label and its traveller opens")


class PapersView(_Out):
    """The papers of a batch as data: what travellers and labels print, and where their PDF is."""

    batch: int
    design: str
    version: str
    url: str = Field(description="what the QR code of the batch's traveller opens")
    papers: list[PaperView]
    units: list[PaperUnit]
    chapters: list[PaperSteps]


class LabelsQuery(BaseModel):
    """Which labels: units by number, and the places that are used on the first sheet."""

    form: Literal["a4", "roll"] = "a4"
    first: int = Field(default=1, ge=1, le=QUANTITY_MAX)
    last: int = Field(default=QUANTITY_MAX, ge=1, le=QUANTITY_MAX)
    skip: int = Field(default=0, ge=0, lt=65)


class UnitDetail(UnitItem):
    """A unit: what everybody may know, and for its owner and maker what is kept with it."""

    id: int
    batch: int
    design: str
    design_name: str
    version: str
    version_label: str
    commit: str
    picture: str | None
    fabricator: str
    fabricator_name: str
    side: str = Field(description="who reads: buyer, fabricator, or empty")
    delivery: int | None = Field(description="its newest delivery, for its owner and maker")
    events: list[UnitEventView]
    notes: list[NoteView]


class DeliveryView(_Out):
    """A delivery, for who sent and who gets it."""

    id: int
    batch: int
    design: str
    design_name: str
    version: str
    fabricator: str
    fabricator_name: str
    reservation: int
    buyer: str
    carrier: str
    tracking: str
    words: str
    shipped_at: dt.datetime
    shipped_by: str
    side: str
    units: list[UnitItem]
    events: list[UnitEventView]


class DeliveryList(_Out):
    """Deliveries, the newest first."""

    items: list[DeliveryView]


class OwnedUnit(_Out):
    """A unit that an account was sent."""

    unit_id: int
    serial: str
    state: str
    batch: int
    design_id: int
    design: str
    revision_id: int
    version: str
    fabricator_id: int
    fabricator: str
    shipped_at: dt.datetime
