"""What the benchmarks share: pairs in turn, medians with their spread, a Markdown table, a line about the machine."""

from __future__ import annotations

import argparse
import dataclasses
import importlib.metadata
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))
COMMAND = [sys.executable, "-m", "registry.cli"]


class Failed(Exception):
    """The benchmark can't be run here; the message says what to do."""


@dataclasses.dataclass(frozen=True)
class Series:
    """Measurements of one side."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def text(self, digits: int = 2) -> str:
        """Median, and smallest to largest if there is more than one."""
        middle = f"{self.median:.{digits}f}"
        if len(self.values) == 1:
            return middle
        return f"{middle} ({min(self.values):.{digits}f} to {max(self.values):.{digits}f})"

    def as_dict(self) -> dict[str, Any]:
        return {"median": self.median, "min": min(self.values), "max": max(self.values), "values": list(self.values)}


def ratio(ours: Series, theirs: Series) -> Series:
    """Ratios pair by pair: what disturbed the machine for a while disturbed both sides of a pair."""
    return Series(tuple(a / b for a, b in zip(ours.values, theirs.values, strict=True)))


def in_turn(runs: int, sides: Mapping[str, Callable[[], float]]) -> dict[str, Series]:
    """Run all sides one after the other, `runs` times: A B A B. A side returns its own seconds."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(runs):
        for name, side in sides.items():
            say(f"  {name}, {number + 1} of {runs}")
            found[name].append(side())
    return {name: Series(tuple(values)) for name, values in found.items()}


def timed(work: Callable[[], object]) -> float:
    """Wall-clock seconds of a call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def say(line: str) -> None:
    """Progress, apart from the results."""
    print(line, file=sys.stderr, flush=True)


def arguments(about: str, runs: int) -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--runs", type=int, default=runs, help="pairs to run (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="one pair, the smallest input: does it work at all?")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all measurements there")
    return parser


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are right-aligned."""
    lines = [headings, ["---", *["---:"] * (len(headings) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def told_by(argv: Sequence[str]) -> str:
    """The last line that a program says about its version, or ''."""
    if shutil.which(argv[0]) is None:
        return ""
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    said = (ended.stdout + ended.stderr).strip().splitlines()
    return said[-1].strip() if said else ""


def machine(**tools: str) -> str:
    """One line: cores, memory, versions, and how busy it was with other work."""
    cores = len(os.sched_getaffinity(0))
    memory_gib = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1024**3
    named = {"Python": sys.version.split()[0], **{name: version for name, version in tools.items() if version}}
    versions = ", ".join(f"{name} {version}" for name, version in named.items())
    busy = f"load {os.getloadavg()[0]:.1f} at the start"
    return f"{cores} core{'s' if cores != 1 else ''}, {memory_gib:.0f} GiB; {versions}; {busy}."


def version_of(package: str) -> str:
    """Version of an installed Python package, or ''."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def finish(title: str, text: str, facts: Mapping[str, Any], json_file: Path | None) -> None:
    """Print the result, and keep the measurements if asked to."""
    print(f"### {title}\n\n{text}")
    if json_file:
        json_file.write_text(json.dumps({"benchmark": title, **facts}, indent=1, default=_plain) + "\n")


def _plain(value: Any) -> Any:
    return value.as_dict() if isinstance(value, Series) else str(value)


def run_main(main: Callable[[], None]) -> None:
    """Call a benchmark's main; what can't be run here ends with a sentence and status 2."""
    try:
        main()
    except Failed as failed:
        sys.exit(f"{failed}")
