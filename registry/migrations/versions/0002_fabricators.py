"""Fabricators: workshops with their people, pictures, machines and materials; corrections of what a version needs.

Revision: 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fabricator",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("languages", sa.JSON(), nullable=False),
        sa.Column("access", sa.String(), nullable=False),
        sa.Column("certifications", sa.JSON(), nullable=False),
        sa.Column("opening_hours", sa.String(), nullable=False),
        sa.Column("lead_time_days", sa.Integer(), nullable=True),
        sa.Column("capacity_hours_week", sa.Integer(), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("website", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("town", sa.String(), nullable=False),
        sa.Column("postcode", sa.String(), nullable=False),
        sa.Column("street", sa.String(), nullable=False),
        sa.Column("precision", sa.String(), nullable=False),
        sa.Column("lat_deg", sa.Float(), nullable=True),
        sa.Column("lon_deg", sa.Float(), nullable=True),
        sa.Column("shown_lat_deg", sa.Float(), nullable=True),
        sa.Column("shown_lon_deg", sa.Float(), nullable=True),
        sa.Column("extra", sa.JSON(), nullable=False),
        sa.Column("is_example", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("slug"),
    )
    op.create_index(op.f("ix_fabricator_country"), "fabricator", ["country"], unique=False)
    op.create_index("ix_fabricator_place", "fabricator", ["shown_lat_deg", "shown_lon_deg"], unique=False)
    op.create_index(op.f("ix_fabricator_updated_at"), "fabricator", ["updated_at"], unique=False)
    op.create_table(
        "fabricator_member",
        sa.Column("fabricator_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.ForeignKeyConstraint(
            ["fabricator_id"],
            ["fabricator.id"],
        ),
        sa.PrimaryKeyConstraint("fabricator_id", "account_id"),
    )
    op.create_index(op.f("ix_fabricator_member_account_id"), "fabricator_member", ["account_id"], unique=False)
    op.create_table(
        "fabricator_picture",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("fabricator_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("width_px", sa.Integer(), nullable=False),
        sa.Column("height_px", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["fabricator_id"],
            ["fabricator.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_fabricator_picture_fabricator_id"), "fabricator_picture", ["fabricator_id"], unique=False)
    op.create_table(
        "machine",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("fabricator_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("process", sa.String(), nullable=False),
        sa.Column("maker", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("work_x_mm", sa.Float(), nullable=True),
        sa.Column("work_y_mm", sa.Float(), nullable=True),
        sa.Column("work_z_mm", sa.Float(), nullable=True),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("setup_minor", sa.Integer(), nullable=True),
        sa.Column("hour_minor", sa.Integer(), nullable=True),
        sa.Column("notes", sa.String(), nullable=False),
        sa.Column("extra", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["fabricator_id"],
            ["fabricator.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_machine_fabricator", "machine", ["fabricator_id", "position"], unique=False)
    op.create_index("ix_machine_process", "machine", ["process", "fabricator_id"], unique=False)
    op.create_table(
        "machine_material",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("thickness_min_mm", sa.Float(), nullable=True),
        sa.Column("thickness_max_mm", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["machine_id"],
            ["machine.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_machine_material", "machine_material", ["material", "machine_id"], unique=False)
    op.create_index(op.f("ix_machine_material_machine_id"), "machine_material", ["machine_id"], unique=False)
    op.create_table(
        "need_correction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("revision_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("need", sa.String(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=True),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"],
            ["revision.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_need_correction_revision_id"), "need_correction", ["revision_id"], unique=False)


def downgrade() -> None:

    op.drop_index(op.f("ix_need_correction_revision_id"), table_name="need_correction")
    op.drop_table("need_correction")
    op.drop_index(op.f("ix_machine_material_machine_id"), table_name="machine_material")
    op.drop_index("ix_machine_material", table_name="machine_material")
    op.drop_table("machine_material")
    op.drop_index("ix_machine_process", table_name="machine")
    op.drop_index("ix_machine_fabricator", table_name="machine")
    op.drop_table("machine")
    op.drop_index(op.f("ix_fabricator_picture_fabricator_id"), table_name="fabricator_picture")
    op.drop_table("fabricator_picture")
    op.drop_index(op.f("ix_fabricator_member_account_id"), table_name="fabricator_member")
    op.drop_table("fabricator_member")
    op.drop_index(op.f("ix_fabricator_updated_at"), table_name="fabricator")
    op.drop_index("ix_fabricator_place", table_name="fabricator")
    op.drop_index(op.f("ix_fabricator_country"), table_name="fabricator")
    op.drop_table("fabricator")
