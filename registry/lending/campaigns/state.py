"""What becomes of a campaign: its row, held; the steps of its state, and what follows on them.

Whoever changes a campaign holds its row first, and writes into the book last.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlmodel import Session, col, select

from registry.batches.tables import Batch
from registry.errors import NotFound
from registry.ledger import book
from registry.ledger.rules import share_out
from registry.ledger.schemas import Transfer
from registry.lending import chart, rules
from registry.lending.bank.rules import QUEUE
from registry.lending.bank.tables import BankEntry, BankStatementRow, PaymentOrder
from registry.lending.campaigns.tables import LoanCampaign, LoanEvent, LoanTranche, Pledge, PledgeEvent
from registry.lending.policy import Policy
from registry.lending.rules import Actor
from registry.stores.clock import database_now

BATCH_LOST = ("cancelled", "released")


def batch_of(session: Session, number: int) -> Batch:
    """A batch. Raises: NotFound."""
    row = session.get(Batch, number)
    if row is None:
        raise NotFound(f"There is no batch {number}.", "Look at the list of batches.", field="batch")
    return row


def policy_of(row: LoanCampaign) -> Policy:
    """The policy that a campaign was opened under."""
    return Policy.model_validate(row.policy)


def tranches_of(session: Session, number: int) -> list[LoanTranche]:
    """The tranches of a loan, in the order of the batch's stages."""
    rows = session.exec(select(LoanTranche).where(LoanTranche.campaign_id == number)).all()
    return sorted(rows, key=lambda one: rules.TRANCHES.index(one.stage))


# --- the campaign's row


def held(session: Session, number: int) -> tuple[LoanCampaign, dt.datetime]:
    """A campaign with its row held until the transaction ends, what is due done first; and the time. Raises: NotFound.

    Due: unpaid pledges that lapse, the deadline, a batch that was cancelled.
    """
    row = session.exec(
        select(LoanCampaign).where(LoanCampaign.id == number).with_for_update()
        .execution_options(populate_existing=True)
    ).first()  # fmt: skip
    if row is None:
        raise NotFound(f"There is no campaign {number}.", "Look at the list of campaigns.")
    now = database_now(session)  # asked after the wait for the row
    if row.state == "open":
        _lapse(session, row, now)
    lost = row.state in ("open", "funded") and batch_of(session, row.batch_id).state in BATCH_LOST
    # What is with the bank already can't be called back: once the statement shows it, the fabricator owes it.
    if lost and not is_leaving(session, number):
        go(session, row, "batch cancelled", "registry", None, "The batch that it finances is not made", now)
    elif row.state == "open" and may_judge(session, row, now):
        step = rules.settle_campaign(row.target_minor, paid_minor(session, number))
        why = "Its target was paid in by the deadline" if step == "fund" else (
            "Its target was not paid in by the deadline: everything is sent back")  # fmt: skip
        go(session, row, step, "registry", None, why, now)
    return row, now


def judged_by(row: LoanCampaign, policy: Policy) -> dt.datetime:
    """When a campaign is judged at the latest."""
    return row.deadline_at + dt.timedelta(days=policy.terms.statement_days)


def may_judge(session: Session, row: LoanCampaign, now: dt.datetime) -> bool:
    """Whether the deadline of an open campaign can be judged. What a stopped import left behind comes first."""
    if now < row.deadline_at:
        return False
    entries = select(BankEntry.id).where(
        BankEntry.campaign_id == row.id, BankEntry.amount_minor > 0, BankEntry.booked_on <= row.deadline_on
    )
    if session.exec(entries.where(BankEntry.state == "imported").limit(1)).first() is not None:
        return False
    reach = select(BankStatementRow.id).where(
        BankStatementRow.campaign_id == row.id, BankStatementRow.until > row.deadline_on
    )
    seen = rules.Seen(
        covered=session.exec(reach.limit(1)).first() is not None,
        coming=bool(_pledges(session, row, "unpaid", "lapsed")),
        undecided=session.exec(entries.where(col(BankEntry.state).in_(QUEUE)).limit(1)).first() is not None,
    )
    return rules.may_judge(row.deadline_at, policy_of(row).terms.statement_days, seen, now)


def is_leaving(session: Session, number: int) -> bool:
    """Whether a part of the loan is with the bank or was paid out."""
    gone = select(PaymentOrder.id).where(
        PaymentOrder.campaign_id == number, PaymentOrder.kind == "disbursement",
        col(PaymentOrder.state).in_(("filed", "paid")),
    )  # fmt: skip
    return session.exec(gone.limit(1)).first() is not None


def _lapse(session: Session, row: LoanCampaign, now: dt.datetime) -> None:
    for pledge in _pledges(session, row, "unpaid"):
        if now >= pledge.pay_by and pledge.pay_by < row.deadline_at:  # at the deadline, it is judged with the campaign
            end_pledge(session, row, pledge, "lapse", "lapsed", None, "It was not paid in time", now)


def paid_minor(session: Session, number: int) -> int:
    """What the paid pledges of a campaign come to."""
    return sum(session.exec(
        select(Pledge.amount_minor).where(Pledge.campaign_id == number, Pledge.state == "paid")
    ).all())  # fmt: skip


def _pledges(session: Session, row: LoanCampaign, *states: str) -> Sequence[Pledge]:
    return session.exec(
        select(Pledge).where(Pledge.campaign_id == row.id, col(Pledge.state).in_(states)).order_by(col(Pledge.number))
    ).all()  # fmt: skip


def tell(
    session: Session, row: LoanCampaign, action: str, was: str, account_id: int | None, why: str, now: dt.datetime
) -> None:
    """Keep a change of its state."""
    session.add(LoanEvent(campaign_id=row.id or 0, action=action, was=was, became=row.state, account_id=account_id,
                          why=why, at=now))  # fmt: skip


def go(
    session: Session, row: LoanCampaign, action: str, actor: Actor, account_id: int | None, why: str, now: dt.datetime
) -> None:
    """The one way in which a loan's state changes: the step, its event, and what follows on it. The row is held.

    Raises: Conflict, Invalid.
    """
    was, why = row.state, why.strip()
    row.state = rules.step_loan(was, action, actor, why)
    row.updated_at = now
    session.add(row)
    tell(session, row, action, was, account_id, why, now)
    if row.state == "funded":
        _fund(session, row, now)
    if row.state in rules.ENDED:
        row.ended_at = now
    if row.state == "failed":
        _give_back(session, row, why, now)


def _fund(session: Session, row: LoanCampaign, now: dt.datetime) -> None:
    row.funded_at = now
    for pledge in _pledges(session, row, "unpaid"):
        end_pledge(session, row, pledge, "lapse", "lapsed", None, "The campaign was funded without it", now)
    set_tranche_amounts(session, row)


def set_tranche_amounts(session: Session, row: LoanCampaign) -> None:
    """What is paid out at each stage, to the last unit of what was paid in."""
    rows = tranches_of(session, row.id or 0)
    amounts, _ = share_out(paid_minor(session, row.id or 0), {one.stage: one.share_bp * 10**9 for one in rows})
    for one in rows:
        one.amount_minor = amounts[one.stage]
        session.add(one)


def _give_back(session: Session, row: LoanCampaign, why: str, now: dt.datetime) -> None:
    for pledge in _pledges(session, row, "unpaid"):
        end_pledge(session, row, pledge, "release", "released", None, why, now)
    paid = _pledges(session, row, "paid")
    for pledge in paid:
        end_pledge(session, row, pledge, "release", "released", None, why, now)
    if paid:
        book.post_all(session, [back(row, pledge) for pledge in paid])


def back(row: LoanCampaign, pledge: Pledge, by_id: int | None = None) -> Transfer:
    """A paid pledge becomes what is to be paid out to its lender."""
    number = row.id or 0
    return Transfer(
        debit=chart.loan(pledge.account_id, number, row.currency),
        credit=chart.due(pledge.account_id, number, row.currency), amount_minor=pledge.amount_minor,
        key=f"pledge-{pledge.id}-back", purpose=f"Pledge {pledge.number} of campaign {number} is sent back",
        by_id=by_id,
    )  # fmt: skip


def end_pledge(
    session: Session, row: LoanCampaign, pledge: Pledge, action: str, became: str, account_id: int | None, why: str,
    now: dt.datetime,
) -> None:  # fmt: skip
    """A pledge that holds nothing of its campaign any more. The campaign's row is held."""
    session.add(PledgeEvent(pledge_id=pledge.id or 0, action=action, was=pledge.state, became=became,
                            account_id=account_id, why=why, at=now))  # fmt: skip
    row.held_minor -= pledge.amount_minor
    pledge.state, pledge.ended_at = became, now
    session.add_all((row, pledge))
