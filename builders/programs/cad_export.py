"""All outputs of a part, from its pieces: exchange files, drawings, picture and facts, each group on its own."""

from __future__ import annotations

import json
import re
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from OCP.TopAbs import TopAbs_FACE, TopAbs_SOLID
from OCP.TopLoc import TopLoc_Location

from builders.programs import cad_brep, cad_views, cad_write
from builders.programs.cad_geometry import Piece, bounds
from builders.programs.cad_materials import density
from builders.programs.cad_raster import VIEWS
from builders.programs.cad_report import Refused, Report

COMPONENTS_MAX = 2000
EXACT_PIECES_MAX = 12  # boxes of larger assemblies are those of the triangles: within a fifth of a millimetre
FLATS_MAX, FLAT_PIECES_MAX = 200, 400


def export(
    pieces: list[Piece],
    out: Path,
    title: str,
    report: Report,
    *,
    groups: set[str],
    step: Callable[[Path], None] | None = None,
) -> None:
    """Write the outputs of `groups` under `out`. A group that fails is reported and leaves no file. Raises: Refused."""
    pieces = [piece for piece in pieces if len(piece.mesh.faces)]
    if not pieces:
        raise Refused("There is no surface in this part, so there is nothing to draw or to make.")
    low, high = bounds(pieces)
    if not np.isfinite([low, high]).all() or float((high - low).max()) > 1e7:
        raise Refused(
            "The part has no sensible size (more than 10 km, or not a number).", "Check its coordinates and units."
        )
    _unique(pieces)
    for piece in pieces:
        if piece.shape is not None and len(pieces) <= EXACT_PIECES_MAX:
            piece.box = cad_brep.box(piece.shape)
    out.mkdir(parents=True, exist_ok=True)

    def run(group: str, *jobs: tuple[str, Callable[[], bytes]]) -> None:
        if group not in groups:
            return
        started = time.monotonic()
        try:
            for name, job in jobs:
                (out / name).write_bytes(job())
        except Exception as error:
            traceback.print_exc()
            for name, _ in jobs:
                with suppress(OSError):
                    (out / name).unlink()
            report.fail(group, f"{', '.join(name for name, _ in jobs)}: {type(error).__name__}: {error}"[:500])
        report.seconds[group] = round(time.monotonic() - started, 3)

    if step is not None and "step" in groups:
        target = out / "part.step"

        def write_step() -> bytes:
            step(target)
            return target.read_bytes()

        run("step", ("part.step", write_step))
    run(
        "mesh",
        ("part.stl", lambda: cad_write.stl(pieces)),
        ("part.3mf", lambda: cad_write.three_mf(pieces, title)),
    )
    run("glb", ("part.glb", lambda: cad_write.glb(pieces)))
    run(
        "views",
        *((f"view-{view.name}.svg", lambda v=view: cad_views.svg_view(pieces, v, title).encode()) for view in VIEWS),
    )
    run("picture", ("picture.png", lambda: cad_views.picture(pieces)))
    flats = _flats(pieces, report) if "flat" in groups else {}
    run("flat", *((name, lambda data=data: data) for name, data in sorted(flats.items())))
    run("facts", ("facts.json", lambda: (json.dumps(facts(pieces), indent=1, sort_keys=True) + "\n").encode()))


def _unique(pieces: list[Piece]) -> None:
    """Give each piece a name of its own: exchange files and viewers go by names."""
    seen: dict[str, int] = {}
    taken = {piece.name for piece in pieces}
    for piece in pieces:
        seen[piece.name] = seen.get(piece.name, 0) + 1
        if seen[piece.name] > 1:
            base, number = piece.name, seen[piece.name]
            while f"{base}-{number}" in taken:
                number += 1
            piece.name = f"{base}-{number}"
            taken.add(piece.name)


def _flats(pieces: list[Piece], report: Report) -> dict[str, bytes]:
    """DXF files of flat pieces; also leaves each one's thickness in its facts."""
    found: dict[str, bytes] = {}
    for piece in pieces:
        if piece.shape is None or len(found) >= FLATS_MAX or len(pieces) > FLAT_PIECES_MAX:
            continue
        try:
            result = cad_brep.flat(piece.shape)
            if result is None:
                continue
            piece.facts["flat_thickness_mm"] = result[0]
            if piece.facts.get("instance_of"):
                continue  # one drawing is enough for all copies
            name = "part" if len(pieces) == 1 else f"flat-{file_name(piece.name)}"
            found[f"{name}.dxf"] = cad_brep.outline_dxf(result[1])
        except Exception as error:
            report.note(f"No outline for cutting of {piece.name}: {type(error).__name__}: {error}"[:300])
    return found


def file_name(text: str) -> str:
    """A piece's name as part of a file name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")[:60] or "piece"


def _rounded(values: Any, digits: int = 4) -> list[float]:
    return [round(float(value), digits) + 0.0 for value in values]


def _shape_facts(shape: Any, known: dict[Any, Any]) -> tuple[dict[str, Any], tuple[float, float, Any]]:
    """What does not depend on where a shape stands, worked out once for all its copies."""
    key = shape.TShape()
    if key not in known:
        plain = shape.Located(TopLoc_Location())
        facts = {
            "solids": len(cad_brep.subshapes(plain, TopAbs_SOLID)),
            "faces": len(cad_brep.subshapes(plain, TopAbs_FACE)),
            "watertight": cad_brep.closed(plain),
            "holes": [{"diameter_mm": d, "count": n} for d, n in cad_brep.holes(plain).items()],
        }
        known[key] = (facts, cad_brep.measure(plain))
    facts, measured = known[key]
    return facts, measured


def piece_facts(piece: Piece, known_shapes: dict[Any, Any]) -> dict[str, Any]:
    """Facts about one piece. Units stand in the keys."""
    facts: dict[str, Any] = dict(piece.facts)
    facts.pop("instance_of", None)
    if piece.shape is not None:
        low, high = bounds([piece])
        own, (volume, area, middle) = _shape_facts(piece.shape, known_shapes)
        facts |= own
        matrix = cad_brep.matrix_of(piece.shape.Location())
        centre = matrix[:, :3] @ middle + matrix[:, 3]
        if not facts["solids"]:
            volume = 0.0
    else:
        low, high = piece.mesh.vertices.min(axis=0), piece.mesh.vertices.max(axis=0)
        volume, area, centre = piece.mesh.measure()
        facts.setdefault("solids", None)
        facts["faces"] = len(piece.mesh.merged[1])
        facts["watertight"] = piece.mesh.watertight
        facts["holes"] = []
        if not facts["watertight"]:
            volume, centre = 0.0, (low + high) / 2
    known = piece.density if piece.density is not None else density(piece.material)
    facts["bounding_box_mm"] = _rounded(high - low)
    facts["bounding_box_min_mm"] = _rounded(low)
    facts["volume_mm3"] = round(abs(volume), 3) if facts["watertight"] else None
    facts["area_mm2"] = round(area, 3)
    facts["centre_of_mass_mm"] = _rounded(centre)
    facts["material"] = piece.material or None
    facts["density_g_cm3"] = known
    facts["mass_g"] = round(abs(volume) / 1000 * known, 3) if known and facts["watertight"] else None
    facts.setdefault("flat_thickness_mm", None)
    return facts


def facts(pieces: list[Piece]) -> dict[str, Any]:
    """Facts about the whole part, and a parts list where it has more than one piece."""
    known_shapes: dict[Any, Any] = {}
    each = [(piece, piece_facts(piece, known_shapes)) for piece in pieces]
    triangles = sum(len(piece.mesh.faces) for piece in pieces)
    if len(each) == 1:
        return {**each[0][1], "name": pieces[0].name, "triangles": triangles, "components": []}
    low = np.min([one["bounding_box_min_mm"] for _, one in each], axis=0)
    high = np.max([np.add(one["bounding_box_min_mm"], one["bounding_box_mm"]) for _, one in each], axis=0)
    weights = [one["mass_g"] if all(o["mass_g"] is not None for _, o in each) else one["volume_mm3"] for _, one in each]
    centre = None
    if all(weight for weight in weights):
        centre = _rounded(np.average([one["centre_of_mass_mm"] for _, one in each], axis=0, weights=weights))
    return {
        "bounding_box_mm": _rounded(high - low),
        "bounding_box_min_mm": _rounded(low),
        "volume_mm3": _total(each, "volume_mm3"),
        "area_mm2": _total(each, "area_mm2"),
        "mass_g": _total(each, "mass_g"),
        "mass_known_g": round(sum(one["mass_g"] or 0.0 for _, one in each), 3),
        "solids": _total(each, "solids"),
        "faces": _total(each, "faces"),
        "watertight": all(one["watertight"] for _, one in each),
        "centre_of_mass_mm": centre,
        "material": None,
        "density_g_cm3": None,
        "flat_thickness_mm": None,
        "holes": [],
        "triangles": triangles,
        "components": components(each),
    }


def _total(each: list[tuple[Piece, dict[str, Any]]], key: str) -> Any:
    values = [one[key] for _, one in each]
    return None if any(value is None for value in values) else round(sum(values), 3)


def components(each: list[tuple[Piece, dict[str, Any]]]) -> list[dict[str, Any]]:
    """The parts list: pieces of the same shape, material and colour count as one line."""
    lines: dict[tuple[Any, ...], dict[str, Any]] = {}
    for piece, one in each[:COMPONENTS_MAX]:
        volume = one["volume_mm3"] or 0.0
        # Turned copies differ in their boxes, and by rounding in volume and area.
        key = (
            f"{volume:.4g}",
            f"{one['area_mm2']:.4g}",
            one["faces"],
            one["material"],
            piece.colour,
        )
        if key in lines:
            line = lines[key]
            line["quantity"] += 1
            line["instances"].append(piece.name)
            continue
        lines[key] = {
            "name": piece.name,
            "quantity": 1,
            "instances": [piece.name],
            **{
                name: one[name]
                for name in (
                    "bounding_box_mm",
                    "volume_mm3",
                    "area_mm2",
                    "mass_g",
                    "material",
                    "flat_thickness_mm",
                    "watertight",
                    "holes",
                )
            },
        }
    for line in lines.values():
        line["name"] = _common(line["instances"])
    return list(lines.values())


def _common(names: list[str]) -> str:
    """What the names of copies have in common: `bolt-1`, `bolt-2` are both `bolt`."""
    if len(names) == 1:
        return names[0]
    stems = {re.sub(r"[\s_.#-]*\d+$", "", name) for name in names}
    if len(stems) == 1 and (stem := stems.pop()):
        return stem
    prefix = names[0]
    for name in names:
        while not name.startswith(prefix):
            prefix = prefix[:-1]
    return prefix.rstrip(" _-./#") if len(prefix.rstrip(" _-./#0123456789")) >= 3 else names[0]
