"""A loan that is out, for tests of what comes back: paid in, paid out, repaid as the statement would show it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from lending_support import LENDERS, World
from sqlmodel import select

from registry.batches import service as batches
from registry.batches.batch_schemas import CountWish, Move
from registry.ledger import book, checking
from registry.ledger import queries as ledger
from registry.ledger.schemas import Transfer
from registry.lending import chart
from registry.lending.campaigns.schemas import TreasurerWish
from registry.lending.campaigns.state import tranches_of
from registry.lending.campaigns.tables import LoanCampaign, LoanEvent
from registry.lending.campaigns.treasurers import name
from registry.lending.loans import payback, sales, service, tranches
from registry.stores.clock import database_now

STAGES = ("materials", "made", "assembled", "tested", "shipped")


def treasurers(world: World) -> None:
    """tom and tia are treasurers."""
    for handle in ("tom", "tia"):
        name(world.stores, world.people["sue"], TreasurerWish(handle=handle, acts=True, why="Trusted"))


def allow_reward(world: World, kind: str, most_bp: int) -> None:
    """From now on campaigns may offer a reward of this kind."""
    world.change_policy(
        currency=f'currency = "{world.currency}"',
        kind=f'kind = "{kind}"',
        premium_bp_max=f"premium_bp_max = {most_bp if kind == 'fixed premium' else 0}",
        sales_share_bp_max=f"sales_share_bp_max = {most_bp if kind == 'share of sales' else 0}",
    )


def funded(
    world: World, amounts: Sequence[int] = (8_000, 7_000, 5_000), *, repay: str = "money", **changes: object
) -> int:
    """A campaign whose lenders have paid in; its deadline and everybody's cooling-off are over, its batch is filled."""
    total = sum(amounts)
    values: dict[str, object] = {"target_minor": total, "optimum_minor": total, "pledge_minor_max": max(amounts),
                                 "pledge_minor_min": min(1_000, *amounts)} | changes  # fmt: skip
    number = world.campaign(**values)
    for who, amount in zip(LENDERS, amounts, strict=False):
        made = world.pledge(who, number, amount, repay=repay)
        world.pay(made)
        world.shift("pledge", made, made_at=now(world) - dt.timedelta(days=20))
    world.over(number)
    row = world.loan(number)
    assert row.state == "funded"
    world.shift("batch", row.batch_id, deadline_at=now(world))
    batches.settle_due(world.stores)
    return number


def now(world: World) -> dt.datetime:
    with world.stores.db.reading() as session:
        return database_now(session)


def go_to(world: World, number: int, stage: str) -> None:
    """The batch comes to a stage, every unit counted."""
    batch = world.loan(number).batch_id
    with world.stores.db.reading() as session:
        from registry.batches.tables import Batch

        row = session.get_one(Batch, batch)
        state, units = row.state, row.reserved
    for each in STAGES[STAGES.index(state) + 1 if state in STAGES else 0 : STAGES.index(stage) + 1]:
        batches.count(world.stores, world.people["olga"], batch, CountWish(stage=each, good=units))
        batches.move(world.stores, world.people["olga"], batch, Move(action=each))  # type: ignore[arg-type]


def pay_out(world: World, number: int, stage: str) -> None:
    """The statement shows a tranche."""
    go_to(world, number, stage)
    with world.stores.db.transaction() as session:
        row, at = payback.held_loan(session, number)
        amount = tranches.require_may_leave(session, row, stage, at).amount_minor or 0
        tranches.disbursed(session, row, stage, world.people["tom"], "The statement shows it", at)
        if amount:
            book.post(session, Transfer(
                debit=chart.owes(row.fabricator_id, number, row.currency), credit=chart.bank(number, row.currency),
                amount_minor=amount, key=f"tranche-{number}-{stage}", purpose="Disbursement, paid",
            ))  # fmt: skip


def out(world: World, amounts: Sequence[int] = (8_000, 7_000, 5_000), **changes: object) -> int:
    """A loan that is paid out whole."""
    number = funded(world, amounts, **changes)  # type: ignore[arg-type]
    for stage in ("materials", "made", "shipped"):
        pay_out(world, number, stage)
    assert world.loan(number).state == "disbursed"
    return number


def repay(world: World, number: int, amount_minor: int, key: str = "", on: dt.datetime | None = None) -> None:
    """The statement shows a repayment."""
    with world.stores.db.transaction() as session:
        row, at = payback.held_loan(session, number)
        payback.repayment_seen(
            session, row, amount_minor, source=chart.bank(number, row.currency),
            key=key or f"entry-{number}-{amount_minor}-{at.timestamp()}", now=at, effective_at=on,
        )  # fmt: skip


def days_pass(world: World, number: int, days: int) -> None:
    """As if so many days had gone by: its plan and what was booked lie that much further back."""
    from registry.migrations.model import metadata

    plan = metadata.tables["loan_instalment"]
    with world.stores.db.transaction() as session:
        rows = session.execute(select(plan).where(plan.c.campaign_id == number)).all()
        last = max((row.plan for row in rows), default=0)
        for row in rows:
            if row.plan == last:
                session.execute(plan.insert().values(
                    campaign_id=number, plan=last + 1, number=row.number, due_on=row.due_on - dt.timedelta(days=days),
                    amount_minor=row.amount_minor,
                ))  # fmt: skip
    service.look_after(world.stores)


def state(world: World, number: int) -> str:
    return world.loan(number).state


def events(world: World, number: int) -> list[tuple[str, str, str]]:
    """(action, state after it, who) of a loan."""
    names = {account: handle for handle, account in world.people.items()}
    with world.stores.db.reading() as session:
        rows = session.exec(select(LoanEvent).where(LoanEvent.campaign_id == number).order_by(LoanEvent.id)).all()  # type: ignore[arg-type]
        assert all(row.why for row in rows)
        return [(row.action, row.became, names.get(row.account_id or 0, "")) for row in rows]


def owed(world: World, number: int) -> list[int]:
    return [world.balance(who, number, "loan") for who in LENDERS]


def due(world: World, number: int) -> list[int]:
    return [world.balance(who, number, "due") for who in LENDERS]


def figure(world: World, number: int, what: str) -> int:
    """The balance of one of the loan's accounts: debt, excess, promised, ..."""
    with world.stores.db.reading() as session:
        row = session.get_one(LoanCampaign, number)
        return payback.balance(session, getattr(payback.loan_of(row), what))


def sound(world: World, number: int) -> None:
    """The book checks; what the lenders are owed is the debt and what lies in the bank for the batch."""
    with world.stores.db.reading() as session:
        report = checking.check(session)
        assert report.ok, report.faults
        row = session.get_one(LoanCampaign, number)
        loan = payback.loan_of(row)
        lent = sum(payback.outstanding_of(session, loan).values())
        unpaid = sum(one.amount_minor or 0 for one in tranches_of(session, number) if one.paid_at is None)
        assert lent == payback.debt_of(session, loan) + (0 if row.state in SETTLING else unpaid)
        held = {name: payback.balance(session, getattr(loan, name)) for name in (
            "sales", "kept", "passed", "promised", "fund_promised", "ahead", "fund_ahead")}  # fmt: skip
        assert sum(held.values()) == 0 and held["promised"] <= lent
        stand = sales.standing(session, number)
        assert held["sales"] == -sum(one.price_minor for one in stand)
        assert held["kept"] >= sum(one.kept_minor for one in stand)
        assert all(one.balance_minor >= 0 for one in ledger.balances(session, kind="person"))


SETTLING = ("repaying", "in arrears", "defaulted", "written off", "repaid", "settled in goods")
