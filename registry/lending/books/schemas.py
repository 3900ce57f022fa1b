"""What comes into and goes out of open books. Amounts are in the currency's smallest unit."""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, ConfigDict, Field

from registry.ledger.schemas import Head


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class BooksQuery(BaseModel):
    """Which currency; empty is that of the bank."""

    currency: str = Field(default="", max_length=3, pattern=r"^([A-Z]{3})?$")


class BehindQuery(BooksQuery):
    """Which figure of which month, and which part of its transfers."""

    figure: str = Field(max_length=20)
    month: str = Field(max_length=7)
    page: int = Field(default=1, ge=1, le=10_000)


class MonthWish(BaseModel):
    """Which month, such as 2026-11."""

    month: str = Field(max_length=7)


class MonthView(_Out):
    """A month: every figure by its name, as /api/v1/lending/books/figures tells them."""

    month: str
    figures: dict[str, int]
    rebuy_bp: int | None = Field(description="of what was lent in the month, by people who had lent before")
    failed_bp: int | None = Field(description="in default or written off, of all that was ever paid to makers")


class FigureView(_Out):
    """What a figure means."""

    name: str
    label: str
    about: str
    stock: bool = Field(description="at the month's end; otherwise in the month")


class BooksView(_Out):
    """The books of a currency by month, the newest last, as the book stands at its head."""

    currency: str
    exponent: int
    currencies: list[str]
    head: Head
    figures: list[FigureView]
    months: list[MonthView]


class BehindLine(_Out):
    """A transfer behind a figure; people who did not choose to be named are told by the number of their pledge."""

    seq: int
    at: dt.datetime
    giver: str
    taker: str
    words: str
    amount_minor: int = Field(description="as the figure counts it")


class BehindView(_Out):
    """The transfers behind a figure of a month, and what it was before them."""

    figure: FigureView
    month: str
    currency: str
    exponent: int
    before_minor: int
    value_minor: int
    lines: list[BehindLine]
    total: int
    page: int
    per_page: int


class StatementItem(_Out):
    """A signed statement."""

    month: str
    sha256: str
    key: str = Field(description="the fingerprint of the key that signed it")
    head_seq: int
    head_hash: str
    made_at: dt.datetime


class StatementList(_Out):
    """Signed statements, the newest first, and the key that signs now."""

    items: list[StatementItem]
    total: int
    next: str | None = None
    key: str
    can_make: list[str] = Field(description="months that are over and have none yet")
