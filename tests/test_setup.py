"""Set-up: the locks, the scripts, and what they do on machines without root, without apt or without network."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-test.lock", "requirements-build.lock")
FREE_LICENCES = {"0BSD", "Apache-2.0", "BSD-3-Clause", "ISC", "MIT", "MPL-2.0", "OFL-1.1"}


def locked(name: str) -> dict[str, tuple[str, int]]:
    """Package -> the exact requirement and how many hashes it has."""
    text = (PROJECT / name).read_text().replace("\\\n", " ")
    found: dict[str, tuple[str, int]] = {}
    for line in text.splitlines():
        requirement, *hashes = line.split("--hash=")
        package = canonicalize_name(Requirement(requirement.strip()).name)
        exact = f"{found[package][0]} | {requirement.strip()}" if package in found else requirement.strip()
        found[package] = (exact, len(hashes))
    return found


def declared(*extras: str) -> set[str]:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    lines = project["dependencies"] + [line for extra in extras for line in project["optional-dependencies"][extra]]
    return {canonicalize_name(Requirement(line).name) for line in lines}


@pytest.mark.parametrize("name", LOCKS)
def test_python_locks_are_exact_hashed_and_without_addresses(name: str) -> None:
    assert "://" not in (PROJECT / name).read_text()
    packages = locked(name)
    assert packages
    for requirement, hashes in packages.values():
        assert "==" in requirement and hashes >= 1, requirement


def test_locks_hold_what_the_project_declares() -> None:
    runtime, test = locked("requirements.lock"), locked("requirements-test.lock")
    assert declared() <= set(runtime)
    assert declared("test") <= set(test)
    assert {name: test[name][0] for name in runtime} == {name: entry[0] for name, entry in runtime.items()}
    assert "wxpython" not in test  # no wheel for Linux; Debian's is used


def test_installed_packages_are_the_locked_ones() -> None:
    for package in ("flask", "cadquery", "weasyprint", "sqlmodel", "huey", "pytest"):
        assert f"{package}=={metadata.version(package)}" in locked("requirements-test.lock")[package][0]


def test_front_end_lock_is_exact_hashed_free_and_without_addresses() -> None:
    text = (PROJECT / "package-lock.json").read_text()
    assert "resolved" not in text and "://" not in re.sub(r'"(url|funding)": "[^"]*"', "", text)
    packages = {name: entry for name, entry in json.loads(text)["packages"].items() if name}
    wanted = json.loads((PROJECT / "package.json").read_text())
    for name in wanted["dependencies"] | wanted["devDependencies"]:
        assert f"node_modules/{name}" in packages
    for name, entry in packages.items():
        assert entry["integrity"].startswith("sha512-"), name
        assert entry["license"] in FREE_LICENCES, name


def test_scripts_name_no_host() -> None:
    for path in [*(PROJECT / "script").iterdir(), PROJECT / ".ci/run", PROJECT / ".npmrc", PROJECT / "pyproject.toml"]:
        addresses = re.findall(r"https?://[^\s\"'`]+", path.read_text())
        assert [address for address in addresses if not address.startswith("http://127.0.0.1")] == [], path


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash")
def test_scripts_are_executable_and_parse() -> None:
    for path in [*(PROJECT / "script").iterdir(), PROJECT / ".ci/run"]:
        assert os.access(path, os.X_OK), path
        if b"bash" in path.read_bytes().splitlines()[0]:
            subprocess.run(["bash", "-n", path], check=True)


# ---- Debian's backports, from the machine's own sources --------------------------------------------------------------

ARCHIVE = "http://mirror.example/debian"
DEB822 = f"""Types: deb deb-src
# a comment
URIs: {ARCHIVE}
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
"""
OTHER_VENDOR = "deb [signed-by=/etc/vendor.gpg] http://vendor.example/apt bookworm main\n"


def backports(folder: Path, files: dict[str, str], suite: str = "bookworm") -> subprocess.CompletedProcess[str]:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    command = [sys.executable, PROJECT / "script/backports-source", suite, folder]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize(
    "files",
    [
        {"sources.list.d/debian.sources": DEB822},
        {"sources.list": f"deb {ARCHIVE} bookworm main contrib # the archive\ndeb-src {ARCHIVE} bookworm main\n"},
        {"sources.list.d/a-vendor.list": OTHER_VENDOR, "sources.list.d/debian.sources": DEB822},
        {"sources.list": f"deb [arch=amd64] {ARCHIVE}/ bookworm main\n", "sources.list.d/z.list": OTHER_VENDOR},
    ],
)
def test_backports_come_from_the_archive_that_the_machine_uses(tmp_path: Path, files: dict[str, str]) -> None:
    done = backports(tmp_path, files)
    assert done.returncode == 0, done.stderr
    fields = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert fields["URIs"].rstrip("/") == ARCHIVE
    assert (fields["Types"], fields["Suites"], fields["Components"]) == ("deb", "bookworm-backports", "main")
    assert fields.get("Signed-By", "") in ("", "/usr/share/keyrings/debian-archive-keyring.gpg")


def test_backports_that_are_there_already(tmp_path: Path) -> None:
    text = DEB822.replace("bookworm-updates", "bookworm-updates bookworm-backports")
    assert backports(tmp_path, {"sources.list.d/debian.sources": text}).returncode == 3


@pytest.mark.parametrize("text", ["", DEB822.replace("Types: deb", "Enabled: no\nTypes: deb"), "# nothing\n"])
def test_no_source_of_the_suite(tmp_path: Path, text: str) -> None:
    done = backports(tmp_path, {"sources.list.d/debian.sources": text})
    assert (done.returncode, done.stdout) == (1, "")


def test_an_embedded_key_goes_along(tmp_path: Path) -> None:
    key = "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF\n -----END PGP PUBLIC KEY BLOCK-----"
    text = DEB822.replace("Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg", key)
    assert key in backports(tmp_path, {"sources.list.d/debian.sources": text}).stdout


# ---- script/bootstrap on other machines: its Debian part, with stand-ins for the machine's programs ------------------

TOOLS = (
    "awk basename bash cat cksum date dirname env find flock grep head id mkdir mktemp rm sed seq sh sleep sort tail "
    "tee touch tr wc"
).split()
NOTHING_INSTALLED = "exit 1"


class Machine:
    """A copy of the scripts, and a PATH that holds only what the test puts there."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "brickyard"
        self.bin = folder / "bin"
        self.bin.mkdir()
        shutil.copytree(PROJECT / "script", self.project / "script")
        for name in TOOLS:
            if path := shutil.which(name):
                (self.bin / name).symlink_to(path)

    def program(self, name: str, script: str) -> None:
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def bootstrap(self) -> subprocess.CompletedProcess[str]:
        command = [self.bin / "bash", self.project / "script/bootstrap", "debian"]
        return subprocess.run(command, env={"PATH": str(self.bin)}, capture_output=True, text=True, timeout=60)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_without_apt_the_programs_are_named(machine: Machine) -> None:
    done = machine.bootstrap()
    assert done.returncode == 0, done.stderr
    assert "no apt" in done.stderr
    for name in ("kicad-cli", "Xvfb", "bwrap", "openscad", "npm"):
        assert name in done.stderr


def test_without_root_the_packages_are_named_and_nothing_is_run(machine: Machine) -> None:
    machine.program("id", "echo 1000")
    machine.program("dpkg-query", NOTHING_INSTALLED)
    machine.program("apt-get", f"touch {machine.project}/ran")
    done = machine.bootstrap()
    assert done.returncode == 0, done.stderr
    command = next(line for line in done.stderr.splitlines() if "apt-get install" in line)
    for name in ("kicad", "kicad-symbols", "kicad-footprints", "xvfb", "bubblewrap", "libpango-1.0-0", "nodejs"):
        assert f" {name}" in command
    assert "--no-install-recommends" in command
    assert not (machine.project / "ran").exists()


def test_sudo_that_asks_for_a_password_counts_as_none(machine: Machine) -> None:
    machine.program("id", "echo 1000")
    machine.program("sudo", "exit 1")
    machine.program("dpkg-query", NOTHING_INSTALLED)
    machine.program("apt-get", f"touch {machine.project}/ran")
    done = machine.bootstrap()
    assert done.returncode == 0
    assert "takes root" in done.stderr
    assert not (machine.project / "ran").exists()


@pytest.fixture
def offline(machine: Machine) -> Machine:
    """A machine whose apt-get fails, and counts how often it was asked."""
    machine.program("id", "echo 0")
    machine.program("dpkg-query", NOTHING_INSTALLED)
    machine.program("apt-cache", "echo '  Candidate: 9.0.8-1'")
    machine.program("apt-get", f'echo "$@" >> {machine.project}/asked; exit 100')
    return machine


def test_apt_that_fails_is_not_fatal_and_not_asked_again_at_once(offline: Machine) -> None:
    first = offline.bootstrap()
    assert first.returncode == 0, first.stderr
    assert "Going on without" in first.stderr and "kicad" in first.stderr
    asked = (offline.project / "asked").read_text()
    assert "DPkg::Lock::Timeout=300" in asked
    second = offline.bootstrap()
    assert second.returncode == 0
    assert "within the last hour" in second.stderr
    assert (offline.project / "asked").read_text() == asked


def test_one_package_that_fails_does_not_take_the_others_along(offline: Machine) -> None:
    assert offline.bootstrap().returncode == 0
    asked = (offline.project / "asked").read_text().splitlines()
    assert any(line.endswith("--no-install-recommends bubblewrap") for line in asked)
    assert any(line.endswith("--no-install-recommends kicad") for line in asked)


def test_only_missing_packages_are_installed_and_an_old_kicad_counts_as_missing(offline: Machine) -> None:
    installed = 'for p in "$@"; do case $p in bubblewrap) ;; -*|*{*) ;; *) printf "%s=installed " "$p";; esac; done'
    offline.program("dpkg-query", f'case "$2" in *Version*) echo 7.0.1 ;; *) shift 2; {installed} ;; esac')
    offline.program("npm", "true")
    assert offline.bootstrap().returncode == 0
    together = next(line for line in (offline.project / "asked").read_text().splitlines() if " install " in line)
    names = together.split("--no-install-recommends ")[1].split()
    assert names == ["kicad", "kicad-symbols", "kicad-footprints", "bubblewrap"]


def test_nothing_missing_is_quick_and_silent(offline: Machine) -> None:
    offline.program(
        "dpkg-query",
        'case "$2" in *Version*) echo 9.0.8 ;; *) shift 2; for p in "$@"; do printf "%s=installed " "$p"; done ;; esac',
    )
    offline.program("npm", "true")
    done = offline.bootstrap()
    assert (done.returncode, done.stderr) == (0, "")
    assert not (offline.project / "asked").exists()


# ---- The house's import rules can fail -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "line", "broken"),
    [
        ("registry/accounts/planted.py", "import registry.designs.schemas", "Features see only"),
        ("registry/stores/planted.py", "import registry.web.paging", "Features see only"),
        ("registry/designs/schemas.py", "import registry.designs.tables", "Inside a feature"),
        ("builders/planted.py", "import registry.limits", "Builders know nothing"),
        ("registry/web/planted.py", "import builders.programs", "Builders are seen by builds"),
        ("builders/planted.py", "import pcbnew", "Programs under the GPL"),
        ("registry/builds/planted.py", "import git", "Only the stores use GitPython"),
    ],
)
def test_an_import_that_points_up_is_found(tmp_path: Path, path: str, line: str, broken: str) -> None:
    for package in ("registry", "builders"):
        shutil.copytree(PROJECT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "static"))
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    with (tmp_path / path).open("a") as file:
        file.write(f"\n{line}\n")
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=tmp_path, capture_output=True, text=True,
                          env={"PATH": os.environ["PATH"], "COLUMNS": "200", "PYTHONPATH": str(tmp_path)})  # fmt: skip
    assert done.returncode != 0, done.stdout
    assert re.search(rf"{broken}.*BROKEN", done.stdout), done.stdout
