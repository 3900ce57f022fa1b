"""A board many times on one panel, ready to order: nothing is found in trees, the registry asks for it by name."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import sys
from collections.abc import Mapping

from builders.contract import OUT, SCRATCH, TOOLS, Artifact, BuildFailed, Limits, Output, Target, Tree, Workspace
from builders.kicad import tools as kicad
from builders.kicad.jobs import Jobset, fabrication_jobs
from builders.kicad.outputs import EXCELLON, GERBER, INNER_SPANS, JSON
from builders.kicad.preflight import fault

_PANEL = "panel"
_INNER_MAX = 30
_TAKE = f'cp -r "$1/{_PANEL}" "$2/" && cp "$1"/positions*.csv "$2/positions.csv"'


class PanelBuilder:
    """KiKit lays the boards out, KiCad plots the panel as it plots a single board."""

    name = "kicad-panel"
    version = "3"

    def available(self) -> str:
        """A sentence if panels can't be made here, else ""."""
        if missing := kicad.why_not():
            return missing.replace("Boards are", "Panels are")
        if kicad.packages_in_sandbox("kikit") is None:
            return "Panels are not made here: KiKit is missing. Install the Python packages again."
        if kicad.system_python() != sys.version_info[:2]:
            return "Panels are not made here: KiCad's Python is another one than the registry's."
        return ""

    def tools(self) -> Mapping[str, str]:
        """KiCad and KiKit; no library has a say."""
        return {"kicad": kicad.kicad_version()} | {
            name: importlib.metadata.version(name) for name in ("kikit", "shapely")
        }

    def detect(self, tree: Tree) -> list[Target]:
        """Nothing: whether a panel is wanted is not in a repository."""
        return []

    def target(self, name: str, title: str, source: str, files: Mapping[str, str]) -> Target:
        """The panel of one board; `files`: its board and project, by their names beside each other."""
        copper = [f"{_PANEL}/*.{ending}" for ending in ("gtl", "gbl", "gts", "gbs", "gto", "gbo", "gtp", "gbp", "gm1")]
        inner = [f"{_PANEL}/*.g{number}" for number in range(1, _INNER_MAX + 1)]
        outputs = [Output(path, "gerber", GERBER, "panel", bundled=False) for path in copper]
        outputs += [Output(path, "gerber", GERBER, "panel", bundled=False, optional=True) for path in inner]
        outputs += [
            Output(f"{_PANEL}/*-PTH.drl", "drill", EXCELLON, "panel", bundled=False),
            Output(f"{_PANEL}/*-NPTH.drl", "drill", EXCELLON, "panel", bundled=False),
            *(
                Output(f"{_PANEL}/*-{span}.drl", "drill", EXCELLON, "panel", bundled=False, optional=True)
                for span in INNER_SPANS
            ),
            Output(f"{_PANEL}/*.gbrjob", "gerber-job", JSON, "panel", bundled=False),
            Output("positions.csv", "positions", "text/csv", "panel", bundled=False),
            Output("panel.json", "facts", JSON, "panel", bundled=False),
        ]
        return Target(
            builder=self.name, kind="board", name=name, title=title, source=source, inputs=dict(files),
            outputs=tuple(outputs),
        )  # fmt: skip

    def build(self, target: Target, work: Workspace) -> list[Artifact]:
        """Raises: BuildFailed if the board can't be read, or does not go on a panel."""
        board = next(name for name in target.inputs if name.endswith(".kicad_pcb"))
        reason, remedy = fault(work.source / board, target.source)
        if reason:
            raise BuildFailed(reason, remedy)
        shutil.copytree(work.source, work.scratch, dirs_exist_ok=True)
        kicad.write_configs(work.scratch)
        packages = kicad.packages_in_sandbox("kikit") or ""
        made, panel = f"{SCRATCH}/made", f"{SCRATCH}/{target.name}-panel.kicad_pcb"
        (work.scratch / "made").mkdir()
        laid_out = work.run(
            ["/usr/bin/python3", f"{TOOLS}/programs/kicad_panel.py", f"{SCRATCH}/{board}", panel, f"{OUT}/panel.json"],
            step="panel", limits=Limits(wall_s=180.0),
            env={"KICAD_CONFIG_HOME": kicad.CONFIG, "PYTHONPATH": packages}, cwd=SCRATCH,
        )  # fmt: skip
        facts = work.read_output("panel.json")
        if not laid_out.ok or facts is None:
            said = [line for line in laid_out.log.strip().splitlines() if line.strip() and " Debug: " not in line]
            raise BuildFailed(
                f"No panel was made of {target.source}: {said[-1] if said else laid_out.why('KiKit')}",
                "The single board is there; let the fabricator lay it out.",
            )
        layers = int(json.loads(facts)["layers"])
        jobset = Jobset()
        fabrication_jobs(
            jobset, ["F.Cu", *(f"In{number}.Cu" for number in range(1, layers - 1)), "B.Cu"], gerbers=_PANEL
        )
        (work.scratch / "panel.kicad_jobset").write_text(jobset.text(made))
        project = panel.replace(".kicad_pcb", ".kicad_pro")
        plotted = work.run(
            ["kicad-cli", "jobset", "run", "-f", f"{SCRATCH}/panel.kicad_jobset", project],
            step="gerbers, drill, positions of the panel", limits=Limits(wall_s=180.0),
            env={"KICAD_CONFIG_HOME": kicad.CONFIG}, cwd=SCRATCH,
        )  # fmt: skip
        copied = work.run(["sh", "-c", _TAKE, "take", made, OUT], step="results")
        if not copied.ok:
            said = [line for line in (plotted.log + copied.log).strip().splitlines() if line.strip()]
            raise BuildFailed(
                f"The panel of {target.source} was not plotted: {said[-1] if said else plotted.why('kicad-cli')}",
                "The single board is there; let the fabricator lay it out.",
            )
        return [Artifact("panel.json")]


PANEL = PanelBuilder()
