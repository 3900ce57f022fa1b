"""The database's time, which batches go by."""

from __future__ import annotations

from registry.stores.clock import database_now as database_now
