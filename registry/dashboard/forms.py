"""Forms of the dashboard as browsers send them, and a few things laid out for its pages."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from registry.batches.forms import whole
from registry.batches.money import check_currency, parse_amount
from registry.dashboard import rules
from registry.dashboard.schemas import JobCard
from registry.errors import Invalid

CALENDAR_DAYS = 14
_PLACE = re.compile(r"/(?:jobs/\d{1,9}|weeks|money|buy)?")


def hours(minutes: int | None) -> str:
    """Minutes as hours: 7.5 h."""
    return "" if minutes is None else f"{minutes / 60:.1f}".removesuffix(".0") + "\u202fh"


def back(form: Mapping[str, str], slug: str, default: str = "") -> str:
    """The page of the dashboard that a form came from."""
    place = form.get("stay", default)
    return f"/fabricators/{slug}/dashboard" + (place if _PLACE.fullmatch(place) else default)


def move_values(form: Mapping[str, str]) -> dict[str, object]:
    """A move: `move` is 'JOB:STATE IT IS IN:STATE IT GOES TO' from a button, or the three apart."""
    number, was, to = [*form.get("move", "").split(":"), "", "", ""][:3]
    number, was, to = number or form.get("job", ""), was or form.get("was", ""), to or form.get("to", "")
    key = form.get("key", "")
    return {
        "job": whole(number, "job", "The job"), "was": was, "action": rules.action_to(to), "why": form.get("why", ""),
        "key": f"{key}-{number}-{was}-{to}" if key else "",
    }  # fmt: skip


def count_values(form: Mapping[str, str], number: int) -> dict[str, object]:
    """A count of a job's units; what is left empty is none. Raises: Invalid."""
    names = (("good", "The good ones"), ("scrap", "The scrap"), ("rework", "What is done again"))
    values: dict[str, object] = {name: whole(form.get(name) or "0", name, what) for name, what in names}
    return values | {"job": number} | {name: form.get(name, "") for name in ("stage", "why", "key")}


def plan_values(form: Mapping[str, str]) -> dict[str, object]:
    """A plan: hours such as 7.5, and a day. Raises: Invalid."""
    told = form.get("hours", "").strip().replace(",", ".")
    if told and not re.fullmatch(r"\d{1,5}(\.\d{1,2})?", told):
        raise Invalid(f"{told[:20]} is no number of hours.", "Write it like 7.5.", field="hours")
    return {"work_minutes": round(float(told) * 60) if told else None, "due_on": form.get("due_on") or None}


def price_values(form: Mapping[str, str]) -> dict[str, object]:
    """A price of a part. Raises: Invalid."""
    currency = check_currency(form.get("currency", ""))
    return {
        "mpn": form.get("mpn", "").strip(), "quantity": whole(form.get("quantity") or "1", "quantity", "The quantity"),
        "price_minor": parse_amount(form.get("price", ""), currency, "price"),
        "per": whole(form.get("per") or "1", "per", "The pieces that it is for"), "currency": currency,
        "vendor": form.get("vendor", "").strip(), "source": form.get("source", ""),
        "seen_on": form.get("seen_on") or None,
    }  # fmt: skip


def payment_values(form: Mapping[str, str]) -> dict[str, object]:
    """A payment; with `do=back`, money given back. Raises: Invalid."""
    currency = check_currency(form.get("currency", ""))
    minor = parse_amount(form.get("amount", ""), currency, "amount")
    values: dict[str, object] = {
        "amount_minor": -minor if form.get("do") == "back" else minor, "currency": currency,
        "seen_on": form.get("seen_on") or None, "why": form.get("why", ""),
    }  # fmt: skip
    values |= {name: whole(form[name], name, f"The {name}") for name in ("job", "place", "quote") if form.get(name)}
    key = form.get("key", "")
    which = "-".join(form.get(name, "") for name in ("job", "place", "quote", "do"))
    return values | {"key": f"{key}-{which}" if key else ""}


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the calendar with what is due on it."""

    day: dt.date
    jobs: list[JobCard]
    closes: list[JobCard]
    closed: str | None


def days(jobs: Sequence[JobCard], closed: Mapping[dt.date, str], today: dt.date) -> list[Day]:
    """This week and the next, day by day: jobs due, and batches whose reservations end."""
    start = rules.monday(today)
    found = []
    for place in range(CALENDAR_DAYS):
        day = start + dt.timedelta(days=place)
        due = [job for job in jobs if job.due_on == day]
        found.append(
            Day(
                day,
                [job for job in due if job.state not in ("draft", "open")],
                [job for job in due if job.state == "open"],
                closed.get(day),
            )
        )
    return found
