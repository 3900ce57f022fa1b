"""A small CadQuery part through the warm process, and by a cold `python part.py`, against its modelling time alone.

The part is a box with holes and fillets. Modelling: its script run in a process that has imported CadQuery. Warm: the
whole work of the builder, workspace and sandbox included, in forks of one process that has imported CadQuery once; its
start is told apart, for it is paid once per worker. Cold: `python part.py`, which models the part and writes STEP.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from measure import Failed, arguments, finish, in_turn, machine, ratio, run_main, say, table, timed, version_of

from builders.cad_common import outputs
from builders.cadquery_script import GROUPS, CadQueryBuilder
from builders.contract import Target
from registry.builds.workspace import HostWorkspace
from registry.stores import sandbox
from registry.stores.warm import Warm

PART = """\
import cadquery as cq

result = (
    cq.Workplane("XY")
    .box(80, 60, 12)
    .edges("|Z")
    .fillet(6)
    .faces(">Z")
    .workplane()
    .rect(64, 44, forConstruction=True)
    .vertices()
    .cboreHole(4.5, 8, 4)
    .faces(">Z")
    .workplane()
    .hole(22)
    .faces(">Z")
    .edges()
    .fillet(1)
)
"""
EXPORT = 'cq.exporters.export(result, "part.step")\n'
# Runs the part where CadQuery is imported already, and tells how long the part itself took.
INSIDE = """\
import sys, time
import cadquery
source = open(sys.argv[1]).read()
started = time.perf_counter()
exec(compile(source, sys.argv[1], "exec"), {})
print(time.perf_counter() - started)
"""


class Sides:
    """The ways to make the part, each in seconds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._work = folder / "work"
        self._work.mkdir()
        (folder / "part.py").write_text(PART)
        (folder / "cold.py").write_text(PART + EXPORT)
        self.warm = Warm(self._work)

    def modelling(self) -> float:
        argv = [sys.executable, "-c", INSIDE, str(self._folder / "part.py")]
        told = subprocess.run(argv, check=True, capture_output=True, text=True, cwd=self._folder)
        return float(told.stdout)

    def start(self) -> float:
        """Start the warm process. Raises: Failed where it can't be had."""
        seconds = timed(self.warm.start)
        if self.warm.why_cold:
            raise Failed(f"No warm process can be had here: {self.warm.why_cold}")
        return seconds

    def _build(self, groups: tuple[str, ...], warm: Warm | None) -> None:
        promised = outputs(*groups)
        target = Target(
            builder="cadquery",
            kind="part",
            name="part",
            title="Part",
            source="part.py",
            inputs={"part.py": "part.py"},
            outputs=promised,
            options={"title": "Part", "main": "part.py", "import_paths": ["."]},
        )
        with HostWorkspace(self._work, warm) as work:
            (work.source / "part.py").write_text(PART)
            made = {artifact.path for artifact in CadQueryBuilder().build(target, work)}
            if work.failures or not {output.path for output in promised if not output.optional} <= made:
                raise Failed(f"The part was not built: {work.failures or sorted(made)}; {work.log.tail(500)}")

    def warm_step(self) -> float:
        return timed(lambda: self._build(("step",), self.warm))

    def warm_all(self) -> float:
        return timed(lambda: self._build(GROUPS, self.warm))

    def cold_script(self) -> float:
        return timed(lambda: subprocess.run([sys.executable, "cold.py"], check=True, cwd=self._folder))

    def cold_all(self) -> float:
        return timed(lambda: self._build(GROUPS, None))


def main() -> None:
    options = arguments(__doc__ or "", runs=7).parse_args()
    runs = 1 if options.quick else options.runs
    if missing := sandbox.why_not():
        raise Failed(missing)
    line = machine(CadQuery=version_of("cadquery"))
    with tempfile.TemporaryDirectory(prefix="brickyard-bench-") as top:
        sides = Sides(Path(top))
        say("starting the warm process")
        started_s = sides.start()
        try:
            found = in_turn(
                runs,
                {
                    "modelling alone, CadQuery imported": sides.modelling,
                    "warm, STEP": sides.warm_step,
                    "warm, all outputs": sides.warm_all,
                    "cold `python part.py`, STEP": sides.cold_script,
                    "cold in the sandbox, all outputs": sides.cold_all,
                },
            )
        finally:
            sides.warm.close()
    alone, cold = found["modelling alone, CadQuery imported"], found["cold `python part.py`, STEP"]
    rows = [[n, s.text(3), ratio(s, alone).text(1), ratio(s, cold).text()] for n, s in found.items()]
    text = table(["", "seconds", "to modelling alone", "to `python part.py`"], rows)
    text += (
        f"\n\nThe warm process took {started_s:.1f} s to start, once. All outputs: STEP, STL, 3MF, GLB, four views, "
    )
    text += f"picture, DXF of flat parts, facts. Median (smallest to largest) of {runs} rounds, in turn.\n\n{line}"
    finish("A small CadQuery part", text, {"machine": line, "start_s": started_s, "seconds": found}, options.json)


if __name__ == "__main__":
    run_main(main)
