"""Build reports, the standing of versions, and official fabricators.

Revision: 0006.
"""

import sqlalchemy as sa
from alembic import op

from registry.migrations.sealing import seal_changes

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_SEALED = ("report_version", "report_event", "official_terms", "official_event", "batch_origin")


def _add_standing() -> None:
    for table in ("design", "revision"):
        op.add_column(table, sa.Column("proven", sa.String(), nullable=False, server_default="untried"))
        op.add_column(table, sa.Column("others", sa.Integer(), nullable=False, server_default="0"))
        op.add_column(table, sa.Column("failed", sa.Integer(), nullable=False, server_default="0"))
        op.add_column(table, sa.Column("proven_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("design", sa.Column("proven_version", sa.String(), nullable=False, server_default=""))
    op.drop_index("ix_design_facets", table_name="design")
    op.create_index("ix_design_facets", "design", ["id", "kind", "licence", "readiness", "proven"], unique=False)
    op.drop_index("ix_design_built", table_name="design")
    op.create_index("ix_design_built", "design", ["others", "built_count", "updated_at"], unique=False)
    op.create_index("ix_design_proven", "design", ["proven", "proven_at"], unique=False)


def upgrade() -> None:
    _add_standing()
    op.create_table(
        "build_report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("design_id", sa.Integer(), nullable=False),
        sa.Column("revision_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.ForeignKeyConstraint(["design_id"], ["design.id"]),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_build_report_revision", "build_report", ["revision_id", "state"], unique=False)
    op.create_index(op.f("ix_build_report_account_id"), "build_report", ["account_id"], unique=False)
    op.create_index(op.f("ix_build_report_design_id"), "build_report", ["design_id"], unique=False)
    op.create_index(op.f("ix_build_report_unit_id"), "build_report", ["unit_id"], unique=False)
    op.create_table(
        "report_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("failed_step", sa.String(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("built_on", sa.Date(), nullable=True),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("town", sa.String(), nullable=False),
        sa.Column("precision", sa.String(), nullable=False),
        sa.Column("cost_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("tests", sa.JSON(), nullable=False),
        sa.Column("photos", sa.JSON(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["build_report.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("report_id", "number", name="uq_report_version"),
    )
    op.create_table(
        "report_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.ForeignKeyConstraint(["report_id"], ["build_report.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_report_event_report_id"), "report_event", ["report_id"], unique=False)
    op.create_table(
        "official_naming",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("design_id", sa.Integer(), nullable=False),
        sa.Column("fabricator_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("accepted_version", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["design_id"], ["design.id"]),
        sa.ForeignKeyConstraint(["fabricator_id"], ["fabricator.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("design_id", "fabricator_id", name="uq_official_naming"),
    )
    op.create_index(op.f("ix_official_naming_fabricator_id"), "official_naming", ["fabricator_id"], unique=False)
    op.create_table(
        "official_terms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("naming_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("checks", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("contribution_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("contribution_minor >= 0", name="ck_official_contribution"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.ForeignKeyConstraint(["naming_id"], ["official_naming.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("naming_id", "number", name="uq_official_terms"),
    )
    op.create_table(
        "official_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("naming_id", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.ForeignKeyConstraint(["naming_id"], ["official_naming.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_official_event_naming_id"), "official_event", ["naming_id"], unique=False)
    op.create_table(
        "batch_origin",
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("naming_id", sa.Integer(), nullable=False),
        sa.Column("terms", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"]),
        sa.ForeignKeyConstraint(["naming_id"], ["official_naming.id"]),
        sa.PrimaryKeyConstraint("batch_id", "naming_id"),
    )
    for table in _SEALED:
        seal_changes(table)


def downgrade() -> None:
    for table in (
        "batch_origin", "official_event", "official_terms", "official_naming", "report_event", "report_version",
        "build_report",
    ):  # fmt: skip
        op.drop_table(table)
    op.drop_index("ix_design_proven", table_name="design")
    op.drop_index("ix_design_built", table_name="design")
    op.create_index("ix_design_built", "design", ["built_count", "updated_at"], unique=False)
    op.drop_index("ix_design_facets", table_name="design")
    op.create_index("ix_design_facets", "design", ["id", "kind", "licence", "readiness"], unique=False)
    op.drop_column("design", "proven_version")
    for table in ("design", "revision"):
        for column in ("proven_at", "failed", "others", "proven"):
            op.drop_column(table, column)
