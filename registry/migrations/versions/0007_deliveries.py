"""Units with serial numbers, deliveries and their answers; what tells of the past is sealed.

Revision: 0007.
"""

import sqlalchemy as sa
from alembic import op

from registry.migrations.sealing import seal_changes

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_SEALED = ("unit_event", "unit_note", "delivery", "delivery_unit")


def upgrade() -> None:
    op.create_table(
        "quote_order",
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("buyer_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"]),
        sa.ForeignKeyConstraint(["buyer_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("batch_id"),
    )
    op.create_index(op.f("ix_quote_order_buyer_id"), "quote_order", ["buyer_id"], unique=False)
    op.create_table(
        "unit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("serial", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("passed", sa.String(), nullable=False),
        sa.Column("reservation_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"]),
        sa.ForeignKeyConstraint(["reservation_id"], ["reservation.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("batch_id", "position", name="uq_unit_position"),
        sa.UniqueConstraint("batch_id", "serial", name="uq_unit_serial"),
    )
    op.create_index("ix_unit_state", "unit", ["batch_id", "state"], unique=False)
    op.create_index(op.f("ix_unit_serial"), "unit", ["serial"], unique=False)
    op.create_index(op.f("ix_unit_reservation_id"), "unit", ["reservation_id"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("reservation_id", sa.Integer(), nullable=False),
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("tracking", sa.String(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("shipped_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"]),
        sa.ForeignKeyConstraint(["reservation_id"], ["reservation.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_delivery_batch_id"), "delivery", ["batch_id"], unique=False)
    op.create_index(op.f("ix_delivery_reservation_id"), "delivery", ["reservation_id"], unique=False)
    op.create_table(
        "unit_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("was", sa.String(), nullable=False),
        sa.Column("became", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"]),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_unit_event_unit_id"), "unit_event", ["unit_id"], unique=False)
    op.create_index(op.f("ix_unit_event_delivery_id"), "unit_event", ["delivery_id"], unique=False)
    op.create_table(
        "unit_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_unit_note_unit_id"), "unit_note", ["unit_id"], unique=False)
    op.create_table(
        "delivery_unit",
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"]),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"]),
        sa.PrimaryKeyConstraint("delivery_id", "unit_id"),
    )
    op.create_index(op.f("ix_delivery_unit_unit_id"), "delivery_unit", ["unit_id"], unique=False)
    for table in _SEALED:
        seal_changes(table)


def downgrade() -> None:
    for table in ("delivery_unit", "unit_note", "unit_event", "delivery", "unit", "quote_order"):
        op.drop_table(table)
