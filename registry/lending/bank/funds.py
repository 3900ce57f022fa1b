"""A commons fund's money: where it lies, to which account it is paid over, and the payments that do so.

What comes to a fund through a campaign comes into that campaign's bank account. The fund's own account gets it by a
payment like any other: proposed, approved by a second treasurer, true once the statement shows it.
"""

from __future__ import annotations

from sqlalchemy import func
from sqlmodel import Session, col, select

from registry.commons import links
from registry.commons.fund import bank_name, fund_name
from registry.designs.maintainers import require_maintainer
from registry.designs.queries import find_design
from registry.designs.tables import Design
from registry.errors import Conflict, Invalid
from registry.ledger import queries as ledger
from registry.ledger.money import iso_currency, plain
from registry.lending.bank.booking import till_of
from registry.lending.bank.ordering import OPEN, propose
from registry.lending.bank.tables import FundAccount, PaymentOrder
from registry.lending.books.rules import campaign_of
from registry.lending.campaigns.tables import LoanCampaign
from registry.lending.campaigns.treasurers import require_treasurer
from registry.lending.loans.payback import held_loan
from registry.lending.paying import Payee, check_payee
from registry.stores.clock import database_now
from registry.stores.stores import Stores

KIND = "pay over"


def lying(session: Session, design_id: int, currency: str) -> dict[int, int]:
    """campaign -> what of a design's fund lies in its bank account: all that came by it, less what was paid over."""
    found: dict[int, int] = {}
    # The fund's bank account lies outside: what came into it stands in the book as what it gave, below zero.
    for name in (fund_name(design_id, currency), bank_name(design_id, currency)):
        for other, given in ledger.exchanged(session, name).items():
            number = campaign_of(other)
            if number is not None:
                found[number] = found.get(number, 0) + given
    return {number: minor for number, minor in sorted(found.items()) if minor}


def ordered(session: Session, number: int) -> int:
    """What is on its way from a campaign's account to the fund's."""
    found = select(func.coalesce(func.sum(PaymentOrder.amount_minor), 0)).where(
        PaymentOrder.campaign_id == number, PaymentOrder.kind == KIND, col(PaymentOrder.state).in_(OPEN)
    )
    return int(session.exec(found).one())


def places(session: Session, design_id: int, currency: str) -> list[links.Place]:
    """Where a fund's money lies, for its page."""
    return [
        links.Place(number, minor, ordered(session, number))
        for number, minor in lying(session, design_id, currency).items()
    ]


links.set_places(places)


def free_for_fund(session: Session, campaign: LoanCampaign) -> int:
    """What of the fund lies in a campaign's account and is not ordered to the fund's own."""
    number = campaign.id or 0
    return lying(session, campaign.design_id, campaign.currency).get(number, 0) - ordered(session, number)


# --- the fund's own account


def fund_payee(session: Session, design_id: int) -> Payee | None:
    """Where a design's fund receives money."""
    row = session.exec(
        select(FundAccount).where(FundAccount.design_id == design_id).order_by(col(FundAccount.id).desc()).limit(1)
    ).first()
    return Payee(row.name, row.iban, row.bic) if row else None


def set_fund_payee(stores: Stores, account_id: int, slug: str, payee: Payee) -> None:
    """Say where a design's fund receives money, as a maintainer. Orders that are proposed keep theirs.

    Raises: Invalid, Conflict for a campaign's account, Forbidden, NotFound.
    """
    payee = check_payee(payee)
    with stores.db.transaction() as session:
        design = find_design(session, slug)
        require_maintainer(session, design, account_id)
        _refuse_campaigns(session, payee)
        session.add(FundAccount(design_id=design.id or 0, name=payee.name, iban=payee.iban, bic=payee.bic,
                                account_id=account_id, at=database_now(session)))  # fmt: skip


def _refuse_campaigns(session: Session, payee: Payee) -> None:
    """Money that goes from a campaign's account to itself, or to another campaign's, would be counted twice."""
    own = session.exec(select(LoanCampaign.id).where(LoanCampaign.payee_iban == payee.iban).limit(1)).first()
    if own is not None:
        raise Conflict(f"That is the account of campaign {own}: its statements count what comes there.",
                       "Give the fund an account of its own.", field="iban")  # fmt: skip


# --- paying over


def why_not(session: Session, campaign: LoanCampaign) -> str:
    """Why a treasurer can't propose to pay over now, in a sentence; '' if they can."""
    if free_for_fund(session, campaign) <= 0:
        return "All that is the fund's is paid over or ordered."
    if fund_payee(session, campaign.design_id) is None:
        name = session.get_one(Design, campaign.design_id).name
        return f"The maintainers of {name} have not said where its fund receives money."
    return ""


def propose_pay_over(
    stores: Stores, account_id: int, number: int, why: str, amount_minor: int | None = None
) -> int:  # fmt: skip
    """Propose to pay what is the commons fund's over to its own account, as a treasurer; None: all of it.

    Returns: the payment's id. Raises: Conflict, Forbidden, Invalid, NotFound.
    """
    with stores.db.transaction() as session:
        require_treasurer(session, account_id)
        campaign, _ = held_loan(session, number)
        if said := why_not(session, campaign):
            raise Conflict(said, "Look at the design's fund.")
        free = free_for_fund(session, campaign)
        wanted = free if amount_minor is None else amount_minor
        if not 0 < wanted <= free:
            exponent = iso_currency(campaign.currency).exponent
            raise Invalid(f"{plain(free, exponent)} {campaign.currency} lies here for the fund.",
                          "Pay over at most that much.", field="amount")  # fmt: skip
        payee = fund_payee(session, campaign.design_id)
        assert payee is not None
        _refuse_campaigns(session, payee)
        source = bank_name(campaign.design_id, till_of(campaign).currency)
        order = propose(session, campaign, KIND, source, wanted, payee, f"Commons fund, from campaign {number}",
                        by_id=account_id, why=why)  # fmt: skip
        return order.id or 0
