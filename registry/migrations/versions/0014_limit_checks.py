"""Boards are checked against fabricators' own limits when somebody asks.

Revision: 0014.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "limit_check",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("revision_id", sa.Integer(), nullable=False),
        sa.Column("board", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("limits", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_by", sa.Integer(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"]),
        sa.ForeignKeyConstraint(["asked_by"], ["account.id"]),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("ix_limit_check_revision_id", "limit_check", ["revision_id"])
    op.create_index("ix_limit_check_asked_by", "limit_check", ["asked_by"])
    op.create_index("ix_limit_check_state", "limit_check", ["state", "asked_at"])


def downgrade() -> None:
    op.drop_index("ix_limit_check_state", table_name="limit_check")
    op.drop_index("ix_limit_check_asked_by", table_name="limit_check")
    op.drop_index("ix_limit_check_revision_id", table_name="limit_check")
    op.drop_table("limit_check")
