"""Outputs of a triangle mesh, STL or 3MF: runs inside the sandbox."""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np

from builders.programs import cad_archive, cad_export
from builders.programs.cad_geometry import TRIANGLES_MAX, Floats, Ints, Mesh, Piece, soften
from builders.programs.cad_report import Refused, Report, run_reported

WHAT = "3MF"
CORE = "{http://schemas.microsoft.com/3dmanufacturing/core/2015/02}"
PRODUCTION = "{http://schemas.microsoft.com/3dmanufacturing/production/2015/06}"
# Source: 3MF Core Specification 1.3, table 3 (attribute unit of model).
UNITS_MM = {"micron": 0.001, "millimeter": 1.0, "centimeter": 10.0, "inch": 25.4, "foot": 304.8, "meter": 1000.0}
COMPONENT_DEPTH_MAX = 20
PIECES_MAX = 2000

Colour = tuple[float, float, float, float]


def read_stl(path: Path) -> tuple[Floats, Ints]:
    """Triangles of a binary or text STL. Units: as written, taken for mm. Raises: Refused."""
    data = path.read_bytes()
    remedy = "Export the mesh again, best as binary STL."
    if len(data) >= 84:
        count = int.from_bytes(data[80:84], "little")
        if len(data) >= 84 + 50 * count and (count > 0 or not data.lstrip().startswith(b"solid")):
            if count > TRIANGLES_MAX:
                raise Refused(
                    f"The STL file holds {count:,} triangles; at most {TRIANGLES_MAX:,} are drawn.", "Simplify it."
                )
            record = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attr", "<u2")])
            corners = np.frombuffer(data, record, count, 84)["corners"].astype(np.float64).reshape(-1, 3)
            return corners, np.arange(len(corners), dtype=np.int64).reshape(-1, 3)
    if not data.lstrip()[:5].lower() == b"solid":
        raise Refused("The file is neither a binary nor a text STL, or it is cut short.", remedy)
    numbers = re.findall(rb"vertex\s+(\S+)\s+(\S+)\s+(\S+)", data)
    if not numbers or len(numbers) % 3:
        raise Refused("The text STL holds no complete triangle.", remedy)
    if len(numbers) > 3 * TRIANGLES_MAX:
        raise Refused(f"The STL file holds more than {TRIANGLES_MAX:,} triangles.", "Simplify it.")
    try:
        corners = np.array(numbers, dtype="S32").astype(np.float64)
    except ValueError as error:
        raise Refused("The text STL holds coordinates that are no numbers.", remedy) from error
    return corners, np.arange(len(corners), dtype=np.int64).reshape(-1, 3)


def read_3mf(path: Path, report: Report) -> list[tuple[str, Floats, Ints, Colour | None]]:
    """Placed meshes of a 3MF package, with names and colours. Units: mm. Raises: Refused."""
    archive = cad_archive.open_archive(path, WHAT)
    models = sorted(name for name in archive.namelist() if name.lower().endswith(".model"))
    if not models:
        raise Refused("The 3MF file holds no model.", "Export it again.")
    main = next((name for name in models if name.lower().endswith("3dmodel.model")), models[0])
    roots: dict[str, Any] = {}

    def root_of(name: str) -> Any:
        if name not in roots:
            roots[name] = cad_archive.parse_xml(cad_archive.read_entry(archive, name, WHAT), name)
        return roots[name]

    root = root_of(main)
    unit = str(root.get("unit") or "millimeter")
    if unit not in UNITS_MM:
        raise Refused(f"The 3MF file has the unknown unit {unit!r}.", "Use millimeter.")
    if unit != "millimeter":
        report.note(f"The 3MF file is in the unit {unit}; sizes are shown in mm.")
    found: list[tuple[str, Floats, Ints, Colour | None]] = []
    count = 0

    def visit(file: str, number: str, matrix: Floats, name: str, depth: int) -> None:
        nonlocal count
        tree = root_of(file)
        wanted = next((o for o in tree.iterfind(f"{CORE}resources/{CORE}object") if o.get("id") == number), None)
        if wanted is None or depth > COMPONENT_DEPTH_MAX or len(found) >= PIECES_MAX:
            return
        name = str(wanted.get("name") or "") or name
        mesh = wanted.find(f"{CORE}mesh")
        if mesh is not None:
            vertices = np.array(
                [[float(v.get(axis, "nan")) for axis in "xyz"] for v in mesh.iterfind(f"{CORE}vertices/{CORE}vertex")]
            ).reshape(-1, 3)
            faces = np.array(
                [
                    [int(t.get(key, "-1")) for key in ("v1", "v2", "v3")]
                    for t in mesh.iterfind(f"{CORE}triangles/{CORE}triangle")
                ],
                dtype=np.int64,
            ).reshape(-1, 3)
            count += len(faces)
            if count > TRIANGLES_MAX:
                raise Refused(f"The 3MF file holds more than {TRIANGLES_MAX:,} triangles.", "Simplify it.")
            if len(faces) and (faces.min() < 0 or faces.max() >= len(vertices)):
                raise Refused("A triangle of the 3MF file names a corner that is not there.", "Export it again.")
            if len(faces):
                placed = (vertices @ matrix[:3] + matrix[3]) * UNITS_MM[unit]
                if np.linalg.det(matrix[:3]) < 0:
                    faces = faces[:, ::-1]
                found.append((name, placed, faces, _colour(tree, wanted)))
        for part in wanted.iterfind(f"{CORE}components/{CORE}component"):
            other = str(part.get(f"{PRODUCTION}path") or "").lstrip("/") or file
            if other in archive.namelist():
                visit(other, str(part.get("objectid")), _then(_matrix(part), matrix), name, depth + 1)

    try:
        for item in root.iterfind(f"{CORE}build/{CORE}item"):
            other = str(item.get(f"{PRODUCTION}path") or "").lstrip("/") or main
            if other in archive.namelist():
                visit(other, str(item.get("objectid")), _matrix(item), "", 0)
    except ValueError as error:
        raise Refused(f"The 3MF file holds something that is no number ({error}).", "Export it again.") from error
    return found


def _matrix(element: Any) -> Floats:
    """A 4 by 3 transformation for row vectors."""
    text = element.get("transform")
    if not text:
        return np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=np.float64)
    numbers = [float(number) for number in text.split()]
    if len(numbers) != 12 or not np.isfinite(numbers).all():
        raise ValueError("a transformation has twelve numbers")
    return np.array(numbers, dtype=np.float64).reshape(4, 3)


def _then(inner: Floats, outer: Floats) -> Floats:
    """One transformation after another, both 4 by 3."""
    combined = inner @ outer[:3]
    combined[3] += outer[3]
    return combined


def _colour(tree: Any, wanted: Any) -> Colour | None:
    group, index = wanted.get("pid"), wanted.get("pindex") or "0"
    if not group or not index.isdigit():
        return None
    for materials in tree.iterfind(f"{CORE}resources/{CORE}basematerials"):
        bases = list(materials)
        if materials.get("id") == group and int(index) < len(bases):
            text = str(bases[int(index)].get("displaycolor") or "").lstrip("#")
            if re.fullmatch(r"[0-9A-Fa-f]{6}([0-9A-Fa-f]{2})?", text):
                values = [byte / 255 for byte in bytes.fromhex(text)]
                return values[0], values[1], values[2], values[3] if len(values) == 4 else 1.0
    return None


def piece_of(name: str, vertices: Floats, faces: Ints, colour: Colour | None) -> Piece:
    """A mesh with soft normals and the sharp edges it shows. Raises: Refused."""
    if not np.isfinite(vertices).all():
        raise Refused("The mesh has corners at no place (not a number).", "Repair and export it again.")
    mesh: Mesh = soften(vertices, faces)
    return Piece(name, mesh, mesh.feature_edges(), None, colour)


def main(argv: list[str]) -> int:
    """`cad_mesh FILE OUT --title TITLE [--keep]`: with --keep the source is itself part.stl or part.3mf."""
    parser = argparse.ArgumentParser(prog="cad_mesh")
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--title", required=True)
    parser.add_argument("--groups", default="mesh,glb,views,picture,facts")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args(argv)
    source: Path = options.source

    def make(report: Report) -> None:
        if source.suffix.lower() == ".3mf":
            bodies = read_3mf(source, report)
            pieces = [piece_of(name or options.title, points, faces, colour) for name, points, faces, colour in bodies]
        else:
            pieces = [piece_of(options.title, *read_stl(source), None)]
        cad_export.export(pieces, options.out, options.title, report, groups=set(options.groups.split(",")))
        if options.keep:
            shutil.copyfile(source, options.out / f"part{source.suffix.lower()}")

    return run_reported(make, Refused("The mesh needs more memory than a build may use.", "Simplify or split it."))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
