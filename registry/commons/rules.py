"""What may happen to a proposal, and when: pure decisions. Consent, not majority: one reasoned objection stops it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from registry.errors import Conflict, Invalid
from registry.ledger.money import plain

Actor = Literal["proposer", "checker", "registry"]

# Things for the design, never pay: money for single contributions crowds out giving.
KINDS = {
    "prototype": "Prototypes and test pieces",
    "certification": "Certification and laboratory tests",
    "tools": "Tools and measuring equipment",
}
# (state, action) -> (state after it, who may). Nothing else happens to a proposal, so nothing can be jumped.
STEPS: dict[tuple[str, str], tuple[str, Actor]] = {
    ("open", "agree"): ("agreed", "registry"),
    ("open", "lapse"): ("lapsed", "registry"),
    ("open", "withdraw"): ("withdrawn", "proposer"),
    ("agreed", "withdraw"): ("withdrawn", "proposer"),
    ("agreed", "lapse"): ("lapsed", "registry"),
    ("agreed", "prove"): ("proven", "proposer"),
    ("proven", "doubt"): ("agreed", "checker"),
    ("proven", "pay"): ("paid", "checker"),
}
STATE_WORDS = {
    "open": "Waits for consent",
    "agreed": "Agreed, waits for proof",
    "proven": "Proof handed in",
    "paid": "Paid",
    "withdrawn": "Withdrawn",
    "lapsed": "Lapsed",
}
HOLDING = ("open", "agreed", "proven")
LETS_GO = ("withdrawn", "lapsed")
PERIOD_DAYS = (7, 60)
AFTER_ANSWER_DAYS = 3  # whoever objected has so long to say that the answer does not meet it
OPEN_DAYS_MAX = 120
PROOF_DAYS_MAX = 365

INCOME = {
    "units": "Units sold",
    "gifts": "Gifts",
    "forgiven": "Forgiven loans",
    "other": "Other",
}


def step(state: str, action: str, actor: Actor) -> str:
    """The state after an action. Raises: Conflict if it can't follow, or is not this actor's."""
    after, who = STEPS.get((state, action), ("", ""))
    if not after or who != actor:
        possible = [name for (was, name), (_, by) in STEPS.items() if was == state and by == actor]
        remedy = f"What can be done now: {', '.join(possible)}." if possible else "There is nothing for you to do now."
        raise Conflict(f"This proposal is {state}: '{action}' can't follow on that.", remedy)
    return after


@dataclass(frozen=True, slots=True)
class Voice:
    """What somebody said. `objection` is the voice that an answer or a withdrawal speaks of."""

    id: int
    who: int
    stance: str
    at: dt.datetime
    objection: int | None = None


def open_objections(voices: Sequence[Voice]) -> list[int]:
    """The objections that are neither answered nor withdrawn."""
    closed = {voice.objection for voice in voices}
    return [voice.id for voice in voices if voice.stance == "object" and voice.id not in closed]


def consents(voices: Sequence[Voice], proposer: int) -> set[int]:
    """Who, beside the proposer, consents now: their last word of consent or objection counts."""
    last: dict[int, str] = {}
    for voice in voices:
        if voice.stance in ("consent", "object"):
            last[voice.who] = voice.stance
    return {who for who, stance in last.items() if stance == "consent" and who != proposer}


def ends_at(ends: dt.datetime, voices: Sequence[Voice]) -> dt.datetime:
    """When the period ends: after an answer there are some days left for whoever objected."""
    answered = [voice.at + dt.timedelta(days=AFTER_ANSWER_DAYS) for voice in voices if voice.stance == "answer"]
    return max([ends, *answered])


def judge_voice(
    state: str, stance: str, who: int, proposer: int, objection: Voice | None, voices: Sequence[Voice]
) -> None:
    """Raises: Conflict or Invalid with the reason why this can't be said now."""
    if state != "open":
        raise Conflict(f"This proposal is {state}: it is decided.", "Look at its history.")
    if stance in ("answer", "withdraw"):
        if objection is None or objection.id not in open_objections(voices):
            raise Conflict("There is no such objection, or it is answered or withdrawn already.", "Look again.")
        if stance == "withdraw" and objection.who != who:
            raise Conflict("Only who objected withdraws it.", "Answer it instead.")
        if stance == "answer" and objection.who == who:
            raise Conflict("Nobody answers their own objection.", "Withdraw it, if it is met.")
        return
    if stance == "consent" and any(one.id in open_objections(voices) for one in voices if one.who == who):
        raise Conflict("You have objected.", "Withdraw your objection first.")
    if stance == "object" and who == proposer:
        raise Conflict("It is your own proposal.", "Withdraw it instead.")
    if stance == "consent" and (who == proposer or who in consents(voices, proposer)):
        raise Conflict("You consent already.", "There is nothing more to say.")


def _people(number: int) -> str:
    return "one person consents" if number == 1 else f"{number} people consent"


def decide(
    state: str, opened_at: dt.datetime, ends: dt.datetime, changed_at: dt.datetime, proposer: int,
    voices: Sequence[Voice], now: dt.datetime,
) -> tuple[str, str]:  # fmt: skip
    """(what the calendar asks for: 'agree', 'lapse' or '', and why).

    Agreed: the period is over, no objection is open, and somebody beside the proposer consents.
    """
    if state == "agreed" and now >= changed_at + dt.timedelta(days=PROOF_DAYS_MAX):
        return "lapse", f"No proof came within {PROOF_DAYS_MAX} days."
    if state != "open":
        return "", ""
    objections, others = open_objections(voices), consents(voices, proposer)
    if not objections and others and now >= ends_at(ends, voices):
        return "agree", f"The period is over, no objection is open; beside the proposer {_people(len(others))}."
    if now >= opened_at + dt.timedelta(days=OPEN_DAYS_MAX):
        return "lapse", "An objection stayed open." if objections else "Nobody beside the proposer consented."
    return "", ""


def source_of(giver_kind: str, giver_role: str, key: str) -> str:
    """Where a fund's income comes from: what its key says, else what the account that gave is for."""
    told = key.split("-")[1] if key.startswith("fund-") and key.count("-") > 1 else ""
    if told in INCOME:
        return told
    if giver_kind == "person":
        return "forgiven" if giver_role.startswith("loan-") else "gifts"
    if giver_kind in ("fabricator", "external", "campaign"):
        return "units"
    return "other"


def check_share(share_bp: int, share_bp_max: int) -> None:
    """Raises: Invalid if the designers' cut is above what the bank's policy lets them take."""
    if not 0 <= share_bp <= share_bp_max:
        raise Invalid(
            f"{share_bp / 100:g} % is more than the {share_bp_max / 100:g} % that this registry allows.",
            "Choose a smaller share.", field="share",
        )  # fmt: skip


def not_there(
    currency: str, exponent: int, spent_minor: int, there_minor: int, elsewhere: Mapping[int, int]
) -> tuple[str, str]:  # fmt: skip
    """Why nothing can have been paid from a fund's account that lies elsewhere, and what to do first.

    `elsewhere` is campaign -> what of the fund lies in its account. Returns: sentence and remedy.
    """

    def said(minor: int) -> str:
        return f"{plain(minor, exponent)} {currency}"

    what = f"The fund's own account holds {said(max(there_minor, 0))}, and {said(spent_minor)} was spent."
    lies = [f"{said(minor)} lies in the account of campaign {number}" for number, minor in elsewhere.items()]
    if not lies:
        return what, "Book what came to the fund's account first."
    return f"{what} {'; '.join(lies)}.", "Have that paid over to the fund's account first: a treasurer proposes it."
