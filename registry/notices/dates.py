"""Which dates stand in whose calendar: deadlines, offers that run out, what is promised and what is wanted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator

from sqlmodel import Session, col, select

from registry.accounts.queries import handle_of
from registry.batches.clock import database_now
from registry.batches.tables import Batch, BatchMaker, Quote, QuoteEvent, QuoteRequest, QuoteVersion, Reservation
from registry.batches.unit_tables import Order
from registry.fabricators.tables import Fabricator
from registry.notices.calendar import Entry
from registry.notices.making_sources import batch_fact
from registry.notices.rules import day_words
from registry.notices.sources import things_of
from registry.notices.tables import CalendarFeed
from registry.web.formats import plural

_BACK = dt.timedelta(days=90)
_ENTRIES_MAX = 1_000
_LIVE = ("open", "filled", "materials", "made", "assembled", "tested", "shipped")

# Dates that other features keep of a fabricator: (session, fabricator's id, since) -> entries
ShopDates = Callable[[Session, int, dt.date], Iterable[Entry]]
_more: list[ShopDates] = []
# and of a person: (session, account's id, since) -> entries
OwnDates = Callable[[Session, int, dt.date], Iterable[Entry]]
_more_own: list[OwnDates] = []


def add_shop_dates(dates: ShopDates) -> None:
    """Have more dates put into the calendars of fabricators."""
    if dates not in _more:
        _more.append(dates)


def add_own_dates(dates: OwnDates) -> None:
    """Have more dates put into people's own calendars."""
    if dates not in _more_own:
        _more_own.append(dates)


def dates_of(session: Session, feed: CalendarFeed) -> tuple[str, list[Entry]]:
    """(name, entries) of a calendar."""
    since = (database_now(session) - _BACK).date()
    if feed.fabricator_id is None:
        entries = [*_own_batches(session, feed.account_id, since), *_own_requests(session, feed.account_id, since)]
        for own in _more_own:
            entries.extend(own(session, feed.account_id, since))
        return f"Brickyard: {handle_of(session, feed.account_id)}", entries[:_ENTRIES_MAX]
    shop = session.get_one(Fabricator, feed.fabricator_id)
    entries = [*_shop_batches(session, feed.fabricator_id, since), *_shop_quotes(session, feed.fabricator_id, since)]
    for more in _more:
        entries.extend(more(session, feed.fabricator_id, since))
    return f"Brickyard: {shop.name}", entries[:_ENTRIES_MAX]


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(0), dt.UTC)


# --- a person's


def _own_batches(session: Session, account_id: int, since: dt.date) -> Iterator[Entry]:
    rows = session.exec(
        select(Batch, Reservation)
        .join(Reservation, col(Reservation.batch_id) == col(Batch.id))
        .where(
            Reservation.account_id == account_id,
            col(Reservation.state).in_(("held", "confirmed")),
            col(Batch.state).in_(_LIVE),
            col(Batch.deadline_at) >= _midnight(since),
        )
        .order_by(col(Batch.id), col(Reservation.id))
        .limit(_ENTRIES_MAX)
    ).all()
    units: dict[int, int] = {}
    batches: dict[int, Batch] = {}
    for batch, reservation in rows:
        batches[batch.id or 0] = batch
        units[batch.id or 0] = units.get(batch.id or 0, 0) + reservation.units
    for number, batch in batches.items():
        if _has_deadline(session, batch):
            yield _deadline(session, batch, f"You have reserved {plural(units[number], 'unit')}.")


def _has_deadline(session: Session, batch: Batch) -> bool:
    """Whether its deadline says anything: not for an order, nor for a batch that began early."""
    began_early = batch.state != "open" and batch.deadline_at > database_now(session)
    return not began_early and session.get(Order, batch.id) is None


def _deadline(session: Session, batch: Batch, more: str = "") -> Entry:
    fact = batch_fact(session, batch, "")
    state = f"{fact.reserved} of {fact.units_max} reserved, {fact.units_min} needed. The batch is {batch.state}."
    closes = "closes" if batch.state == "open" else "closed"
    return Entry(
        key=f"batch-{batch.id}-deadline", when=batch.deadline_at, title=f"Batch {batch.id} of {fact.things} {closes}",
        text=f"{more} {state}".strip(), link=f"/batches/{batch.id}", changed_at=batch.updated_at,
    )  # fmt: skip


def _own_requests(session: Session, account_id: int, since: dt.date) -> Iterator[Entry]:
    requests = session.exec(
        select(QuoteRequest)
        .where(QuoteRequest.buyer_id == account_id, col(QuoteRequest.created_at) >= _midnight(since) - 4 * _BACK)
        .order_by(col(QuoteRequest.id).desc())
        .limit(200)
    ).all()
    for request in requests:
        things = things_of(session, request.design_id, request.revision_id)
        if request.wanted_by and request.wanted_by >= since and request.state != "called off":
            yield Entry(
                key=f"request-{request.id}-wanted", when=request.wanted_by, title=f"{things} needed",
                text=f"Request {request.id}.", link=f"/requests/{request.id}", changed_at=request.created_at,
            )  # fmt: skip
        for quote in session.exec(select(Quote).where(Quote.request_id == request.id).order_by(col(Quote.id))).all():
            shop = session.get_one(Fabricator, quote.fabricator_id).name
            yield from _of_quote(session, quote, since, f"Quote of {shop} on {things}")


# --- a fabricator's


def _shop_batches(session: Session, fabricator_id: int, since: dt.date) -> Iterator[Entry]:
    rows = session.exec(
        select(Batch)
        .join(BatchMaker, col(BatchMaker.batch_id) == col(Batch.id))
        .where(
            BatchMaker.fabricator_id == fabricator_id,
            col(Batch.state).in_(_LIVE),
            col(Batch.deadline_at) >= _midnight(since),
        )
        .order_by(col(Batch.id))
        .limit(_ENTRIES_MAX)
    ).all()
    for batch in rows:
        if _has_deadline(session, batch):
            yield _deadline(session, batch)


def _shop_quotes(session: Session, fabricator_id: int, since: dt.date) -> Iterator[Entry]:
    rows = session.exec(
        select(Quote, QuoteRequest)
        .join(QuoteRequest, col(QuoteRequest.id) == col(Quote.request_id))
        .where(
            Quote.fabricator_id == fabricator_id,
            col(Quote.state).in_(("requested", "quoted", "revised", "accepted")),
            col(Quote.updated_at) >= _midnight(since) - 4 * _BACK,
        )
        .order_by(col(Quote.id).desc())
        .limit(_ENTRIES_MAX)
    ).all()
    for quote, request in rows:
        things = things_of(session, request.design_id, request.revision_id)
        buyer = handle_of(session, request.buyer_id)
        if request.wanted_by and request.wanted_by >= since:
            yield Entry(
                key=f"quote-{quote.id}-wanted", when=request.wanted_by, title=f"{buyer} needs {things}",
                text=f"Request {request.id}; the quote is {quote.state}.", link=f"/quotes/{quote.id}",
                changed_at=quote.updated_at,
            )  # fmt: skip
        yield from _of_quote(session, quote, since, f"Quote for {buyer} on {things}")


def _of_quote(session: Session, quote: Quote, since: dt.date, name: str) -> Iterator[Entry]:
    """When an offer runs out; when what was accepted is promised."""
    link = f"/quotes/{quote.id}"
    if quote.state in ("quoted", "revised") and quote.valid_until and quote.valid_until >= since:
        yield Entry(key=f"quote-{quote.id}-ends", when=quote.valid_until, title=f"{name} runs out",
                    text=f"Version {quote.version} holds until the end of this day, in UTC.", link=link,
                    changed_at=quote.updated_at)  # fmt: skip
    if quote.state != "accepted":
        return
    accepted = session.exec(
        select(QuoteEvent).where(QuoteEvent.quote_id == quote.id, QuoteEvent.action == "accept")
        .order_by(col(QuoteEvent.id).desc())
    ).first()  # fmt: skip
    offer = session.exec(
        select(QuoteVersion).where(QuoteVersion.quote_id == quote.id, QuoteVersion.number == quote.version)
    ).first()
    if accepted and offer and (due := accepted.at.date() + dt.timedelta(days=offer.lead_days)) >= since:
        yield Entry(key=f"quote-{quote.id}-due", when=due, title=f"{name} is due",
                    text=f"Accepted on {day_words(accepted.at.date())}, promised within "
                         f"{plural(offer.lead_days, 'day')}.",
                    link=link, changed_at=accepted.at)  # fmt: skip
