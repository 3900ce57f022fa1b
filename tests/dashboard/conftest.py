"""A market with jobs at several stages, on each database."""

from __future__ import annotations

from pathlib import Path

import pytest
from dashboard_support import Shop, open_shop

from registry.stores.stores import Stores


@pytest.fixture
def shop(stores: Stores, tmp_path: Path) -> Shop:
    return open_shop(stores, tmp_path / "thing")
