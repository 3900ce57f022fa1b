"""The parts that stand on the board, read from the KiCad board: each one's 3D model and place."""

import re
from collections.abc import Iterator
from pathlib import Path

import cadquery as cq

HERE = Path(__file__).resolve().parent
BOARD = HERE / "../electronics/soil-sensor.kicad_pcb"
MODELS = HERE / "../electronics/models"

_FOOTPRINT = re.compile(r"^\t\(footprint .*?^\t\)$", re.MULTILINE | re.DOTALL)
_PLACE = re.compile(r"^\t\t\(at ([-\d.]+) ([-\d.]+)(?: ([-\d.]+))?\)$", re.MULTILINE)
# A model that is hidden belongs to a part that is not fitted.
_MODEL = re.compile(r'\(model "\$\{KIPRJMOD\}/models/([^"/]+)"\s*(\(hide yes\))?')


def parts_by_colour(origin_mm: list[float]) -> Iterator[tuple[cq.Color, cq.Compound]]:
    """All fitted parts in the frame of board.toml, joined by colour: the board's own files tell them apart."""
    loaded: dict[str, cq.Assembly] = {}
    found: dict[tuple[float, ...], list[cq.Shape]] = {}
    for footprint in _FOOTPRINT.findall(BOARD.read_text(encoding="utf-8")):
        model, place = _MODEL.search(footprint), _PLACE.search(footprint)
        if not model or model[2] or not place:
            continue
        name = model[1]
        if name not in loaded:
            loaded[name] = cq.Assembly.importStep(str(MODELS / name))
        x, y, turn = (float(value or 0) for value in place.groups())
        here = cq.Location((x - origin_mm[0], origin_mm[1] - y, 0), (0, 0, 1), turn)
        for shape, _, location, colour in loaded[name]:
            if colour:
                found.setdefault(colour.toTuple(), []).append(shape.moved(here * location))
    for colour, shapes in found.items():
        yield cq.Color(*colour), cq.Compound.makeCompound(shapes)
