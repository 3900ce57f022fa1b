"""CadQuery scripts as parts: run in the sandbox, in a fork of a process that has imported CadQuery already."""

from __future__ import annotations

import importlib.util
import posixpath
import weakref
from collections.abc import Mapping
from typing import Any

from builders.cad_common import check_source, in_sandbox, limited, part_target, parts_of, run_program, version_of
from builders.cad_python import Script, Scripts
from builders.contract import SRC, Artifact, Target, Tree, Workspace, unique_names

GROUPS = ("step", "mesh", "glb", "views", "picture", "flat", "facts")

_known: weakref.WeakKeyDictionary[Any, dict[str, Script]] = weakref.WeakKeyDictionary()


def scripts_of(tree: Tree) -> dict[str, Script]:
    """The scripts of a tree that make a part, by path; looked up once for all CAD builders."""
    try:
        return _known[tree]
    except (KeyError, TypeError):
        pass
    found = Scripts(tree).targets
    try:
        _known[tree] = found
    except TypeError:
        pass
    return found


class CadQueryBuilder:
    """One script that shows something, or leaves it in `result`, is one part or assembly."""

    name = "cadquery"
    version = "3"

    def available(self) -> str:
        """A sentence if CadQuery is missing, else ""."""
        if importlib.util.find_spec("cadquery") is None:
            return "CadQuery is not installed, so scripts are not run and solids not drawn. Run script/bootstrap."
        return ""

    def tools(self) -> Mapping[str, str]:
        """The packages that decide what a script's part looks like."""
        return version_of("cadquery", "cadquery-ocp", "ezdxf", "trimesh", "numpy")

    def detect(self, tree: Tree) -> list[Target]:
        """A part for each script that makes one."""
        scripts = scripts_of(tree)
        parts = parts_of(tree)
        paths = [path for path in parts.of(".py") if path in scripts]
        names = unique_names(paths)
        return limited([self._target(scripts[path], names[path], parts.notes.get(path, ())) for path in paths])

    def _target(self, script: Script, name: str, notes: tuple[str, ...]) -> Target:
        # Paths count from the folder that holds all that the script reads, wherever that lies in its repository. A
        # script with relative imports needs a folder around it, which is its package.
        top = posixpath.commonpath([posixpath.dirname(path) or "." for path in script.inputs]) or "."
        package = posixpath.join(posixpath.dirname(script.path), "__init__.py") in script.inputs

        def placed(path: str) -> str:
            return posixpath.normpath(posixpath.join("package" if package else "", posixpath.relpath(path or ".", top)))

        return part_target(
            self.name,
            script.path,
            name,
            GROUPS,
            {placed(path): path for path in sorted(script.inputs)},
            notes,
            main=placed(script.path),
            import_paths=sorted(path for path in map(placed, script.roots) if not path.startswith("..")),
        )

    def build(self, target: Target, work: Workspace) -> list[Artifact]:
        """Raises: BuildFailed with the script's own last words."""
        main = str(target.options["main"])
        for name, path in target.inputs.items():
            if name == main:
                check_source(work, name, path)
        argv = [in_sandbox(main)]
        for folder in target.options["import_paths"]:
            argv.append(f"--import-path={SRC}" if folder == "." else f"--import-path={SRC}/{folder}")
        return run_program(target, work, "cad_script", argv, tool="The script", step="Model, drawings, facts")


BUILDER = CadQueryBuilder()
