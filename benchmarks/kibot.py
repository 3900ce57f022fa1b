"""Gerbers, drill, positions, BOM and one SVG of the largest corpus board that has a schematic, against KiBot.

KiBot is under the AGPL: it is installed from PyPI into an environment of its own, on the system's Python (Debian's,
which has the modules pcbnew and wx), and run as a program. Ours: the same five outputs as the KiCad builder makes
them, one jobset in the sandbox and then the parts list from the netlist, workspace included.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from corpus import make_repos
from measure import Failed, arguments, finish, in_turn, machine, ratio, run_main, say, table, timed, told_by

from builders.contract import SCRATCH, Target
from builders.kicad import tools
from builders.kicad.builder import CHEAP, ENV, KicadBuilder
from builders.kicad.detect import copper_count
from builders.kicad.jobs import FABRICATION_LAYERS, Jobset
from builders.kicad.layout import PROJECT_DIR
from registry.builds.workspace import HostWorkspace
from registry.stores.git import GitTree

VERSION = "1.9.1"
UNDECLARED = ("lxml",)  # what KiBot imports and does not ask for
SYSTEM_PYTHON = "/usr/bin/python3"
CONFIG = """\
kibot:
  version: 1
outputs:
  - {name: gerbers, type: gerber, dir: gerbers, layers: [%(layers)s]}
  - {name: drill, type: excellon, dir: gerbers, options: {map: pdf}}
  - name: positions
    type: position
    options: {format: CSV, units: millimeters, only_smd: false, separate_files_for_front_and_back: false}
  - {name: bom, type: bom, options: {format: CSV}}
  - {name: picture, type: svg, layers: [F.Cu]}
"""


def install(folder: Path) -> Path:
    """KiBot in an environment of its own. Returns: the program. Raises: Failed with KiBot's reason."""
    asked = subprocess.run([SYSTEM_PYTHON, "-c", "import pcbnew, wx"], capture_output=True, text=True, check=False)
    if asked.returncode:
        raise Failed(
            "KiBot needs the modules pcbnew and wx in the system's Python: install kicad and python3-wxgtk4.0."
        )
    program = folder / "bin" / "kibot"
    if not program.exists():
        say("installing KiBot")
        for argv in (
            [SYSTEM_PYTHON, "-m", "venv", "--system-site-packages", str(folder)],
            [str(folder / "bin" / "pip"), "install", "--quiet", "--no-compile", f"KiBot=={VERSION}", *UNDECLARED],
        ):
            ended = subprocess.run(argv, capture_output=True, text=True, check=False)
            if ended.returncode:
                raise Failed(f"KiBot {VERSION} can't be installed: {ended.stderr.strip()[-400:]}")
    return program


def largest_board(repos: dict[str, Path]) -> tuple[str, GitTree, Target]:
    """The board file with the most bytes among those with a KiCad 6 or later schematic: an older one has no BOM."""
    found = []
    for name, repository in repos.items():
        commit = subprocess.check_output(["git", "-C", str(repository), "rev-parse", "HEAD"], text=True).strip()
        tree = GitTree(repository / ".git", commit, "")
        for target in KicadBuilder().detect(tree):
            if target.options["board"] and target.options["schematic"] == ".kicad_sch":
                found.append((tree.files[target.source].size_bytes, name, tree, target))
    if not found:
        raise Failed("No board of the corpus has a schematic of KiCad 6 or later.")
    _, name, tree, target = max(found, key=lambda one: one[0])
    return name, tree, target


class Ours:
    """The builder's own way, for five outputs."""

    def __init__(self, tree: GitTree, target: Target, work: Path) -> None:
        self._tree, self._target, self._work = tree, target, work
        self.made: list[str] = []

    def run(self) -> float:
        return timed(self._build)

    def _build(self) -> None:
        stem = str(self._target.options["stem"])
        project = f"{SCRATCH}/{PROJECT_DIR}"
        with HostWorkspace(self._work, None) as work:
            self._tree.copy_to(self._target.inputs, work.source)
            shutil.copytree(work.source, work.scratch, dirs_exist_ok=True)
            tools.write_configs(work.scratch)
            text = (work.scratch / PROJECT_DIR / f"{stem}.kicad_pcb").read_text(encoding="utf-8", errors="replace")
            (work.scratch / "made").mkdir()
            (work.out / "raw").mkdir()
            (work.scratch / "own.kicad_jobset").write_text(_jobs(copper_count(text)).text(f"{SCRATCH}/made"))
            settings = work.scratch / PROJECT_DIR / f"{stem}.kicad_pro"
            if not settings.exists():
                settings.write_text('{"meta": {"version": 1}}\n')
            request = {"stem": stem, "made": f"{SCRATCH}/made", "board": "", "legacy": [], "wanted": ["bom.csv"]}
            (work.scratch / "request.json").write_text(json.dumps(request))
            argv = ["kicad-cli", "jobset", "run", "-f", f"{SCRATCH}/own.kicad_jobset", f"{project}/{stem}.kicad_pro"]
            ended = work.run(argv, step="jobset", limits=CHEAP, env=ENV, cwd=project)
            if not ended.ok:
                raise Failed(f"The jobset failed: {ended.log[-400:]}")
            finishing = ["/venv/bin/python", "/tools/builders/programs/kicad_finish.py", f"{SCRATCH}/request.json"]
            ended = work.run(finishing, step="parts list")
            if not ended.ok:
                raise Failed(f"The parts list failed: {ended.log[-400:]}")
            self.made = _files(work.out) + _files(work.scratch / "made")


def _jobs(copper: int) -> Jobset:
    """Those of builders.kicad.jobs for these outputs, one layer drawn."""
    names = ["F.Cu", *(f"In{number}.Cu" for number in range(1, copper - 1)), "B.Cu"]
    jobset = Jobset()
    fabrication = {"use_protel_file_extension": True, "plot_drawing_sheet": False, "precision": 6}
    layers = [*names, *FABRICATION_LAYERS]
    jobset.add("pcb_export_gerbers", output_filename="gerbers", layers=layers, **fabrication)
    drill = {"format": "excellon", "units": "mm", "generate_map": True, "map_format": "pdf"}
    jobset.add("pcb_export_drill", output_dir="gerbers", excellon__combine_pth_npth=False, **drill)
    places = {"format": "csv", "units": "mm", "side": "both", "single_file": True, "exclude_dnp": True}
    jobset.add("pcb_export_pos", output_filename="positions.csv", use_drill_place_file_origin=False, **places)
    picture = {"gen_mode": "multi", "fit_page_to_board": True, "plot_drawing_sheet": False, "drill_shape": "full"}
    jobset.add("pcb_export_svg", output_filename="layers", layers=["F.Cu"], **picture)
    jobset.add("sch_export_netlist", output_filename="netlist.net", format="kicad")
    return jobset


def _files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


class Theirs:
    """KiBot on a copy of the same files."""

    def __init__(self, program: Path, tree: GitTree, target: Target, folder: Path) -> None:
        self._program, self._folder, self._target = program, folder, target
        self._source = folder / "source"
        tree.copy_to(target.inputs, self._source)
        text = self._board().read_text(encoding="utf-8", errors="replace")
        names = ["F.Cu", *(f"In{number}.Cu" for number in range(1, copper_count(text) - 1)), "B.Cu"]
        (folder / "kibot.yaml").write_text(CONFIG % {"layers": ", ".join([*names, *FABRICATION_LAYERS])})
        self.made: list[str] = []

    def _board(self) -> Path:
        return self._source / PROJECT_DIR / f"{self._target.options['stem']}.kicad_pcb"

    def run(self) -> float:
        out = self._folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        board = self._board()
        argv = [str(self._program), "-c", str(self._folder / "kibot.yaml"), "-b", str(board)]
        argv += ["-e", str(board.with_suffix(".kicad_sch")), "-d", str(out), "--skip-pre", "all"]
        ended = argparse.Namespace()

        def start() -> None:
            ended.process = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=self._folder)

        seconds = timed(start)
        if ended.process.returncode:
            raise Failed(f"KiBot failed: {(ended.process.stdout + ended.process.stderr)[-800:]}")
        self.made = _files(out)
        return seconds


def main() -> None:
    parser = arguments(__doc__ or "", runs=5)
    parser.add_argument("--kibot", type=Path, metavar="FOLDER", help="keep KiBot's environment there for the next time")
    options = parser.parse_args()
    runs = 1 if options.quick else options.runs
    line = machine(KiCad=told_by(["kicad-cli", "version"]), KiBot=VERSION)
    with tempfile.TemporaryDirectory(prefix="brickyard-bench-") as top:
        program = install((options.kibot or Path(top, "kibot")).resolve())
        name, tree, target = largest_board(make_repos(Path(top, "repos")))
        for folder in ("work", "theirs"):
            Path(top, folder).mkdir()
        ours, theirs = Ours(tree, target, Path(top, "work")), Theirs(program, tree, target, Path(top, "theirs"))
        found = in_turn(runs, {"Brickyard": ours.run, "KiBot": theirs.run})
        size_mb = tree.files[target.source].size_bytes / 1e6
    share = ratio(found["Brickyard"], found["KiBot"])
    rows = [
        ["Brickyard, in the sandbox", str(len(ours.made)), found["Brickyard"].text(), share.text()],
        [f"KiBot {VERSION}", str(len(theirs.made)), found["KiBot"].text(), "1"],
    ]
    text = table(["gerbers, drill, positions, BOM, one SVG", "files", "seconds", "to KiBot"], rows)
    text += f"\n\nThe board is {target.source} of {name} ({size_mb:.1f} MB). "
    text += f"Median (smallest to largest) of {runs} pairs.\n\n{line}"
    facts = {"machine": line, "board": target.source, "seconds": found, "ratio": share}
    facts |= {"files": {"Brickyard": ours.made, "KiBot": theirs.made}}
    finish("Fabrication files against KiBot", text, facts, options.json)


if __name__ == "__main__":
    run_main(main)
