"""What comes into and goes out of campaigns and pledges."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from registry import limits
from registry.ledger.schemas import AmountMinor

LINE_CHARS = 400
TEXT_CHARS = 8_000
UNITS_MAX = 1_000_000
Repay = Literal["money", "units", "gift"]
Unsold = Literal["choose", "goods", "wait"]
Stage = Literal["materials", "made", "shipped"]
Share = Annotated[int, Field(ge=0, le=10_000)]


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class Purpose(BaseModel):
    """A line of what the loan is for."""

    words: str = Field(min_length=1, max_length=LINE_CHARS)
    amount_minor: AmountMinor


class CampaignWish(BaseModel):
    """A campaign as its makers want it. Units: amounts in the currency's smallest unit."""

    batch: int = Field(ge=1, description="its number; a draft's batch stays")
    target_minor: AmountMinor
    optimum_minor: AmountMinor = Field(description="what it takes at most")
    pledge_minor_min: AmountMinor
    pledge_minor_max: AmountMinor = Field(description="of one person")
    deadline_on: dt.date = Field(description="the last day, to its end in the zone")
    deadline_zone: str = Field(default="UTC", max_length=60)
    units_funded: int = Field(ge=1, le=UNITS_MAX, description="units of the batch that the loan pays for")
    purposes: list[Purpose] = Field(min_length=1, max_length=20, description="together the target")
    repayment_months: int = Field(ge=1, le=120)
    grace_months: int = Field(default=1, ge=0, le=24, description="from the last tranche to the first instalment")
    tranches: dict[Stage, Share] = Field(
        default={"materials": 6_000, "made": 3_000, "shipped": 1_000},
        description="ten-thousandths of the loan by stage of the batch, together 10,000",
    )
    unsold: Unsold = Field(
        default="choose", description="at the end of the plan lenders choose between goods and waiting, or one of them"
    )
    reward_bp: Share = Field(default=0, description="of the kind that the policy allows")
    about: str = Field(default="", max_length=TEXT_CHARS)
    own_terms: str = Field(default="", max_length=TEXT_CHARS, description="beside the policy's")
    payee_name: str = Field(max_length=70)
    payee_iban: str = Field(max_length=50)
    payee_bic: str = Field(default="", max_length=20)


class CampaignMove(BaseModel):
    """What is done with a campaign, and why."""

    action: Literal["open", "call off"]
    why: str = Field(default="", max_length=LINE_CHARS)


class TermsWish(BaseModel):
    """Other words of the makers' own in the terms, for pledges from now on."""

    own_terms: str = Field(max_length=TEXT_CHARS)
    why: str = Field(max_length=LINE_CHARS)


class MessageWish(BaseModel):
    """A word of the makers to their lenders, which everybody may read."""

    text: str = Field(min_length=1, max_length=TEXT_CHARS)


class PledgeWish(BaseModel):
    """A pledge. The same key with the same wish answers the same; it never pledges twice."""

    amount_minor: AmountMinor
    repay: Repay = Field(default="money", description="how it is paid back: money, units at cost, gift to the design")
    named: bool = Field(default=False, description="the handle is shown; otherwise 'somebody'")
    terms_sha256: str = Field(max_length=64, description="of the terms that are accepted, as the campaign tells it")
    key: str = Field(max_length=200)
    payout: PayoutWish | None = Field(default=None, description="where money goes back to; else where it came from")


class PayoutWish(BaseModel):
    """An account that money goes back to; all empty: to where it came from."""

    name: str = Field(default="", max_length=70)
    iban: str = Field(default="", max_length=50)
    bic: str = Field(default="", max_length=20)


class ChoiceWish(BaseModel):
    """What a lender may change of a pledge."""

    named: bool | None = None
    repay: Repay | None = Field(default=None, description="until anything is paid back")
    payout: PayoutWish | None = None


class WithdrawWish(BaseModel):
    """A pledge taken back; a reason is welcome, not needed."""

    why: str = Field(default="", max_length=LINE_CHARS)


class TreasurerWish(BaseModel):
    """Somebody becomes a treasurer, or is one no longer; with the reason."""

    handle: str = Field(max_length=80)
    acts: bool = True
    why: str = Field(max_length=LINE_CHARS)


class CampaignQuery(BaseModel):
    """Which campaigns."""

    state: Literal["", "open", "running", "over"] = Field(default="", description="empty: all that are public")
    design: str = Field(default="", max_length=80)
    page: int = Field(default=1, ge=1, le=10_000)
    per_page: int = Field(default=limits.PAGE_ITEMS_DEFAULT, ge=1, le=limits.PAGE_ITEMS_MAX)


class YearQuery(BaseModel):
    """Which year, in UTC; none: the current one."""

    year: int | None = Field(default=None, ge=1970, le=9998)


# --- out


class ProofView(_Out):
    """Something that must be true before a campaign opens."""

    what: str
    there: str
    ok: bool


class EventView(_Out):
    """A change of state: who, when, why."""

    action: str
    was: str
    became: str
    by: str = Field(description="a handle; empty: the registry")
    why: str
    at: dt.datetime


class MessageView(_Out):
    """A word of the makers to their lenders."""

    by: str
    text: str
    at: dt.datetime


class TermsView(_Out):
    """Terms as they are accepted, to the letter."""

    campaign: int
    version: int
    text: str
    sha256: str
    why: str
    at: dt.datetime


class TrancheView(_Out):
    """A part of the loan that is paid out at a stage of the batch."""

    stage: str
    share_bp: int
    amount_minor: int = Field(description="of the target until the loan is funded")
    paid_at: dt.datetime | None


class InstalmentView(_Out):
    """What is due by the end of a day (UTC)."""

    due_on: dt.date
    amount_minor: int


class LenderView(_Out):
    """A pledge as everybody sees it."""

    number: int
    who: str = Field(description="a handle, or 'somebody'")
    amount_minor: int
    repay: Repay
    paid: bool
    made_at: dt.datetime


class SizeView(_Out):
    """The batch at a size: what a unit costs, and what is lent for it."""

    units: int
    unit_minor: int
    loan_minor: int


class UnsoldView(_Out):
    """What so many unsold units would mean: `by_pledge` is what each lender would miss in money."""

    units: int
    missing_minor: int
    by_pledge: dict[int, int] = Field(description="pledge's number -> amount")


class DoublingView(_Out):
    """Batch doubling: the batch as reserved, and with the units that lenders fund."""

    alone: SizeView
    together: SizeView
    saved_bp: int = Field(description="how much less a unit costs, in ten-thousandths")
    unsold: list[UnsoldView]


class FlowView(_Out):
    """Where the price of a funded unit goes when it is sold, by the plan."""

    price_minor: int
    commons_minor: int
    lenders_minor: int
    fabricator_minor: int


class CampaignItem(_Out):
    """A campaign in a list."""

    number: int
    state: str
    batch: int
    design: str
    design_name: str
    picture: str | None
    version: str
    label: str
    standing: str
    fabricator: str = Field(description="the slug of who owes the loan")
    fabricator_name: str
    currency: str
    target_minor: int
    optimum_minor: int
    paid_minor: int = Field(description="what counts towards the target")
    promised_minor: int = Field(description="pledged and not paid yet")
    lenders: int = Field(description="people whose pledges are paid")
    deadline_at: dt.datetime
    deadline_on: dt.date
    deadline_zone: str
    judged_by: dt.datetime = Field(description="until then a statement may show what was booked by the deadline's day")
    counting: bool = Field(description="the deadline is over, and what the bank booked by then is being counted")


class CampaignDetail(CampaignItem):
    """A campaign with all that a lender should know."""

    units_funded: int
    pledge_minor_min: int
    pledge_minor_max: int
    purposes: list[Purpose]
    repayment_months: int
    grace_months: int
    plan: list[InstalmentView] = Field(description="the plan that holds; empty before repayment begins")
    tranches: list[TrancheView]
    unsold: Unsold
    reward: str = Field(description="what lenders may get beyond their money, in words")
    reward_bp: int
    commons_bp: int
    about: str
    own_terms: str
    terms: TermsView | None = Field(description="none in a draft")
    policy_number: int
    payee_name: str
    proofs: list[ProofView]
    drafted_by: str
    created_at: dt.datetime
    opened_at: dt.datetime | None
    funded_at: dt.datetime | None
    ended_at: dt.datetime | None
    pledges: list[LenderView]
    messages: list[MessageView]
    events: list[EventView]
    doubling: DoublingView
    flow: FlowView


class CampaignList(_Out):
    """A page of campaigns; `next` is the address of the next page, or null."""

    items: list[CampaignItem]
    total: int
    next: str | None


class TreasurerView(_Out):
    """A treasurer."""

    handle: str
    by: str
    why: str
    at: dt.datetime


class TreasurerChange(TreasurerView):
    """That somebody became a treasurer, or ceased to be one."""

    acts: bool


class TreasurerList(_Out):
    """Who the treasurers are, and how they came to be, the newest first."""

    items: list[TreasurerView]
    changes: list[TreasurerChange]
    total: int
    next: str | None = None


PledgeWish.model_rebuild()
