"""Short names for accounts and transfers of the book."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from registry.ledger import book
from registry.ledger.schemas import AccountName, Entry, Transfer
from registry.stores.stores import Stores


def account(name: str) -> AccountName:
    """'campaign/1/funds' or 'person/2/hours/HOURS' as an account; euros unless it says otherwise."""
    kind, owner, role, *currency = name.split("/")
    return AccountName(kind=kind, id=owner, role=role, currency=currency[0] if currency else "EUR")  # type: ignore[arg-type]


def moved(debit: str, credit: str, amount_minor: int, key: str, **more: Any) -> Transfer:
    return Transfer(
        debit=account(debit), credit=account(credit), amount_minor=amount_minor, key=key,
        **({"purpose": "Test"} | more),
    )  # fmt: skip


BANK = "external/bank/main"
FUNDS = "campaign/1/funds"
ANNA = "person/1/paid"
BEN = "person/2/paid"


def opened(stores: Stores, *names: str) -> None:
    """The bank without limits, and accounts that never owe; four unless others are named."""
    with stores.db.transaction() as session:
        book.open_account(session, account(BANK))
        for name in names or (FUNDS, ANNA, BEN):
            book.open_account(session, account(name), lowest_minor=0)


def post(stores: Stores, *args: Any, **more: Any) -> Entry:
    with stores.db.transaction() as session:
        return book.post(session, moved(*args, **more))


def balance(session: Session, name: str) -> int:
    from registry.ledger import queries

    return queries.balance(session, account(name)).balance_minor
