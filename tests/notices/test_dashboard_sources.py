"""Words and payments of the dashboard are told; its days stand in the workshop's calendar."""

from __future__ import annotations

import datetime as dt

import icalendar
from batch_support import Market
from sqlmodel import col, select

from registry.batches import service as batches
from registry.batches.batch_schemas import Move, ReservationWish
from registry.dashboard import service as dashboard
from registry.dashboard.schemas import ClosedWish, PaymentWish, PlanWish, WordWish
from registry.notices import calendar, dates, queries, service
from registry.notices.collecting import collect
from registry.notices.tables import Notice
from registry.values import utcnow


def test_words_payments_and_days(market: Market) -> None:
    stores, people = market.stores, market.people
    number = market.batch("olga", "north")
    batches.reserve(stores, people["ada"], number, ReservationWish(units=20, key="a"))
    batches.move(stores, people["olga"], number, Move(action="begin early"))
    collect(stores)
    dashboard.ask_about(stores, people["ada"], number, "Is it zinc?")
    dashboard.answer(stores, people["olga"], "north", WordWish(thread=f"batch-{number}-1", text="Paint."))
    today = utcnow().date()
    paid = PaymentWish(job=number, place=1, amount_minor=40000, currency="EUR", seen_on=today)
    dashboard.see_payment(stores, people["olga"], "north", paid)
    due, closed = today + dt.timedelta(days=20), today + dt.timedelta(days=3)
    dashboard.plan_job(stores, people["olga"], "north", number, PlanWish(due_on=due))
    dashboard.close_day(stores, people["olga"], "north", ClosedWish(day=closed, words="Stocktaking"))
    assert collect(stores) == 4
    with stores.db.reading() as session:
        rows = session.exec(select(Notice).order_by(col(Notice.id).desc()).limit(4)).all()
        found = {(row.account_id, row.title, row.link) for row in rows}
    inbox = f"/fabricators/north/dashboard/inbox/batch-{number}-1"
    asked = f"ada has written about batch {number} of Thing main"
    assert found == {
        (people["olga"], asked, inbox),
        (people["otto"], asked, inbox),
        (people["ada"], f"North has written about batch {number} of Thing main", f"/batches/{number}#words"),
        (people["ada"], f"North has seen 400.00 EUR for batch {number}", f"/batches/{number}"),
    }
    secret = service.make_calendar(stores, people["otto"], "north")
    with stores.db.reading() as session:
        name, entries = dates.dates_of(session, queries.find_feed(session, secret))
    book = icalendar.Calendar.from_ical(calendar.write(name, "https://hw.example.org", entries))
    days = {str(event["UID"]).partition("@")[0]: event for event in book.walk("VEVENT")}
    assert days[f"batch-{number}-due"]["DTSTART"].dt == due
    assert str(days[f"batch-{number}-due"]["SUMMARY"]) == f"Batch {number} is due: 20 units of Thing main"
    assert str(days[f"closed-{market.shops['north']}-{closed}"]["DESCRIPTION"]) == "Stocktaking"
