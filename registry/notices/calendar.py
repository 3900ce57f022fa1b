"""Calendars as other programs subscribe to them (RFC 5545): the same dates make the same bytes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from registry import __version__
from registry.notices.rules import line

_LASTS = dt.timedelta(minutes=15)  # how long a moment, such as a deadline, is shown


@dataclass(frozen=True, slots=True)
class Entry:
    """A day or a moment (UTC) in a calendar. `key` names it for ever within this registry."""

    key: str
    when: dt.date | dt.datetime
    title: str
    text: str
    link: str
    changed_at: dt.datetime
    until: dt.date | None = None


def write(name: str, site: str, entries: Iterable[Entry]) -> bytes:
    """A calendar of these entries, by time. Days are whole days; moments are in UTC."""
    import icalendar  # a tenth of a second to import, for those who ask for a calendar

    host = site.partition("://")[2].partition("/")[0] or "localhost"
    book = icalendar.Calendar()
    book.add("prodid", f"-//Brickyard//{__version__}//EN")
    book.add("version", "2.0")
    book.add("calscale", "GREGORIAN")
    book.add("method", "PUBLISH")
    book.add("name", line(name))  # Source: RFC 7986, 5.1; older programs read the other one
    book.add("x-wr-calname", line(name))
    book.add("refresh-interval", dt.timedelta(hours=2), parameters={"VALUE": "DURATION"})
    for entry in sorted(entries, key=lambda entry: (_moment(entry.when), entry.key)):
        event = icalendar.Event()
        event.add("uid", f"{entry.key}@{host}")
        stamp = entry.changed_at.astimezone(dt.UTC).replace(microsecond=0)
        event.add("dtstamp", stamp)  # of the last change, not of now: what has not changed stays the same
        event.add("last-modified", stamp)
        event.add("summary", line(entry.title, 200))
        if isinstance(entry.when, dt.datetime):
            start = entry.when.astimezone(dt.UTC).replace(microsecond=0)
            event.add("dtstart", start)
            event.add("dtend", start + _LASTS)
        else:
            event.add("dtstart", entry.when)
            event.add("dtend", (entry.until or entry.when) + dt.timedelta(days=1))  # its end is the day after
        if entry.text:
            event.add("description", entry.text)
        event.add("url", f"{site}{entry.link}")
        event.add("transp", "TRANSPARENT")  # it takes nobody's time
        book.add_component(event)
    return book.to_ical()


def _moment(when: dt.date | dt.datetime) -> dt.datetime:
    if isinstance(when, dt.datetime):
        return when.astimezone(dt.UTC)
    return dt.datetime.combine(when, dt.time(0), dt.UTC)
