"""What lenders get beyond their money, where the campaign's policy allows it. It is never a debt."""

from __future__ import annotations

from sqlalchemy import func
from sqlmodel import Session, col, select

from registry.errors import NotFound
from registry.ledger import queries as ledger
from registry.lending import chart
from registry.lending.campaigns.state import policy_of, tranches_of
from registry.lending.campaigns.tables import LoanCampaign, Pledge
from registry.lending.loans import rules
from registry.lending.loans.tables import LoanSale, LoanSaleBack

LINES_MAX = 100_000


def reward_of(session: Session, row: LoanCampaign) -> int:
    """The reward as of now, paid or not."""
    if not row.reward_bp:
        return 0
    number = row.id or 0
    disbursed = sum(one.amount_minor or 0 for one in tranches_of(session, number) if one.paid_at)
    sold = session.exec(
        select(func.coalesce(func.sum(LoanSale.price_minor), 0)).where(
            LoanSale.campaign_id == number, col(LoanSale.id).not_in(select(LoanSaleBack.sale_id))
        )
    ).one()
    return rules.reward_so_far(policy_of(row).reward.kind, row.reward_bp, disbursed, int(sold))


def got_of(session: Session, row: LoanCampaign) -> dict[int, int]:
    """lender's account id -> what they got of the reward."""
    try:
        lines = ledger.statement(session, chart.reward(row.id or 0, row.currency), limit=LINES_MAX).lines
    except NotFound:
        return {}
    got: dict[int, int] = {}
    for line in lines:
        if line.other.startswith("person/"):  # what was given, less what was booked back
            lender = int(line.other.split("/")[1])
            got[lender] = got.get(lender, 0) - line.amount_minor
    return got


def shares_of(session: Session, row: LoanCampaign, amount_minor: int) -> tuple[dict[int, int], dict[int, int]]:
    """Money above the principal: each lender's share of the reward in it, and what each had got before."""
    reward = reward_of(session, row)
    if not reward or amount_minor <= 0:
        return {}, {}
    got = got_of(session, row)
    lent: dict[int, int] = {}
    for pledge in session.exec(
        select(Pledge).where(Pledge.campaign_id == row.id, Pledge.state == "paid").order_by(col(Pledge.number))
    ):
        lent[pledge.account_id] = lent.get(pledge.account_id, 0) + pledge.amount_minor
    part = min(amount_minor, max(reward - sum(got.values()), 0))
    return rules.reward_shares(part, reward, lent, got), got
