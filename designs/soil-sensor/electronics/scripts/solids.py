"""Solids that electronic packages are put together from, and writing them as STEP with the same bytes each time.

The frame of every model is that of its KiCad footprint: x to the right, y up, z = 0 on the board's face, millimetres.
"""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import re
from pathlib import Path

import cadquery as cq

BLACK, MARK, TIN = cq.Color(0.17, 0.17, 0.18), cq.Color(0.62, 0.62, 0.60), cq.Color(0.76, 0.76, 0.75)
GOLD, STEEL, WHITE = cq.Color(0.86, 0.70, 0.32), cq.Color(0.66, 0.68, 0.70), cq.Color(0.90, 0.90, 0.87)

# What says how things look: OCCT writes these entities in an order that depends on addresses in memory.
_STYLE = re.compile(
    r"(?:OVER_RIDING_)?STYLED_ITEM|(?:PRESENTATION|SURFACE|FILL_AREA|CURVE)_(?:STYLE|SIDE)|COLOUR_RGB"
    r"|DRAUGHTING_PRE_DEFINED|MECHANICAL_DESIGN_GEOMETRIC"
)
_USE = "NEXT_ASSEMBLY_USAGE_OCCURRENCE('"
_REFERENCE = re.compile(r"#(\d+)")


def box(x0: float, x1: float, y0: float, y1: float, z0: float, z1: float) -> cq.Workplane:
    """A box between two corners."""
    return cq.Workplane("XY").box(x1 - x0, y1 - y0, z1 - z0, centered=False).translate((x0, y0, z0))


def centred(length: float, width: float, z0: float, z1: float) -> cq.Workplane:
    """A box over the origin."""
    return box(-length / 2, length / 2, -width / 2, width / 2, z0, z1)


def disc(x: float, y: float, diameter: float, z0: float, z1: float) -> cq.Workplane:
    """An upright cylinder."""
    return cq.Workplane("XY", origin=(x, y, z0)).circle(diameter / 2).extrude(z1 - z0)


def moulded(length: float, width: float, z0: float, z1: float, split: float, taper: float = 8.0) -> cq.Workplane:
    """A moulded body: widest at the height where the mould parts, tapered to both faces."""
    plane = cq.Workplane("XY", origin=(0, 0, split)).rect(length, width)
    return plane.extrude(z1 - split, taper=taper).union(
        cq.Workplane("XY", origin=(0, 0, split)).rect(length, width).extrude(z0 - split, taper=taper)
    )


def gull_wing(inner: float, outer: float, foot: float, z: float, thick: float, width: float) -> cq.Workplane:
    """A lead on the +x side: out of the body at height z, down, and flat on the board to x = outer."""
    heel = outer - foot
    knee = inner + 0.3 * (heel - inner)
    low = [(outer, 0), (heel, 0), (knee, z - thick / 2), (inner, z - thick / 2)]
    high = [(inner, z + thick / 2), (knee + 0.6 * thick, z + thick / 2), (heel + 0.6 * thick, thick), (outer, thick)]
    return cq.Workplane("XZ").polyline(low + high).close().extrude(width / 2, both=True)


class Model:
    """A package: solids with names and colours; a solid used many times is stored once."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.assembly = cq.Assembly(name=name)

    def add(self, name: str, solid: cq.Workplane, colour: cq.Color, *places: tuple[float, float, float]) -> "Model":
        """Add a solid at places (x, y, turn in degrees); without places where it was modelled."""
        for number, (x, y, turn) in enumerate(places or ((0, 0, 0),), start=1):
            location = cq.Location((x, y, 0), (0, 0, 1), turn)
            self.assembly.add(solid, name=f"{name}_{number}" if places else name, loc=location, color=colour)
        return self

    def write(self, folder: Path) -> Path:
        """Write it as STEP."""
        path = folder / f"{self.name}.step"
        self.assembly.export(str(path), exportType="STEP", write_pcurves=False)
        path.write_text(settled(path.read_text("latin-1")), "latin-1")
        return path


def settled(text: str) -> str:
    """A STEP file without the time of writing, its style entities sorted by what they say."""
    # Uses are numbered through all files that one run writes: begin anew in each.
    uses = iter(range(1, text.count(_USE) + 1))
    text = re.sub(re.escape(_USE) + r"\d+'", lambda found: f"{_USE}{next(uses)}'", text)
    head, _, rest = text.partition("DATA;\n")
    data, _, tail = rest.partition("ENDSEC;")
    head = re.sub(r"(FILE_NAME\s*\(\s*'[^']*'\s*,)\s*'[^']*'", r"\1'1970-01-01T00:00:00'", head, count=1)
    found = re.findall(r"#(\d+) = (.*?);\n", data, re.S)
    entities = {int(number): "".join(line.strip() for line in body.splitlines()) for number, body in found}
    styles = {number for number, body in entities.items() if _STYLE.match(body)}
    rank = {number: place for place, number in enumerate(n for n in entities if n not in styles)}
    told: dict[int, str] = {}

    def tell(number: int) -> str:
        """All that a style entity says, itself and what it refers to, without numbers that change."""
        if number in rank:
            return f"@{rank[number]}"
        if number not in told:
            body = entities[number]
            if body.startswith("MECHANICAL"):
                listed = re.search(r"\(([\d,# ]*#[\d,# ]+)\)", body)
                inside = sorted(_REFERENCE.findall(listed[1]), key=lambda n: tell(int(n)))
                body = entities[number] = body.replace(listed[1], ",".join(f"#{n}" for n in inside))
            told[number] = _REFERENCE.sub(lambda found: tell(int(found[1])), body)
        return told[number]

    order = list(rank)
    place = {number: index for index, number in enumerate(order, start=1)}
    for number in sorted(styles, key=tell):
        if tell(number) != tell(order[-1]):  # what says the same is kept once
            order.append(number)
        place[number] = len(order)
    lines = [f"#{place[n]} = {_REFERENCE.sub(lambda m: f'#{place[int(m[1])]}', entities[n])};\n" for n in order]
    return f"{head}DATA;\n{''.join(lines)}ENDSEC;{tail}"
