"""JSON of the book: the head of its chain, accounts, statements; only what the reader may see."""

from __future__ import annotations

from flask import Blueprint, request
from pydantic import ValidationError
from sqlmodel import Session

from registry.errors import NotFound
from registry.ledger import queries, reading
from registry.ledger.schemas import AccountList, AccountName, AccountQuery, Head, Statement, StatementQuery
from registry.web import people
from registry.web.context import stores
from registry.web.openapi import operation

blueprint = Blueprint("ledger_api", __name__)


def _reader(session: Session) -> reading.Reader:
    person = people.current()
    hooks = stores().hooks.get(reading.HOOK, ())
    return reading.reader_of(session, person.id if person else None, bool(person and person.is_steward), hooks)


@operation(blueprint, "GET", "/ledger", answers={200: Head})
def read_ledger_head() -> Head:
    """The end of the book's chain of hashes: whoever keeps it can check later that nothing before it was changed."""
    with stores().db.reading() as session:
        return queries.head(session)


@operation(blueprint, "GET", "/ledger/accounts", query=AccountQuery, answers={200: AccountList})
def list_ledger_accounts(query: AccountQuery) -> AccountList:
    """Accounts of the book that I may see, with their balances."""
    with stores().db.reading() as session:
        found = reading.list_accounts(session, query, _reader(session))
    return found.model_copy(update={"next": request.path + found.next if found.next else None})


@operation(
    blueprint, "GET", "/ledger/accounts/<kind>/<owner>/<role>/<currency>", query=StatementQuery,
    answers={200: Statement},
)  # fmt: skip
def read_ledger_statement(kind: str, owner: str, role: str, currency: str, query: StatementQuery) -> Statement:
    """An account's transfers, the oldest first."""
    try:
        name = AccountName(kind=kind, id=owner, role=role, currency=currency)  # type: ignore[arg-type]
    except ValidationError as error:
        raise NotFound("There is no such account.", "See /api/v1/ledger/accounts.") from error
    with stores().db.reading() as session:
        return reading.read_statement(session, name, query, _reader(session))
