"""What the book takes, and what it tells."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StrictInt

AMOUNT_MINOR_MAX = 10**12
KEY_CHARS = 120
PURPOSE_CHARS = 200
TRANSFERS_PER_ENTRY = 10_000

OwnerKind = Literal["person", "campaign", "fabricator", "fund", "community", "external"]
OWNER_KINDS: tuple[OwnerKind, ...] = ("person", "campaign", "fabricator", "fund", "community", "external")
TransferKind = Literal["posted", "pending", "settled", "voided", "expired"]
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_KEY = re.compile(r"[\x21-\x39\x3b-\x7e][\x21-\x7e]{0,119}")  # a colon begins the keys of the book itself


def _name(text: str) -> str:
    if len(text) > 60 or not _NAME.fullmatch(text):
        raise ValueError("a name of lower-case letters, digits and single dashes is needed, 60 at most")
    return text


def _key(text: str) -> str:
    if not _KEY.fullmatch(text):
        raise ValueError("a key is 1 to 120 visible ASCII characters, no colon first")
    return text


def _line(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise ValueError("one line without control characters is needed")
    return text


Name = Annotated[str, AfterValidator(_name)]
Key = Annotated[str, AfterValidator(_key)]
Line = Annotated[str, Field(min_length=1, max_length=PURPOSE_CHARS), AfterValidator(_line)]
AmountMinor = Annotated[StrictInt, Field(gt=0, le=AMOUNT_MINOR_MAX)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AccountName(_Frozen):
    """Which account: whose, in which role, in which currency. No names of people: the book is never forgotten."""

    kind: OwnerKind
    id: Name
    role: Name
    currency: str = Field(pattern=r"^[A-Z]{3,12}$")

    def __str__(self) -> str:
        return f"{self.kind}/{self.id}/{self.role}/{self.currency}"


class Transfer(_Frozen):
    """An amount to be moved from the debit account (it gives) to the credit account (it receives).

    `pending` holds it until it is settled, voided, or expires at `expires_at`. Units: the currency's smallest.
    """

    debit: AccountName
    credit: AccountName
    amount_minor: AmountMinor
    key: Key
    purpose: Line
    effective_at: AwareDatetime | None = None
    pending: bool = False
    expires_at: AwareDatetime | None = None
    by_id: int | None = None


class Entry(BaseModel):
    """A transfer as the book holds it."""

    seq: int
    entry_seq: int
    kind: TransferKind
    debit: AccountName
    credit: AccountName
    amount_minor: int
    released_minor: int
    currency: str
    pending_seq: int | None
    reverses_seq: int | None
    expires_at: dt.datetime | None
    recorded_at: dt.datetime
    effective_at: dt.datetime
    purpose: str
    by_id: int | None
    key: str
    hash: str


class Currency(BaseModel):
    """A currency of the book; `exponent` is its number of decimals."""

    code: str
    exponent: int
    name: str
    community: str


class Balance(BaseModel):
    """An account and what it comes to: credits less debits. What is pending is apart.

    available_minor: what it could give now, held amounts taken off; None without a lowest balance.
    """

    account: AccountName
    balance_minor: int
    debits_minor: int
    credits_minor: int
    pending_debits_minor: int
    pending_credits_minor: int
    lowest_minor: int | None
    highest_minor: int | None
    available_minor: int | None


class StatementLine(BaseModel):
    """A transfer as one of its accounts sees it: `amount_minor` is negative where the account gave."""

    seq: int
    entry_seq: int
    recorded_at: dt.datetime
    effective_at: dt.datetime
    other: str = Field(description="the other account; only its kind where the reader may not know whose it is")
    amount_minor: int
    balance_minor: int
    purpose: str


class Statement(BaseModel):
    """An account's transfers of some time, with the balance before and after."""

    account: AccountName
    since: dt.datetime | None
    until: dt.datetime | None
    opening_minor: int
    closing_minor: int
    lines: list[StatementLine]
    next_seq: int | None = Field(default=None, description="where the next part begins, if there is more")


class Head(BaseModel):
    """The end of the chain: published, it binds everything before it."""

    seq: int
    hash: str
    recorded_at: dt.datetime


class Fault(BaseModel):
    """Something that does not add up, in a sentence."""

    what: str
    seq: int | None = None


class CheckReport(BaseModel):
    """What a check of the whole book found."""

    ok: bool
    transfers: int
    accounts: int
    held: int
    head: Head
    totals: dict[str, int] = Field(description="currency -> all that was ever posted, in its smallest unit")
    faults: list[Fault]
    more_faults: int = 0


class AccountQuery(BaseModel):
    """Which accounts, and which part of their list."""

    kind: OwnerKind | None = None
    owner: Name | None = None
    role: Name | None = None
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3,12}$")
    page: int = Field(default=1, ge=1, le=10_000)
    per_page: int = Field(default=100, ge=1, le=100)


class AccountView(Balance):
    """An account and what it comes to, with the decimals of its currency."""

    exponent: int


class AccountList(BaseModel):
    """Accounts that the reader may see."""

    items: list[AccountView]
    total: int
    next: str | None


class StatementQuery(BaseModel):
    """Which time, by which clock, and where to go on."""

    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    by: Literal["recorded_at", "effective_at"] = "recorded_at"
    after: int = Field(default=0, ge=0, le=2**62)
