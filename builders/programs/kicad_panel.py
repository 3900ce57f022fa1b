"""Lay a board out on a panel with KiKit, in the system's Python with its pcbnew module.

Runs inside the sandbox: `kicad_panel.py BOARD PANEL FACTS`. As many boards as fit on a common panel, held by tabs with
mouse bites between two rails, with tooling holes and fiducials on the rails.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

PANEL_MM = 180.0  # what small assembly lines take, with room for their own edges
ROWS_MAX = 5
GAP_MM = 2.0
GAP_MM_MAX = 12.0  # longer tabs bend while parts are placed
EDGE_MM = 0.01  # less is rounding
RAIL_MM = 5.0
NM_PER_MM = 1_000_000
Box = tuple[float, float, float, float]


class Overhang(NamedTuple):
    """How far parts reach over each edge of a board, 0 for none, and those that do. Units: mm."""

    left: float = 0.0
    right: float = 0.0
    top: float = 0.0
    bottom: float = 0.0
    parts: tuple[str, ...] = ()


class Spacing(NamedTuple):
    """Room beside boards, between their rows, and towards the rails. Units: mm."""

    across: float
    down: float
    rail: float


def overhang(box: Box, parts: Iterable[tuple[str, Box]]) -> Overhang:
    """What reaches over a board's edges. Boxes are (left, top, right, bottom) in mm."""
    sides = [0.0, 0.0, 0.0, 0.0]
    who: list[str] = []
    for name, part in parts:
        over = (box[0] - part[0], part[2] - box[2], box[1] - part[1], part[3] - box[3])
        if max(over) > EDGE_MM:
            who.append(name)
            sides = [max(known, side) for known, side in zip(sides, over, strict=True)]
    left, right, top, bottom = (round(side, 3) for side in sides)
    return Overhang(left, right, top, bottom, tuple(sorted(who)))


def spacing(over: Overhang) -> Spacing:
    """As much room as parts that reach over the edges take, with the usual gap at least. Raises: ValueError."""
    told = Spacing(
        max(GAP_MM, over.left + over.right), max(GAP_MM, over.top + over.bottom), max(GAP_MM, over.top, over.bottom)
    )
    if max(told) > GAP_MM_MAX:
        raise ValueError(
            f"{', '.join(over.parts[:4])} reach so far over the board's edge that boards would stand "
            f"{max(told):.1f} mm apart; tabs hold at most {GAP_MM_MAX:g} mm"
        )
    return told


def grid(width_mm: float, height_mm: float, space: Spacing = Spacing(GAP_MM, GAP_MM, GAP_MM)) -> tuple[int, int]:
    """(columns, rows): as many boards as fit, at least one."""

    def fits(size_mm: float, room_mm: float, gap_mm: float) -> int:
        return max(1, min(ROWS_MAX, int((room_mm + gap_mm) // (size_mm + gap_mm))))

    columns = fits(width_mm, PANEL_MM, space.across)
    return columns, fits(height_mm, PANEL_MM - 2 * (RAIL_MM + space.rail), space.down)


def _bodies(board: Any) -> Iterator[tuple[str, Box]]:
    """Every fitted part with the box that it takes: its courtyard, or else its drawing, or else its pads."""
    import pcbnew

    for part in board.GetFootprints():
        if part.IsDNP() or part.GetAttributes() & pcbnew.FP_BOARD_ONLY:
            continue
        boxes = []
        for layer in (pcbnew.F_CrtYd, pcbnew.B_CrtYd):
            courtyard = part.GetCourtyard(layer)
            if courtyard.OutlineCount():
                boxes.append(courtyard.BBox())
        if not boxes:
            drawn = [item for item in part.GraphicalItems() if item.GetLayer() in (pcbnew.F_Fab, pcbnew.B_Fab)]
            boxes = [item.GetBoundingBox() for item in drawn if isinstance(item, pcbnew.PCB_SHAPE)]
        boxes = boxes or [pad.GetBoundingBox() for pad in part.Pads()]
        if boxes:
            yield part.GetReference() or "a part without a name", _joined(boxes)


def _joined(boxes: list[Any]) -> Box:
    edges = [(box.GetLeft(), box.GetTop(), box.GetRight(), box.GetBottom()) for box in boxes]
    lefts, tops, rights, bottoms = zip(*edges, strict=True)
    return (
        min(lefts) / NM_PER_MM, min(tops) / NM_PER_MM, max(rights) / NM_PER_MM, max(bottoms) / NM_PER_MM
    )  # fmt: skip


def main(board_path: str, panel_path: str, facts_path: str) -> None:
    """Measure the board, choose the grid, let KiKit lay it out."""
    import pcbnew

    board = pcbnew.LoadBoard(board_path)
    shape = pcbnew.SHAPE_POLY_SET()
    if not board.GetBoardPolygonOutlines(shape) or shape.OutlineCount() == 0:
        sys.exit("the board has no closed outline")
    if shape.OutlineCount() > 1:
        sys.exit("there is more than one board in the file: it is a panel already")
    box = shape.BBox()
    width_mm, height_mm = box.GetWidth() / NM_PER_MM, box.GetHeight() / NM_PER_MM
    over = overhang(_joined([box]), _bodies(board))
    try:
        space = spacing(over)
    except ValueError as error:
        sys.exit(str(error))
    columns, rows = grid(width_mm, height_mm, space)
    settings = {
        "layout": f"grid; rows: {rows}; cols: {columns}; hspace: {space.across}mm; vspace: {space.down}mm",
        "tabs": "fixed; width: 3mm; vcount: 2; hcount: 2",
        "cuts": "mousebites; drill: 0.5mm; spacing: 0.8mm; offset: 0.2mm; prolong: 0.5mm",
        "framing": f"railstb; width: {RAIL_MM}mm; space: {space.rail}mm",
        "tooling": "3hole; hoffset: 2.5mm; voffset: 2.5mm; size: 1.5mm",
        "fiducials": "3fid; hoffset: 6mm; voffset: 2.5mm; coppersize: 1mm; opening: 2mm",
        "post": "millradius: 1mm",
    }
    chosen = [word for name, value in settings.items() for word in (f"--{name}", value)]
    ended = subprocess.run(
        [sys.executable, "-m", "kikit.ui", "panelize", *chosen, board_path, panel_path], check=False, env=os.environ
    )
    if ended.returncode != 0:
        sys.exit(ended.returncode)
    panel = pcbnew.LoadBoard(panel_path)
    outer = pcbnew.SHAPE_POLY_SET()
    panel.GetBoardPolygonOutlines(outer)
    size = outer.BBox()
    told = {
        "columns": columns, "rows": rows, "boards": columns * rows,
        "board_mm": [round(width_mm, 3), round(height_mm, 3)],
        "panel_mm": [round(size.GetWidth() / NM_PER_MM, 3), round(size.GetHeight() / NM_PER_MM, 3)],
        "rails_mm": RAIL_MM, "gap_mm": [space.across, space.down], "rail_gap_mm": space.rail,
        "over_the_edge": list(over.parts), "mouse_bite_drill_mm": 0.5, "layers": panel.GetCopperLayerCount(),
    }  # fmt: skip
    Path(facts_path).write_text(json.dumps(told, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
