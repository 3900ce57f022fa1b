"""Lay a board out on a panel with KiKit, in the system's Python with its pcbnew module.

Runs inside the sandbox: `kicad_panel.py BOARD PANEL FACTS`. As many boards as fit on a common panel, held by tabs with
mouse bites between two rails, with tooling holes and fiducials on the rails.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

PANEL_MM = 180.0  # what small assembly lines take, with room for their own edges
ROWS_MAX = 5
GAP_MM = 2.0
RAIL_MM = 5.0
NM_PER_MM = 1_000_000


def grid(width_mm: float, height_mm: float) -> tuple[int, int]:
    """(columns, rows): as many boards as fit, at least one."""

    def fits(size_mm: float, room_mm: float) -> int:
        return max(1, min(ROWS_MAX, int((room_mm + GAP_MM) // (size_mm + GAP_MM))))

    return fits(width_mm, PANEL_MM), fits(height_mm, PANEL_MM - 2 * (RAIL_MM + GAP_MM))


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
    columns, rows = grid(width_mm, height_mm)
    settings = {
        "layout": f"grid; rows: {rows}; cols: {columns}; space: {GAP_MM}mm",
        "tabs": "fixed; width: 3mm; vcount: 2; hcount: 2",
        "cuts": "mousebites; drill: 0.5mm; spacing: 0.8mm; offset: 0.2mm; prolong: 0.5mm",
        "framing": f"railstb; width: {RAIL_MM}mm; space: {GAP_MM}mm",
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
        "rails_mm": RAIL_MM, "gap_mm": GAP_MM, "mouse_bite_drill_mm": 0.5, "layers": panel.GetCopperLayerCount(),
    }  # fmt: skip
    Path(facts_path).write_text(json.dumps(told, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
