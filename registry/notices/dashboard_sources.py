"""What the dashboard keeps: words about batches, payments seen; and its days in a fabricator's calendar."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from sqlmodel import Session, col, select

from registry.accounts.queries import handle_of
from registry.batches.money import money
from registry.batches.tables import Batch, Quote, QuoteRequest, Reservation
from registry.dashboard import queries
from registry.dashboard.tables import BatchMessage, ClosedDay, JobPlan, PaymentSeen
from registry.fabricators.tables import Fabricator
from registry.notices import dates, rules, sources
from registry.notices.calendar import Entry
from registry.notices.sources import Events, Told
from registry.web.formats import plural


def install() -> None:
    """Have notices and dates made of them."""
    sources.add(Events("batch.message", BatchMessage, _of_word, at="sent_at"))
    sources.add(Events("payment", PaymentSeen, _of_payment))
    dates.add_shop_dates(_due_days)
    dates.add_shop_dates(_closed_days)


def _of_word(session: Session, row: BatchMessage) -> Told | None:
    """The other side hears of a word; each of the makers finds it in its own inbox."""
    batch = session.get_one(Batch, row.batch_id)
    things = sources.things_of(session, batch.design_id, batch.revision_id)
    shops = [session.get_one(Fabricator, maker) for maker in sources.makers_of(session, row.batch_id)]
    by = handle_of(session, row.account_id)
    if row.side != "buyer":
        shop = next((shop.name for shop in shops if row.account_id in sources.shop_people(session, [shop.id or 0])), by)
        telling = rules.of_batch_word("buyer", shop, row.batch_id, things, row.text)
        return Told(row.id or 0, row.sent_at, f"/batches/{row.batch_id}#words", [telling], {"buyer": {row.buyer_id}},
                    row.account_id)  # fmt: skip
    place = session.exec(
        select(Reservation.number).where(Reservation.batch_id == batch.id, Reservation.account_id == row.buyer_id)
        .order_by(col(Reservation.number))
    ).first()  # fmt: skip
    thread = f"/batch-{row.batch_id}-{place}" if place else ""
    tellings = [rules.of_batch_word(shop.slug, by, row.batch_id, things, row.text) for shop in shops]
    return Told(
        row.id or 0, row.sent_at, f"/batches/{row.batch_id}", tellings,
        {shop.slug: sources.shop_people(session, [shop.id or 0]) for shop in shops}, row.account_id,
        {shop.slug: f"/fabricators/{shop.slug}/dashboard/inbox{thread}" for shop in shops},
    )  # fmt: skip


def _of_payment(session: Session, row: PaymentSeen) -> Told | None:
    """Who pays hears that the money was seen."""
    shop = session.get_one(Fabricator, row.fabricator_id).name
    if row.reservation_id is not None:
        reservation = session.get_one(Reservation, row.reservation_id)
        buyer, kind = reservation.account_id, "batches"
        about, link = f"batch {reservation.batch_id}", f"/batches/{reservation.batch_id}"
    else:
        quote = session.get_one(Quote, row.quote_id)
        buyer, kind = session.get_one(QuoteRequest, quote.request_id).buyer_id, "quotes"
        about, link = f"request {quote.request_id}", f"/quotes/{quote.id}"
    amount = rules.line(money(abs(row.amount_minor), row.currency))
    telling = rules.of_payment(kind, shop, amount, about, row.seen_on, row.why, back=row.amount_minor < 0)
    return Told(row.id or 0, row.at, link, [telling], {"buyer": {buyer}}, row.account_id)


# --- a fabricator's calendar


def _due_days(session: Session, fabricator_id: int, since: dt.date) -> Iterator[Entry]:
    """When jobs that are being made are due; for those that fill, their deadline is there already."""
    shop = session.get_one(Fabricator, fabricator_id)
    for job in queries.list_jobs(session, shop, queries.today(session)):
        if job.due_on is None or job.due_on < since or job.state in ("draft", "open"):
            continue
        changed_at = session.get_one(Batch, job.number).updated_at
        plan = session.get(JobPlan, (fabricator_id, job.number))
        yield Entry(
            key=f"batch-{job.number}-due", when=job.due_on,
            title=f"Batch {job.number} is due: {plural(job.units, 'unit')} of {job.design_name} {job.version}",
            text=f"It is {job.state}.", link=f"/fabricators/{shop.slug}/dashboard/jobs/{job.number}",
            changed_at=max(changed_at, plan.updated_at) if plan else changed_at,
        )  # fmt: skip


def _closed_days(session: Session, fabricator_id: int, since: dt.date) -> Iterator[Entry]:
    slug = session.get_one(Fabricator, fabricator_id).slug
    chosen = select(ClosedDay).where(ClosedDay.fabricator_id == fabricator_id, col(ClosedDay.day) >= since)
    for row in session.exec(chosen.order_by(col(ClosedDay.day))).all():
        midnight = dt.datetime.combine(row.day, dt.time(0), dt.UTC)  # nothing says when it was closed
        yield Entry(f"closed-{fabricator_id}-{row.day}", row.day, "Closed", row.words,
                    f"/fabricators/{slug}/dashboard", midnight)  # fmt: skip
