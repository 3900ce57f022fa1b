"""The corpus of real designs as git repositories, and `brickyard` run on one of them in a data folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measure import COMMAND, PROJECT, Failed

TIMEOUT_S = 3600
WORKER_REST_S = 4.0  # what it imports at its start takes two


def make_repos(folder: Path) -> dict[str, Path]:
    """Name -> repository, sorted by name. Raises: Failed without the corpus."""
    maker = Path(os.environ.get("BRICKYARD_CORPUS") or PROJECT.parent / "shared" / "corpus").resolve() / "make-repos"
    if not maker.is_file():
        raise Failed("The corpus of real designs is not here. Set BRICKYARD_CORPUS to the folder that has make-repos.")
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([str(maker), str(folder)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return {place.parent.name: place.parent for place in sorted(folder.glob("*/.git"))}


def chosen(repos: dict[str, Path], names: list[str], quick: bool) -> dict[str, Path]:
    """The designs to measure: those named, all, or in a quick run the lightest. Raises: Failed for an unknown name."""
    if unknown := [name for name in names if name not in repos]:
        raise Failed(f"The corpus has no {unknown[0]}. It has: {', '.join(repos)}.")
    if names:
        return {name: repos[name] for name in names}
    if quick:
        smallest = min(repos, key=lambda name: _size_bytes(repos[name]))
        return {smallest: repos[smallest]}
    return repos


def _size_bytes(repository: Path) -> int:
    """How much a repository's boards and parts weigh; one without any weighs most: it would measure nothing."""
    endings = (".kicad_pcb", ".step", ".stp", ".py", ".stl")
    return sum(path.stat().st_size for path in repository.rglob("*") if path.suffix.lower() in endings) or 1 << 60


@dataclass(frozen=True)
class Ran:
    """A `brickyard` command: its seconds from start to end, what it printed, and which tools were seen meanwhile."""

    seconds: float
    answer: dict[str, Any]
    tools: list[str]


class Instance:
    """An instance of the registry with a data folder of its own; each command is a process of its own."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self._env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("BRICKYARD_")},
            "BRICKYARD_DATA": str(data),
            "BRICKYARD_GIT_LOCAL": "1",
        }

    @contextmanager
    def worker(self) -> Iterator[None]:
        """A worker that runs beside, as a registry has one, and has come to rest."""
        process = subprocess.Popen(
            [*COMMAND, "worker"], cwd=PROJECT, env=self._env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            deadline = time.monotonic() + 60
            while not any("warm_zygote" in word for child in _descendants(process.pid) for word in _words(child)):
                if time.monotonic() > deadline or process.poll() is not None:
                    raise Failed("The worker did not start.")
                time.sleep(0.2)
            time.sleep(WORKER_REST_S)
            yield
        finally:
            process.terminate()
            process.wait(timeout=60)

    def run(self, *arguments: str, watch: bool = False) -> Ran:
        """Run a command with --json. A build with failed targets is an answer like any other.

        `watch` looks which tools are started, which costs the machine some time of its own.
        Raises: Failed without an answer.
        """
        started = time.perf_counter()
        process = subprocess.Popen(
            [*COMMAND, *arguments, "--json"],
            cwd=PROJECT,
            env=self._env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        seen: dict[int, str] = {}
        with watching(process.pid, seen) if watch else nullcontext():
            out, errors = process.communicate(timeout=TIMEOUT_S)
        seconds = time.perf_counter() - started
        try:
            answer = json.loads(out)
        except ValueError as error:
            raise Failed(f"brickyard {' '.join(arguments)} gave no answer: {errors.strip()[-500:]}") from error
        return Ran(seconds, answer, sorted(seen.values()))


# Programs that make something out of a design's files, and how one is merely asked for its version.
TOOLS = (
    "kicad-cli",
    "pcbnew",
    "openscad",
    "warm_zygote",
    "programs.cad_",
    "programs/kicad_",
    "bom_table",
    "programs.book",
)
_ASKING = {"version", "--version"}
_LOOK_EVERY_S = 0.04  # the quickest tool takes a tenth of a second


@contextmanager
def watching(pid: int, seen: dict[int, str]) -> Iterator[None]:
    """Write down every tool that is seen among the descendants of a process, by its process id."""
    ended = threading.Event()
    passed: set[int] = set()

    def look() -> None:
        while not ended.wait(_LOOK_EVERY_S):
            for child in _descendants(pid):
                words = [] if child in passed or child in seen else _words(child)
                if not words or words[0] in (
                    "bwrap",
                    "/bin/sh",
                    "/usr/bin/prlimit",
                    "/usr/bin/setpriv",
                    "/usr/bin/env",
                ):
                    continue  # not yet the tool itself
                name = next((tool for tool in TOOLS if any(tool in word for word in words)), "")
                if name == "warm_zygote" and "pages" in words:
                    name = "programs.book"  # that of the build book
                if name and not _ASKING.intersection(words):
                    seen[child] = name
                elif name:
                    passed.add(child)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def _words(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
    except OSError:
        return []


def _descendants(top: int) -> set[int]:
    parents: dict[int, int] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                fields = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(name)] = int(fields[1])
    found: set[int] = set()
    grown = True
    while grown:
        more = {child for child, parent in parents.items() if parent == top or parent in found} - found
        found |= more
        grown = bool(more)
    return found
