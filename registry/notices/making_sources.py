"""Events of requests, quotes, batches and builds, and what their deadlines bring about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from sqlmodel import Session, col, select

from registry.accounts.queries import handle_of
from registry.batches.makers import words_of
from registry.batches.money import money
from registry.batches.tables import (
    Batch,
    BatchEvent,
    BatchInvitation,
    Quote,
    QuoteEvent,
    QuoteMessage,
    QuoteRequest,
    QuoteVersion,
    Reservation,
)
from registry.batches.unit_tables import Order
from registry.builds.tables import Build
from registry.designs.tables import Design
from registry.fabricators.tables import Fabricator
from registry.notices import rules, sources
from registry.notices.sources import Events, Look, Told
from registry.notices.tables import Notice

_SOON = dt.timedelta(days=1)
_AT_ONCE = 200  # of one look; the next ones are seen by the next


def install() -> None:
    """Have notices made of these events."""
    sources.add(Events("quote", QuoteEvent, _of_quote_event))
    sources.add(Events("quote.message", QuoteMessage, _of_message, at="sent_at"))
    sources.add(Events("batch", BatchEvent, _of_batch_event))
    sources.add(Events("batch.invitation", BatchInvitation, _of_invitation))
    sources.add(Events("batch.reservation", Reservation, _of_reservation, at="made_at"))
    sources.add(Look("quote.near", _quotes_near))
    sources.add(Look("batch.near", _batches_near))
    sources.add(Look("build", _builds_failed))


# --- quotes


def _price(offer: QuoteVersion) -> str:
    steps = [f"{money(row['unit_minor'], offer.currency)} each from {row['quantity']}" for row in offer.prices[:4]]
    return rules.line(", ".join(steps), 300)


def _parties(session: Session, quote: Quote, request: QuoteRequest) -> tuple[str, str, dict[str, set[int]]]:
    """(fabricator's name, buyer's handle, who is on which side)."""
    shop = session.get_one(Fabricator, quote.fabricator_id).name
    audiences = {"buyer": {request.buyer_id}, "shop": sources.shop_people(session, [quote.fabricator_id])}
    return shop, handle_of(session, request.buyer_id), audiences


def _of_quote_event(session: Session, row: QuoteEvent) -> Told | None:
    quote = session.get_one(Quote, row.quote_id)
    request = session.get_one(QuoteRequest, quote.request_id)
    shop, buyer, audiences = _parties(session, quote, request)
    offer = session.exec(
        select(QuoteVersion).where(QuoteVersion.quote_id == quote.id, QuoteVersion.number == row.version)
    ).first()
    fact = rules.QuoteFact(
        action=row.action, things=sources.things_of(session, request.design_id, request.revision_id), shop=shop,
        buyer=buyer, request=request.id or 0, quantities=tuple(request.quantities),
        price=_price(offer) if offer else "", valid_until=offer.valid_until if offer else None,
        place=request.place, wanted_by=request.wanted_by, why=row.why,
    )  # fmt: skip
    return Told(row.id or 0, row.at, f"/quotes/{row.quote_id}", rules.of_quote(fact), audiences, row.account_id)


def _of_message(session: Session, row: QuoteMessage) -> Told | None:
    quote = session.get_one(Quote, row.quote_id)
    request = session.get_one(QuoteRequest, quote.request_id)
    shop, _, audiences = _parties(session, quote, request)
    things = sources.things_of(session, request.design_id, request.revision_id)
    tellings = rules.of_message(row.side, handle_of(session, row.account_id), shop, things, row.text)
    return Told(row.id or 0, row.sent_at, f"/quotes/{row.quote_id}#words", tellings, audiences, row.account_id)


def untold(name: str, event_id: Any) -> Any:
    """The condition that nobody was told of an event of a source yet."""
    told = select(Notice.id).where(Notice.source == name, col(Notice.event_id) == event_id)
    return ~told.exists()


def _quotes_near(session: Session, now: dt.datetime) -> Iterator[Told]:
    """Offers whose last day is tomorrow or today, made two days before that or earlier."""
    rows = session.exec(
        select(Quote, QuoteVersion)
        .join(QuoteVersion, col(QuoteVersion.quote_id) == col(Quote.id))
        .where(
            col(Quote.state).in_(("quoted", "revised")),
            col(Quote.valid_until) >= now.date(),
            col(Quote.valid_until) <= (now + _SOON).date(),
            QuoteVersion.number == Quote.version,
            untold("quote.near", col(QuoteVersion.id)),
        )
    ).all()
    for quote, offer in rows:
        ends_at = dt.datetime.combine(offer.valid_until, dt.time(23, 59, 59), dt.UTC)
        if not rules.is_near(offer.made_at, ends_at, now):
            continue
        request = session.get_one(QuoteRequest, quote.request_id)
        shop, _, audiences = _parties(session, quote, request)
        tellings = rules.of_quote_near(
            shop, sources.things_of(session, request.design_id, request.revision_id), offer.valid_until
        )
        yield Told(offer.id or 0, now, f"/quotes/{quote.id}", tellings, audiences)


# --- batches


def batch_fact(session: Session, batch: Batch, action: str, why: str = "") -> rules.BatchFact:
    """A batch as the rules tell of it."""
    makers = sources.makers_of(session, batch.id or 0)
    shop = session.get_one(Fabricator, makers[0]).name if makers else "The workshop"
    return rules.BatchFact(
        number=batch.id or 0, action=action, things=sources.things_of(session, batch.design_id, batch.revision_id),
        shop=shop, reserved=batch.reserved, units_min=batch.units_min, units_max=batch.units_max,
        deadline_at=batch.deadline_at, why=why, noun="order" if session.get(Order, batch.id) else "batch",
    )  # fmt: skip


def _of_batch_event(session: Session, row: BatchEvent) -> Told | None:
    batch = session.get_one(Batch, row.batch_id)
    tellings = rules.of_batch(batch_fact(session, batch, row.action, row.why))
    if not tellings:
        return None
    audiences = {
        "shop": sources.shop_people(session, sources.makers_of(session, row.batch_id)),
        "reserved": sources.holders_of(session, row.batch_id, "held", "confirmed"),
        "released": sources.holders_of(session, row.batch_id, "released"),
        "owner": sources.owner_of(session, batch.design_id),
    }
    if batch.quote_id is not None:
        quote = session.get_one(Quote, batch.quote_id)
        audiences["quoted"] = {session.get_one(QuoteRequest, quote.request_id).buyer_id}
    return Told(row.id or 0, row.at, f"/batches/{row.batch_id}", tellings, audiences, row.account_id)


def _of_invitation(session: Session, row: BatchInvitation) -> Told | None:
    if row.state != "open":
        return None  # its own people asked, or it was answered before anybody was told
    fact = batch_fact(session, session.get_one(Batch, row.batch_id), "invite", row.does)
    people = sources.shop_people(session, [row.fabricator_id])
    tellings = rules.of_invitation(fact, words_of(row.stages))
    return Told(row.id or 0, row.at, f"/batches/{row.batch_id}#makers", tellings, {"asked": people}, row.account_id)


def _of_reservation(session: Session, row: Reservation) -> Told | None:
    batch = session.get_one(Batch, row.batch_id)
    if session.get(Order, row.batch_id) is not None:
        return None  # it came with the order, which is told of
    who = handle_of(session, row.account_id) if row.named else ""
    tellings = rules.of_reservation(batch_fact(session, batch, "reserve"), who, row.units)
    people = sources.shop_people(session, sources.makers_of(session, row.batch_id)[:1])
    return Told(row.id or 0, row.made_at, f"/batches/{row.batch_id}", tellings, {"shop": people}, row.account_id)


def _batches_near(session: Session, now: dt.datetime) -> Iterator[Told]:
    rows = session.exec(
        select(Batch).where(
            Batch.state == "open",
            col(Batch.deadline_at) > now,
            col(Batch.deadline_at) <= now + _SOON,
            untold("batch.near", col(Batch.id)),
        )
    ).all()
    for row in rows:
        if row.id is None or not rules.is_near(row.created_at, row.deadline_at, now):
            continue
        audiences = {
            "shop": sources.shop_people(session, sources.makers_of(session, row.id)),
            "reserved": sources.holders_of(session, row.id, "held"),
        }
        tellings = rules.of_batch_near(batch_fact(session, row, "near"))
        yield Told(row.id, now, f"/batches/{row.id}", tellings, audiences)


# --- builds


def _builds_failed(session: Session, now: dt.datetime) -> Iterator[Told]:
    """Builds of people's designs that failed within the last two days."""
    rows = session.exec(
        select(Build)
        .join(Design, col(Design.id) == col(Build.design_id))
        .where(
            Build.state == "failed",
            col(Build.requested_at) >= now - dt.timedelta(days=2),
            col(Build.finished_at).is_not(None),
            col(Design.owner_id).is_not(None),
            untold("build", col(Build.id)),
        )
        .limit(_AT_ONCE)
    ).all()
    for row in rows:
        owner = sources.owner_of(session, row.design_id)
        if row.finished_at is not None:
            tellings = rules.of_build(sources.things_of(session, row.design_id, row.revision_id), row.message)
            yield Told(row.id or 0, row.finished_at, f"/builds/{row.id}", tellings, {"owner": owner})
