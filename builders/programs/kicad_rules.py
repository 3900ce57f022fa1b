"""Check a board against limits with KiCad's own rule check, and nothing else of its rules.

Runs inside the sandbox: `kicad_rules.py REQUEST.json`. The request names the board, an own folder, and either `limits`
(parameter -> mm; the answer is a report in the form of checks.json), or `gerbers`: the folder whose job file says
which clearance the board keeps (the answer is where copper is nearest to other copper).
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from builders.kicad import rules

MICROMETRE_MM = 0.001
RUNS = 3
_LENGTHS = ("TrackToTrack", "PadToPad", "PadToTrack")
# Poured copper keeps the distance that it was poured with: what was drawn is what tells of a board.
_DRAWN = "A.Type != 'Zone' && B.Type != 'Zone'"


def check(board: Path, folder: Path, limits: dict[str, float], condition: str = "") -> list[dict[str, Any]]:
    """What of a board is below limits. Raises: SystemExit with KiCad's last words."""
    folder.mkdir(parents=True)
    shutil.copyfile(board, folder / "board.kicad_pcb")
    (folder / "board.kicad_dru").write_text(rules.rules_file(limits, condition), encoding="utf-8")
    (folder / "board.kicad_pro").write_text(rules.project_file(limits), encoding="utf-8")
    report = folder / "drc.json"
    command = ["kicad-cli", "pcb", "drc", "--format", "json", "--units", "mm", "--severity-error"]
    command += ["--all-track-errors", "-o", str(report), str(folder / "board.kicad_pcb")]
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if ended.returncode != 0 or not report.is_file():
        said = [line for line in ended.stdout.strip().splitlines() if line.strip()]
        raise SystemExit(said[-1] if said else f"kicad-cli ended with status {ended.returncode}")
    return rules.broken(json.loads(report.read_text(encoding="utf-8")), limits)


def kept_clearance(gerbers: Path) -> float | None:
    """The clearance that a gerber job file says the board keeps."""
    found = []
    for path in sorted(gerbers.glob("*.gbrjob")):
        for rule in json.loads(path.read_text(encoding="utf-8")).get("DesignRules") or []:
            found += [float(rule[name]) for name in _LENGTHS if isinstance(rule.get(name), int | float)]
    return min((length for length in found if length > 0), default=None)


def nearest(board: Path, folder: Path, kept_mm: float) -> dict[str, Any] | None:
    """Where copper is nearest to other copper, on a board that may break its own rule many times over."""
    for number in range(RUNS):
        found = check(board, folder / str(number), {"clearance_mm_min": kept_mm + MICROMETRE_MM}, _DRAWN)
        if len(found) < rules.CLEARANCES_LISTED_MAX:
            return rules.nearest(found)
        kept_mm = found[0]["actual_mm"]
    return None


def main(request_path: str) -> None:
    """Check, and write the answer."""
    request = json.loads(Path(request_path).read_text(encoding="utf-8"))
    board, folder, answer = (Path(request[name]) for name in ("board", "folder", "answer"))
    if limits := request.get("limits"):
        told = rules.told(check(board, folder, limits), limits)
    else:
        kept = kept_clearance(Path(request["gerbers"]))
        if kept is None:
            return
        told = nearest(board, folder, kept) or {}
    answer.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
