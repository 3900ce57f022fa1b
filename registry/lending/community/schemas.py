"""What comes into and goes out of community money. Amounts are in the currency's smallest unit."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from registry.ledger.schemas import AMOUNT_MINOR_MAX

OFFER_CHARS = 600


def _text(text: str) -> str:
    text = text.strip().replace("\r\n", "\n")
    if any(not (char.isprintable() or char in "\n\t") for char in text):
        raise ValueError("text without control characters is needed")
    return text


def _line(text: str) -> str:
    text = text.strip()
    if not text.isprintable():
        raise ValueError("one line without control characters is needed")
    return text


Amount = Annotated[int, Field(gt=0, le=AMOUNT_MINOR_MAX)]
Key = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[\x21-\x7e]+$")]
Shop = Annotated[str, Field(default="", max_length=80, description="a fabricator's slug: act for it; else for oneself")]


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class ActWish(BaseModel):
    """For whom: oneself, or a workshop that one operates."""

    shop: Shop = ""


class OfferWish(ActWish):
    """What a member offers to others; empty takes it back."""

    offers: Annotated[str, Field(max_length=OFFER_CHARS), AfterValidator(_text)]


class PayWish(ActWish):
    """A payment to another member. The same key with the same payment pays once."""

    to: str = Field(max_length=80, description="a handle, or a fabricator's slug")
    to_kind: Literal["person", "fabricator"] = "person"
    amount_minor: Amount
    purpose: Annotated[str, Field(min_length=1, max_length=120), AfterValidator(_line)]
    key: Key


class LimitsWish(BaseModel):
    """Other limits for a member, as a steward, with the reason."""

    member: str = Field(max_length=80)
    kind: Literal["person", "fabricator"] = "person"
    lowest_minor: int = Field(ge=-(10**9), le=0)
    highest_minor: int = Field(ge=0, le=10**9)
    why: Annotated[str, Field(max_length=200), AfterValidator(_line)]


class PartWish(BaseModel):
    """The part of a batch's price that may be paid in credit, in ten-thousandths."""

    share_bp: int = Field(ge=0, le=10_000)


class OfferView(_Out):
    """What a member offers."""

    member: str
    kind: str
    name: str
    offers: str


class TakingBatch(_Out):
    """A batch that takes part of its price in credit."""

    number: int
    design: str
    design_name: str
    share_bp: int
    state: str


class CommunityView(_Out):
    """The community's currency and what it buys here. No member's balance is told to others."""

    currency: str
    exponent: int
    bank_currency: str
    lowest_minor: int
    highest_minor: int
    price_share_bp_max: int
    members: int
    turnover_minor: int = Field(description="all that members ever paid each other")
    owed_minor: int = Field(description="what members below zero owe together: as much as the others hold")
    offers: list[OfferView]
    batches: list[TakingBatch]


class CreditLine(_Out):
    """A payment as one of its sides sees it."""

    seq: int
    at: dt.datetime
    other: str
    amount_minor: int
    balance_minor: int
    purpose: str


class CreditView(_Out):
    """A member's own account."""

    member: str
    kind: str
    currency: str
    exponent: int
    active: bool
    offers: str
    balance_minor: int
    lowest_minor: int
    highest_minor: int
    available_minor: int = Field(description="what could be paid now")
    room_minor: int = Field(description="what could be received now")
    lines: list[CreditLine]


class OwnPart(_Out):
    """A reservation's price in its two parts."""

    number: int
    units: int
    total_minor: int
    money_minor: int
    credit_minor: int
    paid: bool
    payable: bool


class PartView(_Out):
    """The part of a batch's price that may be paid in credit; one's own reservations in both parts."""

    batch: int
    share_bp: int
    share_bp_max: int
    price_currency: str
    price_exponent: int
    currency: str
    exponent: int
    unit_minor: int
    unit_money_minor: int
    unit_credit_minor: int
    settable: bool
    own: list[OwnPart]
