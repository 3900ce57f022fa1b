"""Parts of a loan that the bank sent back: still the workshop's, to be paid anew or given up by a treasurer."""

from __future__ import annotations

from sqlmodel import Session, col, select

from registry.batches.tables import Batch
from registry.lending.bank.tables import PaymentOrder
from registry.lending.campaigns.service import BATCH_LOST, tranches_of
from registry.lending.campaigns.tables import LoanCampaign

AGAIN = ("materials paid", "made paid", "disbursed", "repaying")


def batch_lost(session: Session, row: LoanCampaign) -> bool:
    """Whether the loan's batch is cancelled."""
    return session.get_one(Batch, row.batch_id).state in BATCH_LOST


def may_pay_again(session: Session, row: LoanCampaign) -> bool:
    """Whether what the bank sent back is still the workshop's: not of a loan that is late, or whose batch is lost."""
    return row.state in AGAIN and not batch_lost(session, row)


def is_again(session: Session, order: PaymentOrder) -> bool:
    """Whether a payment takes the place of one that came back."""
    earlier = select(PaymentOrder.id).where(
        PaymentOrder.campaign_id == order.campaign_id, PaymentOrder.kind == order.kind,
        PaymentOrder.subject == order.subject, PaymentOrder.state == "returned", col(PaymentOrder.id) < order.id,
    )  # fmt: skip
    return session.exec(earlier.limit(1)).first() is not None


def to_pay_again(session: Session, row: LoanCampaign) -> dict[str, PaymentOrder]:
    """stage -> the payment of it that came back and was not ordered anew."""
    if not may_pay_again(session, row):
        return {}
    orders = session.exec(
        select(PaymentOrder).where(
            PaymentOrder.campaign_id == row.id, PaymentOrder.kind == "disbursement", PaymentOrder.state != "refused"
        ).order_by(col(PaymentOrder.id))
    )  # fmt: skip
    last = {order.subject: order for order in orders}
    return {stage: order for stage, order in last.items() if order.state == "returned"}


def came_back(session: Session, row: LoanCampaign, stage: str) -> None:
    """A part of the loan is not paid out any more: the bank has sent it back. The loan stays where it is."""
    tranche = next(one for one in tranches_of(session, row.id or 0) if one.stage == stage)
    tranche.paid_at = None
    session.add(tranche)
