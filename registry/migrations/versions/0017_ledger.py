"""The book: currencies, accounts, limits and transfers, sealed; balances, holds and the head beside them.

Revision: 0017.
"""

import datetime as dt

import sqlalchemy as sa
from alembic import op

from registry.migrations.sealing import seal

revision = "0017"
down_revision = "0014"
branch_labels = None
depends_on = None

_SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TABLES = ("hold", "transfer", "limit", "balance", "account", "head", "currency")
# table -> what makes a new row take the place of another. SQLite's INSERT OR REPLACE removes rows without a word to
# triggers on DELETE, so what would replace is refused before it is put in.
_SEALED = {
    "ledger_currency": "code = NEW.code",
    "ledger_account": "id = NEW.id OR (owner_kind = NEW.owner_kind AND owner_id = NEW.owner_id"
    " AND role = NEW.role AND currency = NEW.currency)",
    "ledger_limit": "id = NEW.id",
    "ledger_transfer": "seq = NEW.seq OR key = NEW.key OR pending_seq = NEW.pending_seq"
    " OR reverses_seq = NEW.reverses_seq",
}


def upgrade() -> None:
    op.create_table(
        "ledger_currency",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("exponent", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("community", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("exponent >= 0 AND exponent <= 6", name="ck_ledger_currency_exponent"),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "ledger_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_ledger_head_one"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "ledger_account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_kind", sa.String(), nullable=False),
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["currency"], ["ledger_currency.code"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("id", "currency", name="uq_ledger_account_currency"),
        sa.UniqueConstraint("owner_kind", "owner_id", "role", "currency", name="uq_ledger_account_name"),
    )
    op.create_table(
        "ledger_balance",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("debits_minor", sa.BigInteger(), nullable=False),
        sa.Column("credits_minor", sa.BigInteger(), nullable=False),
        sa.Column("pending_debits_minor", sa.BigInteger(), nullable=False),
        sa.Column("pending_credits_minor", sa.BigInteger(), nullable=False),
        sa.Column("lowest_minor", sa.BigInteger(), nullable=True),
        sa.Column("highest_minor", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "highest_minor IS NULL OR credits_minor - debits_minor + pending_credits_minor <= highest_minor",
            name="ck_ledger_balance_highest",
        ),
        sa.CheckConstraint(
            "lowest_minor IS NULL OR credits_minor - debits_minor - pending_debits_minor >= lowest_minor",
            name="ck_ledger_balance_lowest",
        ),
        sa.CheckConstraint(
            "pending_debits_minor >= 0 AND pending_credits_minor >= 0", name="ck_ledger_balance_pending"
        ),
        sa.ForeignKeyConstraint(["account_id"], ["ledger_account.id"]),
        sa.PrimaryKeyConstraint("account_id"),
    )
    op.create_table(
        "ledger_limit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("after_seq", sa.BigInteger(), nullable=False),
        sa.Column("lowest_minor", sa.BigInteger(), nullable=True),
        sa.Column("highest_minor", sa.BigInteger(), nullable=True),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.CheckConstraint("highest_minor IS NULL OR highest_minor >= 0", name="ck_ledger_limit_highest"),
        sa.CheckConstraint("lowest_minor IS NULL OR lowest_minor <= 0", name="ck_ledger_limit_lowest"),
        sa.ForeignKeyConstraint(["account_id"], ["ledger_account.id"]),
        sa.ForeignKeyConstraint(["by_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_ledger_limit_account", "ledger_limit", ["account_id", "id"], unique=False)
    op.create_table(
        "ledger_transfer",
        sa.Column("seq", _SEQ, autoincrement=False, nullable=False),
        sa.Column("entry_seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("debit_id", sa.Integer(), nullable=False),
        sa.Column("credit_id", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("released_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("pending_seq", _SEQ, nullable=True),
        sa.Column("reverses_seq", _SEQ, nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.CheckConstraint(
            "(kind IN ('posted', 'pending') AND amount_minor > 0 AND released_minor = 0 AND pending_seq IS NULL)"
            " OR (kind = 'settled' AND amount_minor > 0 AND amount_minor <= released_minor AND pending_seq IS NOT NULL)"
            " OR (kind IN ('voided', 'expired') AND amount_minor = 0 AND released_minor > 0"
            " AND pending_seq IS NOT NULL)",
            name="ck_ledger_transfer_amount",
        ),
        sa.CheckConstraint(
            "kind IN ('posted', 'pending', 'settled', 'voided', 'expired')", name="ck_ledger_transfer_kind"
        ),
        sa.CheckConstraint("debit_id <> credit_id", name="ck_ledger_transfer_accounts"),
        sa.ForeignKeyConstraint(["by_id"], ["account.id"]),
        sa.ForeignKeyConstraint(
            ["credit_id", "currency"],
            ["ledger_account.id", "ledger_account.currency"],
            name="fk_ledger_transfer_credit",
        ),
        sa.ForeignKeyConstraint(
            ["debit_id", "currency"], ["ledger_account.id", "ledger_account.currency"], name="fk_ledger_transfer_debit"
        ),
        sa.ForeignKeyConstraint(["pending_seq"], ["ledger_transfer.seq"]),
        sa.ForeignKeyConstraint(["reverses_seq"], ["ledger_transfer.seq"]),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("key", name="uq_ledger_transfer_key"),
        sa.UniqueConstraint("pending_seq", name="uq_ledger_transfer_pending"),
        sa.UniqueConstraint("reverses_seq", name="uq_ledger_transfer_reverses"),
    )
    op.create_index("ix_ledger_transfer_credit", "ledger_transfer", ["credit_id", "seq"], unique=False)
    op.create_index("ix_ledger_transfer_debit", "ledger_transfer", ["debit_id", "seq"], unique=False)
    op.create_index("ix_ledger_transfer_entry", "ledger_transfer", ["entry_seq"], unique=False)
    op.create_table(
        "ledger_hold",
        sa.Column("seq", _SEQ, autoincrement=False, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["seq"], ["ledger_transfer.seq"]),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("ix_ledger_hold_expires_at", "ledger_hold", ["expires_at"], unique=False)
    op.execute(
        sa.text("INSERT INTO ledger_head (id, seq, hash, recorded_at) VALUES (1, 0, :none, :first)").bindparams(
            sa.bindparam("none", "0" * 64),
            sa.bindparam("first", dt.datetime(2026, 1, 1, tzinfo=dt.UTC), sa.DateTime(timezone=True)),
        )
    )
    for table, same in _SEALED.items():
        seal(table, same)


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(f"ledger_{table}")
