"""Reports of KiCad's rule checks, read: where findings are, and whose they are."""

from __future__ import annotations

from typing import Any

import pytest

from builders.kicad.checks import summary


def erc(*places: tuple[float, float]) -> dict[str, Any]:
    """An ERC report as KiCad writes it, with a finding at each place."""
    items = [{"description": "Pin 1", "pos": {"x": x, "y": y}} for x, y in places]
    violations = [{"type": "pin_not_connected", "severity": "error", "description": "Pin", "items": items}]
    return {"coordinate_units": "mm", "sheets": [{"path": "/", "violations": violations}]}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        # KiCad 9.0.8 on LOGuvnor: #PWR01 stands at 193.04, 27.94 in the schematic
        ([(1.9304, 0.2794), (0.254, 1.0668)], [(193.04, 27.94), (25.4, 106.68)]),
        # a KiCad that writes what it means
        ([(193.04, 27.94), (25.4, 106.68)], [(193.04, 27.94), (25.4, 106.68)]),
        ([], []),
    ],
)
def test_findings_of_a_schematic_are_where_it_has_them(
    written: list[tuple[float, float]], meant: list[tuple[float, float]]
) -> None:
    told = summary(erc(*written))
    assert told is not None
    found = [(item["x_mm"], item["y_mm"]) for finding in told["findings"] for item in finding["items"]]
    assert found == meant


def test_places_on_a_board_stay_as_they_are() -> None:
    item = {"description": "Track", "pos": {"x": 1.5, "y": 2.5}}
    violation = {"type": "clearance", "severity": "error", "description": "Clearance", "items": [item]}
    told = summary({"coordinate_units": "mm", "violations": [violation]})
    assert told is not None and told["findings"][0]["items"][0]["x_mm"] == 1.5
