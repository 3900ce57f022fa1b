"""What comes into and goes out of official fabricators, and the origin of batches."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from registry.batches.schemas import LINE_CHARS, TEXT_CHARS


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class OfficialWish(BaseModel):
    """A design's maintainers name a fabricator, or offer it new terms."""

    fabricator: str = Field(min_length=1, max_length=160, description="its name, or its slug")
    mark: str = Field(default="", max_length=TEXT_CHARS, description="name and mark that it may use, and where")
    checks: str = Field(default="", max_length=TEXT_CHARS, description="what it checks on each unit")
    text: str = Field(default="", max_length=TEXT_CHARS, description="further conditions")
    contribution_minor: int = Field(
        default=0, ge=0, le=10**12, description="to the maintainers for each unit, in the currency's smallest unit"
    )
    currency: str = Field(default="EUR", max_length=10)

    @field_validator("mark", "checks", "text")
    @classmethod
    def _trim(cls, value: str) -> str:
        return value.replace("\r\n", "\n").strip()


class OfficialAnswer(BaseModel):
    """A fabricator accepts or declines terms; either side ends a naming."""

    action: Literal["accept", "decline", "end"]
    terms: int = Field(default=0, ge=0, le=100_000, description="number of the terms that are answered; 0 to end")
    why: str = Field(default="", max_length=LINE_CHARS)


class TermsView(_Out):
    """Conditions as they were offered, whole."""

    number: int
    mark: str
    checks: str
    text: str
    contribution_minor: int
    currency: str
    sha256: str = Field(description="of mark, checks, text and contribution, as `canonical` puts them together")
    by: str
    made_at: dt.datetime


class OfficialEventView(_Out):
    """Something done with a naming."""

    action: str
    terms: int
    why: str
    by: str
    at: dt.datetime


class OfficialView(_Out):
    """A fabricator that a design's maintainers named, with all terms and what became of them."""

    id: int
    design: str
    design_name: str
    fabricator: str
    fabricator_name: str
    state: str = Field(description="offered, active, declined or ended")
    terms: list[TermsView] = Field(description="the newest first")
    accepted: int | None = Field(description="number of the terms that hold")
    since: dt.datetime
    events: list[OfficialEventView]

    @property
    def held(self) -> TermsView | None:
        """The terms that hold, or else the newest offered."""
        return next((one for one in self.terms if one.number == self.accepted), next(iter(self.terms), None))

    @property
    def waits(self) -> bool:
        """Whether terms wait for the fabricator's answer."""
        newest = self.terms[0].number if self.terms else 0
        return self.state == "offered" or (self.state == "active" and newest != self.accepted)


class OfficialList(_Out):
    """The official fabricators of a design, those that hold first."""

    items: list[OfficialView]
    total: int
    next: str | None = None


class OriginView(_Out):
    """Where a batch comes from: official, or a free build under another name."""

    kind: Literal["official", "free"]
    sentence: str
    namings: list[int] = Field(description="ids of the namings that it is made under")
    terms: list[int] = Field(description="numbers of their terms, in the same order")
