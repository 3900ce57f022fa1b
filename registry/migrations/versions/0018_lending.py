"""Lending: the changes of a bank's policy, sealed.

Revision: 0018.
"""

import sqlalchemy as sa
from alembic import op

from registry.migrations.sealing import seal

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lending_policy",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number", name="uq_lending_policy_number"),
    )
    seal("lending_policy", "id = NEW.id OR number = NEW.number")


def downgrade() -> None:
    op.drop_table("lending_policy")
