"""STEP files and FreeCAD documents as parts; FreeCAD is not run, a document's shapes are read from its archive."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping

from builders.cad_common import check_source, in_sandbox, run_program, targets_of_files, version_of
from builders.contract import Artifact, Target, Tree, Workspace

GROUPS = ("step", "mesh", "glb", "views", "picture", "flat", "facts")


class _SolidBuilder:
    """One file with solids is one part."""

    name = "step"
    version = "3"
    suffixes: tuple[str, ...] = (".step", ".stp")
    tool = "The STEP reader"

    def available(self) -> str:
        """A sentence if CadQuery is missing, else ""."""
        if importlib.util.find_spec("cadquery") is None:
            return "CadQuery is not installed, so solids are not drawn or converted. Run script/bootstrap."
        return ""

    def tools(self) -> Mapping[str, str]:
        """The packages that decide what a part's outputs look like."""
        return version_of("cadquery", "cadquery-ocp", "trimesh", "numpy")

    def detect(self, tree: Tree) -> list[Target]:
        """A part for each file with solids that is not an export of a better source."""
        return targets_of_files(tree, self.name, self.suffixes, GROUPS)

    def build(self, target: Target, work: Workspace) -> list[Artifact]:
        """Raises: BuildFailed if there is no body in the file that can be read."""
        (name,) = target.inputs
        check_source(work, name, target.source)
        return run_program(target, work, "cad_step", [in_sandbox(name)], tool=self.tool, step="Solids, drawings, facts")


class _FreeCadBuilder(_SolidBuilder):
    """The shapes of a FreeCAD document."""

    name = "fcstd"
    suffixes = (".fcstd",)
    tool = "The FreeCAD document's reader"


BUILDERS = [_SolidBuilder(), _FreeCadBuilder()]
