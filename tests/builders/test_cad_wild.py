"""CadQuery scripts and OpenSCAD files as they lie in repositories: how they hand out what they make."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cad_support import Made, MemoryTree, make

from builders import cadquery_script, openscad
from builders.contract import Builder
from registry.stores import sandbox
from registry.stores.warm import Warm

pytestmark = pytest.mark.skipif(bool(sandbox.why_not()), reason="bubblewrap does not work on this machine")
MAIN = """
import json
from pathlib import Path
import cadquery as cq

OUT = Path(__file__).resolve().parent / "out"

def lid(size):
    return cq.Workplane("XY").box(size, size, 2)

def main():
    OUT.mkdir(parents=True, exist_ok=True)
    size = json.loads(Path("size.json").read_text())["mm"]
    for name, part in {"lid": lid(size), "base": lid(size).translate((0, 0, 20))}.items():
        cq.exporters.export(part, str(OUT / f"{name}.step"))
        cq.exporters.export(part, str(OUT / f"{name}.stl"))
    part.val().exportStl("models/not/there/base.stl")

if __name__ == "__main__":
    main()
"""
VIEWER = """
import cadquery as cq
from ocp_vscode import show, set_port, Camera
set_port(3939)
ring = cq.Workplane("XY").circle(20).circle(10).extrude(5)
show(ring, reset_camera=Camera.KEEP)
helper = cq.Workplane("XY").box(500, 500, 500)
"""
WINDOW = """
import cadquery as cq
from cadquery.vis import show
ring = cq.Workplane("XY").circle(20).circle(10).extrude(5)
show(ring)
"""


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    process = Warm(tmp_path_factory.mktemp("warm"))
    process.start()
    yield process
    process.close()


def build(builder: Builder, room: Path, warm: Warm | None, source: str, files: dict[str, str | bytes]) -> Made:
    tree = MemoryTree(files)
    target = next(target for target in builder.detect(tree) if target.source == source)
    return make(builder, tree, target, room, room / "kept", warm)


def test_a_main_function_that_exports(tmp_path: Path, warm: Warm) -> None:
    """Parts made inside functions; a folder of its own to write to; parameters read from the working folder."""
    files: dict[str, str | bytes] = {"cad/box.py": MAIN, "cad/size.json": '{"mm": 30}'}
    made = build(cadquery_script.BUILDER, tmp_path, warm, "cad/box.py", files)
    assert made.fault is None, made.fault
    facts = made.json()
    assert {name for item in facts["components"] for name in item["instances"]} == {"lid", "base"}
    assert facts["bounding_box_mm"] == [30, 30, 22]


@pytest.mark.parametrize("text", [VIEWER, WINDOW])
def test_what_a_viewer_is_given_is_the_part(tmp_path: Path, warm: Warm, text: str) -> None:
    made = build(cadquery_script.BUILDER, tmp_path, warm, "ring.py", {"ring.py": text})
    assert made.fault is None, made.fault
    assert made.json()["bounding_box_mm"] == [40, 40, 5]


def test_a_library_that_is_not_here_is_named(tmp_path: Path, warm: Warm) -> None:
    text = "import cadquery as cq\nfrom cq_warehouse.fastener import Screw\nresult = cq.Workplane().box(1, 1, 1)\n"
    made = build(cadquery_script.BUILDER, tmp_path, warm, "screw.py", {"screw.py": text})
    assert made.fault is not None and "cq_warehouse" in str(made.fault) and "as STEP" in made.fault.remedy


@pytest.mark.skipif(bool(openscad.BUILDER.available()), reason="OpenSCAD is not installed")
def test_a_library_folder_elsewhere_in_the_repository(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "lib/ROUND/std.scad": "use <more.scad>\nmodule disc(d) { cylinder(d = d, h = thick()); }\n",
        "lib/ROUND/more.scad": "function thick() = 4;\n",
        "parts/lamp/foot.scad": "include <ROUND/std.scad>\n$fn = 60;\ndisc(40);\n",
    }
    made = build(openscad.BUILDER, tmp_path, None, "parts/lamp/foot.scad", files)
    assert made.fault is None, made.fault
    assert [round(size) for size in made.json()["bounding_box_mm"]] == [40, 40, 4]
