"""Convert one part by hand, as a cold `python SCRIPT`: `by_hand_part.py FILE OUT`.

A CadQuery script, STEP file or FreeCAD document becomes STEP, STL, 3MF, GLB and four SVG views by CadQuery's own
exporters (the shapes of a FreeCAD document are read as the registry reads them); a mesh becomes STL and GLB by trimesh.
"""

from __future__ import annotations

import runpy
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

VIEWS = {"isometric": (1, -1, 1), "front": (0, -1, 0), "top": (0, 0, 1), "right": (1, 0, 0)}
DEVIATION_MM, DEVIATION_RAD = 0.1, 0.3


def shown_by(script: Path) -> Any:
    """What a script shows, or leaves in `result`."""
    shown: list[Any] = []
    sys.path.insert(0, str(script.parent))
    left = runpy.run_path(str(script), {"show_object": lambda item, *a, **k: shown.append(item)}, run_name="__main__")
    return shown[0] if shown else left["result"]


def shape_of(source: Path) -> Any:
    """The solids of a file as one shape."""
    import cadquery as cq

    if source.suffix.lower() == ".py":
        made = shown_by(source)
        return made.toCompound() if isinstance(made, cq.Assembly) else made.val() if hasattr(made, "val") else made
    if source.suffix.lower() == ".fcstd":
        from builders.programs import cad_fcstd, cad_report

        with tempfile.TemporaryDirectory() as top:
            bodies = cad_fcstd.read(source, Path(top), cad_report.Report(str(Path(top, "report.json"))))
            return cq.Compound.makeCompound([cq.Shape.cast(shape) for _, shape, _ in bodies])
    return cq.importers.importStep(str(source)).combine().val()


def solid(source: Path, out: Path) -> None:
    """All outputs of what has solids."""
    import cadquery as cq

    shape = shape_of(source)
    cq.exporters.export(cq.Workplane(shape), str(out / "part.step"))
    for ending in ("stl", "3mf"):
        place = str(out / f"part.{ending}")
        cq.exporters.export(cq.Workplane(shape), place, tolerance=DEVIATION_MM, angularTolerance=DEVIATION_RAD)
    whole = cq.Assembly(shape, name="part")
    whole.export(str(out / "part.glb"), tolerance=DEVIATION_MM, angularTolerance=DEVIATION_RAD)
    started = time.perf_counter()
    for name, direction in VIEWS.items():
        options = {"projectionDir": direction, "showHidden": False, "showAxes": False}
        cq.exporters.export(cq.Workplane(shape), str(out / f"view-{name}.svg"), opt=options)
    (out / "views-seconds.txt").write_text(f"{time.perf_counter() - started:.3f}")


def mesh(source: Path, out: Path) -> None:
    """All outputs of a mesh."""
    import trimesh

    body = trimesh.load(source)
    for ending in ("stl", "glb"):  # 3MF wants a package that nothing else here needs
        body.export(out / f"part.{ending}")


if __name__ == "__main__":
    given, folder = Path(sys.argv[1]), Path(sys.argv[2])
    (mesh if given.suffix.lower() in (".stl", ".3mf") else solid)(given, folder)
