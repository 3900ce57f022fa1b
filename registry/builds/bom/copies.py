"""What is told more than once: a bill kept as bom.csv and as bom.xlsx, two states of one board."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from itertools import combinations
from pathlib import PurePosixPath
from typing import Any

from registry.builds.bom.rows import Row
from registry.builds.bom.sources import TableLines

# Text is what people read the differences of, so it holds where two forms say as much.
_FORMS = (".csv", ".tsv", ".txt", ".ods", ".xlsx", ".xls", ".md")
# Of the shorter table: how much of it the longer one must have, too. A name in common is a reason of its own.
_SHARE_NAMED_ALIKE = 0.5
_SHARE_OTHERWISE = 0.8
_SHARE_IN_TEXT = 0.6  # of a table in a README and one in a file below it
_LINES_MIN = 2
_BOARD_PARTS_MIN = 5
_PAIRS_MAX = 10


def plain(text: str) -> str:
    """Letters and digits alone; a name that has none of ours stays as it is, so that no two of those are one."""
    return re.sub(r"[^a-z0-9]+", "", text.casefold()) or text.casefold().strip()


def counted_once(tables: list[TableLines], findings: list[str]) -> list[TableLines]:
    """The tables without those that say again, in another form, what one in the same folder says."""
    kept: list[TableLines] = []
    for table in sorted(tables, key=lambda table: (-len(_things(table)), -_named(table), _form(table), table.source)):
        known = next((other for other in kept if _is_copy(table, other)), None)
        if known is None:
            kept.append(table)
            continue
        odd = len(_things(table, counted=True) - _things(known, counted=True))
        differs = f"; {odd} of its lines differ" if odd > 1 else "; one of its lines differs" if odd else ""
        findings.append(f"{table.source} is {known.source} in another form{differs}. It is counted once.")
    findings += _in_text_and_file([table for table in tables if table in kept])
    return [table for table in tables if table in kept]


def _in_text_and_file(tables: list[TableLines]) -> list[str]:
    """A doubt where a text lists parts beside a spreadsheet: other words for the same things can't be told apart."""
    told = [table for table in tables if table.lines]
    texts = [table.source for table in told if _is_text(table)]
    files = [table.source for table in told if not _is_text(table)]
    if not texts or not files:
        return []
    return [
        f"{' and '.join(texts[:3])} lists parts in a table, beside {' and '.join(files[:3])}; all are counted. If one "
        "repeats the other in other words, keep one."
    ]


def _is_text(table: TableLines) -> bool:
    return PurePosixPath(table.source).suffix.lower() in (".md", ".markdown", ".mdown")


def alike_boards(boards: Mapping[str, Mapping[str, Row]]) -> list[str]:
    """A doubt for each pair of boards that carry nearly the same parts: both are counted, though one may be meant."""
    things = {
        source: {(row.designator, row.value) for row in rows.values() if row.wanted} for source, rows in boards.items()
    }
    told: list[str] = []
    for one, other in combinations([source for source in things if len(things[source]) >= _BOARD_PARTS_MIN], 2):
        if min(_share(things[one], things[other]), _share(things[other], things[one])) >= _SHARE_OTHERWISE:
            told.append(
                f"{one} and {other} carry nearly the same parts, and both are counted. If one replaces the other, "
                "order by the list of the one that you make."
            )
    return told[:_PAIRS_MAX]


def _named(table: TableLines) -> int:
    """How many lines can be ordered as they are."""
    return sum(bool(line.get("mpn") or line.get("suppliers")) for line in table.lines)


def _form(table: TableLines) -> int:
    suffix = PurePosixPath(table.source).suffix.lower()
    return _FORMS.index(suffix) if suffix in _FORMS else len(_FORMS)


def _is_copy(table: TableLines, other: TableLines) -> bool:
    """Whether a table is another form of one at least as long."""
    here, there = PurePosixPath(table.source), PurePosixPath(other.source)
    if _is_text(table) != _is_text(other) and (
        here.parent.is_relative_to(there.parent) or there.parent.is_relative_to(here.parent)
    ):
        return _share(_things(table), _things(other)) >= _SHARE_IN_TEXT
    if here.parent != there.parent:
        return False  # an assembly's bill may well be like its neighbour's
    if here.suffix.lower() != there.suffix.lower() and here.stem.casefold() == there.stem.casefold():
        return _share(_things(table), _things(other)) >= _SHARE_NAMED_ALIKE
    # two CSVs with like counts may be a left and a right side; the same designators are never on a board twice
    designators = all(line.get("references") for line in (*table.lines, *other.lines))
    if here.suffix.lower() == there.suffix.lower() and not designators:
        return False
    things = _things(table, counted=True)
    return len(things) >= _LINES_MIN and _share(things, _things(other, counted=True)) >= _SHARE_OTHERWISE


def _share(some: Set[tuple[str, ...]], all_: Set[tuple[str, ...]]) -> float:
    return len(some & all_) / len(some) if some else 0.0


def _things(table: TableLines, *, counted: bool = False) -> set[tuple[str, ...]]:
    """What a table lists: each designator with its part, else each line's name; with its number where `counted`."""
    found: set[tuple[str, ...]] = set()
    for line in table.lines:
        name = plain(_first(line, "mpn", "part", "description", "value"))
        references = line.get("references") or ()
        if references:
            part = plain(_first(line, "value", "mpn", "description"))
            found.update((str(reference), part) for reference in references)
        else:
            found.add((name, f"{float(line.get('quantity') or 0):g}") if counted else (name,))
    return found


def _first(line: dict[str, Any], *names: str) -> str:
    return next((str(line[name]) for name in names if line.get(name)), "")
