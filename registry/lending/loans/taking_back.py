"""A sale taken back: its price was wrong, or the unit came back. Its parts go back as transfers of their own.

What is still promised is owed no longer. What was passed on has reached lenders or the fund: it stays there, as a
payment that reduced the debt, and counts for later sales, whose parts it fills first.
"""

from __future__ import annotations

from sqlmodel import Session, select

from registry.batches.roles import require_operator
from registry.errors import Conflict, Invalid, NotFound
from registry.ledger import book
from registry.lending import chart
from registry.lending.campaigns.tables import LoanCampaign
from registry.lending.campaigns.treasurers import is_treasurer
from registry.lending.loans import rules
from registry.lending.loans.payback import Move, balance, held_loan, open_accounts, write
from registry.lending.loans.reward import got_of, reward_of
from registry.lending.loans.sales import standing
from registry.lending.loans.schemas import WhyWish
from registry.lending.loans.tables import LoanSale, LoanSaleBack
from registry.lending.policy import amount
from registry.stores.stores import Stores


def take_back(stores: Stores, account_id: int, number: int, sale: int, wish: WhyWish) -> None:
    """Take back a sale by its number, as an operator of the fabricator or a treasurer; the row stays, with the reason.

    Raises: Conflict, Forbidden, Invalid, NotFound.
    """
    why = wish.why.strip()
    if not why or not why.isprintable():
        raise Invalid("A reason in one line is kept with it.", "Say what was wrong.", field="why")
    with stores.db.transaction() as session:
        row, now = held_loan(session, number)
        if not is_treasurer(session, account_id):
            require_operator(session, row.fabricator_id, account_id)
        found = session.exec(select(LoanSale).where(LoanSale.campaign_id == number, LoanSale.number == sale)).first()
        if found is None:
            raise NotFound(f"Loan {number} has no sale {sale}.", "Look at its sales.")
        if session.exec(select(LoanSaleBack.id).where(LoanSaleBack.sale_id == found.id)).first() is not None:
            raise Conflict(f"Sale {sale} is taken back already.", "Record the right one anew.")
        moves, ahead = _moves(session, row, found)
        written = write(session, moves, f"sale-{number}-{sale}-back", by_id=account_id)
        session.add(LoanSaleBack(sale_id=found.id or 0, ahead_minor=ahead, seq=written[0].seq, why=why,
                                 account_id=account_id, at=now))  # fmt: skip
        session.flush()
        _require_rewards_hold(session, row)


def _moves(session: Session, row: LoanCampaign, sale: LoanSale) -> tuple[list[Move], int]:
    """What goes back to the sales, and how much of it was passed on already."""
    loan = open_accounts(session, row)
    kept = sum(one.kept_minor for one in standing(session, row.id or 0))
    back = rules.pour_back(
        {"commons": sale.commons_minor, "lenders": sale.lenders_minor, "kept": sale.kept_minor},
        promised_minor=balance(session, loan.promised), fund_promised_minor=balance(session, loan.fund_promised),
        let_go_minor=balance(session, loan.kept) - kept,
    )  # fmt: skip
    _open_ahead(session, row, back)
    names = {"fund_promised": loan.fund_promised, "promised": loan.promised, "kept": loan.kept,
             "ahead": loan.ahead, "fund_ahead": loan.fund_ahead}  # fmt: skip
    words = {"ahead": "Sale taken back, passed on already: for later ones",
             "fund_ahead": "Sale taken back, passed on already: for later ones"}  # fmt: skip
    moves = [Move(names[name], loan.sales, minor, words.get(name, "Sale taken back")) for name, minor in back.items()]
    return moves, back["ahead"] + back["fund_ahead"]


def _open_ahead(session: Session, row: LoanCampaign, back: dict[str, int]) -> None:
    for name, account in (("ahead", chart.ahead), ("fund_ahead", chart.fund_ahead)):
        if back[name]:
            book.open_account(session, account(row.fabricator_id, row.id or 0, row.currency), highest_minor=0)


def _require_rewards_hold(session: Session, row: LoanCampaign) -> None:
    """A reward that was a share of this sale and has gone to lenders is not taken from them. Raises: Conflict."""
    got, left = sum(got_of(session, row).values()), reward_of(session, row)
    if got > left:
        raise Conflict(
            f"{amount(got, row.currency)} of sales has gone to the lenders as their reward; without this sale it would "
            f"be {amount(left, row.currency)}.",
            "Record later sales first: this one can be taken back once the reward covers what lenders got.",
        )  # fmt: skip
