"""What a lender reads of their own pledges: how to pay, what is owed and when, their year."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from registry.lending.campaigns.schemas import EventView, InstalmentView, MessageView, PayoutWish, Repay, TermsView

Moved = Literal["lent", "fell due", "paid out", "given", "goods", "reward", "other"]


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class OwnMessage(MessageView):
    """A word to a lender, with the campaign that it is about."""

    campaign: int


class PledgeView(_Out):
    """A pledge as its lender sees it."""

    id: int
    number: int
    campaign: int
    design_name: str
    version: str
    fabricator_name: str
    campaign_state: str
    amount_minor: int
    currency: str
    state: str
    repay: Repay
    named: bool
    reference: str
    made_at: dt.datetime
    pay_by: dt.datetime
    counted_until: dt.datetime | None = Field(
        description="the deadline is over: by then a statement may show that it was paid in time"
    )
    paid_at: dt.datetime | None
    ended_at: dt.datetime | None
    terms_version: int
    terms_sha256: str
    owed_minor: int = Field(description="principal that the campaign owes to this lender, all pledges here together")
    due_minor: int = Field(description="to be paid out to this lender now")
    next_due_on: dt.date | None = Field(description="when the plan's next instalment is due")
    may_withdraw: bool
    payout: PayoutWish


class PledgeDetail(PledgeView):
    """A pledge with how it is paid in, the terms as they were accepted, and its history."""

    payee_name: str
    payee_iban: str
    payee_bic: str
    terms: TermsView
    plan: list[InstalmentView] = Field(description="this lender's part of the plan, the last odd units left to sharing")
    events: list[EventView]
    messages: list[MessageView]


class OwnPledges(_Out):
    """A lender's pledges, the newest first."""

    items: list[PledgeView]
    total: int
    next: str | None = None


class YearLine(_Out):
    """A movement of a lender's money in a year."""

    at: dt.datetime
    campaign: int
    design_name: str
    what: Moved
    amount_minor: int
    currency: str
    purpose: str


class YearView(_Out):
    """A lender's year: what was lent, what came back, what is owed at its end."""

    year: int
    handle: str
    lines: list[YearLine]
    totals: dict[str, dict[str, int]] = Field(description="currency -> what -> amount")
    owed_minor: dict[str, int] = Field(description="currency -> principal owed at the end of the year, or now")
