"""What a builder is: it finds targets in a tree and turns each into artifacts, one file per tool.

A builder sees nothing of the registry: it gets a tree of names and small files to detect targets, and a workspace to
run
tools in. Everything it writes is checked by the host before anybody else sees it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

# Where a sandboxed tool finds things. Fixed, so that no output can depend on where the registry lives.
SRC = "/src"  # the target's inputs, read-only
OUT = "/out"  # artifacts, at their declared paths
SCRATCH = "/scratch"  # writable, lives as long as the target's build
TOOLS = "/tools/builders"  # the builders package, read-only: helper programs live in builders/programs/
PYTHON = "/venv/bin/python"  # the registry's own environment, read-only; `builders` can be imported
# Programs of builders.programs that run in forks of a process which has imported what they need, by process.
WARM_PROGRAMS = {"cad": ("cad_script", "cad_step", "cad_mesh"), "pages": ("book", "kicad_picture")}

Kind = Literal["board", "part", "bom"]


class BuildFailed(Exception):
    """The whole target can't be built; the message is a sentence for the designer.

    `remedy` says what the designer can do; `environment` marks a fault of this machine (never kept as a result).
    """

    def __init__(self, message: str, remedy: str = "", *, environment: bool = False) -> None:
        super().__init__(message)
        self.remedy = remedy
        self.environment = environment


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A regular file of the tree: its path from the design's root, git blob id and size."""

    path: str
    blob: str
    size_bytes: int


class Tree(Protocol):
    """The files of one revision of a design. Symbolic links, submodules and refused names are not in it."""

    @property
    def files(self) -> Mapping[str, SourceFile]:
        """Path -> file, sorted by path; paths are POSIX, relative to the design's root."""
        ...

    def read(self, path: str, limit_bytes: int = MIB) -> bytes:
        """The first `limit_bytes` of a file. Raises: KeyError if there is no such path."""
        ...


@dataclass(frozen=True, slots=True)
class Output:
    """An artifact a target promises.

    `path` is relative to the target's folder and may hold `*` (then one file or more must match). Outputs of one
    `group`
    are served together or not at all, so that nobody downloads gerbers with a layer missing.
    `role` says what it is for (`gerber`, `drill`, `glb`, `step`, `facts`, ...), `bundled` whether it goes into the
    bundle.
    """

    path: str
    role: str
    media_type: str
    group: str
    bundled: bool = True
    optional: bool = False  # may be absent: not every source allows it


@dataclass(frozen=True, slots=True)
class Target:
    """One board, part or table to build.

    Attributes:
        name: folder name in the bundle, unique per kind within a version (see `safe_name`, `unique_names`).
        source: the main file, a path in the tree.
        inputs: path in the workspace's source folder -> path in the tree. Workspace paths are relative to what the
            target
            belongs to (a KiCad project's folder), so that the same board in another repository has the same key.
        options: goes into the key; JSON values only.
        notes: sentences for the page: which outputs the sources do not allow, and why.
    """

    builder: str
    kind: Kind
    name: str
    title: str
    source: str
    inputs: Mapping[str, str]
    outputs: tuple[Output, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file that a builder wrote under `Workspace.out`, by its path there."""

    path: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run of a tool may use."""

    wall_s: float = 120.0
    memory_bytes: int = 4 * GIB
    processes: int = 256
    output_bytes: int = 512 * MIB
    log_bytes: int = 256 * KIB


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: `log` is stdout and stderr together, control characters escaped, cut to the limit.

    `stopped` names the limit that ended it ("time", "memory", "processes", "output"), or is empty.
    """

    status: int
    log: str
    seconds: float
    stopped: str = ""

    @property
    def ok(self) -> bool:
        """Whether the tool ended by itself and well."""
        return self.status == 0 and not self.stopped

    def why(self, tool: str) -> str:
        """A sentence that says how `tool` ended."""
        if self.stopped:
            return f"{tool} was stopped: it used more {self.stopped} than a build may."
        return f"{tool} ended with status {self.status}."


class Workspace(Protocol):
    """Where a target is built. `source`, `out`, `scratch` are host paths of SRC, OUT, SCRATCH; files may be read and
    written
    there by the builder itself, but what a tool left in them is hostile: never follow links, use `read_output`."""

    source: Path
    out: Path
    scratch: Path

    def run(
        self,
        argv: Sequence[str],
        *,
        step: str,
        limits: Limits = Limits(),
        env: Mapping[str, str] | None = None,
        cwd: str = SCRATCH,
        display: bool = False,
        fake_time: bool = True,
    ) -> Outcome:
        """Run a tool in the sandbox, as the step that the build page shows.

        Paths in argv are those inside the sandbox. HOME, TMPDIR are private; the clock stands still at a fixed date
        with
        `fake_time`; `display` gives it a screen of its own (Xvfb). Safe to call from several threads at once.
        """
        ...

    def run_warm(
        self, entry: str, argv: Sequence[str], *, step: str, limits: Limits = Limits(), cwd: str = SCRATCH
    ) -> Outcome:
        """Run `builders.programs.<entry>.main(argv)` in a child forked from a process that has its imports
        (CadQuery, WeasyPrint) behind it.

        Same sandbox and limits as `run`; where a warm process can't be had, a cold one is used.
        """
        ...

    def step(self, name: str) -> AbstractContextManager[None]:
        """Show work of the builder's own as a step, with its time."""
        ...

    def read_output(self, path: str, limit_bytes: int = 16 * MIB) -> bytes | None:
        """A file under `out` or None; refuses links and what is too large."""
        ...

    def fail(self, group: str, reason: str, remedy: str = "") -> None:
        """Give up one group of outputs, with a sentence; the others go on."""
        ...

    def note(self, message: str) -> None:
        """A sentence for the target's page: something is missing or was done differently, and why."""
        ...


class Builder(Protocol):
    """Finds its targets in a tree and builds them with one tool."""

    name: str
    version: str  # a new version rebuilds

    def available(self) -> str:
        """'' if the tools are here, else a sentence that names what is missing and how to get it."""
        ...

    def tools(self) -> Mapping[str, str]:
        """Tool -> version: part of the key, and recorded in bundle.json. Cached by the builder; quick."""
        ...

    def detect(self, tree: Tree) -> list[Target]:
        """Pure and bounded; [] = not mine. Names and small files only; never runs anything from the repository."""
        ...

    def build(self, target: Target, work: Workspace) -> list[Artifact]:
        """Raises: BuildFailed if nothing of the target can be built."""
        ...


def safe_name(text: str, fallback: str = "part") -> str:
    """A file-system and URL-safe name: letters, digits, `.`, `_`, `-`, at most 80 characters, never starting with
    `.` or `-`."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip("-.")[:80].rstrip("-.")
    return name or fallback


def unique_names(paths: Sequence[str]) -> dict[str, str]:
    """Path -> a safe name from its stem; where stems collide, the folder is put in front, and a number last."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    stems = [safe_name(Path(path).stem) for path in paths]
    for path, stem in zip(paths, stems, strict=True):
        parent = Path(path).parent.name
        name = safe_name(f"{parent}-{stem}") if stems.count(stem) > 1 and parent else stem
        number, candidate = 2, name
        while candidate.lower() in taken:
            candidate, number = f"{name}-{number}", number + 1
        taken.add(candidate.lower())
        names[path] = candidate
    return names
