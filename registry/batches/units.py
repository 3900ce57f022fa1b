"""Use cases of units: numbers, notes, and who stands on which side of one. Whoever changes units holds the batch's
row."""

from __future__ import annotations

import datetime as dt

from sqlmodel import Session, col, select

from registry.batches import rules, service, unit_counts, unit_rules
from registry.batches.batch_schemas import CountWish
from registry.batches.makers import require_maker as require_maker
from registry.batches.roles import role_of
from registry.batches.tables import Batch, BatchMaker, Reservation
from registry.batches.unit_schemas import NoteWish, NumberWish
from registry.batches.unit_tables import Unit, UnitNote
from registry.designs.tables import Design
from registry.errors import Conflict, Forbidden, Invalid, NotFound
from registry.stores.stores import Stores


def number(stores: Stores, account_id: int, batch_id: int, wish: NumberWish) -> int:
    """Give serial numbers to a batch that has begun, or to further units of it. Returns: how many have one now.

    Raises: Conflict, Forbidden, Invalid, NotFound.
    """
    with stores.db.transaction() as session:
        batch, now = service.held(session, batch_id)
        require_maker(session, batch_id, account_id)
        if batch.state not in rules.MAKING:
            raise Conflict(
                f"This batch is {batch.state}: its units have no numbers.", "They are numbered when it is made."
            )
        slug = session.get_one(Design, batch.design_id).slug
        pattern = unit_rules.check_pattern(wish.pattern or unit_rules.default_pattern(slug, batch_id))
        had = unit_counts.standings(session, batch_id)
        done = service.counted(session, batch_id)
        if not had and done.get("shipped", rules.Count()).good:
            raise Conflict("Units of this batch were shipped without numbers.", "They can't be told apart any more.")
        made = max(done.get(stage, rules.Count()).good for stage in unit_rules.PASSING) if not had else 0
        units = wish.units or (max(batch.reserved, made) if not had else 0)
        if units < 1:
            raise Invalid("No number of units is given.", "Say how many more get a number.", field="units")
        if units < made:
            raise Invalid(f"{made} units are counted already.", "Number at least those.", field="units")
        if len(had) + units > unit_rules.UNITS_MAX:
            raise Invalid(f"A batch has at most {unit_rules.UNITS_MAX} numbered units.", "Number fewer.", field="units")
        fresh = _numbered(session, batch_id, pattern, len(had), units, now, {unit.serial for unit in had})
        for unit in fresh:
            unit_counts.put(session, [unit], "number", "", account_id, now)
        if not had:
            unit_counts.catch_up(session, fresh, done, account_id, now)
        return len(had) + units


def _numbered(
    session: Session, batch_id: int, pattern: str, begun: int, units: int, now: dt.datetime, taken: set[str]
) -> list[unit_rules.Standing]:
    rows = []
    for position in range(begun + 1, begun + units + 1):
        serial = unit_rules.serial(pattern, now.year, position)
        if serial in taken:
            raise Conflict(f"The number {serial} is taken in this batch.", "Write them another way.", field="pattern")
        rows.append(Unit(batch_id=batch_id, position=position, serial=serial))
    session.add_all(rows)
    session.flush()
    return [unit_rules.Standing(row.id or 0, row.serial, row.state, row.passed) for row in rows]


def count(stores: Stores, account_id: int, batch_id: int, wish: CountWish) -> None:
    """Count named units at a stage: as `service.count`, with the number taken from the names. Raises: as that."""
    service.count(stores, account_id, batch_id, wish)


def makes(session: Session, batch_id: int, account_id: int | None) -> bool:
    """Whether an account belongs to one of a batch's makers, in any part."""
    rows = session.exec(select(BatchMaker.fabricator_id).where(BatchMaker.batch_id == batch_id)).all()
    return account_id is not None and any(role_of(session, row, account_id) for row in rows)


def side_of(session: Session, unit: Unit, account_id: int | None) -> str:
    """The side that an account is on: fabricator, buyer (who was sent it), or ''."""
    if account_id is None:
        return ""
    if makes(session, unit.batch_id, account_id):
        return "fabricator"
    place = session.get(Reservation, unit.reservation_id) if unit.reservation_id else None
    return "buyer" if place is not None and place.account_id == account_id else ""


def find(session: Session, batch_id: int, serial: str) -> Unit:
    """A unit by its batch and serial number. Raises: NotFound."""
    row = session.exec(select(Unit).where(Unit.batch_id == batch_id, Unit.serial == serial)).first()
    if row is None:
        raise NotFound(f"Batch {batch_id} has no unit {serial[:60]}.", "Check the number on its label.")
    return row


def note(stores: Stores, account_id: int, batch_id: int, serial: str, wish: NoteWish) -> None:
    """Keep a word with a serial number; its owner and its maker read it. Raises: Forbidden, Invalid, NotFound."""
    text = wish.text.strip()
    if not text:
        raise Invalid("The note is empty.", "Write a word.", field="text")
    with stores.db.transaction() as session:
        row = find(session, batch_id, serial)
        side = side_of(session, row, account_id)
        if not side:
            raise Forbidden("Notes are kept by who owns a unit and who made it.", "Log in as one of them.")
        if side == "fabricator":
            require_maker(session, batch_id, account_id)
        session.add(
            UnitNote(unit_id=row.id or 0, side=side, text=text, account_id=account_id, at=service.database_now(session))
        )


def lead_of(session: Session, batch: Batch) -> int:
    """The fabricator that leads a batch."""
    return (
        session.exec(
            select(BatchMaker.fabricator_id)
            .where(BatchMaker.batch_id == batch.id)
            .order_by(col(BatchMaker.leads).desc())
        ).first()
        or 0
    )
