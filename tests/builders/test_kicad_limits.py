"""Real boards against limits: KiCad's findings under rules made from them, against the board files' own text."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from builders.contract import BuildFailed
from builders.kicad.limit_check import CHECK
from builders.kicad.rules import LISTED_MAX, RULES, broken, nearest, project_file, rules_file, told
from builders.kicad.sexpr import read
from builders.kicad.smallest import smallest
from registry.builds.workspace import HostWorkspace
from registry.stores import sandbox

CORPUS = Path(os.environ.get("BRICKYARD_CORPUS", Path(__file__).parents[3] / "shared" / "corpus"))
MISSING = CHECK.available() or sandbox.why_not() or ("" if CORPUS.is_dir() else f"There is no corpus in {CORPUS}.")
with_kicad = [pytest.mark.skipif(bool(MISSING), reason=MISSING), pytest.mark.xdist_group("kicad")]
NRF, TEENSY = "nrfmicro/hardware/nrfmicro.kicad_pcb", "teensy-3.2-clone.kicad/T32_ref.kicad_pcb"


def check(parent: Path, content: bytes, limits: dict[str, float]) -> dict[str, Any]:
    """What a check of a board answers."""
    target = CHECK.target("board", "Board", "board.kicad_pcb", limits)
    with HostWorkspace(parent, None) as work:
        (work.source / "board.kicad_pcb").write_bytes(content)
        CHECK.build(target, work)
        answer = work.read_output("checks.json")
        assert answer is not None
        found: dict[str, Any] = json.loads(answer)
        return found


def rows(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["parameter"]: row for row in report["limits"]}


def vias(text: str) -> list[tuple[float, float]]:
    """(size, drill) of every via, by a pattern rather than by our reader."""
    found = re.findall(r"\(via[^()]*\(at [^)]*\)\s*\(size ([\d.]+)\)\s*\(drill ([\d.]+)\)", text)
    return [(float(size), float(drill)) for size, drill in found]


@pytest.mark.parametrize("design", [pytest.param(NRF, marks=with_kicad)])
def test_what_is_below_the_limits_is_counted_and_placed(design: str, tmp_path: Path) -> None:
    content = (CORPUS / design).read_bytes()
    text = content.decode()
    widths = [float(width) for width in re.findall(r"\(segment[^\n]*?\(width ([\d.]+)\)", text)]
    limit = round(min(widths) + 0.01, 4)
    report = check(tmp_path, content, {"track_mm_min": limit, "drill_mm_min": 0.35, "ring_mm_min": 0.02})
    found = rows(report)
    fine = sum(width < limit for width in widths)
    assert found["track_mm_min"]["broken"] == min(fine, LISTED_MAX) > 0
    assert found["track_mm_min"]["at_least"] == (fine >= LISTED_MAX)
    assert found["track_mm_min"]["least_mm"] == min(widths)
    small = [drill for _, drill in vias(text) if drill < 0.35]
    assert found["drill_mm_min"]["broken"] >= len(small) > 0
    assert found["drill_mm_min"]["least_mm"] == min(small)
    assert found["ring_mm_min"] == {
        "parameter": "ring_mm_min", "limit_mm": 0.02, "broken": 0, "least_mm": None, "at_least": False,
    }  # fmt: skip
    first = report["drc"]["findings"][0]
    assert first["text"].startswith("Track too fine (") and f"limit {limit:g} mm)" in first["text"]
    assert {"x_mm", "y_mm"} <= first["items"][0].keys()
    assert len(report["drc"]["findings"]) == sum(row["broken"] for row in found.values())


@pytest.mark.parametrize("design", [pytest.param(TEENSY, marks=with_kicad)])
def test_a_limit_that_all_keep_finds_nothing_and_the_designs_own_rules_have_no_say(design: str, tmp_path: Path) -> None:
    report = check(tmp_path, (CORPUS / design).read_bytes(), {name: 0.001 for name in RULES if name != "edge_mm_min"})
    assert report["drc"]["findings"] == [] and all(row["broken"] == 0 for row in report["limits"])


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
def test_a_board_that_was_cut_off_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed, match="ends early"):
        check(tmp_path, (CORPUS / NRF).read_bytes()[:5000], {"track_mm_min": 0.2})


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus")
@pytest.mark.parametrize("design", [NRF, TEENSY])
def test_the_smallest_things_are_where_the_file_has_them(design: str) -> None:
    text = (CORPUS / design).read_text()
    where = smallest(read(text))
    track = where["min_track_mm"]
    number = next(n for n, name in re.findall(r'\(net (\d+) "?([^")\s]+)"?\)', text) if name == track["net"])
    ends = re.findall(
        rf"\(segment \(start ([-\d.]+) ([-\d.]+)\) \(end ([-\d.]+) ([-\d.]+)\) \(width {track['size_mm']:g}\)"
        rf" \(layer \"?{re.escape(track['layer'])}\"?\) \(net {number}\)",
        text,
    )
    middles = {(round((float(a) + float(c)) / 2, 4), round((float(b) + float(d)) / 2, 4)) for a, b, c, d in ends}
    assert (track["x_mm"], track["y_mm"]) in middles
    hole = where["min_drill_mm"]
    if hole["what"] == "via":
        places = re.findall(r"\(via[^()]*\(at ([-\d.]+) ([-\d.]+)\)", text)
        assert any(abs(float(x) - hole["x_mm"]) + abs(float(y) - hole["y_mm"]) < 1e-6 for x, y in places)
    assert where["min_annular_ring_mm"]["size_mm"] > 0


def test_pads_turn_with_their_footprint() -> None:
    board = read(
        '(kicad_pcb (net 0 "") (net 1 "GND") (footprint "x" (at 10 20 90) (fp_text reference "J1" (at 0 0))'
        ' (pad "2" thru_hole circle (at 3 0) (size 1.2 1.2) (drill 0.8) (net 1 "GND"))))'
    )
    # 90 degrees counter-clockwise as seen: what was to the right is above, and above is less on KiCad's page
    assert smallest(board)["min_drill_mm"] == {
        "what": "pad 2 of J1", "size_mm": 0.8, "net": "GND", "x_mm": 10.0, "y_mm": 17.0, "alike": 1,
    }  # fmt: skip


def test_only_what_is_below_a_limit_counts_and_the_worst_comes_first() -> None:
    def violation(kind: str, words: str) -> dict[str, Any]:
        items = [{"description": "Track [A/B] on In1.Cu, length 1 mm", "pos": {"x": 1.0, "y": 2.0}}]
        return {"type": kind, "description": words, "severity": "error", "items": items}

    report = {
        "violations": [
            violation("clearance", "Clearance violation (rule 'x' clearance 0.2000 mm; actual 0.1500 mm)"),
            violation("clearance", "Clearance violation (netclass 'Default' clearance 0.3000 mm; actual 0.2500 mm)"),
            violation("clearance", "Clearance violation (local override clearance 0.2 mm; actual 0.0000 mm)"),
            violation("silk_overlap", "Silkscreen overlap (board minimum 0.15 mm; actual 0.1 mm)"),
            violation("track_width", "Track width (no figure)"),
        ]
    }
    limits = {"track_mm_min": 0.2, "clearance_mm_min": 0.2}
    found = broken(report, limits)
    assert [one["actual_mm"] for one in found] == [0.0, 0.15]
    row = told(found, limits)["limits"][1]
    assert (row["broken"], row["least_mm"]) == (2, 0.0)
    place = nearest(found)
    assert place is not None and (place["what"], place["layer"], place["x_mm"]) == ("between net A/B", "In1.Cu", 1.0)


def test_rules_are_written_as_kicad_reads_them() -> None:
    text = rules_file({"edge_mm_min": 0.25})
    assert "(constraint edge_clearance (min 0.25000mm))" in text and read(f"(all {text})")
    settings = json.loads(project_file({"clearance_mm_min": 0.1}))["board"]["design_settings"]
    assert settings["rule_severities"]["clearance"] == "error"
    assert settings["rule_severities"]["track_width"] == "ignore" and settings["rules"]["min_clearance"] == 0.1
