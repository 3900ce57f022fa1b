"""Loan campaigns, their pledges and treasurers; people may delete their accounts.

Revision: 0019.
"""

import sqlalchemy as sa
from alembic import op

from registry.migrations.sealing import seal

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# table -> which rows a new one would stand in for
_SEALED = {
    "lending_treasurer": "id = NEW.id",
    "loan_terms": "id = NEW.id OR (campaign_id = NEW.campaign_id AND version = NEW.version)",
    "loan_event": "id = NEW.id",
    "loan_instalment": "id = NEW.id OR (campaign_id = NEW.campaign_id AND plan = NEW.plan AND number = NEW.number)",
    "loan_message": "id = NEW.id",
    "pledge_event": "id = NEW.id",
}


def upgrade() -> None:
    op.create_table(
        "lending_treasurer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("acts", sa.Boolean(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.ForeignKeyConstraint(
            ["by_id"],
            ["account.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_lending_treasurer_account", "lending_treasurer", ["account_id", "id"], unique=False)
    op.create_table(
        "loan_campaign",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("design_id", sa.Integer(), nullable=False),
        sa.Column("fabricator_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("target_minor", sa.BigInteger(), nullable=False),
        sa.Column("optimum_minor", sa.BigInteger(), nullable=False),
        sa.Column("pledge_minor_min", sa.BigInteger(), nullable=False),
        sa.Column("pledge_minor_max", sa.BigInteger(), nullable=False),
        sa.Column("held_minor", sa.BigInteger(), nullable=False),
        sa.Column("deadline_on", sa.Date(), nullable=False),
        sa.Column("deadline_zone", sa.String(), nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("units_funded", sa.Integer(), nullable=False),
        sa.Column("purposes", sa.JSON(), nullable=False),
        sa.Column("repayment_months", sa.Integer(), nullable=False),
        sa.Column("grace_months", sa.Integer(), nullable=False),
        sa.Column("unsold", sa.String(), nullable=False),
        sa.Column("reward_bp", sa.Integer(), nullable=False),
        sa.Column("commons_bp", sa.Integer(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("own_terms", sa.Text(), nullable=False),
        sa.Column("terms_version", sa.Integer(), nullable=False),
        sa.Column("payee_name", sa.String(), nullable=False),
        sa.Column("payee_iban", sa.String(), nullable=False),
        sa.Column("payee_bic", sa.String(), nullable=False),
        sa.Column("policy_number", sa.Integer(), nullable=False),
        sa.Column("policy", sa.JSON(), nullable=False),
        sa.Column("drafted_by", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("funded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("held_minor >= 0 AND held_minor <= optimum_minor", name="ck_loan_campaign_held"),
        sa.CheckConstraint("target_minor >= 1 AND target_minor <= optimum_minor", name="ck_loan_campaign_target"),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["batch.id"],
        ),
        sa.ForeignKeyConstraint(
            ["design_id"],
            ["design.id"],
        ),
        sa.ForeignKeyConstraint(
            ["drafted_by"],
            ["account.id"],
        ),
        sa.ForeignKeyConstraint(
            ["fabricator_id"],
            ["fabricator.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_loan_campaign_design_id", "loan_campaign", ["design_id"], unique=False)
    op.create_index("ix_loan_campaign_fabricator_id", "loan_campaign", ["fabricator_id"], unique=False)
    op.create_index("ix_loan_campaign_state", "loan_campaign", ["state", "deadline_at"], unique=False)
    over = sa.text("state NOT IN ('called off', 'failed')")
    op.create_index(
        "uq_loan_campaign_batch", "loan_campaign", ["batch_id"], unique=True, sqlite_where=over, postgresql_where=over
    )
    op.create_table(
        "loan_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("was", sa.String(), nullable=False),
        sa.Column("became", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["loan_campaign.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_loan_event_campaign_id", "loan_event", ["campaign_id"], unique=False)
    op.create_table(
        "loan_instalment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("plan", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["loan_campaign.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("campaign_id", "plan", "number", name="uq_loan_instalment_number"),
    )
    op.create_table(
        "loan_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["loan_campaign.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_loan_message_campaign_id", "loan_message", ["campaign_id"], unique=False)
    op.create_table(
        "loan_terms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["loan_campaign.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("campaign_id", "version", name="uq_loan_terms_version"),
    )
    op.create_table(
        "loan_tranche",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("share_bp", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["loan_campaign.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("campaign_id", "stage", name="uq_loan_tranche_stage"),
    )
    op.create_table(
        "pledge",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("repay", sa.String(), nullable=False),
        sa.Column("named", sa.Boolean(), nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("terms_id", sa.Integer(), nullable=False),
        sa.Column("terms_sha256", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("payout_name", sa.String(), nullable=False),
        sa.Column("payout_iban", sa.String(), nullable=False),
        sa.Column("payout_bic", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pay_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount_minor >= 1", name="ck_pledge_amount"),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["loan_campaign.id"],
        ),
        sa.ForeignKeyConstraint(
            ["terms_id"],
            ["loan_terms.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account_id", "key", name="uq_pledge_key"),
        sa.UniqueConstraint("campaign_id", "number", name="uq_pledge_number"),
        sa.UniqueConstraint("reference", name="uq_pledge_reference"),
    )
    op.create_index("ix_pledge_account_id", "pledge", ["account_id"], unique=False)
    op.create_index("ix_pledge_state", "pledge", ["state", "pay_by"], unique=False)
    op.create_table(
        "pledge_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pledge_id", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("was", sa.String(), nullable=False),
        sa.Column("became", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.ForeignKeyConstraint(
            ["pledge_id"],
            ["pledge.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_pledge_event_pledge_id", "pledge_event", ["pledge_id"], unique=False)
    op.add_column("account", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    for table, same in _SEALED.items():
        seal(table, same)


def downgrade() -> None:
    op.drop_column("account", "deleted_at")
    op.drop_table("pledge_event")
    op.drop_table("pledge")
    op.drop_table("loan_tranche")
    op.drop_table("loan_terms")
    op.drop_table("loan_message")
    op.drop_table("loan_instalment")
    op.drop_table("loan_event")
    op.drop_table("loan_campaign")
    op.drop_table("lending_treasurer")
