"""The form of a build report, read into what the service takes, and back."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from registry import limits
from registry.batches.money import check_currency, parse_amount, plain_amount
from registry.errors import Invalid
from registry.reports.schemas import ReportDetail, ReportWish

ROWS = 4
PHASES = (
    "Buying the parts",
    "Making the board",
    "Making the parts",
    "Assembly",
    "Firmware",
    "First power",
    "Tests",
    "Use",
)
_PLAIN = (
    "outcome",
    "failed_step",
    "units",
    "built_on",
    "country",
    "region",
    "town",
    "precision",
    "words",
    "unit",
    "why",
)


def rows_of(form: Mapping[str, str], prefix: str) -> int:
    """How many rows the form has for changes or tests: those filled in and a few to spare."""
    filled = [number for number in range(limits.REPORT_ROWS) if form.get(f"{prefix}-{number}", "").strip()]
    return min(max(ROWS, (filled[-1] + 3) if filled else 0), limits.REPORT_ROWS)


def read(form: Mapping[str, str]) -> dict[str, Any]:
    """A report as typed. Raises: Invalid for an amount, hours."""
    values: dict[str, Any] = {name: form[name].strip() for name in _PLAIN if form.get(name, "").strip()}
    if form.get("cost", "").strip():
        values["currency"] = check_currency(form.get("currency", ""))
        values["cost_minor"] = parse_amount(form["cost"], values["currency"], "cost")
    if text := form.get("hours", "").strip():
        values["minutes"] = _minutes(text)
    values["changes"] = [
        {"line": line, "instead": form.get(f"c-{number}-instead", "").strip(), "why": form.get(f"c-{number}-why", "")}
        for number in range(limits.REPORT_ROWS)
        if (line := form.get(f"c-{number}", "").strip())
    ]
    values["tests"] = [
        {
            "name": name,
            "ok": form.get(f"t-{number}-ok", "") == "yes",
            **{key: form.get(f"t-{number}-{key}", "").strip() for key in ("expected", "measured", "unit")},
        }
        for number in range(limits.REPORT_ROWS)
        if (name := form.get(f"t-{number}", "").strip())
    ]
    for test in values["tests"]:
        if not test["measured"]:
            raise Invalid(f"What {test['name'][:60]} measured is missing.", "Fill it in.", field="tests")
    return values


def _minutes(text: str) -> int:
    try:
        hours = Decimal(text.replace(",", "."))
    except InvalidOperation as error:
        raise Invalid(f"{text[:30]!r} is no number of hours.", "Write it like 2.5.", field="hours") from error
    if not hours.is_finite() or not 0 <= hours <= 100_000:
        raise Invalid(f"{text[:30]} is no number of hours that anybody works.", "Write it like 2.5.", field="hours")
    return round(hours * 60)


def shown(report: ReportDetail, wish: ReportWish) -> dict[str, str]:
    """A report as its form shows it; the true place is known to its author alone."""
    values = {name: str(getattr(wish, name) or "") for name in _PLAIN if name != "why"}
    if report.cost_minor is not None:
        values |= {"cost": plain_amount(report.cost_minor, report.currency), "currency": report.currency}
    if report.minutes is not None:
        values["hours"] = f"{report.minutes / 60:g}"
    for number, change in enumerate(report.changes):
        values |= {f"c-{number}": change.line, f"c-{number}-instead": change.instead, f"c-{number}-why": change.why}
    for number, test in enumerate(report.tests):
        values |= {f"t-{number}": test.name, f"t-{number}-ok": "yes" if test.ok else "no"}
        values |= {f"t-{number}-{key}": str(getattr(test, key)) for key in ("expected", "measured", "unit")}
    return values


def page_number(text: str) -> int:
    """A page's number in an address; 1 for what is none."""
    return int(text) if text.isdecimal() and 0 < len(text) < 6 and int(text) > 0 else 1
