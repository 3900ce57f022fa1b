"""Tables of money in and out. Statements, acts and files are sealed, as is what a booking or an order says: the
database refuses to change or remove it. Only the state of a booking or an order moves, and each move is an act."""

import datetime as dt
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

SEALED = ("bank_mapping", "bank_statement", "bank_act", "payment_file", "fund_account")
ENTRY_FACTS = (
    "id", "campaign_id", "statement_id", "key", "occurrence", "booked_on", "valued_on", "amount_minor",
    "bank_reference", "name", "iban", "text", "structured", "end_to_end", "return_code",
)  # fmt: skip
ORDER_FACTS = (
    "id", "campaign_id", "kind", "subject", "pledge_id", "for_entry_id", "source", "amount_minor", "payee_name",
    "payee_iban", "payee_bic", "message", "end_to_end", "held_seq", "proposed_by", "at",
)  # fmt: skip
_SIGNS = text("action IN ('propose', 'approve')")


def _minor() -> Any:
    return Field(sa_type=BigInteger)


class BankMapping(SQLModel, table=True):
    """How the tables of an account's bank are read; the newest row of the account holds."""

    __tablename__ = "bank_mapping"
    __table_args__ = (Index("ix_bank_mapping_iban", "iban", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    iban: str
    mapping: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    account_id: int = Field(foreign_key="account.id")
    at: dt.datetime


class BankStatementRow(SQLModel, table=True):
    """A statement that was imported. `fresh`: how many of its bookings were new. Units: amounts in the smallest."""

    __tablename__ = "bank_statement"
    __table_args__ = (Index("ix_bank_statement_campaign", "campaign_id", "until"),)

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: int = Field(foreign_key="loan_campaign.id")
    form: str
    number: str = ""
    file_name: str = ""
    sha256: str = Field(description="of the file")
    opening_minor: int = _minor()
    closing_minor: int = _minor()
    since: dt.date
    until: dt.date
    lines: int
    fresh: int
    account_id: int = Field(foreign_key="account.id")
    at: dt.datetime


class BankEntry(SQLModel, table=True):
    """A booking of a campaign's account. `key` and `occurrence` tell it from all others: it comes in once.

    state: imported (read, not yet in the book), matched, no match, invalid, already, discarded. `reasons` say why it
    waits. While it waits, its money stands in the campaign's account 'unmatched'.
    """

    __tablename__ = "bank_entry"
    __table_args__ = (
        UniqueConstraint("campaign_id", "key", "occurrence", name="uq_bank_entry_key"),
        CheckConstraint("amount_minor <> 0", name="ck_bank_entry_amount"),
        Index("ix_bank_entry_state", "campaign_id", "state", "booked_on"),
    )

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: int = Field(foreign_key="loan_campaign.id")
    statement_id: int = Field(foreign_key="bank_statement.id")
    key: str
    occurrence: int
    booked_on: dt.date
    valued_on: dt.date
    amount_minor: int = _minor()
    bank_reference: str = ""
    name: str = ""
    iban: str = ""
    text: str = Field(default="", sa_column=Column(Text, nullable=False))
    structured: str = ""
    end_to_end: str = ""
    return_code: str = ""
    state: str = "imported"
    reasons: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    pledge_id: int | None = Field(default=None, foreign_key="pledge.id", index=True)
    order_id: int | None = Field(default=None, foreign_key="payment_order.id", index=True)


class PaymentFile(SQLModel, table=True):
    """A file for the bank, kept as it was made: who fetches it again gets the same."""

    __tablename__ = "payment_file"

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: int = Field(foreign_key="loan_campaign.id", index=True)
    form: str
    payments: int
    total_minor: int = _minor()
    sha256: str
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    account_id: int = Field(foreign_key="account.id")
    at: dt.datetime


class PaymentOrder(SQLModel, table=True):
    """A payment that leaves: refund, disbursement, repayment, send back, pay over (to the commons fund).

    state: proposed, approved, filed (in a file for the bank), paid (the statement shows it), returned, refused, given
    back (a part of a loan that came back and is the lenders' again), undone (with the decision that asked for it). The
    payee's account is as it was when it was proposed: approvals are of this one. `source`: the account of the book that
    gives; `held_seq`: the transfer that holds the amount until it is paid.
    """

    __tablename__ = "payment_order"
    __table_args__ = (
        UniqueConstraint("end_to_end", name="uq_payment_order_end_to_end"),
        CheckConstraint("amount_minor > 0", name="ck_payment_order_amount"),
        Index("ix_payment_order_state", "campaign_id", "state"),
    )

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: int = Field(foreign_key="loan_campaign.id")
    kind: str
    subject: str = Field(default="", description="the stage of a disbursement")
    pledge_id: int | None = Field(default=None, foreign_key="pledge.id", index=True)
    for_entry_id: int | None = Field(default=None, description="the booking whose money is sent back")
    source: str
    amount_minor: int = _minor()
    payee_name: str
    payee_iban: str
    payee_bic: str = ""
    message: str
    end_to_end: str
    held_seq: int | None = Field(default=None, sa_type=BigInteger)
    state: str = "proposed"
    file_id: int | None = Field(default=None, foreign_key="payment_file.id", index=True)
    proposed_by: int = Field(foreign_key="account.id")
    at: dt.datetime


class BankAct(SQLModel, table=True):
    """What was done with a booking or an order: who, when, why. No account: the registry did it.

    `number` counts the acts of one booking or order, so that of two at once one is told.
    """

    __tablename__ = "bank_act"
    __table_args__ = (
        UniqueConstraint("entry_id", "number", name="uq_bank_act_entry"),
        UniqueConstraint("order_id", "number", name="uq_bank_act_order"),
        CheckConstraint("(entry_id IS NULL) <> (order_id IS NULL)", name="ck_bank_act_one"),
        Index("uq_bank_act_sign", "order_id", "account_id", unique=True, sqlite_where=_SIGNS, postgresql_where=_SIGNS),
    )

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: int = Field(foreign_key="loan_campaign.id", index=True)
    entry_id: int | None = Field(default=None, foreign_key="bank_entry.id")
    order_id: int | None = Field(default=None, foreign_key="payment_order.id")
    number: int
    action: str
    became: str
    why: str = Field(default="", sa_column=Column(Text, nullable=False))
    account_id: int | None = Field(default=None, foreign_key="account.id")
    at: dt.datetime


class FundAccount(SQLModel, table=True):
    """Where a design's commons fund receives money, as its maintainers say; the newest row holds."""

    __tablename__ = "fund_account"
    __table_args__ = (Index("ix_fund_account_design", "design_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    design_id: int = Field(foreign_key="design.id")
    name: str
    iban: str
    bic: str = ""
    account_id: int = Field(foreign_key="account.id")
    at: dt.datetime


class PayeeAccount(SQLModel, table=True):
    """Where a fabricator receives money, as its operators say; the newest row holds."""

    __tablename__ = "payee_account"
    __table_args__ = (Index("ix_payee_account_fabricator", "fabricator_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    fabricator_id: int = Field(foreign_key="fabricator.id")
    name: str
    iban: str
    bic: str = ""
    account_id: int = Field(foreign_key="account.id")
    at: dt.datetime
