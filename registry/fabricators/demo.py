"""The example fabricators that come with Brickyard, read from OKW files."""

from __future__ import annotations

from pathlib import Path

from sqlmodel import select

from registry.fabricators import service, transfer
from registry.fabricators.tables import Fabricator, Member
from registry.stores.stores import Stores

EXAMPLES = Path(__file__).resolve().parent / "examples"


def load(stores: Stores) -> list[str]:
    """Add every example that is not here yet. Returns: the slugs of the new ones."""
    new = []
    for path in sorted(EXAMPLES.glob("*.okw.yaml")):
        read = transfer.read(path.read_bytes())
        with stores.db.reading() as session:
            known = select(Fabricator.id).where(Fabricator.name == read.fabricator.name, Fabricator.is_example)
            if session.exec(known).first() is not None:
                continue
        new.append(service.create(stores, None, read.fabricator, is_example=True))
    return new


def staff(stores: Stores, account_id: int) -> dict[str, int]:
    """Let an example account act for every example fabricator. Returns: slug -> id."""
    with stores.db.transaction() as session:
        found = session.exec(select(Fabricator).where(Fabricator.is_example)).all()
        for row in found:
            if session.get(Member, (row.id, account_id)) is None:
                session.add(Member(fabricator_id=row.id or 0, account_id=account_id, role="operator"))
        return {row.slug: row.id or 0 for row in found}
