"""Tables of campaigns and pledges. What tells of the past is sealed: the database refuses to change or remove it.

Money itself stands in the book (`registry/lending/chart.py` names its accounts).
"""

import datetime as dt
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, Column, Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

SEALED = ("lending_treasurer", "loan_terms", "loan_event", "pledge_event", "loan_message", "loan_instalment")
_OVER = text("state NOT IN ('called off', 'failed')")


def _json(default: Any = list) -> Any:
    return Field(default_factory=default, sa_column=Column(JSON, nullable=False))


def _text() -> Any:
    return Field(default="", sa_column=Column(Text, nullable=False))


def _minor() -> Any:
    return Field(sa_type=BigInteger)


class LendingTreasurer(SQLModel, table=True):
    """That somebody is a treasurer from now on, or no longer; the newest row of an account holds."""

    __tablename__ = "lending_treasurer"
    __table_args__ = (Index("ix_lending_treasurer_account", "account_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    acts: bool
    by_id: int = Field(foreign_key="account.id")
    why: str
    at: dt.datetime


class LoanCampaign(SQLModel, table=True):
    """A loan that lenders give together to finance one batch. Its id is its number.

    `held_minor` is what its pledges hold together, paid or not. A draft is changed; from its opening on only `state`,
    `held_minor` and times move. `policy` is the whole policy at its opening: later ones don't touch it.
    `purposes` holds {words, amount_minor}, together the target. Units: amounts in the currency's smallest.
    """

    __tablename__ = "loan_campaign"
    __table_args__ = (
        CheckConstraint("target_minor >= 1 AND target_minor <= optimum_minor", name="ck_loan_campaign_target"),
        CheckConstraint("held_minor >= 0 AND held_minor <= optimum_minor", name="ck_loan_campaign_held"),
        Index("ix_loan_campaign_state", "state", "deadline_at"),
        Index("uq_loan_campaign_batch", "batch_id", unique=True, sqlite_where=_OVER, postgresql_where=_OVER),
    )

    id: int | None = Field(default=None, primary_key=True)
    batch_id: int = Field(foreign_key="batch.id")
    design_id: int = Field(foreign_key="design.id", index=True)
    fabricator_id: int = Field(foreign_key="fabricator.id", index=True, description="leads the batch and owes the loan")
    state: str = "draft"
    currency: str
    target_minor: int = _minor()
    optimum_minor: int = _minor()
    pledge_minor_min: int = _minor()
    pledge_minor_max: int = Field(sa_type=BigInteger, description="of one person")
    held_minor: int = Field(default=0, sa_type=BigInteger)
    deadline_on: dt.date
    deadline_zone: str
    deadline_at: dt.datetime
    units_funded: int = Field(description="units of the batch that the loan pays for")
    purposes: list[dict[str, Any]] = _json()
    repayment_months: int
    grace_months: int = Field(description="from the last tranche to the first instalment")
    unsold: str = Field(description="what lenders do at the end of the plan: choose, goods, wait")
    reward_bp: int = Field(default=0, description="of the kind that the policy allows")
    commons_bp: int = Field(description="of each sold unit, to the design's commons fund")
    about: str = _text()
    own_terms: str = _text()
    terms_version: int = 0
    payee_name: str
    payee_iban: str
    payee_bic: str = ""
    policy_number: int = 0
    policy: dict[str, Any] = _json(dict)
    drafted_by: int = Field(foreign_key="account.id")
    created_at: dt.datetime
    updated_at: dt.datetime
    opened_at: dt.datetime | None = None
    funded_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None


class LoanTerms(SQLModel, table=True):
    """A version of a campaign's terms: what a lender accepts, to the letter."""

    __tablename__ = "loan_terms"
    __table_args__ = (UniqueConstraint("campaign_id", "version", name="uq_loan_terms_version"),)

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: int = Field(foreign_key="loan_campaign.id")
    version: int
    text: str = Field(sa_column=Column(Text, nullable=False))
    sha256: str
    why: str
    account_id: int = Field(foreign_key="account.id")
    at: dt.datetime


class LoanEvent(SQLModel, table=True):
    """A change of a loan's state: who, when, why. No account: the registry did it, by the clock or by what was paid."""

    __tablename__ = "loan_event"

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: int = Field(foreign_key="loan_campaign.id", index=True)
    action: str
    was: str
    became: str
    account_id: int | None = Field(default=None, foreign_key="account.id")
    why: str
    at: dt.datetime


class LoanTranche(SQLModel, table=True):
    """The part of a loan that is paid out at a stage of the batch: materials, made, shipped. `amount_minor` is known
    once the campaign is funded."""

    __tablename__ = "loan_tranche"
    __table_args__ = (UniqueConstraint("campaign_id", "stage", name="uq_loan_tranche_stage"),)

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: int = Field(foreign_key="loan_campaign.id")
    stage: str
    share_bp: int
    amount_minor: int | None = Field(default=None, sa_type=BigInteger)
    paid_at: dt.datetime | None = Field(default=None, description="when the statement showed it")


class LoanInstalment(SQLModel, table=True):
    """What the fabricator is to pay by the end of a day (UTC). A later `plan` replaces an earlier one."""

    __tablename__ = "loan_instalment"
    __table_args__ = (UniqueConstraint("campaign_id", "plan", "number", name="uq_loan_instalment_number"),)

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: int = Field(foreign_key="loan_campaign.id")
    plan: int = 1
    number: int
    due_on: dt.date
    amount_minor: int = _minor()


class Pledge(SQLModel, table=True):
    """What somebody lends to a campaign. state: unpaid, paid, withdrawn, lapsed, released (the campaign failed).

    `paid_at` stays after a paid pledge ends. `repay` is the lender's choice: money, units (at cost) or gift (to the
    design's commons fund). `terms_sha256` is of the terms as they were accepted. The payout fields are where money goes
    back to, if the lender says so; otherwise to where it came from.
    """

    __tablename__ = "pledge"
    __table_args__ = (
        UniqueConstraint("campaign_id", "number", name="uq_pledge_number"),
        UniqueConstraint("account_id", "key", name="uq_pledge_key"),
        UniqueConstraint("reference", name="uq_pledge_reference"),
        CheckConstraint("amount_minor >= 1", name="ck_pledge_amount"),
        Index("ix_pledge_state", "state", "pay_by"),
    )

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: int = Field(foreign_key="loan_campaign.id")
    account_id: int = Field(foreign_key="account.id", index=True)
    number: int = Field(description="its place among the campaign's pledges, never given again")
    amount_minor: int = _minor()
    state: str = "unpaid"
    repay: str
    named: bool = False
    reference: str | None = None
    terms_id: int = Field(foreign_key="loan_terms.id")
    terms_sha256: str
    key: str
    payout_name: str = ""
    payout_iban: str = ""
    payout_bic: str = ""
    made_at: dt.datetime
    pay_by: dt.datetime
    paid_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None


class PledgeEvent(SQLModel, table=True):
    """A change of a pledge: who, when, why. No account: the registry did it."""

    __tablename__ = "pledge_event"

    id: int | None = Field(default=None, primary_key=True)
    pledge_id: int = Field(foreign_key="pledge.id", index=True)
    action: str
    was: str
    became: str
    account_id: int | None = Field(default=None, foreign_key="account.id")
    why: str = ""
    at: dt.datetime


class LoanMessage(SQLModel, table=True):
    """What a campaign's makers tell its lenders, for all to read."""

    __tablename__ = "loan_message"

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: int = Field(foreign_key="loan_campaign.id", index=True)
    account_id: int = Field(foreign_key="account.id")
    text: str = Field(sa_column=Column(Text, nullable=False))
    at: dt.datetime
