"""Pages of requests, quotes and batches, as four people go through them."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest
from batch_support import Market, open_market
from flask import Flask
from flask.testing import FlaskClient
from web_support import send, sign_up

from app import create_app
from registry.fabricators.tables import Member
from registry.stores.stores import Stores
from registry.values import utcnow


@pytest.fixture
def site(sqlite_stores: Stores, tmp_path: Path) -> tuple[Flask, Market]:
    app = create_app(stores=sqlite_stores)
    return app, open_market(sqlite_stores, tmp_path / "thing")


def enter(app: Flask, market: Market, handle: str, shop: str = "", role: str = "") -> FlaskClient:
    client = app.test_client()
    assert sign_up(client, handle).status_code == 303
    if shop:
        with market.stores.db.transaction() as session:
            from registry.accounts.queries import find_account

            account = find_account(session, handle)
            assert account and account.id
            session.add(Member(fabricator_id=market.shops[shop], account_id=account.id, role=role))
    return client


def test_ask_quote_accept_plan_reserve(site: tuple[Flask, Market]) -> None:
    app, market = site
    buyer = enter(app, market, "bea")
    worker = enter(app, market, "wim", "north", "operator")
    looker = enter(app, market, "vio", "north", "viewer")
    form = buyer.get(f"/requests/new?design={market.design}&to=north")
    assert form.status_code == 200 and re.search(r'value="north" checked', form.text)
    made = send(buyer, "/requests", design=market.design, fabricators="north", quantities="10, 50", place="Lyon <b>")
    assert made.status_code == 303
    request_page = buyer.get(made.location)
    assert "Lyon &lt;b&gt;" in request_page.text and "Requested" in request_page.text
    quote = re.search(r"/quotes/\d+", request_page.text)
    assert quote
    values = {
        "currency": "EUR", "quantity-1": "10", "price-1": "20.00", "quantity-2": "50", "price-2": "15,00",
        "setup": "50", "lead_days": "14", "valid_until": str(utcnow().date() + dt.timedelta(days=9)),
        "excluded": "Transport",
    }  # fmt: skip
    refused = send(looker, f"{quote[0]}/offer", **values)
    assert refused.status_code == 403 and "you are a viewer there" in refused.text
    wrong = send(worker, f"{quote[0]}/offer", **(values | {"price-1": "cheap"}))
    assert wrong.status_code == 422 and "cheap is no amount" in wrong.text and 'value="14"' in wrong.text
    assert send(worker, f"{quote[0]}/offer", **values).status_code == 303
    compared = buyer.get(made.location).text
    for figure in ("20.00\u00a0EUR each", "250.00\u00a0EUR", "800.00\u00a0EUR", "14 days", "Transport"):
        assert figure in compared, figure
    assert send(worker, f"{quote[0]}/messages", text="Zinc or paint?").status_code == 303
    assert "Zinc or paint?" in buyer.get(quote[0]).text
    assert send(buyer, f"{quote[0]}/change", action="accept", version="1").status_code == 303
    again = send(buyer, f"{quote[0]}/change", action="accept", version="1")
    assert again.status_code == 409 and "was accepted before" in again.text
    planned = send(
        worker, "/batches", quote=quote[0].rpartition("/")[2], units_min="10", units_max="60",
        deadline_at=(utcnow() + dt.timedelta(days=5)).strftime("%Y-%m-%dT%H:%M"),
    )  # fmt: skip
    assert planned.status_code == 303
    assert app.test_client().get(planned.location).status_code == 404, "a draft is not public"
    assert send(looker, f"{planned.location}/move", action="open").status_code == 403
    assert send(worker, f"{planned.location}/move", action="open").status_code == 303
    page = buyer.get(planned.location).text
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key and "25.00\u00a0EUR" in page
    for _ in range(2):  # a form sent twice reserves once
        assert send(buyer, f"{planned.location}/reservations", units="12", named="on", key=key[1]).status_code == 303
    public = app.test_client().get(planned.location).text
    assert "12 of 60 units reserved" in public and "bea" in public
    assert "Batches filling" in app.test_client().get("/").text
    assert "12 of 60" in app.test_client().get("/batches").text
    assert f"{planned.location}" in app.test_client().get(f"/designs/{market.design}").text
    assert send(buyer, f"{planned.location}/reservations/1/cancel").status_code == 303
    assert "0 of 60 units reserved" in app.test_client().get(planned.location).text


def test_strangers_see_no_request(site: tuple[Flask, Market]) -> None:
    app, market = site
    number = market.ask("ada", "north")
    stranger = enter(app, market, "eve")
    assert app.test_client().get(f"/requests/{number}").status_code == 401
    assert stranger.get(f"/requests/{number}").status_code == 404
    assert stranger.get("/quotes/1").status_code == 404
    assert "Nothing asked yet" in stranger.get("/requests").text


def test_forms_and_pages_have_no_style_or_script_of_their_own(site: tuple[Flask, Market]) -> None:
    app, market = site
    number = market.batch("olga", "north", units_per_person=3)
    client = enter(app, market, "eve")
    for address in (f"/batches/{number}", "/batches", f"/batches/new?design={market.design}&fabricator=north",
                    f"/requests/new?design={market.design}"):  # fmt: skip
        page = client.get(address)
        assert page.status_code == 200 and page.text.count("<h1") == 1
        assert "Undefined" not in page.text and not re.search(r"\son\w+=|\sstyle=", page.text)
