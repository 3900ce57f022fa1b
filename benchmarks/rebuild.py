"""How long a rebuild takes when nothing changed, and when a commit changed README alone; and that no tool was started.

Two independent witnesses: the registry's own records (targets taken from the cache, steps run), and a look at the
processes below the command while it ran. Only the build book is made again after a change of README: it shows it.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Any

from corpus import Instance, Ran, chosen, make_repos
from measure import Series, arguments, finish, machine, run_main, say, table, told_by, version_of


def git(repository: Path, *words: str) -> str:
    who = ["-c", "user.name=Benchmark", "-c", "user.email=benchmark@example.org", "-c", "commit.gpgsign=false"]
    ended = subprocess.run(["git", "-C", str(repository), *who, *words], check=True, capture_output=True, text=True)
    return ended.stdout.strip()


def change_readme(repository: Path, number: int) -> None:
    """Commit one more line of README."""
    readme = next((path for path in sorted(repository.iterdir()) if path.name.lower().startswith("readme")), None)
    readme = readme or repository / "README.md"
    text = readme.read_text(encoding="utf-8", errors="surrogateescape") if readme.exists() else ""
    readme.unlink(missing_ok=True)  # the corpus is laid out read-only
    readme.write_text(f"{text}\nEdited {number} times.\n", encoding="utf-8", errors="surrogateescape")
    git(repository, "add", "--", readme.name)
    git(repository, "commit", "--quiet", "-m", "Say it better")


def steps_of(data: Path, build_id: int) -> dict[str, int]:
    """Steps that a build ran, by builder; read from the data folder as it lies there."""
    import sqlite3

    query = """SELECT run.builder, count(*) FROM step JOIN target_run AS run ON run.id = step.target_run_id
               WHERE run.build_id = ? GROUP BY run.builder"""
    database = sqlite3.connect(f"file:{data / 'brickyard.sqlite3'}?mode=ro", uri=True)
    try:
        return dict(database.execute(query, (build_id,)).fetchall())
    finally:
        database.close()


class Design:
    """One design of the corpus, built once."""

    def __init__(self, name: str, repository: Path, data: Path) -> None:
        self.name, self.repository, self.data = name, repository, data
        self.instance = Instance(data)
        self.branch = git(repository, "symbolic-ref", "--short", "HEAD")
        self.slug = str(self.instance.run("submit", str(repository)).answer["slug"])
        self.cold = self.build()

    def build(self) -> Ran:
        return self.instance.run("build", f"{self.slug}@{self.branch}", "--wait", watch=True)

    def seen(self, ran: Ran) -> dict[str, Any]:
        """What a rebuild did, by both witnesses."""
        targets = [target for target in ran.answer["targets"] if target["builder"] != "book"]
        book = next(target for target in ran.answer["targets"] if target["builder"] == "book")
        steps = steps_of(self.data, ran.answer["id"])
        return {
            "targets": len(targets),
            "cached": sum(target["cached"] for target in targets),
            "book_cached": book["cached"],
            "steps": sum(count for builder, count in steps.items() if builder != "book"),
            "tools": [tool for tool in ran.tools if tool != "programs.book"],
            "command_s": ran.seconds,
            "build_s": ran.answer["seconds"],
        }


def measure(design: Design, runs: int) -> dict[str, Any]:
    found: dict[str, list[dict[str, Any]]] = {"unchanged": [], "readme": []}
    for number in range(runs):
        say(f"  {design.name}, {number + 1} of {runs}")
        found["unchanged"].append(design.seen(design.build()))
        change_readme(design.repository, number + 1)
        design.instance.run("submit", str(design.repository))
        found["readme"].append(design.seen(design.build()))
    return found


def row(design: Design, found: dict[str, list[dict[str, Any]]]) -> list[str]:
    cold_s = design.cold.answer["seconds"]
    cells = [design.name, f"{cold_s:.1f}"]
    for kind in ("unchanged", "readme"):
        build = Series(tuple(one["build_s"] for one in found[kind]))
        cells += [build.text(), f"{build.median / cold_s:.3f}"]
    everything = [one for several in found.values() for one in several]
    cached = all(one["cached"] == one["targets"] for one in everything)
    cells.append(f"{everything[0]['targets']} of {everything[0]['targets']}" if cached else "NOT ALL")
    cold = design.seen(design.cold)
    cells.append(f"{cold['steps']} / {sum(one['steps'] for one in everything)}")
    cells.append(f"{len(cold['tools'])} / {sum(len(one['tools']) for one in everything)}")
    return cells


def main() -> None:
    parser = arguments(__doc__ or "", runs=3)
    parser.add_argument("designs", nargs="*", help="names of corpus designs (default: all)")
    options = parser.parse_args()
    runs = 1 if options.quick else options.runs
    line = machine(KiCad=told_by(["kicad-cli", "version"]), CadQuery=version_of("cadquery"))
    rows, facts = [], {}
    with tempfile.TemporaryDirectory(prefix="brickyard-bench-") as top:
        repos = make_repos(Path(top, "repos"))
        for name, repository in chosen(repos, options.designs, options.quick).items():
            say(f"{name}: cold build")
            design = Design(name, repository, Path(top, "data", name))
            found = measure(design, runs)
            rows.append(row(design, found))
            facts[name] = {"cold": design.seen(design.cold), **found}
    headings = ["design", "cold, s", "unchanged, s", "to cold", "README only, s", "to cold"]
    headings += ["targets from the cache", "steps: cold / rebuilds", "tools seen: cold / rebuilds"]
    text = "\n".join(
        [
            table(headings, rows),
            "",
            "Seconds of the build itself, as `brickyard build --json` tells them: median (smallest to largest). "
            "Steps and tools leave out the build book, which shows README and so is made again; and that a new process "
            "asks the tools for their versions, which are part of the cache's keys.",
            "",
            line,
        ]
    )
    finish("Rebuilds", text, {"machine": line, "runs": runs, "designs": facts}, options.json)


if __name__ == "__main__":
    run_main(main)
