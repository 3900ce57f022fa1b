"""A loan's life in any order of what may happen: nothing is lost, nobody gets more than was lent.

BRICKYARD_LEDGER_EXAMPLES and BRICKYARD_LEDGER_STEPS make a longer run (default: 8 of 20, on PostgreSQL 3 of 20).
"""

from __future__ import annotations

import datetime as dt
import os
from itertools import count

import pytest
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from lending_support import LENDERS, World, open_world
from loan_support import SETTLING, allow_reward, days_pass, due, figure, out, owed, repay, sound, state, treasurers
from sqlmodel import select

from registry.batches.tables import Batch
from registry.errors import Conflict
from registry.ledger import book
from registry.ledger.schemas import Transfer
from registry.lending import chart
from registry.lending import rules as lending
from registry.lending.campaigns.tables import LoanCampaign, LoanEvent, LoanTranche, Pledge
from registry.lending.loans import goods, payback, reward, sales, service, taking_back
from registry.lending.loans.schemas import ExcessWish, GoodsMove, GoodsWish, SaleWish, WhyWish
from registry.stores.stores import Stores

KINDS = {"none": 0, "fixed premium": 700, "share of sales": 700}  # what a campaign offers of each, in bp
AMOUNTS = st.integers(1, 4_000) | st.sampled_from([1, 2, 3, 10_000, 30_000])


def another(world: World, like: int, lent: list[int], gifts: list[bool], units: int) -> int:
    """A loan that is out, as a copy of another one with its own lenders: made in one go, for a run needs many."""
    with world.stores.db.transaction() as session:
        old = session.get_one(LoanCampaign, like)
        batch = Batch(**session.get_one(Batch, old.batch_id).model_dump(exclude={"id", "quote_id"}))
        session.add(batch)
        session.flush()
        row = LoanCampaign(**old.model_dump(exclude={"id", "batch_id", "units_funded"}), batch_id=batch.id or 0,
                           units_funded=units)  # fmt: skip
        session.add(row)
        session.flush()
        number = row.id or 0
        first = session.exec(select(Pledge).where(Pledge.campaign_id == like)).first()
        assert first
        chart.open_campaign(session, number, row.fabricator_id, row.currency)
        for place, (who, amount) in enumerate(zip(LENDERS, lent, strict=True), 1):
            session.add(Pledge(
                **first.model_dump(exclude={"id", "campaign_id", "account_id", "amount_minor", "number", "key", "repay",
                                            "reference"}),
                campaign_id=number, account_id=world.people[who], amount_minor=amount, number=place,
                key=f"copy-{number}", repay="gift" if gifts[place - 1] else "money",
            ))  # fmt: skip
            chart.open_lender(session, world.people[who], number, row.currency)
        for stage in lending.TRANCHES:
            session.add(
                LoanTranche(campaign_id=number, stage=stage, share_bp=0, paid_at=row.updated_at,
                            amount_minor=sum(lent) if stage == lending.TRANCHES[0] else 0)
            )  # fmt: skip
        payback.write_plan(session, row, sum(lent), row.updated_at.date() + dt.timedelta(days=30), 3)
        bank = chart.bank(number, row.currency)
        to = [(bank, chart.loan(world.people[who], number, row.currency), amount)
              for who, amount in zip(LENDERS, lent, strict=True)]  # fmt: skip
        to.append((chart.owes(row.fabricator_id, number, row.currency), bank, sum(lent)))
        book.post_all(session, [
            Transfer(debit=debit, credit=credit, amount_minor=amount, key=f"copy-{number}-{at}", purpose="Copy")
            for at, (debit, credit, amount) in enumerate(to)
        ])  # fmt: skip
        return number


class Life(RuleBasedStateMachine):
    world: World
    like: dict[str, int]  # kind of reward -> a loan to copy

    @initialize(
        lent=st.lists(st.integers(1, 9_999), min_size=3, max_size=3),
        gifts=st.lists(st.booleans(), min_size=3, max_size=3),
        units=st.integers(1, 12),
        kind=st.sampled_from(list(KINDS)),
    )
    def lend(self, lent: list[int], gifts: list[bool], units: int, kind: str) -> None:
        self.lent, self.gifts, self.kind = lent, gifts, kind
        self.number = another(self.world, self.like[kind], lent, gifts, units)
        self.keys = count()
        self.taken = [0, 0, 0]
        self.paid_in = self.turnover = self.given = 0
        self.fund = figure(self.world, self.number, "fund")

    def key(self) -> str:
        return f"m{self.number}-{next(self.keys)}"

    @rule(amount=AMOUNTS, twice=st.booleans())
    def repay(self, amount: int, twice: bool) -> None:
        key, before = self.key(), owed(self.world, self.number)
        debt = sum(before)
        if not debt and not self.reward_open():
            with pytest.raises(Conflict):
                repay(self.world, self.number, amount, key)
            return
        for _ in range(1 + twice):
            repay(self.world, self.number, amount, key)
        self.paid_in += amount
        for was, now in zip(before, owed(self.world, self.number), strict=True):
            fair = min(amount, debt) * was / max(debt, 1)
            assert abs(was - now - fair) < 1 and now >= 0

    def rewards(self) -> tuple[int, list[int]]:
        """The reward so far, and what each lender got of it."""
        with self.world.stores.db.reading() as session:
            row = session.get_one(LoanCampaign, self.number)
            got = reward.got_of(session, row)
            return reward.reward_of(session, row), [got.get(self.world.people[who], 0) for who in LENDERS]

    def reward_open(self) -> int:
        so_far, got = self.rewards()
        return so_far - sum(got)

    @rule(price=st.integers(1, 9_000), twice=st.booleans())
    def sell(self, price: int, twice: bool) -> None:
        wish = SaleWish(price_minor=price, sold_on=self.world.today(), key=self.key())
        try:
            for _ in range(1 + twice):
                sales.sell(self.world.stores, self.world.people["olga"], self.number, wish)
        except Conflict as refused:
            assert "sold or with lenders" in refused.message
            return
        self.turnover += price

    @rule(which=st.integers(0, 20))
    def take_sale_back(self, which: int) -> None:
        with self.world.stores.db.reading() as session:
            stand = sales.standing(session, self.number)
        assume(stand)
        one, wish = stand[which % len(stand)], WhyWish(why="It came back")
        before = [figure(self.world, self.number, name) for name in ("debt", "excess", "bank", "fund")]
        try:
            taking_back.take_back(self.world.stores, self.world.people["olga"], self.number, one.number, wish)
        except Conflict as refused:
            assert "as their reward" in refused.message and self.kind == "share of sales"
            return
        self.turnover -= one.price_minor
        assert before == [figure(self.world, self.number, name) for name in ("debt", "excess", "bank", "fund")]

    @rule(who=st.integers(0, 2), units=st.integers(1, 5))
    def take_goods(self, who: int, units: int) -> None:
        people, lender = self.world.people, LENDERS[who]
        before = owed(self.world, self.number)[who]
        cost = sum(self.lent) // self.world.loan(self.number).units_funded
        assume(before and cost and units * cost <= before)
        assume(state(self.world, self.number) in ("disbursed", "repaying", "in arrears", "defaulted"))
        one = goods.ask(self.world.stores, people[lender], self.number, GoodsWish(units=units))
        goods.move(self.world.stores, people["olga"], self.number, one, GoodsMove(action="agree"))
        goods.move(self.world.stores, people[lender], self.number, one, GoodsMove(action="receive"))
        self.taken[who] += units * cost

    @rule(amount=st.integers(1, 300))
    def pay_commons(self, amount: int) -> None:
        if not figure(self.world, self.number, "fund_promised"):
            return
        with self.world.stores.db.transaction() as session:
            row, _ = payback.held_loan(session, self.number)
            bank = chart.bank(self.number, row.currency)
            payback.commons_seen(session, row, amount, source=bank, key=self.key())
        self.paid_in += amount

    @rule(part=st.integers(1, 500))
    def give_excess(self, part: int) -> None:
        held = figure(self.world, self.number, "excess")
        if held:
            wish = ExcessWish(amount_minor=min(part, held), why="Given", key=self.key())
            service.give_excess(self.world.stores, self.world.people["olga"], self.number, wish)

    @rule(days=st.integers(1, 120))
    def wait(self, days: int) -> None:
        days_pass(self.world, self.number, days)

    @precondition(lambda self: state(self.world, self.number) == "defaulted")
    @rule()
    def write_off(self) -> None:
        service.write_off(self.world.stores, self.world.people["tom"], self.number, WhyWish(why="Gone"))

    @invariant()
    def nothing_is_lost(self) -> None:
        if not hasattr(self, "number"):
            return
        left, coming = owed(self.world, self.number), due(self.world, self.number)
        so_far, got = self.rewards()
        assert so_far == self.expected() and sum(got) <= so_far and (not sum(got) or not sum(left))
        for place in range(3):
            if sum(got) == so_far:
                assert abs(got[place] - so_far * self.lent[place] / sum(self.lent)) < 2
            back = self.lent[place] - left[place] - self.taken[place] + got[place]
            assert back >= 0 and coming[place] == (0 if self.gifts[place] else back)
        held = {name: figure(self.world, self.number, name) for name in ("debt", "excess", "bank", "sales", "fund")}
        assert sum(left) == -held["debt"] and held["sales"] == -self.turnover and held["bank"] == -self.paid_in
        given = held["fund"] - self.fund
        assert self.paid_in == sum(coming) + held["excess"] + given
        over = state(self.world, self.number) in ("repaid", "settled in goods")
        assert over == (sum(left) == 0)

    def expected(self) -> int:
        return (sum(self.lent) if self.kind == "fixed premium" else self.turnover) * KINDS[self.kind] // 10_000

    def teardown(self) -> None:
        if hasattr(self, "number"):
            sound(self.world, self.number)
            assert state(self.world, self.number) in (*SETTLING, "disbursed")
            with self.world.stores.db.reading() as session:
                told = session.exec(select(LoanEvent).where(LoanEvent.campaign_id == self.number)
                                    .order_by(LoanEvent.id)).all()  # type: ignore[arg-type]  # fmt: skip
            was = "disbursed"
            for event in told:
                assert event.was == was and lending.LOAN_STEPS[was, event.action][0] == event.became and event.why
                was = event.became


def test_whatever_happens_to_a_loan_nothing_is_lost_and_nobody_gets_more_than_is_theirs(stores: Stores) -> None:
    world = open_world(stores)
    treasurers(world)
    Life.world, Life.like = world, {}
    for kind, reward_bp in KINDS.items():
        allow_reward(world, kind, reward_bp)
        Life.like[kind] = out(world, reward_bp=reward_bp)
    usual = 8 if stores.db.on_sqlite else 3
    run_state_machine_as_test(Life, settings=settings(
        max_examples=int(os.environ.get("BRICKYARD_LEDGER_EXAMPLES", usual)),
        stateful_step_count=int(os.environ.get("BRICKYARD_LEDGER_STEPS", 20)), deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    ))  # fmt: skip
