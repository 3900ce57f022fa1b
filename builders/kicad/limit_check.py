"""A board against the limits of one fabricator: nothing is found in trees, the registry asks for it by name."""

from __future__ import annotations

import json
from collections.abc import Mapping

from builders.contract import OUT, SCRATCH, SRC, TOOLS, Artifact, BuildFailed, Limits, Output, Target, Tree, Workspace
from builders.kicad import tools as kicad
from builders.kicad.preflight import fault
from builders.kicad.rules import RULES

BOARD = "board.kicad_pcb"
REPORT = "checks.json"


class LimitCheck:
    """KiCad's rule check with rules made from limits, and with no others."""

    name = "kicad-limits"
    version = "2"

    def available(self) -> str:
        """A sentence if boards can't be checked here, else ""."""
        return kicad.why_not().replace("built", "checked")

    def tools(self) -> Mapping[str, str]:
        """KiCad alone: no library has a say."""
        return {"kicad": kicad.kicad_version()}

    def detect(self, tree: Tree) -> list[Target]:
        """Nothing: limits are not in a repository."""
        return []

    def target(self, name: str, title: str, source: str, limits: Mapping[str, float]) -> Target:
        """The check of one board. Raises: KeyError for what is no limit that KiCad knows."""
        return Target(
            builder=self.name,
            kind="board",
            name=name,
            title=title,
            source=source,
            inputs={BOARD: source},
            outputs=(Output(REPORT, "checks", "application/json", "checks", bundled=False),),
            options={"limits": {parameter: limits[parameter] for parameter in RULES if parameter in limits}},
        )

    def build(self, target: Target, work: Workspace) -> list[Artifact]:
        """Raises: BuildFailed if the board can't be read."""
        reason, remedy = fault(work.source / BOARD, target.source)
        if reason:
            raise BuildFailed(reason, remedy)
        kicad.write_configs(work.scratch)
        request = {
            "board": f"{SRC}/{BOARD}",
            "folder": f"{SCRATCH}/check",
            "limits": target.options["limits"],
            "answer": f"{OUT}/{REPORT}",
        }
        (work.scratch / "request.json").write_text(json.dumps(request))
        outcome = work.run(
            ["/venv/bin/python", f"{TOOLS}/programs/kicad_rules.py", f"{SCRATCH}/request.json"],
            step="design rules",
            limits=Limits(wall_s=300.0 * kicad.patience((work.source / BOARD).stat().st_size)),
            env={"KICAD_CONFIG_HOME": kicad.CONFIG},
        )
        if not outcome.ok:
            said = outcome.log.strip().splitlines()
            raise BuildFailed(
                f"KiCad could not check {target.source}: {said[-1] if said else outcome.why('kicad-cli')}",
                "Open the board in KiCad, save it, and commit it.",
            )
        return [Artifact(REPORT)]


CHECK = LimitCheck()
