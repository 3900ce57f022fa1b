"""What comes into and goes out of build reports."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from registry import limits

Outcome = Literal["works", "changed", "failed"]
Precision = Literal["town", "region", "country"]
LINE_CHARS = 300
TEXT_CHARS = 8_000


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class ChangeWish(BaseModel):
    """Something that was built otherwise than the version says."""

    line: str = Field(
        min_length=1, max_length=LINE_CHARS, description="designator, MPN, or what the bill calls it; or a free word"
    )
    instead: str = Field(default="", max_length=LINE_CHARS, description="what was used instead; empty: left out")
    why: str = Field(default="", max_length=LINE_CHARS)


class TestWish(BaseModel):
    """A test and what came of it."""

    name: str = Field(min_length=1, max_length=LINE_CHARS)
    expected: str = Field(default="", max_length=60)
    measured: str = Field(min_length=1, max_length=60)
    unit: str = Field(default="", max_length=20)
    ok: bool


class ReportWish(BaseModel):
    """That somebody built a version, and how it went."""

    outcome: Outcome
    failed_step: str = Field(default="", max_length=LINE_CHARS, description="where it failed, if it failed")
    units: int = Field(default=1, ge=1, le=1_000_000)
    built_on: dt.date | None = None
    country: str = Field(min_length=1, max_length=80, description="name or ISO 3166-1 code")
    region: str = Field(default="", max_length=120)
    town: str = Field(default="", max_length=120, description="kept to tell places apart; shown if `precision` says so")
    precision: Precision = Field(default="country", description="what of the place others see")
    cost_minor: int | None = Field(default=None, ge=0, le=10**12, description="of all units, in smallest units")
    currency: str = Field(default="", max_length=10)
    minutes: int | None = Field(default=None, ge=0, le=10_000_000, description="work for all units")
    words: str = Field(default="", max_length=TEXT_CHARS)
    changes: list[ChangeWish] = Field(default_factory=list, max_length=limits.REPORT_ROWS)
    tests: list[TestWish] = Field(default_factory=list, max_length=limits.REPORT_ROWS)
    unit: str = Field(default="", max_length=60, description="serial number of the unit that was bought, if it was")
    why: str = Field(default="", max_length=LINE_CHARS, description="what a new wording changes, and why")

    @field_validator("words", "failed_step", "town", "region", "country", "why")
    @classmethod
    def _trim(cls, value: str) -> str:
        return value.replace("\r\n", "\n").strip()


class PhotoQuery(BaseModel):
    """Words on a photo that is sent as it is."""

    words: str = Field(default="", max_length=LINE_CHARS)


class StateWish(BaseModel):
    """Withdraw one's own report; as a steward, hide one or show it again."""

    action: Literal["withdraw", "hide", "show"]
    why: str = Field(default="", max_length=LINE_CHARS)


class ChangeView(_Out):
    """A change against the bill of materials."""

    line: str
    line_id: str = Field(description="the line of the merged bill of materials; empty for a free word")
    what: str
    instead: str
    why: str


class TestView(_Out):
    """A test and what came of it."""

    name: str
    expected: str
    measured: str
    unit: str
    ok: bool


class PhotoView(_Out):
    """A photo, without what its camera wrote into it."""

    url: str
    words: str
    width_px: int
    height_px: int


class EventView(_Out):
    """What was done with a report."""

    action: str
    why: str
    by: str
    at: dt.datetime


class ReportItem(_Out):
    """A build report in a list."""

    id: int
    design: str
    version: str
    label: str
    by: str
    by_author: bool
    outcome: Outcome
    failed_step: str
    units: int
    place: str = Field(description="as precisely as they want")
    bought_of: str = Field(description="the fabricator of the delivered unit, or empty")
    serial: str = Field(description="of the delivered unit, or empty")
    words: str
    changes: list[ChangeView]
    tests: list[TestView]
    photos: list[PhotoView]
    cost_minor: int | None
    currency: str
    minutes: int | None
    built_on: dt.date | None
    state: str = Field(description="shown, withdrawn or hidden")
    number: int = Field(description="which wording this is")
    wordings: int = Field(description="how many there are")
    why: str
    made_at: dt.datetime
    created_at: dt.datetime


class ReportDetail(ReportItem):
    """A build report with its history."""

    events: list[EventView]


class StandingView(_Out):
    """How a version stands."""

    words: str
    proven: str
    others: int
    failed: int
    since: list[str] = Field(description="what changed since the last proven version, in sentences; empty if none")
    since_version: str = Field(description="the last version before it that somebody has built, or empty")
    compare: str = Field(description="address of the comparison with it, or empty")


class ReportList(_Out):
    """A version's reports and its standing."""

    standing: StandingView
    items: list[ReportItem]
    total: int
    next: str | None
