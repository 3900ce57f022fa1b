"""What a bundle must hold, checked with readers that are not the registry's own.

`problems(FILE)` lists what is wrong; by hand: `python tests/support/bundle_check.py FILE...`.
"""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import ezdxf
import trimesh
import zxingcpp
from bundle_boards import check_board
from bundle_okh import check_okh
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from defusedxml import ElementTree as SafeTree
from PIL import Image

TOP = ("bundle.json", "SHA256SUMS", "okh.toml")
BOM = ("bom.csv", "bom.json", "cyclonedx.json", "1-click-bom.tsv")
BOARD = (
    "positions.csv", "board.step", "board.glb", "top.png", "bottom.png", "ibom.html", "ipc2581.xml", "drc.json",
    "facts.json", "schematic.pdf", "erc.json",
)  # fmt: skip
_VIEWS = tuple(f"view-{name}.svg" for name in ("isometric", "front", "top", "right"))
PART = {
    "cadquery": ("part.step", "part.stl", "part.3mf", "part.glb", *_VIEWS, "facts.json"),
    "step": ("part.step", "part.stl", "part.glb", *_VIEWS, "facts.json"),
    "fcstd": ("part.step", "part.stl", "part.glb", *_VIEWS, "facts.json"),
    "mesh": ("part.glb", "facts.json"),
    "openscad": ("part.stl", "part.3mf", "part.glb", "view-isometric.svg", "facts.json"),
}
# Size of a mesh against its own facts: the deflection of curved faces, and the rounding of an STL's single floats.
_MESH_SHARE = 0.02
_MESH_MM = 0.2


def problems(bundle: Path, *, without: tuple[str, ...] = ()) -> list[str]:
    """Everything wrong with a bundle, as sentences; `without` are patterns of paths that its sources can't give."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        told = _unpack(bundle, root)
        if isinstance(told, str):
            return [told]
        found = [*_layout(root, told, without), *check_okh(root), *_cyclonedx(root)]
        for board in sorted((root / "boards").glob("*")):
            found += check_board(root, board)
        for name, check in CHECKS:
            for path in sorted(root.rglob(name)):
                found += _said(root, path, check)
        codes = qr_codes(root / "docs/build-book.pdf")
        if codes != [told["page"]]:
            found.append(f"docs/build-book.pdf: its QR codes say {codes}, not {told['page']}")
        return [*found, *_solids(root)]


def qr_codes(pdf: Path) -> list[str]:
    """What a phone held over the first page would read."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["pdftoppm", "-png", "-r", "120", "-f", "1", "-l", "1", str(pdf.resolve()), "page"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        found = []
        for page in sorted(Path(folder).glob("*.png")):
            with Image.open(page) as image:
                found += [code.text for code in zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.QRCode)]
        return found


def _unpack(bundle: Path, root: Path) -> dict[str, Any] | str:
    for command in (["unzip", "-tqq", str(bundle.resolve())], ["unzip", "-qq", str(bundle.resolve())],
                    ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]):  # fmt: skip
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        if done.returncode:
            return f"{' '.join(command[:2])}: {(done.stdout + done.stderr).strip()}"
    told: dict[str, Any] = json.loads((root / "bundle.json").read_text())
    listed = {entry["path"]: entry for entry in told["files"]}
    sums = [line.split("  ", 1)[1] for line in (root / "SHA256SUMS").read_text().splitlines()]
    files = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()} - {"SHA256SUMS"}
    if files != set(sums) or files - {"bundle.json"} != listed.keys():
        return f"bundle.json and SHA256SUMS don't list the same files: {sorted(files ^ set(sums))}"
    for path, entry in listed.items():
        content = (root / path).read_bytes()
        if (len(content), hashlib.sha256(content).hexdigest()) != (entry["size_bytes"], entry["sha256"]):
            return f"{path}: size or sha256 is not that of bundle.json"
        if not entry["role"]:
            return f"{path}: it has no role"
    return told


def _layout(root: Path, told: dict[str, Any], without: tuple[str, ...]) -> Iterator[str]:
    """Every file that the bundle's form promises for what was built. Source: the issue's section `Downloading`."""
    wanted = [*TOP, "README.md", "LICENSES/*", "docs/build-book.pdf", *(f"bom/{name}" for name in BOM)]
    for target in told["targets"]:
        if target["status"] != "done" and not target["message"]:
            yield f"{target['name']}: it is {target['status']}, and no word says why"
        if target["kind"] == "board":
            name = target["name"]
            wanted += [f"boards/{name}/{file}" for file in (*BOARD, "gerbers/*.gbrjob", "gerbers/*-PTH.drl")]
            wanted += [f"bom/{vendor}-{name}-{form}.csv" for vendor, form in
                       (("jlcpcb", "bom"), ("jlcpcb", "cpl"), ("pcbway", "bom"))]  # fmt: skip
        elif target["kind"] == "part":
            wanted += [f"parts/{target['name']}/{file}" for file in PART[target["builder"]]]
            wanted += [f"parts/{target['name']}/part.dxf"] if _is_flat(root / "parts" / target["name"]) else []
    for path in wanted:
        left_out = any(fnmatch(path, pattern) for pattern in without)
        if any(file.is_file() and file.stat().st_size for file in root.glob(path)) == left_out:
            yield f"{path}: it is there, but was said to be impossible" if left_out else f"{path}: it is missing"
    for key in ("commit", "recipe", "tools", "licence", "version", "page"):
        if not told.get(key):
            yield f"bundle.json: {key} is empty"


def _is_flat(part: Path) -> bool:
    facts = part / "facts.json"
    return facts.is_file() and bool(json.loads(facts.read_text()).get("flat_thickness_mm"))


def _cyclonedx(root: Path) -> Iterator[str]:
    text = (root / "bom/cyclonedx.json").read_text()
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if error is not None:
        yield f"bom/cyclonedx.json: {error}"
    elif len(json.loads(text).get("components", ())) != len(json.loads((root / "bom/bom.json").read_text())["lines"]):
        yield "bom/cyclonedx.json: it has not as many components as bom.json has lines"


def _said(root: Path, path: Path, check: Callable[[Path], str]) -> Iterator[str]:
    try:
        said = check(path)
    except Exception as error:  # a reader that gives up is the finding
        said = f"it can't be read: {type(error).__name__}: {str(error)[:200]}"
    if said:
        yield f"{path.relative_to(root)}: {said}"


def _mesh(path: Path) -> str:
    scene = trimesh.load_scene(path)
    if not any(len(mesh.faces) for mesh in scene.geometry.values()):
        return "it has no triangle"
    facts = path.parent / "facts.json"
    told = json.loads(facts.read_text()).get("bounding_box_mm") if facts.is_file() else None
    if not told:
        return ""  # a board: its size is compared elsewhere
    # GLB is in metres by its standard, STL has no unit, 3MF is written in millimetres
    size_mm = sorted(float(side) * (1000 if path.suffix == ".glb" else 1) for side in scene.extents)
    if any(
        abs(ours - theirs) > _MESH_MM + _MESH_SHARE * theirs for ours, theirs in zip(size_mm, sorted(told), strict=True)
    ):
        return f"it measures {[round(side, 2) for side in size_mm]} mm, its facts say {told}"
    return ""


def _pdf(path: Path) -> str:
    told = subprocess.run(["pdfinfo", str(path)], capture_output=True, text=True, check=True).stdout
    pages = next((int(line.split()[1]) for line in told.splitlines() if line.startswith("Pages:")), 0)
    return "" if pages else "it has no pages"


def _svg(path: Path) -> str:
    top = SafeTree.parse(path).getroot()
    drawn = sum(1 for node in top.iter() if node.tag.rpartition("}")[2] in ("path", "line", "polyline", "polygon"))
    return "" if top.tag == "{http://www.w3.org/2000/svg}svg" and drawn else "it draws nothing"


def _dxf(path: Path) -> str:
    document = ezdxf.readfile(path)
    faults = document.audit().errors
    return f"{len(faults)} faults" if faults else "" if len(document.modelspace()) else "it is empty"


def _picture(path: Path) -> str:
    with Image.open(path) as image:
        low, high = image.convert("L").getextrema()
    return "" if high > low else "it is of one colour"


def _xml(path: Path) -> str:
    top: ElementTree.Element = SafeTree.parse(path).getroot()
    return "" if top.tag.rpartition("}")[2] == "IPC-2581" else f"its root is {top.tag}"


def _json(path: Path) -> str:
    return "" if isinstance(json.loads(path.read_text()), dict | list) else "it is no JSON document"


def _table(path: Path) -> str:
    rows = list(csv.reader(path.open(encoding="utf-8", newline=""), delimiter="\t" if path.suffix == ".tsv" else ","))
    return "" if rows and all(len(row) == len(rows[0]) for row in rows) else "its rows are not of one length"


def _page(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    return "" if "pcbdata" in text and "</html>" in text else "it holds no board"


CHECKS: tuple[tuple[str, Callable[[Path], str]], ...] = (
    ("*.stl", _mesh), ("*.3mf", _mesh), ("*.glb", _mesh), ("*.pdf", _pdf), ("*.svg", _svg), ("*.dxf", _dxf),
    ("*.png", _picture), ("ipc2581.xml", _xml), ("*.json", _json), ("*.csv", _table), ("*.tsv", _table),
    ("ibom.html", _page),
)  # fmt: skip

# Runs in a process of its own: OCP may end the process on a damaged file.
_IMPORT = """
import json, sys
import cadquery as cq
for path in sys.argv[1:]:
    try:
        shape = cq.importers.importStep(path)
        box = cq.Compound.makeCompound(shape.vals()).BoundingBox()
        solids = sum(len(value.Solids()) for value in shape.vals())
        print(json.dumps([path, [box.xlen, box.ylen, box.zlen], solids, ""]), flush=True)
    except Exception as error:
        print(json.dumps([path, [], 0, str(error)[:200]]), flush=True)
"""


def _solids(root: Path) -> Iterator[str]:
    """Every STEP file read again by CadQuery, with its size against the facts beside it."""
    paths = sorted(root.rglob("*.step"))
    if not paths:
        return
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT, *map(str, paths)], capture_output=True, text=True, check=False
    )
    told = {answer[0]: answer[1:] for line in done.stdout.splitlines() if line.startswith("[")
            for answer in [json.loads(line)]}  # fmt: skip
    for path in paths:
        size, solids, error = told.get(str(path), ([], 0, f"the reader ended with {done.returncode}"))
        name = str(path.relative_to(root))
        facts = json.loads((path.parent / "facts.json").read_text())
        if error:
            yield f"{name}: it can't be read again: {error}"
        elif path.name == "board.step":
            yield from _board_solid(name, size, solids, facts)
        elif any(
            abs(a - b) > 0.05 + 0.002 * b for a, b in zip(sorted(size), sorted(facts["bounding_box_mm"]), strict=True)
        ):
            yield f"{name}: read again it measures {[round(side, 3) for side in size]}, not {facts['bounding_box_mm']}"
        elif solids != facts["solids"]:
            yield f"{name}: read again it has {solids} solids, not {facts['solids']}"


def _board_solid(name: str, size: list[float], solids: int, facts: dict[str, Any]) -> Iterator[str]:
    """A board with its parts is no smaller than the bare one, and not of another order of size."""
    if not facts["size_mm"]:
        return  # a board without an outline: its gerbers' check says so
    flat = sorted((facts["size_mm"]["width"], facts["size_mm"]["height"]))
    across = sorted(size[:2])
    if not solids or any(not bare - 0.1 <= whole <= bare * 3 + 60 for bare, whole in zip(flat, across, strict=True)):
        yield f"{name}: {solids} solids of {[round(side, 2) for side in size]} mm for a board of {flat} mm"
    # KiCad's solid is the core alone: copper and mask are not in it
    if not 0.8 * (facts["thickness_mm"] or 0.4) <= size[2] <= 80:
        yield f"{name}: it is {size[2]:.2f} mm high"


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        for sentence in problems(Path(argument)) or ["all is well"]:
            print(f"{argument}: {sentence}")
