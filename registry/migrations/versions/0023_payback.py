"""Sold units of a loan's batch, and units that lenders take in place of money.

Revision: 0023.
"""

import sqlalchemy as sa
from alembic import op

from registry.migrations.sealing import seal

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_SEALED = {
    "loan_sale": "id = NEW.id OR (campaign_id = NEW.campaign_id AND (number = NEW.number OR key = NEW.key))"
    " OR unit_id = NEW.unit_id",
    "loan_goods_event": "id = NEW.id",
}


def upgrade() -> None:
    op.create_table(
        "loan_sale",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("serial", sa.String(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("commons_minor", sa.BigInteger(), nullable=False),
        sa.Column("lenders_minor", sa.BigInteger(), nullable=False),
        sa.Column("kept_minor", sa.BigInteger(), nullable=False),
        sa.Column("sold_on", sa.Date(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "price_minor > 0 AND price_minor = commons_minor + lenders_minor + kept_minor", name="ck_loan_sale_poured"
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.ForeignKeyConstraint(["campaign_id"], ["loan_campaign.id"]),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("campaign_id", "key", name="uq_loan_sale_key"),
        sa.UniqueConstraint("campaign_id", "number", name="uq_loan_sale_number"),
        sa.UniqueConstraint("unit_id", name="uq_loan_sale_unit"),
    )
    op.create_table(
        "loan_goods",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("unit_minor", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("units >= 1 AND amount_minor = units * unit_minor", name="ck_loan_goods_amount"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.ForeignKeyConstraint(["campaign_id"], ["loan_campaign.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_loan_goods_account_id", "loan_goods", ["account_id"], unique=False)
    op.create_index("ix_loan_goods_campaign_id", "loan_goods", ["campaign_id"], unique=False)
    op.create_table(
        "loan_goods_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("goods_id", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("was", sa.String(), nullable=False),
        sa.Column("became", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.ForeignKeyConstraint(["goods_id"], ["loan_goods.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_loan_goods_event_goods_id", "loan_goods_event", ["goods_id"], unique=False)
    for table, same in _SEALED.items():
        seal(table, same)


def downgrade() -> None:
    op.drop_table("loan_goods_event")
    op.drop_table("loan_goods")
    op.drop_table("loan_sale")
