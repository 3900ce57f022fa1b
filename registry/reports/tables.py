"""Tables of the reports feature. What was told is only added to."""

import datetime as dt
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from registry.values import utcnow

APPEND_ONLY = ("report_version", "report_event")


def _list() -> Any:
    return Field(default_factory=list, sa_column=Column(JSON, nullable=False))


class BuildReport(SQLModel, table=True):
    """That somebody built a version. `version` counts its wordings; `state` is shown, withdrawn or hidden.

    `unit_id` is the delivered unit that it tells of, if it was bought here.
    """

    __tablename__ = "build_report"
    __table_args__ = (Index("ix_build_report_revision", "revision_id", "state"),)

    id: int | None = Field(default=None, primary_key=True)
    design_id: int = Field(foreign_key="design.id", index=True)
    revision_id: int = Field(foreign_key="revision.id")
    account_id: int = Field(foreign_key="account.id", index=True)
    unit_id: int | None = Field(default=None, index=True)
    state: str = "shown"
    version: int = 1
    created_at: dt.datetime = Field(default_factory=utcnow)
    updated_at: dt.datetime = Field(default_factory=utcnow)


class ReportVersion(SQLModel, table=True):
    """One wording of a report, never changed. The town is kept whole to tell places apart; `precision` says what others
    see of it."""

    __tablename__ = "report_version"
    __table_args__ = (UniqueConstraint("report_id", "number", name="uq_report_version"),)

    id: int | None = Field(default=None, primary_key=True)
    report_id: int = Field(foreign_key="build_report.id")
    number: int
    outcome: str
    failed_step: str = ""
    units: int
    built_on: dt.date | None = None
    country: str
    region: str = ""
    town: str = ""
    precision: str
    cost_minor: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    currency: str = ""
    minutes: int | None = None
    words: str = Field(default="", sa_column=Column(Text, nullable=False))
    changes: list[dict[str, Any]] = _list()
    tests: list[dict[str, Any]] = _list()
    photos: list[dict[str, Any]] = _list()
    why: str = ""
    made_at: dt.datetime = Field(default_factory=utcnow)


class ReportEvent(SQLModel, table=True):
    """What was done with a report: who, when, why."""

    __tablename__ = "report_event"

    id: int | None = Field(default=None, primary_key=True)
    report_id: int = Field(foreign_key="build_report.id", index=True)
    action: str
    why: str = ""
    account_id: int = Field(foreign_key="account.id")
    at: dt.datetime = Field(default_factory=utcnow)
