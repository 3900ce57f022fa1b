"""Who may speak for a design's fund: its maintainers, those whom they named, and those who contributed here."""

from __future__ import annotations

from sqlmodel import Session, col, select

from registry.accounts.tables import Account
from registry.commons import links
from registry.commons.tables import CommonsNamed
from registry.designs.tables import Design
from registry.errors import Forbidden

MAINTAINS, NAMED, KEEPS = "maintains it", "named by its maintainers", "a steward of this registry"


def _maintainers(session: Session, design: Design) -> set[int]:
    if design.owner_id is not None:
        return {design.owner_id}
    return {found for found in session.exec(select(Account.id).where(Account.is_steward)) if found is not None}


def named_now(session: Session, design_id: int) -> set[int]:
    """Those whom the maintainers named, and have not taken back."""
    rows = session.exec(
        select(CommonsNamed).where(CommonsNamed.design_id == design_id).order_by(col(CommonsNamed.id))
    ).all()
    return {who for who, named in {row.account_id: row.named for row in rows}.items() if named}


def speakers(session: Session, design: Design) -> dict[int, list[str]]:
    """account's id -> why they may speak. Where that is one person alone, the stewards speak too: two must agree."""
    found: dict[int, list[str]] = {who: [MAINTAINS] for who in sorted(_maintainers(session, design))}
    gone = set(session.exec(select(Account.id).where(col(Account.deleted_at).is_not(None))))
    for who, because in links.contributors_of(session, design.id or 0).items():
        found.setdefault(who, []).extend(because)
    for who in sorted(named_now(session, design.id or 0)):
        found.setdefault(who, []).append(NAMED)
    if len(found.keys() - gone) < 2:
        for steward in session.exec(select(Account.id).where(Account.is_steward).order_by(col(Account.id))):
            found.setdefault(steward or 0, []).append(KEEPS)
    return {who: because for who, because in found.items() if who not in gone}


def require_speaker(session: Session, design: Design, account_id: int) -> None:
    """Raises: Forbidden with who may."""
    if account_id not in speakers(session, design):
        raise Forbidden(
            f"That is for those who maintain {design.name} or contributed to it.",
            "Tell of a build, or ask its maintainers to name you.",
        )
