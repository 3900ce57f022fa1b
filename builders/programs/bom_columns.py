"""What the columns of a bill of materials mean, whatever people call them.

Source: manifests.md, '1-click-BOM column aliases', widened by those of mechanical bills.
"""

from __future__ import annotations

import csv
import functools
import io
import re
from collections.abc import Sequence

_MAKERS = re.compile(
    r"mpn|manuf|m/?f[rg]|model", re.IGNORECASE
)  # a maker's number, though DIN125 looks like a designator
_DESIGNATORS = re.compile(r"(?:[A-Za-z]{1,4}\d{1,4}(?:\s*[-–]\s*[A-Za-z]{0,4}\d{1,4})?[\s,;]*)+")
ROWS_MAX = 20_000
CELL_CHARS = 2_000
_HEADER_ROWS = 60

# Tried in order: the first pattern that fits the whole header names the column.
_ALIASES: tuple[tuple[str, str], ...] = (
    ("dnp", r"dnp|dnf|dns|dni|do not (?:fit|stuff|place|populate|install|mount)|not (?:fitted|populated|mounted|assembled)"),
    ("fitted", r"fitted|fit|stuff(?:ed)?|populated?|assembl(?:e|y|ed)|mount(?:ed)?|install(?:ed)?|placed?"),
    ("excluded", r"exclude(?:d)? from (?:bom|bill of materials)"),
    ("reference", r"ref(?:s|erences?|des)?\.?|reference\(?s?\)? ?designators?|designators?|(?:customer|cust\.?) ref(?:erence)?s?|line[- ]notes?|ref\.? ?des\.?|(?:part|component|comp\.?|schematic|sch\.?|pcb|board) ref(?:erence|s|des)?s?\.?|ref\.? ?(?:designators?|ids?)|desig\.?|components?/s|referencias?|designatore|oznaczenie|(?:поз\.? ?)?обозначение|referenz(?:en)?|bezugszeichen|bezeichner|ref designator|identifiers?|rep[èe]res?|位号|部品番号"),
    ("quantity", r"q(?:n)?tys?\.?|qnty\.?|quantit(?:y|ies)|quant\.?|co?u?nt|menge|anzahl|st(?:ü|ue)ck(?:zahl)?|amount|#|pcs\.?|pieces|number|qnt\.?|anz\.?|stk\.?|amt\.?|nos|antall|cantidades|uds\.?|unidades|用量|員数|# per unit|qt[ée]\.?|quantit[ée]s?|nombre|cantidad|cant\.?|quantit[àa]|q\.?t[àa]\.?|quantidade|qtde?\.?|aantal|hoeveelheid|ilość|szt\.?|množství|počet|antal|adet|miktar|кол(?:ичеств|-в)о|кол\.?|кількість|數量|数量|数量\(pcs\)|개수|수량"),
    # Further columns that count: of these the best is taken where none is called so plainly.
    ("quantity", r"(?:q(?:n)?tys?\.?|quantit(?:y|ies)|number|no\.?|amount|pieces|pcs|count) ?[-/(,:]? ?(?:per|/|for|in|of|needed|required|req'?d?\.?|used|total|each|to (?:buy|order|make|print|cut)|1|one|a)\b.{0,30}|(?:total|required|needed|build|overall) (?:q(?:n)?tys?\.?|quantit(?:y|ies)|number|amount|count|pieces|pcs)|order(?:ed)? (?:q(?:n)?tys?\.?|quantit(?:y|ies)|amount|count|pieces|pcs)|instances|how many\??|required|needed|units|gesamt(?:menge|anzahl)|benötigt"),
    ("unit", r"units? of measure(?:ment)?|uom|u/m|unit|einheit|unité|unidad|unidade|unità|eenheid|jednostka|jedn\.?|ед\.? ?изм\.?|单位"),
    ("manufacturer", r"(?:m/?f(?:g|r)?|man(?:u?f)?\.?|manuf(?:acturer)?\.?|mfr|mfg|maker|hersteller|brand|fabri[ck]ante?|produttore|producent|производитель|メーカー|厂家|厂商|制造商)s?(?: ?name)? ?1?"),
    ("mpn", r"(?:mpn|p/?n|part numbers?|part no\.?|m/?f(?:g|r)?\.? ?(?:parts?|p/n|pn|#|no\.?)[ _.]*(?:numbers?|no\.?|#)?|manuf(?:acturer)?\.? ?(?:parts?|p/n|pn|#)[ _]*(?:numbers?|no\.?|#)?|mfpn|mfg?[ _.]*part[ _.]*(?:no|number|num|#)?|mfr[ _.]*part[ _.]*(?:no|number|#)?|manufacturer?[ _']*s?[ _]part[ _](?:number|no)|component|teilenummer|part ?(?:#|num\.?|numbers?|nr\.?|code)|man(?:u?f)?\.? ?part ?(?:no\.?|numbers?|#)|man(?:u?f)?\.?#|mfn|oem ?pn|hersteller-?(?:teile)?-?(?:nr\.?|nummer)|manuf(?:acturer)?\.? (?:ref(?:erence)?|number|no)\.?|r[ée]f[ée]rence fabricant|model (?:number|no\.?|#)|part numbers? ?\(mpn\)|mpn ?/ ?part numbers?|型号|型番|品番|型式|厂家型号) ?1?"),
    ("mass", r"(?:mass|weight|gewicht)(?:[ _\[(]*k?g[\])]*)?"),
    ("kind", r"kind|type|category|class|group|(?:component|part) type"),
    ("material", r"materials?|werkstoff"),
    ("process", r"process(?:es)?|manufacturing process|made by|production|fertigung"),
    ("finish", r"finish|surface|coating"),
    ("supplier", r"(?:suppliers?|vendors?|retailers?|distributors?|source supplier|lieferant|shop|fournisseur|proveedor|fornitore|fornecedor)(?: ?name)? ?1?"),
    ("supplier_part", r"(?:sku|supplier[ _]?(?:part)?[ _]?(?:number|no\.?|#|pn)?|supplier parts?|vendor[ _]?(?:part|pn|p/n|#)[ _]?(?:number|no\.?)?|order(?:ing)? (?:code|number|no\.?)|retailer part number|part no\. supplier|bestell(?:nummer|-?nr\.?)|artikel(?:nummer|-?nr\.?)|stock code|product code|distributor[ _]?(?:part)?[ _]?(?:numbers?|no\.?|#|pn|code)|cat(?:alog(?:ue)?)?\.? ?(?:numbers?|no\.?|#)|stock ?(?:numbers?|no\.?|#)|supplier and ref|jlcpcb part #?|lcsc part #?) ?1?"),
    ("source", r"source|file|drawing|model|cad file"),
    ("licence", r"licen[cs]e"),
    ("footprint", r"footprints?|package|case|pcb footprint|footprint ?name|(?:case|package|footprint) ?/ ?(?:case|package|footprint)|obudowa|корпус|size|geh(?:ä|ae)use|bauform|bo[îi]tier|encapsulado|封装"),
    ("value", r"values?|wert|comments?|val|display value|designation|valeur|valore?|wartość|commento|номинал|(?:part|component) value|value ?/ ?name|值|规格型号|规格"),
    ("description", r"omschrijving|nazwa|popis|název|наименование|описание|beskrivelse|beskrivning|benämning|desc(?:r|rip|ription)?s?\.?|opis|опис|説明|器件名称|元件名称|names?|bezeichnung|titles?|items? ?(?:name|description)|what|details|article|artikel|benennung|cmnts?|d[ée]signation|descri[pçz]\w+|beschreibung|plain name|(?:part|component) description|名称|品名|描述"),
    ("part", r"piezas?|peças?|pezz[io]|onderdeel|część|деталь|parts?|part[ _]?name|component name|hardware|componente|komponente|元件|器件|element|bauteile?|teil|pi[èe]ces?|components?"),
    ("item", r"items?|id|device"),
    ("notes", r"notes?|remarks?|comment ?2|bemerkung(?:en)?|anmerkung(?:en)?|notas?|note|remarques?|备注|備考|your instructions ?/ ?notes|instructions"),
)  # fmt: skip
_PLAIN_COUNT = re.compile(
    r"(?!#|number$)(?:q\S*|qty\.?|quantit\S*|quant\.?|co?u?nt|menge|anzahl|st(?:ü|ue)ck\S*|amount|pcs|pieces|[^\x00-\x7f]+"
    r"|nombre|cantidad|cant\.?|aantal|antal|adet|miktar|hoeveelheid|ilość|szt\.?|množství|počet|кол\S*)\W*"
)
_NO_COUNT = 100
_WAYS_TO_COUNT = tuple(
    re.compile(pattern)
    for pattern in (
        r".*\b(?:per|for) (?:\w+ )?(?:unit|device|board|pcb|machine|product|kit)\b.*|.*/ ?(?:unit|board|pcb)",
        r".*\bper\b.*",
        r".*\b(?:needed|required|used|many).*|benötigt|instances",
        r".*",
    )
)
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
    ("Adafruit", r"adafruit"),
    ("SparkFun", r"spark ?fun"),
    ("Pololu", r"pololu"),
    ("Conrad", r"conrad"),
    ("Pollin", r"pollin"),
)
_RETAILER = tuple(
    (name, re.compile(rf"(?:{pattern})(?:[ _.]*(?:parts?|p/?n|sku|#|no\.?|number|code|order code|pn|part ?(?:no\.?|number|#)))*", re.IGNORECASE))
    for name, pattern in _RETAILERS
)  # fmt: skip


# `Reference(s)`, `JLCPCB Part #（optional）`: says nothing of what stands in the column.
_ASIDE = re.compile(r"\s*\((?:s|optional|mandatory|required|recommended|pcs|stk|ea|each)\)", re.IGNORECASE)
_FILE = re.compile(
    r".*\.(?:stl|step|stp|3mf|f3d|scad|fcstd|dxf|svg|sldprt|sldasm|iges|igs|pdf|kicad_\w+|py)\W*", re.IGNORECASE
)


def retailer_of(header: str) -> str:
    """The retailer whose part numbers a column or supplier name means, or ''."""
    return next((name for name, pattern in _RETAILER if pattern.fullmatch(header.strip())), "")


@functools.cache
def column_of(header: str) -> str:
    """The meaning of one header cell: a name of _ALIASES, `supplier:NAME`, or ''."""
    header = _ASIDE.sub("", header.replace("（", "(").replace("）", ")")) or header
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
    if any(
        re.fullmatch(r"(?:no\.? of |# of |number of )?(?:sub-?)?assemblies", cell.strip(), re.IGNORECASE)
        for cell in row
    ):
        # What an assembly takes is not what the whole does.
        total = [
            index
            for index, cell in enumerate(row)
            if re.fullmatch(r"(?:total|overall)(?! *(?:price|cost)).*", cell, re.I)
        ]
        if total:
            found = {index: name for index, name in found.items() if name != "quantity"} | {total[0]: "quantity"}
            counts = total[:1]
    weak = [index for index in counts if _weakness(row[index], below, index) > 0]
    best = min(counts, key=lambda index: _weakness(row[index], below, index), default=None)
    for index in counts:
        if index != best and (index in weak or best in weak):
            del found[index]
    if best is not None and _weakness(row[best], below, best) >= _NO_COUNT:
        del found[best]
    for index in [index for index, name in found.items() if name == "mpn"]:
        # 'Component' is a maker's number in one table and 'Servo motor' in the next.
        cells = [line[index] for line in below if index < len(line) and line[index]]
        plain = [cell for cell in cells if re.fullmatch(r"\S*\d\S*", cell)]
        if re.fullmatch(r"components?", row[index].strip(), re.IGNORECASE) and 2 * len(plain) < len(cells):
            found[index] = "part"
    _settle(row, found, below)
    if "reference" not in found.values():
        # Eagle lists designators as 'Part' or 'Parts', others as 'Item' or 'Component'.
        for index, name in found.items():
            if name in ("part", "item", "mpn", "description") and not _MAKERS.search(row[index]):
                cells = [line[index] for line in below if index < len(line) and line[index]]
                screws = all(re.fullmatch(r"M\d+", cell) for cell in cells)  # M3 is no motor there
                if (
                    cells
                    and not screws
                    and sum(bool(_DESIGNATORS.fullmatch(cell)) for cell in cells) > 0.8 * len(cells)
                ):
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


def _settle(row: Sequence[str], found: dict[int, str], below: Sequence[Sequence[str]]) -> None:
    """Headings that are one thing in one table and another in the next: what stands below decides."""
    for index, cell in enumerate(row):
        said = cell.strip().casefold()
        cells = [line[index] for line in below if index < len(line) and line[index]]
        if said == "nombre" and index not in found:
            found[index] = "description"  # a number in French, a name in Spanish
        elif found.get(index) == "source" and said in ("source", "model") and cells:
            files = sum(bool(_FILE.fullmatch(text)) or "/" in text for text in cells)
            if 2 * files < len(cells):
                found[index] = "supplier" if said == "source" else "mpn"
        elif found.get(index) == "mpn" and cells and all(re.fullmatch(r"\d{1,3}", text) for text in cells):
            del found[index]  # a row's own number


def _weakness(heading: str, below: Sequence[Sequence[str]], index: int) -> int:
    """How little a heading says that its column counts pieces per unit: 0 is plain, from _NO_COUNT on it does not."""
    text = heading.strip().casefold()
    cells = [line[index] for line in below if index < len(line) and line[index]]
    if text == "nombre" and not any(cell[:1].isdigit() for cell in cells):
        return _NO_COUNT  # a name in Spanish, a number in French
    if _PLAIN_COUNT.fullmatch(text):
        return 0
    if cells and 2 * sum(bool(re.match(r"[~xX≈]?\s*[\d½¼¾]", cell)) for cell in cells) < len(cells):
        return _NO_COUNT
    place = next(number for number, way in enumerate(_WAYS_TO_COUNT, 1) if way.fullmatch(text))
    if text not in ("#", "number"):
        return 8 if re.search(r"order|buy|build", text) else place
    # A row's own number counts nothing.
    return _NO_COUNT if len(cells) > 2 and cells == [str(number) for number in range(1, len(cells) + 1)] else 9


# What spreadsheets write where it is not UTF: Western Europe, China, Japan, Cyrillic, Central Europe.
_OLD_ENCODINGS = ("cp1252", "gb18030", "shift_jis", "cp1251", "cp1250")


def decode(raw: bytes) -> str:
    """Text of a table in the encodings that spreadsheets write: of the old ones that whose headings are known."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start > len(raw) - 4:  # cut in the middle of a letter
            return raw[: error.start].decode("utf-8-sig")
    best, text = 0, raw.decode("cp1252", errors="replace")
    head = b"\n".join(raw.splitlines()[:_HEADER_ROWS])
    for name in _OLD_ENCODINGS:
        cells = re.split(r"[,;\t|\n]", head.decode(name, errors="replace"))
        known = sum(bool(column_of(cell.strip(' "\r'))) for cell in cells[:2000])
        if known > best:
            best, text = known, raw.decode(name, errors="replace")
    return text


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
