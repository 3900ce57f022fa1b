"""Several fabricators make a batch: shares of its stages, and invitations to them.

Revision: 0024.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("batch_maker", sa.Column("stages", sa.JSON(), nullable=False, server_default="[]"))
    op.create_table(
        "batch_invitation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("fabricator_id", sa.Integer(), nullable=False),
        sa.Column("stages", sa.JSON(), nullable=False),
        sa.Column("does", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"]),
        sa.ForeignKeyConstraint(["fabricator_id"], ["fabricator.id"]),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_batch_invitation_batch_id", "batch_invitation", ["batch_id"])
    op.create_index("ix_batch_invitation_fabricator_id", "batch_invitation", ["fabricator_id"])


def downgrade() -> None:
    op.drop_index("ix_batch_invitation_fabricator_id", table_name="batch_invitation")
    op.drop_index("ix_batch_invitation_batch_id", table_name="batch_invitation")
    op.drop_table("batch_invitation")
    op.drop_column("batch_maker", "stages")
