"""Sales that are taken back: a row beside each; a unit that came back is sold anew, its sales counted by `turn`.

Revision: 0026.
"""

import sqlalchemy as sa
from alembic import op

from registry.migrations.sealing import seal

revision = "0026"
down_revision = "0027"
branch_labels = None
depends_on = None

_COLUMNS = (
    "id, campaign_id, number, unit_id, serial, price_minor, commons_minor, lenders_minor, kept_minor, sold_on, key, "
    "seq, account_id, at"
)
_SAME = "id = NEW.id OR (campaign_id = NEW.campaign_id AND (number = NEW.number OR key = NEW.key))"


def _turned() -> None:
    """SQLite changes no constraint of a table: it is made anew, and its seal with it."""
    op.execute("ALTER TABLE loan_sale RENAME TO loan_sale_before")
    op.create_table(
        "loan_sale",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("turn", sa.Integer(), server_default="1", nullable=False),
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
        sa.UniqueConstraint("unit_id", "turn", name="uq_loan_sale_unit"),
    )
    op.execute(f"INSERT INTO loan_sale ({_COLUMNS}) SELECT {_COLUMNS} FROM loan_sale_before")
    op.execute("DROP TABLE loan_sale_before")
    seal("loan_sale", f"{_SAME} OR (unit_id = NEW.unit_id AND turn = NEW.turn)")


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _turned()
    else:
        op.add_column("loan_sale", sa.Column("turn", sa.Integer(), server_default="1", nullable=False))
        op.drop_constraint("uq_loan_sale_unit", "loan_sale", type_="unique")
        op.create_unique_constraint("uq_loan_sale_unit", "loan_sale", ["unit_id", "turn"])
    op.create_table(
        "loan_sale_back",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sale_id", sa.Integer(), nullable=False),
        sa.Column("ahead_minor", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.ForeignKeyConstraint(["sale_id"], ["loan_sale.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("sale_id", name="uq_loan_sale_back_sale"),
    )
    seal("loan_sale_back", "id = NEW.id OR sale_id = NEW.sale_id")


def downgrade() -> None:
    op.drop_table("loan_sale_back")
