"""The doctor on the machine at hand, and on machines that lack something."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest

from registry import doctor
from registry.doctor import ToolReport, inspect, render_text
from registry.settings import Settings, read_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings({"BRICKYARD_DATA": str(tmp_path / "data")})


def by_name(reports: list[ToolReport]) -> dict[str, ToolReport]:
    return {report.name: report for report in reports}


def program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_versions_are_those_of_the_tools(settings: Settings) -> None:
    reports = by_name(inspect(settings))
    told = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout.split()[2]
    assert (reports["git"].status, reports["git"].version) == ("ok", told)
    assert reports["Python"].ok
    assert reports["database"].detail.startswith("SQLite at ")
    assert reports["CadQuery"].version.startswith("2.")


def test_is_quick_and_leaves_the_heavy_packages_alone() -> None:
    probe = (
        "import sys; from registry.doctor import inspect; from registry.settings import read_settings; "
        "inspect(read_settings({})); "
        "print([name for name in ('cadquery', 'OCP', 'weasyprint', 'trimesh') if name in sys.modules])"
    )
    start = time.monotonic()
    done = subprocess.run([doctor.sys.executable, "-c", probe], capture_output=True, text=True, cwd=doctor.PROJECT)
    seconds = time.monotonic() - start
    assert done.stdout.strip() == "[]", done.stderr
    assert (
        seconds < 15
    )  # 1.5 s on an idle machine; a busy one may take its time, an import of CAD would still show above


def test_every_tool_has_a_cost_and_a_remedy(settings: Settings) -> None:
    reports = inspect(settings)
    assert len({report.name for report in reports}) == len(reports) >= 20
    for report in reports:
        assert report.costs.endswith("."), report
        assert report.remedy.endswith("."), report
    assert json.loads(json.dumps([report.as_dict() for report in reports]))[0]["name"] == "Python"


def test_a_bare_machine(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(doctor, "KICAD_SHARE", tmp_path / "share")
    monkeypatch.setattr(doctor, "SYSTEM_PYTHON", tmp_path / "python3")
    reports = inspect(settings)
    found = by_name(reports)
    for name in (
        "git",
        "kicad-cli",
        "pcbnew",
        "KiCad symbols",
        "KiCad's Python modules",
        "Xvfb",
        "bubblewrap",
        "OpenSCAD",
    ):
        assert found[name].status == "missing", name
    text = render_text(reports)
    assert "Boards are not built" in text
    assert "Debian package kicad;" in text
    assert "Debian package bubblewrap;" in text


def test_an_old_kicad(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin", "kicad-cli", "echo 7.0.11")
    program(tmp_path / "bin", "git", "echo git version 2.30.2")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    found = by_name(inspect(settings))
    assert (found["kicad-cli"].status, found["kicad-cli"].version) == ("old", "7.0.11")
    assert found["git"].status == "old"


def test_a_sandbox_that_does_not_work(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(
        tmp_path / "bin",
        "bwrap",
        '[ "$1" = --version ] && echo bubblewrap 0.8.0 && exit; echo no namespaces here; exit 1',
    )
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    report = by_name(inspect(settings))["bubblewrap"]
    assert report.status == "broken"
    assert "no namespaces here" in report.detail


def test_a_tool_that_hangs(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin", "openscad", "exec /bin/sleep 60")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(doctor, "TOOL_TIMEOUT_S", 0.5)
    assert by_name(inspect(settings))["OpenSCAD"].status == "broken"


def test_no_password_is_told() -> None:
    url = "postgresql://keeper:hunter2@db.example/bricks"
    reports = inspect(read_settings({"BRICKYARD_DATABASE_URL": url}))
    assert by_name(reports)["database"].detail == "PostgreSQL at db.example, bricks"
    assert "hunter2" not in render_text(reports)


def test_data_that_cannot_be_written() -> None:
    report = by_name(inspect(read_settings({"BRICKYARD_DATA": "/dev/null/data"})))["disk"]
    assert report.status == "broken"
    assert "can't be written" in report.detail
