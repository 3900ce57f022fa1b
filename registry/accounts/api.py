"""JSON of accounts: who is asking."""

from __future__ import annotations

from flask import Blueprint

from registry.accounts import queries
from registry.accounts.schemas import AccountReport
from registry.web import people
from registry.web.context import stores
from registry.web.openapi import operation

blueprint = Blueprint("accounts_api", __name__)


@operation(blueprint, "GET", "/account", answers={200: AccountReport}, account=True)
def read_account() -> AccountReport:
    """Whose token this is."""
    with stores().db.reading() as session:
        return queries.report(session, people.required().id)
