"""OpenSCAD sources as parts, where OpenSCAD is installed. It is run as a program in the sandbox."""

from __future__ import annotations

import functools
import hashlib
import posixpath
import re
import shutil
import subprocess
from collections.abc import Callable, Collection, Mapping
from pathlib import Path, PurePosixPath

from builders.cad_common import check_source, in_sandbox, limited, part_target, parts_of, run_program, version_of
from builders.contract import GIB, MIB, SCRATCH, Artifact, BuildFailed, Limits, Target, Tree, Workspace, unique_names

GROUPS = ("mesh", "glb", "views", "picture", "facts")
LIMITS = Limits(wall_s=300.0, memory_bytes=4 * GIB)
FILES_MAX = 500
TOTAL_BYTES = 16 * MIB  # of all files that are looked into
_USED = re.compile(r"^[ \t]*(?:include|use)\s*<([^<>\n]+)>", re.MULTILINE)
_DATA = re.compile(r"""(?:import|surface)\s*\([^()"]*"([^"\n]+)\"""")
_COMMENT = re.compile(r"//[^\n]*|/\*(?:[^*]++|\*(?!/))*+(?:\*/|\Z)")
_DEFINITION = re.compile(r"\b(?:module|function)\s+\w+\s*\([^{;=()]*\)\s*(?:=[^;]*+(?:;|\Z))?")
# At top level: a call like cube(...); or a for or if block. Assignments, includes and definitions draw nothing. Names
# may begin with a digit.
_DRAWS = re.compile(r"^[ \t]*+[#!%*]?[ \t]*+(?!(?:echo|assert)\b)\w++\s*\(", re.MULTILINE)
_LOST = re.compile(r"Can't open (?:include|library|input)(?: file)? '?([^',\n]+)")
_UNKNOWN = re.compile(r"Ignoring unknown module '([^'\n]+)'")
_MCAD = Path("/usr/share/openscad/libraries/MCAD")


@functools.cache
def _version() -> str:
    program = shutil.which("openscad")
    if program is None:
        return ""
    try:
        told = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(r"\d{4}\.\d{2}(?:\.\d+)?", told.stdout + told.stderr)
    return found[0] if found else ""


@functools.cache
def _mcad() -> dict[str, str]:
    """The library that comes with OpenSCAD, by a hash of its files: it has no version of its own."""
    if not _MCAD.is_dir():
        return {}
    sums = hashlib.sha256()
    for path in sorted(_MCAD.rglob("*.scad")):
        sums.update(path.name.encode() + path.read_bytes())
    return {"mcad": sums.hexdigest()[:12]}


def _top_level(text: str) -> str:
    """The source without comments, and without what stands in braces."""
    text = _COMMENT.sub("", text)
    out, depth = [], 0
    for character in text:
        if character == "{":
            depth += 1
        elif character == "}":
            depth = max(0, depth - 1)
            out.append("\n")
        elif depth == 0:
            out.append(character)
    return _DEFINITION.sub("", "".join(out))


def sources_of(tree: Tree) -> dict[str, tuple[str, ...]]:
    """OpenSCAD files that draw something by themselves -> all files they read."""
    texts: dict[str, str] = {}
    total_bytes = 0
    for path, file in tree.files.items():
        if path.lower().endswith(".scad") and 0 < file.size_bytes <= MIB and len(texts) < FILES_MAX:
            total_bytes += file.size_bytes
            if total_bytes <= TOTAL_BYTES:
                texts[path] = tree.read(path).decode("utf-8", "replace")
    draws = {path for path, text in texts.items() if _DRAWS.search(_top_level(text))}

    @functools.cache
    def library_root(name: str) -> str:
        """The folder of the repository that `include <LIBRARY/file.scad>` counts from on the designer's own machine."""
        if not re.fullmatch(r"\w[\w .+/-]*\.scad", name, re.IGNORECASE) or ".." in name:
            return ""
        ends = [path for path in texts if path == name or path.endswith(f"/{name}")]
        nearest = min(ends, key=lambda path: (path.count("/"), path), default="")
        return posixpath.normpath(nearest[: len(nearest) - len(name)] or ".") if nearest else ""

    @functools.cache
    def named(path: str, pattern: re.Pattern[str]) -> list[str]:
        folder = posixpath.dirname(path)
        found = []
        for name in pattern.findall(_COMMENT.sub("", texts[path])):
            beside = posixpath.normpath(posixpath.join(folder, name))
            if beside in tree.files:
                found.append(beside)
            elif root := library_root(name):
                found.append(posixpath.normpath(posixpath.join(root, name)))
        return found

    libraries = {name for path in texts for name in named(path, _USED) if name != path}
    found: dict[str, tuple[str, ...]] = {}
    for path in texts:
        if path not in draws:
            # What an included file draws counts as its own; a file of modules alone is a library.
            if draws.isdisjoint(named(path, _USED)):
                continue
        if path in libraries:
            continue
        inputs, waiting = {path}, [path]
        while waiting:
            here = waiting.pop()
            for name in (*named(here, _USED), *named(here, _DATA)) if here in texts else ():
                if name not in inputs and len(inputs) < FILES_MAX:
                    inputs.add(name)
                    waiting.append(name)
        found[path] = tuple(sorted(inputs))
    return found


def library_folders(inputs: Collection[str], read: Callable[[str], bytes]) -> list[str]:
    """Folders that the files of a part take libraries from, other than their own: OpenSCAD's OPENSCADPATH."""
    found = set()
    for path in inputs:
        if not path.lower().endswith(".scad"):
            continue
        for name in _USED.findall(_COMMENT.sub("", read(path).decode("utf-8", "replace"))):
            beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
            if beside not in inputs:
                found |= {
                    posixpath.normpath(other[: len(other) - len(name)] or ".")
                    for other in inputs
                    if other == name or other.endswith(f"/{name}")
                }
    return sorted(found)


class OpenScadBuilder:
    """One OpenSCAD file that draws something is one part."""

    name = "openscad"
    version = "4"

    def available(self) -> str:
        """A sentence if OpenSCAD is missing, else ""."""
        return (
            ""
            if _version()
            else "OpenSCAD is not installed, so .scad files are not built. Install the package openscad."
        )

    def tools(self) -> Mapping[str, str]:
        """OpenSCAD, and the packages that draw and measure its mesh."""
        return {"openscad": _version(), **_mcad(), **version_of("trimesh", "numpy")}

    def detect(self, tree: Tree) -> list[Target]:
        """A part for each file that draws something by itself."""
        sources = sources_of(tree)
        parts = parts_of(tree)
        paths = [path for path in parts.of(".scad") if path in sources]
        names = unique_names(paths)
        targets = []
        for path in paths:
            top = (
                posixpath.commonpath([posixpath.dirname(name) or "." for name in sources[path]])
                if sources[path]
                else ""
            )
            top = "" if top == "." else top
            inputs = {posixpath.relpath(name, top or "."): name for name in sources[path]}
            main = posixpath.relpath(path, top or ".")
            notes = parts.notes.get(path, ())
            targets.append(part_target(self.name, path, names[path], GROUPS, inputs, notes, main=main))
        return limited(targets)

    def build(self, target: Target, work: Workspace) -> list[Artifact]:
        """Raises: BuildFailed if OpenSCAD draws no solid."""
        main = str(target.options["main"])
        check_source(work, main, target.source)
        mesh = f"{SCRATCH}/part.stl"
        folder = str(PurePosixPath(in_sandbox(main)).parent)
        libraries = library_folders(target.inputs, lambda name: (work.source / name).read_bytes())
        env = {"OPENSCADPATH": ":".join(in_sandbox(name) for name in libraries)} if libraries else None
        argv = ["/usr/bin/openscad", "-o", mesh, in_sandbox(main)]
        outcome = work.run(argv, step="OpenSCAD", limits=LIMITS, cwd=folder, env=env)
        if outcome.stopped:
            raise BuildFailed(f"{target.source}: {outcome.why('OpenSCAD')}", "Use a smaller $fn, or split the part.")
        lost, unknown = _LOST.search(outcome.log), _UNKNOWN.search(outcome.log)
        if lost and unknown:
            # OpenSCAD goes on without; a solid with pieces missing is worse than none.
            raise BuildFailed(
                f"{target.source} draws with {unknown[1]}(), and {lost[1]}, which it takes modules from, is not among "
                "the design's files.",
                f"Commit {lost[1]} beside it: libraries of your own machine are not here.",
            )
        if lost:
            work.note(f"{target.source} names {lost[1]!r}, which is not among the design's files.")
        if not outcome.ok or not (work.scratch / "part.stl").is_file():
            said = [
                line for line in outcome.log.splitlines() if line.startswith(("ERROR", "Parser error", "Current top"))
            ]
            reason = said[0] if said else (outcome.log.strip().splitlines() or ["no reason given"])[-1]
            remedy = "Open it in OpenSCAD and render it (F6): it has to give one solid."
            if "not a 3D object" in reason:
                reason = "It draws a flat outline, which is no solid."
                remedy = "Give it the thickness of its sheet: linear_extrude(height = 3) before the outline."
            if lost:
                remedy = f"Commit {lost[1]} beside it: libraries of your own machine are not here."
            raise BuildFailed(f"{target.source}: {reason[:300]}", remedy)
        return run_program(target, work, "cad_mesh", [mesh], tool="The mesh reader", step="Mesh, drawings, facts")


BUILDER = OpenScadBuilder()
