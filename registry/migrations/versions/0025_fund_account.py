"""Where a design's commons fund receives money.

Revision: 0025.
"""

import sqlalchemy as sa
from alembic import op

from registry.migrations.sealing import seal

revision = "0025"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fund_account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("design_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("iban", sa.String(), nullable=False),
        sa.Column("bic", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.ForeignKeyConstraint(["design_id"], ["design.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_fund_account_design", "fund_account", ["design_id", "id"], unique=False)
    seal("fund_account", "id = NEW.id")


def downgrade() -> None:
    op.drop_table("fund_account")
