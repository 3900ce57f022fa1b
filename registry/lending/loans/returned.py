"""Parts of a loan that the bank sent back: still the workshop's, to be paid anew or given up by a treasurer."""

from __future__ import annotations

from sqlmodel import Session, col, func, select

from registry.batches.tables import Batch
from registry.ledger import queries as ledger
from registry.lending import chart
from registry.lending.bank.tables import BankAct, PaymentOrder
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
    """stage -> the payment of it that came back, was not ordered anew, and whose money lies here still."""
    if not may_pay_again(session, row):
        return {}
    orders = session.exec(
        select(PaymentOrder).where(
            PaymentOrder.campaign_id == row.id, PaymentOrder.kind == "disbursement", PaymentOrder.state != "refused"
        ).order_by(col(PaymentOrder.id))
    )  # fmt: skip
    last = {order.subject: order for order in orders}
    back = {stage: order for stage, order in last.items() if order.state == "returned"}
    return _lying(session, row, back) if row.state == "repaying" and back else back


def _lying(session: Session, row: LoanCampaign, back: dict[str, PaymentOrder]) -> dict[str, PaymentOrder]:
    """Those of them that were not given to the lenders while the loan was late: what came back last lies here first."""
    number = row.id or 0
    lent, owes = chart.loan(0, number, row.currency), chart.owes(row.fabricator_id, number, row.currency)
    people = ledger.balances(session, kind=lent.kind, role=lent.role, currency=lent.currency)
    debts = ledger.balances(session, kind=owes.kind, owner_id=owes.id, role=owes.role, currency=owes.currency)
    left = sum(one.balance_minor for one in people) + sum(
        one.balance_minor - one.pending_debits_minor for one in debts
    )  # fmt: skip
    returned = dict(session.exec(
        select(BankAct.order_id, func.max(BankAct.id)).where(
            col(BankAct.order_id).in_([order.id for order in back.values()]), BankAct.action == "return"
        ).group_by(col(BankAct.order_id))
    ).all())  # fmt: skip
    found: dict[str, PaymentOrder] = {}
    for stage, order in sorted(back.items(), key=lambda one: returned.get(one[1].id) or 0, reverse=True):
        if order.amount_minor > left:
            break
        left -= order.amount_minor
        found[stage] = order
    return found


def came_back(session: Session, row: LoanCampaign, stage: str) -> None:
    """A part of the loan is not paid out any more: the bank has sent it back. The loan stays where it is."""
    tranche = next(one for one in tranches_of(session, row.id or 0) if one.stage == stage)
    tranche.paid_at = None
    session.add(tranche)
