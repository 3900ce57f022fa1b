"""What comes into and goes out of commons funds."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from registry.ledger.schemas import AMOUNT_MINOR_MAX

WHY_CHARS = 400
TEXT_CHARS = 4_000
LINE_CHARS = 120


def _line(text: str) -> str:
    text = text.strip()
    if not text.isprintable():
        raise ValueError("one line without control characters is needed")
    return text


def _text(text: str) -> str:
    text = text.strip().replace("\r\n", "\n")
    if any(not (char.isprintable() or char in "\n\t") for char in text):
        raise ValueError("text without control characters is needed")
    return text


Why = Annotated[str, Field(max_length=WHY_CHARS), AfterValidator(_line)]
Line = Annotated[str, Field(max_length=LINE_CHARS), AfterValidator(_line)]
Text = Annotated[str, Field(max_length=TEXT_CHARS), AfterValidator(_text)]
Amount = Annotated[int, Field(gt=0, le=AMOUNT_MINOR_MAX)]
Key = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[\x21-\x7e]+$")]
Code = Annotated[str, Field(pattern=r"^[A-Z]{3,12}$")]


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class ShareWish(BaseModel):
    """The designers' cut of each unit sold, and why it changes."""

    share_bp: int = Field(ge=0, le=10_000, description="ten-thousandths: 500 is 5 %")
    why: Why


class NamedWish(BaseModel):
    """That somebody contributed and may speak, or no longer."""

    handle: str = Field(max_length=80)
    named: bool = True
    why: Why


class GiftWish(BaseModel):
    """Money that came to the fund's own bank account. The same key with the same gift books it once."""

    amount_minor: Amount
    currency: Code
    seen_on: dt.date
    reference: Line = Field(description="as the statement tells it: no names of people, the book is public")
    key: Key


class ProposalWish(BaseModel):
    """What the fund is to be spent on. The same key with the same wish answers the same."""

    kind: Literal["prototype", "certification", "tools"]
    title: Line
    text: Text = Field(description="what is bought, from whom, what the design gains")
    payee: Line = Field(description="who is paid: a supplier, or whoever lays out the money against invoices")
    currency: Code
    amount_minor: Amount
    days: int = Field(default=14, description="how long everybody has to say something: 7 to 60 days")
    things_only: bool = Field(default=False, description="it pays for things, not for anybody's work on the design")
    key: Key


class VoiceWish(BaseModel):
    """What somebody says to a proposal. An objection has its reason; an answer and a withdrawal name the objection."""

    stance: Literal["consent", "object", "answer", "withdraw"]
    words: Text = ""
    objection: int | None = Field(default=None, ge=1, le=2**31 - 1)


class MoveWish(BaseModel):
    """A step of a proposal. `prove` says what it cost; `doubt` says why; `pay` says how and when it was paid."""

    action: Literal["withdraw", "prove", "doubt", "pay"]
    words: Text = ""
    amount_minor: Amount | None = None
    paid_on: dt.date | None = None


class ShareView(_Out):
    """A change of the designers' cut."""

    share_bp: int
    why: str
    by: str
    at: dt.datetime


class PersonView(_Out):
    """Somebody who may speak, and why."""

    handle: str
    because: list[str]


class NamedView(_Out):
    """That somebody was named as a contributor, or no longer."""

    handle: str
    named: bool
    why: str
    by: str
    at: dt.datetime


class PlaceView(_Out):
    """A campaign's bank account in which money of a fund lies; part of it may be ordered to the fund's own."""

    campaign: int
    amount_minor: int
    ordered_minor: int


class PurseView(_Out):
    """What a fund holds in one currency, and where it came from. Units: the currency's smallest."""

    account: str = Field(description="its name in the book")
    currency: str
    exponent: int
    balance_minor: int
    held_minor: int
    free_minor: int
    spent_minor: int
    in_bank_minor: int = Field(description="of it in the fund's own bank account; below zero where more was spent")
    places: list[PlaceView] = Field(description="of it in the bank accounts of campaigns")
    income_minor: dict[str, int] = Field(description="source (units, gifts, forgiven, other) -> all that came")


class IncomeView(_Out):
    """A transfer that changed a fund."""

    seq: int
    at: dt.datetime
    source: str
    amount_minor: int
    currency: str
    exponent: int
    purpose: str


class VoiceView(_Out):
    """What somebody said."""

    id: int
    who: str
    stance: str
    words: str
    at: dt.datetime
    objection: int | None
    open: bool = Field(description="an objection that is neither answered nor withdrawn")


class ProofView(_Out):
    """Proof of what was bought. The file is shown to those who may speak; its hash to everybody."""

    id: int
    by: str
    amount_minor: int
    words: str
    digest: str
    filename: str
    at: dt.datetime


class ChangeView(_Out):
    """A change of state."""

    action: str
    was: str
    became: str
    why: str
    by: str
    at: dt.datetime


class ProposalItem(_Out):
    """A proposal in a list."""

    number: int
    design: str
    kind: str
    title: str
    by: str
    currency: str
    exponent: int
    amount_minor: int
    state: str
    opened_at: dt.datetime
    ends_at: dt.datetime
    consents: int = Field(description="people beside the proposer who consent")
    objections: int = Field(description="objections that are open")


class ProposalView(ProposalItem):
    """A proposal with all that was said and done."""

    text: str
    payee: str
    hold_seq: int | None = Field(description="the transfer of the book that holds its amount")
    spent_minor: int | None = Field(description="what was paid at last")
    voices: list[VoiceView]
    proofs: list[ProofView]
    history: list[ChangeView]


class FundView(_Out):
    """A design's fund: what it holds, where it came from, the designers' cut, who may speak, proposals."""

    design: str
    name: str
    share_bp: int
    share_bp_max: int
    share_by_policy: bool = Field(description="the designers have set none: the bank's policy says it")
    shares: list[ShareView]
    purses: list[PurseView]
    last: list[IncomeView]
    people: list[PersonView]
    named: list[NamedView]
    proposals: list[ProposalItem]
