"""What the dashboard of fabricators keeps: messages, read marks, payments seen, plans of jobs, closed days.

Revision: 0008.
"""

import sqlalchemy as sa
from alembic import op

from registry.migrations.sealing import seal_changes

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_SEALED = ("batch_message", "payment_seen")


def upgrade() -> None:
    op.create_table(
        "batch_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("buyer_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"]),
        sa.ForeignKeyConstraint(["buyer_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_batch_message_thread", "batch_message", ["batch_id", "buyer_id", "id"], unique=False)
    op.create_table(
        "read_mark",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column("buyer_id", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("account_id", "kind", "thread_id", "buyer_id"),
    )
    op.create_table(
        "payment_seen",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("fabricator_id", sa.Integer(), nullable=False),
        sa.Column("quote_id", sa.Integer(), nullable=True),
        sa.Column("reservation_id", sa.Integer(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("seen_on", sa.Date(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(quote_id IS NULL) <> (reservation_id IS NULL)", name="ck_payment_for_one"),
        sa.CheckConstraint("amount_minor <> 0", name="ck_payment_amount"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.ForeignKeyConstraint(["fabricator_id"], ["fabricator.id"]),
        sa.ForeignKeyConstraint(["quote_id"], ["quote.id"]),
        sa.ForeignKeyConstraint(["reservation_id"], ["reservation.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_payment_fabricator", "payment_seen", ["fabricator_id", "currency"], unique=False)
    op.create_index(op.f("ix_payment_seen_quote_id"), "payment_seen", ["quote_id"], unique=False)
    op.create_index(op.f("ix_payment_seen_reservation_id"), "payment_seen", ["reservation_id"], unique=False)
    op.create_table(
        "job_plan",
        sa.Column("fabricator_id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("work_minutes", sa.Integer(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"]),
        sa.ForeignKeyConstraint(["fabricator_id"], ["fabricator.id"]),
        sa.PrimaryKeyConstraint("fabricator_id", "batch_id"),
    )
    op.create_table(
        "closed_day",
        sa.Column("fabricator_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["fabricator_id"], ["fabricator.id"]),
        sa.PrimaryKeyConstraint("fabricator_id", "day"),
    )
    op.create_table(
        "sent_once",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("wish", sa.String(), nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account_id", "key", name="uq_sent_once"),
    )
    for table in _SEALED:
        seal_changes(table)


def downgrade() -> None:
    op.drop_table("sent_once")
    op.drop_table("closed_day")
    op.drop_table("job_plan")
    op.drop_index(op.f("ix_payment_seen_reservation_id"), table_name="payment_seen")
    op.drop_index(op.f("ix_payment_seen_quote_id"), table_name="payment_seen")
    op.drop_index("ix_payment_fabricator", table_name="payment_seen")
    op.drop_table("payment_seen")
    op.drop_table("read_mark")
    op.drop_index("ix_batch_message_thread", table_name="batch_message")
    op.drop_table("batch_message")
