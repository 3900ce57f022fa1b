"""JSON of requests, quotes and batches."""

from __future__ import annotations

from flask import Blueprint, request

from registry.batches import estimating, queries, quote_queries, quoting, request_files, service
from registry.batches.batch_schemas import (
    BatchDetail,
    BatchList,
    BatchQuery,
    BatchWish,
    CountWish,
    Move,
    ReservationView,
    ReservationWish,
)
from registry.batches.schemas import Change, Offer, QuoteDetail, RequestDetail, RequestList, RequestWish, Word
from registry.batches.tables import Quote, QuoteRequest
from registry.errors import NotFound
from registry.web import people
from registry.web.context import stores
from registry.web.openapi import Paging, operation

blueprint = Blueprint("batches_api", __name__)
_NUMBER = "<int(max=2147483647):number>"
_QUOTE = "<int(max=2147483647):quote_id>"


@operation(blueprint, "GET", "/requests", query=Paging, answers={200: RequestList}, account=True)
def read_requests(query: Paging) -> RequestList:
    """What I asked for, the newest first."""
    quoting.expire_due(stores())
    with stores().db.reading() as session:
        found = quote_queries.list_requests(session, people.required().id, query.page, query.per_page)
    return found.model_copy(update={"next": request.path + found.next if found.next else None})


@operation(blueprint, "POST", "/requests", body=RequestWish, answers={201: RequestDetail}, account=True)
def ask_for_quotes(body: RequestWish) -> tuple[RequestDetail, int]:
    """Ask fabricators for quotes on a version."""
    found = _request(quoting.ask(stores(), people.required().id, body))
    request_files.make_soon(stores(), found)
    return found, 201


@operation(blueprint, "GET", f"/requests/{_NUMBER}", answers={200: RequestDetail}, account=True)
def read_request(number: int) -> RequestDetail:
    """A request with the quotes that I may see."""
    quoting.expire_due(stores())
    return _request(number)


def _request(number: int) -> RequestDetail:
    with stores().db.reading() as session:
        found = quote_queries.get_request(session, number, people.required().id)
    slugs = [quote.fabricator for quote in found.quotes]
    own = estimating.estimates(stores(), found.design, found.label, slugs, found.quantities)
    return found.model_copy(update={"estimates": own})


@operation(blueprint, "GET", f"/quotes/{_QUOTE}", answers={200: QuoteDetail}, account=True)
def read_quote(quote_id: int) -> QuoteDetail:
    """A quote with its versions, changes and messages."""
    quoting.expire_due(stores())
    return _quote(quote_id)


def _quote(quote_id: int) -> QuoteDetail:
    with stores().db.reading() as session:
        row = session.get(Quote, quote_id)
        if row is None:
            raise NotFound(f"There is no quote {quote_id} that you may see.", "Look at your requests.")
        quoting.side_of(session, session.get_one(QuoteRequest, row.request_id), row, people.required().id)
        return quote_queries.get_quote(session, quote_id)


@operation(
    blueprint, "POST", f"/quotes/{_QUOTE}/offers", body=Offer, answers={201: QuoteDetail}, faults=(409,), account=True
)
def make_offer(quote_id: int, body: Offer) -> tuple[QuoteDetail, int]:
    """Quote, or revise a quote."""
    quoting.offer(stores(), people.required().id, quote_id, body)
    return _quote(quote_id), 201


@operation(
    blueprint, "POST", f"/quotes/{_QUOTE}/change", body=Change, answers={200: QuoteDetail}, faults=(409,), account=True
)
def change_quote(quote_id: int, body: Change) -> QuoteDetail:
    """Accept, decline, refuse or withdraw a quote."""
    quoting.change(stores(), people.required().id, quote_id, body)
    return _quote(quote_id)


@operation(blueprint, "POST", f"/quotes/{_QUOTE}/messages", body=Word, answers={201: QuoteDetail}, account=True)
def write_message(quote_id: int, body: Word) -> tuple[QuoteDetail, int]:
    """Write to the other side of a quote."""
    quoting.write(stores(), people.required().id, quote_id, body)
    return _quote(quote_id), 201


@operation(blueprint, "GET", "/batches", query=BatchQuery, answers={200: BatchList})
def list_batches(query: BatchQuery) -> BatchList:
    """Batches, those that fill first."""
    service.settle_due(stores())
    with stores().db.reading() as session:
        found = queries.list_batches(session, query)
    return found.model_copy(update={"next": request.path + found.next if found.next else None})


@operation(blueprint, "POST", "/batches", body=BatchWish, answers={201: BatchDetail}, faults=(409,), account=True)
def plan_batch(body: BatchWish) -> tuple[BatchDetail, int]:
    """Plan a batch of an accepted quote, or of a version for one's own workshop."""
    return _batch(service.plan(stores(), people.required().id, body)), 201


@operation(blueprint, "GET", f"/batches/{_NUMBER}", answers={200: BatchDetail})
def read_batch(number: int) -> BatchDetail:
    """A batch with its queue, stages and history."""
    service.settle_due(stores())
    return _batch(number)


def _batch(number: int) -> BatchDetail:
    person = people.current()
    with stores().db.reading() as session:
        return queries.get_batch(session, number, person.id if person else None)


@operation(
    blueprint, "POST", f"/batches/{_NUMBER}/reservations", body=ReservationWish, answers={201: ReservationView},
    faults=(409,), account=True,
)  # fmt: skip
def reserve_units(number: int, body: ReservationWish) -> tuple[ReservationView, int]:
    """Reserve units; the same key with the same wish answers the same again."""
    return service.reserve(stores(), people.required().id, number, body), 201


@operation(
    blueprint, "DELETE", f"/batches/{_NUMBER}/reservations/<int(max=2147483647):place>",
    answers={200: ReservationView}, faults=(409,), account=True,
)  # fmt: skip
def cancel_reservation(number: int, place: int) -> ReservationView:
    """Give reserved units back, until the deadline."""
    return service.cancel(stores(), people.required().id, number, place)


@operation(
    blueprint, "POST", f"/batches/{_NUMBER}/move", body=Move, answers={200: BatchDetail}, faults=(409,), account=True
)
def move_batch(number: int, body: Move) -> BatchDetail:
    """Open, cancel or move on a batch, as an operator of who leads it."""
    service.move(stores(), people.required().id, number, body)
    return _batch(number)


@operation(
    blueprint,
    "POST",
    f"/batches/{_NUMBER}/counts",
    body=CountWish,
    answers={201: BatchDetail},
    faults=(409,),
    account=True,
)
def count_units(number: int, body: CountWish) -> tuple[BatchDetail, int]:
    """Add what was counted at a stage."""
    service.count(stores(), people.required().id, number, body)
    return _batch(number), 201
