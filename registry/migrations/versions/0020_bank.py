"""Money in and out: statements, bookings, payments that leave. What tells of the past is sealed.

Revision: 0020.
"""

import sqlalchemy as sa
from alembic import op

from registry.migrations.sealing import seal

revision = "0020"
down_revision = "0023"
branch_labels = None
depends_on = None

# table -> what makes a new row take the place of another (SQLite's INSERT OR REPLACE removes rows without a word)
_SEALED = {
    "bank_mapping": "id = NEW.id",
    "bank_statement": "id = NEW.id",
    "payment_file": "id = NEW.id",
    "bank_act": "id = NEW.id OR (entry_id = NEW.entry_id AND number = NEW.number)"
    " OR (order_id = NEW.order_id AND number = NEW.number)"
    " OR (order_id = NEW.order_id AND account_id = NEW.account_id AND action IN ('propose', 'approve')"
    " AND NEW.action IN ('propose', 'approve'))",
}
# Of these, state and links move; what a booking or an order says does not.
_FACTS = {
    "bank_entry": (
        "id, campaign_id, statement_id, key, occurrence, booked_on, valued_on, amount_minor, "
        "bank_reference, name, iban, text, structured, end_to_end, return_code",
        "id = NEW.id OR (campaign_id = NEW.campaign_id AND key = NEW.key AND occurrence = NEW.occurrence)",
    ),
    "payment_order": (
        "id, campaign_id, kind, subject, pledge_id, for_entry_id, source, amount_minor, payee_name, "
        "payee_iban, payee_bic, message, end_to_end, held_seq, proposed_by, at",
        "id = NEW.id OR end_to_end = NEW.end_to_end",
    ),
}


def upgrade() -> None:
    op.create_table(
        "bank_mapping",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("iban", sa.String(), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_bank_mapping_iban", "bank_mapping", ["iban", "id"], unique=False)
    op.create_table(
        "payee_account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("fabricator_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("iban", sa.String(), nullable=False),
        sa.Column("bic", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.ForeignKeyConstraint(["fabricator_id"], ["fabricator.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_payee_account_fabricator", "payee_account", ["fabricator_id", "id"], unique=False)
    op.create_table(
        "bank_statement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("opening_minor", sa.BigInteger(), nullable=False),
        sa.Column("closing_minor", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("fresh", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.ForeignKeyConstraint(["campaign_id"], ["loan_campaign.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_bank_statement_campaign", "bank_statement", ["campaign_id", "until"], unique=False)
    op.create_table(
        "payment_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("payments", sa.Integer(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.ForeignKeyConstraint(["campaign_id"], ["loan_campaign.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_payment_file_campaign_id"), "payment_file", ["campaign_id"], unique=False)
    op.create_table(
        "payment_order",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("pledge_id", sa.Integer(), nullable=True),
        sa.Column("for_entry_id", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("payee_name", sa.String(), nullable=False),
        sa.Column("payee_iban", sa.String(), nullable=False),
        sa.Column("payee_bic", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("end_to_end", sa.String(), nullable=False),
        sa.Column("held_seq", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=True),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name="ck_payment_order_amount"),
        sa.ForeignKeyConstraint(["campaign_id"], ["loan_campaign.id"]),
        sa.ForeignKeyConstraint(["file_id"], ["payment_file.id"]),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"]),
        sa.ForeignKeyConstraint(["proposed_by"], ["account.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("end_to_end", name="uq_payment_order_end_to_end"),
    )
    op.create_index(op.f("ix_payment_order_file_id"), "payment_order", ["file_id"], unique=False)
    op.create_index(op.f("ix_payment_order_pledge_id"), "payment_order", ["pledge_id"], unique=False)
    op.create_index("ix_payment_order_state", "payment_order", ["campaign_id", "state"], unique=False)
    op.create_table(
        "bank_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("statement_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("valued_on", sa.Date(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("bank_reference", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("iban", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("structured", sa.String(), nullable=False),
        sa.Column("end_to_end", sa.String(), nullable=False),
        sa.Column("return_code", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("pledge_id", sa.Integer(), nullable=True),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("amount_minor <> 0", name="ck_bank_entry_amount"),
        sa.ForeignKeyConstraint(["campaign_id"], ["loan_campaign.id"]),
        sa.ForeignKeyConstraint(["order_id"], ["payment_order.id"]),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"]),
        sa.ForeignKeyConstraint(["statement_id"], ["bank_statement.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("campaign_id", "key", "occurrence", name="uq_bank_entry_key"),
    )
    op.create_index(op.f("ix_bank_entry_order_id"), "bank_entry", ["order_id"], unique=False)
    op.create_index(op.f("ix_bank_entry_pledge_id"), "bank_entry", ["pledge_id"], unique=False)
    op.create_index("ix_bank_entry_state", "bank_entry", ["campaign_id", "state", "booked_on"], unique=False)
    op.create_table(
        "bank_act",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=True),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("became", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(entry_id IS NULL) <> (order_id IS NULL)", name="ck_bank_act_one"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.ForeignKeyConstraint(["campaign_id"], ["loan_campaign.id"]),
        sa.ForeignKeyConstraint(["entry_id"], ["bank_entry.id"]),
        sa.ForeignKeyConstraint(["order_id"], ["payment_order.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("entry_id", "number", name="uq_bank_act_entry"),
        sa.UniqueConstraint("order_id", "number", name="uq_bank_act_order"),
    )
    op.create_index(op.f("ix_bank_act_campaign_id"), "bank_act", ["campaign_id"], unique=False)
    op.create_index(
        "uq_bank_act_sign",
        "bank_act",
        ["order_id", "account_id"],
        unique=True,
        sqlite_where=sa.text("action IN ('propose', 'approve')"),
        postgresql_where=sa.text("action IN ('propose', 'approve')"),
    )
    for table, same in _SEALED.items():
        seal(table, same)
    for table, (facts, same) in _FACTS.items():
        seal(table, same, f"UPDATE OF {facts}")


def downgrade() -> None:
    for table in ("bank_act", "bank_entry", "payment_order", "payment_file", "bank_statement", "payee_account",
                  "bank_mapping"):  # fmt: skip
        op.drop_table(table)
