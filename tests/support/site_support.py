"""What the tests of pages hand around."""

from __future__ import annotations

from dataclasses import dataclass

from flask.testing import FlaskClient

from registry.stores.stores import Stores


@dataclass(frozen=True)
class Site:
    """An application with one design in it."""

    client: FlaskClient
    stores: Stores
    slug: str
    here: str
