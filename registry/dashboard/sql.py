"""SELECT over columns of SQLModel's classes, which SQLAlchemy's own types do not know as columns."""

from __future__ import annotations

from typing import Any

import sqlalchemy

select: Any = sqlalchemy.select


def table(of: type[Any]) -> Any:
    """The table of a class, to be joined."""
    return sqlalchemy.inspect(of).local_table
