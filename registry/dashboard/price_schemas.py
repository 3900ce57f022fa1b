"""What a workshop says that parts cost, and what a list of things to buy comes to by it."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

MPN_CHARS = 120


class PriceWish(BaseModel):
    """A price of a part, as somebody saw it. Units: the smallest of its currency, for `per` pieces together."""

    mpn: str = Field(min_length=1, max_length=MPN_CHARS)
    quantity: int = Field(default=1, ge=1, le=10_000_000, description="it holds from so many pieces on")
    price_minor: int = Field(ge=0, le=10**12)
    per: Literal[1, 10, 100, 1000] = Field(default=1, description="pieces that cost this together")
    currency: str = Field(max_length=10)
    vendor: str = Field(min_length=1, max_length=80)
    source: str = Field(default="", max_length=300, description="an address, or words: where it was seen")
    seen_on: dt.date | None = Field(default=None, description="today without")


class LinePrice(BaseModel):
    """The cheapest known price of a line of the list."""

    model_config = ConfigDict(frozen=True)

    mpn: str
    quantity: int
    price_minor: int
    per: int
    currency: str
    vendor: str
    source: str
    seen_on: dt.date
    cost_minor: int = Field(description="of all that the list needs of it, rounded up")
    apart_minor: int = Field(description="the same if each batch bought its own")


class BuyCost(BaseModel):
    """What the lines with a price in one currency come to. Lines without one are not in it."""

    model_config = ConfigDict(frozen=True)

    currency: str
    lines: int = Field(description="lines that have a price in it")
    cost_minor: int
    apart_minor: int = Field(description="if each batch bought its own")

    @property
    def saved_minor(self) -> int:
        """What buying together saves."""
        return self.apart_minor - self.cost_minor
