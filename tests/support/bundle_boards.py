"""A board's gerbers and drill files, read by gerbonara, against what its facts say."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gerbonara import ExcellonFile, LayerStack
from gerbonara.utils import MM

# The outline's gerber counts the width of its own line, half of it on each side.
_LINE_MM = 0.5


def check_board(root: Path, board: Path) -> Iterator[str]:
    """What is wrong with one board's fabrication files, as sentences."""
    name = str(board.relative_to(root))
    if not (board / "gerbers").is_dir() or not (board / "facts.json").is_file():
        return  # the layout says so
    facts = json.loads((board / "facts.json").read_text())
    job = json.loads(next((board / "gerbers").glob("*.gbrjob")).read_text())
    named = {entry["Path"] for entry in job["FilesAttributes"]}
    there = {path.name for path in (board / "gerbers").iterdir()}
    if not named <= there:
        yield f"{name}: the job file names {sorted(named - there)}, which is not there"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stack = LayerStack.open_dir(board / "gerbers")
        yield from _layers(name, stack, facts)
        yield from _holes(name, board, facts)


def _layers(name: str, stack: Any, facts: dict[str, Any]) -> Iterator[str]:
    copper = len(list(stack.copper_layers))
    if copper != facts["copper_layers"]:
        yield f"{name}: {copper} copper layers in the gerbers, {facts['copper_layers']} in the facts"
    sides = {(side, use) for side, use in stack.graphic_layers}
    wanted = {(side, use) for side in ("top", "bottom") for use in ("copper", "mask", "silk", "paste")}
    if missing := (wanted | {("mechanical", "outline")}) - sides:
        yield f"{name}: no gerber for {sorted(missing)}"
        return
    for (side, use), layer in stack.graphic_layers.items():
        if use == "copper" and side in ("top", "bottom") and not layer.objects:
            yield f"{name}: the {side} copper is empty"
    drawn = stack.outline.bounding_box(MM)
    if drawn is None:
        yield f"{name}: its outline is empty"
        return
    (low_x, low_y), (high_x, high_y) = drawn
    size = facts.get("size_mm")
    if not size:
        yield f"{name}: its facts know no size"
        return
    for axis, ours, told in (("wide", high_x - low_x, size["width"]), ("high", high_y - low_y, size["height"])):
        if not -0.01 <= ours - told <= _LINE_MM:
            yield f"{name}: {ours:.3f} mm {axis} in the gerbers, {told} in the facts"


def _holes(name: str, board: Path, facts: dict[str, Any]) -> Iterator[str]:
    """As many holes as the facts say; a slot is one hole, whether it was drilled as one or routed in pieces."""
    smallest = math.inf
    for kind, suffix in (("plated", "PTH"), ("non_plated", "NPTH")):
        count = 0
        for path in (board / "gerbers").glob("*.drl"):
            if path.name.endswith("-NPTH.drl") != (suffix == "NPTH"):
                continue  # (what is neither are blind and buried vias, which are plated)
            drilled = ExcellonFile.open(path)
            count += len(drilled.objects)
            smallest = min([smallest, *drilled.drill_sizes(MM)])
        if count != facts["holes"][kind]:
            yield f"{name}: {count} {kind} holes in the drill files, {facts['holes'][kind]} in the facts"
    told = facts.get("min_drill_mm")
    if told and smallest < math.inf and abs(smallest - told) > 0.01:
        yield f"{name}: the smallest drill is {smallest:.3f} mm, the facts say {told}"
