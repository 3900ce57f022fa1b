"""A machine of parts from each kind of source: its bundle opens elsewhere, and is the same in another data folder."""

from __future__ import annotations

import os
import tomllib
import zipfile
from pathlib import Path

import pytest
from build_support import make_design
from bundle_check import problems
from instance_support import Instance

from registry.settings import PROJECT
from registry.stores import sandbox

CORPUS = Path(os.environ.get("BRICKYARD_CORPUS") or PROJECT.parent / "shared" / "corpus")
FREECAD = CORPUS / "nrfmicro/hardware/nrfmicro.pretty/3d/E73-2G4M08S1C.FCStd"
STEP = CORPUS / "ExpansionCards/Mechanical/Printable/3D/ExpansionCard_SelfTapping.stp"
STL = CORPUS / "ExpansionCards/Mechanical/OpenSCAD/MicrocontrollerHousing.stl"
pytestmark = [
    pytest.mark.skipif(bool(sandbox.why_not()), reason="bubblewrap does not work on this machine"),
    pytest.mark.skipif(not FREECAD.is_file(), reason="the corpus of real designs is not here (BRICKYARD_CORPUS)"),
]
PLATE = """
import cadquery as cq
MATERIAL = "6061 aluminium"
result = cq.Workplane("XY").box(80, 60, 5).faces(">Z").workplane().rect(60, 40, forConstruction=True).vertices().hole(5)
"""
PAIR = """
import cadquery as cq
axle = cq.Workplane("XY").circle(4).extrude(30)
result = cq.Assembly(name="pair")
for i, (x, colour) in enumerate([(0, "red"), (20, "red"), (40, "blue")]):
    result.add(axle, loc=cq.Location((x, 0, 0)), name=f"axle_{i}", color=cq.Color(colour))
result.add(cq.Workplane("XY").box(60, 20, 3), color=cq.Color(0.1, 0.6, 0.3))
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files: dict[str, str | bytes] = {
        "plate.py": PLATE, "pair.py": PAIR, "module.FCStd": FREECAD.read_bytes(), "card.stp": STEP.read_bytes(),
        "housing.stl": STL.read_bytes(), "bom.csv": "Description,Qty\nBase plate,2\nM5x12 screw,8\nAxle,3\n",
        "docs/steps.md": "# Steps\n\n1. Screw the axles to the plate.\n",
    }  # fmt: skip
    return make_design(tmp_path_factory.mktemp("sources") / "machine", files)


@pytest.fixture(scope="module")
def bundle(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("first")
    return Instance(folder / "data").bundle(repository, folder / "a.zip")


def test_every_file_opens_elsewhere(bundle: Path) -> None:
    assert problems(bundle) == []


def test_the_manifest_tells_the_size_of_every_part(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        told = tomllib.loads(archive.read("okh.toml").decode())
    sizes = {part["name"]: part["outer-dimensions"] for part in told["part"]}
    assert len(sizes) == 5
    assert {"width": 80.0, "depth": 60.0, "height": 5.0} in sizes.values()


def test_another_data_folder_makes_the_same_bytes(
    bundle: Path, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("second")
    path = Instance(folder / "with a longer name" / "data").bundle(repository, folder / "b.zip")
    with zipfile.ZipFile(bundle) as ours, zipfile.ZipFile(path) as theirs:
        assert ours.namelist() == theirs.namelist()
        assert [name for name in ours.namelist() if ours.read(name) != theirs.read(name)] == []
    assert path.read_bytes() == bundle.read_bytes()
