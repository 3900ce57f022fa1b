"""Tables of the designs feature."""

import datetime as dt
from typing import Any

from sqlalchemy import JSON, Column, Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from registry.values import utcnow


class Design(SQLModel, table=True):
    """A repository, or a folder of one, as the registry knows it. What lists show is kept here, copied from the
    newest version."""

    __tablename__ = "design"
    __table_args__ = (
        UniqueConstraint("url", "subdir", "tracked_ref", name="uq_design_place"),
        Index("ix_design_updated", "updated_at"),
        Index("ix_design_kind", "kind", "updated_at"),
        Index("ix_design_readiness", "readiness", "updated_at"),
        # what a search counts for its facets, read without the wide rows
        Index("ix_design_facets", "id", "kind", "licence", "readiness", "proven"),
        Index("ix_design_built", "others", "built_count", "updated_at"),
        Index("ix_design_proven", "proven", "proven_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True, max_length=80)
    url: str
    subdir: str = ""
    tracked_ref: str = ""
    owner_id: int | None = Field(default=None, index=True)
    name: str
    summary: str = ""
    kind: str = "documents"
    licence: str = Field(default="", index=True)
    readiness: str = "waiting"
    standing: str = "untried"
    proven: str = "untried"
    others: int = 0
    failed: int = 0
    proven_at: dt.datetime | None = None
    proven_version: str = ""
    newest_version: str = ""
    picture: str = ""
    boards: int = 0
    parts: int = 0
    built_count: int = 0
    tags: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    tools: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    sync_message: str = ""
    created_at: dt.datetime = Field(default_factory=utcnow)
    updated_at: dt.datetime = Field(default_factory=utcnow)
    synced_at: dt.datetime = Field(default_factory=utcnow)


class DesignTool(SQLModel, table=True):
    """Which tools a design is made with, a row each: facets count these."""

    __tablename__ = "design_tool"

    design_id: int = Field(foreign_key="design.id", primary_key=True)
    tool: str = Field(primary_key=True, index=True)


class Revision(SQLModel, table=True):
    """A version: a tag, the head of the tracked branch, or a single commit that somebody asked for. Never changed
    once made,
    but for `current` (a tag or branch that has moved on leaves its old rows behind) and for how it stands: `others` are
    those who built it independently, `failed` those for whom it failed."""

    __tablename__ = "revision"
    __table_args__ = (
        UniqueConstraint("design_id", "name", "commit", name="uq_revision_place"),
        Index("ix_revision_design", "design_id", "current", "position"),
    )

    id: int | None = Field(default=None, primary_key=True)
    design_id: int = Field(foreign_key="design.id")
    name: str
    label: str
    kind: str
    commit: str = Field(index=True)
    committed_at: dt.datetime
    prerelease: bool = False
    newest: bool = False
    current: bool = True
    position: int = 0
    proven: str = "untried"
    others: int = 0
    failed: int = 0
    proven_at: dt.datetime | None = None
    licence: str = ""
    about: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    created_at: dt.datetime = Field(default_factory=utcnow)


class DesignText(SQLModel, table=True):
    """What full-text search reads: one row a design, its words by weight."""

    __tablename__ = "design_text"

    design_id: int = Field(foreign_key="design.id", primary_key=True)
    name: str = ""
    tags: str = ""
    summary: str = ""
    parts: str = Field(default="", sa_column=Column(Text, nullable=False))
    readme: str = Field(default="", sa_column=Column(Text, nullable=False))
