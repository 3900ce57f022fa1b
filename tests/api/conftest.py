"""What tests of the JSON interface share."""

from __future__ import annotations

import pytest
from web_support import bearer

from registry.accounts import service
from registry.stores.stores import Stores


@pytest.fixture
def headers(stores: Stores) -> dict[str, str]:
    """Headers of a program that acts for ada."""
    account = service.sign_up(stores, "ada", "clay lime and straw")
    return bearer(service.make_token(stores, account.id, "tests").secret)
