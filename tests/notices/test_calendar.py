"""Calendars, read back by the library that other programs read them with."""

from __future__ import annotations

import datetime as dt
import re

import icalendar
from batch_support import Market, an_offer
from sqlmodel import select

from app import create_app
from registry.batches import quoting
from registry.batches import service as batches
from registry.batches.batch_schemas import ReservationWish
from registry.batches.schemas import Change
from registry.batches.tables import Quote
from registry.fabricators import service as fabricators
from registry.notices import service
from registry.notices.calendar import Entry, write
from registry.values import utcnow


def events(content: bytes) -> dict[str, icalendar.Event]:
    book = icalendar.Calendar.from_ical(content)
    assert book["VERSION"] == "2.0" and not book.errors
    found = {str(event["UID"]): event for event in book.walk("VEVENT")}
    assert len(found) == len(book.walk("VEVENT")) and not any(event.errors for event in found.values())
    return found


def test_dates_are_written_as_the_standard_wants_them() -> None:
    changed = dt.datetime(2026, 3, 1, 9, 30, 15, 999, dt.timezone(dt.timedelta(hours=2)))
    when = dt.datetime(2026, 5, 2, 10, 0, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    entries = [
        Entry("b-1", when, "Closes, soon; ü\r\nX-A: b",
              "One\\two\nthree", "/batches/1", changed),
        Entry("q-2", dt.date(2026, 4, 30), "Runs out " + "é" * 90, "", "/quotes/2", changed),
    ]  # fmt: skip
    content = write("Brick, yard", "https://hw.example.org", entries)
    assert content == write("Brick, yard", "https://hw.example.org", reversed(entries)), (
        "the same dates, the same bytes"
    )
    assert content.endswith(b"\r\n") and b"\n" not in content.replace(b"\r\n", b"")
    assert max(map(len, content.split(b"\r\n"))) <= 75
    found = events(content)
    assert list(found) == ["q-2@hw.example.org", "b-1@hw.example.org"], "by time"
    deadline = found["b-1@hw.example.org"]
    assert b"DTSTART:20260502T080000Z" in content and b"DTSTAMP:20260301T073015Z" in content
    assert str(deadline["SUMMARY"]) == "Closes, soon; ü X-A: b" and str(deadline["DESCRIPTION"]) == "One\\two\nthree"
    assert str(deadline["URL"]) == "https://hw.example.org/batches/1"
    day = found["q-2@hw.example.org"]
    assert day["DTSTART"].dt == dt.date(2026, 4, 30) and day["DTEND"].dt == dt.date(2026, 5, 1)
    assert events(write("Empty", "http://127.0.0.1:8000", [])) == {}


def test_a_person_and_a_workshop_subscribe(market: Market) -> None:
    stores, people = market.stores, market.people
    number = market.batch("olga", "north", in_s=5 * 86400)
    batches.reserve(stores, people["ada"], number, ReservationWish(units=2, key="a"))
    request = market.ask("ada", "north", "south")
    with stores.db.reading() as session:
        quotes = {row.fabricator_id: row.id or 0 for row in session.exec(select(Quote)).all()}
    mine, other = quotes[market.shops["north"]], quotes[market.shops["south"]]
    until = utcnow().date() + dt.timedelta(days=30)
    quoting.offer(stores, people["olga"], mine, an_offer(lead_days=14))
    quoting.offer(stores, people["sam"], other, an_offer())
    app = create_app(stores=stores)
    client = app.test_client()
    secret = service.make_calendar(stores, people["ada"], "me")
    answer = client.get(f"/calendar/{secret}.ics")
    assert (
        answer.content_type == "text/calendar; charset=utf-8" and answer.headers["Cache-Control"] == "private, no-cache"
    )
    found = events(answer.data)
    assert set(found) == {
        f"batch-{number}-deadline@hw.example.org", f"quote-{mine}-ends@hw.example.org",
        f"quote-{other}-ends@hw.example.org",
    }  # fmt: skip
    assert "You have reserved 2 units" in str(found[f"batch-{number}-deadline@hw.example.org"]["DESCRIPTION"])
    assert found[f"quote-{mine}-ends@hw.example.org"]["DTSTART"].dt == until
    again = client.get(f"/calendar/{secret}.ics", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304 and again.data == b""
    quoting.change(stores, people["ada"], mine, Change(action="accept", version=1))
    changed = client.get(f"/calendar/{secret}.ics", headers={"If-None-Match": answer.headers["ETag"]})
    assert changed.status_code == 200
    found = events(changed.data)
    assert f"quote-{other}-ends@hw.example.org" not in found, "another was accepted"
    assert found[f"quote-{mine}-due@hw.example.org"]["DTSTART"].dt == utcnow().date() + dt.timedelta(days=14)
    shop = service.make_calendar(stores, people["vera"], "north")
    found = events(client.get(f"/calendar/{shop}.ics").data)
    assert {uid.partition("@")[0] for uid in found} == {f"batch-{number}-deadline", f"quote-{mine}-due"}
    assert "Quote for ada on Thing main is due" in str(found[f"quote-{mine}-due@hw.example.org"]["SUMMARY"])
    assert request and not re.search(rb"south|sam", client.get(f"/calendar/{shop}.ics").data, re.I)
    renewed = service.make_calendar(stores, people["ada"], "me")
    assert client.get(f"/calendar/{secret}.ics").status_code == 404
    assert client.get(f"/calendar/{renewed}.ics").status_code == 200
    service.remove_calendar(stores, people["ada"], "me")
    assert client.get(f"/calendar/{renewed}.ics").status_code == 404
    fabricators.set_member(stores, people["otto"], "north", "vera", "")
    gone = client.get(f"/calendar/{shop}.ics")
    assert gone.status_code == 404 and "no calendar" in gone.text, "who leaves the workshop sees it no more"
