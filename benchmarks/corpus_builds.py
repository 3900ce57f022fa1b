"""A cold build of each corpus design through the registry, against the same tools started by hand one after another.

Ours: `brickyard submit REPOSITORY --wait` in an empty data folder with an idle worker beside it, as a registry has one;
the build's own seconds and those of the whole command are told apart. By hand: the commands of by_hand.py for the
targets that the build made, and WeasyPrint for the build book. CadQuery's own drawings of parts are slow, and not how
the registry draws: one column leaves them out. Both sides find the machine's file cache as the other left it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from by_hand import TIMEOUT_S, Hand
from corpus import Instance, Ran, chosen, make_repos
from measure import Series, arguments, finish, machine, ratio, run_main, say, table, timed, told_by, version_of
from sqlmodel import select

from registry.builds import documents, finishing
from registry.builds.made import gather
from registry.builds.service import find_targets
from registry.builds.tables import Build
from registry.designs import mirrors
from registry.designs.tables import Design, Revision
from registry.settings import read_settings
from registry.stores.stores import open_stores


@dataclass
class Times:
    """What was measured of one design."""

    build_s: list[float] = field(default_factory=list)
    command_s: list[float] = field(default_factory=list)
    hand_s: list[float] = field(default_factory=list)
    drawings_s: list[float] = field(default_factory=list)  # of hand_s: parts drawn by CadQuery
    steps_s: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failed_steps: set[str] = field(default_factory=set)
    targets: int = 0
    failed_targets: int = 0
    commands: int = 0


def lay_out(data: Path, folder: Path) -> list[Hand]:
    """The files of what a build made, laid out for work by hand; and the build book's page. Not timed."""
    stores = open_stores(read_settings({"BRICKYARD_DATA": str(data), "BRICKYARD_GIT_LOCAL": "1"}))
    hands = []
    try:
        with stores.db.reading() as session:
            build = session.exec(select(Build).where(Build.state != "queued").order_by(Build.id)).first()
            assert build is not None and build.id is not None
            design, revision = session.get_one(Design, build.design_id), session.get_one(Revision, build.revision_id)
            made = [item for item in gather(session, build.id) if item.run.kind != "book"]
        good = {(item.run.kind, item.run.name) for item in made if item.artifacts}
        with mirrors.open_tree(stores, design, revision) as tree:
            for _, target in find_targets(tree)[0]:
                if (target.kind, target.name) in good:
                    hand = Hand(target, folder / f"{target.kind}-{target.name}")
                    tree.copy_to(target.inputs, hand.source)
                    hand.fill()
                    hands.append(hand)
            materials = finishing.merge_materials(stores, made)
            layout = documents.lay_out(stores.settings, design, revision, tree, made, materials)
            book = folder / "book"
            book.mkdir(parents=True)
            tree.copy_to(layout.from_tree, book)
        for at, digest in layout.from_store.items():
            (book / at).parent.mkdir(exist_ok=True)
            stores.blobs.copy_to(digest, book / at)
        (book / "book.html").write_text(layout.html, encoding="utf-8")
    finally:
        stores.close()
    return hands


def make_book(folder: Path) -> int:
    """WeasyPrint by hand, with the registry's settings."""
    argv = [sys.executable, "-m", "weasyprint", "--optimize-images", "--dpi", "200", "--jpeg-quality", "85"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    argv += ["book.html", "build-book.pdf"]
    return subprocess.run(argv, cwd=folder / "book", timeout=TIMEOUT_S, check=False, **quiet).returncode


def by_hand(data: Path, folder: Path, times: Times) -> float:
    """Seconds of all commands together."""
    hands = lay_out(data, folder)
    total_s, drawings_s, commands = 0.0, 0.0, 0
    for hand in hands:
        for step in hand.steps():
            seconds, status = hand.do(step)
            name = f"{hand.target.name}: {step.name}"
            times.steps_s[name].append(seconds)
            total_s, commands = total_s + seconds, commands + 1
            if status:
                times.failed_steps.add(f"{name} (status {status})")
        told = hand.out / "views-seconds.txt"
        drawings_s += float(told.read_text()) if told.is_file() else 0.0
    times.drawings_s.append(drawings_s)
    seconds = timed(lambda: make_book(folder))
    times.steps_s["build book"].append(seconds)
    times.commands = commands + 1
    return total_s + seconds


def measure(name: str, repository: Path, top: Path, runs: int) -> Times:
    """A B A B; every folder is new."""
    times = Times()
    for number in range(runs):
        data, folder = top / f"data-{number}", top / f"hand-{number}"
        say(f"  {name}, {number + 1} of {runs}: the registry")
        with Instance(data).worker():
            ran: Ran = Instance(data).run("submit", str(repository), "--wait")
        report: dict[str, Any] = ran.answer["build"]
        times.build_s.append(report["seconds"])
        times.command_s.append(ran.seconds)
        times.targets = len(report["targets"]) - 1
        times.failed_targets = sum(target["status"] == "failed" for target in report["targets"])
        say(f"  {name}, {number + 1} of {runs}: by hand")
        times.hand_s.append(by_hand(data, folder, times))
        shutil.rmtree(data)
        shutil.rmtree(folder)
    return times


def row(name: str, times: Times) -> list[str]:
    build, command, hand = (Series(tuple(v)) for v in (times.build_s, times.command_s, times.hand_s))
    less = Series(tuple(map(float.__sub__, times.hand_s, times.drawings_s)))
    targets = f"{times.targets}" + (f" ({times.failed_targets} failed)" if times.failed_targets else "")
    ratios = [ratio(build, hand).text(), ratio(build, less).text(), ratio(command, hand).text()]
    return [name, targets, str(times.commands), build.text(1), command.text(1), hand.text(1), *ratios]


def main() -> None:
    parser = arguments(__doc__ or "", runs=3)
    parser.add_argument("designs", nargs="*", help="names of corpus designs (default: all)")
    options = parser.parse_args()
    runs = 1 if options.quick else options.runs
    versions = {"KiCad": told_by(["kicad-cli", "version"])}
    versions |= {name: version_of(name.lower()) for name in ("CadQuery", "trimesh", "WeasyPrint")}
    line = machine(**versions)
    found: dict[str, Times] = {}
    with tempfile.TemporaryDirectory(prefix="brickyard-bench-") as top:
        repos = make_repos(Path(top, "repos"))
        for name, repository in chosen(repos, options.designs, options.quick).items():
            found[name] = measure(name, repository, Path(top, name), runs)
            say(json.dumps(found[name].__dict__, default=list))
    headings = ["design", "targets", "commands by hand", "build, s", "whole command, s", "by hand, s"]
    headings += ["build : hand", "without drawings by hand", "command : hand"]
    rows = [row(name, times) for name, times in found.items()]
    if len(found) > 1:
        rows.append(_sum(list(found.values())))
    text = f"{table(headings, rows)}\n\nMedian (smallest to largest) of {runs} pairs, in turn.\n"
    failed = sorted({f"{name}, {step}" for name, times in found.items() for step in times.failed_steps})
    if failed:
        text += "\nBy hand these ended with a failure, and count with the time they took: " + "; ".join(failed) + ".\n"
    facts = {name: times.__dict__ for name, times in found.items()}
    finish("Cold builds", f"{text}\n{line}", {"machine": line, "runs": runs, "designs": facts}, options.json)


def _sum(all_times: list[Times]) -> list[str]:
    """All designs together, run by run."""
    runs = {name: [getattr(times, name) for times in all_times] for name in _SIDES}
    sums = {name: Series(tuple(map(sum, zip(*values, strict=True)))) for name, values in runs.items()}
    build, command, hand = (sums[name] for name in _SIDES[:3])
    less = Series(tuple(map(float.__sub__, hand.values, sums["drawings_s"].values)))
    targets, commands = (str(sum(getattr(times, name) for times in all_times)) for name in ("targets", "commands"))
    ratios = [ratio(build, hand).text(), ratio(build, less).text(), ratio(command, hand).text()]
    return ["all", targets, commands, build.text(1), command.text(1), hand.text(1), *ratios]


_SIDES = ("build_s", "command_s", "hand_s", "drawings_s")

if __name__ == "__main__":
    run_main(main)
