"""What versions need of those who make them: whole by version, and in rows that can be searched.

Revision: 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "version_needs",
        sa.Column("revision_id", sa.Integer(), nullable=False),
        sa.Column("design_id", sa.Integer(), nullable=False),
        sa.Column("build_id", sa.Integer(), nullable=False),
        sa.Column("rules", sa.String(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("derived_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["design_id"], ["design.id"]),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"]),
        sa.PrimaryKeyConstraint("revision_id"),
    )
    op.create_index(op.f("ix_version_needs_design_id"), "version_needs", ["design_id"], unique=False)
    op.create_table(
        "design_need",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("design_id", sa.Integer(), nullable=False),
        sa.Column("revision_id", sa.Integer(), nullable=False),
        sa.Column("need", sa.String(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("x_mm", sa.Float(), nullable=False),
        sa.Column("y_mm", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["design_id"], ["design.id"]),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_design_need", "design_need", ["design_id", "way", "x_mm", "y_mm"], unique=False)
    op.create_index(op.f("ix_design_need_revision_id"), "design_need", ["revision_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_design_need_revision_id"), table_name="design_need")
    op.drop_index("ix_design_need", table_name="design_need")
    op.drop_table("design_need")
    op.drop_index(op.f("ix_version_needs_design_id"), table_name="version_needs")
    op.drop_table("version_needs")
