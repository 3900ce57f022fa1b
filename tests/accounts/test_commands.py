"""Commands of accounts."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from registry.accounts import queries
from registry.cli import main
from registry.settings import Settings
from registry.stores.stores import open_stores

PASSWORD = "clay lime and straw"


@pytest.fixture(autouse=True)
def environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRICKYARD_DATA", str(settings.data))
    monkeypatch.setenv("BRICKYARD_PUBLIC_URL", "https://hw.example.org/")
    monkeypatch.delenv("BRICKYARD_DATABASE_URL", raising=False)


def run(*arguments: str, text: str = "") -> Result:
    return CliRunner().invoke(main, list(arguments), input=text)


def test_accounts_from_the_command_line(settings: Settings) -> None:
    assert "No accounts yet" in run("account", "list").output
    assert run("account", "add", "ada", "--password-stdin", text=PASSWORD + "\n").output == "ada (steward)\n"
    asked = run("account", "add", "grace", "--json", text=f"{PASSWORD}\n{PASSWORD}\n")
    assert asked.exit_code == 0 and PASSWORD not in asked.output
    listed = json.loads(run("account", "list", "--json").output)
    assert [item["handle"] for item in listed["items"]] == ["ada", "grace"] and listed["total"] == 2
    token = run("account", "token", "grace").output.strip()
    link = run("account", "reset", "grace").output.strip()
    assert link.startswith("https://hw.example.org/reset/")
    stores = open_stores(settings)
    with stores.db.reading() as session:
        found = queries.account_of_token(session, token)
        assert found and found[0].handle == "grace"
    stores.close()


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(("add", "Ada L"), 2), (("add", "admin"), 2), (("token", "nobody-here"), 1), (("reset", "nobody-here"), 1)],
)
def test_faults_are_one_line(arguments: tuple[str, ...], status: int) -> None:
    done = run("account", *arguments, *(["--password-stdin"] if arguments[0] == "add" else []), text=PASSWORD + "\n")
    assert done.exit_code == status
    assert done.stderr.startswith("brickyard: ") and done.stderr.count("\n") == 1
