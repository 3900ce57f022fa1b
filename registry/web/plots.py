"""Small plots as numbers for a drawing: bars by week or by month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, FLOOR, TOP = 360, 120, 96, 16
PLACES_MIN = 6  # a first month alone is a bar, not a wall


@dataclass(frozen=True, slots=True)
class Bar:
    """A week or a month. Units: of the drawing; `text` is its value, empty where there is none."""

    begins_on: dt.date
    x: float
    y: float
    width: float
    height: float
    text: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing: its title, what it counts, the sum of all bars in words, its bars, the value at the top."""

    id: str
    title: str
    about: str
    whole: str
    bars: list[Bar]
    top: str


def bars_of(values: Sequence[tuple[dt.date, float, str]], most: float) -> list[Bar]:
    """(first day, value, its text) each as a bar; the value `most` reaches the top."""
    step = WIDTH / max(PLACES_MIN, len(values))
    bars = []
    for place, (begins_on, value, text) in enumerate(values):
        height = round((FLOOR - TOP) * value / most, 1) if most else 0.0
        bars.append(Bar(begins_on, round(place * step + 3, 1), FLOOR - height, round(step - 6, 1), height, text))
    return bars
