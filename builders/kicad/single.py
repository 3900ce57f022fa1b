"""The commands that give one output each, for what a jobset failed to give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """A command and the promised paths that it gives."""

    name: str
    argv: tuple[str, ...]
    gives: tuple[str, ...]


def commands(board: str, schematic: str, made: str) -> Iterator[Command]:
    """Commands for a board and a schematic of KiCad 6 or later, either of which may be ''."""
    pcb, sch = ("kicad-cli", "pcb"), ("kicad-cli", "sch")
    if board:
        endings = ("gtl", "gbl", "gts", "gbs", "gto", "gbo", "gtp", "gbp", "gm1", "gbrjob")
        gerbers = tuple(f"gerbers/*.{ending}" for ending in endings)
        layers = "F.Mask,B.Mask,F.Paste,B.Paste,F.SilkS,B.SilkS,Edge.Cuts"
        inner = ",".join(f"In{number}.Cu" for number in range(1, 31))
        yield Command(
            "gerbers",
            (*pcb, "export", "gerbers", "-l", f"F.Cu,{inner},B.Cu,{layers}", "-o", f"{made}/gerbers", board),
            gerbers,
        )
        yield Command(
            "drill",
            (
                *pcb,
                "export",
                "drill",
                "-u",
                "mm",
                "--excellon-separate-th",
                "--excellon-oval-format",
                "route",
                "--generate-map",
                "-o",
                f"{made}/gerbers/",
                board,
            ),
            ("gerbers/*-PTH.drl", "gerbers/*-NPTH.drl", "gerbers/*-drl_map.pdf"),
        )
        yield Command(
            "positions",
            (
                *pcb,
                "export",
                "pos",
                "--units",
                "mm",
                "--format",
                "csv",
                "--exclude-dnp",
                "-o",
                f"{made}/positions.csv",
                board,
            ),
            ("positions.csv",),
        )
        yield Command(
            "layer pictures",
            (
                *(*pcb, "export", "svg", "--mode-multi", "--page-size-mode", "2", "--exclude-drawing-sheet"),
                *("-l", f"F.Cu,{inner},B.Cu,{layers},F.Fab,B.Fab,F.CrtYd,B.CrtYd", "-o", f"{made}/layers", board),
            ),
            ("layers/*.svg",),
        )
        yield Command("IPC-2581", (*pcb, "export", "ipc2581", "-o", f"{made}/ipc2581.xml", board), ("ipc2581.xml",))
        yield Command("DRC", (*pcb, "drc", "--format", "json", "-o", f"{made}/drc.json", board), ("drc.json",))
        yield Command(
            "netlist of the board", (*pcb, "export", "ipcd356", "-o", "/out/netlist.d356", board), ("netlist.d356",)
        )
    if schematic:
        yield Command(
            "schematic (PDF)", (*sch, "export", "pdf", "-o", f"{made}/schematic.pdf", schematic), ("schematic.pdf",)
        )
        yield Command(
            "schematic (SVG)", (*sch, "export", "svg", "-o", f"{made}/schematic", schematic), ("schematic/*.svg",)
        )
        yield Command("netlist", (*sch, "export", "netlist", "-o", f"{made}/netlist.net", schematic), ("netlist.net",))
        yield Command("ERC", (*sch, "erc", "--format", "json", "-o", f"{made}/erc.json", schematic), ("erc.json",))
