"""Build reports, the standing of versions, and official fabricators.

Revision: 0006.
"""

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
