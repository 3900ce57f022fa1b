"""Who may do what for a fabricator: viewers read, operators act, owners do all."""

from __future__ import annotations

from sqlmodel import Session, col, select

from registry.errors import Forbidden
from registry.fabricators.tables import Fabricator, Member

ACTING = ("owner", "operator")


def role_of(session: Session, fabricator_id: int, account_id: int | None) -> str:
    """owner, operator or viewer; empty for others."""
    if account_id is None:
        return ""
    found = session.exec(
        select(Member.role).where(Member.fabricator_id == fabricator_id, Member.account_id == account_id)
    ).first()
    return found or ""


def require_operator(session: Session, fabricator_id: int, account_id: int) -> None:
    """Raises: Forbidden with a sentence for viewers and for strangers."""
    role = role_of(session, fabricator_id, account_id)
    if role in ACTING:
        return
    name = session.exec(select(Fabricator.name).where(Fabricator.id == fabricator_id)).one()
    if role:
        raise Forbidden(f"You may look at what {name} does, not act for it.", "Ask its owner to make you an operator.")
    raise Forbidden(f"Only the people of {name} may do that.", "Ask its owner to add you.")


def fabricators_of(session: Session, account_id: int) -> dict[int, str]:
    """fabricator's id -> role, of everything that an account belongs to."""
    rows = session.exec(select(Member.fabricator_id, Member.role).where(col(Member.account_id) == account_id))
    return dict(rows.all())
