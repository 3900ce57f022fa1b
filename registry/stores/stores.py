"""All stores of an instance in one hand: opened once per process, passed to every service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from registry.settings import Settings
from registry.stores.blobs import Blobs
from registry.stores.db import Database
from registry.stores.jobs import Jobs


@dataclass(frozen=True, slots=True)
class Stores:
    """The stores of one instance."""

    settings: Settings
    db: Database
    blobs: Blobs
    jobs: Jobs
    hooks: dict[str, list[Callable[..., Any]]] = field(default_factory=dict)  # what features asked to be told of

    def close(self) -> None:
        """End the database's connections."""
        self.db.close()


def open_stores(settings: Settings) -> Stores:
    """Open (and on the first start make) the data folder, and the database at its newest schema."""
    from registry.migrations import migrate

    for folder in (settings.data, settings.mirrors, settings.work):
        folder.mkdir(parents=True, exist_ok=True)
    db = Database(settings.database_url, durable=not settings.tests)
    migrate(db, settings)
    jobs = Jobs(settings.database_url, settings.data)
    return Stores(settings=settings, db=db, blobs=_open_blobs(settings), jobs=jobs)


def _open_blobs(settings: Settings) -> Blobs:
    if not settings.blobs_url:
        return Blobs(settings.blobs)
    from registry.stores.blobs_s3 import S3Blobs  # boto3 takes half a second to import, for those who use it alone

    return S3Blobs(settings.blobs_url, settings.blobs)
