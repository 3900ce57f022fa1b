"""A person with a browser, for tests: reads forms as they are on the page, and sends them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from git_support import make_repo
from werkzeug.test import TestResponse

from app import create_app
from registry.settings import PROJECT
from registry.stores.stores import Stores
from registry.web.rates import limiter

PASSWORD = "clay lime and straw"
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


def form_token(client: FlaskClient, page: str = "/login") -> str:
    """The secret that the forms of a page carry."""
    found = _TOKEN.search(client.get(page).get_data(as_text=True))
    assert found, f"{page} has no form"
    return found[1]


def send(client: FlaskClient, address: str, page: str = "/login", **values: str) -> TestResponse:
    """Fill in and send a form of a page."""
    return client.post(address, data={"csrf_token": form_token(client, page), **values})


def sign_up(client: FlaskClient, handle: str, **more: str) -> TestResponse:
    return send(client, "/signup", "/signup", handle=handle, password=PASSWORD, **more)


def log_in(client: FlaskClient, handle: str, password: str = PASSWORD, **more: str) -> TestResponse:
    return send(client, "/login", handle=handle, password=password, **more)


def make_token(client: FlaskClient, name: str = "test") -> str:
    """A new API token of who is logged in."""
    page = send(client, "/account/tokens", "/account", name=name).get_data(as_text=True)
    found = re.search(r"<code>(brickyard_[\w-]+)</code>", page)
    assert found, "the page shows no token"
    return found[1]


@contextmanager
def counted(stores: Stores) -> Iterator[Flask]:
    """The application with its rate limits on, counting from zero; no other application may be asked meanwhile."""
    app = create_app(stores=replace(stores, settings=replace(stores.settings, tests=False)))
    limiter.reset()
    try:
        yield app
    finally:
        limiter.enabled = False


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def make_design(folder: Path, name: str = "Garden bench") -> Path:
    """A repository with an open design of documents and a bill of materials, quick to build."""
    return make_repo(
        folder,
        {
            "README.md": f"# {name}\n\nFurniture for the garden ({name.lower()}), made from planks.\n",
            "LICENSE": (PROJECT / "designs" / "soil-sensor" / "LICENSE").read_text(),
            "bom.csv": "Item,Description,Qty,MPN\n1,Plank,4,PLK-200\n2,Screw M6 x 60,16,M6X60-A2\n",
        },
    )
