"""What goes out of a treasurer's desk. Accounts of others are told by their ends alone."""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, ConfigDict, Field

from registry import limits
from registry.lending.bank.schemas import CsvMapping


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class ActView(_Out):
    """Something that was done: who, when, why."""

    action: str
    became: str
    by: str = Field(description="a handle; empty: the registry")
    why: str
    at: dt.datetime


class EntryItem(_Out):
    """A booking in a list. Units: amounts in the currency's smallest, below zero where money left."""

    id: int
    booked_on: dt.date
    amount_minor: int
    name: str
    iban: str = Field(description="its ends alone: NL91 … 4300")
    text: str
    state: str
    reasons: list[str]
    pledge: int | None = Field(description="number of the pledge that it pays, or seems to mean")
    order: int | None = Field(description="the payment of ours that it is, or seems to mean")


class PledgeChoice(_Out):
    """A pledge that a booking may be assigned to."""

    number: int
    who: str
    amount_minor: int
    state: str
    reference: str


class OrderChoice(_Out):
    """A payment of ours that a booking may be."""

    id: int
    end_to_end: str
    kind: str
    amount_minor: int
    payee: str
    state: str


class EntryView(EntryItem):
    """A booking with all that is known of it, and what can be decided."""

    valued_on: dt.date
    bank_reference: str
    structured: str
    end_to_end: str
    return_code: str
    codes: list[str]
    actions: dict[str, str] = Field(description="what a treasurer can do -> in words")
    suggested: str = ""
    pledges: list[PledgeChoice]
    orders: list[OrderChoice]
    acts: list[ActView]
    decided: bool = Field(description="it was assigned, or sent back")
    undo_why_not: str = Field(description="why that can't be undone; empty: it can, if it was decided")


class EntryList(_Out):
    """A page of bookings; `next` is the address of the next page, or null."""

    items: list[EntryItem]
    total: int
    next: str | None = None


class StatementView(_Out):
    """A statement that was imported."""

    id: int
    form: str
    number: str
    file_name: str
    since: dt.date
    until: dt.date
    opening_minor: int
    closing_minor: int
    lines: int
    fresh: int
    by: str
    at: dt.datetime


class StatementList(_Out):
    """Statements, the newest first."""

    items: list[StatementView]
    total: int
    next: str | None = None


class OrderView(OrderChoice):
    """A payment that leaves."""

    subject: str
    payee_iban: str = Field(description="its ends alone")
    message: str
    pledge: int | None
    file: int | None
    signed_by: list[str] = Field(description="who proposed it, then who approved")
    needed: int = Field(description="how many people must sign")
    may_approve: bool
    may_go_again: bool = Field(description="it came back or was refused, and its money lies here")
    may_give_back: bool = Field(description="a part of the loan that came back: it may go to the lenders instead")
    acts: list[ActView]


class OrderList(_Out):
    """Payments, those that wait first."""

    items: list[OrderView]
    total: int
    next: str | None = None


class FileView(_Out):
    """A file for the bank."""

    id: int
    form: str
    payments: int
    total_minor: int
    sha256: str
    by: str
    at: dt.datetime


class FileList(_Out):
    """Files for the bank, the newest first."""

    items: list[FileView]
    total: int
    next: str | None = None


class TrancheChoice(_Out):
    """The part of the loan whose turn it is. `why_not`: why it may not be proposed now; empty if it may."""

    stage: str
    amount_minor: int
    why_not: str


class FundChoice(_Out):
    """What of a design's commons fund lies in the campaign's account. `why_not`: why it can't be paid over now."""

    design: str
    name: str
    amount_minor: int
    ordered_minor: int
    why_not: str


class DeskView(_Out):
    """How a campaign's account stands. `bank_minor`: what the newest statement says; None before the first."""

    number: int
    title: str
    state: str
    currency: str
    exponent: int
    payee_name: str
    payee_iban: str
    repayment_reference: str
    bank_minor: int | None
    until: dt.date | None
    book_minor: int
    difference_minor: int
    ordered_minor: int
    counts: dict[str, int] = Field(description="state -> bookings")
    waiting: int = Field(description="bookings for a treasurer")
    to_approve: int
    to_file: int
    tranche: TrancheChoice | None
    due_minor: int = Field(description="due to lenders, not ordered yet")
    fund: FundChoice | None = Field(description="what is the commons fund's; null: nothing")
    mapping: CsvMapping | None


class EntryQuery(BaseModel):
    """Which bookings."""

    state: str = Field(default="", max_length=20, description="a state; 'queue' for all that wait; empty for all")
    page: int = Field(default=1, ge=1, le=10_000)
    per_page: int = Field(default=50, ge=1, le=limits.PAGE_ITEMS_MAX)


class PartView(_Out):
    """What a statement of a file would bring."""

    since: dt.date
    until: dt.date
    opening_minor: int
    closing_minor: int
    fresh: int
    known: int
    findings: list[str]
    gap: bool
    sample: list[EntryItem]


class PreviewView(_Out):
    """What a file would bring."""

    form: str
    parts: list[PartView]
    fresh: int
    known: int
    gap: bool


class BroughtView(_Out):
    """What a file has brought."""

    fresh: int
    known: int
    waiting: int
