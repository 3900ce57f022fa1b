"""What a CadQuery script hands out besides show_object: files that it exports, and windows of viewers.

Most scripts in repositories end in `cq.exporters.export(part, "part.step")` or in `show(part)` of some viewer. Both
name what the script is about; the viewers themselves are not here, and no window can open.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cadquery as cq
from cadquery import exporters

WORK = Path("/scratch/src")
COPIED_BYTES_MAX = 1024 * 1024  # larger files are linked: scripts overwrite their exports, not what they import
OBJECTS_MAX = 200
VIEWERS = ("ocp_vscode", "jupyter_cadquery", "cq_vscode", "cq_server", "cq_server.ui", "yacv_server", "cadquery.vis")
SHOWS = ("show", "show_all", "show_object", "display", "view")
# Modules that people have beside CadQuery, by what to do where one is missing.
OTHERS = {
    "build123d": "It is written for build123d, which is not run here. Commit the part as STEP beside it.",
    "cq_warehouse": "cq_warehouse is not installed here. Commit it beside the script, or the part as STEP.",
    "cq_gears": "cq_gears is not installed here. Commit it beside the script, or the part as STEP.",
    "cqkit": "cqkit is not installed here. Commit it beside the script, or the part as STEP.",
}


def writable(source: Path) -> Path:
    """The script in a copy of its sources that it may write to, as in the designer's own folder."""
    if not source.is_relative_to("/src") or WORK.exists():
        return source
    for path in sorted(Path("/src").rglob("*")):
        place = WORK / path.relative_to("/src")
        if path.is_dir():
            place.mkdir(parents=True, exist_ok=True)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        if path.stat().st_size <= COPIED_BYTES_MAX:
            shutil.copyfile(path, place)
        else:
            place.symlink_to(path)
    return WORK / source.relative_to("/src")


class Handed:
    """Objects that were exported, in order, each once: the same body goes out as STEP, then as STL."""

    def __init__(self) -> None:
        self.objects: list[tuple[Any, str, Any]] = []
        self.depth = 0  # exporters call each other: what the script itself named counts
        self._bodies: list[Any] = []

    def take(self, obj: Any, name: Any) -> None:
        """Note an object that was exported, once, under the name of its file."""
        bodies = [obj] if isinstance(obj, cq.Shape) else obj.vals() if isinstance(obj, cq.Workplane) else []
        shapes = [body.wrapped for body in bodies if isinstance(body, cq.Shape)]
        known = bool(shapes) and all(any(one.IsSame(other) for other in self._bodies) for one in shapes)
        if known or any(obj is other for other, _, _ in self.objects) or len(self.objects) >= OBJECTS_MAX:
            return
        self._bodies += shapes
        self.objects.append((obj, Path(str(name)).stem if isinstance(name, str | Path) else "", None))


@contextlib.contextmanager
def watched(handed: Handed, show: Callable[..., None]) -> Iterator[None]:
    """Note what is exported, and let viewers show it here. Files that cannot be written are no fault of the part."""

    def noting(real: Callable[..., Any]) -> Callable[..., Any]:
        def export(obj: Any, *args: Any, **kwargs: Any) -> Any:
            target = args[0] if args else kwargs.get("fname", kwargs.get("fileName", kwargs.get("path", "")))
            if not handed.depth:
                handed.take(obj, target)
            if isinstance(target, str | Path):
                with contextlib.suppress(OSError):
                    Path(target).parent.mkdir(parents=True, exist_ok=True)
            handed.depth += 1
            try:
                return real(obj, *args, **kwargs)
            except OSError:
                return None
            finally:
                handed.depth -= 1

        return export

    places: tuple[tuple[Any, tuple[str, ...]], ...] = (
        (exporters, ("export",)),
        (cq.Workplane, ("export",)),
        (cq.Assembly, ("export", "save")),
        (cq.Shape, ("export", "exportStep", "exportStl", "exportBrep")),
    )
    kept = [(owner, name, getattr(owner, name)) for owner, names in places for name in names if name in vars(owner)]
    for owner, name, real in kept:
        setattr(owner, name, noting(real))

    def shown(*objects: Any, **options: Any) -> None:
        for obj in objects:
            show(obj, options.get("name"))

    for viewer in VIEWERS:
        module = _Viewer(viewer)
        module.__dict__.update(dict.fromkeys(SHOWS, shown), __path__=[])
        sys.modules[viewer] = module
    setattr(cq, "vis", sys.modules["cadquery.vis"])  # noqa: B010 (no attribute that the types know)
    try:
        yield
    finally:
        for owner, name, real in kept:
            setattr(owner, name, real)


class _Viewer(types.ModuleType):
    """A viewer's module: it shows what it is given, and its settings change nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Setting()


class _Setting:
    """Whatever a viewer lets a script set."""

    def __call__(self, *args: Any, **kwargs: Any) -> _Setting:
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self
