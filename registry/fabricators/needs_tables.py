"""Tables of what versions need: whole for their pages, and in rows that can be searched."""

import datetime as dt
from typing import Any

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field, SQLModel

from registry.values import utcnow


class VersionNeeds(SQLModel, table=True):
    """What was derived of a version from one build; derived again when the build or the rules are newer."""

    __tablename__ = "version_needs"

    revision_id: int = Field(foreign_key="revision.id", primary_key=True)
    design_id: int = Field(foreign_key="design.id", index=True)
    build_id: int
    rules: str
    data: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    derived_at: dt.datetime = Field(default_factory=utcnow, index=True)


class DesignNeed(SQLModel, table=True):
    """A need of a design's newest version, as far as a database can compare it. `way` names the processes that do,
    the asked one first, with dashes between. Units: mm, longest side first."""

    __tablename__ = "design_need"
    __table_args__ = (Index("ix_design_need", "design_id", "way", "x_mm", "y_mm"),)

    id: int | None = Field(default=None, primary_key=True)
    design_id: int = Field(foreign_key="design.id")
    revision_id: int = Field(foreign_key="revision.id", index=True)
    need: str
    way: str
    x_mm: float = 0.0
    y_mm: float = 0.0
