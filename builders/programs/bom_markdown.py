"""Tables of parts in Markdown: in a README's section on materials, or in a file of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser

from markdown_it import MarkdownIt
from markdown_it.token import Token

from builders.programs.bom_columns import CELL_CHARS, ROWS_MAX, columns_of, find_header

BYTES_MAX = 256 * 1024
_TABLES_MAX = 60
_RULE = re.compile(r"^[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-*:?[ \t]*)+$", re.MULTILINE)
_KEPT = re.compile(r"[ \t]{0,3}(?:#{1,6}[ \t]|[=-]+[ \t]*$|`{3}|~{3})|[^|\n]*\|")
# Headings and names of files under which tables of parts stand, in the languages of makers.
_OF_PARTS = re.compile(
    r"\bbom\b|bill.?of.?materials?|\b(?:parts?|components?|materials?|vitamins|fasteners|screws)\b|shopping.?list"
    r"|what.you.(?:will.)?need|st(?:ü|ue)ckliste|\w*teile\b|(?:material|einkaufs)liste|nomenclature|composants"
    r"|liste.de.mat|componentes|materiales|materiais|componenti|materiali|onderdelen|部品|物料|材料|부품",
    re.IGNORECASE,
)
# What is listed there is used, or might be, and is no part of the thing.
_NOT_OF_PARTS = re.compile(
    r"\btools?\b|werkzeug|outils|herramientas|software|\balternativ|\boptions?\b|optional|changelog|pin.?out|licen[cs]e",
    re.IGNORECASE,
)
_SHOP = re.compile(r"(?:.*\W)?(?:price|cost|link|url|where to buy|preis|prix|precio)s?(?:\W.*)?", re.IGNORECASE)
_KINDS = (
    (re.compile(r"3d.?print|\bprinted\b(?! circuit)|\bprint(?:s|able)\b|gedruckt", re.IGNORECASE), "3D printed"),
    (re.compile(r"laser.?cut", re.IGNORECASE), "laser cut"),
    (re.compile(r"fastener|screws|bolts|schrauben", re.IGNORECASE), "fastener"),
    (re.compile(r"(?:electronic|elektronik)(?!.*mechan)", re.IGNORECASE), "electronic"),
)


@dataclass(frozen=True, slots=True)
class MarkdownTable:
    """A table of parts: its cells as plain text, with its header first, and the headings that it stands under."""

    headings: tuple[str, ...]
    rows: list[list[str]]

    @property
    def kind(self) -> str:
        """What the nearest heading calls all of its lines, or ''."""
        said = self.headings[-1] if self.headings else ""
        return next((word for pattern, word in _KINDS if pattern.search(said)), "")


class _Text(HTMLParser):
    """The text of a cell's own HTML."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self.found.append(" ")


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    parser.core.ruler.disable("inline")  # of the cells that are wanted alone
    return parser


def _plain(parser: MarkdownIt, content: str) -> str:
    """A cell as text: links by their words, pictures left out, what is struck through left out."""
    pieces: list[str] = []
    struck = 0
    tokens: list[Token] = []
    parser.inline.parse(content[:CELL_CHARS], parser, {}, tokens)
    for token in tokens:
        struck += {"s_open": 1, "s_close": -1}.get(token.type, 0)
        if struck:
            continue
        if token.type in ("text", "code_inline", "html_inline"):
            pieces.append(token.content)
        elif token.type in ("softbreak", "hardbreak"):
            pieces.append(" ")
    text = _Text()
    text.feed("".join(pieces))
    text.close()
    return re.sub(r"\s+", " ", "".join(text.found)).strip()


def _sections(tokens: Sequence[Token], parser: MarkdownIt) -> Iterator[tuple[tuple[str, ...], list[list[str]]]]:
    """(headings, rows of raw cells) of each table, in order."""
    headings: list[tuple[int, str]] = []
    rows: list[list[str]] = []
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "inline" and before is not None:
            if before.type == "heading_open":
                level = int(before.tag[1:])
                headings = [kept for kept in headings if kept[0] < level]
                headings.append((level, _plain(parser, token.content)))
            elif before.type in ("th_open", "td_open"):
                rows[-1].append(token.content)
        elif token.type == "table_open":
            rows = []
        elif token.type == "tr_open":
            rows.append([])
        elif token.type == "table_close":
            yield tuple(text for _, text in headings), rows


def tables_of_parts(raw: bytes, stem: str, rows_max: int = ROWS_MAX) -> list[MarkdownTable]:
    """The tables of a Markdown text that list parts. `stem` is the file's name, which may say what it is about."""
    text = raw[:BYTES_MAX].decode("utf-8-sig", errors="replace").replace("\0", "").replace("\r\n", "\n")
    if not _RULE.search(text):
        return []
    # Only headings, fences and lines with bars matter; without the others nothing nests, and parsing stays quick.
    kept = "\n".join(
        line if _KEPT.match(line) and not line.lstrip().startswith(">") else "" for line in text.split("\n")
    )
    parser = _parser()
    whole = bool(_OF_PARTS.search(stem.replace("_", " ").replace("-", " ")))
    found: list[MarkdownTable] = []
    for headings, raw_rows in _sections(parser.parse(kept), parser):
        rows = [[_plain(parser, cell) for cell in row[:200]] for row in raw_rows[: rows_max + 1]]
        if rows and _lists_parts(headings, rows, whole):
            found.append(MarkdownTable(headings, _nophead(rows)))
        if len(found) >= _TABLES_MAX:
            break
    return found


def _lists_parts(headings: tuple[str, ...], rows: list[list[str]], whole: bool) -> bool:
    """Whether a table lists what the thing is made of: by its columns, and by what it stands under."""
    if any(_NOT_OF_PARTS.search(text) for text in headings[1:] or headings[-1:]):
        return False
    rows = _nophead(rows)
    header = find_header(rows[:1] + rows[1:31])
    if header is None or header[0] != 0:
        return False
    known = set(columns_of(rows[0], rows[1:31]).values())
    if not known & {"quantity", "reference"} or not known & {"description", "value", "part", "mpn"}:
        return False
    sold = "quantity" in known and any(_SHOP.fullmatch(cell) for cell in rows[0])
    return whole or any(_OF_PARTS.search(text) for text in headings) or sold or "mpn" in known


def _nophead(rows: list[list[str]]) -> list[list[str]]:
    """With headings for a table that counts by assembly and names each thing in a last column without one."""
    header = rows[0]
    totals = [index for index, cell in enumerate(header) if re.fullmatch(r"totals?", cell, re.IGNORECASE)]
    if not totals or header[-1] or totals[0] != len(header) - 2:
        return rows
    return [["" for _ in header[:-2]] + ["Quantity", "Description"], *rows[1:]]
