"""Schema changes (Alembic), applied on every start, by one process at a time."""

from __future__ import annotations

import fcntl
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from registry.settings import Settings
from registry.stores.db import Database

_HERE = Path(__file__).resolve().parent
_POSTGRES_LOCK = 0x6272_6963  # "bric": any fixed number


def config() -> Config:
    """Alembic's settings, which need no file."""
    settings = Config()
    settings.set_main_option("script_location", str(_HERE))
    return settings


def migrate(db: Database, settings: Settings) -> None:
    """Bring the database to the newest schema; quick when it is there already."""
    alembic = config()
    head = ScriptDirectory.from_config(alembic).get_current_head()
    with db.engine.connect() as connection:
        if MigrationContext.configure(connection).get_current_revision() == head:
            return
    with (settings.data / "migrate.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with db.engine.connect() as connection:
            if not db.on_sqlite:
                connection.execute(text("SELECT pg_advisory_lock(:n)"), {"n": _POSTGRES_LOCK})
                connection.commit()
            alembic.attributes["connection"] = connection
            try:
                command.upgrade(alembic, "head")
                connection.commit()
            finally:
                if not db.on_sqlite:
                    connection.rollback()
                    connection.execute(text("SELECT pg_advisory_unlock(:n)"), {"n": _POSTGRES_LOCK})
                    connection.commit()
