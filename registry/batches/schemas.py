"""What comes into and goes out of requests and quotes."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

VendorForm = Literal["plain", "jlcpcb", "pcbway"]
TEXT_CHARS = 8_000
LINE_CHARS = 400
QUANTITY_MAX = 1_000_000
MINOR_MAX = 10**12


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class PriceBreak(BaseModel):
    """The unit price from a quantity on. Units: `unit_minor` in the currency's smallest unit."""

    quantity: int = Field(ge=1, le=QUANTITY_MAX)
    unit_minor: int = Field(ge=0, le=MINOR_MAX)


class RequestWish(BaseModel):
    """A request for quotation."""

    design: str = Field(max_length=80)
    version: str = Field(default="", max_length=200, description="label, name or commit; empty for the newest")
    fabricators: list[str] = Field(min_length=1, max_length=40, description="their slugs")
    quantities: list[int] = Field(min_length=1, max_length=8)
    wanted_by: dt.date | None = Field(default=None, description="when the things are needed")
    place: str = Field(default="", max_length=LINE_CHARS, description="where they are to be delivered")
    notes: str = Field(default="", max_length=TEXT_CHARS)
    panel: bool = Field(default=False, description="boards are wanted in panels")
    vendor_form: VendorForm = Field(
        default="plain", description="in which form gerbers, bill of materials and positions are attached"
    )


class Offer(BaseModel):
    """What a fabricator offers: a first quote, or a revision of it."""

    currency: str = Field(max_length=10)
    other_currency: bool = Field(default=False, description="it is meant that this is not the fabricator's currency")
    prices: list[PriceBreak] = Field(min_length=1, max_length=20)
    setup_minor: int = Field(default=0, ge=0, le=MINOR_MAX)
    lead_days: int = Field(ge=0, le=1_000)
    valid_until: dt.date
    excluded: str = Field(default="", max_length=TEXT_CHARS)
    terms: str = Field(default="", max_length=TEXT_CHARS)
    why: str = Field(default="", max_length=LINE_CHARS)


class Change(BaseModel):
    """An action on a quote. `version` is the one that was read: an offer revised meanwhile is not accepted unseen."""

    action: Literal["accept", "decline", "refuse", "withdraw"]
    version: int = Field(default=0, ge=0)
    why: str = Field(default="", max_length=LINE_CHARS)


class Word(BaseModel):
    """A message."""

    text: str = Field(min_length=1, max_length=TEXT_CHARS)


class OfferView(_Out):
    """One version of a quote."""

    number: int
    currency: str
    prices: list[PriceBreak]
    setup_minor: int
    lead_days: int
    valid_until: dt.date
    excluded: str
    terms: str
    by: str
    made_at: dt.datetime

    def plain_prices(self) -> list[dict[str, int]]:
        """The prices as the rules take them."""
        return [row.model_dump() for row in self.prices]


class EventView(_Out):
    """A change of state: who, when, why."""

    action: str
    was: str
    became: str
    version: int = 0
    by: str = Field(description="a handle; empty: the registry, by the calendar")
    why: str
    at: dt.datetime


class MessageView(_Out):
    """A word between buyer and fabricator."""

    by: str
    side: str
    text: str
    sent_at: dt.datetime


class QuoteView(_Out):
    """A quote as its two sides see it."""

    id: int
    request: int
    fabricator: str = Field(description="its slug")
    fabricator_name: str
    fabricator_currency: str
    state: str
    version: int
    offer: OfferView | None = Field(description="the newest version")
    last_by: str
    updated_at: dt.datetime


class QuoteDetail(QuoteView):
    """A quote with all its versions, changes and words."""

    offers: list[OfferView]
    events: list[EventView]
    messages: list[MessageView]


class RequestItem(_Out):
    """A request in a list."""

    number: int
    design: str
    design_name: str
    version: str
    label: str
    buyer: str
    quantities: list[int]
    wanted_by: dt.date | None
    state: str
    asked: int = Field(description="how many fabricators were asked")
    offered: int = Field(description="how many offers stand now")
    created_at: dt.datetime


class Estimate(_Out):
    """Set-up and machine hours by rule of thumb, at a fabricator's own rates; without material and bought parts."""

    currency: str
    by_quantity: dict[int, int] = Field(description="units -> minor units for all of them")
    reckoned: int = Field(description="needs whose rate and hours are known")
    of: int = Field(description="needs of the version that people do not do by themselves")


class RequestDetail(RequestItem):
    """A request with the quotes that the reader may see: the buyer all, a fabricator its own."""

    commit: str
    place: str
    notes: str
    panel: bool
    vendor_form: str
    files: str = Field(description="address of the files in that form, for its two sides")
    accepted_quote: int | None
    quotes: list[QuoteView]
    estimates: dict[str, Estimate] = Field(
        default_factory=dict, description="fabricator's slug -> what the registry reckons, where it can"
    )


class RequestList(_Out):
    """A page of requests; `next` is the address of the next page, or null."""

    items: list[RequestItem]
    total: int
    next: str | None
