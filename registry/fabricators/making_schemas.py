"""What goes out of matching, and what comes in: for pages, JSON and the command line alike."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from registry.fabricators.matching import Answer, Reason
from registry.fabricators.needs import Need
from registry.fabricators.plans import Plan
from registry.fabricators.vocabulary import PARAMETERS


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class Near(BaseModel):
    """Where somebody is, and how far they would go."""

    model_config = ConfigDict(frozen=True)

    lat: float | None = Field(default=None, ge=-90, le=90)
    lon: float | None = Field(default=None, ge=-180, le=180)
    km: float | None = Field(default=None, gt=0, le=20_100)

    @property
    def known(self) -> bool:
        """Whether a place is given."""
        return self.lat is not None and self.lon is not None


class CorrectionView(_Out):
    """What a designer said in place of what was derived."""

    need: str
    what: str = Field(description="set, drop or add")
    parameter: str
    value: Any
    why: str
    by: str
    made_at: dt.datetime

    @property
    def label(self) -> str:
        """What the corrected need is called, for people."""
        known = PARAMETERS.get(self.parameter)
        return known.need_label if known else self.parameter


class NeedsView(_Out):
    """What a version needs: with corrections, and what was derived before them."""

    design: str
    version: str
    build_id: int | None = Field(description="the build that this was derived from; null if there is none yet")
    needs: list[Need]
    unknown: list[str]
    derived: list[Need] = Field(description="the needs as they were derived, without corrections")
    corrections: list[CorrectionView]


class NeedAnswer(_Out):
    """How a fabricator stands to one need, by the machine of theirs that does it best."""

    need: str
    answer: Answer
    machine: str = ""
    reasons: list[Reason] = Field(default_factory=list)


class FabricatorMatch(_Out):
    """How a fabricator stands to a version."""

    slug: str
    name: str
    town: str
    country: str
    distance_km: float | None
    lead_time_days: int | None
    answer: Answer
    covered: int
    of: int
    answers: list[NeedAnswer]


class Matches(_Out):
    """Who can make a version, best first."""

    design: str
    version: str
    items: list[FabricatorMatch]
    total: int = Field(description="fabricators that were judged")
    can: int = Field(description="how many of them surely can make all of it")
    perhaps: int = Field(description="how many perhaps can: something is not stated")
    more: bool = Field(description="more fabricators have the machines than were judged")
    plans: list[Plan]
    slugs: dict[int, str] = Field(description="fabricator's id in plans -> slug")


class Makeable(_Out):
    """A design that a fabricator could make, or almost."""

    design: str
    name: str
    version: str
    answer: Answer
    lacking: list[str] = Field(description="titles of needs that no machine covers")
    unsure: list[str] = Field(description="titles of needs where something is not stated")
    why: list[str] = Field(description="sentences: the first reasons against")


class MakeablePiece(_Out):
    """A board or part that a fabricator could make, whoever makes the rest of its design."""

    name: str
    target: str = Field(description="the board or part of the version; '' if it has no file of its own")
    quantity: float | None = Field(description="per unit; null if nothing says how many")
    answer: Literal["yes", "unknown"]
    steps: list[str] = Field(description="titles of the needs that it takes")
    machines: list[str] = Field(description="the machines that would do them")
    elsewhere: list[str] = Field(description="titles of finishes that no machine covers: somebody else's work")


class MakeableParts(_Out):
    """What a fabricator could make of a design that asks for more than they have."""

    design: str
    name: str
    version: str
    pieces: list[MakeablePiece]
    of: int = Field(description="boards and parts of the design, with those that they could not make")
    lacking: list[str] = Field(description="titles of needs that no machine covers")


class CorrectionWish(BaseModel):
    """What a designer says in place of what was derived; what was derived stays beside it."""

    need: str = Field(max_length=200, description="a need's id, or 'new' for one that is missing")
    parameter: str = Field(
        default="", max_length=200, description="of the vocabulary; or 'drop', or 'keep' to take a drop back"
    )
    value: str = Field(
        default="", max_length=400, description="as people write it; empty: it does not matter; for 'new' the process"
    )
    why: str = Field(max_length=2_000, description="in a sentence: others rely on it")


class CouldMake(_Out):
    """What a fabricator could make of the designs here."""

    slug: str
    name: str
    today: list[Makeable]
    one_step: list[Makeable]
    parts: list[MakeableParts] = Field(description="boards and parts of designs that cannot be made here as a whole")
    candidates: int = Field(description="designs that a first look let through")
    judged: int
    unread: int = Field(description="designs whose needs are still to be derived")
