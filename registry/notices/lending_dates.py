"""Dates of loans in calendars: until when a pledge is to be paid, deadlines, what is due and when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from sqlmodel import Session, col, select

from registry.batches.money import money
from registry.batches.tables import Batch
from registry.lending import rules
from registry.lending.campaigns import own, queries
from registry.lending.campaigns.tables import LoanCampaign, Pledge
from registry.notices import dates
from registry.notices.calendar import Entry
from registry.notices.sources import things_of

_LOANS_MAX = 200


def install() -> None:
    """Have them put into the calendars of lenders and of workshops."""
    dates.add_own_dates(own_dates)
    dates.add_shop_dates(shop_dates)


def _things(session: Session, campaign: LoanCampaign) -> str:
    batch = session.get_one(Batch, campaign.batch_id)
    return things_of(session, batch.design_id, batch.revision_id)


def _deadline(session: Session, campaign: LoanCampaign) -> Entry:
    return Entry(
        key=f"loan-{campaign.id}-deadline", when=campaign.deadline_at,
        title=f"The loan for {_things(session, campaign)} closes",
        text=f"All or nothing: {money(campaign.target_minor, campaign.currency)} is to be paid in by then.",
        link=f"/lending/{campaign.id}", changed_at=campaign.updated_at,
    )  # fmt: skip


def own_dates(session: Session, account_id: int, since: dt.date) -> Iterator[Entry]:
    """A lender's: when pledges lapse, when campaigns close, when their part of an instalment is due."""
    rows = session.exec(
        select(Pledge).where(Pledge.account_id == account_id, col(Pledge.state).in_(("unpaid", "paid")))
        .order_by(col(Pledge.id).desc()).limit(_LOANS_MAX)
    ).all()  # fmt: skip
    closing: set[int] = set()
    for pledge in rows:
        campaign = session.get_one(LoanCampaign, pledge.campaign_id)
        things, amount = _things(session, campaign), money(pledge.amount_minor, campaign.currency)
        if pledge.state == "unpaid":
            yield Entry(
                key=f"pledge-{pledge.id}-lapses", when=pledge.pay_by, title=f"Your pledge for {things} lapses",
                text=f"Pay {amount} before; a bank may take a day or two.", link=f"/lending/pledges/{pledge.id}",
                changed_at=pledge.made_at,
            )  # fmt: skip
        if campaign.state == "open" and pledge.campaign_id not in closing:
            closing.add(pledge.campaign_id)
            yield _deadline(session, campaign)
        for number, part in enumerate(own.own_plan(session, campaign, pledge), 1):
            if part.due_on >= since and part.amount_minor and campaign.state not in rules.ENDED:
                yield Entry(
                    key=f"pledge-{pledge.id}-due-{number}", when=part.due_on, title=f"Due to you for {things}",
                    text=f"{money(part.amount_minor, campaign.currency)} by the plan, of the {amount} that you lent.",
                    link=f"/lending/pledges/{pledge.id}", changed_at=campaign.updated_at,
                )  # fmt: skip


def shop_dates(session: Session, fabricator_id: int, since: dt.date) -> Iterator[Entry]:
    """A workshop's: when its campaigns close, and what it is to pay back when."""
    rows = session.exec(
        select(LoanCampaign)
        .where(LoanCampaign.fabricator_id == fabricator_id, col(LoanCampaign.state).not_in(("draft", *rules.ENDED)))
        .order_by(col(LoanCampaign.id).desc()).limit(_LOANS_MAX)
    ).all()  # fmt: skip
    for campaign in rows:
        if campaign.state == "open":
            yield _deadline(session, campaign)
        for row in queries.plan_of(session, campaign.id or 0):
            if row.due_on >= since:
                yield Entry(
                    key=f"loan-{campaign.id}-due-{row.number}", when=row.due_on,
                    title=f"Instalment of the loan for {_things(session, campaign)}",
                    text=f"{money(row.amount_minor, campaign.currency)} by the end of this day (UTC).",
                    link=f"/lending/{campaign.id}", changed_at=campaign.updated_at,
                )  # fmt: skip
