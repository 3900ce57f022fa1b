"""What the columns of a bill of materials mean, whatever people call them.

Source: manifests.md, '1-click-BOM column aliases', widened by those of mechanical bills.
"""

from __future__ import annotations

import csv
import functools
import io
import re
from collections.abc import Sequence

_DESIGNATORS = re.compile(r"(?:[A-Za-z]{1,4}\d{1,4}(?:\s*[-–]\s*[A-Za-z]{0,4}\d{1,4})?[\s,;]*)+")
ROWS_MAX = 20_000
CELL_CHARS = 2_000
_HEADER_ROWS = 60

# Tried in order: the first pattern that fits the whole header names the column.
_ALIASES: tuple[tuple[str, str], ...] = (
    ("dnp", r"dnp|dnf|dns|do not (?:fit|stuff|place|populate)|not fitted|not populated"),
    ("fitted", r"fitted|fit|stuff(?:ed)?|populated?|assembl(?:e|y)"),
    ("excluded", r"exclude(?:d)? from (?:bom|bill of materials)"),
    ("reference", r"ref(?:s|erences?|des)?\.?|reference\(?s?\)? ?designators?|designators?|line[- ]notes?|ref\.? ?des\.?|bezeichner|ref designator|identifiers?|rep[èe]res?|位号|部品番号"),
    ("quantity", r"q(?:n)?tys?\.?|quantit(?:y|ies)|quant\.?|co?u?nt|menge|anzahl|st(?:ü|ue)ck(?:zahl)?|amount|#|pcs|qty ?/ ?unit|(?:qty|quantity) (?:per|/) ?(?:unit|board|pcb|device)|number|qt[ée]|quantit[ée]s?|nombre|cantidad|quantit[àa]|quantidade|aantal|數量|数量"),
    ("manufacturer", r"(?:m/?f(?:g|r)?|manuf(?:acturer)?\.?|mfr|mfg|maker|hersteller|brand|fabri[ck]ante?|produttore)s?(?: ?name)? ?1?"),
    ("mpn", r"(?:mpn|p/?n|part numbers?|part no\.?|m/?f(?:g|r)?\.? ?(?:parts?|p/n|pn|#|no\.?)[ _.]*(?:numbers?|no\.?|#)?|manuf(?:acturer)?\.? ?(?:parts?|p/n|pn|#)[ _]*(?:numbers?|no\.?|#)?|mfpn|mfg?[ _.]*part[ _.]*(?:no|number|num|#)?|mfr[ _.]*part[ _.]*(?:no|number|#)?|manufacturer[ _]part[ _](?:number|no)|component|teilenummer|型号|型番) ?1?"),
    ("mass", r"(?:mass|weight|gewicht)(?:[ _\[(]*k?g[\])]*)?"),
    ("kind", r"kind|type|category|class|group"),
    ("material", r"materials?|werkstoff"),
    ("process", r"process(?:es)?|manufacturing process|made by|production|fertigung"),
    ("finish", r"finish|surface|coating"),
    ("supplier", r"(?:suppliers?|vendors?|retailers?|distributors?|source supplier|lieferant|shop|fournisseur|proveedor|fornitore|fornecedor)(?: ?name)? ?1?"),
    ("supplier_part", r"(?:sku|supplier[ _]?(?:part)?[ _]?(?:number|no\.?|#|pn)?|supplier parts?|vendor[ _]?(?:part|pn|p/n|#)[ _]?(?:number|no\.?)?|order(?:ing)? (?:code|number|no\.?)|retailer part number|part no\. supplier|bestell(?:nummer|-?nr\.?)|artikel(?:nummer|-?nr\.?)|stock code|product code|supplier and ref|jlcpcb part #?|lcsc part #?) ?1?"),
    ("source", r"source|file|drawing|model|cad file"),
    ("licence", r"licen[cs]e"),
    ("footprint", r"footprints?|package|case|pcb footprint|size|geh(?:ä|ae)use|bauform|bo[îi]tier|encapsulado|封装"),
    ("value", r"values?|wert|comments?|val|display value|designation|valeur|valore?|规格"),
    ("description", r"desc(?:r|ription)?s?\.?|names?|bezeichnung|titles?|items? ?(?:name|description)|what|details|article|artikel|benennung|cmnts?|d[ée]signation|descri[pçz]\w+|beschreibung|plain name|(?:part|component) description|名称|品名|描述"),
    ("part", r"parts?|part[ _]?name|component name|element|bauteile?|teil|pi[èe]ces?|components?"),
    ("item", r"items?|id|device"),
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


@functools.cache
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
        known = columns_of(row, rows[number + 1 : number + 30])
        if len(known) >= 2 and (best is None or len(known) > len(best[1])):
            best = (number, known)
    return best


def columns_of(row: Sequence[str], below: Sequence[Sequence[str]]) -> dict[int, str]:
    """What the cells of a heading mean. Where a word may mean two things, what stands below it decides."""
    found = {index: name for index, cell in enumerate(row) if (name := column_of(cell))}
    # KiCad numbers its rows under '#': that is the quantity only where no other column is.
    counts = [index for index, name in found.items() if name == "quantity"]
    weak = [index for index in counts if re.fullmatch(r"#|number", row[index].strip(), re.IGNORECASE)]
    for index in weak if len(counts) > len(weak) else weak[1:]:
        del found[index]
    if "reference" not in found.values():
        # Eagle lists designators as 'Part' or 'Parts', others as 'Item' or 'Component'.
        for index, name in found.items():
            if name in ("part", "item", "mpn", "description"):
                cells = [line[index] for line in below if index < len(line) and line[index]]
                if cells and sum(bool(_DESIGNATORS.fullmatch(cell)) for cell in cells) > 0.8 * len(cells):
                    found[index] = "reference"
                    break
    said = set(found.values()) & {"description", "part", "value", "mpn"}
    for index in [index for index, name in found.items() if name == "item"]:
        cells = [line[index] for line in below if index < len(line) and line[index]]
        if said or not cells or all(re.fullmatch(r"[\d.]+", cell) for cell in cells):
            del found[index]
        else:
            found[index], said = "description", {"description"}
    known: dict[int, str] = {}
    for index, name in found.items():
        if name not in known.values():
            known[index] = name
    return known


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
