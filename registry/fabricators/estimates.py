"""What a need may cost at a machine whose rates are known: set-up, and hours by rules of thumb that are said. Pure."""

from __future__ import annotations

from registry.fabricators.needs import Need
from registry.fabricators.schemas import MachineFacts

# Minutes of a machine for one piece, and for each 100 mm of the sheet's edge or 10 cm3 of the body.
_MINUTES: dict[str, tuple[float, float, float]] = {
    "laser_cutting": (1.0, 0.3, 0.0),
    "waterjet_cutting": (2.0, 1.0, 0.0),
    "plasma_cutting": (1.0, 0.3, 0.0),
    "vinyl_cutting": (1.0, 0.2, 0.0),
    "sheet_bending": (3.0, 0.0, 0.0),
    "cnc_routing": (5.0, 0.8, 0.0),
    "cnc_milling": (20.0, 0.0, 3.0),
    "machining": (20.0, 0.0, 3.0),
    "turning": (15.0, 0.0, 2.0),
    "sawing": (3.0, 0.0, 0.0),
    "drilling": (4.0, 0.0, 0.0),
    "fdm_printing": (5.0, 0.0, 60.0),
    "sls_printing": (5.0, 0.0, 20.0),
    "sla_printing": (5.0, 0.0, 40.0),
    "welding": (60.0, 0.0, 0.0),
    "painting": (5.0, 0.0, 0.0),
    "powder_coating": (4.0, 0.0, 0.0),
    "sandblasting": (4.0, 0.0, 0.0),
}


def hours(need: Need, process: str) -> float | None:
    """Machine hours for one unit of the design, by rule of thumb; None where there is no rule or no number."""
    rule = _MINUTES.get(process)
    if rule is None or need.quantity is None or not need.pieces:
        return None
    each, edge, body = rule
    minutes = 0.0
    for piece in need.pieces:
        box = piece.box_mm or (0.0, 0.0, 0.0)
        around = 2 * (box[0] + box[1]) / 100
        cm3 = (piece.volume_mm3 or 0.0) / 10_000
        minutes += (piece.quantity or 0.0) * (each + edge * around + body * cm3)
    return minutes / 60


def cost_minor(need: Need, machine: MachineFacts, units: int = 1) -> int | None:
    """Set-up once and hours of all units in minor units of the machine's currency; None where a rate is not known."""
    time = hours(need, machine.process)
    if machine.hour_minor is None or time is None:
        return None
    return round((machine.setup_minor or 0) + machine.hour_minor * time * units)
