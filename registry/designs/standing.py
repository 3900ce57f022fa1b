"""How a version stands: who has built it, copied onto versions and designs by the feature that keeps the reports."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from sqlmodel import Session, col, select

from registry.designs.tables import Design, Revision

Proven = Literal["untried", "failed", "author", "others"]
PROVEN_LABELS: dict[str, str] = {
    "others": "Built by others",
    "author": "Built by its author",
    "failed": "Failed so far",
    "untried": "Untried",
}


def standing_words(proven: str, others: int, failed: int) -> str:
    """A standing as chips, lists and JSON say it."""
    lost = f"failed for {failed}" if failed else ""
    if proven == "others":
        built = f"built by {others} other{'' if others == 1 else 's'}"
    else:
        built = "built by its author" if proven == "author" else ""
    return ", ".join(part for part in (built, lost) if part) or "untried"


def set_standing(
    session: Session, revision_id: int, proven: str, others: int, failed: int, proven_at: dt.datetime | None
) -> None:
    """Note how a version stands, and show it at its design if it is the newest."""
    row = session.get_one(Revision, revision_id)
    row.proven, row.others, row.failed, row.proven_at = proven, others, failed, proven_at
    session.add(row)
    session.flush()
    show_standing(session, session.get_one(Design, row.design_id))


def show_standing(session: Session, design: Design) -> None:
    """Copy to a design how its newest version stands: a version inherits nothing of those before it."""
    rows = session.exec(
        select(Revision).where(Revision.design_id == design.id, Revision.current).order_by(col(Revision.position))
    ).all()
    newest = next((row for row in rows if row.newest), None)
    if newest is None:
        return
    design.proven, design.others, design.failed = newest.proven, newest.others, newest.failed
    design.proven_at = newest.proven_at
    design.standing = standing_words(newest.proven, newest.others, newest.failed)
    design.proven_version = next((row.name for row in rows if row.proven in ("others", "author")), "")
    session.add(design)
