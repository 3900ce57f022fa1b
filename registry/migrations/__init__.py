"""Schema changes (Alembic), applied on every start, by one process at a time."""

from __future__ import annotations

import fcntl
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from registry.errors import Unavailable
from registry.settings import Settings
from registry.stores.db import Database

_HERE = Path(__file__).resolve().parent
_POSTGRES_LOCK = 0x6272_6963  # "bric": any fixed number


def config() -> Config:
    """Alembic's settings, which need no file."""
    settings = Config()
    settings.set_main_option("script_location", str(_HERE))
    return settings


@cache
def _known() -> ScriptDirectory:
    """The migrations there are; read once in a process."""
    return ScriptDirectory.from_config(config())


def migrate(db: Database, settings: Settings) -> None:
    """Bring the database to the newest schema; quick when it is there already.

    Raises: Unavailable if a newer Brickyard has used it: what its columns mean is not known here.
    """
    alembic = config()
    known = _known()
    head = known.get_current_head()
    with db.engine.connect() as connection:
        here = MigrationContext.configure(connection).get_current_revision()
    if here == head:
        return
    if here not in (None, *(script.revision for script in known.walk_revisions())):
        raise Unavailable(
            f"The database is of a newer Brickyard (schema {here}) than this one (schema {head}).",
            "Bring Brickyard up to date, or give it another data folder.",
        )
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
