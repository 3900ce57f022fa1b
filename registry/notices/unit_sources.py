"""Events of deliveries: what left, what arrived and how, what the workshop answers, notes on serial numbers."""

from __future__ import annotations

from sqlmodel import Session, col, func, select

from registry.accounts.queries import handle_of
from registry.batches.tables import Batch, Reservation
from registry.batches.unit_tables import Delivery, DeliveryUnit, Unit, UnitEvent, UnitNote
from registry.notices import rules, sources
from registry.notices.making_sources import batch_fact
from registry.notices.sources import Events, Told
from registry.web.formats import plural


def install() -> None:
    """Have notices made of them."""
    sources.add(Events("delivery", Delivery, _of_delivery, at="shipped_at"))
    sources.add(Events("unit", UnitEvent, _of_unit_event))
    sources.add(Events("unit.note", UnitNote, _of_note))


def _fact(session: Session, batch_id: int, buyer_id: int | None, action: str, units: str, words: str) -> rules.UnitFact:
    fact = batch_fact(session, session.get_one(Batch, batch_id), action)
    buyer = handle_of(session, buyer_id)
    return rules.UnitFact(action, units, fact.name, fact.things, fact.shop, buyer, words)


def _sides(session: Session, batch_id: int, buyer_id: int | None) -> dict[str, set[int]]:
    shop = sources.shop_people(session, sources.makers_of(session, batch_id))
    return {"shop": shop, "buyer": set() if buyer_id is None else {buyer_id}}


def _of_delivery(session: Session, row: Delivery) -> Told | None:
    buyer_id = session.get_one(Reservation, row.reservation_id).account_id
    count = session.exec(select(func.count(col(DeliveryUnit.unit_id))).where(DeliveryUnit.delivery_id == row.id)).one()
    fact = _fact(session, row.batch_id, buyer_id, "ship", plural(count, "unit"), row.words)
    tellings = rules.of_delivery(fact, row.carrier, row.tracking)
    return Told(row.id or 0, row.shipped_at, f"/deliveries/{row.id}", tellings,
                _sides(session, row.batch_id, buyer_id), row.account_id)  # fmt: skip


def _of_unit_event(session: Session, row: UnitEvent) -> Told | None:
    """Units of one delivery of which the same was said at once are told of together, by the first of them."""
    if row.delivery_id is None:
        return None
    together = session.exec(
        select(func.count(col(UnitEvent.id)), func.min(UnitEvent.id)).where(
            UnitEvent.delivery_id == row.delivery_id,
            UnitEvent.action == row.action,
            UnitEvent.account_id == row.account_id,
            UnitEvent.at == row.at,
        )
    ).one()
    if together[1] != row.id:
        return None
    unit = session.get_one(Unit, row.unit_id)
    buyer_id = _owner(session, unit)
    name = unit.serial if together[0] == 1 else plural(together[0], "unit")
    tellings = rules.of_units(_fact(session, unit.batch_id, buyer_id, row.action, name, row.words))
    return Told(row.id or 0, row.at, f"/deliveries/{row.delivery_id}", tellings,
                _sides(session, unit.batch_id, buyer_id), row.account_id)  # fmt: skip


def _owner(session: Session, unit: Unit) -> int | None:
    if unit.reservation_id is None:
        return None
    return session.get_one(Reservation, unit.reservation_id).account_id


def _of_note(session: Session, row: UnitNote) -> Told | None:
    unit = session.get_one(Unit, row.unit_id)
    fact = batch_fact(session, session.get_one(Batch, unit.batch_id), "note")
    by = handle_of(session, row.account_id) if row.side == "buyer" else fact.shop
    return Told(row.id or 0, row.at, f"/batches/{unit.batch_id}/units/{unit.serial}",
                rules.of_unit_note(row.side, by, unit.serial, fact.name, row.text),
                _sides(session, unit.batch_id, _owner(session, unit)), row.account_id)  # fmt: skip
