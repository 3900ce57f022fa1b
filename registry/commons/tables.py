"""Tables of commons funds. What tells of the past is sealed: the database refuses to change or remove it."""

import datetime as dt

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

SEALED = ("commons_share", "commons_named", "commons_voice", "commons_proof", "commons_event")


def _text() -> Column[str]:
    return Column(Text, nullable=False)


class CommonsShare(SQLModel, table=True):
    """The designers' cut of each unit sold, in ten-thousandths, as its maintainers set it; the newest row holds.

    `number` counts without gaps, so that of two changes at once one is told.
    """

    __tablename__ = "commons_share"
    __table_args__ = (
        UniqueConstraint("design_id", "number", name="uq_commons_share_number"),
        CheckConstraint("share_bp >= 0 AND share_bp <= 10000", name="ck_commons_share_bp"),
    )

    id: int | None = Field(default=None, primary_key=True)
    design_id: int = Field(foreign_key="design.id")
    number: int
    share_bp: int
    why: str
    by_id: int = Field(foreign_key="account.id")
    at: dt.datetime


class CommonsNamed(SQLModel, table=True):
    """That a design's maintainers named somebody as a contributor, or took it back; each person's newest row holds."""

    __tablename__ = "commons_named"
    __table_args__ = (Index("ix_commons_named_design", "design_id", "account_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    design_id: int = Field(foreign_key="design.id")
    account_id: int = Field(foreign_key="account.id")
    named: bool
    why: str
    by_id: int = Field(foreign_key="account.id")
    at: dt.datetime


class CommonsProposal(SQLModel, table=True):
    """A proposal to spend of a design's fund. Its id is its number; the transfer `hold_seq` holds its amount."""

    __tablename__ = "commons_proposal"
    __table_args__ = (
        UniqueConstraint("by_id", "key", name="uq_commons_proposal_key"),
        CheckConstraint("amount_minor > 0", name="ck_commons_proposal_amount"),
        Index("ix_commons_proposal_design", "design_id", "id"),
        Index("ix_commons_proposal_state", "state", "ends_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    design_id: int = Field(foreign_key="design.id")
    kind: str
    title: str
    text: str = Field(sa_column=_text())
    payee: str
    currency: str
    amount_minor: int = Field(sa_type=BigInteger)
    state: str = "open"
    hold_seq: int | None = Field(default=None, sa_type=BigInteger)
    by_id: int = Field(foreign_key="account.id")
    key: str
    opened_at: dt.datetime
    ends_at: dt.datetime = Field(description="the end of the period for consent, as it was opened")
    changed_at: dt.datetime


class CommonsVoice(SQLModel, table=True):
    """What somebody said to a proposal: consent, an objection, its withdrawal, an answer to it."""

    __tablename__ = "commons_voice"

    id: int | None = Field(default=None, primary_key=True)
    proposal_id: int = Field(foreign_key="commons_proposal.id", index=True)
    account_id: int = Field(foreign_key="account.id")
    stance: str
    objection_id: int | None = Field(default=None, foreign_key="commons_voice.id")
    words: str = Field(sa_column=_text())
    at: dt.datetime


class CommonsProof(SQLModel, table=True):
    """What was bought, and for how much; `digest` names the invoice in the store, if one was handed in."""

    __tablename__ = "commons_proof"

    id: int | None = Field(default=None, primary_key=True)
    proposal_id: int = Field(foreign_key="commons_proposal.id", index=True)
    account_id: int = Field(foreign_key="account.id")
    amount_minor: int = Field(sa_type=BigInteger)
    words: str = Field(sa_column=_text())
    digest: str = ""
    filename: str = ""
    at: dt.datetime


class CommonsEvent(SQLModel, table=True):
    """A change of a proposal's state: who, when, why. No account: the calendar did it."""

    __tablename__ = "commons_event"

    id: int | None = Field(default=None, primary_key=True)
    proposal_id: int = Field(foreign_key="commons_proposal.id", index=True)
    action: str
    was: str
    became: str
    why: str
    account_id: int | None = Field(default=None, foreign_key="account.id")
    at: dt.datetime
