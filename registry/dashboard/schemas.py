"""What comes into and goes out of the dashboard."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from registry.batches.buying_schemas import BuyList
from registry.batches.schemas import LINE_CHARS
from registry.dashboard.price_schemas import BuyCost, LinePrice

KEY_CHARS = 80
WORDS_CHARS = 400


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


# --- in


class MoveWish(BaseModel):
    """A job's move. The same key with the same wish moves once, however often it is sent."""

    job: int = Field(ge=1, le=2**31 - 1, description="the batch's number")
    action: Literal["open", "cancel", "begin early", "materials", "made", "assembled", "tested", "shipped", "close"]
    was: str = Field(default="", max_length=20, description="the state it was seen in; empty: whatever it is in")
    why: str = Field(default="", max_length=WORDS_CHARS)
    key: str = Field(default="", max_length=KEY_CHARS, description="1 to 80 visible ASCII characters, or none")


class CountedWish(BaseModel):
    """Units of a job counted at a stage; negative numbers take back, with a reason."""

    job: int = Field(ge=1, le=2**31 - 1, description="the batch's number")
    stage: str = Field(max_length=40)
    good: int = Field(default=0, ge=-1_000_000, le=1_000_000)
    scrap: int = Field(default=0, ge=-1_000_000, le=1_000_000)
    rework: int = Field(default=0, ge=-1_000_000, le=1_000_000)
    why: str = Field(default="", max_length=LINE_CHARS)
    key: str = Field(default="", max_length=KEY_CHARS)


class WordWish(BaseModel):
    """A message in a thread: quote-NUMBER, or batch-NUMBER-PLACE with the place in its queue."""

    thread: str = Field(max_length=60)
    text: str = Field(max_length=8_000)
    key: str = Field(default="", max_length=KEY_CHARS)


class MachineWish(BaseModel):
    """Whether a machine is free."""

    status: Literal["ready", "busy", "broken", "planned"]
    key: str = Field(default="", max_length=KEY_CHARS)


class MachineOnce(MachineWish):
    """The same of a named machine: a key that was used for one says nothing of another."""

    machine: int


class PaymentWish(BaseModel):
    """Money seen for a place in a batch's queue, or for an accepted quote. Units: the smallest of its currency."""

    job: int | None = Field(default=None, ge=1, le=2**31 - 1)
    place: int | None = Field(default=None, ge=1, le=2**31 - 1, description="the number in the batch's queue")
    quote: int | None = Field(default=None, ge=1, le=2**31 - 1)
    amount_minor: int = Field(ge=-(10**12), le=10**12, description="negative: given back")
    currency: str = Field(max_length=10)
    seen_on: dt.date | None = None
    why: str = Field(default="", max_length=WORDS_CHARS)
    key: str = Field(default="", max_length=KEY_CHARS)


class PlanWish(BaseModel):
    """What is planned for a job."""

    work_minutes: int | None = Field(default=None, ge=0, le=1_000_000)
    due_on: dt.date | None = None


class ClosedWish(BaseModel):
    """A day on which nobody works; `do` open: a working day after all."""

    day: dt.date
    words: str = Field(default="", max_length=120)
    do: Literal["close", "open"] = "close"


class InboxQuery(BaseModel):
    """Which threads."""

    only: Literal["", "unread", "request", "queue", "words"] = ""


class BuyQuery(BaseModel):
    """Which jobs to buy for: those that begin this week or next, all that are full, with those that fill as well."""

    when: Literal["", "week", "next", "all", "full"] = Field(
        default="", description="empty: this week's if any, else all"
    )


# --- out


class Done(_Out):
    """What a wish did. `repeated`: it had been done before, under the same key."""

    said: str
    repeated: bool = False


class JobCard(_Out):
    """A job on the board."""

    number: int
    design: str
    design_name: str
    picture: str | None
    version: str
    label: str
    commit: str
    state: str
    units: int
    units_min: int
    units_max: int
    good: int = Field(description="counted as good at the stage that is worked on")
    scrap: int = Field(description="scrapped at any stage")
    leads: bool = Field(description="this fabricator moves it on; others make a share of it")
    deadline_at: dt.datetime
    due_on: dt.date | None
    overdue: bool
    days_left: int | None
    work_minutes: int | None
    next_action: str
    next_step: str


class Column(_Out):
    """A stage of the board; `cards` may be the first ones only, `total` counts all."""

    state: str
    label: str
    key: str
    total: int
    units: int
    cards: list[JobCard]


class InboxItem(_Out):
    """A thread: a request, the queue of a batch, or words with somebody about a batch."""

    thread: str
    kind: Literal["request", "queue", "words"]
    title: str
    who: str
    line: str
    at: dt.datetime
    unread: bool
    waits: bool = Field(description="an answer is waited for")


class InboxCounts(_Out):
    """How much of each there is."""

    all: int
    unread: int
    requests: int
    queues: int
    words: int
    to_answer: int = Field(description="requests without a quote yet")


class WordView(_Out):
    """A message."""

    by: str
    side: str
    text: str
    sent_at: dt.datetime


class Place(_Out):
    """A place in a batch's queue, as its makers see it: with a handle where its holder shows it or has written."""

    number: int
    who: str
    units: int
    state: str
    made_at: dt.datetime
    wrote: bool


class ThreadView(_Out):
    """A thread with all that stands in it."""

    thread: str
    kind: str
    title: str
    who: str
    quote: int | None
    job: int | None
    words: list[WordView]
    queue: list[Place]


class Inbox(_Out):
    """The threads, the newest first, the first 200 of them."""

    counts: InboxCounts
    items: list[InboxItem]


class WordList(_Out):
    """What was said, the oldest first."""

    items: list[WordView]
    total: int


class WeekView(_Out):
    """A week: what is due in it, against what can be done. Units: minutes of work."""

    begins_on: dt.date
    jobs: int
    work_minutes: int
    jobs_without_hours: int
    closed_days: int = Field(description="of Monday to Friday")
    capacity_minutes: int | None = Field(description="null: the fabricator says nothing of its capacity")


class MachineItem(_Out):
    """A machine and whether it is free."""

    id: int
    name: str
    process: str
    process_name: str
    count: int
    status: str


class QuoteNear(_Out):
    """An offer that ends soon."""

    id: int
    request: int
    design_name: str
    version: str
    buyer: str
    state: str
    valid_until: dt.date
    days_left: int


class MoneySum(_Out):
    """Money in one currency. Units: its smallest. `reserved` is not due yet: batches that still fill."""

    currency: str
    agreed_minor: int
    received_minor: int
    due_minor: int
    to_return_minor: int
    reserved_minor: int
    credit_received_minor: int = Field(default=0, description="came in the community's money, beyond `received_minor`")
    credit_due_minor: int = Field(default=0, description="what of `due_minor` may come in the community's money")


class MoneyItem(_Out):
    """What one reservation, or one accepted quote without a batch, is to bring."""

    job: int | None
    place: int | None
    quote: int | None
    who: str
    title: str
    units: int
    currency: str
    agreed_minor: int
    received_minor: int
    due_minor: int
    to_return_minor: int
    credit_received_minor: int = Field(default=0, description="came in the community's money, beyond `received_minor`")
    credit_due_minor: int = Field(default=0, description="what of `due_minor` may come in the community's money")


class WeekFigures(_Out):
    """What came of a week."""

    begins_on: dt.date
    shipped: int = Field(description="units counted as shipped")
    good: int = Field(description="units counted as good when made, assembled or tested")
    scrap: int
    on_time: int = Field(description="jobs shipped by their day")
    late: int


class BuyJob(_Out):
    """A job without materials."""

    number: int
    design_name: str
    units: int = Field(description="reserved; at least its minimum while it fills")
    due_on: dt.date | None
    begins: Literal["week", "next", "later", "undated", "fills"] = Field(description="when its work must begin")


class BuyCounts(_Out):
    """Jobs without materials, by the week in which their work must begin; `all` are the full ones."""

    week: int
    next: int
    later: int
    undated: int
    all: int
    fills: int = Field(description="those that still take reservations")


class ToBuy(_Out):
    """What to buy for the jobs of a week or for all, and how much it leaves out."""

    when: Literal["week", "next", "all", "full"]
    week_ends_on: dt.date = Field(description="this week's Sunday")
    rule: str = Field(description="how a job's week is found, in a sentence")
    counts: BuyCounts
    jobs: list[BuyJob]
    buy: BuyList
    rest_jobs: int = Field(description="full jobs that the list leaves out")
    rest_lines: int = Field(description="lines to buy for those")
    prices: list[LinePrice] = Field(description="of the lines whose price the workshop knows")
    costs: list[BuyCost] = Field(description="what those come to, each currency for itself")

    def price_of(self, mpn: str) -> LinePrice | None:
        """The price of a line."""
        return next((one for one in self.prices if one.mpn == mpn), None)


class Numbers(_Out):
    """What the left rail counts."""

    jobs: int
    overdue: int
    due_this_week: int
    inbox: InboxCounts
    to_buy_jobs: int
    machines: dict[str, int]
    quotes_near: int
    money: list[MoneySum]
    accepted_without_quantity: int


class Dashboard(_Out):
    """All numbers of a fabricator's dashboard."""

    fabricator: str
    name: str
    role: str
    today: dt.date
    numbers: Numbers
    stages: dict[str, int]
    units_by_stage: dict[str, int]
    weeks: list[WeekView]
    overdue: list[int]
    quotes: list[QuoteNear]
    machines: list[MachineItem]
    figures: list[WeekFigures]
    jobs: list[JobCard]
    buy: BuyList = Field(description="for all full jobs")
    to_buy: BuyCounts
