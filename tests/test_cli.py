"""The command line: help, exit codes, and faults told in one line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from registry.cli import main
from registry.settings import PROJECT

COMMANDS = ["serve", "worker", "submit", "build", "bundle", "verify", "search", "designs", "doctor", "demo"]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"BRICKYARD_DATA": str(tmp_path / "data"), "BRICKYARD_DATABASE_URL": "", "BRICKYARD_GIT_LOCAL": ""}


def call(env: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), env=env)


def told(done: Result, code: int) -> str:
    """The one line on standard error of a command that failed."""
    assert done.exit_code == code, done.output
    assert "Traceback" not in done.output and done.stdout == ""
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("brickyard: "), done.stderr
    return done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    done = CliRunner().invoke(main, [command, "--help"])
    assert done.exit_code == 0 and done.output.startswith("Usage: ") and len(done.output.splitlines()) > 4


def test_the_list_of_commands_and_the_version() -> None:
    done = CliRunner().invoke(main, ["--help"])
    assert done.exit_code == 0 and all(f"\n  {command}" in done.output for command in COMMANDS)
    assert CliRunner().invoke(main, ["--version"]).output.strip().count(".") == 2


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["submit"], ["build"], ["serve", "--port", "x"], ["serve", "--port", "70000"], ["serve", "--host", "300.1.1.1"], ["search", "x", "--kind", "banana"], ["verify", "/nonexistent"],  # noqa: E501
     ["designs", "--page", "0"], ["search"], ["submit", "a", "b"], ["build", "x", "--nonsense"]],
)  # fmt: skip
def test_wrong_use_ends_with_2(arguments: list[str], env: dict[str, str]) -> None:
    done = call(env, *arguments)
    assert done.exit_code == 2 and done.stderr.startswith("brickyard: ") and done.stderr.count("\n") == 1, done.stderr


@pytest.mark.parametrize(
    "url",
    ["ext::sh -c touch% /tmp/x", "file:///etc", "/etc", "--upload-pack=x", "https://user:secret@example.org/x.git",
     "http://127.0.0.1/x.git", "nonsense", "https://example.org/" + "x" * 3000, "https://example.org/a\nb"],
)  # fmt: skip
def test_an_address_that_is_not_taken_ends_with_2(url: str, env: dict[str, str]) -> None:
    assert "secret" not in told(call(env, "submit", "--", url), 2)


def test_unknown_designs_end_with_1(env: dict[str, str], tmp_path: Path) -> None:
    for arguments in (
        ["build", "nobody"],
        ["build", "nobody@v1", "--json"],
        ["bundle", "nobody", "-o", str(tmp_path / "b.zip")],
    ):
        assert "nobody" in told(call(env, *arguments), 1)
    assert not (tmp_path / "b.zip").exists()


def test_empty_lists(env: dict[str, str]) -> None:
    for arguments in (["designs", "--json"], ["search", "brick", "--json"]):
        done = call(env, *arguments)
        assert done.exit_code == 0 and json.loads(done.stdout) == {"items": [], "total": 0, "next": None}
    assert "No designs here yet" in call(env, "designs").stdout


@pytest.mark.parametrize(
    ("name", "value"),
    [("BRICKYARD_DATABASE_URL", "mysql://x"), ("BRICKYARD_GIT_LOCAL", "perhaps"), ("BRICKYARD_WORKER_SLOTS", "many"),
     ("BRICKYARD_PUBLIC_URL", "ftp://x")],
)  # fmt: skip
def test_settings_that_make_no_sense_end_with_2(name: str, value: str, env: dict[str, str]) -> None:
    assert name in told(call({**env, name: value}, "designs"), 2)


def test_a_database_that_is_not_there_is_one_line(env: dict[str, str]) -> None:
    url = "postgresql://nobody@127.0.0.1:9/none?connect_timeout=2"
    assert "database" in told(call({**env, "BRICKYARD_DATABASE_URL": url}, "designs"), 1).lower()


def test_a_data_folder_that_is_a_file_is_one_line(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")
    assert str(tmp_path / "data") in told(call(env, "designs"), 1)


def test_a_data_folder_without_permission_is_one_line(env: dict[str, str], tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o755)
    code = "import os; os.getuid() or (os.setgid(65534), os.setuid(65534)); from registry.cli import main; main(['designs'])"  # noqa: E501
    if os.getuid() != 0:
        closed.chmod(0o555)
    done = subprocess.run(
        [sys.executable, "-c", f"import registry.cli, registry.migrations, sqlite3; {code}"],
        cwd=PROJECT, env={**os.environ, **env, "BRICKYARD_DATA": str(closed / "data")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("brickyard: ") and "Permission denied" in done.stderr
