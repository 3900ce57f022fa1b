"""What may happen to quotes and batches, and what things cost: pure decisions."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from registry.errors import Conflict, Invalid

PriceList = Sequence[Mapping[str, int]]

# (state, action) -> (state after it, who may). Nothing else happens to a quote.
QUOTE_STEPS: dict[tuple[str, str], tuple[str, str]] = {
    ("requested", "offer"): ("quoted", "fabricator"),
    ("requested", "refuse"): ("declined", "fabricator"),
    ("requested", "call off"): ("withdrawn", "buyer"),
    ("requested", "lose"): ("declined", "registry"),
}
for _state in ("quoted", "revised"):
    QUOTE_STEPS |= {
        (_state, "revise"): ("revised", "fabricator"),
        (_state, "accept"): ("accepted", "buyer"),
        (_state, "decline"): ("declined", "buyer"),
        (_state, "call off"): ("withdrawn", "buyer"),
        (_state, "withdraw"): ("withdrawn", "fabricator"),
        (_state, "expire"): ("expired", "registry"),
        (_state, "lose"): ("declined", "registry"),
    }
OPEN_QUOTES = ("requested", "quoted", "revised")
OFFERED = ("quoted", "revised")

STAGES = ("materials", "made", "assembled", "tested", "shipped")
STAGE_WORDS = {
    "materials": "Materials bought", "made": "Made", "assembled": "Assembled", "tested": "Tested", "shipped": "Shipped",
}  # fmt: skip
BATCH_STEPS: dict[tuple[str, str], tuple[str, str]] = {
    ("draft", "open"): ("open", "operator"),
    ("draft", "cancel"): ("cancelled", "operator"),
    ("open", "cancel"): ("cancelled", "operator"),
    ("open", "begin early"): ("filled", "operator"),
    ("open", "fill"): ("filled", "registry"),
    ("open", "release"): ("released", "registry"),
    ("shipped", "close"): ("closed", "operator"),
}
for _was, _next in zip(("filled", *STAGES), STAGES, strict=False):
    BATCH_STEPS[_was, _next] = (_next, "operator")
    if _was != "shipped":
        BATCH_STEPS[_was, "cancel"] = ("cancelled", "operator")
MAKING = ("filled", *STAGES)
_KEY = re.compile(r"[\x21-\x7e]{1,80}")


def step(steps: Mapping[tuple[str, str], tuple[str, str]], what: str, state: str, action: str, actor: str) -> str:
    """The state after an action. Raises: Conflict if it can't follow, or is not this actor's."""
    after, who = steps.get((state, action), ("", ""))
    if not after or who != actor:
        possible = sorted(name for (was, name), (_, by) in steps.items() if was == state and by == actor)
        remedy = f"What can be done now: {', '.join(possible)}." if possible else "Nothing more is to be done with it."
        raise Conflict(f"{what} is {state}: '{action}' can't follow on that.", remedy)
    return after


def actions(steps: Mapping[tuple[str, str], tuple[str, str]], state: str, actor: str) -> list[str]:
    """What this actor may do now."""
    return [name for (was, name), (_, by) in steps.items() if was == state and by == actor]


def expired(valid_until: dt.date | None, today: dt.date) -> bool:
    """Whether an offer is no longer held: it counts to the end of its last day, in UTC."""
    return valid_until is not None and today > valid_until


# --- prices


def check_prices(prices: PriceList, *, falling: bool) -> list[dict[str, int]]:
    """Price breaks by rising quantity, each quantity once. Raises: Invalid."""
    ordered = sorted(({"quantity": row["quantity"], "unit_minor": row["unit_minor"]} for row in prices),
                     key=lambda row: row["quantity"])  # fmt: skip
    if not ordered:
        raise Invalid("There is no price.", "Give at least one quantity with its unit price.", field="prices")
    for before, after in itertools.pairwise(ordered):
        if before["quantity"] == after["quantity"]:
            raise Invalid(
                f"There are two prices for {after['quantity']}.", "Give one for each quantity.", field="prices"
            )
        if falling and after["unit_minor"] > before["unit_minor"]:
            raise Invalid(
                f"The price rises at {after['quantity']} units.",
                "In a batch more people never pay more each: let it fall or stay.",
                field="prices",
            )
    return ordered


def unit_price(prices: PriceList, quantity: int) -> int | None:
    """The unit price at a quantity: the break at or below it; None below the first."""
    fitting = [row["unit_minor"] for row in prices if row["quantity"] <= quantity]
    return fitting[-1] if fitting else None


def total_price(prices: PriceList, setup_minor: int, quantity: int) -> int | None:
    """Units at their price, and the setup; None below the first break."""
    unit = unit_price(prices, quantity)
    return None if unit is None else unit * quantity + setup_minor


def spread_setup(prices: PriceList, setup_minor: int) -> list[dict[str, int]]:
    """A quote's prices as a batch's: the setup spread over the fewest units of each break, so that it is covered."""
    spread = [
        {"quantity": row["quantity"], "unit_minor": row["unit_minor"] + -(-setup_minor // row["quantity"])}
        for row in prices
    ]
    for after, before in itertools.pairwise(reversed(spread)):
        before["unit_minor"] = max(before["unit_minor"], after["unit_minor"])
    return spread


def next_break(prices: PriceList, quantity: int) -> dict[str, int] | None:
    """The next quantity at which the price is lower."""
    now = unit_price(prices, quantity)
    return next(
        (dict(row) for row in prices if row["quantity"] > quantity and now is not None and row["unit_minor"] < now),
        None,
    )


# --- batches


@dataclass(frozen=True, slots=True)
class Filling:
    """What a reservation is judged by."""

    state: str
    units_max: int
    units_per_person: int | None
    reserved: int
    deadline_at: dt.datetime


def judge_reservation(batch: Filling, units: int, own_units: int, now: dt.datetime) -> None:
    """Raises: Conflict with the reason why these units can't be reserved now."""
    if batch.state == "draft":
        raise Conflict("This batch is not open yet.", "Come back when the workshop has opened it.")
    if batch.state != "open" or now >= batch.deadline_at:
        raise Conflict("This batch takes no more reservations: its deadline has passed.", "Look for another batch.")
    left = batch.units_max - batch.reserved
    if units > left:
        raise Conflict(
            "This batch is full." if left == 0 else f"Only {left} of its {batch.units_max} units are left.",
            "Units come back if somebody cancels before the deadline." if left == 0 else "Reserve fewer.",
            field="units",
        )
    if batch.units_per_person is not None and own_units + units > batch.units_per_person:
        raise Conflict(
            f"One person may reserve {batch.units_per_person} of this batch; you hold {own_units}.",
            "Reserve fewer.", field="units",
        )  # fmt: skip


def settle(units_min: int, reserved: int) -> str:
    """What happens to an open batch at its deadline: fill or release."""
    return "fill" if reserved >= units_min else "release"


def check_key(key: str) -> str:
    """An idempotency key. Raises: Invalid."""
    if not _KEY.fullmatch(key):
        raise Invalid(
            "A reservation needs a key of 1 to 80 visible ASCII characters.",
            "Make one anew for each reservation; the same key never reserves twice.", field="key",
        )  # fmt: skip
    return key


@dataclass(frozen=True, slots=True)
class Count:
    """Units at a stage: good ones, scrapped ones, and those done again."""

    good: int = 0
    scrap: int = 0
    rework: int = 0


def check_count(done: Mapping[str, Count], stage: str, more: Count, why: str) -> None:
    """Whether a count can be right beside what was counted before. Raises: Invalid, Conflict."""
    if stage not in STAGES:
        raise Invalid(f"There is no stage {stage[:40]}.", f"Choose one of {', '.join(STAGES)}.", field="stage")
    numbers = (more.good, more.scrap, more.rework)
    if not any(numbers):
        raise Invalid("Nothing is counted.", "Give a number of good, scrapped or reworked units.", field="good")
    if min(numbers) < 0 and not why.strip():
        raise Invalid("A count is taken back without a reason.", "Say what was miscounted.", field="why")
    was = done.get(stage, Count())
    if min(was.good + more.good, was.scrap + more.scrap, was.rework + more.rework) < 0:
        raise Conflict("More would be taken back than was counted.", f"At this stage {was.good} are good so far.")
    place = STAGES.index(stage)
    before = done.get(STAGES[place - 1], Count()).good if place >= 2 else None  # materials are bought as kits or not
    if before is not None and was.good + more.good > before:
        raise Conflict(
            f"{was.good + more.good} can't be {STAGE_WORDS[stage].lower()}: {before} are "
            f"{STAGE_WORDS[STAGES[place - 1]].lower()}.",
            f"Count those at '{STAGE_WORDS[STAGES[place - 1]].lower()}' first.", field="good",
        )  # fmt: skip
    if place >= 1 and place < len(STAGES) - 1:
        after = done.get(STAGES[place + 1], Count()).good
        if was.good + more.good < after:
            raise Conflict(f"{after} have gone on from here already.", "Take those back first.", field="good")


def check_move(done: Mapping[str, Count], stage: str, units: int, why: str) -> None:
    """Whether a batch may go to a stage with what is counted there. Raises: Invalid."""
    good = done.get(stage, Count()).good
    if stage != "materials" and good < units and not why.strip():
        raise Invalid(
            f"Only {good} of {units} units are counted as {STAGE_WORDS[stage].lower()}.",
            "Count the rest, or say why the batch goes on without them.", field="why",
        )  # fmt: skip
