"""Use cases of deliveries: units leave, are accepted or found faulty, and the workshop answers. All of it is added,
nothing edited."""

from __future__ import annotations

import datetime as dt

from sqlmodel import Session, col, select

from registry.batches import rules, service, unit_counts, unit_rules, units
from registry.batches.clock import database_now
from registry.batches.tables import Batch, Reservation
from registry.batches.unit_schemas import Answer, ShipWish
from registry.batches.unit_tables import Delivery, DeliveryUnit, Unit, UnitEvent
from registry.errors import Conflict, Forbidden, Invalid, NotFound
from registry.fabricators import pictures
from registry.stores.stores import Stores

BUYER_ACTIONS = ("receive", "accept", "report", "settle", "disagree")


def ship(stores: Stores, account_id: int, batch_id: int, wish: ShipWish) -> int:
    """Units leave for a reservation. Returns: the delivery's id. Raises: Conflict, Forbidden, Invalid, NotFound."""
    with stores.db.transaction() as session:
        batch, now = service.held(session, batch_id)
        fabricator_id = units.require_maker(session, batch_id, account_id, "shipped")
        if batch.state not in (*rules.MAKING, "closed"):
            raise Conflict(f"This batch is {batch.state}: nothing of it is sent.", "Look at its history.")
        place = session.exec(
            select(Reservation).where(Reservation.batch_id == batch_id, Reservation.number == wish.reservation)
        ).first()
        if place is None or place.state != "confirmed":
            raise NotFound(
                f"No reservation {wish.reservation} of this batch is to be sent anything.", "Look at its queue."
            )
        has = session.exec(
            select(Unit).where(Unit.reservation_id == place.id, col(Unit.state).in_(unit_rules.HELD))
        ).all()
        rows = _units(session, batch_id, wish.serials) or _next(session, place, place.units - len(has))
        for row in rows:
            if row.reservation_id not in (None, place.id):
                raise Conflict(f"{row.serial} belongs to somebody else already.", "Choose another.", field="serials")
            unit_rules.after(row.state, "ship", "fabricator", row.serial, wish.words)
        first_time = [row for row in rows if row.state == "tested"]
        if len(has) + len(first_time) > place.units:
            raise Conflict(
                f"Reservation {place.number} is for {place.units}; it has {len(has)} already.",
                f"Send {max(0, place.units - len(has))} at most.",
                field="serials",
            )
        delivery = Delivery(
            batch_id=batch_id,
            reservation_id=place.id or 0,
            carrier=" ".join(wish.carrier.split()),
            tracking=" ".join(wish.tracking.split()),
            words=wish.words.strip(),
            account_id=account_id,
            shipped_at=now,
        )
        session.add(delivery)
        session.flush()
        for row in rows:
            session.add(DeliveryUnit(delivery_id=delivery.id or 0, unit_id=row.id or 0))
            row.reservation_id = place.id
            _go(session, row, "ship", "fabricator", account_id, now, "", delivery.id)
        if first_time:
            unit_counts.count_shipped(
                session, batch_id, fabricator_id, len(first_time), account_id, now, f"delivery {delivery.id}"
            )
        return delivery.id or 0


def _next(session: Session, place: Reservation, units_left: int) -> list[Unit]:
    """The first units that are tested and nobody's, as many as a reservation waits for. Raises: Conflict."""
    rows = session.exec(
        select(Unit)
        .where(Unit.batch_id == place.batch_id, Unit.state == "tested", col(Unit.reservation_id).is_(None))
        .order_by(col(Unit.position))
        .limit(max(0, units_left))
    ).all()
    if units_left < 1:
        raise Invalid(f"Number {place.number} has all its units.", "Name those that were repaired.", field="serials")
    if len(rows) < units_left:
        raise Conflict(
            f"{len(rows)} tested units are left, and {units_left} are to come for number {place.number}.",
            "Name those that leave now, or test more first.", field="serials",
        )  # fmt: skip
    return list(rows)


def _units(session: Session, batch_id: int, serials: list[str]) -> list[Unit]:
    if len(set(serials)) < len(serials):
        raise Invalid("A serial number is named twice.", "Name each once.", field="serials")
    return [units.find(session, batch_id, serial.strip()) for serial in serials]


def _go(
    session: Session,
    row: Unit,
    action: str,
    side: str,
    account_id: int,
    now: dt.datetime,
    words: str,
    delivery_id: int | None,
    files: dict[str, str] | None = None,
) -> None:
    was = row.state
    row.state = unit_rules.after(was, action, side, row.serial, words)
    session.add(row)
    session.add(
        UnitEvent(
            unit_id=row.id or 0,
            delivery_id=delivery_id,
            action=action,
            was=was,
            became=row.state,
            side=side,
            words=words.strip(),
            files=files or {},
            account_id=account_id,
            at=now,
        )
    )


def answer(stores: Stores, account_id: int, delivery_id: int, wish: Answer, photo: bytes = b"") -> None:
    """What the buyer says of units of a delivery, or the workshop answers; each unit's last delivery counts.

    Raises: Conflict, Forbidden, Invalid, NotFound, TooLarge.
    """
    with stores.db.reading() as session:
        side_of(session, find(session, delivery_id), account_id)  # before a photo of 50 megapixels is looked at
    files: dict[str, str] = {}
    if photo:
        made = pictures.read_photo(photo)
        files = {str(width): stores.blobs.put(content) for width, content in made.files.items()}
    with stores.db.transaction() as session:
        delivery = find(session, delivery_id)
        service.held(session, delivery.batch_id)
        own = session.get_one(Reservation, delivery.reservation_id).account_id == account_id
        side = "buyer" if wish.action in BUYER_ACTIONS else "fabricator"
        if not (own if side == "buyer" else units.makes(session, delivery.batch_id, account_id)):
            raise Forbidden(
                "That is for the one who was sent it to say."
                if side == "buyer"
                else "That is the workshop's to answer.",
                "Write a note instead.",
            )
        if side == "fabricator":
            units.require_maker(session, delivery.batch_id, account_id)
        now = database_now(session)
        for row in _units(session, delivery.batch_id, wish.serials):
            if newest_delivery(session, row.id or 0) != delivery_id:
                raise Conflict(
                    f"{row.serial} is not of this delivery, or left again later.",
                    "Answer on its newest delivery.",
                    field="serials",
                )
            _go(session, row, wish.action, side, account_id, now, wish.words, delivery_id, files)


def find(session: Session, delivery_id: int) -> Delivery:
    """A delivery. Raises: NotFound."""
    row = session.get(Delivery, delivery_id)
    if row is None:
        raise NotFound(f"There is no delivery {delivery_id} that you may see.", "Look at your deliveries.")
    return row


def side_of(session: Session, delivery: Delivery, account_id: int | None) -> str:
    """buyer or fabricator. Raises: NotFound for strangers, as if it were not there."""
    if account_id is not None:
        if session.get_one(Reservation, delivery.reservation_id).account_id == account_id:
            return "buyer"
        if units.makes(session, delivery.batch_id, account_id):
            return "fabricator"
    raise NotFound(f"There is no delivery {delivery.id} that you may see.", "Look at your deliveries.")


def newest_delivery(session: Session, unit_id: int) -> int | None:
    """The id of a unit's last delivery."""
    return session.exec(
        select(DeliveryUnit.delivery_id)
        .where(DeliveryUnit.unit_id == unit_id)
        .order_by(col(DeliveryUnit.delivery_id).desc())
        .limit(1)
    ).first()


def owed(session: Session, batch: Batch) -> list[tuple[Reservation, int]]:
    """Reservations that wait for units, with how many each: those never sent, and those to be repaired."""
    found = []
    places = select(Reservation).where(Reservation.batch_id == batch.id, Reservation.state == "confirmed")
    for place in session.exec(places.order_by(col(Reservation.number))).all():
        rows = list(session.exec(select(Unit.state).where(Unit.reservation_id == place.id)).all())
        left = place.units - sum(state in unit_rules.HELD for state in rows) + rows.count("repairing")
        if left > 0:
            found.append((place, left))
    return found
