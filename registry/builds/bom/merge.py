"""Merging what boards, tables and parts say into one bill of materials.

Lines are one when manufacturer and MPN are, then when a supplier's SKU is; never by value alone across boards.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from registry import limits
from registry.builds.bom.copies import alike_boards, counted_once
from registry.builds.bom.copies import plain as _plain
from registry.builds.bom.kinds import is_made
from registry.builds.bom.rows import Row, row_of_component, row_of_line, row_of_part
from registry.builds.bom.sources import BoardParts, PartFacts, TableLines
from registry.builds.schemas import BomLine, LineKind, Materials, Use

_ORDER: tuple[LineKind, ...] = (
    "board", "electronic", "machined", "sheet", "printed", "off-the-shelf", "fastener", "consumable",
)  # fmt: skip


def merge(boards: list[BoardParts], tables: list[TableLines], parts: list[PartFacts]) -> Materials:
    """One bill of materials, sorted by kind, then by what is needed most. Deterministic."""
    findings: list[str] = []
    rows: list[Row] = []
    on_boards: list[Row] = []
    by_board: dict[str, dict[str, Row]] = {}
    for board in boards:
        own = [row_of_component(board.name, board.source, component) for component in board.components]
        known = {row.designator: row for row in own if row.designator}
        findings += _told_twice(board.source, own)
        if strays := [row.designator for row in own if row.stray]:
            shown = ", ".join(strays[:8]) + (" ..." if len(strays) > 8 else "")
            findings.append(
                f"{board.source} has {len(strays)} of its parts in no schematic, so they are not in the bill: {shown}."
            )
        by_board[board.name] = known
        on_boards += own
        if not own and board.facts.get("footprints", {}).get("total", 0) > 0:
            findings.append(f"{board.source}: the board carries parts, but no list of them could be read.")
    sources = {board.name: board.source for board in boards}
    findings += alike_boards({board.source: by_board[board.name] for board in boards})
    others = [TableLines(table.name, table.source, _take_table(table, by_board, sources, findings)) for table in tables]
    for table in counted_once(others, findings):
        rows += [row_of_line(table.name, table.source, line) for line in table.lines]
    rows = [row for row in on_boards if row.wanted] + rows  # a table may want what the board alone would not
    rows += _boards_themselves(boards, rows)
    rows += _parts_not_listed(parts, rows, findings)
    merged = _group(rows)
    for finding in _doubts(merged):
        findings.append(finding)
    return Materials(lines=merged[: limits.BOM_LINES], findings=findings[:200])


def _told_twice(source: str, rows: list[Row]) -> list[str]:
    """A doubt about designators that stand on a board more than once: no machine could tell them apart."""
    counts = Counter(row.designator for row in rows if row.wanted and row.designator)
    twice = [f"{name} ({times} times)" for name, times in counts.items() if times > 1]
    if not twice:
        return []
    shown = ", ".join(twice[:8]) + (" ..." if len(twice) > 8 else "")
    return [f"{source} has parts of the same designator: {shown}. Each is counted; number them before an order."]


def _nearness(path: str, other: str) -> tuple[int, int]:
    """How near two files lie: folders in common, then letters at the start of their names in common."""
    one, two = path.split("/"), other.split("/")
    return _common(one[:-1], two[:-1]), _common(one[-1].casefold(), two[-1].casefold())


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    differs = (at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1])
    return next(differs, min(len(one), len(other)))


def _take_table(
    table: TableLines, by_board: dict[str, dict[str, Row]], sources: dict[str, str], findings: list[str]
) -> list[dict[str, Any]]:
    """A table of a board's own parts completes what the board says; one of other things adds lines: these."""
    named = [reference for line in table.lines for reference in line.get("references", ())]
    overlaps = {name: len(set(named) & known.keys()) for name, known in by_board.items()}
    # Two states of a board have the same designators: of those that fit as well, the nearest is meant.
    best = max(overlaps.values(), default=0)
    alike = [name for name in overlaps if overlaps[name] >= 0.8 * best]
    board = max(alike, key=lambda name: (_nearness(table.source, sources[name]), overlaps[name]), default="")
    of_board = bool(named) and bool(board) and overlaps[board] * 2 >= len(set(named))
    added: list[dict[str, Any]] = []
    counts = _counts_on_boards(by_board)
    strangers: list[str] = []
    again: list[str] = []
    for line in table.lines:
        references = [str(reference) for reference in line.get("references", ())]
        if of_board and references:
            known = by_board[board]
            for reference in references:
                if reference in known:
                    known[reference].complete(line, table.source)
                else:
                    strangers.append(reference)
        elif not references and (here := _on_board(line, counts)):
            again.append(here)
        elif not of_board or not _is_of_board(line):
            added.append(line)
    if again:
        shown = ", ".join(again[:8]) + (" ..." if len(again) > 8 else "")
        findings.append(
            f"{table.source} names parts that a board carries, as many as there are; counted once: {shown}."
        )
    if strangers:
        shown = ", ".join(strangers[:8]) + (" ..." if len(strangers) > 8 else "")
        findings.append(f"{table.source} names {len(strangers)} designators that board {board} does not have: {shown}.")
    if of_board:
        missing = [
            name for name, row in by_board[board].items() if row.wanted and not row.dnp and name not in set(named)
        ]
        if missing:
            shown = ", ".join(missing[:8]) + (" ..." if len(missing) > 8 else "")
            findings.append(f"{table.source} leaves out {len(missing)} parts of board {board}: {shown}.")
    return added


_NAME_CHARS_MIN = 5  # `10k` and `LED` stand for too much to be told by name alone


def _counts_on_boards(by_board: dict[str, dict[str, Row]]) -> list[Counter[str]]:
    """For each board how many parts of each value or MPN it carries."""
    return [
        Counter(
            name
            for row in known.values()
            if row.wanted
            for name in {_plain(row.value), _plain(row.mpn)}
            if len(name) >= _NAME_CHARS_MIN
        )
        for known in by_board.values()
    ]


def _on_board(line: dict[str, Any], counts: list[Counter[str]]) -> str:
    """The name of a line without designators if a board carries the same thing as many times; else ''."""
    for field_name in ("mpn", "part", "description", "value"):
        name = _plain(str(line.get(field_name) or ""))
        if len(name) >= _NAME_CHARS_MIN and any(board[name] == line.get("quantity") for board in counts if board[name]):
            return str(line[field_name])
    return ""


def _is_of_board(line: dict[str, Any]) -> bool:
    """A line without designators in a board's own table that is still one of its electronic parts, not fitted."""
    return bool(line.get("footprint")) and not line.get("kind")


def _boards_themselves(boards: list[BoardParts], rows: list[Row]) -> list[Row]:
    """The bare boards, unless a table lists them already."""
    listed = sum(1 for row in rows if row.kind == "board")
    if listed >= len(boards):
        return []
    return [
        Row(
            kind="board",
            target=board.name,
            source=board.source,
            quantity=1,
            description=f"Circuit board {board.name}",
            material=_board_words(board.facts),
            process="PCB",
            finish=str(board.facts.get("finish") or ""),
        )
        for board in boards
    ]


def _board_words(facts: dict[str, Any]) -> str:
    size = facts.get("size_mm") if isinstance(facts.get("size_mm"), dict) else {}
    words = []
    if facts.get("copper_layers"):
        words.append(f"{facts['copper_layers']} layers")
    if size and size.get("width") and size.get("height"):
        words.append(f"{size['width']:g} x {size['height']:g} mm")
    if facts.get("thickness_mm"):
        words.append(f"{facts['thickness_mm']:g} mm thick")
    return ", ".join(words)


def _parts_not_listed(parts: list[PartFacts], rows: list[Row], findings: list[str]) -> list[Row]:
    """Parts with files but no line: added when no table lists made parts at all, else told as a doubt."""
    made = [row for row in rows if is_made(row.kind)]
    # a board and its components may well bear the name of the case they sit in
    others = [row for row in rows if row.kind not in ("board", "electronic")]
    texts = [_plain(f"{row.part} {row.file} {row.description} {row.notes}") for row in others]
    titles = {_plain(text) for part in parts for text in (part.name, part.title)}
    added = []
    for part in parts:
        if pieces := part.facts.get("components"):
            # an assembly is made of lines, not one itself
            called = {_plain(str(piece.get("name", ""))) for piece in pieces} - {""}
            if not any(name in titles or any(name in text for text in texts) for name in called):
                findings.append(
                    f"{part.source} is an assembly whose pieces are in no bill of materials; its page lists them."
                )
            continue
        names = {_plain(part.name), _plain(part.title), _plain(part.source.rsplit("/", 1)[-1])} - {""}
        if any(name in text for name in names for text in texts):
            continue
        if made:
            findings.append(
                f"{part.source} is in no bill of materials of the repository; how many are needed is unknown."
            )
        else:
            added.append(row_of_part(part.name, part.title, part.source, part.facts))
    return added


@dataclass(slots=True)
class _Group:
    rows: list[Row] = field(default_factory=list)


def _identity(row: Row) -> tuple[str, ...]:
    """What makes two rows the same line."""
    fitted = "dnp" if row.dnp else "fitted"
    if row.mpn:
        return ("mpn", _plain(row.manufacturer), _plain(row.mpn), fitted)
    if row.suppliers:
        name, sku = sorted(row.suppliers.items())[0]
        return ("sku", _plain(name), _plain(sku), fitted)
    if row.designator:
        return ("value", row.target, row.value, row.footprint, fitted)
    return (
        "text",
        row.target,
        row.kind,
        row.description,
        row.value,
        row.material,
        row.process,
        fitted,
        str(row.number),
    )


def _group(rows: list[Row]) -> list[BomLine]:
    groups: dict[tuple[str, ...], _Group] = defaultdict(_Group)
    for row in rows:
        groups[_identity(row)].rows.append(row)
    # a manufacturer left out in one place is the same part if the MPN is known with one manufacturer alone
    named: dict[tuple[str, str], list[tuple[str, ...]]] = defaultdict(list)
    for key in groups:
        if key[0] == "mpn" and key[1]:
            named[(key[2], key[3])].append(key)
    for key in [key for key in groups if key[0] == "mpn" and not key[1]]:
        homes = named[(key[2], key[3])]
        if len(homes) == 1:
            groups[homes[0]].rows += groups.pop(key).rows
    lines = [_line(key, group.rows) for key, group in groups.items()]
    return sorted(
        lines,
        key=lambda line: (_ORDER.index(line.kind), line.dnp, -line.quantity, line.description, line.value, line.id),
    )


def _line(key: tuple[str, ...], rows: list[Row]) -> BomLine:
    def first(name: str) -> str:
        return next((str(getattr(row, name)) for row in rows if getattr(row, name)), "")

    uses: dict[str, Use] = {}
    for row in rows:
        use = uses.get(row.target) or Use(target=row.target, designators=[], quantity=0)
        references = [*use.designators, *([row.designator] if row.designator else row.references)]
        uses[row.target] = Use(
            target=row.target, designators=sorted(set(references), key=_natural), quantity=use.quantity + row.quantity
        )
    suppliers: dict[str, str] = {}
    for row in rows:
        for name, sku in row.suppliers.items():
            suppliers.setdefault(name, sku)
    alternates = {
        (alternate.manufacturer, alternate.mpn, alternate.supplier, alternate.sku): alternate
        for row in rows
        for alternate in row.alternates
    }
    dnp, kind = rows[0].dnp, _kind(rows)
    description, value = _words(kind, rows)
    return BomLine(
        id=hashlib.sha256("\0".join(key).encode()).hexdigest()[:12],
        kind=kind,
        quantity=0 if dnp else round(sum(row.quantity for row in rows), 6),
        description=description,
        value=value,
        footprint=first("footprint"),
        manufacturer=first("manufacturer"),
        mpn=first("mpn"),
        suppliers=dict(sorted(suppliers.items())),
        alternates=list(alternates.values()),
        uses=sorted(uses.values(), key=lambda use: use.target),
        dnp=dnp,
        excluded_from_bom=all(row.excluded for row in rows),
        source=first("source"),
        file=first("file"),
        material=first("material"),
        process=first("process"),
        finish=first("finish"),
        mass_g=next((row.mass_g for row in rows if row.mass_g is not None), None),
        licence=first("licence"),
        notes=first("notes"),
    )


def _words(kind: LineKind, rows: list[Row]) -> tuple[str, str]:
    """(description, value); what a table names a bought part stays beside its description, which alone orders nothing.

    A made part's name is that of its file, and what stands on a board is named by its value.
    """
    description = next((row.description for row in rows if row.description), "")
    value = " / ".join(sorted({row.value for row in rows if row.value})[:4])
    name = next((row.part for row in rows if row.part), "")
    if not name or kind == "board" or is_made(kind) or any(row.designator for row in rows):
        return description, value
    said = "\n".join(text for row in rows for text in (row.description, row.value, row.mpn, *row.suppliers.values()))
    if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", said, re.IGNORECASE):
        return description, value
    return (f"{name}, {description}", value) if value else (description, name)


def _kind(rows: list[Row]) -> LineKind:
    return next((row.kind for row in rows if row.kind != "electronic"), rows[0].kind)


def _natural(reference: str) -> list[tuple[int, int, str]]:
    return [(1, int(word), "") if word.isdigit() else (0, 0, word) for word in re.split(r"(\d+)", reference) if word]


def _doubts(lines: list[BomLine]) -> list[str]:
    unnamed = [
        line for line in lines if line.kind == "electronic" and not line.dnp and not line.mpn and not line.suppliers
    ]
    if not unnamed:
        return []
    pieces = round(sum(line.quantity for line in unnamed))
    lines_said = "1 electronic line names" if len(unnamed) == 1 else f"{len(unnamed)} electronic lines name"
    pieces_said = "1 piece" if pieces == 1 else f"{pieces} pieces"
    return [f"{lines_said} neither an MPN nor a supplier's number ({pieces_said})."]
