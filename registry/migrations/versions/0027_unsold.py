"""Offers that the registry makes by a loan's terms: until when they stand, and events that nobody did.

Revision: 0027.
"""

import sqlalchemy as sa
from alembic import op

from registry.migrations.sealing import seal

revision = "0027"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("loan_goods", sa.Column("until", sa.DateTime(timezone=True), nullable=True))
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column("loan_goods_event", "account_id", nullable=True)
        return
    # SQLite makes the table anew, and its triggers go with the old one
    with op.batch_alter_table("loan_goods_event", recreate="always") as table:
        table.alter_column("account_id", existing_type=sa.Integer(), nullable=True)
    seal("loan_goods_event", "id = NEW.id")


def downgrade() -> None:
    op.drop_column("loan_goods", "until")
