"""The drawing of a batch's prices: every step is seen, in order, and named."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from registry.batches.stairs import stairs_of


def batch(breaks: list[tuple[int, int]], most: int, least: int = 1, reserved: int = 0) -> Any:
    prices = [SimpleNamespace(quantity=quantity, unit_minor=minor) for quantity, minor in breaks]
    return SimpleNamespace(prices=prices, units_max=most, units_min=least, reserved=reserved)


@pytest.mark.parametrize(
    ("breaks", "most"), [([(10, 900), (50, 700), (100, 600)], 100), ([(1, 5)], 1), ([(5, 20), (6, 10)], 5_000)]
)
def test_no_step_is_a_hairline(breaks: list[tuple[int, int]], most: int) -> None:
    told = stairs_of(batch(breaks, most))
    widths = [tread.x_end - tread.x for tread in told.treads]
    assert min(widths) >= 39.9 and abs(sum(widths) - 464) < 0.5
    assert [tread.begins for tread in told.treads] == [1, *(quantity for quantity, _ in breaks[1:])]
    assert told.treads[0].labelled and told.treads[0].numbered


def test_the_line_stands_in_the_step_of_what_is_reserved() -> None:
    told = stairs_of(batch([(10, 900), (50, 700), (100, 600)], 100, 10, 60))
    assert told.treads[1].x < told.here_x < told.treads[1].x_end and told.least_x < told.treads[0].x_end
    full = stairs_of(batch([(10, 900), (100, 600)], 100, 10, 100))
    assert full.here_x == 472 and [tread.reached for tread in full.treads] == [True, True]
    assert stairs_of(batch([(10, 900)], 100)).here_x == 8
