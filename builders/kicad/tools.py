"""Which KiCad is here, with which libraries, and how its configuration is pinned."""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

from builders.contract import MIB, SCRATCH

SHARE = Path("/usr/share/kicad")
CONFIG = f"{SCRATCH}/config"  # for kicad-cli: the libraries that are installed
CONFIG_GUI = f"{SCRATCH}/config-gui"  # for pcbnew's API: no libraries, no wizard
_LIBRARIES = ("kicad-symbols", "kicad-footprints", "kicad-packages3d")
# The newest board and schematic format that each KiCad reads.
NEWEST_BOARD = {9: 20241229, 10: 20260206}
NEWEST_SCHEMATIC = {9: 20250114, 10: 20260306}
USUAL_BOARD_BYTES = 16 * MIB  # a tool's usual time is enough up to here
PATIENCE_MAX = 3.0


@functools.cache
def kicad_version() -> str:
    """Version of kicad-cli, '' without it."""
    if shutil.which("kicad-cli") is None:
        return ""
    try:
        ended = subprocess.run(["kicad-cli", "version"], capture_output=True, timeout=60, check=False, text=True)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ended.stdout.strip().splitlines()[-1] if ended.returncode == 0 and ended.stdout.strip() else ""


@functools.cache
def why_not() -> str:
    """'' if boards can be built here, else a sentence."""
    if shutil.which("bwrap") is None:
        return "Boards are not built here: bubblewrap is missing. Install the package bubblewrap."
    version = kicad_version()
    if not version:
        return "Boards are not built here: KiCad's command line, kicad-cli, is missing. Install KiCad 9 or later."
    if major(version) < 9:
        return f"Boards are not built here: KiCad {version} is too old. Install KiCad 9 or later."
    return ""


def major(version: str) -> int:
    """The first number of a version; 0 if it has none."""
    head = version.split(".")[0]
    return int(head) if head.isdigit() else 0


@functools.cache
def tools() -> dict[str, str]:
    """Versions of everything an output can depend on."""
    found = {"kicad": kicad_version()}
    for package in ("InteractiveHtmlBom", "kicad-python"):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "absent"
    for package in _LIBRARIES:
        found[package] = _library_version(package)
    return found


def _library_version(package: str) -> str:
    """A library's version from the package manager, or whether it is there at all."""
    folder = SHARE / {"kicad-symbols": "symbols", "kicad-footprints": "footprints"}.get(package, "3dmodels")
    if not folder.is_dir():
        return "absent"
    if shutil.which("dpkg-query"):
        ended = subprocess.run(
            ["dpkg-query", "-W", "-f=${Version}", package], capture_output=True, timeout=20, check=False, text=True
        )
        if ended.returncode == 0 and ended.stdout.strip():
            return ended.stdout.strip()
    return "present"


def has_models() -> bool:
    """Whether KiCad's library of 3D models is installed."""
    return (SHARE / "3dmodels").is_dir()


@functools.cache
def system_python() -> tuple[int, int]:
    """Which Python KiCad's own module runs in; (0, 0) without one."""
    asked = "import sys; print(*sys.version_info[:2])"
    try:
        ended = subprocess.run(
            ["/usr/bin/python3", "-c", asked], capture_output=True, timeout=60, text=True, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return 0, 0
    major_, minor = ended.stdout.split()
    return int(major_), int(minor)


def packages_in_sandbox(package: str = "InteractiveHtmlBom") -> str | None:
    """The folder that holds a Python package, as the sandbox sees it; None if it is not installed."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.origin:
        return None
    folder = Path(spec.origin).parent.parent
    prefix = Path(sys.prefix)
    return f"/venv/{folder.relative_to(prefix)}" if folder.is_relative_to(prefix) else str(folder)


def patience(board_bytes: int) -> float:
    """How many times the usual a tool may take: boards of tens of MB take it minutes, more on a busy machine."""
    return min(PATIENCE_MAX, max(1.0, board_bytes / USUAL_BOARD_BYTES))


def write_configs(scratch: Path) -> None:
    """Pin KiCad's user configuration in the target's scratch folder."""
    release = ".".join(kicad_version().split(".")[:2]) or "9.0"
    for config, gui in ((CONFIG, False), (CONFIG_GUI, True)):
        folder = scratch / Path(config).relative_to(SCRATCH) / release
        folder.mkdir(parents=True)
        common = {
            "api": {"enable_server": gui},
            "do_not_show_again": {
                "data_collection_prompt": True,
                "env_var_overwrite_warning": True,
                "scaled_3d_models_warning": True,
                "update_check_prompt": True,
                "zone_fill_warning": True,
            },
            "system": {"first_run_shown": True, "check_for_kicad_updates": False},
        }
        (folder / "kicad_common.json").write_text(json.dumps(common))
        for name in ("fp", "sym", "design-block"):
            table = f"{name}-lib-table"
            template = SHARE / "template" / table
            if not gui and template.is_file():
                shutil.copyfile(template, folder / table)
            else:
                (folder / table).write_text(f"({table.replace('-', '_')}\n  (version 7)\n)\n")
