"""What pages, JSON and commands read of units."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlmodel import Session, col, select

from registry.batches import deliveries, orders, queries, unit_rules, units
from registry.batches.quote_queries import handles
from registry.batches.tables import Batch
from registry.batches.unit_schemas import NoteView, UnitDetail, UnitEventView, UnitItem, UnitList
from registry.batches.unit_tables import Unit, UnitEvent, UnitNote
from registry.designs.tables import Design, Revision
from registry.errors import NotFound
from registry.fabricators.tables import Fabricator


def unit_item(row: Unit) -> UnitItem:
    """A unit in a list."""
    return UnitItem(serial=row.serial, state=row.state, label=unit_rules.STATE_WORDS[row.state], passed=row.passed)


def list_units(session: Session, batch_id: int, account_id: int | None = None) -> UnitList:
    """The units of a batch that the reader may see. Raises: NotFound."""
    queries.get_batch(session, batch_id, account_id)
    return all_units(session, batch_id)


def all_units(session: Session, batch_id: int) -> UnitList:
    """The units of a batch, by number."""
    rows = session.exec(select(Unit).where(Unit.batch_id == batch_id).order_by(col(Unit.position))).all()
    states = unit_rules.states([row.state for row in rows])
    return UnitList(batch=batch_id, units=[unit_item(row) for row in rows], total=len(rows), states=states)


def photo_url(event: UnitEvent, width: int = 800) -> str | None:
    """The address of an event's photo."""
    return f"/deliveries/{event.delivery_id}/photos/{event.id}-{width}.webp" if event.files else None


def event_views(
    session: Session, events: Iterable[UnitEvent], serials: dict[int, str], named: bool
) -> list[UnitEventView]:
    """Events; words, photos and names are left out where the reader is on neither side."""
    rows = list(events)
    names = handles(session, [row.account_id for row in rows]) if named else {}
    return [
        UnitEventView(
            serial=serials[row.unit_id],
            label=unit_rules.ACTION_WORDS[row.action],
            by=names.get(row.account_id, ""),
            words=row.words if named else "",
            photo=photo_url(row) if named else None,
            **row.model_dump(include={"action", "stage", "became", "side", "at"}),
        )
        for row in rows
    ]


_OPEN_TO_ALL = ("number", "pass", "take back", "rework", "scrap", "restore", "ship")


def get_unit(session: Session, batch_id: int, serial: str, account_id: int | None = None) -> UnitDetail:
    """A unit as the reader may see it. Raises: NotFound."""
    row = units.find(session, batch_id, serial)
    side = units.side_of(session, row, account_id)
    batch = session.get_one(Batch, batch_id)
    facts, private = unit_rules.sees(side, orders.buyer_of(session, batch_id) is None)
    if not facts:
        raise NotFound(f"Batch {batch_id} has no unit {serial[:60]}.", "Check the number on its label.")
    design, revision = session.get_one(Design, batch.design_id), session.get_one(Revision, batch.revision_id)
    maker = session.get_one(Fabricator, units.lead_of(session, batch))
    events: Sequence[UnitEvent] = session.exec(
        select(UnitEvent).where(UnitEvent.unit_id == row.id).order_by(col(UnitEvent.id))
    ).all()
    if not private:
        events = [event for event in events if event.action in _OPEN_TO_ALL]
    shown = unit_item(row).model_dump()
    if not private and row.state in (*unit_rules.HELD, "replacing", "replaced"):
        shown |= {"state": "shipped", "label": unit_rules.STATE_WORDS["shipped"]}  # a fault is between its two sides
    return UnitDetail(
        **shown,
        id=row.id or 0,
        batch=batch_id,
        design=design.slug,
        design_name=design.name,
        version=revision.name,
        version_label=revision.label,
        commit=batch.commit,
        picture=design.picture or None,
        fabricator=maker.slug,
        fabricator_name=maker.name,
        side=side,
        delivery=deliveries.newest_delivery(session, row.id or 0) if private else None,
        events=event_views(session, events, {row.id or 0: row.serial}, private),
        notes=_notes(session, row.id or 0) if private else [],
    )


def _notes(session: Session, unit_id: int) -> list[NoteView]:
    rows = session.exec(select(UnitNote).where(UnitNote.unit_id == unit_id).order_by(col(UnitNote.id))).all()
    names = handles(session, [row.account_id for row in rows])
    return [NoteView(side=row.side, by=names[row.account_id], text=row.text, at=row.at) for row in rows]
