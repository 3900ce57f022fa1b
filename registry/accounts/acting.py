"""What commands share that act for somebody: whoever may run them holds the database, so a handle is enough."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TypeVar

import click
from pydantic import BaseModel
from sqlmodel import Session

from registry.accounts.queries import find_account
from registry.errors import Invalid, NotFound
from registry.stores.stores import Stores

_Model = TypeVar("_Model", bound=BaseModel)

as_option = click.option("--as", "handle", required=True, metavar="HANDLE", help="Whose action it is.")
why_option = click.option("--why", default="", help="The reason that is kept with it.")
file_argument = click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))


def account_of(session: Session, handle: str) -> int:
    """The id of an account. Raises: NotFound."""
    account = find_account(session, handle)
    if account is None or account.id is None:
        raise NotFound(f"There is no account called {handle[:80]}.", "Check the handle.")
    return account.id


def who(stores: Stores, handle: str) -> int:
    """The same, looked up by itself. Raises: NotFound."""
    with stores.db.reading() as session:
        return account_of(session, handle)


def read_wish(file: Path, model: type[_Model]) -> _Model:
    """A wish as JSON, in the form that the JSON interface takes. Raises: Invalid."""
    text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    try:
        values = json.loads(text)
    except ValueError as error:
        raise Invalid(f"{file} is not JSON.", "See /api/v1/openapi.json for what is taken.") from error
    return model.model_validate(values)
