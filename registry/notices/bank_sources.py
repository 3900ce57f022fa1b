"""Events of campaigns' bank accounts: money that left though it was not to, payments that the bank sent back."""

from __future__ import annotations

from sqlmodel import Session

from registry.batches.money import money
from registry.lending.bank.tables import BankAct, BankEntry, PaymentOrder
from registry.lending.campaigns.tables import LoanCampaign, Pledge
from registry.lending.campaigns.treasurers import treasurer_ids
from registry.notices import rules, sources
from registry.notices.rules import Telling
from registry.notices.sources import Events, Told


def install() -> None:
    """Have notices made of them."""
    sources.add(Events("bank", BankAct, _of_act))


def _of_act(session: Session, row: BankAct) -> Told | None:
    if row.action == "warn" and row.entry_id is not None:
        return _warning(session, row, session.get_one(BankEntry, row.entry_id))
    if row.action == "return" and row.order_id is not None:
        return _returned(session, row, session.get_one(PaymentOrder, row.order_id))
    return None


def _warning(session: Session, row: BankAct, entry: BankEntry) -> Told:
    """Treasurers hear at once of money that has left otherwise than they signed."""
    currency = session.get_one(LoanCampaign, row.campaign_id).currency
    left = money(-entry.amount_minor, currency)
    title = f"{left} has left the account of campaign {row.campaign_id} and was not to leave so"
    tellings = [Telling("treasurers", "loans", title, rules.line(row.why, 400))]
    return Told(row.id or 0, row.at, f"/lending/{row.campaign_id}/bank/queue/{entry.id}", tellings,
                {"treasurers": treasurer_ids(session)})  # fmt: skip


def _returned(session: Session, row: BankAct, order: PaymentOrder) -> Told | None:
    """A lender hears that a payment to them came back: they may name another account."""
    if order.pledge_id is None:
        return None
    pledge = session.get_one(Pledge, order.pledge_id)
    sent = money(order.amount_minor, session.get_one(LoanCampaign, row.campaign_id).currency)
    title = f"The bank has sent back {sent} that was paid to you"
    text = "It is due to you as before. Look at the account that you have named, and name another if it is closed."
    return Told(row.id or 0, row.at, f"/lending/pledges/{pledge.id}", [Telling("lender", "loans", title, text)],
                {"lender": {pledge.account_id}})  # fmt: skip
