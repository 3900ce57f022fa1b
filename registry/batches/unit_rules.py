"""What may happen to a single unit, and what its number looks like: pure decisions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from registry.batches.rules import STAGE_WORDS
from registry.errors import Conflict, Invalid

# (state, action) -> (state after it, who may). Stages before shipping are counted, see `passes`.
UNIT_STEPS: dict[tuple[str, str], tuple[str, str]] = {
    ("tested", "ship"): ("shipped", "fabricator"),
    ("shipped", "receive"): ("received", "buyer"),  # it is here; how it is, shows when it is tried
    ("shipped", "accept"): ("delivered", "buyer"),
    ("shipped", "report"): ("faulty", "buyer"),
    ("received", "accept"): ("delivered", "buyer"),
    ("received", "report"): ("faulty", "buyer"),
    ("delivered", "report"): ("faulty", "buyer"),
    ("faulty", "repair"): ("repairing", "fabricator"),
    ("faulty", "replace"): ("replacing", "fabricator"),
    ("faulty", "refund"): ("refunding", "fabricator"),
    ("faulty", "refuse"): ("refused", "fabricator"),
    ("repairing", "ship"): ("shipped", "fabricator"),
    ("repairing", "settle"): ("delivered", "buyer"),
    ("replacing", "settle"): ("replaced", "buyer"),
    ("refunding", "settle"): ("refunded", "buyer"),
    ("refused", "settle"): ("delivered", "buyer"),
}
for _state in ("repairing", "replacing", "refunding", "refused"):
    UNIT_STEPS[_state, "disagree"] = ("faulty", "buyer")
WORDS_NEEDED = {
    "report": "Say what is wrong with it.",
    "refuse": "Say why, to the one who has it.",
    "disagree": "Say what is still open.",
}
PASSING = ("made", "assembled", "tested")
STATE_WORDS = {
    "planned": "Planned",
    "made": "Made",
    "assembled": "Assembled",
    "tested": "Tested",
    "scrap": "Scrap",
    "shipped": "Shipped",
    "received": "Received",
    "delivered": "Accepted",
    "faulty": "Faulty",
    "repairing": "To be repaired",
    "replacing": "To be replaced",
    "refunding": "To be refunded",
    "refused": "Fault refused",
    "replaced": "Replaced",
    "refunded": "Refunded",
}
ACTION_WORDS = {
    "number": "Numbered",
    "pass": "Passed",
    "take back": "Taken back",
    "scrap": "Scrapped",
    "restore": "No scrap after all",
    "rework": "Done again",
    "ship": "Shipped",
    "receive": "Received",
    "accept": "Accepted",
    "report": "Reported faulty",
    "repair": "Answer: it is repaired",
    "replace": "Answer: it is replaced",
    "refund": "Answer: it is refunded",
    "refuse": "Answer: refused",
    "settle": "Settled",
    "disagree": "The answer was not accepted",
}
# A unit in these counts towards what its reservation was promised; one that is replaced makes room for another.
HELD = ("shipped", "received", "delivered", "faulty", "repairing", "refused", "refunding", "refunded")
_PATTERN = re.compile(r"[A-Za-z0-9._-]*(?:\{year\}[A-Za-z0-9._-]*)?\{number(?::0[1-6])?\}")
SERIAL_CHARS = 40
UNITS_MAX = 20_000


def check_pattern(pattern: str) -> str:
    """How serials are written, such as BK1-{year}-{number:04}. Raises: Invalid."""
    plain = pattern.strip()
    if not _PATTERN.fullmatch(plain) or len(serial(plain, 9999, UNITS_MAX)) > SERIAL_CHARS:
        raise Invalid(
            f"Serial numbers can't be written as {plain[:60] or 'nothing'}.",
            "Use letters, digits, dots and hyphens, then {year} if you like, and {number} or {number:04} at the end.",
            field="pattern",
        )
    return plain


def serial(pattern: str, year: int, number: int) -> str:
    """The serial of a number; only `check_pattern`'s patterns come here."""
    return pattern.replace("{year}", str(year)).format(number=number)


def default_pattern(slug: str, batch: int) -> str:
    """A short mark of the design and the batch: brick-one, batch 7 -> BO7-{year}-{number:04}."""
    words = [word for word in re.split(r"[^a-z0-9]+", slug.lower()) if word]
    mark = "".join(word[0] for word in words[:3]) if len(words) > 1 else (words[0][:2] if words else "b")
    return f"{mark.upper()}{batch}-{{year}}-{{number:04}}"


@dataclass(frozen=True, slots=True)
class Standing:
    """A unit as the rules see it."""

    id: int
    serial: str
    state: str
    passed: str


def after(state: str, action: str, actor: str, serial_number: str, words: str) -> str:
    """The state after an action on a delivered or leaving unit. Raises: Conflict, Invalid."""
    became, who = UNIT_STEPS.get((state, action), ("", ""))
    if not became or who != actor:
        name = STATE_WORDS.get(state, state).lower()
        possible = sorted(act for (was, act), (_, by) in UNIT_STEPS.items() if was == state and by == actor)
        remedy = f"What can be done now: {', '.join(possible)}." if possible else "Nothing is to be done with it now."
        raise Conflict(f"{serial_number} is {name}: '{action}' can't follow on that.", remedy)
    if action in WORDS_NEEDED and not words.strip():
        raise Invalid(f"Words are missing on {serial_number}.", WORDS_NEEDED[action], field="words")
    return became


def before(stage: str) -> str:
    """The stage that a unit has passed before this one; '' before the first."""
    place = PASSING.index(stage)
    return PASSING[place - 1] if place else ""


def _named(
    units: Sequence[Standing], serials: Sequence[str], stage: str, fitting: Sequence[Standing]
) -> list[Standing]:
    """The units of these serials. Raises: Conflict, Invalid."""
    by_serial = {unit.serial: unit for unit in units}
    fits = {unit.serial for unit in fitting}
    if len(set(serials)) < len(serials):
        raise Invalid("A serial number is named twice.", "Name each once.", field="serials")
    for name in serials:
        if name not in by_serial:
            raise Invalid(f"There is no unit {name[:60]} here.", "Look at the list of its units.", field="serials")
        if name not in fits:
            unit = by_serial[name]
            raise Conflict(
                f"{name} is {STATE_WORDS[unit.state].lower()}: that can't be counted at "
                f"'{STAGE_WORDS[stage].lower()}'.",
                "Leave it out, or count the stage before it first.",
                field="serials",
            )
    return [by_serial[name] for name in serials]


def _first(fitting: Sequence[Standing], number: int, stage: str) -> list[Standing]:
    if len(fitting) < number:
        raise Conflict(
            f"{number} units are counted, but only {len(fitting)} with a serial number can be "
            f"'{STAGE_WORDS[stage].lower()}' now.",
            "Number more units, or count fewer.",
            field="good",
        )
    return list(fitting[:number])


def passes(units: Sequence[Standing], stage: str, number: int, serials: Sequence[str] = ()) -> list[Standing]:
    """Which units pass a stage when `number` are counted good: those that are named, else the first that wait there."""
    waiting = [unit for unit in units if unit.state != "scrap" and unit.passed == before(stage)]
    return _named(units, serials, stage, waiting) if serials else _first(waiting, number, stage)


def takes_back(units: Sequence[Standing], stage: str, number: int, serials: Sequence[str] = ()) -> list[Standing]:
    """Which units go back before a stage: those that are named, else the last ones that have gone no further."""
    there = [unit for unit in units if unit.state == stage and unit.passed == stage]
    return _named(units, serials, stage, there) if serials else _first(there[::-1], number, stage)


def scraps(units: Sequence[Standing], stage: str, serials: Sequence[str]) -> list[Standing]:
    """Which units are scrap: named, for a number that is guessed would lie. Raises: Invalid."""
    if not serials:
        raise Invalid(
            "The units of this batch have serial numbers, and none is named as scrap.",
            "Say which: tick them in the list of units.",
            field="serials",
        )
    fitting = [unit for unit in units if unit.state in ("planned", *PASSING)]
    return _named(units, serials, stage, fitting)


def restores(units: Sequence[Standing], stage: str, serials: Sequence[str]) -> list[Standing]:
    """Which units are no scrap after all: those that are named. Raises: Invalid, Conflict."""
    if not serials:
        raise Invalid(
            "Scrap is taken back without a serial number.", "Say which unit is good after all.", field="serials"
        )
    return _named(units, serials, stage, [unit for unit in units if unit.state == "scrap"])


def sees(side: str, batch_is_public: bool) -> tuple[bool, bool]:
    """(whether the facts of a unit are shown, whether its notes and the words about faults are) to a side.

    Sides: buyer (who was sent it), fabricator (anyone of its makers), "" for everybody else.
    """
    return batch_is_public or side != "", side != ""


def states(units: Sequence[str]) -> dict[str, int]:
    """state -> how many, in the order in which units go through them."""
    return {state: units.count(state) for state in STATE_WORDS if state in units}
