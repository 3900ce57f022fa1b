"""Days, weeks, money and moves of the dashboard: pure decisions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from registry.batches.rules import BATCH_STEPS, STAGES, PriceList, total_price, unit_price
from registry.errors import Invalid

# state -> (label, key that moves a job there, action that does it)
COLUMNS = {
    "draft": ("Planned", "1", ""),
    "open": ("Filling", "2", "open"),
    "filled": ("To begin", "3", "begin early"),
    "materials": ("Materials", "4", "materials"),
    "made": ("Made", "5", "made"),
    "assembled": ("Assembled", "6", "assembled"),
    "tested": ("Tested", "7", "tested"),
    "shipped": ("Shipped", "8", "shipped"),
}
ENDS = {"closed": ("Closed", "9", "close"), "cancelled": ("Cancelled", "0", "cancel")}
JOB_STATES = tuple(COLUMNS)
IN_WORK = ("filled", "materials", "made", "assembled", "tested")
OWED = (*IN_WORK, "shipped", "closed")  # what was reserved is to be paid
NEXT = {
    "draft": ("open", "Open it to everyone"),
    "open": ("", "Wait until it fills"),
    "filled": ("materials", "Buy materials"),
    "materials": ("made", "Make"),
    "made": ("assembled", "Assemble"),
    "assembled": ("tested", "Test"),
    "tested": ("shipped", "Ship"),
    "shipped": ("close", "Close it"),
}
WORKING_DAYS = 5
NEAR_DAYS = 7
STRIP_WEEKS = 6
FIGURE_WEEKS = 12


def next_of(state: str, reserved: int, units_max: int) -> tuple[str, str]:
    """(action, words) that a job waits for; no action: it waits for others."""
    if state == "open" and reserved >= units_max:
        return "begin early", "Full: begin early"
    return NEXT.get(state, ("", ""))


def action_to(state: str) -> str:
    """The action that moves a job to a column. Raises: Invalid."""
    found = (COLUMNS | ENDS).get(state)
    if found is None or not found[2]:
        raise Invalid(f"Nothing moves to '{state[:20]}'.", "Choose a later stage.", field="to")
    return found[2]


def can_move(state: str) -> list[str]:
    """The states that an operator may move a job of this state to."""
    return [after for (was, _), (after, who) in BATCH_STEPS.items() if was == state and who == "operator"]


def due_on(
    state: str, deadline_at: dt.datetime, began_at: dt.datetime | None, lead_days: int | None, planned: dt.date | None
) -> dt.date | None:
    """The day a job is due: what was promised, or its lead time after it was full; before that, the day it fills by."""
    if state in ("draft", "open"):
        return deadline_at.astimezone(dt.UTC).date()
    if planned is not None:
        return planned
    if began_at is None or lead_days is None:
        return None
    return began_at.astimezone(dt.UTC).date() + dt.timedelta(days=lead_days)


def monday(day: dt.date) -> dt.date:
    """The Monday of a day's week."""
    return day - dt.timedelta(days=day.weekday())


def capacity_minutes(hours_week: int | None, closed: int) -> int | None:
    """What a week holds when `closed` of its five working days are closed."""
    return None if hours_week is None else hours_week * 60 * (WORKING_DAYS - min(closed, WORKING_DAYS)) // WORKING_DAYS


def _weekdays(day: dt.date) -> int:
    """Mondays to Fridays from the first day of the calendar, a Monday, up to a day."""
    whole, rest = divmod(day.toordinal(), 7)
    return whole * WORKING_DAYS + min(rest, WORKING_DAYS)


def working_days(after: dt.date, until: dt.date, closed: Collection[dt.date]) -> int:
    """Days on which work is done after a day, up to another and with it."""
    if until <= after:
        return 0
    shut = sum(after < day <= until and day.weekday() < WORKING_DAYS for day in closed)
    return _weekdays(until) - _weekdays(after) - shut


def work_days(work_minutes: int | None, hours_week: int | None) -> int:
    """The working days that work takes, at least one; a whole week where hours or capacity are not told."""
    if work_minutes is None or not hours_week:
        return WORKING_DAYS
    return max(1, -(-work_minutes * WORKING_DAYS // (hours_week * 60)))


def week_to_begin(
    day: dt.date, due: dt.date | None, days: int, closed: Collection[dt.date]
) -> Literal["week", "next", "later", "undated"]:
    """The week in which work of some days must begin to be ready when it is due; what is late begins this week."""
    if due is None:
        return "undated"
    sunday = monday(day) + dt.timedelta(days=6)
    if working_days(sunday, due, closed) < days:
        return "week"
    return "next" if working_days(sunday + dt.timedelta(days=7), due, closed) < days else "later"


@dataclass(frozen=True, slots=True)
class Owed:
    """What is to be paid for something, and what was seen of it. Units: minor.

    `credit_minor` is the part of what is agreed that may be paid in the community's money, in the price's currency.
    """

    currency: str
    agreed_minor: int
    received_minor: int
    credit_minor: int = 0
    credit_paid: bool = False

    @property
    def credit_received_minor(self) -> int:
        """What came in the community's money."""
        return self.credit_minor if self.credit_paid else 0

    @property
    def due_minor(self) -> int:
        """What is still to come, in money or in the community's."""
        return max(0, self.agreed_minor - self.received_minor - self.credit_received_minor)

    @property
    def credit_due_minor(self) -> int:
        """What of it may still come in the community's money."""
        return 0 if self.credit_paid else min(self.credit_minor, self.due_minor)

    @property
    def to_return_minor(self) -> int:
        """What was paid beyond it."""
        return max(0, self.received_minor + self.credit_received_minor - self.agreed_minor)


def price_of(prices: PriceList, units_min: int, reserved: int) -> int:
    """What one unit costs, by what is reserved; at the minimum until that is reached."""
    return unit_price(prices, max(reserved, units_min)) or 0


def order_rest(offered: PriceList, setup_minor: int, units: int, price_minor: int) -> int:
    """What an order's quoted total, its setup included, has beyond its units at a price of whole minor units."""
    total = total_price(offered, setup_minor, units)
    return 0 if total is None else total - price_minor * units


def sums(items: Iterable[Owed], reserved: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """currency -> agreed, received, due, to_return, reserved; and what of it is the community's money."""
    found: dict[str, dict[str, int]] = {}
    names = (
        "agreed_minor", "received_minor", "due_minor", "to_return_minor", "credit_received_minor", "credit_due_minor"
    )  # fmt: skip
    for item in items:
        row = found.setdefault(item.currency, dict.fromkeys((*names, "reserved_minor"), 0))
        for name in names:
            row[name] += getattr(item, name)
    for currency, minor in reserved.items():
        found.setdefault(currency, dict.fromkeys((*names, "reserved_minor"), 0))["reserved_minor"] += minor
    return dict(sorted(found.items()))


def stage_in_work(state: str) -> str:
    """The stage whose units are counted while a job is in a state."""
    if state in ("filled", *STAGES[:-1]):
        return STAGES[0] if state == "filled" else STAGES[STAGES.index(state) + 1]
    return "shipped"
