"""A worker that is an ordinary user builds as root does: in the sandbox, with warm processes, to the same bytes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from registry.settings import PROJECT
from registry.stores import git_examples, sandbox

UID = 61_234  # nobody's: a user needs no entry anywhere
DRAWS = """import cadquery as cq

result = cq.Workplane().box(40, 20, 4).faces(">Z").workplane().hole(5)
"""


def as_user(*command: str) -> list[str]:
    return ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", "--no-new-privs", *command]


def may_run(*command: str) -> bool:
    return subprocess.run(as_user(*command), capture_output=True, cwd="/", check=False).returncode == 0


def python_for_all(folder: Path) -> list[str]:
    """How an ordinary user starts this environment's Python: as it is, or (where it lies in a closed folder) the
    system's of the same version, with this environment's packages seen at another place."""
    if may_run(sys.executable, "-c", "import cadquery"):
        return as_user(sys.executable)
    system = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    if not Path(system).exists():
        pytest.skip(f"another user can't read {sys.base_prefix}, and there is no {system}")
    shown = folder / "venv"
    (shown / "bin").mkdir(parents=True)
    (shown / "lib").mkdir()
    (shown / "bin" / "python").symlink_to(system)
    (shown / "pyvenv.cfg").write_text("home = /usr/bin\n")
    script = 'mount --bind "$0" "$1" && shift && exec "$@"'
    command = ["unshare", "--mount", "sh", "-c", script, f"{sys.prefix}/lib", str(shown / "lib")]
    return [*command, *as_user(str(shown / "bin" / "python"))]


@pytest.mark.skipif(bool(sandbox.why_not()), reason="bubblewrap does not work on this machine")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.skipif(not shutil.which("kicad-cli"), reason="KiCad is not installed")
def test_an_ordinary_user_builds_a_board_and_a_part() -> None:
    if not may_run("test", "-r", str(PROJECT / "app.py")):
        pytest.skip(f"another user can't read {PROJECT}")
    home = Path(tempfile.mkdtemp())  # pytest's own folders are closed to others
    try:
        design = home / "soil-sensor"
        shutil.copytree(PROJECT / "designs" / "soil-sensor" / "electronics", design / "electronics")
        shutil.copy(PROJECT / "designs" / "soil-sensor" / "LICENSE", design)
        (design / "part.py").write_text(DRAWS)
        git_examples.commit_all(design, "soil sensor", tag="v1.0.0")
        subprocess.run(["chown", "-R", f"{UID}:{UID}", str(home)], check=True)
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(PROJECT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "BRICKYARD_DATA": str(home / "data"),
            "BRICKYARD_GIT_LOCAL": "1",
        }
        python = python_for_all(home)

        def brickyard(*arguments: str) -> subprocess.CompletedProcess[str]:
            command = [*python, "-m", "registry.cli", *arguments]
            return subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, text=True, check=False)

        built = brickyard("submit", str(design), "--wait", "--json")
        assert built.returncode == 0, built.stdout + built.stderr
        report = json.loads(built.stdout)["build"]
        states = {target["builder"]: target["status"] for target in report["targets"]}
        assert states == {"kicad": "done", "cadquery": "done", "book": "done"}, report
        assert "import anew" not in built.stderr, "the warm process works for them too"
        packed = brickyard("bundle", "soil-sensor", "-o", str(home / "bundle.zip"))
        assert packed.returncode == 0, packed.stderr
        checked = brickyard("verify", str(home / "bundle.zip"))
        assert checked.returncode == 0 and "every size and sha256 is right" in checked.stdout, checked.stderr
        assert {path.stat().st_uid for path in (home / "data").rglob("*")} == {UID}
    finally:
        shutil.rmtree(home, ignore_errors=True)
