"""Use cases of lending."""

from __future__ import annotations

import hashlib

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from registry.accounts.tables import Account
from registry.errors import Conflict, Forbidden, Invalid
from registry.lending import policy, queries
from registry.lending.schemas import PolicyWish
from registry.lending.tables import LendingPolicy
from registry.stores.clock import database_now
from registry.stores.stores import Stores


def change_policy(stores: Stores, account_id: int, wish: PolicyWish) -> int:
    """Let another policy hold from now on, with the reason. Returns: its number.

    Loans and pledges that are there keep the terms they were made under. Raises: Invalid, Forbidden, Conflict.
    """
    wanted = policy.parse(wish.text)
    why = wish.why.strip()
    if not why or not why.isprintable():
        raise Invalid("The policy changes for a reason.", "Say it in one line.", field="why")
    try:
        with stores.db.transaction() as session:
            _require_steward(session, account_id)
            number, text = queries.policy_text(session)
            if text == wish.text or (number and policy.parse(text) == wanted):
                raise Conflict("That is the policy which holds already.", "Change something in it first.")
            session.add(
                LendingPolicy(
                    number=number + 1, text=wish.text, sha256=sha256_of(wish.text), why=why, account_id=account_id,
                    at=database_now(session),
                )
            )  # fmt: skip
            return number + 1
    except IntegrityError as error:
        raise Conflict("Another policy was imported in the same moment.", "Read it, then decide anew.") from error


def sha256_of(text: str) -> str:
    """The hash that a policy or terms are known by."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _require_steward(session: Session, account_id: int) -> None:
    row = session.get(Account, account_id)
    if row is None or not row.is_steward:
        raise Forbidden("Only the stewards of this registry change its policy.", "Ask one of them.")
