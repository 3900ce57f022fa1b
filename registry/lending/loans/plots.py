"""The waterfall of sales as numbers for a drawing: the whole, then its parts, each where the last one ends."""

from __future__ import annotations

from dataclasses import dataclass

from registry.lending.loans.schemas import Figure, SalesView

WIDTH = 640


@dataclass(frozen=True, slots=True)
class Step:
    """A bar of the waterfall. `book` is the account whose transfers are behind it. Units: of the drawing."""

    name: str
    label: str
    amount_minor: int
    book: str
    x: float
    width: float


def waterfall_of(sales: SalesView, fabricator: str) -> list[Step]:
    """Where the money of all units sold is, from above; nothing before the first one."""
    whole = sales.turnover.amount_minor
    if not whole:
        return []
    parts = [
        ("passed", "Passed on to lenders and fund", _passed(sales)),
        ("promised", "Promised to the lenders", sales.promised),
        ("fund", "Promised to the commons fund", sales.fund_promised),
        ("kept", f"Kept by {fabricator}", sales.kept),
    ]
    steps, begun = [Step("turnover", "Taken in for units", whole, sales.turnover.book, 0, WIDTH)], 0
    for name, label, figure in parts:
        steps.append(Step(name, label, figure.amount_minor, figure.book, round(WIDTH * begun / whole, 1),
                          round(WIDTH * figure.amount_minor / whole, 1)))  # fmt: skip
        begun += figure.amount_minor
    return steps


def _passed(sales: SalesView) -> Figure:
    """What was passed on of sales that stand."""
    ahead = sales.ahead.amount_minor + sales.fund_ahead.amount_minor
    return Figure(amount_minor=sales.passed.amount_minor - ahead, book=sales.passed.book)
