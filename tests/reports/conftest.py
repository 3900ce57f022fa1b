"""What tests of reports share: a design with an author, and people elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from reports_support import Bench, open_bench

from registry.stores.stores import Stores


@pytest.fixture
def bench(stores: Stores, tmp_path: Path) -> Bench:
    return open_bench(stores, tmp_path)
