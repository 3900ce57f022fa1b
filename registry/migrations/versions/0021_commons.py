"""Commons funds: the designers' cut, contributors, proposals and what is said to them; all but the proposals sealed.

Revision: 0021.
"""

import sqlalchemy as sa
from alembic import op

from registry.migrations.sealing import seal

revision = "0021"
down_revision = "0019"
branch_labels = None
depends_on = None

_SEALED = {
    "commons_share": "id = NEW.id OR (design_id = NEW.design_id AND number = NEW.number)",
    "commons_named": "id = NEW.id",
    "commons_voice": "id = NEW.id",
    "commons_proof": "id = NEW.id",
    "commons_event": "id = NEW.id",
}


def _who(name: str, null: bool = False) -> tuple[sa.Column, sa.ForeignKeyConstraint]:
    return sa.Column(name, sa.Integer(), nullable=null), sa.ForeignKeyConstraint([name], ["account.id"])


def _of(name: str, table: str, null: bool = False) -> tuple[sa.Column, sa.ForeignKeyConstraint]:
    return sa.Column(name, sa.Integer(), nullable=null), sa.ForeignKeyConstraint([name], [f"{table}.id"])


def _table(name: str, *parts: sa.schema.SchemaItem) -> None:
    op.create_table(name, sa.Column("id", sa.Integer(), nullable=False), *parts, sa.PrimaryKeyConstraint("id"))


def _text(name: str, kind: type[sa.String] = sa.String) -> sa.Column:
    return sa.Column(name, kind(), nullable=False)


def _at(name: str = "at") -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def upgrade() -> None:
    _table(
        "commons_share", *_of("design_id", "design"), sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("share_bp", sa.Integer(), nullable=False), _text("why"), *_who("by_id"), _at(),
        sa.UniqueConstraint("design_id", "number", name="uq_commons_share_number"),
        sa.CheckConstraint("share_bp >= 0 AND share_bp <= 10000", name="ck_commons_share_bp"),
    )  # fmt: skip
    _table(
        "commons_named", *_of("design_id", "design"), *_who("account_id"),
        sa.Column("named", sa.Boolean(), nullable=False), _text("why"), *_who("by_id"), _at(),
    )  # fmt: skip
    op.create_index("ix_commons_named_design", "commons_named", ["design_id", "account_id", "id"])
    _table(
        "commons_proposal", *_of("design_id", "design"), _text("kind"), _text("title"), _text("text", sa.Text),
        _text("payee"), _text("currency"), sa.Column("amount_minor", sa.BigInteger(), nullable=False), _text("state"),
        sa.Column("hold_seq", sa.BigInteger(), nullable=True), *_who("by_id"), _text("key"), _at("opened_at"),
        _at("ends_at"), _at("changed_at"),
        sa.UniqueConstraint("by_id", "key", name="uq_commons_proposal_key"),
        sa.CheckConstraint("amount_minor > 0", name="ck_commons_proposal_amount"),
    )  # fmt: skip
    op.create_index("ix_commons_proposal_design", "commons_proposal", ["design_id", "id"])
    op.create_index("ix_commons_proposal_state", "commons_proposal", ["state", "ends_at"])
    _table(
        "commons_voice", *_of("proposal_id", "commons_proposal"), *_who("account_id"), _text("stance"),
        *_of("objection_id", "commons_voice", null=True), _text("words", sa.Text), _at(),
    )  # fmt: skip
    _table(
        "commons_proof", *_of("proposal_id", "commons_proposal"), *_who("account_id"),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False), _text("words", sa.Text), _text("digest"),
        _text("filename"), _at(),
    )  # fmt: skip
    _table(
        "commons_event", *_of("proposal_id", "commons_proposal"), _text("action"), _text("was"), _text("became"),
        _text("why"), *_who("account_id", null=True), _at(),
    )  # fmt: skip
    for table in ("voice", "proof", "event"):
        op.create_index(f"ix_commons_{table}_proposal_id", f"commons_{table}", ["proposal_id"])
    for table, same in _SEALED.items():
        seal(table, same)


def downgrade() -> None:
    for table in ("event", "proof", "voice", "proposal", "named", "share"):
        op.drop_table(f"commons_{table}")
