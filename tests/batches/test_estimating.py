"""What the registry reckons itself, beside the quotes: from the needs of the version and the rates of the machines."""

from __future__ import annotations

import pytest

from registry.batches.estimating import reckon
from registry.fabricators.needs import Need, Piece
from registry.fabricators.schemas import MachineFacts
from registry.fabricators.vocabulary import process_name

# one plate by laser: 1 min, and 0.3 min for each of the 10 dm of its edge; two of them in a unit
HOURS = 2 * (1 + 0.3 * 10) / 60


def need(process: str) -> Need:
    """Two plates of 300 x 200 x 3 mm."""
    piece = Piece(name="plate", quantity=2.0, box_mm=(300.0, 200.0, 3.0), volume_mm3=180_000.0)
    return Need(id=process, process=process, processes=(process,), subject="part", title=process_name(process),
                pieces=(piece,))  # fmt: skip


def laser(number: int, setup_minor: int | None, hour_minor: int | None, wide_mm: float = 1000.0) -> MachineFacts:
    """A laser cutter with its rates."""
    return MachineFacts(
        id=number, fabricator_id=1, name=f"Laser {number}", process="laser_cutting", count=1, status="ready",
        work_x_mm=wide_mm, work_y_mm=600.0, work_z_mm=None, materials=(), parameters={}, setup_minor=setup_minor,
        hour_minor=hour_minor, currency="EUR",
    )  # fmt: skip


def test_set_up_counts_once_and_hours_for_every_unit() -> None:
    found = reckon([need("laser_cutting"), need("welding")], [laser(1, 3_000, 4_000)], [1, 100])
    assert found is not None and (found.currency, found.reckoned, found.of) == ("EUR", 1, 2)
    assert found.by_quantity == {1: round(3_000 + 4_000 * HOURS), 100: round(3_000 + 4_000 * HOURS * 100)}


@pytest.mark.parametrize(
    ("machines", "hour_minor"),
    [
        ([laser(1, 0, 12_000), laser(2, 0, 4_000)], 4_000),  # the cheaper one does it
        ([laser(1, 0, 12_000), laser(2, 0, 4_000, wide_mm=100.0)], 12_000),  # unless the plate does not fit
        ([laser(1, None, None), laser(2, 0, 12_000)], 12_000),  # or its rate is not told
    ],
)
def test_the_cheapest_machine_that_can_is_reckoned_with(machines: list[MachineFacts], hour_minor: int) -> None:
    found = reckon([need("laser_cutting")], machines, [10])
    assert found is not None and found.by_quantity == {10: round(hour_minor * HOURS * 10)}


def test_without_rates_there_is_nothing_to_reckon_with() -> None:
    assert reckon([need("laser_cutting")], [laser(1, None, None)], [10]) is None
    assert reckon([need("laser_cutting")], [], [10]) is None
