"""What pages, JSON and other features read of deliveries, and of the units that somebody was sent."""

from __future__ import annotations

import itertools

from sqlalchemy import func
from sqlmodel import Session, col, or_, select

from registry.batches import deliveries, units
from registry.batches.quote_queries import handles
from registry.batches.roles import fabricators_of
from registry.batches.tables import Batch, BatchMaker, Reservation
from registry.batches.unit_queries import event_views, unit_item
from registry.batches.unit_schemas import DeliveryList, DeliveryView, OwnedUnit, UnitEventView
from registry.batches.unit_tables import Delivery, DeliveryUnit, Unit, UnitEvent
from registry.designs.tables import Design, Revision
from registry.errors import NotFound
from registry.fabricators.tables import Fabricator

_LISTED = 200


def get_delivery(session: Session, delivery_id: int, account_id: int | None) -> DeliveryView:
    """A delivery, for its two sides. Raises: NotFound."""
    row = deliveries.find(session, delivery_id)
    return _view(session, row, deliveries.side_of(session, row, account_id))


def _view(session: Session, row: Delivery, side: str) -> DeliveryView:
    batch, place = session.get_one(Batch, row.batch_id), session.get_one(Reservation, row.reservation_id)
    maker = session.get_one(Fabricator, units.lead_of(session, batch))
    held = session.exec(
        select(Unit)
        .join(DeliveryUnit, col(DeliveryUnit.unit_id) == col(Unit.id))
        .where(DeliveryUnit.delivery_id == row.id)
        .order_by(col(Unit.position))
    ).all()
    serials = {unit.id or 0: unit.serial for unit in held}
    events = session.exec(select(UnitEvent).where(UnitEvent.delivery_id == row.id).order_by(col(UnitEvent.id))).all()
    names = handles(session, [place.account_id, row.account_id])
    design = session.get_one(Design, batch.design_id)
    return DeliveryView(
        id=row.id or 0,
        batch=row.batch_id,
        design=design.slug,
        design_name=design.name,
        version=session.get_one(Revision, batch.revision_id).name,
        fabricator=maker.slug,
        fabricator_name=maker.name,
        reservation=place.number,
        buyer=names[place.account_id],
        shipped_by=names[row.account_id],
        side=side,
        units=[unit_item(unit) for unit in held],
        events=event_views(session, events, serials, True),
        **row.model_dump(include={"carrier", "tracking", "words", "shipped_at"}),
    )


def together(events: list[UnitEventView]) -> list[UnitEventView]:
    """What happened to several units at once as one event, which names them all."""
    groups = itertools.groupby(events, key=lambda event: (event.action, event.by, event.words, event.at))
    return [
        rows[0].model_copy(update={"serials": [row.serial for row in rows]})
        for rows in (list(group) for _, group in groups)
    ]


def list_deliveries(session: Session, account_id: int, batch_id: int | None = None) -> DeliveryList:
    """Deliveries to an account, and of the fabricators that it belongs to, the newest first."""
    made = select(BatchMaker.batch_id).where(col(BatchMaker.fabricator_id).in_(fabricators_of(session, account_id)))
    own = select(Reservation.id).where(Reservation.account_id == account_id)
    chosen = select(Delivery).where(or_(col(Delivery.batch_id).in_(made), col(Delivery.reservation_id).in_(own)))
    if batch_id is not None:
        chosen = chosen.where(Delivery.batch_id == batch_id)
    rows = session.exec(chosen.order_by(col(Delivery.id).desc()).limit(_LISTED)).all()
    return DeliveryList(items=[_view(session, row, deliveries.side_of(session, row, account_id)) for row in rows])


def photo_digest(session: Session, delivery_id: int, event_id: int, width: int, account_id: int | None) -> str:
    """The blob of a photo in a width, for the two sides of its delivery. Raises: NotFound."""
    deliveries.side_of(session, deliveries.find(session, delivery_id), account_id)
    event = session.get(UnitEvent, event_id)
    if event is None or event.delivery_id != delivery_id or str(width) not in event.files:
        raise NotFound("There is no such photo.", "Reload the page you came from.")
    return event.files[str(width)]


def units_of(session: Session, account_id: int) -> list[OwnedUnit]:
    """The units that an account was sent and that were not replaced or refunded, the newest first."""
    first = func.min(Delivery.shipped_at)
    rows = session.exec(
        select(Unit, Batch, Design.slug, Revision.name, Fabricator.id, Fabricator.slug, first)  # type: ignore[call-overload]
        .join(Reservation, col(Reservation.id) == col(Unit.reservation_id))
        .join(Batch, col(Batch.id) == col(Unit.batch_id))
        .join(Design, col(Design.id) == col(Batch.design_id))
        .join(Revision, col(Revision.id) == col(Batch.revision_id))
        .join(BatchMaker, (col(BatchMaker.batch_id) == col(Batch.id)) & col(BatchMaker.leads))
        .join(Fabricator, col(Fabricator.id) == col(BatchMaker.fabricator_id))
        .join(DeliveryUnit, col(DeliveryUnit.unit_id) == col(Unit.id))
        .join(Delivery, col(Delivery.id) == col(DeliveryUnit.delivery_id))
        .where(Reservation.account_id == account_id, col(Unit.state).not_in(("replaced", "refunded")))
        .group_by(
            col(Unit.id), col(Batch.id), col(Design.slug), col(Revision.name), col(Fabricator.id), col(Fabricator.slug)
        )
        .order_by(col(Unit.id).desc())
    ).all()
    return [
        OwnedUnit(
            unit_id=unit.id or 0,
            serial=unit.serial,
            state=unit.state,
            batch=unit.batch_id,
            design_id=batch.design_id,
            design=design,
            revision_id=batch.revision_id,
            version=version,
            fabricator_id=fabricator_id,
            fabricator=fabricator,
            shipped_at=shipped_at,
        )
        for unit, batch, design, version, fabricator_id, fabricator, shipped_at in rows
    ]


def delivered_unit(session: Session, account_id: int, unit: str | int) -> OwnedUnit:
    """A unit that an account was sent, by its id or serial number. Raises: NotFound."""
    named = str(unit).strip()
    for owned in units_of(session, account_id):
        if owned.unit_id == unit or owned.serial == named:
            return owned
    raise NotFound(f"You were not sent a unit {named[:60]}.", "Check the number on its label.")
