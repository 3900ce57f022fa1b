"""The book against a plain model of it: whatever is done in whatever order, both say the same.

BRICKYARD_LEDGER_EXAMPLES and BRICKYARD_LEDGER_STEPS make a longer run (default: 200 of 50, on PostgreSQL 15 of 50).
"""

from __future__ import annotations

import datetime as dt
import os
import time
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from ledger_support import account

from registry.errors import Conflict, Invalid, RegistryError
from registry.ledger import book, checking, queries
from registry.ledger.schemas import Entry, Transfer
from registry.stores.clock import database_now
from registry.stores.stores import Stores

ROLES = ("bank", "safe", "credit", "other")
AMOUNTS = st.integers(1, 120) | st.sampled_from([1, 60, 100])
_examples = count()
_CHECK_EVERY = 40


@dataclass
class Plain:
    """An account as simply as it can be said."""

    balance: int = 0
    out: int = 0
    coming: int = 0
    lowest: int | None = None
    highest: int | None = None

    def fits(self) -> bool:
        return (self.lowest is None or self.balance - self.out >= self.lowest) and (
            self.highest is None or self.balance + self.coming <= self.highest
        )


@dataclass
class Model:
    accounts: dict[str, Plain] = field(default_factory=dict)
    held: dict[int, tuple[str, str, int]] = field(default_factory=dict)

    def move(self, debit: str, credit: str, amount: int) -> None:
        self.accounts[debit].balance -= amount
        self.accounts[credit].balance += amount

    def hold(self, debit: str, credit: str, amount: int) -> None:
        self.accounts[debit].out += amount
        self.accounts[credit].coming += amount

    def fits(self, *names: str) -> bool:
        return all(self.accounts[name].fits() for name in names)

    def end(self, seq: int) -> tuple[str, str, int]:
        debit, credit, amount = self.held.pop(seq)
        self.hold(debit, credit, -amount)
        return debit, credit, amount


class Book(RuleBasedStateMachine):
    stores: Stores

    posted: Bundle[tuple[Transfer, Entry]] = Bundle("posted")
    pending: Bundle[tuple[int, int]] = Bundle("pending")
    ended: Bundle[tuple[int, int]] = Bundle("ended")

    def __init__(self) -> None:
        super().__init__()
        self.example = next(_examples)
        self.model = Model()
        self.keys = count()
        self.back: set[int] = set()
        self.waits = 1

    def name(self, role: str) -> str:
        return f"campaign/e{self.example}/{role}"

    @initialize(lowest=st.integers(-150, 0), highest=st.integers(0, 150), waits=st.integers(0, 7))
    def open(self, lowest: int, highest: int, waits: int) -> None:
        self.waits = waits  # waiting for time to run out takes time: in one of eight
        limits: dict[str, tuple[int | None, int | None]] = {
            "bank": (None, None), "safe": (0, None), "credit": (lowest, highest), "other": (-500, 500),
        }  # fmt: skip
        with self.stores.db.transaction() as session:
            for role, (low, high) in limits.items():
                book.open_account(session, account(self.name(role)), lowest_minor=low, highest_minor=high)
                self.model.accounts[role] = Plain(lowest=low, highest=high)

    def wish(self, debit: str, credit: str, amount: int, **more: Any) -> Transfer:
        return Transfer(
            debit=account(self.name(debit)), credit=account(self.name(credit)), amount_minor=amount,
            key=f"e{self.example}-{next(self.keys)}", purpose="Test", **more,
        )  # fmt: skip

    def does(self, act: Any, may: bool) -> Any:
        """Do it; it has to succeed exactly if the model says that it may."""
        try:
            with self.stores.db.transaction() as session:
                done = act(session)
        except (Conflict, Invalid):
            assert not may, "the model allows what the book refused"
            return None
        assert may, "the book did what the model refuses"
        return done

    @rule(target=posted, debit=st.sampled_from(ROLES), credit=st.sampled_from(ROLES), amount=AMOUNTS)
    def post(self, debit: str, credit: str, amount: int) -> Any:
        wish = self.wish(debit, credit, amount)
        self.model.move(debit, credit, amount)
        may = debit != credit and self.model.fits(debit, credit)
        if not may:
            self.model.move(credit, debit, amount)
        done = self.does(lambda session: book.post(session, wish), may)
        return (wish, done) if done else multiple()

    @rule(parts=st.lists(st.tuples(st.permutations(ROLES), AMOUNTS), min_size=2, max_size=4))
    def post_together(self, parts: list[tuple[list[str], int]]) -> None:
        wishes = [self.wish(roles[0], roles[1], amount) for roles, amount in parts]
        may = True
        moved = []
        for roles, amount in parts:
            self.model.move(roles[0], roles[1], amount)
            moved.append((roles[1], roles[0], amount))
            may = may and self.model.fits(roles[0], roles[1])
        if not may:
            for back in moved:
                self.model.move(*back)
        done = self.does(lambda session: book.post_all(session, wishes), may)
        assert not done or len({entry.entry_seq for entry in done}) == 1

    @rule(target=pending, roles=st.permutations(ROLES), amount=AMOUNTS)
    def hold(self, roles: list[str], amount: int) -> Any:
        debit, credit = roles[:2]
        wish = self.wish(debit, credit, amount, pending=True)
        self.model.hold(debit, credit, amount)
        may = self.model.fits(debit, credit)
        if not may:
            self.model.hold(debit, credit, -amount)
        done = self.does(lambda session: book.post(session, wish), may)
        if not done:
            return multiple()
        self.model.held[done.seq] = (debit, credit, amount)
        return (done.seq, amount)

    @precondition(lambda self: self.waits == 0)
    @rule(roles=st.permutations(ROLES), amount=AMOUNTS)
    def hold_until_time_runs_out(self, roles: list[str], amount: int) -> None:
        debit, credit = roles[:2]
        self.model.hold(debit, credit, amount)
        may = self.model.fits(debit, credit)
        self.model.hold(debit, credit, -amount)

        def act(session: Any) -> Entry:
            for milliseconds in (5, 50, 500, 5_000):  # a busy machine may take longer than it wants to hold
                soon = database_now(session) + dt.timedelta(milliseconds=milliseconds)
                try:
                    return book.post(session, self.wish(debit, credit, amount, pending=True, expires_at=soon))
                except Invalid as fault:
                    if fault.field != "expires_at":
                        raise
            raise AssertionError("the book refuses to hold anything for five seconds")

        done = self.does(act, may)
        if done:
            time.sleep(max(0.0, (done.expires_at - dt.datetime.now(dt.UTC)).total_seconds()) + 0.002)
            with self.stores.db.transaction() as session:
                book.expire_due(session)
            with self.stores.db.reading() as session:
                end = queries.end_of(session, done.seq)
            assert end is not None and end.kind == "expired"

    @rule(target=ended, held=consumes(pending), share=st.integers(1, 130))
    def settle(self, held: tuple[int, int], share: int) -> Any:
        seq, amount = held
        part = max(1, amount * share // 100)
        key = f"e{self.example}-{next(self.keys)}"
        if part <= amount:
            debit, credit, _ = self.model.end(seq)
            self.model.move(debit, credit, part)
        self.does(lambda session: book.settle(session, seq, key=key, purpose="Paid", amount_minor=part), part <= amount)
        if part > amount:
            self.model.end(seq)
            self.does(lambda session: book.void(session, seq, key=f"{key}-v", purpose="Let go"), True)
        return held

    @rule(target=ended, held=consumes(pending))
    def void(self, held: tuple[int, int]) -> Any:
        self.model.end(held[0])
        key = f"e{self.example}-{next(self.keys)}"
        self.does(lambda session: book.void(session, held[0], key=key, purpose="Let go"), True)
        return held

    @rule(held=ended, settles=st.booleans())
    def end_again(self, held: tuple[int, int], settles: bool) -> None:
        act = book.settle if settles else book.void
        key = f"e{self.example}-{next(self.keys)}"
        self.does(lambda session: act(session, held[0], key=key, purpose="Again"), False)

    @rule(done=posted)
    def post_again(self, done: tuple[Transfer, Entry]) -> None:
        assert self.does(lambda session: book.post(session, done[0]), True) == done[1]

    @rule(done=posted, change=st.sampled_from(["amount_minor", "purpose", "pending", "debit"]))
    def post_something_else_with_the_key(self, done: tuple[Transfer, Entry], change: str) -> None:
        wish = done[0]
        other = {
            "amount_minor": wish.amount_minor + 1, "purpose": "Other", "pending": True,
            "debit": next(account(self.name(role)) for role in ROLES
                          if account(self.name(role)) not in (wish.debit, wish.credit)),
        }  # fmt: skip
        self.does(lambda session: book.post(session, wish.model_copy(update={change: other[change]})), False)

    @rule(done=posted)
    def reverse(self, done: tuple[Transfer, Entry]) -> None:
        seq = done[1].seq
        debit, credit = done[1].debit.role, done[1].credit.role
        self.model.move(credit, debit, done[1].amount_minor)
        may = seq not in self.back and self.model.fits(debit, credit)
        if may:
            self.back.add(seq)
        else:
            self.model.move(debit, credit, done[1].amount_minor)
        key = f"e{self.example}-{next(self.keys)}"
        self.does(lambda session: book.reverse(session, seq, key=key, purpose="Mistake"), may)

    @rule(lowest=st.none() | st.integers(-200, 10), highest=st.none() | st.integers(-10, 200))
    def other_limits(self, lowest: int | None, highest: int | None) -> None:
        plain = self.model.accounts["credit"]
        was = plain.lowest, plain.highest
        plain.lowest, plain.highest = lowest, highest
        may = (lowest or 0) <= 0 <= (highest or 0) and plain.fits()
        if not may:
            plain.lowest, plain.highest = was
        name = account(self.name("credit"))
        limits = {"lowest_minor": lowest, "highest_minor": highest, "why": "Policy", "by_id": None}
        self.does(lambda session: book.set_limits(session, name, **limits) or True, may)

    @invariant()
    def both_say_the_same(self) -> None:
        if not self.model.accounts:
            return
        with self.stores.db.reading() as session:
            kept = queries.balances(session, owner_id=f"e{self.example}")
        said = {
            each.account.role: Plain(each.balance_minor, each.pending_debits_minor, each.pending_credits_minor,
                                     each.lowest_minor, each.highest_minor)
            for each in kept
        }  # fmt: skip
        assert said == self.model.accounts
        assert sum(each.balance for each in said.values()) == 0

    def teardown(self) -> None:
        if self.example % _CHECK_EVERY == 0:
            with self.stores.db.reading() as session:
                report = checking.check(session)
            assert report.ok, report.faults


def test_the_book_against_a_plain_model(stores: Stores) -> None:
    examples = int(os.environ.get("BRICKYARD_LEDGER_EXAMPLES", "200" if stores.db.on_sqlite else "15"))
    machine = type("BookHere", (Book,), {"stores": stores})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=int(os.environ.get("BRICKYARD_LEDGER_STEPS", "50")),
            deadline=None, suppress_health_check=list(HealthCheck), database=None,
        ),
    )  # fmt: skip
    with stores.db.reading() as session:
        report = checking.check(session)
    assert report.ok, report.faults
    assert report.transfers > examples, "most of what was tried was booked"


def test_a_book_that_forgets_limits_would_be_caught(sqlite_stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model is no mirror: a fault put into the book's rules is found by it."""
    from registry.ledger import pen

    def generous(totals: Any, kind: str, amount: int, released: int) -> Any:
        return received(totals, kind, amount + (amount == 60), released)

    received = pen.received
    monkeypatch.setattr(pen, "received", generous)
    machine = type("BookHere", (Book,), {"stores": sqlite_stores})
    with pytest.raises((AssertionError, RegistryError)):
        run_state_machine_as_test(
            machine,
            settings=settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck), database=None,
                              phases=settings.default.phases[1:3], print_blob=False),
        )  # fmt: skip
