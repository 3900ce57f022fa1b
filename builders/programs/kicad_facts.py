"""Ask KiCad itself about a board, over its API, and write the answers as JSON.

Runs inside the sandbox, on a screen of its own: `kicad_facts.py BOARD ANSWERS STOP`. It starts pcbnew, waits until the
API answers, asks, and ends pcbnew. TMPDIR holds the socket, KICAD_CONFIG_HOME the settings that switch the API on.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from kipy import KiCad
from kipy.board import Board
from kipy.board_types import ArcTrack, FootprintInstance, Track
from kipy.proto.board import board_pb2
from kipy.proto.board.board_types_pb2 import BoardLayer, FootprintMountingStyle, PadType

NM_PER_MM = 1_000_000
START_S = 60.0  # unless the caller knows the board to be large


def mm(value_nm: float) -> float:
    """Millimetres of KiCad's nanometres."""
    return round(value_nm / NM_PER_MM, 4)


def connect(pcbnew: subprocess.Popen[bytes], stop: Path, start_s: float = START_S) -> tuple[KiCad, Board]:
    """Wait until the API answers for the opened board, or a file `stop` says that it never will."""
    socket = Path(os.environ["TMPDIR"]) / "kicad" / "api.sock"
    until = time.monotonic() + start_s
    last = "pcbnew made no socket"
    while time.monotonic() < until:
        if pcbnew.poll() is not None:
            raise SystemExit(f"pcbnew ended with status {pcbnew.returncode} before it answered")
        if stop.exists():
            raise SystemExit("the board can't be read")
        if socket.exists():
            try:
                kicad = KiCad(socket_path=f"ipc://{socket}", timeout_ms=20_000)
                return kicad, kicad.get_board()
            except Exception as error:  # the API raises many kinds while the board still loads
                last = str(error)
        time.sleep(0.1)
    raise SystemExit(f"KiCad's API gave no answer within {start_s:.0f} s: {last}")


def stackup(board: Board) -> list[dict[str, Any]]:
    """Layers from top to bottom, as the board's stack-up names them."""
    rows = []
    for layer in board.get_stackup().layers:
        kind = board_pb2.BoardStackupLayerType.Name(layer.type).removeprefix("BSLT_").lower()
        known = layer.layer != BoardLayer.BL_UNDEFINED
        name = layer.user_name or (BoardLayer.Name(layer.layer).removeprefix("BL_").replace("_", ".") if known else "")
        rows.append({"name": name, "type": kind, "material": layer.material_name, "thickness_mm": mm(layer.thickness)})
    return rows


def is_plain_tht(footprint: FootprintInstance) -> bool:
    """A part to place whose style nobody stated (KiCad 5 has no word for it) and that has plated holes."""
    marks = footprint.attributes
    if marks.exclude_from_position_files or marks.exclude_from_bill_of_materials or marks.not_in_schematic:
        return False
    unstated = marks.mounting_style in (FootprintMountingStyle.FMS_UNKNOWN, FootprintMountingStyle.FMS_UNSPECIFIED)
    return unstated and any(pad.pad_type == PadType.PT_PTH for pad in footprint.definition.pads)


def footprints(board: Board) -> dict[str, int]:
    """Counts by side and technology."""
    counts: Counter[str] = Counter(dict.fromkeys(("total", "top", "bottom", "smd", "tht", "other", "dnp"), 0))
    for footprint in board.get_footprints():
        counts["total"] += 1
        counts["bottom" if footprint.layer == BoardLayer.BL_B_Cu else "top"] += 1
        style = footprint.attributes.mounting_style
        if style == FootprintMountingStyle.FMS_SMD:
            counts["smd"] += 1
        elif style == FootprintMountingStyle.FMS_THROUGH_HOLE or is_plain_tht(footprint):
            counts["tht"] += 1
        else:
            counts["other"] += 1
        counts["dnp"] += bool(footprint.attributes.do_not_populate)
    return dict(counts)


def holes(board: Board) -> dict[str, Any]:
    """Plated and other holes of pads and vias, with the smallest drill and ring."""
    drills: list[int] = []
    rings: list[int] = []
    plated = non_plated = 0
    pads = list(board.get_pads())
    vias = list(board.get_vias())
    for pad in pads:
        size = pad.padstack.drill.diameter
        if pad.pad_type == PadType.PT_NPTH:
            non_plated += 1
            drills += [min(size.x, size.y)] if size.x else []
        elif pad.pad_type == PadType.PT_PTH and size.x:
            plated += 1
            drills.append(min(size.x, size.y))
            rings += [min(copper.size.x - size.x, copper.size.y - size.y) // 2 for copper in pad.padstack.copper_layers]
    for via in vias:
        drills.append(via.drill_diameter)
        rings.append((via.diameter - via.drill_diameter) // 2)
    if drills and min(drills) <= 0:
        # KiCad 4 and 5 leave out the drill of a via that has the board's default: the file's own text knows it.
        drills, rings = [], []
    return {
        "pads": len(pads),
        "vias": len(vias),
        "holes": {"plated": plated + len(vias), "non_plated": non_plated},
        "min_drill_mm": mm(min(drills)) if drills else None,
        # A pad smaller than its hole has no ring to measure: such pads are mostly castellations or mechanical.
        "min_annular_ring_mm": mm(min(ring for ring in rings if ring > 0)) if any(r > 0 for r in rings) else None,
    }


def answers(kicad: KiCad, board: Board) -> dict[str, Any]:
    """Everything the API can say; what it can't is left out and completed by the builder."""
    facts: dict[str, Any] = {"kicad": kicad.get_version().full_version}
    tracks = [item for item in board.get_tracks() if isinstance(item, Track | ArcTrack)]
    block = board.get_title_block_info()
    asked = {
        "stackup": lambda: stackup(board),
        "copper_layers": lambda: board.get_copper_layer_count(),
        "finish": lambda: board.get_stackup().finish.type_name,
        "footprints": lambda: footprints(board),
        "tracks": lambda: len(tracks),
        "min_track_mm": lambda: mm(min(track.width for track in tracks)) if tracks else None,
        "nets": lambda: sum(1 for net in board.get_nets() if net.name),
        "zones": lambda: len(board.get_zones()),
        "title_block": lambda: {
            "title": block.title,
            "revision": block.revision,
            "date": block.date,
            "company": block.company,
            "comments": [text for _, text in sorted(block.comments.items()) if text],
        },
    }
    unanswered = {}
    for name, ask in asked.items():
        try:
            facts[name] = ask()
        except Exception as error:  # one question that this KiCad can't answer must not cost the others
            unanswered[name] = str(error)
    try:
        facts |= holes(board)
    except Exception as error:
        unanswered["holes"] = str(error)
    if unanswered:
        facts["unanswered"] = unanswered
    return facts


def main(board_path: str, answers_path: str, stop_path: str, start_s: str = str(START_S)) -> None:
    """Start pcbnew on the board, ask, write, end it."""
    pcbnew = subprocess.Popen(
        ["pcbnew", board_path], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        kicad, board = connect(pcbnew, Path(stop_path), float(start_s))
        facts = answers(kicad, board)
    finally:
        pcbnew.kill()
        pcbnew.wait()
    Path(answers_path).write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
