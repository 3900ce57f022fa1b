"""What tests of units and deliveries share: people at the door, and a photo that tells too much."""

from __future__ import annotations

import io

from batch_support import Market
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from web_support import sign_up

from registry.accounts.queries import find_account
from registry.fabricators.tables import Member


def a_photo() -> bytes:
    """A JPEG that says where it was taken."""
    exif = Image.Exif()
    exif.get_ifd(0x8825)[2] = (50.0, 30.0, 0.0)
    exif[0x010F] = "SecretCamera"
    out = io.BytesIO()
    Image.new("RGB", (900, 600), "#b4472b").save(out, "JPEG", exif=exif)
    return out.getvalue()


def enter(app: Flask, market: Market, handle: str, shop: str = "", role: str = "") -> FlaskClient:
    """A browser of a new account, with a part in a shop or without."""
    client = app.test_client()
    assert sign_up(client, handle).status_code == 303
    with market.stores.db.transaction() as session:
        account = find_account(session, handle)
        assert account and account.id
        market.people[handle] = account.id
        if shop:
            session.add(Member(fabricator_id=market.shops[shop], account_id=account.id, role=role))
    return client
