"""A design's fund in the book: its accounts, and how money comes into it. For whoever books something for a design."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from sqlmodel import Session

from registry.ledger import book
from registry.ledger import queries as ledger
from registry.ledger.schemas import AccountName, Transfer

Source = Literal["units", "gifts", "forgiven", "other"]


def fund_name(design_id: int, currency: str) -> AccountName:
    """The fund's account: it never owes."""
    return AccountName(kind="fund", id=str(design_id), role="money", currency=currency)


def bank_name(design_id: int, currency: str) -> AccountName:
    """The fund's own bank account: minus its balance is what lies there. Money from campaigns lies in theirs."""
    return AccountName(kind="external", id=f"fund-{design_id}", role="bank", currency=currency)


def in_bank(session: Session, design_id: int, currency: str) -> int:
    """What lies in the fund's own bank account."""
    name = bank_name(design_id, currency)
    found = ledger.balances(session, kind=name.kind, owner_id=name.id, role=name.role, currency=currency)
    return -sum(each.balance_minor for each in found)


def open_fund(session: Session, design_id: int, currency: str) -> AccountName:
    """A design's fund in a currency, opened unless it is there. In a transaction; before transfers into it."""
    name = fund_name(design_id, currency)
    book.open_account(session, name, lowest_minor=0)
    return name


def income(
    source: Source, design_id: int, giver: AccountName, amount_minor: int, *, cause: str, purpose: str,
    by_id: int | None = None, effective_at: dt.datetime | None = None,
) -> Transfer:  # fmt: skip
    """A transfer into a design's fund, by its source; `cause` names what it is for, once (`unit-12-3`)."""
    return Transfer(
        debit=giver, credit=fund_name(design_id, giver.currency), amount_minor=amount_minor,
        key=f"fund-{source}-{cause}", purpose=purpose, by_id=by_id, effective_at=effective_at,
    )  # fmt: skip
