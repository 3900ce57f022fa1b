"""Full-text search over designs: FTS5 on SQLite, a weighted tsvector on PostgreSQL; one contract for both."""

from __future__ import annotations

import re

from sqlalchemy import ColumnElement, Float, Select, column, func, literal_column, table
from sqlmodel import Session, col

from registry.designs.tables import Design, DesignText

# name, tags, summary, parts, readme: how much a word there counts
WEIGHTS = (10.0, 6.0, 5.0, 2.0, 1.0)
_WORD = re.compile(r"\w+", re.UNICODE)
_WORDS_MAX = 12


def words_of(query: str) -> list[list[str]]:
    """The query's words; what a space joins not (an MPN such as `ATMEGA328P-AU`) stays together as a phrase."""
    phrases = [_WORD.findall(chunk.lower()) for chunk in query.split()]
    return [phrase for phrase in phrases if phrase][:_WORDS_MAX]


def sqlite_match(query: str) -> str:
    """An FTS5 expression that no input can break: each phrase quoted, the last word of each a prefix."""
    return " AND ".join('"' + " ".join(phrase) + '"*' for phrase in words_of(query))


def postgres_match(query: str) -> str:
    """A tsquery that no input can break: phrases in their order, the last word of each a prefix."""
    return " & ".join("(" + " <-> ".join(phrase) + ":*)" for phrase in words_of(query))


def matching(statement: Select, query: str, *, on_sqlite: bool) -> tuple[Select, ColumnElement | None]:
    """Restrict a select over Design to what the query finds; second, what to order by (best first), if it has words."""
    if not words_of(query):
        return statement, None
    if on_sqlite:
        fts = table("design_fts", column("rowid"))
        weights = ", ".join(str(weight) for weight in WEIGHTS)
        statement = statement.join(fts, fts.c.rowid == col(Design.id)).where(
            literal_column("design_fts").op("MATCH")(sqlite_match(query))
        )
        return statement, literal_column(f"bm25(design_fts, {weights})", Float)
    vector: ColumnElement = literal_column("design_text.words")
    asked = func.to_tsquery("simple", postgres_match(query))
    statement = statement.join(DesignText, col(DesignText.design_id) == col(Design.id)).where(vector.op("@@")(asked))
    return statement, -func.ts_rank(literal_column("'{0.05,0.15,0.4,1.0}'::float4[]"), vector, asked)


def put_text(session: Session, design_id: int, **words: str) -> None:
    """Set some of a design's words (name, tags, summary, parts, readme); the others stay."""
    row = session.get(DesignText, design_id) or DesignText(design_id=design_id)
    for field, value in words.items():
        setattr(row, field, value)
    session.add(row)
