"""Requests, quotes and batches by JSON and by the command line."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from batch_support import PRICES, Market, open_market
from click.testing import CliRunner
from flask import Flask
from web_support import bearer

from app import create_app
from registry.accounts import service as accounts
from registry.cli import main
from registry.stores.stores import Stores
from registry.values import utcnow


@pytest.fixture
def site(sqlite_stores: Stores, tmp_path: Path) -> tuple[Flask, Market]:
    return create_app(stores=sqlite_stores), open_market(sqlite_stores, tmp_path / "thing")


def token(market: Market, handle: str) -> dict[str, str]:
    return bearer(accounts.make_token_for(market.stores, handle, "test").secret)


def test_from_request_to_batch_by_json(site: tuple[Flask, Market]) -> None:
    app, market = site
    client = app.test_client()
    ada, olga, vera = (token(market, handle) for handle in ("ada", "olga", "vera"))
    assert client.get("/api/v1/requests").status_code == 401
    wish = {"design": market.design, "fabricators": ["north", "south"], "quantities": [10, 50]}
    asked = client.post("/api/v1/requests", json=wish, headers=ada)
    assert asked.status_code == 201
    quote = asked.json["quotes"][0]["id"]
    offer = {
        "currency": "EUR", "prices": [row.model_dump() for row in PRICES], "lead_days": 3,
        "valid_until": str(utcnow().date() + dt.timedelta(days=3)),
    }  # fmt: skip
    assert client.post(f"/api/v1/quotes/{quote}/offers", json=offer, headers=vera).status_code == 403
    assert (
        client.post(f"/api/v1/quotes/{quote}/offers", json=offer | {"currency": "USD"}, headers=olga).status_code == 422
    )
    assert client.post(f"/api/v1/quotes/{quote}/offers", json=offer, headers=olga).json["state"] == "quoted"
    accept = {"action": "accept", "version": 1}
    assert client.post(f"/api/v1/quotes/{quote}/change", json=accept, headers=ada).json["state"] == "accepted"
    again = client.post(f"/api/v1/quotes/{quote}/change", json=accept, headers=ada)
    assert again.status_code == 409 and again.json["detail"]
    deadline = (utcnow() + dt.timedelta(days=1)).isoformat()
    plan = {"quote": quote, "units_min": 10, "units_max": 20, "deadline_at": deadline}
    made = client.post("/api/v1/batches", json=plan, headers=olga)
    number = made.json["number"]
    assert client.post(f"/api/v1/batches/{number}/move", json={"action": "open"}, headers=olga).json["state"] == "open"
    take = {"units": 3, "key": "k", "named": True}
    first = client.post(f"/api/v1/batches/{number}/reservations", json=take, headers=ada)
    assert first.status_code == 201
    assert client.post(f"/api/v1/batches/{number}/reservations", json=take, headers=ada).json == first.json
    other = client.post(f"/api/v1/batches/{number}/reservations", json=take | {"units": 4}, headers=ada)
    assert other.status_code == 409
    assert client.get("/api/v1/batches").json["items"][0]["reserved"] == 3
    shown = client.get(f"/api/v1/batches/{number}").json
    assert shown["queue"][0]["who"] == "ada" and shown["price_now_minor"] == 2000
    gone = client.delete(f"/api/v1/batches/{number}/reservations/1", headers=ada)
    assert gone.json["state"] == "cancelled" and client.get(f"/api/v1/batches/{number}").json["reserved"] == 0


def test_commands(site: tuple[Flask, Market]) -> None:
    _, market = site
    market.ask("ada", "north")
    number = market.batch("olga", "north")
    env = {"BRICKYARD_DATA": str(market.stores.settings.data), "BRICKYARD_DATABASE_URL": ""}

    def call(*arguments: str) -> str:
        done = CliRunner().invoke(main, list(arguments), env=env)
        assert done.exit_code == 0, done.output
        return done.stdout

    assert "0/20" in call("batches", "list") and "20.00 EUR" in call("batches", "list")
    assert json.loads(call("batches", "show", str(number), "--json"))["units_max"] == 20
    assert "tested" in call("batches", "show", str(number))
    assert "10, 50" in call("requests", "list", "ada")
