"""The staircase of a batch's prices, as numbers for a small drawing."""

from __future__ import annotations

from dataclasses import dataclass

from registry.batches.batch_schemas import BatchDetail

WIDTH, HEIGHT = 480, 140
_LEFT, _RIGHT, _TOP, _FLOOR = 8, 472, 30, 112


@dataclass(frozen=True, slots=True)
class Tread:
    """One step: from x to x_end at height y; `begins` is its quantity. Units: of the drawing."""

    x: float
    x_end: float
    y: float
    begins: int
    price_minor: int
    reached: bool


@dataclass(frozen=True, slots=True)
class Stairs:
    """The drawing: its treads, and where the reservations stand."""

    treads: list[Tread]
    here_x: float
    least_x: float


def stairs_of(batch: BatchDetail) -> Stairs:
    """From one unit to the maximum; the top price is the highest tread."""
    prices = [row for row in batch.prices if row.quantity <= batch.units_max]
    top = max(row.unit_minor for row in prices) or 1

    def across(units: int) -> float:
        return round(_LEFT + (_RIGHT - _LEFT) * min(units, batch.units_max) / batch.units_max, 1)

    treads = []
    for place, row in enumerate(prices):
        end = prices[place + 1].quantity if place + 1 < len(prices) else batch.units_max
        start = 0 if place == 0 else row.quantity
        y = round(_FLOOR - (_FLOOR - _TOP) * row.unit_minor / top, 1)
        reached = max(batch.reserved, batch.units_min) >= row.quantity
        treads.append(Tread(across(start), across(end), y, row.quantity, row.unit_minor, reached))
    return Stairs(treads, across(batch.reserved), across(batch.units_min))
