"""How bookings of the bank account stand in the book. Names of people never do."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlmodel import Session

from registry.ledger import book
from registry.ledger import queries as ledger
from registry.ledger.pen import Pen
from registry.ledger.schemas import AccountName, Transfer
from registry.lending import chart
from registry.lending.bank.rules import CARRIED
from registry.lending.bank.tables import BankEntry
from registry.lending.campaigns.tables import LoanCampaign


@dataclass(frozen=True, slots=True)
class Till:
    """A campaign's accounts of the book."""

    campaign_id: int
    fabricator_id: int
    design_id: int
    currency: str

    @property
    def bank(self) -> AccountName:
        """The bank account itself."""
        return chart.bank(self.campaign_id, self.currency)

    @property
    def unmatched(self) -> AccountName:
        """Paid in, and not yet assigned to anybody."""
        return chart.unmatched(self.campaign_id, self.currency)

    @property
    def unexplained(self) -> AccountName:
        """Gone from the bank account, and not yet known for what: minus its balance."""
        return AccountName(kind="campaign", id=str(self.campaign_id), role="unexplained", currency=self.currency)

    @property
    def charges(self) -> AccountName:
        """What the bank took for its services."""
        return chart.charges(self.campaign_id, self.currency)

    @property
    def owes(self) -> AccountName:
        """The fabricator's debt."""
        return chart.owes(self.fabricator_id, self.campaign_id, self.currency)

    @property
    def excess(self) -> AccountName:
        """Repaid above the debt."""
        return chart.excess(self.campaign_id, self.currency)

    @property
    def fund(self) -> AccountName:
        """The design's commons fund."""
        return chart.fund(self.design_id, self.currency)

    def loan(self, account_id: int) -> AccountName:
        """A lender's principal."""
        return chart.loan(account_id, self.campaign_id, self.currency)

    def due(self, account_id: int) -> AccountName:
        """What is to be paid out to a lender."""
        return chart.due(account_id, self.campaign_id, self.currency)


def till_of(campaign: LoanCampaign) -> Till:
    """The accounts of a campaign."""
    return Till(campaign.id or 0, campaign.fabricator_id, campaign.design_id, campaign.currency)


def ensure(session: Session, *names: AccountName) -> None:
    """Open the accounts that are not there yet, with the limits that the chart gives them."""
    pen = Pen(session)
    for name in names:
        if not pen.knows(name):
            never_owes = name.kind in ("person", "fund") or name.role in ("excess", "unmatched")
            always_owes = name.kind == "fabricator" or name.role == "unexplained"
            book.open_account(session, name, lowest_minor=0 if never_owes else None,
                              highest_minor=0 if always_owes else None)  # fmt: skip


def key_of(entry: BankEntry) -> str:
    """The idempotency key of a booking: the same booking is in the book once."""
    short = entry.key if entry.key == CARRIED else entry.key[:40]
    return f"entry-{entry.campaign_id}-{short}-{entry.occurrence}"


def noon(day: dt.date) -> dt.datetime:
    """A booking's day as a moment of the book; noon, so that it is the same day wherever it is read."""
    return dt.datetime.combine(day, dt.time(12), dt.UTC)


def move(
    session: Session, debit: AccountName, credit: AccountName, amount_minor: int, *, key: str, purpose: str,
    on: dt.date, by_id: int | None = None,
) -> None:  # fmt: skip
    """Book one transfer, its accounts opened if need be. Raises: Conflict, Invalid."""
    ensure(session, debit, credit)
    book.post(session, Transfer(debit=debit, credit=credit, amount_minor=amount_minor, key=key, purpose=purpose,
                                effective_at=noon(on), by_id=by_id))  # fmt: skip


def hold_unmatched(session: Session, till: Till, entry: BankEntry) -> None:
    """Book a booking that waits for a treasurer."""
    came = entry.amount_minor > 0
    move(
        session, till.bank if came else till.unexplained, till.unmatched if came else till.bank,
        abs(entry.amount_minor), key=key_of(entry),
        purpose="Paid in, not assigned yet" if came else "Gone from the account, not explained yet",
        on=entry.booked_on,
    )  # fmt: skip


def money_there(session: Session, till: Till) -> int:
    """What lies in the bank account and is not ordered to leave."""
    ensure(session, till.bank)
    found = ledger.balance(session, till.bank)
    return -found.balance_minor - found.pending_credits_minor
