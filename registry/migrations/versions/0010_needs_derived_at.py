"""When needs were derived can be asked quickly: what a process keeps of them in memory is renewed by it.

Revision: 0010.
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_version_needs_derived_at", "version_needs", ["derived_at"])


def downgrade() -> None:
    op.drop_index("ix_version_needs_derived_at", "version_needs")
