"""Tables of official fabricators: who is named by a design's maintainers, under which terms, and which batches are."""

import datetime as dt

from sqlalchemy import BigInteger, CheckConstraint, Column, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from registry.values import utcnow

APPEND_ONLY = ("official_terms", "official_event", "batch_origin")


def _text() -> str:
    text: str = Field(default="", sa_column=Column(Text, nullable=False))
    return text


class OfficialNaming(SQLModel, table=True):
    """A design's maintainers and a fabricator. `version` counts the terms offered; `accepted_version` is the one that
    holds. State: offered, active, declined, ended."""

    __tablename__ = "official_naming"
    __table_args__ = (UniqueConstraint("design_id", "fabricator_id", name="uq_official_naming"),)

    id: int | None = Field(default=None, primary_key=True)
    design_id: int = Field(foreign_key="design.id")
    fabricator_id: int = Field(foreign_key="fabricator.id", index=True)
    state: str = "offered"
    version: int = 0
    accepted_version: int | None = None
    created_at: dt.datetime = Field(default_factory=utcnow)
    updated_at: dt.datetime = Field(default_factory=utcnow)


class OfficialTerms(SQLModel, table=True):
    """The conditions of a naming, whole, never changed."""

    __tablename__ = "official_terms"
    __table_args__ = (
        UniqueConstraint("naming_id", "number", name="uq_official_terms"),
        CheckConstraint("contribution_minor >= 0", name="ck_official_contribution"),
    )

    id: int | None = Field(default=None, primary_key=True)
    naming_id: int = Field(foreign_key="official_naming.id")
    number: int
    mark: str = _text()
    checks: str = _text()
    text: str = _text()
    contribution_minor: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    currency: str
    sha256: str
    account_id: int = Field(foreign_key="account.id")
    made_at: dt.datetime = Field(default_factory=utcnow)


class OfficialEvent(SQLModel, table=True):
    """What was done with a naming: who, when, why."""

    __tablename__ = "official_event"

    id: int | None = Field(default=None, primary_key=True)
    naming_id: int = Field(foreign_key="official_naming.id", index=True)
    action: str
    version: int
    why: str = ""
    account_id: int = Field(foreign_key="account.id")
    at: dt.datetime = Field(default_factory=utcnow)


class BatchOrigin(SQLModel, table=True):
    """The naming, and the number of its terms, under which a maker of a batch made it; no row: a free build."""

    __tablename__ = "batch_origin"

    batch_id: int = Field(foreign_key="batch.id", primary_key=True)
    naming_id: int = Field(foreign_key="official_naming.id", primary_key=True)
    terms: int
