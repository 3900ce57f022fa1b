"""Tables of the fabricators feature."""

import datetime as dt
from typing import Any

from sqlalchemy import JSON, Column, Index, Text
from sqlmodel import Field, SQLModel

from registry.values import utcnow


def _list() -> Any:
    return Field(default_factory=list, sa_column=Column(JSON, nullable=False))


def _dict() -> Any:
    return Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


class Fabricator(SQLModel, table=True):
    """A workshop, company or person who makes things for others.

    `lat_deg` and `lon_deg` are the true place, for its own people alone; `shown_*` are as precise as they want, and all
    that search and pages ever use.
    """

    __tablename__ = "fabricator"
    __table_args__ = (Index("ix_fabricator_place", "shown_lat_deg", "shown_lon_deg"),)

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True, max_length=80)
    name: str
    kind: str = "workshop"
    status: str = "active"
    summary: str = ""
    description: str = Field(default="", sa_column=Column(Text, nullable=False))
    languages: list[str] = _list()
    access: str = "orders"
    certifications: list[str] = _list()
    opening_hours: str = ""
    lead_time_days: int | None = None
    capacity_hours_week: int | None = None
    currency: str = "EUR"
    website: str = ""
    email: str = ""
    country: str = Field(default="", index=True, description="ISO 3166-1 alpha-2")
    region: str = ""
    town: str = ""
    postcode: str = ""
    street: str = ""
    precision: str = Field(default="town", description="how precisely the place is shown: exact, town, region, country")
    lat_deg: float | None = None
    lon_deg: float | None = None
    shown_lat_deg: float | None = None
    shown_lon_deg: float | None = None
    extra: dict[str, Any] = _dict()
    is_example: bool = False
    created_at: dt.datetime = Field(default_factory=utcnow)
    updated_at: dt.datetime = Field(default_factory=utcnow, index=True)


class Member(SQLModel, table=True):
    """An account that acts for a fabricator: owner, operator or viewer."""

    __tablename__ = "fabricator_member"

    fabricator_id: int = Field(foreign_key="fabricator.id", primary_key=True)
    account_id: int = Field(foreign_key="account.id", primary_key=True, index=True)
    role: str
    created_at: dt.datetime = Field(default_factory=utcnow)


class FabricatorPicture(SQLModel, table=True):
    """A picture of a workshop, without the metadata that its camera wrote.

    `files` maps a width in pixels to the digest of the WebP of that width; `digest` is the widest's.
    """

    __tablename__ = "fabricator_picture"

    id: int | None = Field(default=None, primary_key=True)
    fabricator_id: int = Field(foreign_key="fabricator.id", index=True)
    position: int = 0
    digest: str
    files: dict[str, str] = _dict()
    width_px: int = 0
    height_px: int = 0
    words: str = ""


class Machine(SQLModel, table=True):
    """A machine, or a bench for hand work: one process of the vocabulary, with what limits it.

    `parameters` holds numbers (unit in the name), booleans and lists as `vocabulary.parameters` names them. Money is
    in minor units of the fabricator's currency.
    """

    __tablename__ = "machine"
    __table_args__ = (
        Index("ix_machine_process", "process", "fabricator_id"),
        Index("ix_machine_fabricator", "fabricator_id", "position"),
    )

    id: int | None = Field(default=None, primary_key=True)
    fabricator_id: int = Field(foreign_key="fabricator.id")
    position: int = 0
    name: str
    process: str
    maker: str = ""
    model: str = ""
    count: int = 1
    status: str = "ready"
    work_x_mm: float | None = None
    work_y_mm: float | None = None
    work_z_mm: float | None = None
    parameters: dict[str, Any] = _dict()
    setup_minor: int | None = None
    hour_minor: int | None = None
    notes: str = ""
    extra: dict[str, Any] = _dict()


class MachineMaterial(SQLModel, table=True):
    """A material that a machine takes, with the thicknesses that it takes it in."""

    __tablename__ = "machine_material"
    __table_args__ = (Index("ix_machine_material", "material", "machine_id"),)

    id: int | None = Field(default=None, primary_key=True)
    machine_id: int = Field(foreign_key="machine.id", index=True)
    material: str
    thickness_min_mm: float | None = None
    thickness_max_mm: float | None = None


class Correction(SQLModel, table=True):
    """What a designer says a version needs, where what was derived is wrong or misses something; kept apart from it.

    `need` is the id of a derived need, or a new one; `value` is what it says instead, or None: not needed. The newest
    row of a need counts, older ones stay.
    """

    __tablename__ = "need_correction"

    id: int | None = Field(default=None, primary_key=True)
    revision_id: int = Field(foreign_key="revision.id", index=True)
    account_id: int | None = Field(default=None, foreign_key="account.id")
    need: str
    value: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    why: str = ""
    made_at: dt.datetime = Field(default_factory=utcnow)
