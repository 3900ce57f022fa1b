"""The pages of the dashboard, in every part that somebody may have, without scripts."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from batch_support import Market
from click.testing import CliRunner
from dashboard_support import Shop, open_shop
from flask import Flask
from flask.testing import FlaskClient
from web_support import bearer, make_token, send, sign_up

from app import create_app
from registry.accounts.queries import find_account
from registry.cli import main
from registry.dashboard import service
from registry.fabricators.tables import Member
from registry.stores.stores import Stores

HERE = "/fabricators/north/dashboard"
VIEWS = ("", "/inbox", "/weeks", "/buy", "/buy?when=full", "/machines", "/money", "/figures")


@pytest.fixture
def site(sqlite_stores: Stores, tmp_path: Path) -> tuple[Flask, Shop]:
    return create_app(stores=sqlite_stores), open_shop(sqlite_stores, tmp_path / "thing")


def enter(app: Flask, market: Market, handle: str, role: str = "") -> FlaskClient:
    client = app.test_client()
    assert sign_up(client, handle).status_code == 303
    with market.stores.db.transaction() as session:
        account = find_account(session, handle)
        assert account and account.id
        market.people[handle] = account.id
        if role:
            session.add(Member(fabricator_id=market.shops["north"], account_id=account.id, role=role))
    return client


def test_every_page_for_every_part(site: tuple[Flask, Shop]) -> None:
    app, shop = site
    job, quote, machine = shop.full(), shop.quote(), shop.machine("Laser")
    worker, looker = enter(app, shop.market, "wim", "operator"), enter(app, shop.market, "vio", "viewer")
    stranger = enter(app, shop.market, "eve")
    pages = (*VIEWS, f"/jobs/{job}", f"/inbox/quote-{quote}", f"/inbox/queue-{job}", f"/inbox/batch-{job}-1")
    titles = set()
    for path in pages:
        page = worker.get(HERE + path)
        assert page.status_code == 200 and page.text.count("<h1") == 1, path
        assert "Undefined" not in page.text and not re.search(r"\son\w+=|\sstyle=", page.text), path
        titles.add(re.search("<title>([^<]+)", page.text)[1])  # type: ignore[index]
        seen = looker.get(HERE + path)
        assert seen.status_code == 200, path
        assert "<form" not in seen.text.partition('class="dash"')[2], f"a viewer sees buttons on {path}"
        assert stranger.get(HERE + path).status_code == 403 and app.test_client().get(HERE + path).status_code == 401
    assert len(titles) >= len(pages) - 2, "each page has a title of its own"
    for path, values in (
        ("/moves", {"move": f"{job}:filled:materials"}), (f"/machines/{machine}", {"status": "busy"}),
        (f"/inbox/quote-{quote}", {"text": "Hello"}), (f"/jobs/{job}/plan", {"hours": "3"}),
        ("/payments", {"job": str(job), "place": "1", "amount": "1", "currency": "EUR"}),
        ("/closed", {"day": "2030-01-01"}),
    ):  # fmt: skip
        refused = send(looker, HERE + path, **values)
        assert refused.status_code == 403 and "you are a viewer there" in refused.text, path
        assert send(stranger, HERE + path, **values).status_code == 403, path
    assert stranger.get("/fabricators/nowhere/dashboard").status_code == 404
    assert worker.get(f"{HERE}/inbox/quote-999").status_code == 404
    assert HERE in worker.get("/fabricators/north").text and HERE not in stranger.get("/fabricators/north").text


def test_forms_do_it_without_scripts(site: tuple[Flask, Shop]) -> None:
    app, shop = site
    job, quote, machine = shop.full(), shop.quote(), shop.machine("Laser")
    worker = enter(app, shop.market, "wim", "operator")
    assert send(worker, f"{HERE}/moves", HERE, move=f"{job}:filled:materials", key="a").status_code == 303
    refused = send(worker, f"{HERE}/moves", HERE, move=f"{job}:materials:made", key="b")
    assert refused.status_code == 422 and "Only 0 of 20 units are counted as made" in refused.text
    illegal = send(worker, f"{HERE}/moves", HERE, job=str(job), was="materials", to="shipped", stay=f"/jobs/{job}")
    assert illegal.status_code == 409 and "can&#39;t follow" in illegal.text
    gone_on = send(worker, f"{HERE}/moves", HERE, job=str(job), to="made", why="a half", stay=f"/jobs/{job}")
    assert gone_on.status_code == 303 and gone_on.location.endswith(f"/jobs/{job}")
    assert send(worker, f"{HERE}/machines/{machine}", HERE, status="broken").status_code == 303
    assert "1 out of order" in worker.get(f"{HERE}/machines").text
    assert send(worker, f"{HERE}/inbox/quote-{quote}", HERE, text="Zinc?", key="c").status_code == 303
    assert "Zinc?" in worker.get(f"{HERE}/inbox/quote-{quote}").text
    assert send(worker, f"{HERE}/jobs/{job}/plan", HERE, hours="7,5", due_on="2030-05-06").status_code == 303
    assert "7.5\u202fh" in worker.get(f"{HERE}/jobs/{job}").text
    paid = {"job": str(job), "place": "1", "currency": "EUR"}
    assert send(worker, f"{HERE}/payments", HERE, amount="100,50", **paid).status_code == 303
    too_much = send(worker, f"{HERE}/payments", HERE, amount="1000", **paid)
    assert too_much.status_code == 409 and "139.50\u00a0EUR is still open" in too_much.text
    assert "100.50\u00a0EUR" in worker.get(f"{HERE}/money").text
    assert send(worker, f"{HERE}/closed", HERE, day="2030-12-24", words="Holiday").status_code == 303
    assert "24 December 2030" in worker.get(f"{HERE}/weeks").text
    counts = f"{HERE}/jobs/{job}/counts"
    assert send(worker, counts, HERE, stage="made", good="4", scrap="1", key="d").status_code == 303
    assert "4 of 20 assembled" not in worker.get(f"{HERE}/jobs/{job}").text
    gone = send(worker, counts, HERE, stage="assembled", good="9", why="nine of four")
    assert (
        gone.status_code == 409 and "9 can&#39;t be assembled: 4 are made." in gone.text and "nine of four" in gone.text
    )
    wrong = send(worker, f"{HERE}/jobs/{job}/plan", HERE, hours="a day")
    assert wrong.status_code == 422 and "a day is no number of hours" in wrong.text


def test_fragments_are_sent_only_when_something_has_changed(site: tuple[Flask, Shop]) -> None:
    app, shop = site
    job = shop.full()
    worker = enter(app, shop.market, "wim", "operator")
    whole = worker.get(HERE)
    stamp = re.search(r'data-stamp="([^"]+)"', whole.text)
    assert stamp and "<html" in whole.text
    live = {"HX-Request": "true", "If-None-Match": f'W/"{stamp[1]}"'}
    same = worker.get(HERE, headers=live)
    assert (same.status_code, same.data) == (304, b"")
    shop.move(job, "materials")
    new = worker.get(HERE, headers=live)
    assert new.status_code == 200 and "<html" not in new.text and f'id="job-{job}"' in new.text
    assert worker.get(HERE, headers=live | {"If-None-Match": new.headers["ETag"]}).status_code == 304


def test_words_about_a_batch_from_its_own_page(site: tuple[Flask, Shop]) -> None:
    app, shop = site
    job = shop.market.batch("olga", "north", least=10, most=20)
    worker, buyer = enter(app, shop.market, "wim", "operator"), enter(app, shop.market, "bea")
    assert "Words with the workshop" not in buyer.get(f"/batches/{job}").text
    shop.reserve(job, "bea", 20, named=False)
    page = buyer.get(f"/batches/{job}")
    assert "Words with the workshop" in page.text
    long = send(buyer, f"/batches/{job}/messages", text="x" * 8_001)
    assert long.status_code == 422 and "8000" in long.text, "what is too long is refused, not cut"
    spoken, words = bearer(make_token(buyer)), f"/api/v1/batches/{job}/messages"
    assert app.test_client().post(words, json={"text": "By JSON"}, headers=spoken).status_code == 201
    assert [one["text"] for one in app.test_client().get(words, headers=spoken).get_json()["items"]] == ["By JSON"]
    assert app.test_client().get(words, headers=bearer(make_token(worker))).status_code == 404
    assert send(buyer, f"/batches/{job}/messages", text="Which <b>day</b>?").status_code == 303
    listed = worker.get(f"{HERE}/inbox?only=words").text
    assert "Which &lt;b&gt;day&lt;/b&gt;?" in listed and "bea" in listed
    assert send(worker, f"{HERE}/inbox/batch-{job}-1", HERE, text="Friday").status_code == 303
    assert "Friday" in buyer.get(f"/batches/{job}").text
    assert "Friday" not in app.test_client().get(f"/batches/{job}").text


def test_json_and_command_tell_the_same(site: tuple[Flask, Shop]) -> None:
    app, shop = site
    job = shop.full()
    worker, looker = enter(app, shop.market, "wim", "operator"), enter(app, shop.market, "vio", "viewer")
    token = bearer(make_token(worker))
    found = app.test_client().get(f"/api/v1{HERE}", headers=token).get_json()
    assert found["stages"]["filled"] == 1 and found["numbers"]["money"][0]["due_minor"] == 40_000
    wish = {"job": job, "action": "materials", "was": "filled", "key": "k"}
    for repeated in (False, True):
        moved = app.test_client().post(f"/api/v1{HERE}/moves", headers=token, json=wish)
        assert moved.status_code == 200 and moved.get_json()["repeated"] is repeated
    refused = app.test_client().post(f"/api/v1{HERE}/moves", headers=bearer(make_token(looker)), json=wish)
    assert refused.status_code == 403 and "you are a viewer there" in refused.get_json()["detail"]
    service.ask_about(shop.stores, shop.who("sam"), job, "Which day?")
    asked = f"/api/v1{HERE}/inbox"
    listed = app.test_client().get(f"{asked}?only=words", headers=token).get_json()
    thread = listed["items"][0]["thread"]
    assert listed["items"][0]["unread"] and listed["counts"]["words"] == 1
    opened = app.test_client().get(f"{asked}/{thread}", headers=token).get_json()
    assert [word["text"] for word in opened["words"]] == ["Which day?"] and opened["job"] == job
    queue = app.test_client().get(f"{asked}/queue-{job}", headers=token).get_json()["queue"]
    assert [(place["number"], place["units"]) for place in queue] == [(1, 12), (2, 8)]
    for repeated in (False, True):
        read = app.test_client().post(f"{asked}/{thread}/read", headers=token)
        assert read.status_code == 200 and read.get_json()["repeated"] is repeated
    assert app.test_client().get(f"{asked}?only=unread", headers=token).get_json()["counts"]["unread"] == 1
    day = {"day": "2030-12-24", "words": "Holiday"}
    for do, said in (("close", "Closed on 24 December 2030."), ("open", "Open on 24 December 2030.")):
        told = app.test_client().post(f"/api/v1{HERE}/closed", headers=token, json=day | {"do": do})
        assert told.get_json()["said"] == said
    laser, mill = shop.machine("Laser"), shop.machine("Mill")
    for machine, key, repeated in ((laser, "", False), (laser, "", False), (laser, "m", False), (laser, "m", True)):
        sent = {"status": "busy"} | ({"key": key} if key else {})
        told = app.test_client().post(f"/api/v1{HERE}/machines/{machine}", headers=token, json=sent)
        assert told.status_code == 200 and told.get_json() == {"said": "Laser: busy.", "repeated": repeated}
    other = app.test_client().post(f"/api/v1{HERE}/machines/{mill}", headers=token, json={"status": "busy", "key": "m"})
    assert other.status_code == 409 and "used for something else" in other.get_json()["detail"]
    env = {"BRICKYARD_DATA": str(shop.stores.settings.data), "BRICKYARD_DATABASE_URL": ""}
    said = CliRunner().invoke(main, ["fabricators", "dashboard", "north", "--json"], env=env)
    assert said.exit_code == 0 and json.loads(said.stdout)["stages"] == found["stages"] | {"filled": 0, "materials": 1}
    plain = CliRunner().invoke(main, ["fabricators", "dashboard", "north"], env=env)
    assert plain.exit_code == 0 and "1 jobs" in plain.stdout and "400.00 EUR" in plain.stdout
