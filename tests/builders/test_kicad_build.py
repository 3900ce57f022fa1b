"""Real boards, built in the host's own workspace, against what other readers and the files' own text say.

Each board is built once per session; this is the slowest module of the suite.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import trimesh
from board_count import disagreements, footprints, old_symbols, pieces, symbols
from gerbonara import ExcellonFile, LayerStack
from gerbonara.utils import MM

from builders.contract import MIB, BuildFailed, SourceFile, Target
from builders.kicad import BUILDER
from builders.kicad.board_file import read_facts
from builders.kicad.sexpr import read
from builders.programs.bom_columns import find_header, split_rows
from builders.programs.bom_table import lines_of
from registry.builds.bom.merge import merge
from registry.builds.bom.sources import BoardParts, TableLines
from registry.builds.bom.vendors import board_forms, common_forms
from registry.builds.workspace import HostWorkspace, list_plain
from registry.stores import sandbox

CORPUS = Path(os.environ.get("BRICKYARD_CORPUS", Path(__file__).parents[3] / "shared" / "corpus"))
MISSING = BUILDER.available() or sandbox.why_not() or ("" if CORPUS.is_dir() else f"There is no corpus in {CORPUS}.")
pytestmark = [pytest.mark.skipif(bool(MISSING), reason=MISSING), pytest.mark.xdist_group("kicad")]


class FolderTree:
    """A folder as a tree; texts given on top of it replace or add files."""

    def __init__(self, folder: Path | None, texts: Mapping[str, bytes] | None = None) -> None:
        self._content: dict[str, bytes] = {}
        for path in sorted(folder.rglob("*")) if folder else ():
            if path.is_file() and ".git" not in path.parts:
                self._content[str(path.relative_to(folder or path))] = path.read_bytes()
        self._content |= texts or {}

    @property
    def files(self) -> Mapping[str, SourceFile]:
        return {
            path: SourceFile(path, hashlib.sha1(content).hexdigest(), len(content))
            for path, content in sorted(self._content.items())
        }

    def read(self, path: str, limit_bytes: int = MIB) -> bytes:
        return self._content[path][:limit_bytes]


@dataclass(frozen=True)
class Built:
    target: Target
    out: Path
    board_text: str
    notes: list[str]
    failures: dict[str, tuple[str, str]]

    def json(self, name: str) -> Any:
        return json.loads((self.out / name).read_text())

    def files(self) -> dict[str, int]:
        return {name: size for name, size in list_plain(self.out).items() if not name.startswith("raw/")}


def make(tree: FolderTree, name: str, keep: Path, parent: Path) -> Built:
    """Build one target of a tree and keep what came out."""
    target = next(target for target in BUILDER.detect(tree) if target.name == name)
    parent.mkdir(parents=True, exist_ok=True)
    with HostWorkspace(parent, None) as work:
        for place, path in target.inputs.items():
            (work.source / place).parent.mkdir(parents=True, exist_ok=True)
            (work.source / place).write_bytes(tree.read(path, 1 << 30))
        BUILDER.build(target, work)
        shutil.copytree(work.out, keep)
        source = tree.read(target.source, 1 << 30).decode()
        return Built(target, keep, source, list(work.notes), dict(work.failures))


# design -> (name of the board, copper layers, width and height in mm as its designer gave them)
BOARDS = {
    "teensy-3.2-clone.kicad": ("T32_ref", 4, (71.12, 25.4)),
    "nrfmicro": ("nrfmicro", 2, (18.06, 33.29)),
    "LOGuvnor": ("LOGuvnor", 2, (54.0, 68.5)),
    "wavephoenix-plus": ("wp-plus", 4, (24.0, 24.0)),
}


# design -> (its schematic, a table of its parts)
BILLS = {
    "teensy-3.2-clone.kicad": ("T32_ref.sch", "T32_ref_BOM.csv"),
    "LOGuvnor": ("LOGuvnor.kicad_sch", "hardware/pcba/bom/LOGuvnor-BOM.csv"),
    "wavephoenix-plus": ("wp-plus.kicad_sch", "hardware/gerbers/BOM-wp-plus.csv"),
}


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Built]:
    done: dict[str, Built] = {}
    top = tmp_path_factory.mktemp("kicad") if not MISSING else Path()

    def once(design: str) -> Built:
        if design not in done:
            done[design] = make(FolderTree(CORPUS / design), BOARDS[design][0], top / design, top / "work")
        return done[design]

    return once


@pytest.fixture(params=list(BOARDS))
def built(request: pytest.FixtureRequest, build: Callable[[str], Built]) -> Built:
    return build(request.param)


def facts_of(built: Built) -> tuple[int, tuple[float, float]]:
    return next((layers, size) for name, layers, size in BOARDS.values() if name == built.target.name)


def test_everything_promised_is_made(built: Built) -> None:
    assert built.failures == {}
    files = built.files()
    for output in built.target.outputs:
        assert output.optional or any(fnmatchcase(name, output.path) for name in files), output.path
    assert all(files.values()), "no output is empty"


def test_gerbers_and_drills_open_elsewhere(built: Built) -> None:
    layers, (width, height) = facts_of(built)
    stack = LayerStack.open(built.out / "gerbers")
    assert len(stack.copper_layers) == layers
    assert stack.outline is not None
    (left, low), (right, high) = stack.outline.bounding_box(unit=MM)
    # the outline's own line adds its width
    assert right - left == pytest.approx(width, abs=0.3)
    assert high - low == pytest.approx(height, abs=0.3)
    holes = [ExcellonFile.open(path) for path in sorted((built.out / "gerbers").glob("*.drl"))]
    known = built.json("facts.json")["holes"]
    assert sum(len(file.objects) for file in holes) == known["plated"] + known["non_plated"]


def test_size_and_layers_in_the_facts(built: Built) -> None:
    layers, (width, height) = facts_of(built)
    facts = built.json("facts.json")
    assert facts["copper_layers"] == layers
    assert facts["size_mm"] == {"width": pytest.approx(width, abs=0.01), "height": pytest.approx(height, abs=0.01)}
    assert 0 < facts["outline_area_mm2"] <= width * height + 0.01
    assert len([layer for layer in facts["stackup"] if layer["type"] == "copper"]) == layers
    assert sum(layer["thickness_mm"] for layer in facts["stackup"]) == pytest.approx(facts["thickness_mm"], abs=0.05)


def test_counts_agree_with_the_text(built: Built) -> None:
    facts = built.json("facts.json")
    text = re.sub(r'"(?:[^"\\]|\\.)*"', '""', built.board_text)

    def count(name: str) -> int:
        return len(re.findall(rf"^[ \t]{{1,2}}\({name}\s", text, re.MULTILINE))

    assert facts["footprints"]["total"] == count("(?:module|footprint)")
    assert facts["tracks"] == count("(?:segment|arc)")
    assert facts["vias"] == count("via")
    assert facts["zones"] == count("zone")
    assert facts["pads"] == len(re.findall(r"\(pad\s", text))
    sides = facts["footprints"]
    assert sides["top"] + sides["bottom"] == sides["total"] == sides["smd"] + sides["tht"] + sides["other"]


def test_kicads_api_answered_and_agrees_with_the_file(built: Built) -> None:
    answered = built.json("raw/api.json")
    assert "unanswered" not in answered
    assert built.json("facts.json")["source"]["tracks"] == "kipy"
    own, _ = read_facts(read(built.board_text))
    for name in (
        "pads",
        "tracks",
        "vias",
        "nets",
        "zones",
        "holes",
        "min_track_mm",
        "min_drill_mm",
        "min_annular_ring_mm",
    ):
        assert answered[name] == own[name], name
    assert answered["title_block"] == own["title_block"]


def test_layer_pictures_share_one_page(built: Built) -> None:
    facts = built.json("facts.json")
    pages = set()
    for layer in facts["layers"]:
        found = re.search(r'viewBox="([^"]+)"', (built.out / layer["path"]).read_text())
        assert found
        pages.add(found[1])
    assert len(pages) == 1
    kinds = [layer["kind"] for layer in facts["layers"]]
    assert kinds.count("copper") == facts["copper_layers"] and "outline" in kinds
    assert len(facts["layers"]) == len(list((built.out / "layers").iterdir()))


def test_models_have_the_boards_size(built: Built) -> None:
    _, (width, height) = facts_of(built)
    scene = trimesh.load(built.out / "board.glb")
    raw = (built.out / "board.glb").read_bytes()
    materials = json.loads(raw[20 : 20 + int.from_bytes(raw[12:16], "little")])["materials"]
    assert all("metallicFactor" in material["pbrMetallicRoughness"] for material in materials), (
        "it would look like metal"
    )
    extent = scene.extents * 1000
    assert extent[0] >= width - 0.2 and extent[2] >= height - 0.2
    assert max(extent[0], extent[2]) < 3 * max(width, height)
    step = (built.out / "board.step").read_text()
    assert step.startswith("ISO-10303-21;") and step.rstrip().endswith("END-ISO-10303-21;")


def test_pictures_are_pictures(built: Built) -> None:
    from PIL import Image

    for side in ("top", "bottom"):
        with Image.open(built.out / f"{side}.png") as picture:
            assert picture.mode == "RGBA" and picture.width >= 1000
            low, high = picture.getchannel("A").getextrema()
            assert (low, high) == (0, 255), "the board stands on a transparent ground"
            assert len(picture.convert("RGB").getcolors(1 << 24) or []) > 10


def test_parts_and_places(built: Built) -> None:
    parts = built.json("components.json")
    references = [part["reference"] for part in parts]
    assert len(set(references)) == len(references) > 5
    rows = list(csv.DictReader((built.out / "bom.csv").open(newline="")))
    listed = [name for row in rows for name in row["References"].split(", ")]
    assert sorted(listed) == sorted(references)
    assert all(int(row["Qty"]) == len(row["References"].split(", ")) for row in rows)
    places = {row["Ref"]: row for row in csv.DictReader((built.out / "positions.csv").open(newline=""))}
    unpopulated = {part["reference"] for part in parts if part["dnp"]}
    assert places and not unpopulated & set(places)
    for part in parts:
        if row := places.get(part["reference"]):
            assert (float(row["PosX"]), -float(row["PosY"])) == pytest.approx((part["x_mm"], part["y_mm"]), abs=0.001)
            assert row["Side"] == part["side"]


def test_the_bill_of_materials_is_what_a_count_of_the_files_gives(build: Callable[[str], Built]) -> None:
    """Against a reader of its own, with the tables that lie beside the boards."""
    for design, (sheets, table) in BILLS.items():
        name, made = BOARDS[design][0], build(design)
        folder = CORPUS / design / PurePosixPath(made.target.source).parent
        texts = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*sch")}
        told = old_symbols(texts[sheets]) if sheets.endswith(".sch") else symbols(texts, sheets)
        rows = split_rows((CORPUS / design / table).read_bytes())
        lines = TableLines("table", table, lines_of(rows, *(find_header(rows) or (0, {}))))
        parts = made.json("components.json")
        materials = merge([BoardParts(name, made.target.source, parts, made.json("facts.json"))], [lines], [])
        files = common_forms(materials) | board_forms(materials, name, parts, (made.out / "positions.csv").read_bytes())
        counted = pieces(footprints(made.board_text), told)
        assert list(disagreements(files, name, counted)) == [], design


def test_fields_of_the_designers_survive(build: Callable[[str], Built]) -> None:
    def field(design: str, reference: str, name: str) -> str:
        parts = {part["reference"]: part for part in build(design).json("components.json")}
        return str(parts[reference]["fields"].get(name, ""))

    # KiCad 5 gives an empty list of its own accord
    assert field("teensy-3.2-clone.kicad", "C1", "Mfg_Part_No") == "GRM155R71A104KA01D"
    assert field("wavephoenix-plus", "C1", "LCSC") == "C1525"
    assert field("LOGuvnor", "C1", "Manufacturer") == "GRM188R6YA106MA73D"


def test_hierarchy_and_checks(build: Callable[[str], Built]) -> None:
    out = build("LOGuvnor").out
    assert len(list((out / "schematic").glob("*.svg"))) == 5
    assert (out / "schematic.pdf").read_bytes().startswith(b"%PDF")
    checks = build("LOGuvnor").json("checks.json")
    raw = build("LOGuvnor").json("raw/drc.json")
    found = checks["drc"]["findings"]
    assert len(found) == len(raw["violations"]) + len(raw["unconnected_items"]) + len(raw["schematic_parity"])
    assert {item["type"] for item in found if item["environment"]} <= {"lib_footprint_issues", "lib_footprint_mismatch"}
    assert checks["drc"]["errors"] == sum(item["severity"] == "error" and not item["environment"] for item in found)
    assert checks["erc"]["errors"] == 3
    # its model lies in the repository, while the board looks for it in somebody's home
    built = build("LOGuvnor")
    assert any("PEC12R" in note and "namesakes" in note for note in built.target.notes)
    assert not any("PEC12R" in note for note in built.notes if note not in built.target.notes)


def test_old_schematics_say_what_they_do_not_give(build: Callable[[str], Built]) -> None:
    built = build("teensy-3.2-clone.kicad")
    assert any("KiCad 5" in note for note in built.target.notes)
    assert built.json("checks.json")["erc"] is None
    assert (built.out / "netlist.d356").read_text().count("\n317") > 100


def test_an_interactive_bom_needs_nothing_from_elsewhere(build: Callable[[str], Built]) -> None:
    page = (build("nrfmicro").out / "ibom.html").read_text()
    assert "pcbdata" in page
    assert not re.search(r"""<(?:script|link|img|iframe)\b[^>]*(?:src|href)\s*=\s*["']?(?:https?:)?//""", page)


def small(name: str, change: Callable[[bytes], bytes] = lambda content: content) -> FolderTree:
    """The smallest board of the corpus under another name."""
    folder = CORPUS / "ExpansionCards" / "Electrical" / "KiCad_templates" / "Expansion_Card_Retrofit"
    stem = "Expansion_Card_Retrofit"
    texts = {f"{name}{ending}": (folder / f"{stem}{ending}").read_bytes() for ending in (".kicad_pcb", ".sch", ".pro")}
    texts[f"{name}.kicad_pcb"] = change(texts[f"{name}.kicad_pcb"])
    return FolderTree(None, texts)


def test_two_builds_in_unlike_places_are_alike(tmp_path: Path) -> None:
    first = make(small("card"), "card", tmp_path / "a", tmp_path / "work")
    second = make(small("card"), "card", tmp_path / "b", tmp_path / "else where" / "deep")
    assert first.files() == second.files()
    unlike = [
        name
        for name in first.files()
        if not name.endswith(".png")
        and name != "checks.json"
        and (first.out / name).read_bytes() != (second.out / name).read_bytes()
    ]
    assert unlike == []


def test_a_name_is_only_a_name(tmp_path: Path) -> None:
    name = "Größe a';touch x;' $(id)"
    tree = small(name)
    (target,) = BUILDER.detect(tree)
    built = make(tree, target.name, tmp_path / "out", tmp_path / "work")
    assert built.failures == {}
    assert all(re.fullmatch(r"[A-Za-z0-9._/-]+", path) for path in built.files())
    job = built.json(f"gerbers/{next(path.name for path in (built.out / 'gerbers').glob('*.gbrjob'))}")
    assert all((built.out / "gerbers" / entry["Path"]).is_file() for entry in job["FilesAttributes"])
    assert len(LayerStack.open(built.out / "gerbers").copper_layers) == 2


def test_a_schematic_alone_with_a_hostile_name(tmp_path: Path) -> None:
    source = (CORPUS / "rotary-encoder-protection" / "src" / "elec" / "RotaryEncoderProtection.kicad_sch").read_bytes()
    tree = FolderTree(None, {"a';touch x;'.kicad_sch": source})
    (target,) = BUILDER.detect(tree)
    built = make(tree, target.name, tmp_path / "out", tmp_path / "work")
    assert built.failures == {}
    assert {"schematic.pdf", "erc.json", "netlist.net", "bom.csv"} <= set(built.files())
    assert any(part["reference"] == "D1" for part in built.json("components.json"))


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 123456\n"
NEWER = b'(kicad_pcb (version 20260206) (generator "pcbnew") (generator_version "10.0")\n (gr_line (start 0 0)))'


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda content: POINTER, "git-lfs"),
        (lambda content: content[:5000] + b"\n<<<<<<< HEAD\n" + content[5000:], "merge"),
        (lambda content: content[: len(content) // 2], "ends early"),
        (lambda content: NEWER, "KiCad 10"),
        (lambda content: b"<html>404</html>" * 1000, "not a file of KiCad"),
    ],
    ids=["lfs", "conflict", "truncated", "newer", "html"],
)
def test_bad_boards_fail_with_the_reason(change: Callable[[bytes], bytes], said: str, tmp_path: Path) -> None:
    with pytest.raises(BuildFailed) as failure:
        make(small("card", change), "card", tmp_path / "out", tmp_path)
    assert said in str(failure.value) and failure.value.remedy
    assert "card.kicad_pcb" in str(failure.value)


def test_a_board_that_kicad_refuses_fails_with_kicads_reason(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed, match="can't read"):
        make(
            small("card", lambda content: content.replace(b"(net 0", b"(nonsense 0", 1)),
            "card",
            tmp_path / "o",
            tmp_path,
        )


def test_a_damaged_schematic_does_not_hide_the_board(tmp_path: Path) -> None:
    tree = small("card")
    broken = FolderTree(None, {path: tree.read(path, 1 << 30) for path in tree.files if not path.endswith(".sch")})
    broken = FolderTree(
        None, {path: broken.read(path, 1 << 30) for path in broken.files} | {"card.kicad_sch": b"(kicad_sch (x"}
    )
    built = make(broken, "card", tmp_path / "out", tmp_path)
    assert "ends early" in built.failures["schematic"][0]
    assert {"board.glb", "gerbers/card-F_Cu.gtl", "facts.json", "drc.json"} <= set(built.files())
    assert "fabrication" not in built.failures and "checks" not in built.failures


def test_the_smallest_things_name_their_place(built: Built) -> None:
    facts = built.json("facts.json")
    where = facts["where"]
    assert {"min_track_mm", "min_drill_mm", "min_annular_ring_mm"} <= where.keys()
    for name, place in where.items():
        assert place["size_mm"] == pytest.approx(facts[name], abs=0.001), name
        left, top = facts["layers_origin_mm"]["x"], facts["layers_origin_mm"]["y"]
        page = re.search(r'viewBox="([^"]+)"', (built.out / facts["layers"][0]["path"]).read_text())
        assert page, "a picture has a page"
        *_, width, height = map(float, page[1].split())
        assert 0 <= place["x_mm"] - left <= width and 0 <= place["y_mm"] - top <= height, name
    assert where["min_track_mm"]["net"] and where["min_track_mm"]["layer"].endswith(".Cu")


def test_the_nearest_copper_is_told_with_its_nets(build: Callable[[str], Built]) -> None:
    facts = build("LOGuvnor").json("facts.json")
    place = facts["where"]["min_clearance_mm"]
    assert (facts["min_clearance_mm"], facts["source"]["min_clearance_mm"]) == (0.1995, "drc")
    assert place["what"].startswith("between net ") and place["layer"] == "F.Cu"
