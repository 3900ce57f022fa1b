"""The database's time: the one clock that deadlines go by, whichever host asks."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import text
from sqlmodel import Session

_SQLITE = text("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')")
_POSTGRES = text("SELECT clock_timestamp()")  # not now(): that is when the transaction began, before it waited its turn


def database_now(session: Session) -> dt.datetime:
    """Now, in UTC, as the database sees it."""
    if session.get_bind().dialect.name == "sqlite":
        return dt.datetime.fromisoformat(session.execute(_SQLITE).scalar_one()).replace(tzinfo=dt.UTC)
    moment: dt.datetime = session.execute(_POSTGRES).scalar_one()
    return moment.astimezone(dt.UTC)
