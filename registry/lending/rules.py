"""What may happen to a loan, and when: pure decisions. Times are the database's, handed in."""

from __future__ import annotations

import calendar
import datetime as dt
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

from registry.errors import Conflict, Invalid
from registry.ledger.rules import part_of, share_out, waterfall

K = TypeVar("K")
Actor = Literal["operator", "treasurer", "registry"]

# (state, action) -> (state after it, who may). Nothing else happens to a loan, so nothing can be skipped.
# The money follows the batch: a tranche for each of its stages, in their order.
LOAN_STEPS: dict[tuple[str, str], tuple[str, Actor]] = {
    ("draft", "open"): ("open", "operator"),
    ("draft", "call off"): ("called off", "operator"),
    ("open", "fund"): ("funded", "registry"),
    ("open", "fail"): ("failed", "registry"),
    ("open", "call off"): ("failed", "operator"),
    ("funded", "disburse materials"): ("materials paid", "treasurer"),
    ("funded", "call off"): ("failed", "operator"),
    # so many withdrew within their cooling-off that the target is missed: all or nothing still holds
    ("funded", "fall short"): ("failed", "registry"),
    ("open", "batch cancelled"): ("failed", "registry"),
    ("funded", "batch cancelled"): ("failed", "registry"),
    ("materials paid", "disburse made"): ("made paid", "treasurer"),
    ("made paid", "disburse shipped"): ("disbursed", "treasurer"),
    ("disbursed", "begin repayment"): ("repaying", "registry"),
}
# A batch that is cancelled after money was paid out owes that money at once.
LOAN_STEPS |= {(state, "batch cancelled"): ("repaying", "registry") for state in ("materials paid", "made paid",
                                                                                     "disbursed")}  # fmt: skip
LOAN_STEPS |= {
    ("repaying", "fall behind"): ("in arrears", "registry"),
    ("in arrears", "catch up"): ("repaying", "registry"),
    ("in arrears", "default"): ("defaulted", "registry"),
    ("defaulted", "write off"): ("written off", "treasurer"),
}
for _state in ("repaying", "in arrears", "defaulted"):
    LOAN_STEPS[_state, "repay in full"] = ("repaid", "registry")
    LOAN_STEPS[_state, "settle in goods"] = ("settled in goods", "registry")  # what was received decides
LOAN_STEPS["written off", "repay in full"] = ("repaid", "registry")  # late recoveries still reach its lenders

TrancheStage = Literal["materials", "made", "shipped"]
TRANCHES: tuple[TrancheStage, ...] = get_args(TrancheStage)
OWING = ("materials paid", "made paid", "disbursed", "repaying", "in arrears", "defaulted", "written off")
ENDED = ("called off", "failed", "repaid", "settled in goods", "written off")


def step_loan(state: str, action: str, actor: Actor, why: str) -> str:
    """The state after an action.

    Raises: Conflict if it can't follow, or is not this actor's; Invalid without a reason.
    """
    after, who = LOAN_STEPS.get((state, action), ("", ""))
    if not after or who != actor:
        possible = sorted(name for (was, name), (_, by) in LOAN_STEPS.items() if was == state and by == actor)
        remedy = f"What can be done now: {', '.join(possible)}." if possible else "Nothing can be done with it now."
        raise Conflict(f"The loan is {state}: '{action}' can't follow on that.", remedy)
    if not why.strip() or not why.isprintable():
        raise Invalid("A loan's state changes for a reason.", "Say it in one line.", field="why")
    return after


def judge_approval(proposed_by: int, approved_by: Sequence[int], approver: int, needed: int) -> bool:
    """Whether a payment may leave with this approval. Raises: Conflict if one person would count twice.

    Who proposes is the first of those that approve.
    """
    if approver == proposed_by or approver in approved_by:
        raise Conflict("You have approved this payment already.", "A second person must approve it.")
    return len({proposed_by, *approved_by, approver}) >= max(needed, 2)


# --- deadlines


def deadline_of(day: dt.date, zone: str) -> dt.datetime:
    """The moment at which a day is over in a zone, in UTC: midnight there as its clocks tell it. Raises: Invalid."""
    try:
        there = zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid(
            f"{zone[:40] or 'Nothing'} is no time zone.", "Write it like Europe/Lisbon.", field="zone"
        ) from error
    try:
        return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), there).astimezone(dt.UTC)
    except OverflowError as error:
        raise Invalid("That day is too far away.", "Choose one within a year.", field="deadline") from error


def months_after(day: dt.date, months: int) -> dt.date:
    """The same day of a later month, or that month's last: 31 January and one month is 28 or 29 February."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


@dataclass(frozen=True, slots=True)
class Seen:
    """What is seen of a campaign's account after its deadline.

    `covered`: a statement goes beyond the last day, so that all that was booked by then is here. `coming`: pledges
    whose money may still be shown. `undecided`: bookings up to the last day that wait for a treasurer.
    """

    covered: bool
    coming: bool
    undecided: bool


def may_judge(deadline_at: dt.datetime, statement_days: int, seen: Seen, now: dt.datetime) -> bool:
    """Whether a deadline can be judged: what the bank booked by then is here, or the days for it are over."""
    if now < deadline_at:
        return False
    if now >= deadline_at + dt.timedelta(days=statement_days):
        return True
    return not seen.undecided and (seen.covered or not seen.coming)


def in_time(deadline_at: dt.datetime, deadline_on: dt.date, now: dt.datetime, booked_on: dt.date | None) -> bool:
    """Whether a payment counts: seen before the deadline, or booked by the bank on its day or earlier."""
    return now < deadline_at or (booked_on is not None and booked_on <= deadline_on)


def settle_campaign(target_minor: int, paid_minor: int) -> str:
    """What becomes of a campaign whose deadline is judged: 'fund' or 'fail'. Paid pledges alone count."""
    return "fund" if paid_minor >= target_minor else "fail"


@dataclass(frozen=True, slots=True)
class Asking:
    """What a pledge is judged by. `held_minor` is of all pledges that are neither withdrawn nor lapsed."""

    state: str
    deadline_at: dt.datetime
    optimum_minor: int
    held_minor: int
    pledge_minor_min: int
    pledge_minor_max_per_person: int


def judge_pledge(asking: Asking, amount_minor: int, own_minor: int, now: dt.datetime) -> None:
    """Raises: Conflict or Invalid with the reason why this can't be pledged now."""
    if asking.state != "open" or now >= asking.deadline_at:
        raise Conflict("This campaign takes no pledges now.", "Look at the campaigns that are open.")
    if amount_minor <= 0:
        raise Invalid("A pledge is above zero.", "Give another amount.", field="amount")
    left = asking.optimum_minor - asking.held_minor
    if left <= 0:
        raise Conflict("This campaign has all that it asks for.", "Pledges may lapse: look again later.")
    if amount_minor > left:
        raise Conflict("The campaign needs less than that.", "Pledge less.", field="amount")
    if amount_minor < min(asking.pledge_minor_min, left):
        raise Invalid("That is below the smallest pledge.", "Give more.", field="amount")
    if own_minor + amount_minor > asking.pledge_minor_max_per_person:
        raise Conflict("That is more than one person may lend here.", "Pledge less.", field="amount")


def may_withdraw(state: str, pledged_at: dt.datetime, cooling_off_days: int, now: dt.datetime) -> bool:
    """Whether a lender may take a pledge back: until the campaign is funded, and within the cooling-off days.

    Once a tranche has been paid out, the money is with the makers.
    """
    if state == "open":
        return True
    return state == "funded" and now < pledged_at + dt.timedelta(days=cooling_off_days)


def may_disburse(last_pledged_at: dt.datetime, cooling_off_days: int, now: dt.datetime) -> bool:
    """Whether everybody's cooling-off is over: what can be withdrawn is not paid out."""
    return now >= last_pledged_at + dt.timedelta(days=cooling_off_days)


def lapses(paid: bool, pledged_at: dt.datetime, unpaid_days: int, now: dt.datetime) -> bool:
    """Whether an unpaid pledge is over."""
    return not paid and now >= pledged_at + dt.timedelta(days=unpaid_days)


# --- paying back


@dataclass(frozen=True, slots=True)
class Instalment:
    """What is due, by the end of which day (UTC)."""

    due_on: dt.date
    amount_minor: int


def schedule(principal_minor: int, first_on: dt.date, months: int) -> list[Instalment]:
    """Equal instalments, month by month; earlier ones carry the odd units. Raises: Invalid."""
    if principal_minor <= 0 or not 1 <= months <= 120:
        raise Invalid("A plan needs an amount, and 1 to 120 months.", "Change it.", field="months")
    each, odd = divmod(principal_minor, months)
    rows = [Instalment(months_after(first_on, number), each + (number < odd)) for number in range(months)]
    return [row for row in rows if row.amount_minor]


def due_by(plan: Sequence[Instalment], today: dt.date) -> int:
    """What should have been paid before this day began."""
    return sum(row.amount_minor for row in plan if row.due_on < today)


def overdue_since(plan: Sequence[Instalment], paid_minor: int) -> dt.date | None:
    """The day on which the first instalment that is not wholly paid was due; None if all are."""
    for row in sorted(plan, key=lambda one: one.due_on):
        paid_minor -= row.amount_minor
        if paid_minor < 0:
            return row.due_on
    return None


def judge_arrears(
    state: str, plan: Sequence[Instalment], paid_minor: int, last_paid_on: dt.date | None, today: dt.date,
    *, arrears_after_days: int, default_after_days: int,
) -> str:  # fmt: skip
    """The step that the calendar asks for: 'fall behind', 'catch up', 'default', 'repay in full', or ''.

    Default: so many days without any payment, counted from the later of the last one and the day it was due.
    """
    since = overdue_since(plan, paid_minor)
    if since is None:
        return "repay in full" if (state, "repay in full") in LOAN_STEPS else ""
    late = (today - since).days
    if state == "repaying":
        return "fall behind" if late > arrears_after_days else ""
    if state == "in arrears":
        if late <= arrears_after_days:
            return "catch up"
        silent = (today - max(since, last_paid_on or since)).days
        return "default" if silent >= default_after_days else ""
    return ""


@dataclass(frozen=True, slots=True)
class Poured:
    """Where a sale's money goes. `lenders` holds each one's share; `excess_minor` is held and flagged."""

    commons_minor: int
    lenders: dict[str, int]
    fabricator_minor: int
    excess_minor: int = 0


def pour_sale(price_minor: int, commons_bp: int, unit_debt_minor: int, outstanding: Mapping[str, int]) -> Poured:
    """A sale over the waterfall: the commons fund's share, the lenders' (by what is outstanding), then the fabricator.

    `unit_debt_minor` is what each sold unit owes to the loan; never more than is outstanding is taken.
    """
    owed = min(unit_debt_minor, sum(outstanding.values()))
    got, _ = waterfall(price_minor, [("commons", part_of(price_minor, commons_bp)), ("lenders", owed),
                                     ("fabricator", None)])  # fmt: skip
    shares, _ = share_out(got["lenders"], outstanding)
    return Poured(got["commons"], shares, got["fabricator"])


def pour_repayment(amount_minor: int, outstanding: Mapping[str, int]) -> Poured:
    """A repayment to the lenders by what is outstanding to each; what is above the debt is excess."""
    shares, excess = share_out(amount_minor, outstanding)
    return Poured(0, shares, 0, excess)


@dataclass(frozen=True, slots=True)
class Doubling:
    """Batch doubling: what a bigger batch costs, and what unsold units would mean."""

    units: int
    unit_minor: int
    loan_minor: int


def double_batch(
    reserved: int, unit_minor_alone: int, unit_minor_doubled: int, funded: int | None = None
) -> tuple[Doubling, Doubling]:
    """The batch as reserved, and with what lenders fund: as many again, or `funded`.

    Raises: Invalid without reservations.
    """
    funded = reserved if funded is None else funded
    if reserved < 1 or min(unit_minor_alone, unit_minor_doubled) < 0:
        raise Invalid("There is nothing to double.", "Wait for reservations.", field="units")
    return Doubling(reserved, unit_minor_alone, 0), Doubling(
        reserved + funded, unit_minor_doubled, funded * unit_minor_doubled
    )


def unsold(lent: Mapping[K, int], unit_minor: int, units_unsold: int) -> dict[K, int]:
    """What each lender would miss in money with so many units unsold, by what each lent."""
    missing = min(unit_minor * units_unsold, sum(lent.values()))
    return share_out(missing, lent)[0]
