"""The names of lending's accounts in the book.

A balance is credits less debits; a transfer goes from the debit account (it gives) to the credit account (it receives).
"""

from __future__ import annotations

from sqlmodel import Session

from registry.ledger import book
from registry.ledger.schemas import AccountName


def bank(campaign_id: int, currency: str) -> AccountName:
    """The campaign's own bank account, outside the registry: minus its balance is what lies there."""
    return AccountName(kind="external", id=str(campaign_id), role="bank", currency=currency)


def loan(account_id: int, campaign_id: int, currency: str) -> AccountName:
    """What a campaign owes to a lender as principal."""
    return AccountName(kind="person", id=str(account_id), role=f"loan-{campaign_id}", currency=currency)


def due(account_id: int, campaign_id: int, currency: str) -> AccountName:
    """What is to be paid out to a lender now."""
    return AccountName(kind="person", id=str(account_id), role=f"due-{campaign_id}", currency=currency)


def unmatched(campaign_id: int, currency: str) -> AccountName:
    """Paid in and not yet assigned to anybody."""
    return AccountName(kind="campaign", id=str(campaign_id), role="unmatched", currency=currency)


def excess(campaign_id: int, currency: str) -> AccountName:
    """Repaid above the debt: held and flagged."""
    return AccountName(kind="campaign", id=str(campaign_id), role="excess", currency=currency)


def reward(campaign_id: int, currency: str) -> AccountName:
    """What was paid beyond the principal: it goes on to lenders at once, and is told apart from principal by this."""
    return AccountName(kind="campaign", id=str(campaign_id), role="reward", currency=currency)


def charges(campaign_id: int, currency: str) -> AccountName:
    """What the bank took for its services: minus its balance."""
    return AccountName(kind="campaign", id=str(campaign_id), role="charges", currency=currency)


def owes(fabricator_id: int, campaign_id: int, currency: str) -> AccountName:
    """The fabricator's debt to the campaign: minus its balance."""
    return AccountName(kind="fabricator", id=str(fabricator_id), role=f"owes-{campaign_id}", currency=currency)


def fund(design_id: int, currency: str) -> AccountName:
    """The commons fund of a design."""
    return AccountName(kind="fund", id=str(design_id), role="money", currency=currency)


def open_campaign(session: Session, campaign_id: int, fabricator_id: int, currency: str) -> None:
    """The accounts of a campaign that opens; nothing for those that are there. Whoever writes after is in the book."""
    book.open_account(session, bank(campaign_id, currency))
    book.open_account(session, unmatched(campaign_id, currency), lowest_minor=0)
    book.open_account(session, excess(campaign_id, currency), lowest_minor=0)
    book.open_account(session, charges(campaign_id, currency))
    book.open_account(session, owes(fabricator_id, campaign_id, currency), highest_minor=0)


def open_lender(session: Session, account_id: int, campaign_id: int, currency: str) -> None:
    """The accounts of a lender in a campaign: neither ever owes."""
    book.open_account(session, loan(account_id, campaign_id, currency), lowest_minor=0)
    book.open_account(session, due(account_id, campaign_id, currency), lowest_minor=0)


# --- from loan to payback


def lost(fabricator_id: int, campaign_id: int, currency: str) -> AccountName:
    """The debt that was written off: minus its balance. It is still claimed, and what comes in late reduces it."""
    return AccountName(kind="fabricator", id=str(fabricator_id), role=f"lost-{campaign_id}", currency=currency)


def sales(fabricator_id: int, campaign_id: int, currency: str) -> AccountName:
    """What the fabricator took in for units, outside the registry: minus its balance. It never falls.

    The same money again, by where it is: `kept`, `promised` (the lenders'), `fund_promised`, `passed`.
    """
    return AccountName(kind="fabricator", id=str(fabricator_id), role=f"sales-{campaign_id}", currency=currency)


def kept(fabricator_id: int, campaign_id: int, currency: str) -> AccountName:
    """What the fabricator keeps of its sales."""
    return AccountName(kind="fabricator", id=str(fabricator_id), role=f"kept-{campaign_id}", currency=currency)


def passed(fabricator_id: int, campaign_id: int, currency: str) -> AccountName:
    """What the fabricator has passed on of its sales: seen on the campaign's statement."""
    return AccountName(kind="fabricator", id=str(fabricator_id), role=f"passed-{campaign_id}", currency=currency)


def promised(campaign_id: int, currency: str) -> AccountName:
    """What sales owe to the lenders and the fabricator has not passed on yet."""
    return AccountName(kind="campaign", id=str(campaign_id), role="promised", currency=currency)


def fund_promised(campaign_id: int, currency: str) -> AccountName:
    """What sales owe to the design's commons fund and the fabricator has not passed on yet."""
    return AccountName(kind="campaign", id=str(campaign_id), role="fund-promised", currency=currency)


def ahead(fabricator_id: int, campaign_id: int, currency: str) -> AccountName:
    """What was passed on to lenders for sales that were taken back, minus its balance: later ones owe that less."""
    return AccountName(kind="fabricator", id=str(fabricator_id), role=f"ahead-{campaign_id}", currency=currency)


def fund_ahead(fabricator_id: int, campaign_id: int, currency: str) -> AccountName:
    """The same of what was passed on to the commons fund."""
    return AccountName(kind="fabricator", id=str(fabricator_id), role=f"fund-ahead-{campaign_id}", currency=currency)


def open_payback(session: Session, campaign_id: int, fabricator_id: int, currency: str) -> None:
    """The accounts of sales and of a debt written off; nothing for those that are there."""
    book.open_account(session, lost(fabricator_id, campaign_id, currency), highest_minor=0)
    book.open_account(session, sales(fabricator_id, campaign_id, currency), highest_minor=0)
    for name in (kept(fabricator_id, campaign_id, currency), passed(fabricator_id, campaign_id, currency),
                 promised(campaign_id, currency), fund_promised(campaign_id, currency)):  # fmt: skip
        book.open_account(session, name, lowest_minor=0)
