"""Tables of community money. Balances and limits stand in the book alone; what tells of the past is sealed."""

import datetime as dt

from sqlalchemy import CheckConstraint, Column, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

SEALED = ("community_event", "batch_credit")


class CommunityMember(SQLModel, table=True):
    """A person or a workshop that trades in the community's currency; `left_at` says that they no longer do."""

    __tablename__ = "community_member"
    __table_args__ = (UniqueConstraint("owner_kind", "owner_id", name="uq_community_member_owner"),)

    id: int | None = Field(default=None, primary_key=True)
    owner_kind: str
    owner_id: int
    offers: str = Field(default="", sa_column=Column(Text, nullable=False))
    joined_at: dt.datetime
    left_at: dt.datetime | None = None


class CommunityEvent(SQLModel, table=True):
    """That somebody joined, left or changed what they offer. Changes of limits stand in the book, with reasons."""

    __tablename__ = "community_event"

    id: int | None = Field(default=None, primary_key=True)
    member_id: int = Field(foreign_key="community_member.id", index=True)
    action: str
    by_id: int = Field(foreign_key="account.id")
    at: dt.datetime


class BatchCredit(SQLModel, table=True):
    """The part of a batch's price that may be paid in the community's currency; the newest row of a batch holds."""

    __tablename__ = "batch_credit"
    __table_args__ = (
        UniqueConstraint("batch_id", "number", name="uq_batch_credit_number"),
        CheckConstraint("share_bp >= 0 AND share_bp <= 10000", name="ck_batch_credit_share"),
    )

    id: int | None = Field(default=None, primary_key=True)
    batch_id: int = Field(foreign_key="batch.id")
    number: int
    share_bp: int
    currency: str
    by_id: int = Field(foreign_key="account.id")
    at: dt.datetime
