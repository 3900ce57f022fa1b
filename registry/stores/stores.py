"""All stores of an instance in one hand: opened once per process, passed to every service."""

from __future__ import annotations

from dataclasses import dataclass

from registry.settings import Settings
from registry.stores.blobs import Blobs
from registry.stores.db import Database
from registry.stores.jobs import Jobs


@dataclass(frozen=True, slots=True)
class Stores:
    settings: Settings
    db: Database
    blobs: Blobs
    jobs: Jobs

    def close(self) -> None:
        self.db.close()


def open_stores(settings: Settings) -> Stores:
    """Open (and on the first start make) the data folder, and the database at its newest schema."""
    from registry.migrations import migrate

    for folder in (settings.data, settings.mirrors, settings.work):
        folder.mkdir(parents=True, exist_ok=True)
    db = Database(settings.database_url)
    migrate(db, settings)
    return Stores(settings=settings, db=db, blobs=Blobs(settings.blobs), jobs=Jobs(settings.database_url, settings.data))
