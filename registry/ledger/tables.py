"""Tables of the book. Currencies, accounts, limits and transfers are sealed: the database refuses to change or remove
their rows. Balances, open holds and the head are sums of those rows, kept at hand; `checking` makes them again."""

import datetime as dt

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    UniqueConstraint,
)
from sqlmodel import Field, SQLModel

SEALED = ("ledger_currency", "ledger_account", "ledger_limit", "ledger_transfer")
_SEQ = BigInteger().with_variant(Integer, "sqlite")  # SQLite's own row number, so that it needs no second index


class LedgerCurrency(SQLModel, table=True):
    """A currency that the book has used, with its decimals as they were then: amounts never change their meaning."""

    __tablename__ = "ledger_currency"
    __table_args__ = (CheckConstraint("exponent >= 0 AND exponent <= 6", name="ck_ledger_currency_exponent"),)

    code: str = Field(primary_key=True)
    exponent: int
    name: str
    community: str = Field(default="", description="whose own currency it is; empty for ISO 4217")
    opened_at: dt.datetime


class LedgerAccount(SQLModel, table=True):
    """An account of an owner in one currency; `role` tells an owner's accounts apart."""

    __tablename__ = "ledger_account"
    __table_args__ = (
        UniqueConstraint("owner_kind", "owner_id", "role", "currency", name="uq_ledger_account_name"),
        UniqueConstraint("id", "currency", name="uq_ledger_account_currency"),
    )

    id: int | None = Field(default=None, primary_key=True)
    owner_kind: str
    owner_id: str
    role: str
    currency: str = Field(foreign_key="ledger_currency.code")
    opened_at: dt.datetime


class LedgerLimit(SQLModel, table=True):
    """Limits of an account from the transfer after `after_seq` on; the newest row holds."""

    __tablename__ = "ledger_limit"
    __table_args__ = (
        CheckConstraint("lowest_minor IS NULL OR lowest_minor <= 0", name="ck_ledger_limit_lowest"),
        CheckConstraint("highest_minor IS NULL OR highest_minor >= 0", name="ck_ledger_limit_highest"),
        Index("ix_ledger_limit_account", "account_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="ledger_account.id")
    after_seq: int = Field(sa_type=BigInteger)
    lowest_minor: int | None = Field(default=None, sa_type=BigInteger)
    highest_minor: int | None = Field(default=None, sa_type=BigInteger)
    why: str
    by_id: int | None = Field(default=None, foreign_key="account.id")
    set_at: dt.datetime
    hash: str


class LedgerTransfer(SQLModel, table=True):
    """An amount from the debit account to the credit account, both of the row's currency: it can't be unbalanced.

    kind: posted; pending (held); settled, voided or expired (the end of the pending transfer `pending_seq`, which takes
    `released_minor` off what is held). `seq` counts without gaps; `hash` covers the row and the hash before it.
    """

    __tablename__ = "ledger_transfer"
    __table_args__ = (
        ForeignKeyConstraint(["debit_id", "currency"], ["ledger_account.id", "ledger_account.currency"],
                             name="fk_ledger_transfer_debit"),
        ForeignKeyConstraint(["credit_id", "currency"], ["ledger_account.id", "ledger_account.currency"],
                             name="fk_ledger_transfer_credit"),
        UniqueConstraint("key", name="uq_ledger_transfer_key"),
        UniqueConstraint("pending_seq", name="uq_ledger_transfer_pending"),
        UniqueConstraint("reverses_seq", name="uq_ledger_transfer_reverses"),
        CheckConstraint("debit_id <> credit_id", name="ck_ledger_transfer_accounts"),
        CheckConstraint(
            "kind IN ('posted', 'pending', 'settled', 'voided', 'expired')", name="ck_ledger_transfer_kind"
        ),
        CheckConstraint(
            "(kind IN ('posted', 'pending') AND amount_minor > 0 AND released_minor = 0 AND pending_seq IS NULL)"
            " OR (kind = 'settled' AND amount_minor > 0 AND amount_minor <= released_minor AND pending_seq IS NOT NULL)"
            " OR (kind IN ('voided', 'expired') AND amount_minor = 0 AND released_minor > 0"
            " AND pending_seq IS NOT NULL)",
            name="ck_ledger_transfer_amount",
        ),
        Index("ix_ledger_transfer_debit", "debit_id", "seq"),
        Index("ix_ledger_transfer_credit", "credit_id", "seq"),
        Index("ix_ledger_transfer_entry", "entry_seq"),
    )  # fmt: skip

    seq: int = Field(sa_column=Column(_SEQ, primary_key=True, autoincrement=False))
    entry_seq: int = Field(sa_type=BigInteger, description="the first transfer of those booked together")
    kind: str
    debit_id: int
    credit_id: int
    amount_minor: int = Field(sa_type=BigInteger)
    released_minor: int = Field(default=0, sa_type=BigInteger)
    currency: str
    pending_seq: int | None = Field(default=None, foreign_key="ledger_transfer.seq", sa_type=_SEQ)
    reverses_seq: int | None = Field(default=None, foreign_key="ledger_transfer.seq", sa_type=_SEQ)
    expires_at: dt.datetime | None = None
    recorded_at: dt.datetime
    effective_at: dt.datetime
    purpose: str
    by_id: int | None = Field(default=None, foreign_key="account.id")
    key: str
    hash: str


class LedgerBalance(SQLModel, table=True):
    """What an account's transfers come to, with the limits that hold now. The database refuses what passes them."""

    __tablename__ = "ledger_balance"
    __table_args__ = (
        CheckConstraint("pending_debits_minor >= 0 AND pending_credits_minor >= 0", name="ck_ledger_balance_pending"),
        CheckConstraint(
            "lowest_minor IS NULL OR credits_minor - debits_minor - pending_debits_minor >= lowest_minor",
            name="ck_ledger_balance_lowest",
        ),
        CheckConstraint(
            "highest_minor IS NULL OR credits_minor - debits_minor + pending_credits_minor <= highest_minor",
            name="ck_ledger_balance_highest",
        ),
    )

    account_id: int = Field(foreign_key="ledger_account.id", primary_key=True)
    debits_minor: int = Field(default=0, sa_type=BigInteger)
    credits_minor: int = Field(default=0, sa_type=BigInteger)
    pending_debits_minor: int = Field(default=0, sa_type=BigInteger)
    pending_credits_minor: int = Field(default=0, sa_type=BigInteger)
    lowest_minor: int | None = Field(default=None, sa_type=BigInteger)
    highest_minor: int | None = Field(default=None, sa_type=BigInteger)


class LedgerHold(SQLModel, table=True):
    """A pending transfer that has not ended yet: its row goes when it is settled, voided or expired."""

    __tablename__ = "ledger_hold"

    seq: int = Field(sa_column=Column(_SEQ, ForeignKey("ledger_transfer.seq"), primary_key=True, autoincrement=False))
    expires_at: dt.datetime | None = Field(default=None, index=True)


class LedgerHead(SQLModel, table=True):
    """The last transfer and its hash, in one row: who writes into the book locks it, so that all write in turn."""

    __tablename__ = "ledger_head"
    __table_args__ = (CheckConstraint("id = 1", name="ck_ledger_head_one"),)

    id: int = Field(primary_key=True)
    seq: int = Field(sa_type=BigInteger)
    hash: str
    recorded_at: dt.datetime
