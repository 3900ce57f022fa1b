"""What comes into and goes out of loans on their way back."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from registry.ledger.schemas import AmountMinor

WORDS_CHARS = 400
UNITS_MAX = 1_000_000
Words = Annotated[str, Field(max_length=WORDS_CHARS)]


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class SaleWish(BaseModel):
    """A unit that was sold. Units: the price in the currency's smallest."""

    serial: str = Field(default="", max_length=60, description="its number; empty where the batch has none")
    price_minor: AmountMinor
    sold_on: dt.date
    key: str = Field(min_length=1, max_length=80, description="made anew for each sale; the same books once")


class GoodsWish(BaseModel):
    """Units at cost in place of money: asked for by a lender, or offered to one by the fabricator."""

    units: int = Field(ge=1, le=UNITS_MAX)
    lender: str = Field(default="", max_length=80, description="a handle, where the fabricator offers")
    words: Words = ""


class GoodsMove(BaseModel):
    """What is answered to that, or done with it."""

    action: Literal["agree", "refuse", "call off", "receive"]
    words: Words = ""


class WhyWish(BaseModel):
    """A decision, and why."""

    why: Words


class ExcessWish(BaseModel):
    """What was repaid above the debt, given to the design's commons fund by who paid it."""

    amount_minor: AmountMinor
    why: Words
    key: str = Field(min_length=1, max_length=80, description="made anew for each; the same books once")


class SendBackWish(BaseModel):
    """What was repaid above the debt, to be sent back to who paid it."""

    amount_minor: AmountMinor
    why: Words


# --- out


class Figure(_Out):
    """An amount with the account of the book whose transfers are behind it."""

    amount_minor: int
    book: str = Field(
        description="its account, as GET /api/v1/lending/campaigns/NUMBER/loan/book/NAME tells its transfers"
    )


class TrancheView(_Out):
    """A part of the loan, paid out at a stage of the batch."""

    stage: str
    amount_minor: int | None
    paid_at: dt.datetime | None
    ready: bool = Field(description="it may leave now")
    came_back: bool = Field(description="the bank has sent it back: it may be paid anew")
    waits_for: str = Field(description="why it may not leave now")


class InstalmentView(_Out):
    """An instalment, with what came of it; earlier ones are filled first."""

    number: int
    due_on: dt.date
    amount_minor: int
    paid_minor: int
    state: Literal["paid", "part paid", "late", "due"]


class ReceiptView(_Out):
    """Something that reduced the debt."""

    on: dt.date
    amount_minor: int
    kind: Literal["payment", "units"]
    transfer: int


class StepView(_Out):
    """A stage of the loan's way, for a line of them."""

    name: str
    state: Literal["done", "now", "ahead"]
    at: dt.datetime | None


class SaleBackView(_Out):
    """That a sale was taken back: who, when, why."""

    why: str
    by: str
    at: dt.datetime
    ahead_minor: int = Field(description="of it was passed on already, and counts for later sales")
    transfer: int


class SaleView(_Out):
    """A unit sold, and where its price goes."""

    number: int
    serial: str
    price_minor: int
    commons_minor: int
    lenders_minor: int
    kept_minor: int
    sold_on: dt.date
    transfer: int
    back: SaleBackView | None = Field(description="taken back; null: it stands")


class GoodsEventView(_Out):
    """A word about units in place of money: who, when."""

    action: str
    became: str
    side: str
    by: str
    words: str
    at: dt.datetime


class GoodsView(_Out):
    """Units in place of money, as one of its sides sees them."""

    id: int
    lender: str
    units: int
    unit_minor: int
    amount_minor: int
    state: str
    actions: list[str] = Field(description="what the reader may do now")
    until: dt.datetime | None = Field(description="until when an offer stands that the registry made by the terms")
    transfer: int | None
    events: list[GoodsEventView]


class ChangeView(_Out):
    """A change of the loan's state: who, when, why."""

    action: str
    was: str
    became: str
    by: str = Field(description="a handle; empty: the registry")
    why: str
    at: dt.datetime


class SalesView(_Out):
    """All that was taken in for units, and where it is."""

    units: int
    turnover: Figure
    kept: Figure
    passed: Figure
    promised: Figure
    fund_promised: Figure
    ahead: Figure = Field(description="passed on to lenders for sales taken back: it fills later ones first")
    fund_ahead: Figure
    unit_debt_minor: int
    commons_bp: int
    serials: list[str] = Field(description="units that may be sold, for who records sales")
    numbered: bool
    items: list[SaleView]


class LoanView(_Out):
    """A loan from its first tranche to its last repayment."""

    number: int
    state: str
    batch: int
    batch_state: str
    design: str
    design_name: str
    version: str
    fabricator: str
    fabricator_name: str
    currency: str
    exponent: int
    lent_minor: int
    lenders: int
    tranches: list[TrancheView]
    paid_out_minor: int
    debt: Figure
    repaid_minor: int
    outstanding_minor: int = Field(description="what the lenders are owed together")
    due_minor: int = Field(description="to be paid out to lenders now")
    written_off: Figure
    excess: Figure
    reward_minor: int = Field(description="what lenders may get beyond their money, as of now; never a debt")
    reward_paid: Figure
    plan: list[InstalmentView]
    receipts: list[ReceiptView]
    sales: SalesView
    unit_cost_minor: int
    goods_units: int = Field(description="units that lenders took in place of money")
    goods_minor: int
    goods: list[GoodsView] = Field(description="those that concern the reader")
    changes: list[ChangeView]
    steps: list[StepView]
    waits_for: str = Field(description="what has to happen before the next money moves; empty: nothing")
    books: list[str] = Field(description="accounts of the loan in which something may be booked")
    roles: list[str] = Field(description="what the reader is here: lender, fabricator, treasurer")
    own_minor: int = Field(description="what the reader is owed")


class BookQuery(BaseModel):
    """Where to go on in a long list of transfers."""

    after: int = Field(default=0, ge=0, le=2**62, description="the next_seq of the part before")
