"""The bank's policy on an instance: who changed it, when, why; by page, JSON and command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from web_support import bearer

from registry.accounts import service as accounts
from registry.cli import main
from registry.errors import Conflict, Forbidden, Invalid
from registry.lending import queries, service
from registry.lending.policy import parse, shipped_text, write
from registry.lending.schemas import PolicyView, PolicyWish
from registry.stores.stores import Stores

SMALL = "pledge_minor_min = 1000 "


def lowered(to: int = 500) -> str:
    return shipped_text().replace(SMALL, f"pledge_minor_min = {to} ")


def steward(stores: Stores) -> int:
    with stores.db.reading() as session:
        from registry.accounts.queries import find_account

        account = find_account(session, "sue")
        if account is not None and account.id is not None:
            return account.id
    accounts.sign_up(stores, "sue", "clay lime and straw")
    accounts.sign_up(stores, "bob", "clay lime and straw")
    return steward(stores)


def read(stores: Stores) -> PolicyView:
    with stores.db.reading() as session:
        return queries.get_policy(session)


def test_changes_are_kept_with_who_when_and_why(stores: Stores) -> None:
    sue = steward(stores)
    assert (read(stores).number, read(stores).changes, read(stores).text) == (0, [], shipped_text())
    assert service.change_policy(stores, sue, PolicyWish(text=lowered(), why=" Small gifts count too ")) == 1
    assert service.change_policy(stores, sue, PolicyWish(text=write(parse(shipped_text())), why="Too many")) == 2
    found = read(stores)
    assert [(row.number, row.by, row.why) for row in found.changes] == [
        (2, "sue", "Too many"), (1, "sue", "Small gifts count too"),
    ]  # fmt: skip
    assert found.changes[1].differences == ["caps.pledge_minor_min: 1000, now 500"]
    assert found.changes[0].differences == ["caps.pledge_minor_min: 500, now 1000"]


def test_wrong_changes_leave_the_policy_as_it_is(stores: Stores) -> None:
    sue = steward(stores)
    with pytest.raises(Invalid, match="for a reason"):
        service.change_policy(stores, sue, PolicyWish(text=lowered(), why="  "))
    with pytest.raises(Invalid, match="for a reason"):
        service.change_policy(stores, sue, PolicyWish(text=lowered(), why="a\nb"))
    with pytest.raises(Invalid, match=r"Line \d+: caps.pledge_minor_min"):
        service.change_policy(stores, sue, PolicyWish(text=lowered(-1), why="x"))
    with pytest.raises(Forbidden):
        service.change_policy(stores, sue + 1, PolicyWish(text=lowered(), why="x"))
    with pytest.raises(Conflict, match="holds already"):
        service.change_policy(stores, sue, PolicyWish(text=shipped_text(), why="x"))
    assert read(stores).number == 0
    service.change_policy(stores, sue, PolicyWish(text=lowered(), why="x"))
    with pytest.raises(Conflict, match="holds already"):
        service.change_policy(stores, sue, PolicyWish(text=write(parse(lowered())), why="Other words, same rules"))


def test_nobody_rewrites_the_past(stores: Stores) -> None:
    service.change_policy(stores, steward(stores), PolicyWish(text=lowered(), why="x"))
    attempts = ["UPDATE lending_policy SET why = 'y'", "DELETE FROM lending_policy"]
    if stores.db.on_sqlite:
        attempts.append("INSERT OR REPLACE INTO lending_policy SELECT * FROM lending_policy")
    else:
        attempts.append("TRUNCATE lending_policy")
    for attempt in attempts:
        with pytest.raises(DBAPIError), stores.db.transaction() as session:
            session.execute(text(attempt))
    assert read(stores).changes[0].why == "x"


def test_by_page_and_json(app: Flask, stores: Stores) -> None:
    steward(stores)
    client = app.test_client()
    sue, bob = (bearer(accounts.make_token_for(stores, handle, "test").secret) for handle in ("sue", "bob"))
    wish = {"text": lowered(), "why": "Small <gifts> count too"}
    assert client.post("/api/v1/lending/policy", json=wish).status_code == 401
    assert client.post("/api/v1/lending/policy", json=wish, headers=bob).status_code == 403
    assert client.post("/api/v1/lending/policy", json=wish | {"text": "x = "}, headers=sue).status_code == 422
    made = client.post("/api/v1/lending/policy", json=wish, headers=sue)
    assert made.status_code == 201 and made.json["number"] == 1
    assert client.post("/api/v1/lending/policy", json=wish, headers=sue).status_code == 409
    assert client.get("/api/v1/lending/policy").json == made.json
    page = client.get("/lending/policy")
    assert page.status_code == 200 and "Small &lt;gifts&gt; count too" in page.text and page.text.count("<h1") == 1
    assert "A pledge is 5.00 EUR or more" in page.text
    file = client.get("/lending/policy.toml")
    assert file.text == lowered() and "attachment" in file.headers["Content-Disposition"]


def test_by_command(sqlite_stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steward(sqlite_stores)
    monkeypatch.setenv("BRICKYARD_DATA", str(sqlite_stores.settings.data))
    monkeypatch.delenv("BRICKYARD_DATABASE_URL", raising=False)
    runner, file = CliRunner(), tmp_path / "policy.toml"
    said = runner.invoke(main, ["bank", "explain"])
    assert said.exit_code == 0 and "nobody has changed it" in said.output
    assert runner.invoke(main, ["bank", "export", "-o", str(file)]).exit_code == 0
    assert file.read_text() == shipped_text()
    file.write_text(lowered())
    assert runner.invoke(main, ["bank", "import", str(file), "--as", "bob", "--why", "x"]).exit_code != 0
    assert runner.invoke(main, ["bank", "import", str(file), "--as", "nobody-here", "--why", "x"]).exit_code != 0
    done = runner.invoke(main, ["bank", "import", "-", "--as", "sue", "--why", "Small gifts"], input=lowered())
    assert done.exit_code == 0, done.output
    assert "caps.pledge_minor_min: 1000, now 500" in done.output
    told = json.loads(runner.invoke(main, ["bank", "explain", "--json"]).output)
    assert (told["number"], told["changes"][0]["why"], told["changes"][0]["by"]) == (1, "Small gifts", "sue")
    assert runner.invoke(main, ["bank", "export"]).output == lowered()
    file.write_bytes(b"\xff\xfe")
    assert "UTF-8" in runner.invoke(main, ["bank", "import", str(file), "--as", "sue", "--why", "x"]).output
    file.write_bytes(b"#" * 70_000)
    assert "64 KiB" in runner.invoke(main, ["bank", "import", str(file), "--as", "sue", "--why", "x"]).output
