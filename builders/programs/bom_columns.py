"""What the columns of a bill of materials mean, whatever people call them.

Source: manifests.md, '1-click-BOM column aliases', widened by those of mechanical bills.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

ROWS_MAX = 20_000
CELL_CHARS = 2_000
_HEADER_ROWS = 60

# Tried in order: the first pattern that fits the whole header names the column.
_ALIASES: tuple[tuple[str, str], ...] = (
    ("dnp", r"dnp|dnf|dns|do not (?:fit|stuff|place|populate)|not fitted|not populated"),
    ("fitted", r"fitted|fit|stuff(?:ed)?|populated?|assembl(?:e|y)"),
    ("excluded", r"exclude(?:d)? from (?:bom|bill of materials)"),
    ("reference", r"ref(?:s|erences?|des)?\.?|reference\(?s?\)? ?designators?|designators?|line[- ]notes?|ref\.? ?des\.?|bezeichner|ref designator"),
    ("quantity", r"q(?:n)?tys?\.?|quantit(?:y|ies)|quant\.?|co?u?nt|menge|anzahl|st(?:ü|ue)ck|amount|#|pcs|qty ?/ ?unit|qty per (?:unit|board)|number"),
    ("manufacturer", r"(?:m/?f(?:g|r)?|manuf(?:acturer)?\.?|mfr|mfg|maker|hersteller|brand)s?(?: ?name)? ?1?"),
    ("mpn", r"(?:mpn|p/?n|part numbers?|part no\.?|m/?f(?:g|r)?\.? ?(?:parts?|p/n|pn|#|no\.?)[ _.]*(?:numbers?|no\.?|#)?|manuf(?:acturer)?\.? ?(?:parts?|p/n|pn|#)[ _]*(?:numbers?|no\.?|#)?|mfpn|mfg?[ _.]*part[ _.]*(?:no|number|num|#)?|mfr[ _.]*part[ _.]*(?:no|number|#)?|manufacturer[ _]part[ _](?:number|no)|component|teilenummer) ?1?"),
    ("mass", r"(?:mass|weight|gewicht)(?:[ _\[(]*k?g[\])]*)?"),
    ("kind", r"kind|type|category|class|group"),
    ("material", r"materials?|werkstoff"),
    ("process", r"process(?:es)?|manufacturing process|made by|production|fertigung"),
    ("finish", r"finish|surface|coating"),
    ("supplier", r"(?:suppliers?|vendors?|retailers?|distributors?|source supplier|lieferant|shop)(?: ?name)? ?1?"),
    ("supplier_part", r"(?:sku|supplier[ _]?(?:part)?[ _]?(?:number|no\.?|#|pn)?|supplier parts?|vendor[ _]?(?:part|pn|p/n|#)[ _]?(?:number|no\.?)?|order(?:ing)? (?:code|number|no\.?)|retailer part number|part no\. supplier|bestellnummer|stock code|jlcpcb part #?|lcsc part #?) ?1?"),
    ("source", r"source|file|drawing|model|cad file"),
    ("licence", r"licen[cs]e"),
    ("footprint", r"footprints?|package|case|pcb footprint|size"),
    ("value", r"values?|wert|comments?|val|display value"),
    ("description", r"desc(?:r|ription)?s?\.?|names?|bezeichnung|titles?|items? ?(?:name|description)|what|details|article|benennung|cmnts?"),
    ("part", r"parts?|part[ _]?name|component name|element"),
    ("notes", r"notes?|remarks?|comment ?2|bemerkung|your instructions ?/ ?notes|instructions"),
)  # fmt: skip
_COMPILED = tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _ALIASES)
_RETAILERS = (
    ("Farnell", r"farnell|fec|premier|element ?14"),
    ("Digi-Key", r"digi-?key|sn-dk"),
    ("Mouser", r"mouser"),
    ("RS", r"rs|rs[- ]?(?:online|components)"),
    ("Newark", r"newark"),
    ("LCSC", r"lcsc|jlc(?:pcb)?"),
    ("Reichelt", r"reichelt(?:\.de)?"),
    ("TME", r"tme"),
    ("Arrow", r"arrow"),
    ("McMaster-Carr", r"mcmaster(?:-carr)?"),
    ("Aliexpress", r"ali ?express"),
    ("Amazon", r"amazon"),
)
_RETAILER = tuple(
    (name, re.compile(rf"(?:{pattern})(?:[ _.]*(?:parts?|p/?n|sku|#|no\.?|number|code|order code|pn|part ?(?:no\.?|number|#)))*", re.IGNORECASE))
    for name, pattern in _RETAILERS
)  # fmt: skip


def retailer_of(header: str) -> str:
    """The retailer whose part numbers a column or supplier name means, or ''."""
    return next((name for name, pattern in _RETAILER if pattern.fullmatch(header.strip())), "")


def column_of(header: str) -> str:
    """The meaning of one header cell: a name of _ALIASES, `supplier:NAME`, or ''."""
    text = re.sub(r"\s+", " ", header.replace("_", " ").replace("\n", " ")).strip(" :*")
    if not text or len(text) > 60:
        return ""
    if shop := retailer_of(text):
        return f"supplier:{shop}"
    for candidate in (text, header.strip()):
        for name, pattern in _COMPILED:
            if pattern.fullmatch(candidate):
                return name
    return ""


def find_header(rows: Sequence[Sequence[str]]) -> tuple[int, dict[int, str]] | None:
    """(row number, column number -> meaning) of the row that has the most known headings; None if none has two."""
    best: tuple[int, dict[int, str]] | None = None
    for number, row in enumerate(rows[:_HEADER_ROWS]):
        known: dict[int, str] = {}
        for index, cell in enumerate(row):
            name = column_of(cell)
            if name and (name not in known.values()):
                known[index] = name
        if len(known) >= 2 and (best is None or len(known) > len(best[1])):
            best = (number, known)
    return best


def decode(raw: bytes) -> str:
    """Text of a table in the encodings that spreadsheets write."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start > len(raw) - 4:  # cut in the middle of a letter
            return raw[: error.start].decode("utf-8-sig")
        return raw.decode("cp1252", errors="replace")


def split_rows(raw: bytes, limit: int = ROWS_MAX) -> list[list[str]]:
    """Rows of a CSV or TSV; the delimiter is the one that splits the first lines most evenly."""
    text = decode(raw).replace("\0", "")
    lines = text.splitlines()[:40]
    best, delimiter = -1.0, ","
    for candidate in (",", ";", "\t", "|"):
        header = find_header(list(csv.reader(lines, delimiter=candidate)))
        score = len(header[1]) if header else 0
        even = sum(line.count(candidate) for line in lines) / 1000
        if score + min(even, 0.9) > best:
            best, delimiter = score + min(even, 0.9), candidate
    csv.field_size_limit(1_000_000)
    rows = []
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
        rows.append([cell.strip()[:CELL_CHARS] for cell in row[:200]])
        if len(rows) >= limit:
            break
    return rows
