"""Events of loans: what becomes of a pledge and of its campaign, words of the makers, a pledge that lapses soon."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from sqlmodel import Session, col, select

from registry.batches.money import money
from registry.batches.tables import Batch
from registry.lending.campaigns.tables import LoanCampaign, LoanEvent, LoanMessage, Pledge, PledgeEvent
from registry.notices import rules, sources
from registry.notices.making_sources import untold
from registry.notices.rules import Telling
from registry.notices.sources import Events, Look, Told

_SOON = dt.timedelta(days=1)
_PLEDGES = {
    "pay": ("Your pledge of {amount} for {things} is paid in", "It counts towards the target now."),
    "unassign": (
        "Your pledge of {amount} for {things} is not paid in after all",
        "A payment was assigned to it by mistake. Pay it in, if you have not yet.",
    ),
    "lapse": ("Your pledge of {amount} for {things} has lapsed", "It was not paid in time. You may pledge again."),
    "release": ("The loan for {things} came to nothing", "What you paid in is sent back."),
}
_LOANS = {
    "fund": "The loan for {things} is funded",
    "disburse materials": "Money for the materials of {things} is paid out",
    "disburse made": "Money for {things}, made by now, is paid out",
    "disburse shipped": "The last money for {things} is paid out",
    "begin repayment": "The loan for {things} is being paid back",
    "fall behind": "The loan for {things} is in arrears",
    "catch up": "The loan for {things} is no longer in arrears",
    "default": "The loan for {things} is in default",
    "repay in full": "The loan for {things} is paid back in full",
    "settle in goods": "The loan for {things} is settled in goods",
    "write off": "The loan for {things} is written off",
    "batch cancelled": "The batch of {things} is cancelled, and its loan is to be paid back",
}


def install() -> None:
    """Have notices made of them."""
    sources.add(Events("pledge", PledgeEvent, _of_pledge))
    sources.add(Events("loan", LoanEvent, _of_loan))
    sources.add(Events("loan.words", LoanMessage, _of_message))
    sources.add(Look("pledge.near", _pledges_near))


def _things(session: Session, campaign: LoanCampaign) -> str:
    batch = session.get_one(Batch, campaign.batch_id)
    return sources.things_of(session, batch.design_id, batch.revision_id)


def _lenders(session: Session, number: int) -> set[int]:
    return set(session.exec(
        select(Pledge.account_id).where(Pledge.campaign_id == number, col(Pledge.state).in_(("paid", "unpaid")))
    ))  # fmt: skip


def _of_pledge(session: Session, row: PledgeEvent) -> Told | None:
    """The lender hears what was not their own doing; the workshop that somebody pledged."""
    pledge = session.get_one(Pledge, row.pledge_id)
    campaign = session.get_one(LoanCampaign, pledge.campaign_id)
    words = {"things": _things(session, campaign), "amount": money(pledge.amount_minor, campaign.currency)}
    if row.action == "pledge":
        title = "Somebody pledges {amount} to your loan for {things}".format(**words)
        shop = sources.shop_people(session, [campaign.fabricator_id])
        return Told(row.id or 0, row.at, f"/lending/{campaign.id}#pledges",
                    [Telling("shop", "loans", title, "It counts once it is paid in.")], {"shop": shop},
                    row.account_id)  # fmt: skip
    if row.action not in _PLEDGES:
        return None
    title, text = _PLEDGES[row.action]
    if row.action == "release" and row.was == "unpaid":
        text = "You had not paid in yet: nothing is to be done."
    tellings = [Telling("lender", "loans", title.format(**words), text)]
    return Told(row.id or 0, row.at, f"/lending/pledges/{pledge.id}", tellings, {"lender": {pledge.account_id}})


def _of_loan(session: Session, row: LoanEvent) -> Told | None:
    """Lenders and workshop hear what becomes of the loan; those whose money is sent back hear it of their pledge."""
    campaign = session.get_one(LoanCampaign, row.campaign_id)
    things = _things(session, campaign)
    title = _LOANS.get(row.action, "").format(things=things)
    if row.became == "failed":
        title = f"The loan for {things} came to nothing"
    if not title:
        return None
    tellings = [Telling(who, "loans", title, rules.line(row.why, 400)) for who in ("lenders", "shop")]
    audiences = {
        "lenders": _lenders(session, row.campaign_id),
        "shop": sources.shop_people(session, [campaign.fabricator_id]),
    }
    link = f"/lending/{row.campaign_id}" if row.became == "failed" else f"/lending/{row.campaign_id}/loan"
    return Told(row.id or 0, row.at, link, tellings, audiences, row.account_id)


def _of_message(session: Session, row: LoanMessage) -> Told | None:
    campaign = session.get_one(LoanCampaign, row.campaign_id)
    title = f"The makers of {_things(session, campaign)} write to their lenders"
    tellings = [Telling("lenders", "loans", title, rules.line(row.text, 400))]
    lenders = {"lenders": _lenders(session, row.campaign_id)}
    return Told(row.id or 0, row.at, f"/lending/{row.campaign_id}#messages", tellings, lenders, row.account_id)


def _pledges_near(session: Session, now: dt.datetime) -> Iterator[Told]:
    """Unpaid pledges that lapse within a day, made two days before that or earlier."""
    rows = session.exec(
        select(Pledge).where(
            Pledge.state == "unpaid", col(Pledge.pay_by) > now, col(Pledge.pay_by) <= now + _SOON,
            untold("pledge.near", col(Pledge.id)),
        )
    ).all()  # fmt: skip
    for pledge in rows:
        if not rules.is_near(pledge.made_at, pledge.pay_by, now):
            continue
        campaign = session.get_one(LoanCampaign, pledge.campaign_id)
        title = f"Your pledge for {_things(session, campaign)} lapses on {rules.day_words(pledge.pay_by.date())}"
        text = f"{money(pledge.amount_minor, campaign.currency)} is not paid in yet. A bank may take a day or two."
        tellings = [Telling("lender", "loans", title, text)]
        yield Told(pledge.id or 0, now, f"/lending/pledges/{pledge.id}", tellings, {"lender": {pledge.account_id}})
