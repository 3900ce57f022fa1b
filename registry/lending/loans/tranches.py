"""Tranches: a loan is paid out as its batch goes on. Whoever calls holds the campaign's row."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func
from sqlmodel import Session, col, select

from registry.batches.tables import Batch
from registry.errors import Conflict
from registry.lending import rules as lending
from registry.lending.campaigns.state import go, policy_of, tranches_of
from registry.lending.campaigns.tables import LoanCampaign, LoanTranche, Pledge
from registry.lending.loans import rules
from registry.lending.loans.payback import (
    give_rest_back,
    loan_of,
    open_accounts,
    outstanding_of,
    write_plan,
)
from registry.lending.loans.returned import batch_lost

STAGE_NEEDS = {
    "materials": "The batch is not filled yet.",
    "made": "The batch is not made yet.",
    "shipped": "The batch is not shipped yet.",
}


def withdrawable_until(session: Session, row: LoanCampaign) -> dt.datetime | None:
    """When everybody's cooling-off is over; None without lenders."""
    newest = session.exec(
        select(func.max(Pledge.made_at)).where(Pledge.campaign_id == row.id, col(Pledge.state) == "paid")
    ).one()
    return newest + dt.timedelta(days=policy_of(row).terms.cooling_off_days) if newest else None


def why_not(session: Session, row: LoanCampaign, stage: str, now: dt.datetime) -> str:
    """Why a tranche may not leave now, in a sentence; '' if it may."""
    turn = rules.next_tranche(row.state)
    if not turn:
        return f"The loan is {row.state}: nothing is paid out now."
    if stage != turn:
        return f"The money for '{turn}' comes first."
    if not rules.reached(session.get_one(Batch, row.batch_id).state, stage):
        return STAGE_NEEDS[stage]
    until = withdrawable_until(session, row)
    if until is not None and now < until:
        return f"Lenders may still withdraw, until {until:%-d %B %Y, %H:%M} UTC: what can be withdrawn is not paid out."
    return ""


def require_may_leave(session: Session, row: LoanCampaign, stage: str, now: dt.datetime) -> LoanTranche:
    """The tranche, if it may leave now. Raises: Conflict."""
    if reason := why_not(session, row, stage, now):
        raise Conflict(reason, "Look at the loan's page: it says what comes next.")
    return next(one for one in tranches_of(session, row.id or 0) if one.stage == stage)


def disbursed(session: Session, row: LoanCampaign, stage: str, by_id: int, why: str, now: dt.datetime) -> None:
    """The statement shows a tranche: the loan goes on. The transfer itself is booked by whoever calls, after this.

    After the last one the plan is made; of a batch that was cancelled meanwhile, it is due at once.
    """
    tranche = next(one for one in tranches_of(session, row.id or 0) if one.stage == stage)
    tranche.paid_at = now
    session.add(tranche)
    open_accounts(session, row)
    if (row.state, f"disburse {stage}") not in lending.LOAN_STEPS:
        if not batch_lost(session, row):
            return  # it takes the place of one that the bank sent back: the loan went on with that
        give_rest_back(session, row)
        write_plan(session, row, sum(outstanding_of(session, loan_of(row)).values()), now.date(), 1)
        return
    go(session, row, f"disburse {stage}", "treasurer", by_id, why, now)
    if row.state == "disbursed":
        first_on = lending.months_after(now.date(), row.grace_months)
        write_plan(session, row, sum(outstanding_of(session, loan_of(row)).values()), first_on, row.repayment_months)


def pass_over(session: Session, row: LoanCampaign, stage: str, by_id: int, why: str, now: dt.datetime) -> None:
    """A stage at which nothing is paid out by the plan: the loan goes on without a payment. Raises: Conflict."""
    tranche = require_may_leave(session, row, stage, now)
    if tranche.amount_minor:
        raise Conflict("Money is paid out at this stage.", "Propose the payment.")
    disbursed(session, row, stage, by_id, why, now)
