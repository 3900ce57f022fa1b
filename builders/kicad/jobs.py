"""A jobset of our own for `kicad-cli jobset run`: many outputs from one start and one reading of the board.

A repository's own jobset is never run: it can start programs. Settings carry the names of KiCad 9's job files; DRC and
ERC end with a failure if they find anything, unless `fail_on_error` is off.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

ERRORS_AND_WARNINGS = 48
FABRICATION_LAYERS = ("F.Mask", "B.Mask", "F.Paste", "B.Paste", "F.SilkS", "B.SilkS", "Edge.Cuts")
_DRAWING_LAYERS = ("F.Fab", "B.Fab", "F.CrtYd", "B.CrtYd", "F.Adhes", "B.Adhes", "Dwgs.User", "Cmts.User")
PICTURE_LAYERS = (*FABRICATION_LAYERS, *_DRAWING_LAYERS)


class Jobset:
    """Collects jobs, then writes the file."""

    def __init__(self) -> None:
        self._jobs: list[dict[str, Any]] = []

    def add(self, kind: str, **settings: Any) -> None:
        """Add a job; `__` in the name of a setting stands for a dot."""
        identity = f"00000000-0000-4000-8000-{len(self._jobs):012d}"
        dotted = {name.replace("__", "."): value for name, value in settings.items()}
        self._jobs.append({"id": identity, "type": kind, "description": kind, "settings": dotted})

    def text(self, folder: str) -> str:
        """The file; all outputs go into `folder`, absolute because a relative one counts from the working directory."""
        destination = {
            "id": "00000000-0000-4000-9000-000000000000",
            "type": "folder",
            "description": "",
            "only": [],
            "settings": {"output_path": folder},
        }
        # KiCad 9.0 names the list `destinations`, its first release candidates `outputs`.
        places = {"destinations": [destination], "outputs": [destination]}
        return json.dumps({"jobs": self._jobs, "meta": {"version": 1}, **places})


def board_jobs(jobset: Jobset, copper: Sequence[str]) -> None:
    """Gerbers with job file, drill with map, positions, layer pictures, IPC-2581, DRC."""
    fabrication_jobs(jobset, copper)
    _look_jobs(jobset, copper)


def fabrication_jobs(jobset: Jobset, copper: Sequence[str], gerbers: str = "gerbers") -> None:
    """Gerbers with job file and drill with map, in a folder of that name, and positions."""
    jobset.add(
        "pcb_export_gerbers",
        output_filename=gerbers,
        layers=[*copper, *FABRICATION_LAYERS],
        use_protel_file_extension=True,
        plot_drawing_sheet=False,
        precision=6,
    )
    jobset.add(
        "pcb_export_drill",
        output_dir=gerbers,
        format="excellon",
        units="mm",
        generate_map=True,
        map_format="pdf",
        excellon__combine_pth_npth=False,
        # Slots as routed paths, as KiCad itself recommends: readers know them better than G85.
        excellon__oval_drill_route=True,
    )
    jobset.add(
        "pcb_export_pos",
        output_filename="positions.csv",
        format="csv",
        units="mm",
        side="both",
        single_file=True,
        exclude_dnp=True,
        use_drill_place_file_origin=False,
    )


def _look_jobs(jobset: Jobset, copper: Sequence[str]) -> None:
    # Holes are drawn through the copper alone: elsewhere they would hide what is printed, and fill empty layers.
    for shown, holes in ((copper, "full"), (PICTURE_LAYERS, "none")):
        jobset.add(
            "pcb_export_svg",
            output_filename="layers",
            layers=list(shown),
            gen_mode="multi",
            fit_page_to_board=True,
            plot_drawing_sheet=False,
            drill_shape=holes,
        )
    jobset.add("pcb_export_ipc2581", output_filename="ipc2581.xml")
    jobset.add(
        "pcb_drc",
        output_filename="drc.json",
        format="json",
        units="mm",
        severity=ERRORS_AND_WARNINGS,
        fail_on_error=False,
    )


def schematic_jobs(jobset: Jobset) -> None:
    """Schematic as PDF and SVG pages, netlist, ERC."""
    jobset.add("sch_export_plot_pdf", output_filename="schematic.pdf", format="pdf")
    jobset.add("sch_export_plot_svg", output_dir="schematic", format="svg")
    jobset.add("sch_export_netlist", output_filename="netlist.net", format="kicad")
    jobset.add(
        "sch_erc",
        output_filename="erc.json",
        format="json",
        units="mm",
        severity=ERRORS_AND_WARNINGS,
        fail_on_error=False,
    )
