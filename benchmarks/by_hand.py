"""The commands that somebody would type to get by hand what a build makes, one after another, without a sandbox.

They are the single commands of the very tools that the builders run, for the same outputs. What the registry adds of
its own is left out on this side, to its disadvantage: facts of parts, the merged bill of materials, DXF outlines,
pictures of parts, the reading of tables, the bundle.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from measure import PROJECT

from builders.contract import Target
from builders.kicad import detect, tools

TIMEOUT_S = 1800
_HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Step:
    """One command, and whether it needs a screen."""

    name: str
    argv: list[str]
    screen: bool = False


class Hand:
    """One target's files, laid out as in the repository, and the commands for it."""

    def __init__(self, target: Target, folder: Path) -> None:
        self.target = target
        self.source, self.out = folder / "source", folder / "out"
        self._tmp = folder / "tmp"
        for place in (self.source, self.out, self._tmp):
            place.mkdir(parents=True)
        self._env = {
            "PATH": f"/usr/bin:/bin:{Path(sys.executable).parent}",
            "HOME": str(folder / "home"),
            "TMPDIR": str(self._tmp),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(PROJECT),
            "KICAD_CONFIG_HOME": str(folder / "config"),
        }
        self._gui = {"KICAD_CONFIG_HOME": str(folder / "config-gui")}
        Path(self._env["HOME"]).mkdir()
        if target.builder == "kicad":
            tools.write_configs(folder)

    def fill(self) -> None:
        """After the inputs were laid out: what pcbnew needs, a board that nobody else has locked."""
        (self._tmp / "api").mkdir()
        if self.target.builder == "kicad" and self.target.options["board"]:
            board = self.source / self._placed(".kicad_pcb")
            for ending in (".kicad_pcb", ".kicad_pro", ".pro"):
                if board.with_suffix(ending).is_file():
                    shutil.copy2(board.with_suffix(ending), self._tmp / "api" / f"board{ending}")

    def _placed(self, ending: str) -> str:
        stem = str(self.target.options["stem"])
        return next(name for name in self.target.inputs if Path(name).name == stem + ending)

    def steps(self) -> list[Step]:
        """The commands; none for what the registry reads by itself."""
        if self.target.builder == "kicad":
            return list(self._kicad())
        if self.target.builder in ("cadquery", "step", "fcstd", "mesh"):
            main = str(self.target.options.get("main") or next(iter(self.target.inputs)))
            return [
                Step("part", [sys.executable, str(_HERE / "by_hand_part.py"), str(self.source / main), str(self.out)])
            ]
        if self.target.builder == "openscad":
            main = str(self.source / str(self.target.options["main"]))
            return [
                Step("STL", ["openscad", "-o", str(self.out / "part.stl"), main]),
                Step(
                    "part", [sys.executable, str(_HERE / "by_hand_part.py"), str(self.out / "part.stl"), str(self.out)]
                ),
            ]
        return []

    def _kicad(self) -> Iterator[Step]:
        out, pcb, sch = str(self.out), ["kicad-cli", "pcb"], ["kicad-cli", "sch"]
        if self.target.options["board"]:
            path = self.source / self._placed(".kicad_pcb")
            board = str(path)
            count = detect.copper_count(path.read_text(encoding="utf-8", errors="replace"))
            copper = ",".join(["F.Cu", *(f"In{number}.Cu" for number in range(1, count - 1)), "B.Cu"])
            plain = "F.Mask,B.Mask,F.Paste,B.Paste,F.SilkS,B.SilkS,Edge.Cuts"
            drawn = f"{plain},F.Fab,B.Fab,F.CrtYd,B.CrtYd,F.Adhes,B.Adhes,Dwgs.User,Cmts.User"
            yield Step(
                "gerbers", [*pcb, "export", "gerbers", "-l", f"{copper},{plain}", "-o", f"{out}/gerbers/", board]
            )
            drill = ["--excellon-separate-th", "--excellon-units", "mm", "--generate-map"]
            yield Step("drill", [*pcb, "export", "drill", *drill, "-o", f"{out}/gerbers/", board])
            places = ["--format", "csv", "--units", "mm", "--exclude-dnp"]
            yield Step("positions", [*pcb, "export", "pos", *places, "-o", f"{out}/positions.csv", board])
            picture = ["--mode-multi", "--page-size-mode", "2", "--exclude-drawing-sheet"]
            for layers, holes in ((copper, "2"), (drawn, "0")):
                shown = ["-l", layers, "--drill-shape-opt", holes]
                yield Step("layers", [*pcb, "export", "svg", *picture, *shown, "-o", f"{out}/layers", board])
            yield Step("IPC-2581", [*pcb, "export", "ipc2581", "-o", f"{out}/ipc2581.xml", board])
            yield Step("DRC", [*pcb, "drc", "--format", "json", "-o", f"{out}/drc.json", board])
            details = ["--force", "--subst-models", "--include-pads", "--include-silkscreen", "--include-soldermask"]
            yield Step("GLB", [*pcb, "export", "glb", *details, "-o", f"{out}/board.glb", board])
            solid = ["--force", "--subst-models"]
            yield Step("STEP", [*pcb, "export", "step", *solid, "-o", f"{out}/board.step", board])
            look = ["--width", "1280", "--height", "960", "--background", "transparent", "--quality", "basic"]
            look += ["--preset", "follow_pcb_editor"]
            for side in ("top", "bottom"):
                yield Step(
                    f"picture ({side})", [*pcb, "render", "--side", side, *look, "-o", f"{out}/{side}.png", board]
                )
            packages = tools.packages_in_sandbox()
            if packages:
                packages = packages.replace("/venv", sys.prefix, 1)
                program = str(PROJECT / "builders/programs/kicad_ibom.py")
                options = ["--include-tracks", "--include-nets", "--no-redraw-on-drag"]
                argv = ["/usr/bin/python3", program, packages, board, f"{out}/outline.json", out, *options]
                yield Step("interactive BOM", argv)
            program = str(PROJECT / "builders/programs/kicad_facts.py")
            own = str(self._tmp / "api" / "board.kicad_pcb")
            argv = [sys.executable, program, own, f"{out}/api.json", f"{self._tmp}/stop"]
            yield Step("board facts", argv, screen=True)
            if self.target.options["schematic"] != ".kicad_sch":
                yield Step("netlist", [*pcb, "export", "ipcd356", "-o", f"{out}/netlist.d356", board])
        ending = str(self.target.options["schematic"])
        if ending:
            sheet = str(self.source / self._placed(ending))
            yield Step("schematic (PDF)", [*sch, "export", "pdf", "-o", f"{out}/schematic.pdf", sheet])
            yield Step("schematic (SVG)", [*sch, "export", "svg", "-o", f"{out}/schematic", sheet])
            if ending == ".kicad_sch":
                yield Step("netlist", [*sch, "export", "netlist", "-o", f"{out}/netlist.net", sheet])
                yield Step("BOM", [*sch, "export", "bom", "-o", f"{out}/bom.csv", sheet])
                yield Step("ERC", [*sch, "erc", "--format", "json", "-o", f"{out}/erc.json", sheet])

    def do(self, step: Step) -> tuple[float, int]:
        """Run one command: its seconds, and its exit status."""
        screen = _Screen(self._tmp) if step.screen else None
        started = time.perf_counter()
        env = {**self._env, **(self._gui | screen.start() if screen else {})}
        try:
            ended = subprocess.run(
                step.argv,
                cwd=self.source,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=TIMEOUT_S,
                check=False,
            )
        finally:
            seconds = time.perf_counter() - started
            if screen:
                screen.stop()
        return seconds, ended.returncode


class _Screen:
    """An Xvfb of our own; it chooses the number of its display itself."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def start(self) -> dict[str, str]:
        reader, writer = os.pipe()
        argv = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1280x1024x24", "-nolisten", "tcp", "-ac"]
        self._process = subprocess.Popen(
            argv, pass_fds=(writer,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self._folder
        )
        os.close(writer)
        with os.fdopen(reader) as told:
            number = told.readline().strip()
        return {"DISPLAY": f":{number}"}

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait()
