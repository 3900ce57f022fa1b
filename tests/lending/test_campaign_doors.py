"""Campaigns and pledges by page, JSON and command: one service behind all three."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from lending_support import IBAN, World, open_world
from web_support import bearer, form_token

from app import create_app
from registry.accounts import service as accounts
from registry.accounts.pages import COOKIE
from registry.cli import main
from registry.stores.stores import Stores


@pytest.fixture
def world(sqlite_stores: Stores) -> World:
    return open_world(sqlite_stores)


@pytest.fixture
def site(world: World) -> Flask:
    return create_app(stores=world.stores)


def browser(world: World, site: Flask, who: str = "") -> FlaskClient:
    client = site.test_client()
    if who:
        client.set_cookie(COOKIE, accounts.start_session(world.stores, world.people[who]).secret)
    return client


def fields(page: str) -> dict[str, str]:
    """What a form's inputs hold, as a browser would send them."""
    found = dict(re.findall(r'<input id="f-[\w-]+" name="([\w-]+)"[^>]*? value="([^"]*)"', page))
    found |= dict(re.findall(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"', page))
    return found | dict(re.findall(r'<input type="radio" name="([\w-]+)" value="([^"]*)"[^>]* checked', page))


def test_a_campaign_is_drafted_opened_and_pledged_to_in_a_browser(world: World, site: Flask) -> None:
    batch = world.batch()
    olga, lea = browser(world, site, "olga"), browser(world, site, "lea")
    assert f"/lending/new?batch={batch}" in olga.get(f"/batches/{batch}").text
    assert f"/lending/new?batch={batch}" not in lea.get(f"/batches/{batch}").text
    form = fields(olga.get(f"/lending/new?batch={batch}").text)
    assert form["amount-1"] == "200.00" and form["units_funded"] == "10"
    form |= {"payee_iban": "DE00 1234", "deadline_on": world.today().isoformat(), "about": "Twice <as> many"}
    wrong = olga.post("/lending", data=form)
    assert wrong.status_code == 422 and "DE00 1234" in wrong.text and "Twice &lt;as&gt; many" in wrong.text
    form |= {"payee_iban": "DE89 3704 0044 0532 0130 00", "optimum": "250", "pledge_max": "200"}
    form |= {"words-2": "Oil", "amount-2": "1.005"}
    assert "EUR has 2 decimals" in olga.post("/lending", data=form).text
    form["amount-2"] = "50,00"
    kept = olga.post("/lending", data=form)
    assert kept.status_code == 303 and kept.location == "/lending/1"
    assert lea.get("/lending/1").status_code == 404 and "Garden bench" not in lea.get("/lending").text
    draft = olga.get("/lending/1").text
    assert "Before it opens" in draft and "250.00" in draft
    changed = fields(olga.get("/lending/1/edit").text)
    assert (changed["amount-2"], changed["payee_iban"], changed["tranche-made"]) == ("50.00", IBAN, "30")
    assert olga.post("/lending/1/edit", data=changed | {"units_funded": "8"}).status_code == 303
    secret = form_token(olga, "/lending/1")
    assert lea.post(
        "/lending/1/move", data={"csrf_token": form_token(lea, "/account"), "action": "open"}
    ).status_code in (403, 404)
    assert olga.post("/lending/1/move", data={"csrf_token": secret, "action": "open"}).status_code == 303
    for path in ("/lending", "/", "/designs/bench", "/commons/bench", f"/batches/{batch}", "/lending?state=open"):
        assert "/lending/1" in browser(world, site).get(path).text, path
    assert "/lending/1" not in lea.get("/lending?state=over").text

    pledge = fields(lea.get("/lending/1/pledge").text)
    refused = lea.post("/lending/1/pledges", data=pledge | {"amount": "20"})
    assert refused.status_code == 422 and "The terms are not accepted" in refused.text and 'value="20"' in refused.text
    for amount in ("-1", "0", "1e9", "NaN", "1.005", ""):
        assert lea.post("/lending/1/pledges", data=pledge | {"amount": amount, "accept": "yes"}).status_code == 422
    assert lea.post("/lending/1/pledges", data=pledge | {"amount": "9", "accept": "yes"}).status_code == 422
    made = lea.post("/lending/1/pledges", data=pledge | {"amount": "60", "accept": "yes", "named": "on"})
    again = lea.post("/lending/1/pledges", data=pledge | {"amount": "60", "accept": "yes", "named": "on"})
    assert made.status_code == 303 and made.location == again.location == "/lending/pledges/1"
    page = lea.get("/lending/pledges/1").text
    assert "DE89 3704 0044 0532 0130 00" in page and "<path" in page and world.row(1).reference in page
    assert world.terms(1).text.splitlines()[0] in page
    assert browser(world, site, "luc").get("/lending/pledges/1").status_code == 404
    assert browser(world, site).get("/lending/pledges/1").status_code == 401
    assert '1</span><span class="grow">lea' in lea.get("/lending/1").text

    choices = fields(page) | {"repay": "gift"}
    choices.pop("named", None)
    assert lea.post("/lending/pledges/1/choices", data=choices).status_code == 303
    assert world.row(1).repay == "gift" and not world.row(1).named
    assert "lea" not in browser(world, site).get("/lending/1").text
    world.pay(1)
    mine = lea.get("/lending/mine").text
    assert "60.00\u00a0EUR" in mine and "Lent" in mine
    assert "To be paid out" in mine
    assert lea.post("/lending/pledges/1/withdraw", data=fields(page)).status_code == 303
    assert world.row(1).state == "withdrawn" and world.balance("lea", 1, "due") == 6_000
    assert lea.get("/lending/pledges/1").text.count("<h1") == 1


def test_a_year_as_csv_and_page(world: World, site: Flask) -> None:
    with_formula = world.campaign()
    world.shift("design", 1, name="=cmd()")
    world.pay(world.pledge("lea", with_formula, 6_000))
    world.over(with_formula)
    lea = browser(world, site, "lea")
    year = world.today().year
    told = lea.get(f"/lending/mine/{year}.csv")
    rows = list(csv.DictReader(told.text.splitlines()))
    assert [(row["what"], row["amount"], row["currency"]) for row in rows] == [
        ("Lent", "60.00", "EUR"), ("Fell due to you", "60.00", "EUR"),
    ]  # fmt: skip
    assert {row["design"] for row in rows} == {"'=cmd()"}, "row 36: no cell is a formula"
    assert told.headers["Cache-Control"] == "private, no-store"
    assert "No money moved" in lea.get(f"/lending/mine?year={year - 1}").text
    assert browser(world, site).get(f"/lending/mine/{year}.csv").status_code == 401


def test_a_deadline_that_waits_for_its_statement_is_told_in_plain_words(world: World, site: Flask) -> None:
    number = world.campaign()
    mine = world.pledge("lea", number, 12_000)
    lea = browser(world, site, "lea")
    assert "What the bank booked by that day counts" in lea.get(f"/lending/{number}").text
    last = world.today() - dt.timedelta(days=1)
    over = dt.datetime.combine(world.today(), dt.time(), dt.UTC)
    world.shift("loan_campaign", number, deadline_on=last, deadline_at=over)
    page = lea.get(f"/lending/{number}").text
    assert "payments are being counted" in page and "being counted<br>" in page and "Make a pledge" not in page
    assert "don&#39;t pay it now" in page or "don't pay it now" in page
    own = lea.get(f"/lending/pledges/{mine}").text
    assert "Payments are being counted" in own and "As PDF" not in own
    assert lea.get(f"/lending/pledges/{mine}.pdf").status_code == 422
    assert "at most 5 days after the deadline" in world.terms(number).text
    shown = lea.get(f"/api/v1/lending/campaigns/{number}").get_json()
    assert shown["counting"] is True and shown["judged_by"] > shown["deadline_at"]


def test_papers(world: World, site: Flask) -> None:
    number = world.campaign()
    world.pledge("lea", number, 6_000)
    lea = browser(world, site, "lea")
    for path in ("/lending/pledges/1.pdf", f"/lending/mine/{world.today().year}.pdf"):
        paper = lea.get(path)
        if paper.status_code == 503:
            pytest.skip("papers can't be made here")
        assert paper.status_code == 200 and paper.data.startswith(b"%PDF"), path
        assert "no-store" in paper.headers["Cache-Control"]
    world.pay(1)
    assert lea.get("/lending/pledges/1.pdf").status_code == 422


def test_by_json(world: World, site: Flask) -> None:
    client = site.test_client()
    token = {
        who: bearer(accounts.make_token_for(world.stores, who, "t").secret) for who in ("olga", "lea", "sue", "ada")
    }
    wish = world.wish(world.batch()).model_dump(mode="json")
    at = "/api/v1/lending/campaigns"

    def ask(method: str, path: str, who: str = "", body: Any = None, status: int = 200) -> Any:
        said = client.open(path, method=method, json=body, headers=token.get(who))
        assert said.status_code == status, said.text
        return said.json

    ask("POST", at, "lea", wish, 403)
    for bad in ({"target_minor": -1}, {"target_minor": 0}, {"target_minor": 1.005}, {"optimum_minor": "NaN"},
                {"payee_name": "A\nB"}, {"deadline_on": "2026-02-30"}):  # fmt: skip
        ask("POST", at, "olga", wish | bad, 422)
    made = ask("POST", at, "olga", wish, 201)
    assert made["state"] == "draft" and made["terms"] is None
    ask("GET", f"{at}/1", "lea", status=404)
    ask("PUT", f"{at}/1", "olga", wish | {"units_funded": 8})
    ask("POST", f"{at}/1/move", "olga", {"action": "open"})
    found = ask("GET", f"{at}/1")
    assert found["units_funded"] == 8 and found["doubling"]["together"]["unit_minor"] == 2_500
    assert "payee_iban" not in found, "the account is told to those who pledge"
    pledge = {"amount_minor": 5_000, "key": "k", "terms_sha256": found["terms"]["sha256"], "repay": "units"}
    ask("POST", f"{at}/1/pledges", "", pledge, 401)
    for amount in (-1, 0, 1e9, 1.005, "12"):
        ask("POST", f"{at}/1/pledges", "lea", pledge | {"amount_minor": amount}, 422)
    said = client.post(f"{at}/1/pledges", data='{"amount_minor": NaN, "key": "k", "terms_sha256": ""}',
                       headers=token["lea"], content_type="application/json")  # fmt: skip
    assert said.status_code == 422
    ask("POST", f"{at}/1/pledges", "lea", pledge | {"terms_sha256": "0"}, 409)
    mine = ask("POST", f"{at}/1/pledges", "lea", pledge, 201)
    assert mine == ask("POST", f"{at}/1/pledges", "lea", pledge, 201) and mine["payee_iban"] == IBAN
    ask("POST", f"{at}/1/pledges", "lea", pledge | {"amount_minor": 6_000}, 409)
    assert ask("GET", f"{at}/1")["pledges"][0]["who"] == "somebody"
    ask("POST", f"{at}/1/terms", "olga", {"own_terms": "Oiled.", "why": "Asked for"}, 201)
    assert "Oiled." in ask("GET", f"{at}/1/terms/2")["text"] and "Oiled." not in mine["terms"]["text"]
    ask("POST", f"{at}/1/messages", "lea", {"text": "Hello"}, 403)
    ask("POST", f"{at}/1/messages", "olga", {"text": "The oak is here."}, 201)
    assert ask("GET", "/api/v1/lending/pledges/1", "lea")["messages"][0]["text"] == "The oak is here."
    ask("GET", "/api/v1/lending/pledges/1", "ada", status=404)
    ask("POST", "/api/v1/lending/treasurers", "lea", {"handle": "lea", "why": "x"}, 403)
    named = ask("POST", "/api/v1/lending/treasurers", "sue", {"handle": "ada", "why": "She counts well"}, 201)
    assert [one["handle"] for one in named["items"]] == ["ada"]
    ask("POST", "/api/v1/lending/treasurers", "sue", {"handle": "ada", "why": "Again"}, 409)
    assert ask("GET", "/api/v1/lending/pledges/1", "ada")["reference"] == mine["reference"]
    ask("POST", "/api/v1/lending/pledges/1/choices", "lea", {"repay": "money", "payout": {"name": "Lea", "iban": IBAN}})
    assert ask("POST", "/api/v1/lending/pledges/1/withdraw", "lea", {})["state"] == "withdrawn"
    assert ask("GET", "/api/v1/lending/pledges", "lea")["total"] == 1
    assert ask("GET", "/api/v1/lending/summary?year=2024", "lea")["lines"] == []
    ask("POST", f"{at}/1/move", "olga", {"action": "call off"}, 422)
    assert ask("POST", f"{at}/1/move", "olga", {"action": "call off", "why": "No oak"})["state"] == "failed"
    assert ask("GET", f"{at}?state=over")["total"] == 1 and ask("GET", f"{at}?design=none")["total"] == 0


def test_by_command(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRICKYARD_DATA", str(world.stores.settings.data))
    monkeypatch.delenv("BRICKYARD_DATABASE_URL", raising=False)

    def run(*words: str, input: str | None = None, ok: bool = True) -> str:
        said = CliRunner().invoke(main, ["lending", *words], input=input)
        assert (said.exit_code == 0) == ok, said.output
        return said.output

    assert "no campaigns" in run("list")
    wish = world.wish(world.batch(), deadline_zone="Asia/Tokyo").model_dump_json()
    assert "10 units of bench v1.0, draft" in run("draft", "-", "--as", "olga", input=wish)
    run("draft", "-", "--as", "olga", input="{", ok=False)
    run("show", "1", ok=False)
    assert "Asia/Tokyo" in run("open", "1", "--as", "olga")
    sha = json.loads(run("terms", "1", "--json"))["sha256"]
    run("pledge", "1", "1.005", "--terms", sha, "--as", "lea", ok=False)
    said = run("pledge", "1", "50", "--terms", sha, "--as", "lea", "--key", "k")
    assert "reference RF" in said and "50.00" in said
    assert "unpaid" in run("pledges", "--as", "lea")
    run("write", "1", "The oak is here.", "--as", "olga")
    assert "Oiled" in run("terms", "1", "--change", "Oiled", "--as", "olga", "--why", "Asked for")
    world.pay(1)
    assert "lent  50.00" in run("year", "--as", "lea")
    assert "withdrawn" in run("withdraw", "1", "--as", "lea")
    assert "tom" in run("treasurers", "--name", "tom", "--as", "sue", "--why", "He counts")
    assert "no treasurers" in run("treasurers", "--end", "tom", "--as", "sue", "--why", "He moved")
    run("call-off", "1", "--as", "olga", ok=False)
    assert "failed" in run("call-off", "1", "--as", "olga", "--why", "No oak")
    assert json.loads(run("list", "--state", "over", "--json"))["total"] == 1


def test_a_steward_changes_the_rules_on_a_page(world: World, site: Flask) -> None:
    sue, bob = browser(world, site, "sue"), browser(world, site, "ada")
    page = sue.get("/lending/policy").text
    assert "Change the rules" in page and "Change the rules" not in bob.get("/lending/policy").text
    text = world.policy()
    from registry.lending.policy import shipped_text

    form = {"csrf_token": form_token(sue, "/lending/policy"), "text": shipped_text().replace(" = 1000 ", " = 700 ")}
    assert sue.post("/lending/policy", data=form).status_code == 422
    wrong = sue.post("/lending/policy", data=form | {"text": "x =", "why": "Why <not>"})
    assert wrong.status_code == 422 and "Why &lt;not&gt;" in wrong.text and ">x =</textarea>" in wrong.text
    assert sue.post("/lending/policy", data=form | {"why": "Small gifts count"}).status_code == 303
    assert world.policy().caps.pledge_minor_min == 700 != text.caps.pledge_minor_min
    assert "Small gifts count" in bob.get("/lending/policy").text
    mine = {"csrf_token": form_token(bob, "/account"), **{k: form[k] for k in ("text",)}, "why": "x"}
    assert bob.post("/lending/policy", data=mine).status_code == 403
