"""Tables that are only added to: the database itself refuses to change, remove or replace their rows, whoever asks."""

from __future__ import annotations

from alembic import op


def seal(table: str, same: str, update: str = "UPDATE") -> None:
    """Refuse changes of a table's rows from now on.

    `same` is the condition by which a new row would replace one that is there (SQLite's INSERT OR REPLACE), in terms of
    NEW; `update` narrows what may not be updated (`UPDATE OF a, b`). PostgreSQL's `refuse_change` is there since 0003.
    """
    if not _on_sqlite():
        for when, each in ((f"{update} OR DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
            op.execute(
                f"CREATE TRIGGER {table}_sealed_{each.lower()} BEFORE {when} ON {table} "
                f"FOR EACH {each} EXECUTE FUNCTION refuse_change()"
            )
        return
    refuse = _refuse(table)
    for name, change in (("update", update), ("delete", "DELETE")):
        op.execute(f"CREATE TRIGGER {table}_no_{name} BEFORE {change} ON {table} {refuse}")
    op.execute(
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
        f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) {refuse}"
    )


def seal_changes(table: str) -> None:
    """The seal of the first tables of this kind: it refuses UPDATE and DELETE alone."""
    if _on_sqlite():
        for change in ("UPDATE", "DELETE"):
            op.execute(f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} {_refuse(table)}")
    else:
        op.execute(
            f"CREATE TRIGGER {table}_sealed BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )


def _on_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _refuse(table: str) -> str:
    return f"BEGIN SELECT RAISE(ABORT, '{table} is only added to'); END"
