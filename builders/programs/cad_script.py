"""Run one CadQuery script and export what it makes: runs inside the sandbox, never elsewhere."""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import re
import sys
import time
import traceback
import types
from pathlib import Path
from typing import Any

import cadquery as cq

from builders.programs import cad_brep, cad_export, cad_handed, cad_kernel, cad_materials, cad_step_file
from builders.programs.cad_geometry import Piece
from builders.programs.cad_report import Refused, Report, run_reported

# Names that people give to what a script is about, best first.
RESULT_NAMES = ("result", "results", "assembly", "assy", "asm", "part", "model", "r")
# What other CadQuery hosts call the running script; a script that tests for one of them expects to be told so.
HOST_NAMES = ("__cq_main__", "__cqgi__", "temp", "__temp_module__", "__main__")
TRACE_LINES_MAX = 12
OBJECTS_MAX = 2000
UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")


class Shown:
    """Collects what a script hands to show_object."""

    def __init__(self) -> None:
        self.objects: list[tuple[Any, str, Any]] = []
        self.handed = cad_handed.Handed()

    def show(self, obj: Any, name: Any = None, options: Any = None, **more: Any) -> None:
        """The show_object that scripts call, as in CQ-editor."""
        wanted = {**options, **more} if isinstance(options, dict) else more
        if len(self.objects) < OBJECTS_MAX:
            self.objects.append((obj, str(name) if name else "", wanted.get("color")))

    def ignore(self, *args: Any, **kwargs: Any) -> None:
        """`debug` and `log`: nothing of the part."""


def colour_of(value: Any) -> tuple[float, float, float, float] | None:
    """A colour from what scripts pass: a name, a hex code, a tuple of 0 to 1 or 0 to 255, a cadquery.Color."""
    try:
        if isinstance(value, cq.Color):
            return value.toTuple()
        if isinstance(value, str):
            return cq.Color(value).toTuple()
        numbers = [float(number) for number in value]
    except (TypeError, ValueError):
        return None
    if len(numbers) not in (3, 4):
        return None
    if max(numbers[:3]) > 1:
        numbers[:3] = [number / 255 for number in numbers[:3]]
    red, green, blue, alpha = (min(max(number, 0.0), 1.0) for number in (*numbers, 1.0)[:4])
    return red, green, blue, alpha


def run(script: Path, import_paths: list[str], report: Report) -> tuple[types.ModuleType, Shown]:
    """Execute the script as its own main module. Raises: Refused with the script's last lines."""
    source = script.read_bytes()
    script = cad_handed.writable(script)
    import_paths = [str(cad_handed.WORK / Path(path).relative_to("/src")) for path in import_paths]
    os.chdir(script.parent)
    shown = Shown()
    name = next((host for host in HOST_NAMES if re.search(rb"""['"]%s['"]""" % host.encode(), source)), "__main__")
    module = types.ModuleType(name)
    module.__dict__.update(
        __file__=str(script), show_object=shown.show, debug=shown.ignore, log=shown.ignore, cq=cq, cadquery=cq
    )
    package = _package(script)
    if package:
        module.__dict__["__package__"] = package
        sys.path.insert(0, str(script.parents[package.count(".") + 1]))
    sys.path[:0] = [str(script.parent), *import_paths]
    sys.argv = [str(script)]
    sys.modules[name] = module
    sys.dont_write_bytecode = True
    try:
        with cad_handed.watched(shown.handed, shown.show):
            exec(compile(source, str(script), "exec"), module.__dict__)
    except SystemExit as stop:
        if stop.code not in (None, 0):
            message = f"The script ended itself: sys.exit({stop.code!r})."
            raise Refused(message, "Let it run to its end, with the part in a variable named result.") from stop
    except MemoryError as error:
        raise Refused("The script ran out of memory.", "Model it with fewer or simpler features.") from error
    except BaseException as error:
        told = _told(error, script)
        if isinstance(error, OSError) and error.errno in (errno.EROFS, errno.EACCES) and _results(module, shown):
            report.note(f"The script could not write a file of its own here, and was left at that point: {told[-1]}")
            return module, shown
        print("\n".join(told), flush=True)
        if isinstance(error, ModuleNotFoundError):
            missing = (error.name or "").partition(".")[0]
            usual = f"Commit {missing} beside the script; of others' modules only what comes with CadQuery is here."
            remedy = cad_handed.OTHERS.get(missing, usual)
        elif explained := cad_kernel.explain(error):
            remedy = explained[1]
        else:
            remedy = "Run the script with the same version of CadQuery; the log shows the lines that led there."
        raise Refused(_sentence(error, script), remedy) from error
    return module, shown


def _package(script: Path) -> str:
    """The dotted name of the package that a script lies in, so that its relative imports work."""
    names: list[str] = []
    folder = script.parent
    while (folder / "__init__.py").exists() and folder not in (Path("/src"), cad_handed.WORK):
        names.insert(0, folder.name)
        folder = folder.parent
    return ".".join(names)


def _told(error: BaseException, script: Path) -> list[str]:
    """The traceback from the designer's own first line on, without this program's frames."""
    frames = traceback.extract_tb(error.__traceback__)
    own = next((i for i, frame in enumerate(frames) if frame.filename == str(script)), None)
    listed = frames[own:] if own is not None else []
    lines = "".join(traceback.format_list(listed)).replace("/scratch/src/", "").splitlines()
    return [
        *lines[-TRACE_LINES_MAX:],
        *"".join(traceback.format_exception_only(error)).replace("/scratch/src/", "").replace("/src/", "").splitlines(),
    ]


def _sentence(error: BaseException, script: Path) -> str:
    root = f"{cad_handed.WORK}/"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(root)]
    name = str(script).removeprefix(root)
    what = f"{type(error).__name__}: {error}".replace(root, "").strip().splitlines()[0][:300]
    if explained := cad_kernel.explain(error):
        what = f"{explained[0]} The tool's own words: {what}"
    if isinstance(error, SyntaxError) and error.lineno:
        return f"{name}, line {error.lineno}: {what}"
    if not frames:
        return f"{name}: {what}"
    return f"{frames[-1].filename.removeprefix(root)}, line {frames[-1].lineno}: {what}"


def _is_model(value: Any) -> bool:
    if isinstance(value, cq.Assembly | cq.Sketch | cq.Shape):
        return True
    return isinstance(value, cq.Workplane) and any(isinstance(item, cq.Shape) for item in value.vals())


def _results(module: types.ModuleType, shown: Shown) -> list[tuple[Any, str, Any]]:
    """What the script made: shown objects, else its result by name, else what it exported, else its last model."""
    if shown.objects:
        return shown.objects
    names = [key for key in module.__dict__ if not key.startswith("_")]
    for name in (*RESULT_NAMES, *(n for n in reversed(names) if isinstance(module.__dict__[n], cq.Assembly))):
        value = module.__dict__.get(name)
        if _is_model(value) or (isinstance(value, list | tuple | dict) and value and _flatten(value, name)):
            return [(value, "", None)]
    if handed := [item for item in shown.handed.objects if _flatten(item[0], item[1])]:
        return handed
    models = [name for name in names if _is_model(module.__dict__[name])]
    return [(module.__dict__[models[-1]], models[-1], None)] if models else []


def _flatten(value: Any, name: str, depth: int = 0) -> list[tuple[Any, str]]:
    """Lists and dicts of models, as models with names."""
    if isinstance(value, dict) and depth < 5:
        return [x for key, one in value.items() for x in _flatten(one, str(key), depth + 1)]
    if isinstance(value, list | tuple | set) and depth < 5:
        several = len(value) > 1
        return [
            x for i, one in enumerate(value, 1) for x in _flatten(one, f"{name}-{i}" if several else name, depth + 1)
        ]
    return [(value, name)] if _is_model(value) else []


def assemble(results: list[tuple[Any, str, Any]], title: str) -> cq.Assembly:
    """All results in one assembly, in which everything has a name. Raises: Refused."""
    results = _without_repeats(results)
    flat = [(obj, name, colour) for value, given, colour in results for obj, name in _flatten(value, given or title)]
    if not flat:
        raise Refused(
            "The script ran, but nothing that it made is a CadQuery object.",
            "Call show_object(...) with your part, or leave it in a variable named result.",
        )
    if len(flat) == 1 and isinstance(flat[0][0], cq.Assembly):
        top = flat[0][0]
    elif len(flat) == 1:
        obj, _, colour = flat[0]
        chosen = colour_of(colour)
        top = cq.Assembly(_solid(obj), name=flat[0][1] or title, color=cq.Color(*chosen) if chosen else None)
    else:
        top = cq.Assembly(name=title)
        for number, (obj, name, colour) in enumerate(flat, 1):
            chosen = colour_of(colour)
            name = name if name not in top.objects else f"{name}-{number}"
            if isinstance(obj, cq.Assembly):
                top.add(obj, name=name)
            else:
                top.add(_solid(obj), name=name, color=cq.Color(*chosen) if chosen else None)
    _name_all(top, title)
    return top


def _without_repeats(results: list[tuple[Any, str, Any]]) -> list[tuple[Any, str, Any]]:
    """Leave out bodies that are shown by themselves and stand in a shown assembly as well."""
    inside = [
        shape.wrapped
        for value, _, _ in results
        if isinstance(value, cq.Assembly)
        for _, node in value.traverse()
        for shape in (node.shapes if node.obj else [])
    ]

    def repeated(value: Any) -> bool:
        if not isinstance(value, cq.Workplane | cq.Shape):
            return False
        bodies = (
            [value] if isinstance(value, cq.Shape) else [item for item in value.vals() if isinstance(item, cq.Shape)]
        )
        return bool(bodies) and all(any(body.wrapped.IsPartner(other) for other in inside) for body in bodies)

    return [result for result in results if not repeated(result[0])]


def _solid(obj: Any) -> Any:
    if isinstance(obj, cq.Sketch):
        return cq.Compound.makeCompound(list(obj._faces.Faces()) if obj._faces else [])
    return obj


def _name_all(top: cq.Assembly, title: str) -> None:
    """Names in place of the random ids that CadQuery gives."""
    numbers: dict[str, int] = {}

    def visit(node: cq.Assembly, stem: str) -> None:
        if UUID.match(node.name):
            numbers[stem] = numbers.get(stem, 0) + 1
            node.name = stem if node is top else f"{stem}-{numbers[stem]}"
        for child in node.children:
            visit(child, node.name if not node.obj else f"{node.name}-part")

    visit(top, title)


def pieces_of(top: cq.Assembly, material: str, given_density: float | None) -> list[Piece]:
    """Placed bodies with triangles, material and colour; copies share one triangulation. Raises: Refused."""
    pieces: list[Piece] = []
    tessellate = cad_brep.Tessellator()
    compounds: dict[Any, Any] = {}

    def visit(node: cq.Assembly, location: cq.Location, colour: Any, inherited: tuple[str, float | None]) -> None:
        location = location * node.loc
        colour = node.color or colour
        own = inherited
        told_by_module = getattr(sys.modules.get(re.sub(r"[-_]?\d+$", "", node.name)), "MATERIAL", None)
        if isinstance(told_by_module, str):
            own = (told_by_module, None)  # the assembly imports its parts, each of which names its material
        if node.material is not None:
            name = node.material.name
            # 7.85 is what CadQuery assumes where nothing was said: then the name decides.
            told = node.material.density if abs(node.material.density - 7.85) > 1e-9 else None
            own = (name, told)
        if node.obj:
            shapes = node.shapes
            # Several bodies of one object make one compound, the same for all its copies.
            key = tuple((one.wrapped.TShape(), one.wrapped.Location().HashCode()) for one in shapes)
            if key not in compounds:
                compounds[key] = shapes[0] if len(shapes) == 1 else cq.Compound.makeCompound(shapes)
            shape = compounds[key]
            placed = shape.wrapped.Moved(location.wrapped)
            mesh, edges, copy = tessellate(placed)
            piece = Piece(node.name, mesh, edges, placed, colour.toTuple() if colour else None, own[0], own[1])
            if copy:
                piece.facts["instance_of"] = True
            pieces.append(piece)
        for child in node.children:
            visit(child, location, colour, own)

    visit(top, cq.Location(), None, (material, given_density))
    return pieces


def _told_facts(module: types.ModuleType) -> dict[str, Any]:
    """What the script says of its part in words."""
    facts: dict[str, Any] = {}
    for name in ("PROCESS", "FINISH"):
        value = module.__dict__.get(name)
        if isinstance(value, str) and value:
            facts[name.lower()] = value[:200]
    quantity = module.__dict__.get("QUANTITY")
    if isinstance(quantity, int) and 0 < quantity < 100_000:
        facts["quantity"] = int(quantity)
    return facts


def main(argv: list[str]) -> int:
    """`cad_script SCRIPT OUT --title TITLE [--import-path PATH]... [--groups a,b]`; both paths inside the sandbox."""
    parser = argparse.ArgumentParser(prog="cad_script")
    parser.add_argument("script", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--title", required=True)
    parser.add_argument("--import-path", action="append", default=[])
    parser.add_argument("--groups", default="step,mesh,glb,views,picture,flat,facts")
    options = parser.parse_args(argv)

    def make(report: Report) -> None:
        os.makedirs("/scratch/run", exist_ok=True)
        os.chdir("/scratch/run")
        started = time.monotonic()
        module, shown = run(options.script, options.import_path, report)
        report.seconds["model"] = round(time.monotonic() - started, 3)
        with contextlib.suppress(OSError):
            os.chdir("/scratch")
        told = module.__dict__.get("MATERIAL")
        material = told if isinstance(told, str) else ""
        given = module.__dict__.get("DENSITY_G_CM3")
        density = float(given) if isinstance(given, int | float) and 0 < given < 30 else None
        if material and density is None and cad_materials.density(material) is None:
            report.note(f"No density is known for MATERIAL {material!r}, so the part's mass is not told.")
        top = assemble(_results(module, shown), options.title)
        started = time.monotonic()
        pieces = pieces_of(top, material, density)
        report.seconds["triangles"] = round(time.monotonic() - started, 3)
        if len(pieces) == 1:
            pieces[0].facts |= _told_facts(module)
        cad_export.export(
            pieces,
            options.out,
            options.title,
            report,
            groups=set(options.groups.split(",")),
            step=lambda path: cad_step_file.write(top, path),
        )

    return run_reported(make)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
