"""Notices to people, and what each wants to hear of.

Revision: 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mail_address",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stop_secret", sa.String(), nullable=False),
        sa.Column("fault", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("account_id"),
        sa.UniqueConstraint("stop_secret"),
    )
    op.create_index(op.f("ix_mail_address_secret_hash"), "mail_address", ["secret_hash"], unique=False)
    op.create_table(
        "notice_choice",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("account_id", "kind"),
    )
    op.create_table(
        "notice_cursor",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("last_id", sa.Integer(), nullable=False),
        sa.Column("gaps", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("source"),
    )
    op.create_table(
        "notice_mail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account_id", "day", name="uq_notice_mail_day"),
    )
    op.create_index(op.f("ix_notice_mail_account_id"), "notice_mail", ["account_id"], unique=False)
    op.create_index("ix_notice_mail_due", "notice_mail", ["state", "due_at"], unique=False)
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("link", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mail_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.ForeignKeyConstraint(["mail_id"], ["notice_mail.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source", "event_id", "account_id", name="uq_notice_event"),
    )
    op.create_index(op.f("ix_notice_created_at"), "notice", ["created_at"], unique=False)
    op.create_index(op.f("ix_notice_mail_id"), "notice", ["mail_id"], unique=False)
    op.create_index("ix_notice_unread", "notice", ["account_id", "read_at"], unique=False)
    op.create_table(
        "calendar_feed",
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("fabricator_id", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.ForeignKeyConstraint(["fabricator_id"], ["fabricator.id"]),
        sa.PrimaryKeyConstraint("secret"),
        sa.UniqueConstraint("account_id", "scope", name="uq_calendar_scope"),
    )


def downgrade() -> None:
    op.drop_table("calendar_feed")
    op.drop_index("ix_notice_unread", table_name="notice")
    op.drop_index(op.f("ix_notice_mail_id"), table_name="notice")
    op.drop_index(op.f("ix_notice_created_at"), table_name="notice")
    op.drop_table("notice")
    op.drop_index("ix_notice_mail_due", table_name="notice_mail")
    op.drop_index(op.f("ix_notice_mail_account_id"), table_name="notice_mail")
    op.drop_table("notice_mail")
    op.drop_table("notice_cursor")
    op.drop_table("notice_choice")
    op.drop_index(op.f("ix_mail_address_secret_hash"), table_name="mail_address")
    op.drop_table("mail_address")
