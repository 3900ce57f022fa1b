"""CAD parts, built in the host's own workspace: what comes out, what it says, and what is said when it can't be."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import ezdxf
import pytest
import trimesh
from cad_support import CORPUS, Made, MemoryTree, make
from PIL import Image

from builders import cadquery_script, mesh, openscad, step
from builders.contract import Builder
from registry.stores import sandbox
from registry.stores.warm import Warm

pytestmark = pytest.mark.skipif(bool(sandbox.why_not()), reason="bubblewrap does not work on this machine")
SOLIDS, FREECAD = step.BUILDERS
EVERY = (cadquery_script.BUILDER, SOLIDS, FREECAD, mesh.BUILDER, openscad.BUILDER)

PLATE = """
import cadquery as cq
MATERIAL = "6061 aluminium"
QUANTITY = 2
plate = cq.Workplane("XY").box(80, 60, 5)
result = plate.faces(">Z").workplane().rect(60, 40, forConstruction=True).vertices().hole(5.5)
"""
PAIR = """
import cadquery as cq
axle = cq.Workplane("XY").circle(4).extrude(30)
top = cq.Assembly(name="pair")
for i, (x, colour) in enumerate([(0, "red"), (20, "red"), (40, "blue")]):
    top.add(axle, loc=cq.Location((x, 0, 0)), name=f"axle_{i}", color=cq.Color(colour))
top.add(cq.Workplane("XY").box(60, 20, 3), color=cq.Color(0.1, 0.6, 0.3), material=cq.Material("S235 steel"))
result = top
"""
Build = Callable[..., Made]


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cad")


@pytest.fixture(scope="module")
def warm(rooms: Path) -> Iterator[Warm]:
    process = Warm(rooms)
    process.start()
    yield process
    process.close()


@pytest.fixture(scope="module")
def build(rooms: Path, warm: Warm) -> Build:
    numbers = iter(range(1000))

    def one(content: dict[str, str | bytes], source: str = "", *, cold: bool = False) -> Made:
        tree = MemoryTree(content)
        found: list[tuple[Builder, object]] = [
            (builder, target)
            for builder in EVERY
            for target in builder.detect(tree)
            if target.source == (source or next(iter(content)))
        ]
        ((builder, target),) = found
        return make(builder, tree, target, rooms, rooms / f"kept-{next(numbers)}", None if cold else warm)  # type: ignore[arg-type]

    return one


@pytest.fixture(scope="module")
def plate(build: Build) -> Made:
    return build({"parts/base_plate.py": PLATE})


@pytest.fixture(scope="module")
def pair(build: Build) -> Made:
    return build({"pair.py": PAIR})


def same(one: Path, other: Path) -> list[str]:
    """Names of files that differ."""
    names = {path.name for folder in (one, other) for path in folder.iterdir()}
    return sorted(name for name in names if (one / name).read_bytes() != (other / name).read_bytes())


def test_a_plate_gets_everything_promised(plate: Made) -> None:
    assert plate.fault is None and plate.failures == {}
    assert set(plate.artifacts) == {
        "part.step", "part.stl", "part.3mf", "part.glb", "part.dxf", "facts.json", "picture.png",
        "view-isometric.svg", "view-front.svg", "view-top.svg", "view-right.svg",
    }  # fmt: skip


def test_facts_of_a_plate_are_right(plate: Made) -> None:
    facts = plate.json()
    volume = 80 * 60 * 5 - 4 * 3.14159265 * 2.75**2 * 5
    assert facts["bounding_box_mm"] == [80.0, 60.0, 5.0]
    assert facts["volume_mm3"] == pytest.approx(volume, rel=1e-6)
    assert facts["mass_g"] == pytest.approx(volume / 1000 * 2.70, rel=1e-5)
    assert facts["holes"] == [{"diameter_mm": 5.5, "count": 4}]
    assert facts["flat_thickness_mm"] == 5.0
    assert (facts["solids"], facts["faces"], facts["watertight"], facts["quantity"]) == (1, 10, True, 2)
    assert facts["centre_of_mass_mm"] == pytest.approx([0, 0, 0], abs=1e-6)


def test_files_of_a_plate_open_elsewhere(plate: Made) -> None:
    stl = trimesh.load(plate.out / "part.stl")
    assert stl.is_watertight and stl.extents == pytest.approx([80, 60, 5])
    assert stl.volume == pytest.approx(plate.json()["volume_mm3"], rel=2e-3)
    glb = trimesh.load(plate.out / "part.glb")
    assert sorted(glb.extents) == pytest.approx([0.005, 0.06, 0.08])  # glTF is in metres
    drawing = ezdxf.readfile(plate.out / "part.dxf")
    circles = [entity.dxf.radius for entity in drawing.modelspace() if entity.dxftype() == "CIRCLE"]
    assert circles == pytest.approx([2.75] * 4)
    assert drawing.units == ezdxf.units.MM
    picture = Image.open(plate.out / "picture.png")
    assert picture.mode == "RGBA" and picture.getextrema()[3] == (0, 255)
    with zipfile.ZipFile(plate.out / "part.3mf") as package:
        assert package.testzip() is None
    for name in ("isometric", "front", "top", "right"):
        ElementTree.parse(plate.out / f"view-{name}.svg")
    assert (
        ">80 mm<" in (plate.out / "view-top.svg").read_text() and ">60 mm<" in (plate.out / "view-top.svg").read_text()
    )


def test_a_disc_seen_from_its_edge_has_all_four_sides(build: Build) -> None:
    made = build({"disc.py": "import cadquery as cq\nresult = cq.Workplane('XY').circle(20).extrude(20)\n"})
    drawing = ElementTree.parse(made.out / "view-front.svg").getroot()
    paths = [path for path in drawing.iter("{http://www.w3.org/2000/svg}path") if path.get("stroke") == "#1d2733"]
    lines = [
        [tuple(map(float, point.split())) for point in line.split("L")]
        for line in (paths[0].get("d") or "").split("M")[1:]
    ]
    points = [point for line in lines for point in line]
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    for level in (min(y for _, y in points), max(y for _, y in points)):
        at_level = [x for line in lines for x, y in line if abs(y - level) < 0.3]
        assert min(at_level) == pytest.approx(left, abs=0.5) and max(at_level) == pytest.approx(right, abs=0.5)
        flat = [(a, b) for line in lines for a, b in pairwise(line) if abs(a[1] - level) + abs(b[1] - level) < 0.3]
        assert sum(abs(b[0] - a[0]) for a, b in flat) >= right - left - 1, "drawn, not only touched"


def test_step_and_3mf_can_be_read_back(plate: Made, build: Build) -> None:
    again = build({"a.step": (plate.out / "part.step").read_bytes()})
    assert again.json()["volume_mm3"] == pytest.approx(plate.json()["volume_mm3"], rel=1e-6)
    assert again.json()["holes"] == plate.json()["holes"]
    assert (again.out / "part.step").read_bytes() == (plate.out / "part.step").read_bytes(), (
        "a STEP file stays as it is"
    )
    package = build({"a.3mf": (plate.out / "part.3mf").read_bytes()})
    assert package.json()["watertight"] and package.json()["bounding_box_mm"] == pytest.approx([80, 60, 5])
    assert (package.out / "part.3mf").read_bytes() == (plate.out / "part.3mf").read_bytes()


def test_an_assembly_has_names_colours_and_a_parts_list(pair: Made) -> None:
    facts = pair.json()
    lines = {line["name"]: line for line in facts["components"]}
    assert sorted(line["quantity"] for line in lines.values()) == [1, 1, 2]
    steel = next(line for line in lines.values() if line["material"] == "S235 steel")
    assert steel["mass_g"] == pytest.approx(60 * 20 * 3 / 1000 * 7.85)
    assert facts["mass_g"] is None and facts["mass_known_g"] == pytest.approx(steel["mass_g"])
    text = (pair.out / "part.step").read_text()
    assert "'axle_1'" in text and "COLOUR_RGB" in text and "DRAUGHTING_PRE_DEFINED_COLOUR('red')" in text
    scene = trimesh.load(pair.out / "part.glb")
    assert {"axle_0", "axle_1", "axle_2"} <= set(scene.geometry)
    assert not any(len(name) == 36 and name.count("-") == 4 for name in scene.geometry), "no random names"


def test_the_same_sources_give_the_same_bytes_warm_or_cold(pair: Made, build: Build) -> None:
    again = build({"elsewhere/pair.py": PAIR})
    assert same(pair.out, again.out) == []
    cold = build({"pair.py": PAIR}, cold=True)  # a process of its own: other addresses in memory
    assert same(pair.out, cold.out) == []


def test_every_way_to_hand_out_a_result(build: Build) -> None:
    shown = build(
        {
            "several.py": "import cadquery as cq\nbox = cq.Workplane().box(10, 10, 10)\n"
            'show_object(box, name="body", options={"color": (200, 30, 30)})\n'
            'show_object([cq.Workplane().sphere(3).translate((x, 0, 0)) for x in (20, 30)], name="ball")\n'
            "log('x'); debug(box)\n"
        }
    )
    names = [name for line in shown.json()["components"] for name in line["instances"]]
    assert names == ["body", "ball-1", "ball-2"]
    guarded = build(
        {
            "guarded.py": "import cadquery as cq\nfrom .sizes import W\nimport pathlib\n"
            "H = float((pathlib.Path(__file__).parent / 'height.txt').read_text())\n"
            "if __name__ == '__cq_main__':\n    part = cq.Workplane().box(W, W, H)\n"
            "    pathlib.Path(__file__).with_suffix('.svg').write_text(cq.exporters.getSVG(part.val()))\n",
            "__init__.py": "",
            "sizes.py": "W = 7\n",
            "height.txt": "3",
        }
    )
    assert guarded.fault is None, guarded.fault
    assert guarded.json()["bounding_box_mm"] == [7.0, 7.0, 3.0]
    assert not any("could not write" in note for note in guarded.notes)  # beside itself, as on the designer's machine


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import cadquery as cq\nw = 3\nresult = cq.Workplane().box(w, 0, 1).undefined()\n", "bad.py, line 3"),
        ("import cadquery as cq\nresult = cq.Workplane(\n", "line 2: SyntaxError"),
        ("import cadquery as cq\nimport no_such_module\nresult = cq.Workplane()\n", "No module named 'no_such_module'"),
        ("import cadquery as cq\nresult = print()\n", "nothing that it made is a CadQuery object"),
        ("import cadquery as cq, sys\nresult = print()\nsys.exit(7)\n", "sys.exit(7)"),
    ],
)
def test_a_script_that_fails_says_where_and_why(build: Build, text: str, reason: str) -> None:
    made = build({"mech/bad.py": text})
    assert made.fault is not None and reason in str(made.fault) and made.fault.remedy
    assert made.artifacts == []


def test_what_a_bad_script_may_not_do(build: Build, plate: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRICKYARD_SECRET_KEY", "hush")
    spy = build(
        {
            "spy.py": "import cadquery as cq, os, socket, subprocess\n"
            "print('SECRETS', [k for k in os.environ if 'BRICK' in k], 'hush' in open('/proc/self/environ').read())\n"
            "try:\n    socket.create_connection(('127.0.0.1', 22), 2)\nexcept OSError as e:\n    print('NETWORK', e)\n"
            "print('OTHERS', [p for p in os.listdir('/proc') if p.isdigit()], os.listdir('/jobs'))\n"
            "print('PASSWD', os.path.exists('/etc/passwd'), os.getuid())\n"
            "subprocess.Popen(['sleep', '987'], start_new_session=True)\n"
            "result = cq.Workplane().box(1, 1, 1)\n"
        }
    )
    assert spy.fault is None
    assert "SECRETS [] False" in spy.log and "NETWORK [Errno" in spy.log and "PASSWD False" in spy.log
    assert "OTHERS ['1'] []" in spy.log
    running = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert b"sleep\x00987\x00" not in running
    huge = "import cadquery as cq\nresult = cq.Workplane()\nwith open('/out/x', 'wb') as f:\n  f.truncate(1 << 40)\n"
    stopped = build({"huge.py": huge})
    assert stopped.fault is not None and ("output" in str(stopped.fault) or "File too large" in str(stopped.fault))
    bomb = "import cadquery as cq, os\nresult = print()\nwhile True:\n  try: os.fork()\n  except OSError: pass\n"
    stopped = build({"bomb.py": bomb})
    # each of its processes holds what the warm one holds, so memory may run out first
    assert stopped.fault is not None and ("processes" in str(stopped.fault) or "memory" in str(stopped.fault))
    after = build({"parts/base_plate.py": PLATE})
    assert same(plate.out, after.out) == [], "the next build is untouched"


def fcstd(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


DOCUMENT = b"""<?xml version='1.0' encoding='utf-8'?><Document>
<Objects Count="1"><Object type="Part::FeaturePython" name="A"/></Objects>
<ObjectData><Object name="A"><Properties><Property name="Proxy" type="App::PropertyPythonObject">
<Python value="eyJ4IjogMX0=" encoded="yes" module="os" class="system"/></Property></Properties></Object>
</ObjectData></Document>"""


def link_entry() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo("Document.xml")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.FCStd", fcstd({"Document.xml": DOCUMENT}), "holds no shape"),
        ("a.FCStd", fcstd({"../../x": b"1", "Document.xml": DOCUMENT}), "leads out of it"),
        ("a.FCStd", link_entry(), "link or device"),
        ("a.FCStd", fcstd({"Document.xml": DOCUMENT, "x": bytes(40 * 1024**2)}), "far more than its size"),
        ("a.FCStd", b"PK\x03\x04 not a zip", "not a readable zip"),
        ("a.FCStd", fcstd({"Document.xml": b'<!DOCTYPE d [<!ENTITY x "y">]><d>&x;</d>'}), "DOCTYPE"),
        ("a.3mf", fcstd({"3D/3dmodel.model": b'<!DOCTYPE d SYSTEM "file:///etc/passwd"><model/>'}), "DOCTYPE"),
        ("a.3mf", fcstd({"3D/3dmodel.model": bytes(40 * 1024**2)}), "far more than its size"),
        ("a.step", b"version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 3\n", "git-lfs pointer"),
        ("a.step", b"ISO-10303-21;\nHEADER;\nnonsense", "can't be read as STEP"),
        ("a.stl", b"\0" * 80 + (4_000_000_000).to_bytes(4, "little"), "neither a binary nor a text STL"),
        ("a.stl", b"solid x\nfacet\nvertex 1 2 3\nendsolid", "no complete triangle"),
    ],
)
def test_hostile_or_broken_files_are_refused_with_a_sentence(
    build: Build, name: str, content: bytes, reason: str
) -> None:
    made = build({name: content})
    assert made.fault is not None and reason in str(made.fault), made.fault
    assert made.artifacts == []


def test_a_mesh_with_a_hole_is_shown_and_says_so(build: Build) -> None:
    box = trimesh.creation.box((10, 20, 30))
    closed = build({"box.stl": box.export(file_type="stl_ascii").encode()})
    assert closed.json()["watertight"] and closed.json()["volume_mm3"] == pytest.approx(6000)
    assert set(closed.artifacts) >= {"part.stl", "part.3mf", "part.glb", "picture.png", "facts.json"}
    box.update_faces([True] * 11 + [False])
    gaping = build({"box.stl": box.export(file_type="stl")})
    assert gaping.json()["watertight"] is False and gaping.json()["volume_mm3"] is None
    assert gaping.json()["bounding_box_mm"] == [10.0, 20.0, 30.0]


def test_the_unit_of_a_3mf_counts(plate: Made, build: Build) -> None:
    with zipfile.ZipFile(plate.out / "part.3mf") as package:
        entries = {name: package.read(name) for name in package.namelist()}
    entries["3D/3dmodel.model"] = entries["3D/3dmodel.model"].replace(b'unit="millimeter"', b'unit="inch"')
    made = build({"a.3mf": fcstd(entries)})
    assert made.json()["bounding_box_mm"] == pytest.approx([80 * 25.4, 60 * 25.4, 5 * 25.4])


@pytest.mark.skipif(bool(openscad.BUILDER.available()), reason="OpenSCAD is not installed")
def test_openscad(build: Build) -> None:
    library = "module shell(w) { difference() { cube(w); translate([2, 2, 2]) cube(w); } }\n"
    made = build({"m/case.scad": "use <lib.scad>\nshell(20);\n", "m/lib.scad": library}, "m/case.scad")
    assert made.fault is None, made.fault
    assert made.json()["volume_mm3"] == pytest.approx(20**3 - 18**3) and made.json()["watertight"]
    assert set(made.artifacts) >= {"part.stl", "part.3mf", "part.glb", "view-isometric.svg"}
    spying = build({"a.scad": "include </etc/passwd>\ncube(3);\n"})
    assert "root:" not in spying.log and any("/etc/passwd" in note for note in spying.notes)
    lost = build({"a.scad": "use <gone/teeth.scad>\ncube(3);\ntooth();\n"})  # OpenSCAD would give the cube alone
    assert lost.fault is not None and "gone/teeth.scad" in lost.fault.remedy and "tooth()" in str(lost.fault)
    flat = build({"a.scad": "square(3);\n"})
    assert flat.fault is not None and "linear_extrude" in flat.fault.remedy
    empty = build({"a.scad": "cube(0);\n"})
    assert empty.fault is not None and empty.fault.remedy


def real(path: str) -> dict[str, str | bytes]:
    place = CORPUS / path
    if not place.is_file():
        pytest.skip("the corpus of real designs is not on this machine (BRICKYARD_CORPUS)")
    return {place.name: place.read_bytes()}


@pytest.mark.parametrize(
    ("path", "size_mm"),
    [
        ("OSH-CMM-LogicBoard/src/mech/CaseCMMLB_missing_reference.FCStd", (89.84, 211.0, 28.0)),
        ("nrfmicro/hardware/nrfmicro.pretty/3d/E73-2G4M08S1C.FCStd", (18.0, 13.0, 2.8)),
        ("ExpansionCards/Mechanical/Printable/3D/ExpansionCard_SelfTapping.stp", (30.0, 6.8, 32.0)),
        ("ExpansionCards/Mechanical/OpenSCAD/MicrocontrollerHousing.stl", None),
    ],
)
def test_real_parts(build: Build, path: str, size_mm: tuple[float, ...] | None) -> None:
    made = build(real(path))
    assert made.fault is None and made.failures == {}
    facts = made.json()
    if size_mm:
        assert facts["bounding_box_mm"] == pytest.approx(size_mm, abs=0.3)
    assert facts["triangles"] > 0 and json.dumps(facts)
    assert trimesh.load(made.out / "part.glb").extents.max() == pytest.approx(
        max(facts["bounding_box_mm"]) / 1000, rel=2e-3
    )
