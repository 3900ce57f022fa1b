"""JSON of units and deliveries."""

from __future__ import annotations

from flask import Blueprint, request

from registry import limits
from registry.batches import deliveries, delivery_queries, orders, queries, unit_queries, units
from registry.batches.batch_schemas import BatchDetail
from registry.batches.unit_schemas import (
    Answer,
    DeliveryList,
    DeliveryView,
    FaultQuery,
    NoteWish,
    NumberWish,
    OrderWish,
    ShipWish,
    UnitDetail,
    UnitList,
)
from registry.fabricators import pictures
from registry.web import people
from registry.web.context import parse, stores
from registry.web.files import read_body
from registry.web.openapi import operation

blueprint = Blueprint("units_api", __name__)
_BATCH = "/batches/<int(max=2147483647):number>"
_DELIVERY = "/deliveries/<int(max=2147483647):delivery_id>"


def _reader() -> int | None:
    person = people.current()
    return person.id if person else None


@operation(blueprint, "GET", f"{_BATCH}/units", answers={200: UnitList})
def read_units(number: int) -> UnitList:
    """The units of a batch."""
    with stores().db.reading() as session:
        return unit_queries.list_units(session, number, _reader())


@operation(
    blueprint, "POST", f"{_BATCH}/units", body=NumberWish, answers={201: UnitList}, faults=(403, 409), account=True
)
def number_units(number: int, body: NumberWish) -> tuple[UnitList, int]:
    """Give units their serial numbers."""
    units.number(stores(), people.required().id, number, body)
    return read_list(number), 201


def read_list(number: int) -> UnitList:
    """The units of a batch, after a change of them."""
    with stores().db.reading() as session:
        return unit_queries.all_units(session, number)


@operation(blueprint, "GET", f"{_BATCH}/units/<serial>", answers={200: UnitDetail})
def read_unit(number: int, serial: str) -> UnitDetail:
    """A unit; notes and words for its owner and its maker alone."""
    with stores().db.reading() as session:
        return unit_queries.get_unit(session, number, serial, _reader())


@operation(
    blueprint, "POST", f"{_BATCH}/units/<serial>/notes", body=NoteWish, answers={201: UnitDetail}, faults=(403,),
    account=True,
)  # fmt: skip
def keep_unit_note(number: int, serial: str, body: NoteWish) -> tuple[UnitDetail, int]:
    """Keep a word with a serial number."""
    units.note(stores(), people.required().id, number, serial, body)
    with stores().db.reading() as session:
        return unit_queries.get_unit(session, number, serial, _reader()), 201


@operation(
    blueprint, "POST", f"{_BATCH}/deliveries", body=ShipWish, answers={201: DeliveryView}, faults=(403, 409),
    account=True,
)  # fmt: skip
def ship_units(number: int, body: ShipWish) -> tuple[DeliveryView, int]:
    """Send units to a reservation."""
    return _delivery(deliveries.ship(stores(), people.required().id, number, body)), 201


def _delivery(delivery_id: int) -> DeliveryView:
    with stores().db.reading() as session:
        return delivery_queries.get_delivery(session, delivery_id, people.required().id)


@operation(blueprint, "GET", "/deliveries", answers={200: DeliveryList}, account=True)
def read_deliveries() -> DeliveryList:
    """What I was sent, and what my fabricators sent."""
    with stores().db.reading() as session:
        return delivery_queries.list_deliveries(session, people.required().id)


@operation(blueprint, "GET", _DELIVERY, answers={200: DeliveryView}, account=True)
def read_delivery(delivery_id: int) -> DeliveryView:
    """A delivery, for its two sides."""
    return _delivery(delivery_id)


@operation(
    blueprint, "POST", f"{_DELIVERY}/answers", body=Answer, answers={200: DeliveryView}, faults=(403, 409), account=True
)
def answer_delivery(delivery_id: int, body: Answer) -> DeliveryView:
    """Accept units, report them faulty, or answer a fault."""
    deliveries.answer(stores(), people.required().id, delivery_id, body)
    return _delivery(delivery_id)


@operation(
    blueprint, "POST", f"{_DELIVERY}/faults", query=FaultQuery, answers={200: DeliveryView}, faults=(403, 409, 413),
    account=True,
)  # fmt: skip
def report_fault(delivery_id: int, query: FaultQuery) -> DeliveryView:
    """Report units faulty with a photo: the photo itself is the body; what the camera wrote into it is left out."""
    content = read_body(limits.PHOTO_BYTES)
    if content is None:
        pictures.refuse_size(request.content_length or 0)
    serials = [one.strip() for one in query.serials.split(",") if one.strip()]
    wish = parse(Answer, {"action": "report", "serials": serials, "words": query.words})
    deliveries.answer(stores(), people.required().id, delivery_id, wish, content or b"")
    return _delivery(delivery_id)


@operation(
    blueprint, "POST", "/quotes/<int(max=2147483647):quote_id>/order", body=OrderWish, answers={201: BatchDetail},
    faults=(403, 409), account=True,
)  # fmt: skip
def order_quote(quote_id: int, body: OrderWish) -> tuple[BatchDetail, int]:
    """Let an accepted quote be made for its buyer alone."""
    number = orders.begin(stores(), people.required().id, quote_id, body)
    with stores().db.reading() as session:
        return queries.get_batch(session, number, people.required().id), 201
