"""JSON for a fabricator's own people, as a program of theirs uses it; and a request called off."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from batch_support import Market, open_market
from flask.testing import FlaskClient
from PIL import Image
from web_support import bearer, make_token, sign_up

from app import create_app
from registry.accounts import service as accounts
from registry.settings import PROJECT
from registry.stores.stores import Stores

API = "/api/v1/fabricators"


@pytest.fixture
def olga(sqlite_stores: Stores) -> FlaskClient:
    app = create_app(stores=sqlite_stores)
    client = app.test_client()
    sign_up(client, "olga")
    token = make_token(client)
    program = app.test_client()
    program.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    accounts.sign_up(sqlite_stores, "vera", "clay lime and straw")
    accounts.sign_up(sqlite_stores, "eve", "clay lime and straw")
    return program


def test_describe_machines_people_pictures(olga: FlaskClient) -> None:
    made = olga.post(API, json={"name": "Shop", "town": "Ghent", "country": "BE", "lat_deg": 51.05436, "lon_deg": 3.71})
    assert made.status_code == 201
    there = f"{API}/shop"
    told = olga.get(f"{there}/description").get_json()
    assert told["lat_deg"] == 51.05436 and olga.get(there).get_json()["lat_deg"] != 51.05436, "the true place is theirs"
    changed = olga.put(there, json=told | {"name": "Better shop", "lead_time_days": 9}).get_json()
    assert changed["name"] == "Better shop" and changed["lead_time_days"] == 9
    assert olga.get(f"{there}/description").get_json()["lat_deg"] == 51.05436
    added = olga.post(f"{there}/machines", json={"name": "Saw", "process": "sawing", "count": 2})
    assert added.status_code == 201
    [machine] = added.get_json()["machine_list"]
    wrong = olga.put(f"{there}/machines/{machine['id']}", json={"name": "Saw", "process": "sawing", "work_x_mm": -1})
    assert wrong.status_code == 422 and wrong.get_json()["field"] == "work_x_mm"
    renamed = olga.put(f"{there}/machines/{machine['id']}", json={"name": "Band saw", "process": "sawing"}).get_json()
    assert renamed["machine_list"][0]["name"] == "Band saw"
    assert olga.delete(f"{there}/machines/{machine['id']}").get_json()["machine_list"] == []
    assert olga.delete(f"{there}/machines/{machine['id']}").status_code == 404
    people = olga.put(f"{there}/people", json={"handle": "vera", "role": "viewer"}).get_json()
    assert people["items"] == [{"handle": "olga", "role": "owner"}, {"handle": "vera", "role": "viewer"}]
    assert olga.put(f"{there}/people", json={"handle": "olga", "role": "viewer"}).status_code == 409
    assert olga.put(f"{there}/people", json={"handle": "vera"}).get_json()["total"] == 1
    photo = io.BytesIO()
    Image.new("RGB", (900, 600), "#b4472b").save(photo, "JPEG")
    shown = olga.post(f"{there}/pictures?words=The+hall", data=photo.getvalue(), content_type="image/jpeg")
    assert shown.status_code == 201
    [picture] = shown.get_json()["pictures"]
    assert picture["words"] == "The hall" and olga.get(picture["url"]).mimetype == "image/webp"
    svg = olga.post(f"{there}/pictures", data=b"<svg xmlns='http://www.w3.org/2000/svg'/>", content_type="image/jpeg")
    assert svg.status_code == 422 and "no photo" in svg.get_json()["detail"]
    huge = olga.post(f"{there}/pictures", data=b"\xff" * (13 * 1024**2), content_type="image/jpeg")
    assert huge.status_code == 413 and "13.0 MiB" in huge.get_json()["detail"]
    assert olga.delete(f"{there}/pictures/{picture['id']}").get_json()["pictures"] == []


def test_strangers_change_nothing(olga: FlaskClient, sqlite_stores: Stores) -> None:
    olga.post(API, json={"name": "Shop"})
    eve = bearer(accounts.make_token_for(sqlite_stores, "eve", "t").secret)
    machine = {"name": "Saw", "process": "sawing"}
    program = olga.application.test_client()
    for method, path, body in (
        ("put", "", {"name": "Mine"}), ("get", "/description", None), ("get", "/people", None),
        ("put", "/people", {"handle": "eve", "role": "owner"}), ("post", "/machines", machine),
        ("put", "/machines/1", machine), ("delete", "/machines/1", None), ("delete", "/pictures/1", None),
    ):  # fmt: skip
        answer = getattr(program, method)(f"{API}/shop{path}", json=body, headers=eve)
        assert answer.status_code == 403, (method, path, answer.text)
        assert getattr(program, method)(f"{API}/shop{path}", json=body).status_code == 401


def test_a_file_is_a_fabricator(olga: FlaskClient) -> None:
    example = next((PROJECT / "registry" / "fabricators" / "examples").glob("*.yaml"))
    answer = olga.post(f"{API}/import", data=example.read_bytes(), content_type="application/yaml")
    assert answer.status_code == 201
    assert answer.get_json()["fabricator"]["machine_list"] and isinstance(answer.get_json()["findings"], list)
    bad = olga.post(f"{API}/import", data=b"machines: 3", content_type="application/yaml")
    assert bad.status_code == 422 and bad.get_json()["detail"]
    assert olga.post(f"{API}/import", data=b"x" * (2 * 1024**2)).status_code == 413


def test_a_request_is_called_off(sqlite_stores: Stores, tmp_path: Path) -> None:
    market: Market = open_market(sqlite_stores, tmp_path / "thing")
    program = create_app(stores=sqlite_stores).test_client()
    ada = bearer(accounts.make_token_for(sqlite_stores, "ada", "t").secret)
    number = market.ask("ada", "north")
    done = program.post(f"/api/v1/requests/{number}/call-off", json={"why": "found one"}, headers=ada).get_json()
    assert done["state"] == "called off" and done["quotes"][0]["state"] == "withdrawn"
    assert program.post(f"/api/v1/requests/{number}/call-off", headers=ada).status_code == 409
    other = bearer(accounts.make_token_for(sqlite_stores, "sam", "t").secret)
    assert program.post(f"/api/v1/requests/{number}/call-off", headers=other).status_code == 404
