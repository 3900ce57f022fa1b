"""What tests of batches share: a market, on each database."""

from __future__ import annotations

from pathlib import Path

import pytest
from batch_support import Market, open_market

from registry.stores.stores import Stores


@pytest.fixture
def market(stores: Stores, tmp_path: Path) -> Market:
    return open_market(stores, tmp_path / "thing")
