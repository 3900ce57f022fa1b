"""Units that stayed unsold, where a loan's terms give them to its lenders: they are offered once its plan is over.

Whoever calls holds the loan's row.
"""

from __future__ import annotations

import datetime as dt

from sqlmodel import Session, col, select

from registry.accounts.tables import Account
from registry.lending.campaigns.state import paid_minor, policy_of
from registry.lending.campaigns.tables import LoanCampaign, Pledge
from registry.lending.loans import rules
from registry.lending.loans.goods import tell
from registry.lending.loans.payback import loan_of, outstanding_of, plan_of
from registry.lending.loans.sales import gone
from registry.lending.loans.tables import LoanGoods

WORDS = "The plan is over and units are unsold: by the terms they are yours at cost, for what you are still owed"


def offers_due(session: Session, row: LoanCampaign, now: dt.datetime) -> bool:
    """Whether there is something to offer, or an offer is over."""
    return bool(_lapsed(session, row, now) or _wanted(session, row, now))


def follow_offers(session: Session, row: LoanCampaign, now: dt.datetime) -> None:
    """Offer what the terms say, once; let offers lapse that nobody took."""
    for one in _lapsed(session, row, now):
        one.state = rules.step_goods("offered", "lapse", "registry", "")
        tell(session, one, "lapse", "offered", "registry", None, "", now)
    unit_minor = _unit_minor(session, row)
    until = now + dt.timedelta(days=policy_of(row).terms.goods_offer_days)
    for lender, units in _wanted(session, row, now).items():
        one = LoanGoods(
            campaign_id=row.id or 0, account_id=lender, units=units, unit_minor=unit_minor, until=until,
            amount_minor=unit_minor * units, state=rules.step_goods("", "offer", "registry", WORDS),
        )  # fmt: skip
        session.add(one)
        session.flush()
        tell(session, one, "offer", "", "registry", None, WORDS, now)
    session.flush()


def _unit_minor(session: Session, row: LoanCampaign) -> int:
    return rules.unit_cost(paid_minor(session, row.id or 0), row.units_funded)


def _lapsed(session: Session, row: LoanCampaign, now: dt.datetime) -> list[LoanGoods]:
    return list(session.exec(
        select(LoanGoods)
        .where(LoanGoods.campaign_id == row.id, LoanGoods.state == "offered", col(LoanGoods.until) <= now)
        .order_by(col(LoanGoods.id)).execution_options(populate_existing=True)
    ))  # fmt: skip


def _wanted(session: Session, row: LoanCampaign, now: dt.datetime) -> dict[int, int]:
    """lender's account id -> units to offer now: after the last instalment's day, once for a loan."""
    if row.unsold != "goods" or row.state not in rules.GOODS_STATES:
        return {}
    plan = plan_of(session, row.id or 0)
    if not plan or max(one.due_on for one in plan) >= now.date():
        return {}
    rows = session.exec(select(LoanGoods).where(LoanGoods.campaign_id == row.id)).all()
    if any(one.until is not None for one in rows):
        return {}
    open_rows = [one for one in rows if one.state in rules.GOODS_OPEN]
    owed = {
        who: amount - sum(one.amount_minor for one in open_rows if one.account_id == who)
        for who, amount in outstanding_of(session, loan_of(row)).items() if who in _takers(session, row)
    }  # fmt: skip
    unsold = row.units_funded - gone(session, row.id or 0) - sum(one.units for one in open_rows)
    return rules.unsold_offers(unsold, _unit_minor(session, row), {who: max(left, 0) for who, left in owed.items()})


def _takers(session: Session, row: LoanCampaign) -> set[int]:
    """Lenders who can answer, and have not given their loan to the design."""
    return set(session.exec(
        select(Pledge.account_id).join(Account, col(Account.id) == col(Pledge.account_id)).where(
            Pledge.campaign_id == row.id, Pledge.state == "paid", Pledge.repay != "gift",
            col(Account.deleted_at).is_(None),
        )
    ))  # fmt: skip
