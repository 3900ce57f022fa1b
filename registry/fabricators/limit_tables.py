"""The table of checks of boards against fabricators' limits that somebody asked for."""

import datetime as dt
from typing import Any

from sqlalchemy import JSON, Column, Index, Text
from sqlmodel import Field, SQLModel

from registry.values import utcnow


class LimitCheck(SQLModel, table=True):
    """A wish to have a board checked against limits, and how it went; what was found is the result of the same key.

    Equal boards and equal limits have one key, whoever asks and at whichever fabricator.
    """

    __tablename__ = "limit_check"
    __table_args__ = (Index("ix_limit_check_state", "state", "asked_at"),)

    key: str = Field(primary_key=True)
    revision_id: int = Field(foreign_key="revision.id", index=True)
    board: str
    title: str
    source: str
    limits: dict[str, float] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    state: str = "queued"
    tries: int = 0
    worker: str = ""
    lease_until: dt.datetime | None = None
    asked_by: int | None = Field(default=None, foreign_key="account.id", index=True)
    asked_at: dt.datetime = Field(default_factory=utcnow)
    message: str = Field(default="", sa_column=Column(Text, nullable=False))
    remedy: str = Field(default="", sa_column=Column(Text, nullable=False))

    def wish(self) -> dict[str, Any]:
        """What is to be checked: the arguments of `LimitCheck.target`."""
        return {"name": self.board, "title": self.title, "source": self.source, "limits": self.limits}
