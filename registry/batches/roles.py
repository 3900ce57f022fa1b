"""Who may do what for a fabricator: viewers read, operators act, owners do all."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from registry.fabricators.service import examples_of, require_role
from registry.fabricators.service import role_of as role_of
from registry.fabricators.tables import Fabricator, Member

ACTING = ("owner", "operator")


def require_operator(session: Session, fabricator_id: int, account_id: int) -> None:
    """Raises: Forbidden with a sentence for viewers and for strangers."""
    require_role(session, fabricator_id, account_id, "operator")


def fabricators_of(session: Session, account_id: int) -> dict[int, str]:
    """fabricator's id -> role, of everything that an account belongs to."""
    rows = session.exec(select(Member.fabricator_id, Member.role).where(col(Member.account_id) == account_id))
    return examples_of(session, account_id) | dict(rows.all())


def acts_for_slugs(session: Session, account_id: int | None, slugs: Sequence[str]) -> set[str]:
    """Which of some fabricators an account may act for."""
    rows = session.exec(select(Fabricator.id, Fabricator.slug).where(col(Fabricator.slug).in_(slugs))).all()
    return {slug for id_, slug in rows if role_of(session, id_ or 0, account_id) in ACTING}


def own_shops(session: Session, account_id: int) -> list[tuple[str, str]]:
    """(slug, name) of the fabricators that an account may act for, by name."""
    acting = [id_ for id_, role in fabricators_of(session, account_id).items() if role in ACTING]
    chosen = select(Fabricator.slug, Fabricator.name).where(col(Fabricator.id).in_(acting))
    return list(session.exec(chosen.order_by(Fabricator.name)).all())
