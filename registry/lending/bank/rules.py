"""Which bookings of a statement are new, and what a booking is for: pure decisions."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from registry.errors import Invalid
from registry.lending.bank.schemas import FORM_WORDS, BankLine, BankStatement
from registry.lending.bank.values import told
from registry.lending.paying import find_references, spaced

STATES = ("imported", "matched", "no match", "invalid", "already", "discarded")
QUEUE = ("no match", "invalid", "already")  # what a treasurer decides
CARRIED = "carried"  # the key of what lay in the account before the first statement

# Source: ISO 20022 external code sets, ExternalReturnReason1Code.
RETURN_WORDS = {
    "AC01": "the account number is wrong", "AC04": "the account is closed", "AC06": "the account is blocked",
    "AG01": "transfers to this account are not allowed", "AM05": "it was paid twice",
    "BE04": "the payee's address is missing", "MD07": "the payee has died", "MS02": "the payee's wish",
    "MS03": "the bank gives no reason", "RC01": "the bank's code is wrong", "RR04": "a rule of the authorities",
    "FOCR": "the payer has called it back", "CUST": "the payer has called it back", "DUPL": "it was paid twice",
    "TECH": "a technical fault", "FRAD": "a fraud was reported", "RETURN": "returned",
    "REVERSAL": "the bank has reversed a booking",
}  # fmt: skip


# --- which bookings are new


def key_of(line: BankLine, account: str) -> str:
    """What tells a booking from others: the bank's reference, or else all that it says.

    A reference alone is not enough: some banks give one to all parts of a day's payments.
    """
    said: list[str]
    if line.bank_reference:
        said = ["reference", line.bank_reference, line.end_to_end]
    else:
        said = ["content", line.valued_on.isoformat(), line.name, line.iban, line.text, line.structured,
                line.end_to_end]  # fmt: skip
    whole = json.dumps([account, line.booked_on.isoformat(), line.amount_minor, *said], ensure_ascii=True)
    return hashlib.sha256(whole.encode("ascii")).hexdigest()


@dataclass(frozen=True, slots=True)
class Seen:
    """A booking that is here already: its key and amount."""

    key: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Period:
    """A statement that is here already."""

    form: str
    since: dt.date
    until: dt.date
    closing_minor: int


@dataclass(slots=True)
class Known:
    """What earlier statements of the account have brought, in the order of its coming."""

    entries: list[Seen] = field(default_factory=list)
    periods: list[Period] = field(default_factory=list)
    carried_on: dt.date | None = None

    @property
    def balance_minor(self) -> int:
        """What all of them come to: what should lie in the account."""
        return sum(each.amount_minor for each in self.entries)

    @property
    def last(self) -> Period | None:
        """The statement that reaches furthest; of several, the one that came last."""
        return max(reversed(self.periods), key=lambda each: each.until, default=None)


@dataclass(frozen=True, slots=True)
class New:
    """A booking to be added; `occurrence` counts those that say the same."""

    line: BankLine
    key: str
    occurrence: int


@dataclass(frozen=True, slots=True)
class Part:
    """What a statement would add. `gap`: what the bank's balance and all bookings differ by is told in `findings`.

    Without `tells` it says nothing that is not here.
    """

    statement: BankStatement
    new: list[New]
    known: int
    findings: list[str]
    gap: bool = False
    tells: bool = True


def plan(statements: Sequence[BankStatement], known: Known, account: str) -> list[Part]:
    """What each of a file's statements adds to what is known; `known` is not changed. Raises: Invalid."""
    now = Known(list(known.entries), list(known.periods), known.carried_on)
    parts = []
    for statement in statements:
        part = _plan_one(statement, now, account)
        now.entries += [Seen(each.key, each.line.amount_minor) for each in part.new]
        if part.tells:
            now.periods.append(Period(statement.form, statement.since, statement.until, statement.closing_minor))
        if any(each.key == CARRIED for each in part.new):
            now.carried_on = statement.since
        parts.append(part)
    return parts


def _plan_one(statement: BankStatement, known: Known, account: str) -> Part:
    _refuse_other_forms(statement, known)
    findings = list(statement.findings)
    keyed = [(key_of(line, account), line) for line in statement.lines]
    first: list[New] = []
    if not known.periods and statement.opening_minor:
        line = BankLine(booked_on=statement.since, valued_on=statement.since, amount_minor=statement.opening_minor,
                        text="Balance carried forward")  # fmt: skip
        first = [New(line, CARRIED, 1)]
        findings.append(f"{told(statement.opening_minor, statement.currency)} lay in the account before the first "
                        "statement: the queue asks what it is.")  # fmt: skip
    last = known.last
    newest = last is None or statement.until >= last.until
    target = last.closing_minor if last is not None and not newest else statement.closing_minor
    before = known.balance_minor + sum(each.line.amount_minor for each in first)
    new = _beyond(keyed, known)
    fits = before + sum(each.line.amount_minor for each in new) == target
    # While a statement is missing, no place among the bookings can be told by a balance.
    if not fits and newest and last is not None and last.closing_minor == known.balance_minor:
        aligned = _aligned(keyed, known, statement.opening_minor)
        # What follows on all that is here is not older than it.
        if aligned is not None and all(each.line.booked_on >= last.until for each in aligned):
            new, fits = aligned, True
    if known.carried_on and any(each.line.booked_on < known.carried_on for each in new):
        raise Invalid(
            f"The statement goes back beyond {known.carried_on}, where the first one that was imported began.",
            "What was booked before that day is in the balance carried forward.", field="file",
        )  # fmt: skip
    if not fits and (new or newest):
        after = before + sum(each.line.amount_minor for each in new)
        findings.append(
            f"There is a gap: with this statement, all bookings come to {told(after, statement.currency)}, and the "
            f"bank says {told(target, statement.currency)}. Statements of other days are missing."
        )
    old = len(keyed) - len(new)
    if old and new:
        findings.append(f"It overlaps what is here: {old} of its bookings are known and not taken again.")
    tells = bool(first or new) or last is None or statement.until > last.until
    return Part(statement, first + new, old, findings, gap=not fits and tells, tells=tells)


def _beyond(keyed: Sequence[tuple[str, BankLine]], known: Known) -> list[New]:
    """What the statement holds more of than is known, booking by booking that says the same."""
    have = Counter(each.key for each in known.entries)
    met: Counter[str] = Counter()
    new = []
    for key, line in keyed:
        met[key] += 1
        if met[key] > have[key]:
            new.append(New(line, key, met[key]))
    return new


def _aligned(keyed: Sequence[tuple[str, BankLine]], known: Known, opening_minor: int) -> list[New] | None:
    """What follows the place where the statement begins among the known bookings: its opening balance tells it.

    Two equal payments on one day, in two statements of that day, are told apart by this alone.
    """
    have = Counter(each.key for each in known.entries)
    balance = known.balance_minor
    for at in range(len(known.entries), -1, -1):
        rest = known.entries[at:]
        if balance == opening_minor and len(rest) <= len(keyed) and all(
            each.key == key for each, (key, _) in zip(rest, keyed, strict=False)
        ):  # fmt: skip
            new = []
            for key, line in keyed[len(rest) :]:
                have[key] += 1
                new.append(New(line, key, have[key]))
            return new
        if at:
            balance -= known.entries[at - 1].amount_minor
    return None


def _refuse_other_forms(statement: BankStatement, known: Known) -> None:
    for each in known.periods:
        if each.form != statement.form and any(each.since <= line.booked_on <= each.until for line in statement.lines):
            raise Invalid(
                f"The days from {each.since} to {each.until} were imported as {FORM_WORDS[each.form]} already: "
                f"as {FORM_WORDS[statement.form]} the same bookings would look like others.",
                f"Take a {FORM_WORDS[each.form]} file for those days, or one that begins later.", field="file",
            )  # fmt: skip


# --- what a booking is for


@dataclass(frozen=True, slots=True)
class Expected:
    """A pledge that a code names. `pay_by`: the last day on which it may be paid."""

    pledge_id: int
    campaign_id: int
    reference: str
    state: str
    amount_minor: int
    pay_by: dt.date


@dataclass(frozen=True, slots=True)
class Ordered:
    """A payment of ours that a booking names by its end-to-end reference."""

    order_id: int
    end_to_end: str
    state: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a booking, and why."""

    state: str
    reasons: tuple[str, ...] = ()
    pledge_id: int | None = None
    order_id: int | None = None
    alarm: bool = False  # money has left that was not to leave so: treasurers are told at once


def codes_in(structured: str, text: str) -> list[str]:
    """References that a booking names: those in a field of their own first; O and 0 are one where the check digits
    prove it."""
    for said in (structured, text):
        found = find_references(said)
        found += [each for each in find_references(said.upper().replace("O", "0")) if each not in found]
        if found:
            return found
    return []


def judge(
    line: BankLine, campaign_id: int, currency: str, is_open: bool, pledges: Sequence[Expected],
    codes: Sequence[str], order: Ordered | None,
) -> Verdict:  # fmt: skip
    """What a booking is for. Only an exact payment of an open pledge, or of a payment of ours, goes by itself."""
    back = f": {RETURN_WORDS.get(line.return_code, line.return_code)}" if line.return_code else ""
    if line.amount_minor < 0:
        return _judge_out(line, currency, order, back)
    if order is not None and (line.return_code or not pledges):
        words = f"The bank has returned payment {order.end_to_end}{back or '.'}"
        reasons = [words if words.endswith(".") else words + "."]
        if order.state not in ("paid", "filed"):
            reasons.append(f"That payment is {order.state}.")
        if order.amount_minor != line.amount_minor:
            reasons.append(f"It was {told(order.amount_minor, currency)}.")
        return Verdict("invalid", tuple(reasons), order_id=order.order_id)
    if line.return_code:
        return Verdict("invalid", (f"The bank has booked this back{back}.", "No payment of ours is named."))
    if not pledges:
        named = f"The code {spaced(codes[0])} is of no pledge." if codes else "No code of a pledge stands in it."
        return Verdict("no match", (named,))
    if len(pledges) > 1:
        several = " and ".join(spaced(each.reference) for each in pledges)
        return Verdict("invalid", (f"It names several pledges: {several}.",))
    return _judge_pledge(line, campaign_id, currency, is_open, pledges[0])


def _judge_pledge(line: BankLine, campaign_id: int, currency: str, is_open: bool, pledge: Expected) -> Verdict:
    if pledge.campaign_id != campaign_id:
        return Verdict("invalid", (f"Its code is of a pledge to campaign {pledge.campaign_id}.",))
    if pledge.state == "paid":
        return Verdict("already", ("The pledge it names is paid already.",), pledge_id=pledge.pledge_id)
    reasons = []
    if pledge.state != "unpaid":
        how = {"lapsed": "has lapsed", "withdrawn": "was withdrawn", "released": "has ended with the campaign"}
        reasons.append(f"The pledge it names {how.get(pledge.state, f'is {pledge.state}')}.")
    elif not is_open:
        reasons.append("The campaign takes no payments now.")
    elif line.booked_on > pledge.pay_by:
        reasons.append(f"It came after {pledge.pay_by}, the last day for this pledge.")
    short = pledge.amount_minor - line.amount_minor
    if short:
        amount = told(abs(short), currency)
        reasons.append(f"The pledge is {told(pledge.amount_minor, currency)}: "
                       f"{amount} {'is missing' if short > 0 else 'too much'}.")  # fmt: skip
    if reasons:
        return Verdict("invalid", tuple(reasons), pledge_id=pledge.pledge_id)
    return Verdict("matched", pledge_id=pledge.pledge_id)


def _judge_out(line: BankLine, currency: str, order: Ordered | None, back: str) -> Verdict:
    if back:
        return Verdict("invalid", (f"The bank has taken a payment back{back}.",),
                       order_id=order.order_id if order else None)  # fmt: skip
    if order is None:
        return Verdict("no match", ("No payment of ours has this reference.",))
    reasons = []
    told_already = {
        "refused": "was refused here, and the bank has carried it out all the same.",
        "paid": "is paid already: it should not have left once more.",
    }
    if order.state != "filed":
        said = told_already.get(order.state, f"is {order.state}: it should not have left.")
        reasons.append(f"Payment {order.end_to_end} {said}")
    if order.amount_minor != -line.amount_minor:
        reasons.append(f"Payment {order.end_to_end} is {told(order.amount_minor, currency)}.")
    if reasons:
        return Verdict("invalid", tuple(reasons), order_id=order.order_id, alarm=True)
    return Verdict("matched", order_id=order.order_id)


def with_reason(verdict: Verdict, state: str, reason: str) -> Verdict:
    """The verdict that another room has refused to follow."""
    return replace(verdict, state=state, reasons=(*verdict.reasons, reason))
