"""Building KiCad boards and schematics: one jobset for what is cheap, beside it in a second lane what is dear."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path, PurePosixPath

from builders.contract import (
    GIB,
    OUT,
    SCRATCH,
    TOOLS,
    Artifact,
    BuildFailed,
    Limits,
    Outcome,
    Target,
    Tree,
    Workspace,
)
from builders.kicad import detect as finding
from builders.kicad import tools as kicad
from builders.kicad.jobs import Jobset, board_jobs, schematic_jobs
from builders.kicad.layout import PROJECT_DIR, model_stand_ins, point_to_models, show_layers
from builders.kicad.preflight import fault
from builders.kicad.single import commands

FIXED_MTIME_S = 946_684_800  # 2000-01-01: file dates show up in some outputs
LANES = 2
CHEAP = Limits(wall_s=300.0)
DEAR = Limits(wall_s=300.0, memory_bytes=6 * GIB)
ENV = {"KICAD_CONFIG_HOME": kicad.CONFIG}
_NO_MODEL = re.compile(r"^Could not add 3D model for (\S+?)\.?\s*$", re.MULTILINE)
_MISSING_FILE = re.compile(r"File not found: (.+?)\s*$", re.MULTILINE)
_OUTLINE = re.compile(r'\(layer "?Edge\.Cuts"?\)')


class KicadBuilder:
    """Boards of KiCad 5 to 9, with their schematics."""

    name = "kicad"
    version = "12"

    def available(self) -> str:
        """A sentence if boards can't be built here, else ""."""
        return kicad.why_not()

    def tools(self) -> Mapping[str, str]:
        """KiCad, and whatever else an output can depend on."""
        return kicad.tools()

    def detect(self, tree: Tree) -> list[Target]:
        """A target for each board, and for each schematic without one."""
        return finding.detect(tree, self.name)

    def build(self, target: Target, work: Workspace) -> list[Artifact]:
        """Raises: BuildFailed if the board, or a schematic without board, can't be read."""
        return _Build(target, work).run()


class _Build:
    """One target on its way."""

    def __init__(self, target: Target, work: Workspace) -> None:
        self.work = work
        self.stem = str(target.options["stem"])
        self.project = f"{SCRATCH}/{PROJECT_DIR}"
        self.folder = work.scratch / PROJECT_DIR
        self.board = f"{self.project}/{self.stem}.kicad_pcb" if target.options["board"] else ""
        ending = str(target.options["schematic"])
        self.schematic = f"{self.project}/{self.stem}{ending}" if ending else ""
        self.modern = ending == ".kicad_sch"
        self.target = target
        self.settings = f"{self.stem}.kicad_pro"
        self.copper = 0
        self.outlined = True
        self.patience = 1.0

    def run(self) -> list[Artifact]:
        with self.work.step("read the project"):
            shutil.copytree(self.work.source, self.work.scratch, dirs_exist_ok=True)
            self._check_files()
            self._complete_project()
            kicad.write_configs(self.work.scratch)
            self._write_requests()
        # The longest first: the API waits for a whole pcbnew to start.
        jobs: list[Callable[[], object]] = [self._api] if self.board else []
        jobs += [self._jobset]
        if self.board:
            jobs += [self._glb, self._render_top, self._render_bottom, self._step, self._ibom]
            jobs += [] if self.modern else [self._board_netlist]
        if self.schematic and not self.modern:
            jobs += [self._legacy_schematic]
        with ThreadPoolExecutor(LANES, thread_name_prefix="kicad") as lanes:
            for done in [lanes.submit(job) for job in jobs]:
                done.result()
        missing = self._finish()
        if missing:
            self._try_alone(missing)
        self._say_what_is_missing()
        return [Artifact(path) for path in sorted(self._made())]

    # --- before the tools

    def _check_files(self) -> None:
        """Refuse what KiCad would refuse without a reason that helps."""
        for path in (self.board, self.schematic):
            if not path:
                continue
            place = self.folder / PurePosixPath(path).name
            if not place.is_file():
                raise BuildFailed(
                    f"{place.name} is no file in the repository.", "Commit the file itself, not a link to it."
                )
            reason, remedy = fault(place, place.name)
            if reason and (path == self.board or not self.board):
                raise BuildFailed(reason, remedy)
        sheets = sorted(self.work.scratch.rglob("*.kicad_sch" if self.modern else "*.sch"))
        for sheet in sheets if self.schematic else ():
            reason, remedy = fault(sheet, sheet.name)
            if reason:
                if not self.board:
                    raise BuildFailed(reason, remedy)
                for group in ("schematic", "netlist", "erc"):
                    self.work.fail(group, reason, remedy)
                self.schematic, self.modern = "", False
                break

    def _complete_project(self) -> None:
        """Add what KiCad wants to find: a project file for the jobset, a name for each model. Fix the files' dates."""
        if not (self.folder / self.settings).is_file():
            if (self.folder / f"{self.stem}.pro").is_file():
                self.settings = f"{self.stem}.pro"
            else:
                (self.folder / self.settings).write_text('{"meta": {"version": 1}}\n')
        if self.board:
            board = self.folder / f"{self.stem}.kicad_pcb"
            raw = board.read_bytes().decode("utf-8", errors="surrogateescape")
            text = show_layers(point_to_models(raw, self.target.options.get("models", {})))
            if text != raw:
                board.write_bytes(text.encode("utf-8", errors="surrogateescape"))
            self.copper = finding.copper_count(text)
            self.outlined = bool(_OUTLINE.search(text))
            self.patience = kicad.patience(len(raw))
            present = {str(path.relative_to(self.work.scratch)) for path in self.work.scratch.rglob("*")}
            for name in model_stand_ins(text, present):
                (self.work.scratch / name).parent.mkdir(parents=True, exist_ok=True)
                (self.work.scratch / name).touch()
        for place in self.work.scratch.rglob("*"):
            os.utime(place, (FIXED_MTIME_S, FIXED_MTIME_S))

    def _write_requests(self) -> None:
        """All that the host writes, before any tool could lay a link in its way."""
        scratch = self.work.scratch
        (self.work.out / "raw").mkdir()
        (scratch / "made").mkdir()
        jobset = Jobset()
        if self.board:
            board_jobs(jobset, ["F.Cu", *(f"In{number}.Cu" for number in range(1, self.copper - 1)), "B.Cu"])
            # pcbnew locks what it opens: it gets a copy of its own.
            (scratch / "api").mkdir()
            for ending in (".kicad_pcb", ".kicad_pro", ".pro", ".kicad_dru"):
                if (self.folder / (self.stem + ending)).is_file():
                    shutil.copy2(self.folder / (self.stem + ending), scratch / "api" / f"board{ending}")
        if self.modern:
            schematic_jobs(jobset)
        (scratch / "brickyard.kicad_jobset").write_text(jobset.text(f"{SCRATCH}/made"))
        legacy = sorted(f"{self.project}/{path.relative_to(self.folder)}" for path in self.folder.rglob("*.sch"))
        request = {
            "stem": self.stem,
            "made": f"{SCRATCH}/made",
            "board": self.board,
            "legacy": legacy if self.schematic and not self.modern else [],
            "wanted": self._wanted(),
        }
        (scratch / "request.json").write_text(json.dumps(request))
        nearest = {"board": self.board, "folder": f"{SCRATCH}/nearest", "gerbers": f"{SCRATCH}/made/gerbers"}
        (scratch / "nearest.json").write_text(json.dumps(nearest | {"answer": f"{OUT}/raw/nearest.json"}))

    # --- the tools

    def _run(self, step: str, argv: list[str], limits: Limits = CHEAP) -> Outcome:
        limits = replace(limits, wall_s=limits.wall_s * self.patience)
        return self.work.run(argv, step=step, limits=limits, env=ENV, cwd=self.project)

    def _jobset(self) -> None:
        if not (self.board or self.modern):
            return
        jobset, settings = f"{SCRATCH}/brickyard.kicad_jobset", f"{self.project}/{self.settings}"
        self._run("gerbers, drill, positions, drawings, checks", ["kicad-cli", "jobset", "run", "-f", jobset, settings])
        if self.board and not (self.work.scratch / "made" / "gerbers").exists():
            # pcbnew would show a window about a board that it can't read, and wait for a click.
            os.close(os.open(self.work.scratch / "stop", os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_WRONLY, 0o644))
        elif self.board:
            program = f"{TOOLS}/programs/kicad_rules.py"
            self._run("smallest clearance", ["/venv/bin/python", program, f"{SCRATCH}/nearest.json"])

    def _legacy_schematic(self) -> None:
        export = ["kicad-cli", "sch", "export"]
        self._run("schematic (PDF)", [*export, "pdf", "-o", f"{SCRATCH}/made/schematic.pdf", self.schematic])
        self._run("schematic (SVG)", [*export, "svg", "-o", f"{SCRATCH}/made/schematic", self.schematic])

    def _board_netlist(self) -> None:
        """The netlist of a board whose schematic gives none."""
        self._run(
            "netlist of the board", ["kicad-cli", "pcb", "export", "ipcd356", "-o", f"{OUT}/netlist.d356", self.board]
        )

    def _api(self) -> None:
        """Board facts from KiCad's API; without an answer they come from the files."""
        program, board = f"{TOOLS}/programs/kicad_facts.py", f"{SCRATCH}/api/board.kicad_pcb"
        outcome = self.work.run(
            [
                *("/venv/bin/python", program, board, f"{OUT}/raw/api.json", f"{SCRATCH}/stop"),
                str(60.0 * self.patience),  # to open the board
            ],
            step="board facts",
            limits=Limits(wall_s=150.0 * self.patience),
            env={"KICAD_CONFIG_HOME": kicad.CONFIG_GUI},
            display=True,
            # Nothing of the answer carries a clock, and Python can't sleep under a clock that stands still.
            fake_time=False,
        )
        if not outcome.ok:
            said = outcome.log.strip().splitlines()
            why = said[-1] if said else outcome.why("pcbnew")
            self.work.note(f"KiCad's API gave no board facts ({why}); they are taken from the files.")

    def _glb(self) -> None:
        export = ["kicad-cli", "pcb", "export", "glb", "--force", "--subst-models", "--no-dnp"]
        details = ["--include-pads", "--include-silkscreen", "--include-soldermask"]
        outcome = self._run("3D model (GLB)", [*export, *details, "-o", f"{OUT}/board.glb", self.board], DEAR)
        self._note_models(outcome)
        if not outcome.ok:
            plain = self._run("3D model (GLB), plain", [*export, "-o", f"{OUT}/board.glb", self.board], DEAR)
            if plain.ok:
                self.work.note(f"The 3D view shows no pads and print: {outcome.why('the full export')}")

    def _step(self) -> None:
        self._run(
            "3D model (STEP)",
            [
                "kicad-cli",
                "pcb",
                "export",
                "step",
                "--force",
                "--subst-models",
                "--no-dnp",
                "-o",
                f"{OUT}/board.step",
                self.board,
            ],
            DEAR,
        )

    def _render(self, side: str) -> None:
        outcome = self._run(
            f"picture ({side})",
            [
                *("kicad-cli", "pcb", "render", "--side", side, "--width", "1280", "--height", "960"),
                # The default preset hides what the designer did not plot last time, be it the solder mask.
                *("--background", "transparent", "--quality", "basic", "--preset", "follow_pcb_editor"),
                *("-o", f"{SCRATCH}/{side}.png", self.board),
            ],
            DEAR,
        )
        if outcome.ok:
            self.work.run_warm(
                "kicad_picture",
                [f"{SCRATCH}/{side}.png", f"{OUT}/{side}.png", f"{OUT}/{side}.webp"],
                step=f"picture ({side}), settled",
            )

    def _render_top(self) -> None:
        self._render("top")

    def _render_bottom(self) -> None:
        self._render("bottom")

    def _ibom(self) -> None:
        packages = kicad.packages_in_sandbox()
        if packages is None:
            self.work.fail("ibom", "InteractiveHtmlBom is not installed here.", "Install the Python packages again.")
            return
        if not self.outlined:
            self.work.fail(
                "ibom",
                "The board has no outline: nothing is drawn on the layer Edge.Cuts, so nobody knows its shape.",
                "Draw the outline on Edge.Cuts in KiCad, and commit the board.",
            )
            return
        options = ["--include-tracks", "--include-nets", "--no-redraw-on-drag"]
        program = f"{TOOLS}/programs/kicad_ibom.py"
        self._run(
            "interactive BOM",
            ["/usr/bin/python3", program, packages, self.board, f"{OUT}/raw/outline.json", OUT, *options],
        )

    # --- after the tools

    def _wanted(self) -> list[str]:
        return [output.path for output in self.target.outputs if not output.optional]

    def _finish(self) -> list[str]:
        """Place and complete everything in the sandbox; the promised paths that are still missing."""
        program = f"{TOOLS}/programs/kicad_finish.py"
        outcome = self.work.run(["/venv/bin/python", program, f"{SCRATCH}/request.json"], step="facts and parts list")
        answer = self.work.read_output("raw/answer.json")
        if not outcome.ok or answer is None:
            said = outcome.log.strip().splitlines()
            reason = f"The results could not be put together: {said[-1] if said else outcome.why('the reader')}"
            self.work.fail("data", reason)
            return [path for path in self._wanted() if self.work.read_output(path) is None and "*" not in path]
        missing: list[str] = json.loads(answer)["missing"]
        return missing

    def _try_alone(self, missing: list[str]) -> None:
        """Run what the jobset did not give as single commands, for the result or at least the reason."""
        reasons: dict[str, str] = {}
        for command in commands(self.board, self.schematic if self.modern else "", f"{SCRATCH}/made"):
            if not any(path in missing for path in command.gives):
                continue
            outcome = self._run(f"{command.name}, alone", list(command.argv))
            if not outcome.ok:
                said = [line for line in outcome.log.strip().splitlines() if line.strip()]
                reason = f"{outcome.why('kicad-cli')} {said[-1] if said else ''}".strip()
                reasons |= dict.fromkeys(command.gives, reason)
        still = self._finish()
        if self.board and "gerbers/*.gtl" in still and "drc.json" in still:
            raise BuildFailed(
                f"KiCad can't read {self.stem}.kicad_pcb: {reasons.get('gerbers/*.gtl', 'it gave no reason.')}",
                "Open the board in KiCad, save it, and commit it.",
            )
        groups = {output.path: output.group for output in self.target.outputs}
        for path in still:
            reason = reasons.get(path, f"{path} was not made.")
            self.work.fail(groups.get(path, "data"), reason, "See the log for what the tool said.")

    def _note_models(self, outcome: Outcome) -> None:
        """Which 3D models the export did without."""
        names = sorted({PurePosixPath(name).name for name in _MISSING_FILE.findall(outcome.log)})
        parts = len(set(_NO_MODEL.findall(outcome.log)))
        if not names and not parts:
            return
        shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
        cause = "" if kicad.has_models() else " KiCad's own 3D library (kicad-packages3d) is not installed here."
        count = max(parts, len(names))
        self.work.note(f"{count} parts are shown without their 3D model: {shown or 'not named'}.{cause}")

    def _say_what_is_missing(self) -> None:
        absent = [name for name in ("kicad-symbols", "kicad-footprints") if kicad.tools()[name] == "absent"]
        if absent:
            names = " and ".join(absent)
            self.work.note(f"{names} are not installed here: findings about library links are listed apart.")
        answer = json.loads(self.work.read_output("raw/answer.json") or b"{}")
        if self.board and answer.get("footprints") and not answer.get("parts"):
            self.work.note("The parts list is empty although the board has footprints: none of them is a part to buy.")

    def _made(self) -> set[str]:
        top: Path = self.work.out
        found = (path.relative_to(top) for path in top.rglob("*") if path.is_file() and not path.is_symlink())
        return {str(path) for path in found if path.parts[0] != "raw"}


BUILDER = KicadBuilder()
