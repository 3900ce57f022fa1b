"""Who speaks for a design here: whoever submitted it, and stewards for designs that nobody here submitted."""

from __future__ import annotations

from sqlmodel import Session

from registry.accounts.tables import Account
from registry.designs.tables import Design
from registry.errors import Forbidden


def is_maintainer(session: Session, design: Design, account_id: int | None) -> bool:
    """Whether an account speaks for a design."""
    if account_id is None:
        return False
    if design.owner_id is not None:
        return design.owner_id == account_id
    account = session.get(Account, account_id)
    return account is not None and account.is_steward


def require_maintainer(session: Session, design: Design, account_id: int) -> None:
    """Raises: Forbidden."""
    if not is_maintainer(session, design, account_id):
        who = "whoever submitted it" if design.owner_id is not None else "the stewards, for nobody here submitted it"
        raise Forbidden(f"Only the maintainers of {design.name} may do that: {who}.", "Ask them.")
