"""Which tools this machine has, what each missing one costs, and how to get it.

Nothing heavy is imported: versions of Python packages come from their metadata, programs are asked in parallel.
"""

from __future__ import annotations

import ctypes
import json
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from sqlalchemy.engine import make_url

from registry.settings import PROJECT, Settings, read_settings

Status = Literal["ok", "missing", "old", "broken"]

TOOL_TIMEOUT_S = 10.0
DISK_FREE_GIB_MIN = 2.0
KICAD_MAJOR_MIN = 9
GIT_VERSION_MIN = (2, 37)  # http.curloptResolve
KICAD_SHARE = Path("/usr/share/kicad")
SYSTEM_PYTHON = Path("/usr/bin/python3")


@dataclass(frozen=True, slots=True)
class ToolReport:
    """One tool: whether it works here, what its absence costs and how to get it."""

    name: str
    status: Status
    version: str
    detail: str
    costs: str
    remedy: str
    needed_for: Literal["registry", "builds", "tests"] = "builds"

    @property
    def ok(self) -> bool:
        """Whether the tool is here and of use."""
        return self.status == "ok"

    def as_dict(self) -> dict[str, Any]:
        """The report as plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Found:
    status: Status
    version: str = ""
    detail: str = ""


def _ask(*argv: str | Path) -> tuple[int, str]:
    """Status and output of a program; status 127 when it can't be started or doesn't answer."""
    try:
        done = subprocess.run(
            [str(part) for part in argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TOOL_TIMEOUT_S,
            check=False,
            cwd="/",
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return 127, str(error)
    return done.returncode, done.stdout.decode("utf-8", "replace").strip()


def _number(text: str) -> str:
    found = re.search(r"\d+(?:\.\d+)+\S*", text)
    return found[0] if found else ""


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _debian_version(package: str) -> str:
    status, text = _ask("dpkg-query", "-W", "-f=${db:Status-Status} ${Version}", package)
    if status or not text.startswith("installed "):
        return ""
    return text.split()[-1].split(":")[-1]


def _last_line(text: str) -> str:
    lines = text.splitlines()
    return lines[-1][:300] if lines else "it ended without a word"


def _program(name: str, *flags: str, package: str = "") -> _Found:
    path = shutil.which(name)
    if not path:
        return _Found("missing")
    if not flags:
        return _Found("ok", _debian_version(package or name), path)
    status, text = _ask(path, *flags)
    if status:
        return _Found("broken", detail=f"{path}: {_last_line(text)}")
    return _Found("ok", _number(text), path)


def _distribution(name: str) -> _Found:
    try:
        return _Found("ok", metadata.version(name))
    except metadata.PackageNotFoundError:
        return _Found("missing")


def _missing_libraries(*names: str) -> list[str]:
    """Shared libraries that the loader can't find."""
    missing = []
    for name in names:
        try:
            ctypes.CDLL(name)
        except OSError:
            missing.append(name)
    return missing


def _python() -> _Found:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return _Found("ok" if sys.version_info >= (3, 11) else "old", version, sys.executable)


def _git() -> _Found:
    found = _program("git", "--version")
    if found.status == "ok" and _parts(found.version) < GIT_VERSION_MIN:
        return _Found("old", found.version, "2.37 or later is needed to pin the address that was checked")
    return found


def _kicad_cli() -> _Found:
    found = _program("kicad-cli", "version")
    if found.status == "ok" and _parts(found.version) < (KICAD_MAJOR_MIN,):
        return _Found("old", found.version, f"{found.detail}; {KICAD_MAJOR_MIN} or later is needed")
    return found


def _library(folder: str, pattern: str, package: str) -> _Found:
    path = KICAD_SHARE / folder
    count = sum(1 for _ in path.glob(pattern)) if path.is_dir() else 0
    if not count:
        return _Found("missing")
    return _Found("ok", _debian_version(package), f"{count} libraries in {path}")


def _kicad_python() -> _Found:
    """Debian's Python with KiCad's pcbnew module and wx: it runs InteractiveHtmlBom and plots boards."""
    if not SYSTEM_PYTHON.exists():
        return _Found("missing")
    probe = "import pcbnew, wx; print(pcbnew.GetBuildVersion()); print(wx.version())"
    status, text = _ask(SYSTEM_PYTHON, "-c", probe)
    if status:
        return _Found("missing", detail=f"{SYSTEM_PYTHON}: {_last_line(text)}")
    pcbnew, wx = text.splitlines()[-2:]
    return _Found("ok", pcbnew, f"{SYSTEM_PYTHON} with wx {wx.split()[0]}")


def _bubblewrap() -> _Found:
    found = _program("bwrap", "--version")
    if found.status != "ok":
        return found
    status, text = _ask(
        found.detail, "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev",
        "--tmpfs", "/tmp", "--", "/bin/sh", "-c", "test $$ -lt 10",
    )  # fmt: skip
    if status:
        return _Found("broken", found.version, f"it is installed, but can't make a sandbox here: {_last_line(text)}")
    return _Found("ok", found.version, "makes a sandbox without network")


def _libfaketime() -> _Found:
    for pattern in ("lib/*/faketime", "lib/faketime", "lib64/faketime", "local/lib/faketime"):
        for path in Path("/usr").glob(f"{pattern}/libfaketime.so.1"):
            return _Found("ok", _debian_version("libfaketime"), str(path))
    return _Found("missing")


def _cadquery() -> _Found:
    found = _distribution("cadquery")
    if found.status != "ok":
        return found
    if missing := _missing_libraries("libGL.so.1"):
        return _Found("broken", found.version, f"its kernel needs {', '.join(missing)} (Debian: libgl1)")
    kernel = _distribution("cadquery-ocp")
    if kernel.status != "ok":
        return _Found("broken", found.version, "its kernel, cadquery-ocp, is missing")
    return _Found("ok", found.version, f"OCP {kernel.version}")


def _weasyprint() -> _Found:
    found = _distribution("weasyprint")
    if found.status != "ok":
        return found
    if missing := _missing_libraries("libpango-1.0.so.0", "libpangoft2-1.0.so.0", "libharfbuzz-subset.so.0"):
        return _Found("broken", found.version, f"it needs {', '.join(missing)}")
    pango = ctypes.CDLL("libpango-1.0.so.0")
    pango.pango_version_string.restype = ctypes.c_char_p
    return _Found("ok", found.version, f"Pango {pango.pango_version_string().decode()}")


def _front_end() -> _Found:
    wanted = json.loads((PROJECT / "package.json").read_text(encoding="utf-8"))["dependencies"]
    there, absent = [], []
    for name in wanted:
        manifest = PROJECT / "node_modules" / name / "package.json"
        if manifest.is_file():
            there.append(f"{name} {json.loads(manifest.read_text(encoding='utf-8'))['version']}")
        else:
            absent.append(name)
    if not absent:
        return _Found("ok", "", ", ".join(there))
    return _Found("missing" if not there else "broken", "", f"missing: {', '.join(absent)}")


def _database(settings: Settings) -> _Found:
    url = make_url(settings.database_url)
    if not settings.on_sqlite:
        driver = _distribution("psycopg")
        return _Found(driver.status, driver.version, f"PostgreSQL at {url.host or 'a local socket'}, {url.database}")
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute("CREATE VIRTUAL TABLE probe USING fts5(text)")
        except sqlite3.OperationalError:
            return _Found("broken", sqlite3.sqlite_version, "this SQLite was built without full-text search (FTS5)")
    return _Found("ok", sqlite3.sqlite_version, f"SQLite at {url.database}")


def _disk(settings: Settings) -> _Found:
    folder = settings.data
    while not folder.exists():
        folder = folder.parent
    free_gib = shutil.disk_usage(folder).free / 2**30
    detail = f"{free_gib:.1f} GiB free for {settings.data}"
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return _Found("broken", "", f"{settings.data} can't be written: {error.strerror}")
    return _Found("ok" if free_gib >= DISK_FREE_GIB_MIN else "broken", "", detail)


def _postgres() -> _Found:
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    path = str(programs[-1]) if programs else shutil.which("initdb")
    if not path:
        return _Found("missing")
    status, text = _ask(path, "--version")
    return _Found("broken", "", _last_line(text)) if status else _Found("ok", _number(text), path)


def _debian(*packages: str) -> str:
    if len(packages) == 1:
        return f"Debian package {packages[0]}; script/bootstrap installs it."
    return f"Debian packages {' '.join(packages)}; script/bootstrap installs them."


_PYTHON_PACKAGE = "Python package of requirements.lock; script/bootstrap installs it."

_Probe = tuple[str, Callable[[], _Found], str, str, Literal["registry", "builds", "tests"]]


def _probes(settings: Settings) -> list[_Probe]:
    """Every tool: name, probe, what its absence costs, how to get it, what it is needed for."""
    return [
        ("Python", _python, "Brickyard doesn't start.", _debian("python3", "python3-venv"), "registry"),
        ("git", _git, "No design can be submitted or updated.", _debian("git"), "registry"),
        ("database", lambda: _database(settings), "The registry can't keep anything.",
         "Set BRICKYARD_DATABASE_URL, or leave it out for SQLite.", "registry"),
        ("disk", lambda: _disk(settings), "Builds and mirrors fail for want of space.",
         f"Free {DISK_FREE_GIB_MIN:.0f} GiB or more, or set BRICKYARD_DATA to another folder.", "registry"),
        ("front-end packages", _front_end, "Pages have no 3D viewer, live progress, icons and own fonts.",
         "Debian packages nodejs and npm, then script/bootstrap.", "registry"),
        ("bubblewrap", _bubblewrap,
         "Scripts from repositories (CadQuery, OpenSCAD) are not run, for nothing would keep them in.",
         _debian("bubblewrap") + " Where it is there and doesn't work, allow unprivileged user namespaces.", "builds"),
        ("kicad-cli", _kicad_cli,
         "Boards are not built: no gerbers, drill, positions, schematic, pictures, 3D, IPC-2581, netlist, DRC or ERC.",
         _debian("kicad") + " On Debian 12 it comes from bookworm-backports.", "builds"),
        ("pcbnew", lambda: _program("pcbnew", package="kicad"),
         "Boards have no facts from KiCad's API (stack-up, pads, smallest track): only what the gerber job file tells.",
         _debian("kicad"), "builds"),
        ("KiCad's Python modules", _kicad_python, "No interactive BOM; boards are plotted one output at a time.",
         _debian("kicad", "python3-wxgtk4.0"), "builds"),
        ("KiCad symbols", lambda: _library("symbols", "*.kicad_sym*", "kicad-symbols"),
         "ERC is full of findings about missing libraries.", _debian("kicad-symbols"), "builds"),
        ("KiCad footprints", lambda: _library("footprints", "*.pretty", "kicad-footprints"),
         "DRC is full of findings about missing libraries.", _debian("kicad-footprints"), "builds"),
        ("KiCad 3D models", lambda: _library("3dmodels", "*.3dshapes", "kicad-packages3d"),
         "Boards' 3D views show only the models that the repository holds.",
         "Debian package kicad-packages3d (4.5 GiB), if wanted: script/bootstrap leaves it out.", "builds"),
        ("kicad-python", lambda: _distribution("kicad-python"), "Boards have no facts from KiCad's API.",
         _PYTHON_PACKAGE, "builds"),
        ("Xvfb", lambda: _program("Xvfb", package="xvfb"),
         "Boards have no facts from KiCad's API, which wants a display.",
         _debian("xvfb"), "builds"),
        ("InteractiveHtmlBom", lambda: _distribution("InteractiveHtmlBom"), "No interactive BOM.",
         _PYTHON_PACKAGE, "builds"),
        ("libfaketime", _libfaketime, "Board outputs carry the clock: bundles differ from one build to the next.",
         _debian("libfaketime"), "builds"),
        ("CadQuery", _cadquery,
         "CadQuery scripts, STEP and FreeCAD parts are not built: no STEP, STL, 3MF, views or DXF.",
         _PYTHON_PACKAGE + " It needs Debian's libgl1.", "builds"),
        ("cascadio", lambda: _distribution("cascadio"), "STEP files have no 3D view (GLB).", _PYTHON_PACKAGE, "builds"),
        ("trimesh", lambda: _distribution("trimesh"), "STL and 3MF files have no 3D view, facts or picture.",
         _PYTHON_PACKAGE, "builds"),
        ("OpenSCAD", lambda: _program("openscad", "--version"), "OpenSCAD parts are not built.",
         _debian("openscad"), "builds"),
        ("WeasyPrint", _weasyprint, "No build books and drawings as PDF.",
         _debian("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0"), "builds"),
        ("Chromium", lambda: _program("chromium", package="chromium"), "Browser tests don't run.",
         "Debian package chromium; script/test installs it.", "tests"),
        ("PostgreSQL", _postgres, "Store and service tests run on SQLite alone.",
         "Debian package postgresql; script/test installs it.", "tests"),
        ("pdftotext", lambda: _program("pdftotext", package="poppler-utils"), "Tests of PDF documents don't run.",
         "Debian package poppler-utils; script/test installs it.", "tests"),
    ]  # fmt: skip


def inspect(settings: Settings | None = None) -> list[ToolReport]:
    """Look at every tool, in the order of their weight. Takes about a second, and never raises for a tool's sake."""
    probes = _probes(settings or read_settings())

    def examine(probe: _Probe) -> ToolReport:
        name, look, costs, remedy, needed_for = probe
        try:
            found = look()
        except Exception as error:  # a doctor that dies of one patient helps nobody
            found = _Found("broken", "", f"{type(error).__name__}: {error}")
        return ToolReport(name, found.status, found.version, found.detail, costs, remedy, needed_for)

    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(examine, probes))


def summary(reports: list[ToolReport]) -> str:
    """One sentence on the whole machine."""
    missing = [report.name for report in reports if not report.ok]
    if not missing:
        return f"All {len(reports)} tools are there."
    return f"{len(reports) - len(missing)} of {len(reports)} tools are there. To look at: {', '.join(missing)}."


def render_text(reports: list[ToolReport]) -> str:
    """The reports for a terminal: a line for each tool, and under a missing one its cost and cure."""
    width = max((len(report.name) for report in reports), default=0)
    lines = []
    for report in reports:
        told = " ".join(part for part in (report.version, f"({report.detail})" if report.detail else "") if part)
        lines.append(f"{report.status:<8} {report.name:<{width}}  {told}".rstrip())
        if not report.ok:
            lines += [f"{'':<9}costs:  {report.costs}", f"{'':<9}to get: {report.remedy}"]
    return "\n".join([*lines, "", summary(reports)])
