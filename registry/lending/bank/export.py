"""Bookings as a table for other programs; no cell is a formula there."""

from __future__ import annotations

import csv
import io

from sqlmodel import Session, col, select

from registry.ledger.export import cell
from registry.ledger.money import iso_currency, plain
from registry.lending.bank.queries import campaign_of, masked
from registry.lending.bank.tables import BankEntry

COLUMNS = ("number", "booked", "value", "amount", "currency", "name", "account", "text", "bank_reference",
           "end_to_end", "state", "reasons")  # fmt: skip


def entries_csv(session: Session, account_id: int, number: int) -> str:
    """All bookings of a campaign's account, the oldest first. Raises: Forbidden, NotFound."""
    campaign = campaign_of(session, account_id, number)
    exponent = iso_currency(campaign.currency).exponent
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(COLUMNS)
    rows = session.exec(
        select(BankEntry).where(BankEntry.campaign_id == number)
        .order_by(col(BankEntry.booked_on), col(BankEntry.id))
    )  # fmt: skip
    for row in rows:
        words = (row.name, masked(row.iban), row.text, row.bank_reference, row.end_to_end, row.state,
                 " ".join(row.reasons))  # fmt: skip
        table.writerow([row.id, row.booked_on, row.valued_on, plain(row.amount_minor, exponent), campaign.currency,
                        *map(cell, words)])  # fmt: skip
    return out.getvalue()
