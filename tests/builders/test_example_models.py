"""The example boards' own 3D bodies: all there, all used, and none of them taken for a part to make."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from cad_support import MemoryTree

from builders import cadquery_script, mesh, step
from builders.kicad.detect import detect
from registry.settings import PROJECT

BOARDS = {
    "brick-one": ("brick-one.kicad_pcb", "scripts", set[str]()),
    "soil-sensor": ("electronics/soil-sensor.kicad_pcb", "electronics/scripts", {"mechanical/enclosure.py"}),
}


def tree_of(design: str) -> MemoryTree:
    root = PROJECT / "designs" / design
    files = [path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return MemoryTree({str(path.relative_to(root)): path.read_bytes() for path in files})


@pytest.mark.parametrize("design", BOARDS)
def test_bodies_belong_to_the_board_and_are_no_parts(design: str) -> None:
    board, _, parts = BOARDS[design]
    tree = tree_of(design)
    bodies = {path for path in tree.files if path.endswith(".step")}
    assert len(bodies) > 10
    (target,) = detect(tree, "kicad")
    assert target.source == board
    assert bodies <= set(target.inputs.values()), "the board names every body"
    assert not target.notes
    builders = (cadquery_script.BUILDER, *step.BUILDERS, mesh.BUILDER)
    assert {one.source for builder in builders for one in builder.detect(tree)} == parts


@pytest.mark.parametrize("design", BOARDS)
def test_every_fitted_part_shows_a_body_that_is_there(design: str) -> None:
    board = PROJECT / "designs" / design / BOARDS[design][0]
    footprints = re.findall(r"(?ms)^\t\(footprint .*?^\t\)$", board.read_text())
    shown = 0
    for footprint in footprints:
        models = re.findall(r'\(model "([^"]+)"\s*(\(hide yes\))?', footprint)
        if not models:
            continue
        (own, hidden), (library, library_hidden) = models
        fitted = not re.search(r"\(attr [^)]*\bdnp\b", footprint)
        assert (board.parent / own.replace("${KIPRJMOD}/", "")).is_file()
        assert library.startswith("${KICAD9_3DMODEL_DIR}/") and library_hidden, "two bodies in one place flicker"
        assert bool(hidden) != fitted
        shown += fitted
    assert shown > 15


@pytest.mark.parametrize("design", BOARDS)
def test_running_the_script_again_gives_the_committed_bytes(design: str, tmp_path: Path) -> None:
    source = PROJECT / "designs" / design / BOARDS[design][1]
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    for path in source.glob("*.py"):
        (scripts / path.name).write_bytes(path.read_bytes())
    subprocess.run([sys.executable, scripts / "make_models.py"], check=True, capture_output=True, timeout=300)
    made = {path.name: path.read_bytes() for path in (tmp_path / "models").iterdir()}
    kept = {path.name: path.read_bytes() for path in (source.parent / "models").iterdir()}
    assert sorted(made) == sorted(kept)
    assert [name for name in made if made[name] != kept[name]] == []


def test_both_designs_share_their_shapes() -> None:
    first, second = (PROJECT / "designs" / design / BOARDS[design][1] for design in BOARDS)
    for name in ("solids.py", "packages.py"):
        assert (first / name).read_bytes() == (second / name).read_bytes(), f"change {name} in both designs"
