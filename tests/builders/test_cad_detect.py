"""Which files of a tree are parts to make, and what each reads. Nothing is run."""

from __future__ import annotations

import time

import pytest
from cad_support import CORPUS, MemoryTree

from builders import cadquery_script, mesh, openscad, step
from builders.cad_common import TARGETS_MAX
from builders.contract import Target
from builders.openscad import sources_of

BOX = 'import cadquery as cq\nresult = cq.Workplane("XY").box(1, 2, 3)\n'
STEP = "ISO-10303-21;\n"


def scripts(files: dict[str, str | bytes]) -> dict[str, Target]:
    return {target.source: target for target in cadquery_script.BUILDER.detect(MemoryTree(files))}


def sources(files: dict[str, str | bytes] | MemoryTree) -> set[str]:
    """Main files of all CAD targets, OpenSCAD aside."""
    tree = files if isinstance(files, MemoryTree) else MemoryTree(files)
    builders = (cadquery_script.BUILDER, *step.BUILDERS, mesh.BUILDER)
    return {target.source for builder in builders for target in builder.detect(tree)}


@pytest.mark.parametrize(
    "text",
    [
        BOX,
        "from cadquery import Workplane\nshow_object(Workplane().box(1, 1, 1))",
        "import sys, cadquery as cq\nshow_object(cq.Workplane().box(1, 1, 1))",
        'import cadquery as cq\nbracket = cq.Workplane("XY").box(1, 1, 1).edges().fillet(0.1)',
        "import cadquery as cq\nif __name__ == '__main__':\n    thing = cq.Assembly()\n",
        "import cadquery as cq\ndef make(): return cq.Workplane().box(1, 1, 1)\ncq.exporters.export(make(), 'a.step')",
    ],
)
def test_a_script_that_hands_out_a_model_is_a_part(text: str) -> None:
    assert set(scripts({"a/bracket.py": text})) == {"a/bracket.py"}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("helpers.py", "import cadquery as cq\ndef bolt(d): return cq.Workplane().circle(d).extrude(1)\n"),
        ("params.py", "WIDTH = 3\nresult = 4\n"),
        ("test_bracket.py", BOX),
        ("tests/bracket.py", BOX),
        ("setup.py", BOX),
        ("blink.py", "import machine\nresult = machine.Pin(3)\n"),
    ],
)
def test_helpers_tests_and_other_programs_are_none(path: str, text: str) -> None:
    assert scripts({path: text}) == {}


def test_inputs_are_what_the_text_names_and_nothing_else() -> None:
    found = scripts(
        {
            "mech/case.py": "import sys, tomllib\nfrom pathlib import Path\nimport cadquery as cq\nimport dims\n"
            "from lib.screws import hole\nHERE = Path(__file__).parent\n"
            'BOARD = tomllib.loads((HERE / ".." / "board" / "board.toml").read_text())\n'
            'lid = cq.importers.importStep(str(HERE / "lid.step"))\nresult = cq.Workplane().box(1, 1, 1)\n',
            "mech/dims.py": "from more import W\n",
            "mech/more.py": "W = 1\n",
            "mech/lib/__init__.py": "",
            "mech/lib/screws.py": "import cadquery\ndef hole(): pass\n",
            "mech/unrelated.py": "x = 1\n",
            "mech/lid.step": STEP,
            "board/board.toml": "w = 1\n",
            "README.md": "lid.step",
        }
    )
    target = found["mech/case.py"]
    assert set(target.inputs.values()) == {
        "mech/case.py", "mech/dims.py", "mech/more.py", "mech/lib/__init__.py", "mech/lib/screws.py", "mech/lid.step",
        "board/board.toml",
    }  # fmt: skip
    assert target.inputs[target.options["main"]] == "mech/case.py"


def test_a_part_has_the_same_key_wherever_it_lies() -> None:
    (here,) = scripts({"bracket.py": BOX, "README.md": "x"}).values()
    (there,) = scripts({"deep/down/bracket.py": BOX}).values()
    assert set(here.inputs) == set(there.inputs)
    assert here.options == there.options and here.outputs == there.outputs and here.name == there.name


def test_scripts_that_use_cadquery_through_a_module_and_folders_put_on_the_path() -> None:
    found = scripts(
        {
            "assembly.py": "import sys\nfrom pathlib import Path\nimport cadquery as cq\n"
            'sys.path.insert(0, str(Path(__file__).parent / "parts"))\nimport plate\nresult = cq.Assembly()\n',
            "parts/plate.py": "from shapes import make\nresult = make(3)\n",
            "parts/shapes.py": "import cadquery as cq\ndef make(t): return cq.Workplane().box(9, 9, t)\n",
        }
    )
    assert set(found) == {"assembly.py", "parts/plate.py"}
    assert found["assembly.py"].options["import_paths"] == ["parts"]
    assert set(found["assembly.py"].inputs.values()) == {"assembly.py", "parts/plate.py", "parts/shapes.py"}


def test_a_script_that_does_not_parse_is_shown_rather_than_hidden() -> None:
    assert set(scripts({"a.py": "import cadquery as cq\nresult = cq.Workplane(\n"})) == {"a.py"}


def test_exports_beside_their_source_are_not_parts_of_their_own() -> None:
    files: dict[str, str | bytes] = {
        "a/x.py": BOX,
        "a/x.step": STEP,
        "a/stl/x.stl": "solid",
        "b/x.stl": "solid b",
        "y.stp": STEP,
        "y.3mf": "PK",
    }
    assert sources(files) == {"a/x.py", "b/x.stl", "y.stp"}
    (target,) = scripts(files).values()
    assert any("a/x.step" in note for note in target.notes)


def test_models_of_electronic_components_are_not_parts() -> None:
    files: dict[str, str | bytes] = {
        "hw/b.kicad_pcb": '(kicad_pcb (footprint "x" (model "${KIPRJMOD}/models/USB-C.wrl")))',
        "hw/models/USB-C.step": STEP,
        "hw/lib.3dshapes/R.step": STEP,
        "hw/lib.pretty/E73.FCStd": "PK",
        "hw/3dmodels/enc.step": STEP,
        "hw/3d/enc2.step": STEP,
        "fp/A.kicad_mod": "(footprint)",
        "fp/A1.step": STEP,
        "case/3D/case.step": STEP,
        "hw/3d/stand.stl": "solid",
    }
    assert sources(files) == {"case/3D/case.step", "hw/3d/stand.stl"}


def test_openscad_libraries_are_inputs() -> None:
    found = openscad.sources_of(
        MemoryTree(
            {
                "case.scad": "include <lib/params.scad>\nuse <lib/parts.scad>\n"
                '// cube(3);\nbox(w); import("logo.dxf");',
                "lib/params.scad": "w = 3;\n",
                "lib/parts.scad": "module box(w) { cube(w); }\nfunction f(x) = x;\n",
                "lib/unused.scad": "module lid() { cube([1,2,3]); }\n",
                "logo.dxf": "0",
            }
        )
    )
    assert found == {"case.scad": ("case.scad", "lib/params.scad", "lib/parts.scad", "logo.dxf")}


def test_more_parts_than_a_design_may_have_are_cut_with_a_sentence() -> None:
    targets = mesh.BUILDER.detect(MemoryTree({f"p{i:04}.stl": "solid" for i in range(TARGETS_MAX + 5)}))
    assert len(targets) == TARGETS_MAX
    assert str(TARGETS_MAX + 5) in targets[-1].notes[-1]


@pytest.mark.parametrize(
    ("design", "expected"),
    [
        (
            "ExpansionCards",
            {
                "Mechanical/Printable/3D/ExpansionCard_SelfTapping.stp",
                "Mechanical/Printable/3D/ExpansionCard_ThreadedInsert.stp",
                "Mechanical/OpenSCAD/ExpansionCard.stl",
                "Mechanical/OpenSCAD/MicrocontrollerHousing.stl",
            },
        ),
        ("OSH-CMM-LogicBoard", {"src/mech/CaseCMMLB.FCStd", "src/mech/CaseCMMLB_missing_reference.FCStd"}),
        ("nrfmicro", set()),
        ("LOGuvnor", set()),
        ("wavephoenix-plus", set()),
    ],
)
def test_parts_of_real_designs(design: str, expected: set[str]) -> None:
    folder = CORPUS / design
    if not folder.is_dir():
        pytest.skip("the corpus of real designs is not on this machine (BRICKYARD_CORPUS)")
    assert sources(MemoryTree(folder=folder)) == expected


def test_what_a_board_was_exported_to_is_no_part() -> None:
    tree = MemoryTree(
        {"hw/lamp.kicad_pcb": "(kicad_pcb)", "hw/lamp.step": "ISO-10303-21;", "hw/case.STEP": "ISO-10303-21;"}
    )
    assert sources(tree) == {"hw/case.STEP"}


def test_scripts_that_export_from_a_function_and_names_that_begin_with_a_digit() -> None:
    tree = MemoryTree(
        {
            "box.py": "import cadquery as cq\ndef main():\n    part().val().exportStl('box.stl')\n"
            "def part():\n    return cq.Workplane().box(1, 1, 1)\nif __name__ == '__main__':\n    main()\n",
            "helpers.py": "import cadquery as cq\ndef part():\n    return cq.Workplane().box(1, 1, 1)\n",
            "clip.scad": "module 3d_clip() { cube(3); }\n3d_clip();\n",
        }
    )
    assert sources(tree) == {"box.py"}
    assert list(sources_of(tree)) == ["clip.scad"]


def test_a_file_that_only_tells_something_draws_nothing() -> None:
    assert not openscad.sources_of(MemoryTree({"hello.scad": 'echo("hello");\nassert(true);\n'}))


def test_a_line_of_spaces_is_read_in_a_moment() -> None:
    started = time.monotonic()
    assert sources({"x.py": "import" + " " * 400_000 + "x\nresult = 1\n"}) == set()
    assert sources({"y.py": "import os, cadquery as cq\n" + BOX.partition("\n")[2]}) == {"y.py"}
    assert time.monotonic() - started < 3
