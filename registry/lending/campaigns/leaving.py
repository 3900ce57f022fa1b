"""What becomes of pledges when their lender deletes their account: the book keeps numbers, the pages no names."""

from __future__ import annotations

from sqlmodel import Session, col, select

from registry.accounts.deleting import on_delete
from registry.ledger import queries as ledger
from registry.lending import chart
from registry.lending.campaigns.state import end_pledge, held
from registry.lending.campaigns.tables import LendingTreasurer, LoanCampaign, Pledge, PledgeEvent
from registry.lending.campaigns.treasurers import is_treasurer
from registry.stores.clock import database_now

WHY = "The account was deleted"


def leave(session: Session, account_id: int) -> None:
    """Unpaid pledges are withdrawn; paid ones are shown without a name and paid back all the same.

    The account that money goes back to is forgotten once nothing is owed there.
    """
    if is_treasurer(session, account_id):
        session.add(LendingTreasurer(account_id=account_id, acts=False, by_id=account_id, why=WHY,
                                     at=database_now(session)))  # fmt: skip
    numbers = session.exec(select(Pledge.campaign_id).where(Pledge.account_id == account_id).distinct()).all()
    # All rows before the book: settling the first one may write there, and others hold a row when they wait for it.
    session.exec(
        select(LoanCampaign.id)
        .where(col(LoanCampaign.id).in_(numbers))
        .order_by(col(LoanCampaign.id))
        .with_for_update()
    ).all()
    for number in sorted(numbers):
        row, now = held(session, number)
        owed = _owed(session, account_id, row)
        for pledge in session.exec(
            select(Pledge).where(Pledge.campaign_id == number, Pledge.account_id == account_id)
            .order_by(col(Pledge.id)).execution_options(populate_existing=True)
        ).all():  # fmt: skip
            if pledge.state == "unpaid":
                end_pledge(session, row, pledge, "withdraw", "withdrawn", account_id, WHY, now)
            if pledge.named:
                session.add(PledgeEvent(pledge_id=pledge.id or 0, action="choose", was=pledge.state,
                                        became=pledge.state, account_id=account_id, why=WHY, at=now))  # fmt: skip
            pledge.named = False
            if not owed:
                pledge.payout_name = pledge.payout_iban = pledge.payout_bic = ""
            session.add(pledge)


def _owed(session: Session, account_id: int, row: LoanCampaign) -> bool:
    for name in (chart.loan, chart.due):
        account = name(account_id, row.id or 0, row.currency)
        if any(one.balance_minor for one in ledger.balances(
            session, kind=account.kind, owner_id=account.id, role=account.role, currency=account.currency
        )):  # fmt: skip
            return True
    return False


on_delete(leave)
