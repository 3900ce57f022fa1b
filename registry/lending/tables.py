"""Tables of the lending feature. What tells of the past is sealed: the database refuses to change or remove it."""

import datetime as dt

from sqlalchemy import Column, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

SEALED = ("lending_policy",)


class LendingPolicy(SQLModel, table=True):
    """A policy as it was imported, with its comments; the newest row holds. Without a row the shipped one does.

    `number` counts without gaps, so that of two imports at once one is told.
    """

    __tablename__ = "lending_policy"
    __table_args__ = (UniqueConstraint("number", name="uq_lending_policy_number"),)

    id: int | None = Field(default=None, primary_key=True)
    number: int
    text: str = Field(sa_column=Column(Text, nullable=False))
    sha256: str
    why: str
    account_id: int = Field(foreign_key="account.id")
    at: dt.datetime
