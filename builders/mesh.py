"""STL and 3MF meshes as parts: looked at, measured, shown; the file itself is what is downloaded. Units: mm."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import PurePosixPath

from builders.cad_common import check_source, in_sandbox, run_program, targets_of_files, version_of
from builders.contract import Artifact, Target, Tree, Workspace

GROUPS = ("mesh", "glb", "views", "picture", "facts")


class MeshBuilder:
    """One mesh is one part."""

    name = "mesh"
    version = "2"

    def available(self) -> str:
        """A sentence if the packages that read and draw meshes are missing, else ""."""
        if importlib.util.find_spec("trimesh") is None or importlib.util.find_spec("numba") is None:
            return "trimesh or numba is not installed, so meshes are not shown or measured. Run script/bootstrap."
        return ""

    def tools(self) -> Mapping[str, str]:
        """The packages that decide what a mesh's outputs look like."""
        return version_of("trimesh", "numpy")

    def detect(self, tree: Tree) -> list[Target]:
        """A part for each mesh that is not an export of a better source."""
        return targets_of_files(tree, self.name, (".stl", ".3mf"), GROUPS, _units)

    def build(self, target: Target, work: Workspace) -> list[Artifact]:
        """Raises: BuildFailed if there is no triangle in the file that can be read."""
        (name,) = target.inputs
        check_source(work, name, target.source)
        return run_program(
            target, work, "cad_mesh", [in_sandbox(name), "--keep"], tool="The mesh reader", step="Mesh, drawings, facts"
        )


def _units(path: str) -> tuple[str, ...]:
    if PurePosixPath(path).suffix.lower() != ".stl":
        return ()
    return ("An STL file does not say its unit: millimetres are taken for granted.",)


BUILDER = MeshBuilder()
