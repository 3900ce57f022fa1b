"""What was paid above all that was owed, once a later sale makes something owed. Whoever calls holds the loan's row."""

from __future__ import annotations

from sqlmodel import Session

from registry.ledger import queries as ledger
from registry.lending.campaigns.tables import LoanCampaign
from registry.lending.loans.payback import Move, balance, open_accounts, outstanding_of, reward_moves, write
from registry.lending.loans.reward import shares_of


def use_excess(session: Session, row: LoanCampaign, key: str, by_id: int) -> None:
    """Turn what is held into what is owed now: the lenders' reward, once all principal is back, then the fund's part.

    What is on its way back to the fabricator already stays out of it.
    """
    loan = open_accounts(session, row)
    found = ledger.balance(session, loan.excess)
    free = found.balance_minor - found.pending_debits_minor
    if free <= 0:
        return
    reward, got = shares_of(session, row, free) if not outstanding_of(session, loan) else ({}, {})
    part = min(free - sum(reward.values()), balance(session, loan.fund_promised))
    write(session, [
        *reward_moves(session, loan, loan.excess, reward, got),
        Move(loan.fund_promised, loan.passed, part, "Passed on of sales"),
        Move(loan.excess, loan.fund, part, "The commons fund's part of sales", "units"),
    ], key, by_id=by_id)  # fmt: skip
