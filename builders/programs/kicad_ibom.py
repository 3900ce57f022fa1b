"""Make the interactive bill of materials and measure the outline, with the system's Python and its pcbnew module.

Runs inside the sandbox: `kicad_ibom.py PACKAGES BOARD OUTLINE_JSON OUT_DIR [OPTION ...]`. Only InteractiveHtmlBom is
taken from PACKAGES, a folder made for another Python.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any


def outline(board_path: str) -> dict[str, Any]:
    """Area and extent of the board, holes in it taken off; Units: mm, mm2."""
    import pcbnew

    board = pcbnew.LoadBoard(board_path)
    shape = pcbnew.SHAPE_POLY_SET()
    if not board.GetBoardPolygonOutlines(shape) or shape.OutlineCount() == 0:
        return {}
    box = shape.BBox()
    nm_per_mm = 1_000_000
    # KiCad fits the page of its layer pictures to everything on the board, not to the outline alone.
    drawn = board.ComputeBoundingBox(False)
    return {
        "layers_origin_mm": {"x": round(drawn.GetX() / nm_per_mm, 4), "y": round(drawn.GetY() / nm_per_mm, 4)},
        "outline_area_mm2": round(shape.Area() / nm_per_mm**2, 2),
        # Renders of the board are centred on it.
        "outline_centre_mm": {
            "x": round((box.GetX() + box.GetWidth() / 2) / nm_per_mm, 4),
            "y": round((box.GetY() + box.GetHeight() / 2) / nm_per_mm, 4),
        },
        "outlines": shape.OutlineCount(),
        "size_mm": {"width": round(box.GetWidth() / nm_per_mm, 3), "height": round(box.GetHeight() / nm_per_mm, 3)},
    }


def main(packages: str, board_path: str, outline_path: str, out_dir: str, *options: str) -> None:
    """Outline first: a board that InteractiveHtmlBom can't show still has a size."""
    measured: dict[str, Any] = {}
    try:
        measured = outline(board_path)
    finally:
        Path(outline_path).write_text(json.dumps(measured, sort_keys=True) + "\n")
    own = Path(os.environ["TMPDIR"], "ibom")
    own.mkdir()
    (own / "InteractiveHtmlBom").symlink_to(Path(packages, "InteractiveHtmlBom"))
    sys.path.insert(0, str(own))
    os.environ["INTERACTIVE_HTML_BOM_NO_DISPLAY"] = "1"
    from InteractiveHtmlBom import generate_interactive_bom

    sys.argv = ["ibom", board_path, "--no-browser", "--dest-dir", out_dir, "--name-format", "ibom", *options]
    generate_interactive_bom.main()


if __name__ == "__main__":
    main(*sys.argv[1:])
