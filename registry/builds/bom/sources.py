"""What a bill of materials is merged from: boards, tables, parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class BoardParts:
    """A board's components.json."""

    name: str
    source: str
    components: list[dict[str, Any]]
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class TableLines:
    """A table's lines.json."""

    name: str
    source: str
    lines: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class PartFacts:
    """A mechanical part's facts.json."""

    name: str
    title: str
    source: str
    facts: dict[str, Any]
