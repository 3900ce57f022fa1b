"""What pages show of a build, made from its views: pure, no input or output."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from registry.builds import checking
from registry.builds.schemas import ArtifactView, BomLine, BuildView, TargetView
from registry.designs.schemas import VersionDetail
from registry.web.formats import grams, number, plural, unit

JSON_BYTES = 8_000_000
UNITS_MAX = 10_000
KINDS = {
    "electronic": ("Electronic parts", "cpu"),
    "board": ("Circuit boards", "circuit-board"),
    "printed": ("Printed parts", "printer"),
    "machined": ("Machined parts", "drill"),
    "sheet": ("Sheet and profile", "ruler"),
    "fastener": ("Fasteners", "bolt"),
    "off-the-shelf": ("Off the shelf", "shopping-cart"),
    "consumable": ("Consumables", "droplet"),
}
# KiCad's own colours, light enough to read on the dark bench.
_COLOURS = {
    "F.Cu": "#e0524f", "B.Cu": "#5b93dd", "F.Mask": "#b04f8f", "B.Mask": "#3fae9a", "F.Paste": "#b7a69c",
    "B.Paste": "#7fc4c4",
    "F.SilkS": "#f2eda1", "B.SilkS": "#e8b2a7", "Edge.Cuts": "#d0d2cd", "F.Fab": "#afafaf", "B.Fab": "#6f7fa8",
    "F.CrtYd": "#ff4fe0", "B.CrtYd": "#4fd6ff", "F.Adhes": "#a06bd0", "B.Adhes": "#4f6be0",
}  # fmt: skip
_INNER = ("#7fc87f", "#ce7d2c", "#4fcbcb", "#db628b", "#a7a5c6", "#28ccd9")

Fact = tuple[str, str]


def _side_shown(layer: dict[str, Any]) -> bool:
    return layer.get("kind") in ("copper", "silkscreen", "outline") and layer.get("side") in ("top", "both")


def bench(
    board: TargetView, components: Sequence[dict[str, Any]], checks: dict[str, Any], lines: Sequence[BomLine] = ()
) -> dict[str, Any]:
    """What the board viewer gets: layers with colours, parts and findings with their place on the pictures, and the
    line of the bill that each part is on.

    Units: mm from the pictures' upper left corner.
    """
    facts = board.facts
    by_path = {artifact.path: artifact for artifact in board.by_role("layer")}
    layers, inner = [], 0
    for layer in facts.get("layers") or []:
        artifact = by_path.get(layer.get("path", ""))
        if artifact is None:
            continue
        colour = _COLOURS.get(layer.get("layer", ""), "#c9c3bb")
        if layer.get("side") == "inner":
            colour, inner = _INNER[inner % len(_INNER)], inner + 1
        layers.append({**layer, "url": artifact.url, "colour": colour, "shown": _side_shown(layer)})
    origin = facts.get("layers_origin_mm")
    return {
        "title": board.title,
        "origin": origin,
        "layers": layers,
        "parts": _placed_parts(components, origin, _lines_of(board.name, lines)) if origin else [],
        "findings": placed_findings(checks, origin) if origin else [],
    }


def _lines_of(board: str, lines: Sequence[BomLine]) -> dict[str, str]:
    """Designator on a board -> the line of the bill that it is on."""
    return {
        designator: line.id
        for line in lines
        for use in line.uses
        if use.target == board
        for designator in use.designators
    }


def _placed_parts(
    components: Sequence[dict[str, Any]], origin: dict[str, float], line_of: dict[str, str]
) -> list[dict[str, Any]]:
    return [
        {
            "name": part["reference"],
            "value": part.get("value", ""),
            "side": part.get("side", "top"),
            "x": round(part["x_mm"] - origin["x"], 3),
            "y": round(part["y_mm"] - origin["y"], 3),
            "line": line_of.get(part["reference"], ""),
        }
        for part in components
        if part.get("reference") and part.get("x_mm") is not None and part.get("y_mm") is not None
    ]


def placed_findings(report: dict[str, Any], origin: dict[str, float]) -> list[dict[str, Any]]:
    """What is wrong at which place of a board, for its picture: some of every kind."""
    placed = []
    for finding in checking.of_every_kind((report.get("drc") or {}).get("findings", [])):
        spots = [item for item in finding.get("items", []) if "x_mm" in item]
        # The last item is the narrower one: the first is often the whole outline or zone.
        if spots and not finding.get("environment"):
            spot = spots[-1]
            placed.append(
                {
                    "text": finding["text"],
                    "about": spot["text"],
                    "level": finding.get("severity", "warning"),
                    "x": round(spot["x_mm"] - origin["x"], 3),
                    "y": round(spot["y_mm"] - origin["y"], 3),
                }
            )
    return placed


def _size(size: Any) -> str:
    if isinstance(size, dict) and "width" in size and "height" in size:
        return f"{number(size['width'], 1)} × {unit(size['height'], 'mm', 1)}"
    if isinstance(size, list | tuple) and size:
        return " × ".join(number(value, 1) for value in size) + " mm"
    return ""


def _told(rows: Sequence[tuple[str, str]]) -> list[Fact]:
    return [(name, value) for name, value in rows if value]


def _holes(holes: dict[str, int]) -> str:
    plated, bare = holes.get("plated", 0), holes.get("non_plated", 0)
    return f"{plated} plated" + (f", {bare} not" if bare else "") if holes else ""


def board_facts(facts: dict[str, Any]) -> list[Fact]:
    """A board's facts as rows of words."""
    footprints, holes = facts.get("footprints") or {}, facts.get("holes") or {}
    sides = [f"{footprints[side]} {side}" for side in ("top", "bottom") if footprints.get(side)]
    kinds = [
        f"{footprints[kind]} {word}" for kind, word in (("smd", "SMD"), ("tht", "through-hole")) if footprints.get(kind)
    ]
    copper = facts.get("copper_layers")
    return _told(
        [
            ("Size", _size(facts.get("size_mm"))),
            ("Thickness", unit(facts.get("thickness_mm"), "mm")),
            ("Copper layers", str(copper) if copper else ""),
            ("Finish", str(facts.get("finish") or "")),
            ("Parts", ", ".join(sides)),
            ("Mounting", ", ".join(kinds)),
            ("Nets", number(facts["nets"], 0) if facts.get("nets") else ""),
            ("Vias", number(facts["vias"], 0) if facts.get("vias") is not None else ""),
            ("Holes", _holes(holes)),
            ("Smallest track", unit(facts.get("min_track_mm"), "mm", 3)),
            ("Smallest clearance", unit(facts.get("min_clearance_mm"), "mm", 3)),
            ("Smallest drill", unit(facts.get("min_drill_mm"), "mm", 3)),
            ("Smallest ring", unit(facts.get("min_annular_ring_mm"), "mm", 3)),
            ("Made with", f"KiCad {facts['kicad_version']}" if facts.get("kicad_version") else ""),
        ]
    )


_SMALLEST = {
    "Smallest track": "min_track_mm",
    "Smallest clearance": "min_clearance_mm",
    "Smallest drill": "min_drill_mm",
    "Smallest ring": "min_annular_ring_mm",
}


def board_spots(facts: dict[str, Any]) -> dict[str, str]:
    """Name of a board's fact -> the place that shows it, as the board viewer reads it from the address."""
    where = facts.get("where") or {}
    found = {name: where.get(key) or {} for name, key in _SMALLEST.items()}
    return {name: f"#at={spot['x_mm']},{spot['y_mm']}" for name, spot in found.items() if "x_mm" in spot}


def part_facts(facts: dict[str, Any]) -> list[Fact]:
    """A part's facts as rows of words."""
    box, volume, area = facts.get("bounding_box_mm"), facts.get("volume_mm3"), facts.get("area_mm2")
    tight = facts.get("watertight")
    return _told(
        [
            ("Size", _size(box)),
            ("Volume", unit(volume / 1000, "cm³") if volume else ""),
            ("Surface", unit(area / 100, "cm²") if area else ""),
            ("Material", str(facts.get("material") or "")),
            ("Mass", grams(facts.get("mass_g"))),
            ("Solids", str(facts.get("solids") or "")),
            ("Flat, thickness", unit(facts.get("flat_thickness_mm"), "mm")),
            ("Surface closed", "" if tight is None else "yes" if tight else "no: slicers may stumble"),
            ("Triangles", number(facts["triangles"], 0) if facts.get("triangles") else ""),
        ]
    )


def side_facts(version: VersionDetail, build: BuildView | None) -> list[tuple[str, str, str]]:
    """(icon, name, value) beside a design: size, mass, layers, tools."""
    rows: list[tuple[str, str, str]] = []
    targets = build.targets if build else []
    board = next((target for target in targets if target.kind == "board" and target.facts), None)
    part = next((target for target in targets if target.kind == "part" and target.facts), None)
    told_size, told_mass = _size([*(version.outer_dimensions_mm or {}).values()]), grams(version.mass_g)
    size = _size(board.facts.get("size_mm")) if board else _size(part.facts.get("bounding_box_mm")) if part else ""
    mass = grams(part.facts.get("mass_g")) if part and not board else ""
    if told_size:
        rows.append(("ruler", "Size", f"{told_size}, as its manifest says"))
    elif size:
        rows.append(("ruler", "Size of the board" if board else "Size", size))
    if told_mass:
        rows.append(("weight", "Mass", f"{told_mass}, as its manifest says"))
    elif mass:
        rows.append(("weight", "Mass", mass))
    if board and board.facts.get("copper_layers"):
        rows.append(("layers", "Copper", plural(board.facts["copper_layers"], "layer")))
    return rows


def _preview_glb(build: BuildView) -> TargetView | None:
    """What to turn in 3D: the part of most pieces (an assembly), or else a board."""
    parts = [part for part in build.parts if part.first("glb")]
    parts.sort(key=lambda part: -len(part.facts.get("components") or []))
    return next(iter(parts), None) or next((board for board in build.boards if board.first("glb")), None)


def faces(target: TargetView) -> list[tuple[str, ArtifactView, ArtifactView]]:
    """(side, picture to keep, light one for pages) of a board, the top first."""
    light = {artifact.path.removesuffix(".webp"): artifact for artifact in target.by_role("preview")}
    found = []
    for side, word in (("top", "Top"), ("bottom", "Bottom")):
        render = next((item for item in target.by_role("render") if item.path == f"{side}.png"), None)
        if render:
            found.append((word, render, light.get(side, render)))
    return found


def still(target: TargetView) -> ArtifactView | None:
    """The picture that stands for a target: a board from above, a part as it is, or else its drawing."""
    return next((light for _, _, light in faces(target)), None) or target.first("picture") or target.first("view")


# Files of a target for people to choose from, by what they are for.
_SHELVES = (
    ("For the fabricator", ("gerber", "drill", "drill-map", "gerber-job", "positions", "ipc2581", "dxf")),
    ("3D models", ("step", "stl", "3mf", "glb")),
    ("Drawings and pictures", ("schematic", "view", "render", "picture", "ibom", "layer", "schematic-page")),
    ("Data and reports", ("bom", "netlist", "drc", "erc", "facts")),
)


def shelves(target: TargetView) -> list[tuple[str, list[ArtifactView]]]:
    """(title, files) of a target; what the registry keeps for its own pages is left out."""
    found = [(title, [item for role in roles for item in target.by_role(role)]) for title, roles in _SHELVES]
    return [(title, items) for title, items in found if items]


def object_views(version: VersionDetail, build: BuildView | None) -> dict[str, Any]:
    """Photo, 3D, board and drawing of a version: what there is of each."""
    shown: dict[str, Any] = {"photo": version.picture, "three": None, "board": None, "drawing": None}
    if build is None:
        return shown
    if build.book and (own := [item for item in build.book.artifacts if item.path == "picture-800.webp"]):
        shown["photo"] = own[0].url  # an older version may look different from the newest, whose picture it else has
    if solid := _preview_glb(build):
        shown["three"] = {"target": solid, "glb": solid.first("glb"), "still": still(solid)}
    if board := next((board for board in build.boards if board.first("render")), None):
        shown["board"] = {"target": board, "still": still(board)}
    drawings = [
        (target, target.first("view") or target.first("schematic-page")) for target in [*build.parts, *build.boards]
    ]
    shown["drawing"] = next(({"target": target, "still": view} for target, view in drawings if view), None)
    return shown


def group_lines(lines: Sequence[BomLine]) -> list[tuple[str, str, list[BomLine]]]:
    """(title, icon, lines) by kind, in the order that people buy and make."""
    groups = []
    for kind, (title, symbol) in KINDS.items():
        of_kind = [line for line in lines if line.kind == kind]
        of_kind.sort(key=lambda line: line.dnp or line.excluded_from_bom or line.quantity == 0)
        if of_kind:
            groups.append((title, symbol, of_kind))
    return groups


def units(text: str) -> int:
    """How many units to reckon for; 1 for what is no sensible number."""
    return min(int(text), UNITS_MAX) if text.isdecimal() and len(text) < 8 and int(text) > 0 else 1


def places(build: BuildView | None) -> dict[str, tuple[str, str]]:
    """Name of a target as lines of the bill name it -> (words, address below the version). A board or part is called
    by its title, a table by its file."""
    found: dict[str, tuple[str, str]] = {}
    for target in build.targets if build else []:
        if target.kind == "bom":
            found.setdefault(target.name, (target.source, f"files/{quote(target.source)}"))
        elif target.kind in ("board", "part"):
            found[target.name] = (target.title, f"{target.kind}s/{quote(target.name)}")
    return found


def models(build: BuildView | None, lines: Sequence[BomLine]) -> dict[str, str]:
    """Id of a line -> address, below the version, of the board or part whose file the line names."""
    made = {
        target.source: f"{target.kind}s/{quote(target.name)}"
        for target in (build.targets if build else [])
        if target.kind in ("board", "part")
    }
    found = {}
    for line in lines:
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(line.source), line.file))
        if line.file and (address := made.get(line.file) or made.get(beside)):
            found[line.id] = address
    return found


def lacking(build: BuildView) -> list[str]:
    """Titles of the boards and parts that the bundle is without; empty while the build runs."""
    made = [*build.boards, *build.parts]
    return [target.title for target in made if target.state == "failed"]
