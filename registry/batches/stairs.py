"""The staircase of a batch's prices, as numbers for a small drawing."""

from __future__ import annotations

from dataclasses import dataclass

from registry.batches.batch_schemas import BatchDetail

WIDTH, HEIGHT = 480, 164
_LEFT, _RIGHT, _TOP, _FLOOR = 8, 472, 34, 122
_LABEL_PX = 92  # a price in the drawing's small letters
_NUMBER_PX = 30


@dataclass(frozen=True, slots=True)
class Tread:
    """One step: from x to x_end at height y; `begins` is its quantity. Units: of the drawing."""

    x: float
    x_end: float
    y: float
    begins: int
    price_minor: int
    reached: bool
    labelled: bool
    """Whether its price has room above it."""
    numbered: bool
    """Whether its quantity has room below it."""


@dataclass(frozen=True, slots=True)
class Stairs:
    """The drawing: its treads, and where the reservations stand."""

    treads: list[Tread]
    here_x: float
    least_x: float
    floor_y: float
    ends_at: int
    """The quantity at the right end; 0 where a step's own number is in its way."""


def stairs_of(batch: BatchDetail) -> Stairs:
    """From one unit to the maximum; the top price is the highest tread.

    A step is as wide as the units that it holds, and never a hairline: the one that begins at the maximum too.
    """
    prices = [row for row in batch.prices if row.quantity <= batch.units_max]
    top = max(row.unit_minor for row in prices) or 1
    begins = [1 if place == 0 else row.quantity for place, row in enumerate(prices)]
    ends = [*begins[1:], batch.units_max + 1]
    least = min(float(_LABEL_PX), (_RIGHT - _LEFT) * 0.9 / len(prices))  # up to five steps hold their own price
    shares = [end - begin for begin, end in zip(begins, ends, strict=True)]
    room = _RIGHT - _LEFT - least * len(prices)
    widths = [least + room * share / sum(shares) for share in shares]
    lefts = [_LEFT + sum(widths[:place]) for place in range(len(prices) + 1)]

    def across(units: int) -> float:
        """Where the right edge of so many units is."""
        for place, (begin, end) in enumerate(zip(begins, ends, strict=True)):
            if units < end:
                part = max(0, units - begin + 1) / (end - begin)
                return round(lefts[place] + widths[place] * part, 1)
        return _RIGHT

    treads = []
    free_price, free_number = 0.0, 0.0
    for place, row in enumerate(prices):
        x, x_end = round(lefts[place], 1), round(lefts[place + 1], 1)
        y = round(_FLOOR - (_FLOOR - _TOP) * row.unit_minor / top, 1)
        labelled, numbered = x >= free_price, x >= free_number
        free_price = x + _LABEL_PX if labelled else free_price
        free_number = x + _NUMBER_PX if numbered else free_number
        reached = max(batch.reserved, batch.units_min) >= row.quantity
        treads.append(Tread(x, x_end, y, begins[place], row.unit_minor, reached, labelled, numbered))
    last = batch.units_max if free_number <= _RIGHT - _NUMBER_PX and batch.units_max > begins[-1] else 0
    return Stairs(treads, across(batch.reserved), across(batch.units_min), _FLOOR, last)
