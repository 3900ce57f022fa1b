"""A loan by page, JSON and command, as its people use it; and what they are told of it."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from lending_support import World, open_world
from loan_support import days_pass, funded, out, pay_out, repay, treasurers
from sqlmodel import select
from web_support import bearer, log_in, make_token, send, sign_up

from app import create_app
from registry.accounts.tables import Account
from registry.cli import main
from registry.lending.loans.tables import LoanSale
from registry.notices import collecting, lending_sources, loan_sources
from registry.notices.tables import Notice
from registry.stores.stores import Stores


@pytest.fixture
def world(sqlite_stores: Stores) -> World:
    world = open_world(sqlite_stores)
    treasurers(world)
    return world


@pytest.fixture
def app(world: World) -> Flask:
    """Everybody of the small world can log in, with one password."""
    app = create_app(stores=world.stores)
    assert sign_up(app.test_client(), "somebody").status_code == 303
    with world.stores.db.transaction() as session:
        known = session.exec(select(Account).where(Account.handle == "somebody")).one().password_hash
        for account in session.exec(select(Account)):
            account.password_hash = known
    return app


def client_of(app: Flask, handle: str) -> FlaskClient:
    client = app.test_client()
    assert log_in(client, handle).status_code == 303
    return client


def test_a_loan_by_page(world: World, app: Flask) -> None:
    number = out(world)
    page = f"/lending/{number}/loan"
    anyone, olga, lea = app.test_client(), client_of(app, "olga"), client_of(app, "lea")
    shown = anyone.get(page)
    assert shown.status_code == 200 and shown.text.count("<h1") == 1 and "No sale is recorded yet." in shown.text
    assert anyone.get("/lending/99/loan").status_code == 404 and anyone.get(f"{page}/book/nothing").status_code == 404
    assert 'action="' + page + '/sales"' not in shown.text and "lea" not in shown.text
    sale = {"price": "26.00", "sold_on": str(world.today()), "key": "a"}
    assert send(lea, f"{page}/sales", "/account", **sale).status_code == 403
    for _ in range(2):
        assert send(olga, f"{page}/sales", page, **sale).status_code == 303
    for wrong in ("-1", "0", "1e9", "NaN", "1.005", "", "1" * 20):
        refused = send(olga, f"{page}/sales", page, **(sale | {"price": wrong, "key": "b"}))
        assert refused.status_code == 422 and f'value="{wrong}"' in refused.text
    assert send(olga, f"{page}/sales", page, **(sale | {"price": "27.00"})).status_code == 409
    shown = anyone.get(page)
    assert "Taken in for units" in shown.text and "26.00\u00a0EUR" in shown.text
    told = anyone.get(f"{page}/book/sales")
    assert told.status_code == 200 and "−26.00" in told.text and "Sold: for the lenders" in told.text
    repay(world, number, 20_300)
    shown = olga.get(page)
    assert "3.00\u00a0EUR was paid above what is owed" in shown.text and "Give it" in shown.text
    assert send(olga, f"{page}/excess", page, amount="1.00", why="For the design", key="x").status_code == 303
    assert "2.00\u00a0EUR was paid above" in anyone.get(page).text
    books = re.findall(rf'href="({page}/book/[a-z-]+)', anyone.get(page).text)
    assert {anyone.get(book).status_code for book in set(books)} == {200}
    people = anyone.get(f"{page}/book/debt").text
    assert "person/" not in people


def test_goods_and_decisions_by_page(world: World, app: Flask) -> None:
    number = out(world, repayment_months=1)
    page = f"/lending/{number}/loan"
    olga, lea, luc, tom = (client_of(app, who) for who in ("olga", "lea", "luc", "tom"))
    assert "Ask for units" in lea.get(page).text and "Ask for units" not in olga.get(page).text
    assert send(lea, f"{page}/goods", page, units="1", words="For the <garden>").status_code == 303
    wrong = send(lea, f"{page}/goods", page, units="9")
    assert wrong.status_code == 409 and "That is 3 at most" in wrong.text and 'value="9"' in wrong.text
    assert "For the &lt;garden&gt;" in olga.get(page).text and "garden" not in luc.get(page).text
    assert send(luc, f"{page}/goods/1", "/account", action="agree").status_code == 404
    assert send(olga, f"{page}/goods/1", page, action="agree").status_code == 303
    assert send(lea, f"{page}/goods/1", page, action="receive").status_code == 303
    assert "1 unit</strong> was taken so far" in luc.get(page).text
    assert send(tom, f"{page}/decide", "/account", action="write off", why="Too soon").status_code == 409
    days_pass(world, number, 31 + 20)
    assert "The loan is in arrears: 180.00\u00a0EUR" in luc.get(page).text
    late = out(world, repayment_months=1)
    page = f"/lending/{late}/loan"
    days_pass(world, late, 31 + 200)
    assert "The loan is in default" in luc.get(page).text and "Write it off" in tom.get(page).text
    assert send(olga, f"{page}/decide", "/account", action="write off", why="We can't").status_code == 403
    assert send(tom, f"{page}/decide", page, action="write off", why="They can't").status_code == 303
    shown = luc.get(page).text
    assert "200.00\u00a0EUR is written off" in shown and "They can&#39;t" in shown


def test_by_json_and_command(world: World, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    number = out(world)
    here = f"/api/v1/lending/campaigns/{number}/loan"
    olga, lea = client_of(app, "olga"), client_of(app, "lea")
    anyone = app.test_client()
    found = anyone.get(here).json
    assert found["state"] == "disbursed" and found["debt"] == {"amount_minor": 20_000, "book": "debt"}
    assert anyone.post(f"{here}/sales", json={}).status_code in (401, 422)
    headers = bearer(make_token(olga))
    sale = {"price_minor": 2_600, "sold_on": str(world.today()), "key": "a"}
    for amount in (-1, 0, 10**13, 1.5, "12"):
        assert anyone.post(f"{here}/sales", json=sale | {"price_minor": amount}, headers=headers).status_code == 422
    for _ in range(2):
        made = anyone.post(f"{here}/sales", json=sale, headers=headers)
        assert made.status_code == 201 and made.json["sales"]["units"] == 1
    lines = anyone.get(f"{here}/book/promised").json["lines"]
    assert [line["amount_minor"] for line in lines] == [2_000]
    asked = anyone.post(f"{here}/goods", json={"units": 1}, headers=bearer(make_token(lea)))
    assert asked.status_code == 201 and asked.json["goods"][0]["actions"] == ["call off"]
    runner = CliRunner()
    monkeypatch.setenv("BRICKYARD_DATA", str(world.stores.settings.data))
    monkeypatch.setenv("BRICKYARD_DATABASE_URL", world.stores.settings.database_url)

    def run(*arguments: str) -> str:
        done = runner.invoke(main, ["loan", *arguments])
        assert done.exit_code == 0, done.output
        return done.output

    assert "goods 1: 1 units for lea, agreed" in run("answer", str(number), "1", "agree", "--as", "olga")
    told = json.loads(run("answer", str(number), "1", "receive", "--as", "lea", "--json"))
    assert (told["goods_minor"], told["debt"]["amount_minor"]) == (2_000, 18_000)
    assert "2 units sold" in run("sell", str(number), "27.00", "--on", str(world.today()), "--as", "olga")
    assert "-18000" not in run("book", str(number), "debt") and "-180.00" in run("book", str(number), "debt")
    assert "Nothing is due." in run("look") and "Loan 1 for bench v1.0" in run("show", str(number))
    assert runner.invoke(main, ["loan", "write-off", str(number), "--why", "x", "--as", "tom"]).exit_code != 0
    with world.stores.db.reading() as session:
        assert len(session.exec(select(LoanSale)).all()) == 2


def test_lenders_and_the_workshop_are_told(world: World) -> None:
    lending_sources.install()
    collecting.collect(world.stores)
    number = funded(world)
    for stage in ("materials", "made", "shipped"):
        pay_out(world, number, stage)
    repay(world, number, 20_000)
    collecting.collect(world.stores)
    with world.stores.db.reading() as session:
        rows = session.exec(select(Notice).order_by(Notice.id)).all()  # type: ignore[arg-type]
    mine = [row.title for row in rows if row.account_id == world.people["lea"] and row.kind == "loans"]
    assert mine[1:] == [
        "The loan for Garden bench v1.0 is funded", "Money for the materials of Garden bench v1.0 is paid out",
        "Money for Garden bench v1.0, made by now, is paid out", "The last money for Garden bench v1.0 is paid out",
        "The loan for Garden bench v1.0 is being paid back", "The loan for Garden bench v1.0 is paid back in full",
    ]  # fmt: skip
    assert sum(row.link == f"/lending/{number}/loan" for row in rows if row.account_id == world.people["olga"]) == 6
    assert not [row for row in rows if row.kind == "loans" and row.account_id == world.people["ada"]]


def test_both_sides_hear_of_units_in_place_of_money() -> None:
    told = loan_sources.of_goods("ask", "lea", "1 unit", "Bench", "North", "lea", "For the\ngarden")
    assert [one.audience for one in told] == ["lender", "shop"] and told[1].text == "In their words: For the garden"
    assert told[1].title == "lea asks for 1 unit of Bench in place of money"
    refused = loan_sources.of_goods("refuse", "lea", "1 unit", "Bench", "North", "North", "")
    assert refused[0].title == "North refuses 1 unit of Bench in place of money"
