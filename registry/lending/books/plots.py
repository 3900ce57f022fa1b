"""The figures of the last months as small plots."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from registry.lending.books import rules
from registry.lending.books.schemas import BooksView, MonthView
from registry.web.formats import amount
from registry.web.plots import Plot, bars_of

SHOWN = ("cash", "goods", "turnover", "lent", "repaid", "late", "defaulted")
MONTHS = 12


def month_name(month: str) -> str:
    """'2026-11' as November 2026."""
    return f"{rules.begins(month):%B %Y}"


def _first(month: str) -> dt.date:
    return rules.begins(month).date()


def _short(minor: int, exponent: int) -> str:
    """A value over its bar: 1.2k for 1,240.00; empty for nothing."""
    value = abs(minor) / 10**exponent
    sign = "−" if minor < 0 else ""
    if not minor:
        return ""
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if value >= size:
            return f"{sign}{value / size:.3g}{letter}" if value < 1000 * size else f"{sign}{value / size:.0f}{letter}"
    return f"{sign}{value:.3g}"


def plots_of(books: BooksView) -> list[Plot]:
    """Cash against goods, turnover, lent and repaid, lent again, arrears and default, over the last months."""
    months = books.months[-MONTHS:]
    labels = {figure.name: figure for figure in books.figures}
    found = []
    for name in SHOWN:
        values = [month.figures[name] for month in months]
        most = max(0, *values)
        told = [
            (_first(month.month), max(value, 0), _short(value, books.exponent))
            for month, value in zip(months, values, strict=True)
        ]
        whole = values[-1] if labels[name].stock else sum(values)
        said = labels[name].about
        if labels[name].stock and "month's end" not in said:
            said += ", at the month's end"
        found.append(Plot(name, labels[name].label, said, amount(whole, books.exponent, books.currency),
                          bars_of(told, most), _short(most, books.exponent)))  # fmt: skip
    found.insert(4, _rebuy(months))
    return found


def _rebuy(months: Sequence[MonthView]) -> Plot:
    lent = sum(month.figures["lent"] for month in months)
    again = sum(month.figures["rebuy"] for month in months)
    shares = [month.rebuy_bp or 0 for month in months]
    told = [
        (_first(month.month), max(share, 0), f"{share / 100:.0f}" if share else "")
        for month, share in zip(months, shares, strict=True)
    ]
    whole = f"{100 * again / lent:.0f} %" if lent > 0 else "nothing lent"
    said = "Of what was lent, the part by people who had lent before; per cent"
    return Plot("rebuy", "Rebuy ratio", said, whole, bars_of(told, 10_000), "100")
