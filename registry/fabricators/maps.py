"""A map without a tile server: outlines of countries (Natural Earth, by the package world-atlas) and dots, as SVG."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from registry.settings import PROJECT

_FOLDER = PROJECT / "node_modules" / "world-atlas"
_WIDE, _HIGH = 800, 400
_CELL = 16  # pixels: dots nearer than that become one
_LEAST_DEG = 7.0
Line = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Dot:
    """A place on the map with the page that it leads to."""

    lat_deg: float
    lon_deg: float
    name: str
    href: str


@dataclass(frozen=True, slots=True)
class View:
    """The part of the world that a map shows."""

    west: float
    south: float
    east: float
    north: float

    def place(self, lon: float, lat: float) -> tuple[float, float]:
        """Pixels, from the upper left."""
        x = (lon - self.west) / (self.east - self.west) * _WIDE
        return x, (self.north - lat) / (self.north - self.south) * _HIGH


@functools.cache
def _lines(detail: str) -> list[tuple[tuple[float, float, float, float], Line]]:
    """Coasts and borders, each once, with its bounds; none where the front-end packages are not installed."""
    path = _FOLDER / f"countries-{detail}.json"
    if not path.is_file():
        return []
    topology = json.loads(path.read_text(encoding="utf-8"))
    (scale_x, scale_y), (move_x, move_y) = topology["transform"]["scale"], topology["transform"]["translate"]
    lines = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((x * scale_x + move_x, y * scale_y + move_y))
        lons, lats = [p[0] for p in points], [p[1] for p in points]
        lines.append(((min(lons), min(lats), max(lons), max(lats)), tuple(points)))
    return lines


def view_of(dots: Sequence[Dot]) -> View:
    """The part of the world that holds the dots, twice as wide as high on the ground, in steps that can be kept."""
    if not dots:
        return View(-180.0, -58.0, 180.0, 80.0)
    lats, lons = [dot.lat_deg for dot in dots], [dot.lon_deg for dot in dots]
    middle, high = (max(lats) + min(lats)) / 2, max(_LEAST_DEG, (max(lats) - min(lats)) * 1.25)
    shrink = max(0.2, math.cos(math.radians(middle)))
    wide = max(high * 2 / shrink, (max(lons) - min(lons)) * 1.2)
    if wide >= 300:
        return View(-180.0, -58.0, 180.0, 80.0)
    high = wide * shrink / 2
    centre = (max(lons) + min(lons)) / 2
    near = [
        round(value * 4) / 4 for value in (centre - wide / 2, middle - high / 2, centre + wide / 2, middle + high / 2)
    ]
    return View(*near)


@functools.lru_cache(maxsize=64)
def _outlines(view: View) -> str:
    """The lines in view as one SVG path; points nearer than a pixel are left out."""
    parts = []
    for (west, south, east, north), line in _lines("50m" if view.east - view.west < 70 else "110m"):
        if west > view.east or east < view.west or south > view.north or north < view.south:
            continue
        kept: list[tuple[float, float]] = []
        for index, (lon, lat) in enumerate(line):
            x, y = view.place(lon, lat)
            x, y = min(max(x, -_WIDE), 2 * _WIDE), min(max(y, -_HIGH), 2 * _HIGH)
            last = index == len(line) - 1
            if not kept or last or abs(x - kept[-1][0]) + abs(y - kept[-1][1]) >= 1.2:
                kept.append((x, y))
        if len(kept) > 1:
            parts.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in kept))
    return "".join(parts)


def draw(dots: Sequence[Dot], label: str, many: Callable[[float, float, int], str]) -> Markup:
    """A map as inline SVG; `many(lat, lon, count)` is the address for dots that lie too close together."""
    view = view_of(dots)
    cells: dict[tuple[int, int], list[Dot]] = {}
    for dot in dots:
        x, y = view.place(dot.lon_deg, dot.lat_deg)
        cells.setdefault((int(x // _CELL), int(y // _CELL)), []).append(dot)
    drawn = []
    for group in sorted(cells.values(), key=len, reverse=True):
        lat = sum(dot.lat_deg for dot in group) / len(group)
        lon = sum(dot.lon_deg for dot in group) / len(group)
        x, y = view.place(lon, lat)
        alone = len(group) == 1
        name = group[0].name if alone else f"{len(group)} fabricators near {group[0].name}"
        href = group[0].href if alone else many(lat, lon, len(group))
        radius = 6.0 if alone else min(18.0, 8.0 + 2.2 * math.log2(len(group)))
        count = "" if alone else f'<text x="{x:.1f}" y="{y + 4:.1f}">{len(group)}</text>'
        drawn.append(
            f'<a href="{escape(href)}" aria-label="{escape(name)}"><title>{escape(name)}</title>'
            f'<circle class="{"dot" if alone else "dots"}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"/>{count}</a>'
        )
    return Markup(
        f'<svg class="map" viewBox="0 0 {_WIDE} {_HIGH}" role="group" aria-label="{escape(label)}">'
        f'<path class="outlines" d="{_outlines(view)}"/>{"".join(drawn)}</svg>'
    )
