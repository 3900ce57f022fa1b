"""Tables of the builds feature."""

import datetime as dt
from typing import Any

from sqlalchemy import JSON, Column, Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from registry.values import utcnow

_ACTIVE = text("state IN ('queued', 'running')")


class Build(SQLModel, table=True):
    """A wish to have a revision built, and what became of it. `lease_until` tells the sweeper which worker is alive."""

    __tablename__ = "build"
    __table_args__ = (
        Index("ix_build_state", "state", "requested_at"),
        Index("ix_build_revision", "revision_id", "id"),
        # one build of a revision waits or runs at a time, whoever asks for it at once
        Index("uq_build_active", "revision_id", unique=True, sqlite_where=_ACTIVE, postgresql_where=_ACTIVE),
    )

    id: int | None = Field(default=None, primary_key=True)
    design_id: int = Field(foreign_key="design.id", index=True)
    revision_id: int = Field(foreign_key="revision.id")
    state: str = "queued"
    force: bool = False
    tries: int = 0
    worker: str = ""
    lease_until: dt.datetime | None = None
    requested_at: dt.datetime = Field(default_factory=utcnow)
    started_at: dt.datetime | None = None
    finished_at: dt.datetime | None = None
    message: str = Field(default="", sa_column=Column(Text, nullable=False))
    not_built: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    materials_digest: str = ""
    bundle_digest: str = ""
    bundle_bytes: int = 0


class TargetRun(SQLModel, table=True):
    """A target of a build: waiting, running, done or failed; `key` names the result that it links to."""

    __tablename__ = "target_run"
    __table_args__ = (UniqueConstraint("build_id", "kind", "name", name="uq_target_name"),)

    id: int | None = Field(default=None, primary_key=True)
    build_id: int = Field(foreign_key="build.id")
    position: int = 0
    builder: str
    kind: str
    name: str
    title: str
    source: str
    key: str = Field(default="", index=True)
    state: str = "waiting"
    cached: bool = False
    seconds: float | None = None
    message: str = Field(default="", sa_column=Column(Text, nullable=False))
    remedy: str = Field(default="", sa_column=Column(Text, nullable=False))
    notes: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    log_tail: str = Field(default="", sa_column=Column(Text, nullable=False))
    started_at: dt.datetime | None = None


class Step(SQLModel, table=True):
    """One run of a tool within a target, for the live page."""

    __tablename__ = "step"

    id: int | None = Field(default=None, primary_key=True)
    target_run_id: int = Field(foreign_key="target_run.id", index=True)
    name: str
    state: str = "running"
    started_at: dt.datetime = Field(default_factory=utcnow)
    seconds: float | None = None


class Result(SQLModel, table=True):
    """What a key was built into, once for all designs. Written whole, with its artifacts, in one transaction."""

    __tablename__ = "result"

    key: str = Field(primary_key=True)
    builder: str
    state: str
    seconds: float
    message: str = Field(default="", sa_column=Column(Text, nullable=False))
    remedy: str = Field(default="", sa_column=Column(Text, nullable=False))
    notes: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    log_tail: str = Field(default="", sa_column=Column(Text, nullable=False))
    steps: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    tools: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    facts: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    created_at: dt.datetime = Field(default_factory=utcnow)


class Artifact(SQLModel, table=True):
    """A file of a result; its content is in the blob store."""

    __tablename__ = "artifact"
    __table_args__ = (UniqueConstraint("result_key", "path", name="uq_artifact_path"),)

    id: int | None = Field(default=None, primary_key=True)
    result_key: str = Field(foreign_key="result.key", index=True)
    path: str
    role: str
    media_type: str
    group: str = Field(sa_column_kwargs={"name": "output_group"})
    bundled: bool = True
    digest: str
    size_bytes: int


class Worker(SQLModel, table=True):
    """A process that takes builds; one whose lease has run out is gone."""

    __tablename__ = "worker"

    id: str = Field(primary_key=True)
    host: str
    pid: int
    lease_until: dt.datetime
