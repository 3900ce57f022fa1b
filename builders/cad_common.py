"""What the CAD builders share: outputs, the run of a program in the sandbox, and which files are parts at all."""

from __future__ import annotations

import json
import os
import re
import stat
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Any

from builders.contract import (
    GIB,
    KIB,
    MIB,
    OUT,
    SRC,
    Artifact,
    BuildFailed,
    Limits,
    Output,
    Target,
    Tree,
    Workspace,
    unique_names,
)

# A design with more parts than this is cut, with a sentence: each costs seconds of somebody's machine.
TARGETS_MAX = 200
SOURCE_BYTES_MAX = 64 * MIB
PAGE_BYTES_MAX = 24 * MIB  # of a board, looked through for the names of 3D models
BOARDS_MAX = 40
LIMITS = Limits(wall_s=600.0, memory_bytes=4 * GIB)
LFS = b"version https://git-lfs"

# Best first: what is nearest to the designer's own model wins over what was exported from it.
RANK = (".py", ".fcstd", ".step", ".stp", ".scad", ".3mf", ".stl")
KICAD_SUFFIXES = (".kicad_pcb", ".kicad_pro", ".kicad_sch", ".kicad_mod", ".kicad_sym", ".pro")
MODEL_FOLDERS = frozenset(
    {"3dmodels", "3d-models", "3d_models", "3dshapes", "packages3d", "3d_packages", "kicad_3d", "shapes3d"}
)
_MODEL = re.compile(rb'\(model\s+"?([^"\n)]+)')
_EXPORT_FOLDERS = frozenset(
    {"stl", "stls", "step", "steps", "3mf", "export", "exports", "src", "source", "cad", "scad", "gen", "printable"}
)


def version_of(*packages: str) -> dict[str, str]:
    """Installed versions of Python packages."""
    found = {}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def outputs(*groups: str) -> tuple[Output, ...]:
    """The declared outputs of a part, by group."""
    every = (
        Output("part.step", "step", "model/step", "step"),
        Output("part.stl", "stl", "model/stl", "mesh"),
        Output("part.3mf", "3mf", "model/3mf", "mesh"),
        Output("part.glb", "glb", "model/gltf-binary", "glb"),
        Output("view-isometric.svg", "view", "image/svg+xml", "views"),
        Output("view-front.svg", "view", "image/svg+xml", "views"),
        Output("view-top.svg", "view", "image/svg+xml", "views"),
        Output("view-right.svg", "view", "image/svg+xml", "views"),
        Output("picture.png", "picture", "image/png", "picture", bundled=False),
        Output("*.dxf", "dxf", "image/vnd.dxf", "flat", optional=True),
        Output("facts.json", "facts", "application/json", "facts"),
    )
    return tuple(output for output in every if output.group in groups)


def title_of(path: str) -> str:
    """A heading from a file's name."""
    words = re.sub(r"[_\s]+", " ", PurePosixPath(path).stem).strip()
    return words[:1].upper() + words[1:] if words else "Part"


def run_program(
    target: Target, work: Workspace, entry: str, argv: Sequence[str], *, tool: str, step: str, limits: Limits = LIMITS
) -> list[Artifact]:
    """Run one of the CAD programs and take over what it reports. Raises: BuildFailed with its reason."""
    groups = sorted({output.group for output in target.outputs})
    full = [*argv, OUT, "--title", target.title, "--groups", ",".join(groups)]
    outcome = work.run_warm(entry, full, step=step, limits=limits)
    report = _report(work.scratch / "cad-report.json")
    if outcome.stopped:
        raise BuildFailed(
            f"{target.source}: {outcome.why(tool)}",
            {
                "time": f"Make the model simpler, or split it: a part has {limits.wall_s:.0f} s.",
                "memory": f"Make it simpler, or split it: a part has {limits.memory_bytes / GIB:.2g} GiB of memory.",
                "processes": "Model without starting other programs.",
                "output": "Write less: the outputs of a part are made for you, the script need not write files.",
            }.get(outcome.stopped, "Make the model simpler."),
        )
    refused = report.get("refused")
    if isinstance(refused, dict) and refused.get("message"):
        raise BuildFailed(str(refused["message"])[:2000], str(refused.get("remedy") or "")[:4000])
    if not outcome.ok:
        last = outcome.log.strip().splitlines()[-1:] or [""]
        raise BuildFailed(
            f"{target.source}: {outcome.why(tool)} {last[0][:300]}".strip(), "The log shows what came before."
        )
    for note in _texts(report.get("notes")):
        work.note(note)
    failures = report.get("failures")
    for failure in failures if isinstance(failures, list) else []:
        if isinstance(failure, dict):
            work.fail(str(failure.get("group", ""))[:40], str(failure.get("reason", ""))[:600])
    return [Artifact(path.name) for path in sorted(work.out.iterdir()) if path.is_file() and not path.is_symlink()]


def _texts(value: Any) -> list[str]:
    return [str(item)[:600] for item in value[:50]] if isinstance(value, list) else []


def _report(path: Path) -> dict[str, Any]:
    """What the program reported. It ran what others wrote, so nothing about the file is taken for granted."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return {}
    with os.fdopen(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            return {}
        try:
            value = json.loads(stream.read(256 * KIB))
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def check_source(work: Workspace, name: str, source: str) -> None:
    """Raises: BuildFailed if the file is a git-lfs pointer or empty."""
    with open(work.source / name, "rb") as stream:
        head = stream.read(64)
    if head.startswith(LFS):
        raise BuildFailed(
            f"{source} is a git-lfs pointer: the repository holds only its address, not the file.",
            "Store the file in git itself (git lfs migrate export), then submit again.",
        )
    if not head.strip():
        raise BuildFailed(f"{source} is empty.", "Save it again and commit it.")


def single(target_source: str) -> dict[str, str]:
    """Inputs of a part that is one file. Its name in the workspace is fixed, so that equal files share one build."""
    return {f"part{PurePosixPath(target_source).suffix.lower()}": target_source}


def part_target(
    builder: str,
    path: str,
    name: str,
    groups: Sequence[str],
    inputs: Mapping[str, str],
    notes: tuple[str, ...] = (),
    **options: Any,
) -> Target:
    """The target of a part whose main file is `path`."""
    title = title_of(path)
    return Target(
        builder=builder,
        kind="part",
        name=name,
        title=title,
        source=path,
        inputs=inputs,
        outputs=outputs(*groups),
        options={"title": title, **options},
        notes=notes,
    )


def targets_of_files(
    tree: Tree,
    builder: str,
    suffixes: Sequence[str],
    groups: Sequence[str],
    notes: Callable[[str], tuple[str, ...]] = lambda path: (),
) -> list[Target]:
    """A target for each chosen file with one of these endings: the file is all that the part reads."""
    parts = parts_of(tree)
    paths = parts.of(*suffixes)
    names = unique_names(paths)
    return limited(
        [
            part_target(builder, path, names[path], groups, single(path), (*parts.notes.get(path, ()), *notes(path)))
            for path in paths
        ]
    )


def in_sandbox(name: str) -> str:
    """A workspace path as programs see it."""
    return f"{SRC}/{name}"


def limited(targets: list[Target]) -> list[Target]:
    """At most TARGETS_MAX targets; the last one says that there are more."""
    if len(targets) <= TARGETS_MAX:
        return targets
    kept = targets[:TARGETS_MAX]
    sentence = f"Only the first {TARGETS_MAX} of {len(targets)} parts of this kind are built; the others are left out."
    last = kept[-1]
    kept[-1] = Target(
        last.builder, last.kind, last.name, last.title, last.source, last.inputs, last.outputs, last.options,
        (*last.notes, sentence),
    )  # fmt: skip
    return kept


class Parts:
    """Which files of a tree are parts, and which are models of electronic components or exports of a better source."""

    def __init__(self, tree: Tree, scripts: Iterable[str], openscad: Iterable[str]) -> None:
        self._files = tree.files
        self._boards(tree)
        sources = set(scripts) | set(openscad)
        candidates = [
            path
            for path, file in self._files.items()
            if path in sources
            or (
                PurePosixPath(path).suffix.lower() in RANK[1:4] + RANK[5:]
                and 0 < file.size_bytes <= SOURCE_BYTES_MAX
                and not self._component(path)
            )
        ]
        self.notes: dict[str, tuple[str, ...]] = {}
        self.chosen = self._best(candidates)

    def of(self, *suffixes: str) -> list[str]:
        """Chosen files with one of these endings, sorted."""
        return [path for path in self.chosen if PurePosixPath(path).suffix.lower() in suffixes]

    def _boards(self, tree: Tree) -> None:
        """Where KiCad's files lie, and which models they name."""
        self._models: set[str] = set()
        self._kicad_folders: set[str] = set()
        self._footprint_folders: set[str] = set()
        read = 0
        for path in self._files:
            place = PurePosixPath(path)
            suffix = place.suffix.lower()
            if suffix in KICAD_SUFFIXES:
                self._kicad_folders.add(str(place.parent))
            if suffix == ".kicad_mod":
                self._footprint_folders.add(str(place.parent))
            if suffix == ".kicad_pcb" and read < BOARDS_MAX:
                read += 1
                for name in _MODEL.findall(tree.read(path, PAGE_BYTES_MAX)):
                    text = name.decode("utf-8", "replace").replace("\\", "/")
                    self._models.add(PurePosixPath(text).stem.lower())

    def _component(self, path: str) -> bool:
        """Whether a file is the model of an electronic component, which belongs to a board and is no part to make."""
        place = PurePosixPath(path)
        folders = [folder.lower() for folder in place.parts[:-1]]
        if any(folder.endswith((".3dshapes", ".pretty")) or folder in MODEL_FOLDERS for folder in folders):
            return True
        if place.suffix.lower() in (".stl", ".3mf"):
            return False  # no board shows these: they are there to be printed
        if str(place.parent) in self._footprint_folders or place.stem.lower() in self._models:
            return True
        if str(place.with_suffix(".kicad_pcb")) in self._files:
            return True  # what KiCad exported of the board beside it: the board's build makes it anew
        if "3d" in folders:
            above = PurePosixPath(*place.parts[: folders.index("3d")]) if folders.index("3d") else PurePosixPath(".")
            return str(above) in self._kicad_folders
        return False

    def _best(self, candidates: list[str]) -> list[str]:
        """One file for each part: exports beside their source, or in a folder of exports near it, are left out."""
        rank = {suffix: number for number, suffix in enumerate(RANK)}
        by_stem: dict[str, list[str]] = {}
        for path in candidates:
            by_stem.setdefault(PurePosixPath(path).stem.lower(), []).append(path)
        kept: list[str] = []
        for paths in by_stem.values():
            winners: list[str] = []
            for path in sorted(paths, key=lambda p: (rank[PurePosixPath(p).suffix.lower()], p)):
                better = next((winner for winner in winners if _near(path, winner)), None)
                if better is None:
                    winners.append(path)
                    continue
                sentence = f"{path} is not built by itself: this part is built from {better}."
                self.notes[better] = (*self.notes.get(better, ()), sentence)
            kept += winners
        return sorted(kept)


def _near(path: str, winner: str) -> bool:
    one, other = PurePosixPath(path), PurePosixPath(winner)
    if one.suffix.lower() == other.suffix.lower():
        return False
    if one.parent == other.parent:
        return True
    exports = one.parent.name.lower() in _EXPORT_FOLDERS or other.parent.name.lower() in _EXPORT_FOLDERS
    return exports and (
        one.parent.parent == other.parent.parent
        or other.parent in (one.parent.parent,)
        or one.parent == other.parent.parent
    )


_known: weakref.WeakKeyDictionary[Any, Parts] = weakref.WeakKeyDictionary()


def parts_of(tree: Tree) -> Parts:
    """The parts of a tree; looked up once for all CAD builders."""
    from builders.cadquery_script import scripts_of
    from builders.openscad import BUILDER, sources_of

    try:
        return _known[tree]
    except (KeyError, TypeError):
        pass
    scad = sources_of(tree) if not BUILDER.available() else {}
    parts = Parts(tree, scripts_of(tree), scad)
    try:
        _known[tree] = parts
    except TypeError:
        pass
    return parts
