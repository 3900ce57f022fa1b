"""The first schema: accounts, designs with full-text search, builds.

Revision: 0001.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_COLUMNS = "name, tags, summary, parts, readme"
_FTS = (
    f"CREATE VIRTUAL TABLE design_fts USING fts5({_COLUMNS}, content='design_text', content_rowid='design_id', "
    "tokenize='unicode61 remove_diacritics 2', prefix='2 3')",
    f"""CREATE TRIGGER design_text_added AFTER INSERT ON design_text BEGIN
        INSERT INTO design_fts(rowid, {_COLUMNS})
        VALUES (new.design_id, new.name, new.tags, new.summary, new.parts, new.readme);
    END""",
    f"""CREATE TRIGGER design_text_gone AFTER DELETE ON design_text BEGIN
        INSERT INTO design_fts(design_fts, rowid, {_COLUMNS})
        VALUES ('delete', old.design_id, old.name, old.tags, old.summary, old.parts, old.readme);
    END""",
    f"""CREATE TRIGGER design_text_changed AFTER UPDATE ON design_text BEGIN
        INSERT INTO design_fts(design_fts, rowid, {_COLUMNS})
        VALUES ('delete', old.design_id, old.name, old.tags, old.summary, old.parts, old.readme);
        INSERT INTO design_fts(rowid, {_COLUMNS})
        VALUES (new.design_id, new.name, new.tags, new.summary, new.parts, new.readme);
    END""",
)
_TSVECTOR = (
    """ALTER TABLE design_text ADD COLUMN words tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('simple', name), 'A') || setweight(to_tsvector('simple', tags || ' ' || summary), 'B')
        || setweight(to_tsvector('simple', left(parts, 200000)), 'C')
        || setweight(to_tsvector('simple', left(readme, 200000)), 'D')) STORED""",
    "CREATE INDEX ix_design_text_words ON design_text USING gin (words)",
)


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("handle", sa.String(length=39), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("is_steward", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("handle"),
    )
    op.create_table(
        "design",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("subdir", sa.String(), nullable=False),
        sa.Column("tracked_ref", sa.String(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("licence", sa.String(), nullable=False),
        sa.Column("readiness", sa.String(), nullable=False),
        sa.Column("standing", sa.String(), nullable=False),
        sa.Column("newest_version", sa.String(), nullable=False),
        sa.Column("picture", sa.String(), nullable=False),
        sa.Column("boards", sa.Integer(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("built_count", sa.Integer(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("tools", sa.JSON(), nullable=False),
        sa.Column("sync_message", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("synced_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("slug"),
        sa.UniqueConstraint("url", "subdir", "tracked_ref", name="uq_design_place"),
    )
    op.create_index("ix_design_built", "design", ["built_count", "updated_at"], unique=False)
    op.create_index("ix_design_facets", "design", ["id", "kind", "licence", "readiness"], unique=False)
    op.create_index("ix_design_kind", "design", ["kind", "updated_at"], unique=False)
    op.create_index(op.f("ix_design_licence"), "design", ["licence"], unique=False)
    op.create_index(op.f("ix_design_owner_id"), "design", ["owner_id"], unique=False)
    op.create_index("ix_design_readiness", "design", ["readiness", "updated_at"], unique=False)
    op.create_index("ix_design_updated", "design", ["updated_at"], unique=False)
    op.create_table(
        "result",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("builder", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("log_tail", sa.Text(), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("tools", sa.JSON(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "worker",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "artifact",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("result_key", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("output_group", sa.String(), nullable=False),
        sa.Column("bundled", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["result_key"],
            ["result.key"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("result_key", "path", name="uq_artifact_path"),
    )
    op.create_index(op.f("ix_artifact_result_key"), "artifact", ["result_key"], unique=False)
    op.create_table(
        "design_text",
        sa.Column("design_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("tags", sa.String(), nullable=False),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("parts", sa.Text(), nullable=False),
        sa.Column("readme", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["design_id"],
            ["design.id"],
        ),
        sa.PrimaryKeyConstraint("design_id"),
    )
    op.create_table(
        "design_tool",
        sa.Column("design_id", sa.Integer(), nullable=False),
        sa.Column("tool", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["design_id"],
            ["design.id"],
        ),
        sa.PrimaryKeyConstraint("design_id", "tool"),
    )
    op.create_index(op.f("ix_design_tool_tool"), "design_tool", ["tool"], unique=False)
    op.create_table(
        "login_session",
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.PrimaryKeyConstraint("secret_hash"),
    )
    op.create_index(op.f("ix_login_session_account_id"), "login_session", ["account_id"], unique=False)
    op.create_table(
        "revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("design_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("commit", sa.String(), nullable=False),
        sa.Column("committed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("prerelease", sa.Boolean(), nullable=False),
        sa.Column("newest", sa.Boolean(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("licence", sa.String(), nullable=False),
        sa.Column("about", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["design_id"],
            ["design.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("design_id", "name", "commit", name="uq_revision_place"),
    )
    op.create_index(op.f("ix_revision_commit"), "revision", ["commit"], unique=False)
    op.create_index("ix_revision_design", "revision", ["design_id", "current", "position"], unique=False)
    op.create_table(
        "token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("secret_hash"),
    )
    op.create_index(op.f("ix_token_account_id"), "token", ["account_id"], unique=False)
    op.create_table(
        "build",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("design_id", sa.Integer(), nullable=False),
        sa.Column("revision_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("force", sa.Boolean(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("not_built", sa.JSON(), nullable=False),
        sa.Column("materials_digest", sa.String(), nullable=False),
        sa.Column("bundle_digest", sa.String(), nullable=False),
        sa.Column("bundle_bytes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["design_id"],
            ["design.id"],
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"],
            ["revision.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_build_design_id"), "build", ["design_id"], unique=False)
    op.create_index("ix_build_revision", "build", ["revision_id", "id"], unique=False)
    op.create_index("ix_build_state", "build", ["state", "requested_at"], unique=False)
    op.create_index(
        "uq_build_active",
        "build",
        ["revision_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('queued', 'running')"),
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )
    op.create_table(
        "target_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("build_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("builder", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("cached", sa.Boolean(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("log_tail", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["build_id"],
            ["build.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("build_id", "kind", "name", name="uq_target_name"),
    )
    op.create_index(op.f("ix_target_run_key"), "target_run", ["key"], unique=False)
    op.create_table(
        "step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("target_run_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["target_run_id"],
            ["target_run.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_step_target_run_id"), "step", ["target_run_id"], unique=False)
    for statement in _FTS if op.get_bind().dialect.name == "sqlite" else _TSVECTOR:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE design_fts")
    op.drop_index(op.f("ix_step_target_run_id"), table_name="step")
    op.drop_table("step")
    op.drop_index(op.f("ix_target_run_key"), table_name="target_run")
    op.drop_table("target_run")
    op.drop_index(
        "uq_build_active",
        table_name="build",
        sqlite_where=sa.text("state IN ('queued', 'running')"),
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )
    op.drop_index("ix_build_state", table_name="build")
    op.drop_index("ix_build_revision", table_name="build")
    op.drop_index(op.f("ix_build_design_id"), table_name="build")
    op.drop_table("build")
    op.drop_index(op.f("ix_token_account_id"), table_name="token")
    op.drop_table("token")
    op.drop_index("ix_revision_design", table_name="revision")
    op.drop_index(op.f("ix_revision_commit"), table_name="revision")
    op.drop_table("revision")
    op.drop_index(op.f("ix_login_session_account_id"), table_name="login_session")
    op.drop_table("login_session")
    op.drop_index(op.f("ix_design_tool_tool"), table_name="design_tool")
    op.drop_table("design_tool")
    op.drop_table("design_text")
    op.drop_index(op.f("ix_artifact_result_key"), table_name="artifact")
    op.drop_table("artifact")
    op.drop_table("worker")
    op.drop_table("result")
    op.drop_index("ix_design_updated", table_name="design")
    op.drop_index("ix_design_readiness", table_name="design")
    op.drop_index(op.f("ix_design_owner_id"), table_name="design")
    op.drop_index(op.f("ix_design_licence"), table_name="design")
    op.drop_index("ix_design_kind", table_name="design")
    op.drop_index("ix_design_facets", table_name="design")
    op.drop_index("ix_design_built", table_name="design")
    op.drop_table("design")
    op.drop_table("account")
