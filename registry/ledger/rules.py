"""What the book decides without looking anything up: sharing out, what a transfer does to balances, limits, hashes."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from registry.errors import Conflict, Invalid

K = TypeVar("K")
_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode
FIRST_HASH = "0" * 64
TOTAL_MINOR_MAX = 2**62  # SQLite would turn a larger sum into a float


@dataclass(frozen=True, slots=True)
class Totals:
    """What an account's transfers come to, and the limits of its balance. Units: the currency's smallest."""

    debits: int = 0
    credits: int = 0
    pending_debits: int = 0
    pending_credits: int = 0
    lowest: int | None = None
    highest: int | None = None

    @property
    def balance(self) -> int:
        """Credits less debits: what the account holds for its owner; below zero, what its owner owes."""
        return self.credits - self.debits

    @property
    def available(self) -> int | None:
        """What the account could give now; None if nothing limits it."""
        return None if self.lowest is None else self.balance - self.pending_debits - self.lowest

    @property
    def room(self) -> int | None:
        """What the account could receive now; None if nothing limits it."""
        return None if self.highest is None else self.highest - self.balance - self.pending_credits

    def within(self) -> bool:
        """Whether the balance keeps its limits, if all that is pending on either side came true."""
        return (self.available or 0) >= 0 and (self.room or 0) >= 0


def gave(was: Totals, kind: str, amount: int, released: int) -> Totals:
    """The debit account's totals after a transfer."""
    moved, held = (0, amount) if kind == "pending" else (amount, -released)
    return Totals(
        was.debits + moved, was.credits, was.pending_debits + held, was.pending_credits, was.lowest, was.highest
    )  # fmt: skip


def received(was: Totals, kind: str, amount: int, released: int) -> Totals:
    """The credit account's totals after a transfer."""
    moved, held = (0, amount) if kind == "pending" else (amount, -released)
    return Totals(
        was.debits, was.credits + moved, was.pending_debits, was.pending_credits + held, was.lowest, was.highest
    )  # fmt: skip


def check_limits(name: str, totals: Totals) -> None:
    """Raises: Conflict if an account's balance would leave its limits."""
    if (totals.available or 0) < 0:
        raise Conflict(
            f"{name} can't give that much: it is short of {-(totals.available or 0)} in the smallest unit.",
            "Take a smaller amount, or wait until money has come in.",
            field="amount",
        )
    if (totals.room or 0) < 0:
        raise Conflict(
            f"{name} can't receive that much: {-(totals.room or 0)} in the smallest unit is too much for it.",
            "Take a smaller amount.",
            field="amount",
        )
    if max(totals.debits + totals.pending_debits, totals.credits + totals.pending_credits) > TOTAL_MINOR_MAX:
        raise Conflict(f"{name} has turned over more than the book can count.", "Open another account.", field="amount")


# --- sharing out


def share_out(amount: int, outstanding: Mapping[K, int]) -> tuple[dict[K, int], int]:
    """An amount by what is outstanding to each, to the last unit: floor, then largest remainder (earlier ones first).

    Returns: everyone's share, and the excess when all have all that is theirs. Raises: Invalid for negative numbers.
    """
    if amount < 0 or any(due < 0 for due in outstanding.values()):
        raise Invalid("Less than nothing can't be shared out.", "Give amounts of zero or more.", field="amount")
    total = sum(outstanding.values())
    if amount >= total:
        return dict(outstanding), amount - total
    shares = {who: amount * due // total for who, due in outstanding.items()}
    left = amount - sum(shares.values())
    remainders = sorted(outstanding, key=lambda who: -(amount * outstanding[who] % total))  # stable: ties keep order
    for who in remainders[:left]:
        shares[who] += 1
    return shares, 0


def part_of(amount: int, basis_points: int) -> int:
    """So many ten-thousandths of an amount, rounded down: what is left over stays with whoever comes last.

    Raises: Invalid outside 0 to 10,000.
    """
    if amount < 0 or not 0 <= basis_points <= 10_000:
        raise Invalid(f"{basis_points} ten-thousandths are no share.", "Give 0 to 10,000.", field="share")
    return amount * basis_points // 10_000


def waterfall(amount: int, wants: Sequence[tuple[K, int | None]]) -> tuple[dict[K, int], int]:
    """An amount poured over steps in their order: each takes what it wants (None: all that is left).

    Returns: what each got, and the excess that nobody wanted. Raises: Invalid for negative numbers or a step twice.
    """
    if amount < 0 or any(want is not None and want < 0 for _, want in wants):
        raise Invalid("Less than nothing can't be shared out.", "Give amounts of zero or more.", field="amount")
    if len({name for name, _ in wants}) != len(wants):
        raise Invalid("A step of the waterfall comes twice.", "Name each once.", field="steps")
    got: dict[K, int] = {}
    for name, want in wants:
        got[name] = amount if want is None else min(amount, want)
        amount -= got[name]
    return got, amount


# --- the chain


def moment(at: dt.datetime | None) -> str | None:
    """A time as it goes into hashes: UTC, to the microsecond."""
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds") if at else None


def chained(before: str, *values: str | int | None) -> str:
    """The hash of a row after the hash before it."""
    return hashlib.sha256(_encode([before, *values]).encode("ascii")).hexdigest()
