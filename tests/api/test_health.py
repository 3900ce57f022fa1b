"""GET /healthz."""

from __future__ import annotations

import dataclasses

from flask.testing import FlaskClient

from app import create_app
from registry.builds import leases
from registry.stores.db import Database
from registry.stores.stores import Stores


def test_healthy_with_its_workers(client: FlaskClient, stores: Stores) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.get_json() | {"version": ""} == {
        "ok": True,
        "database": True,
        "blobs": True,
        "workers": 0,
        "version": "",
    }
    with stores.db.transaction() as session:
        leases.announce(session)
    assert client.get("/healthz").get_json()["workers"] == 1


def test_ill_when_the_database_is_away(sqlite_stores: Stores) -> None:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:9/none?connect_timeout=2")
    client = create_app(stores=dataclasses.replace(sqlite_stores, db=away)).test_client()
    answer = client.get("/healthz")
    assert answer.status_code == 503 and answer.get_json()["database"] is False
    client.set_cookie("brickyard_session", "x")
    assert client.get("/healthz").status_code == 503


def test_ill_when_the_folder_of_files_is_gone(sqlite_stores: Stores) -> None:
    client = create_app(stores=sqlite_stores).test_client()
    sqlite_stores.settings.blobs.rename(sqlite_stores.settings.data / "elsewhere")
    answer = client.get("/healthz")
    assert answer.status_code == 503 and answer.get_json() == answer.get_json() | {
        "ok": False,
        "blobs": False,
        "database": True,
    }
