"""Runs in the sandbox: reads a table of parts into lines.json."""

from __future__ import annotations

import csv
import json
import re
import struct
import sys
import zipfile
from pathlib import Path
from typing import Any

from builders.programs.bom_columns import CELL_CHARS, ROWS_MAX, columns_of, find_header, retailer_of, split_rows
from builders.programs.bom_markdown import tables_of_parts

_UNPACKED_BYTES = 256 * 1024 * 1024
_RANGE = re.compile(r"([A-Za-z_]+)(\d+)\s*(?:-|–|\.\.|to)\s*\1?(\d+)")
_NUMBER = re.compile(r"(\d+(?:[.,]\d+)*)")
_FRACTION = re.compile(r"(\d+)?\s*(?:([½¼¾])|\b(\d+)\s*/\s*(\d+)\b)")
_QUANTITY_CHARS = 100  # more digits than that count nothing
_PARTS_OF_ONE = {"½": 0.5, "¼": 0.25, "¾": 0.75}
_TOTAL = re.compile(r"(?:sub|grand)?[- ]?totals?\b.*|sum(?:me)?\b.*|gesamt\w*|somme|总计|合计", re.IGNORECASE)
# What a list adds up or pays for, and nobody lays on the bench.
_NO_PART = re.compile(
    r"total\b.{0,30}\bcount|(?:.{0,40}\W)?(?:shipping|postage|versand(?:kosten)?|sales tax|vat|import duty)"
    r"(?: costs?| fees?)?",
    re.IGNORECASE,
)
# '~2 m', '30cm', '2 pairs', '3-4', 'as needed': what is counted is not pieces, or not exactly, as only the words tell.
_PIECES = re.compile(
    r"\s*[x×]?\s*\d+(?:\.0*)?\s*(?:[x×*]|off|nos?\.?|pcs?\.?|pieces?|pz|ea(?:ch)?\.?|units?|st(?:k|ck|ück)?\.?|szt\.?|шт\.?"
    r"|(?:in )?total|个|個|\(.*\))?\s*",
    re.IGNORECASE,
)
_DNP = re.compile(r"\b(?:dnp|dnf|do not (?:fit|stuff|place|populate)|not (?:fitted|populated))\b", re.IGNORECASE)
_YES = re.compile(r"1|x|yes|y|true|dnp|dnf|dns|do not (?:fit|stuff|place|populate)|excluded.*", re.IGNORECASE)
_NO = re.compile(r"0|no|n|false|-", re.IGNORECASE)


def fail(sentence: str) -> None:
    """End the program with a sentence for the designer."""
    print(f"table: {sentence}")
    sys.exit(1)


def check_zip(path: Path) -> None:
    """XLSX and ODS are zips of XML: refuse bombs and document type declarations before a parser sees them."""
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
        if len(infos) > 2_000 or sum(info.file_size for info in infos) > _UNPACKED_BYTES:
            fail("Unpacked, it is larger than a table may be.")
        for info in infos:
            if info.filename.endswith((".xml", ".rels")):
                with archive.open(info) as part:
                    if b"<!DOCTYPE" in part.read(_UNPACKED_BYTES).replace(
                        b"\0", b""
                    ):  # UTF-16 has a NUL in every letter
                        fail("It holds a document type declaration, which no spreadsheet needs.")


def xlsx_rows(path: Path) -> list[list[str]]:
    """Rows of the best sheet of an XLSX file."""
    import openpyxl

    check_zip(path)
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    return best_sheet(
        [[cells(row) for row in sheet.iter_rows(values_only=True, max_row=ROWS_MAX, max_col=200)] for sheet in book]
    )


def cells(row: tuple[Any, ...]) -> list[str]:
    """A row's cells as text; numbers with twelve digits at most."""
    return [
        "" if cell is None else f"{cell:.12g}" if isinstance(cell, float) else str(cell).strip()[:CELL_CHARS]
        for cell in row
    ]


def xls_rows(path: Path) -> list[list[str]]:
    """Rows of the best sheet of an XLS file, as Excel wrote them until 2003."""
    try:
        import xlrd
    except ModuleNotFoundError:
        fail("The package xlrd, which reads this old form, is not installed here.")
    try:
        with xlrd.open_workbook(path, on_demand=True) as book:
            return best_sheet(
                [
                    [cells(tuple(sheet.row_values(row, 0, 200))) for row in range(min(sheet.nrows, ROWS_MAX))]
                    for sheet in book.sheets()
                ]
            )
    except (xlrd.XLRDError, xlrd.compdoc.CompDocError, struct.error, IndexError, AssertionError) as error:
        if isinstance(error, xlrd.XLRDError) and "encrypted" in str(error):
            fail("It is locked with a password.")
        raise ValueError("damaged") from error


def markdown_lines(raw: bytes, stem: str) -> list[dict[str, Any]]:
    """Every line of every table of parts in a Markdown text. Rows are numbered through all of its tables."""
    found: list[dict[str, Any]] = []
    before = 0
    for table in tables_of_parts(raw, stem):
        header = find_header(table.rows[:1] + table.rows[1:30])
        if header is None:
            continue
        HEADER[:] = table.rows[0]
        for line in lines_of(table.rows, *header):
            found.append(line | {"row": before + line["row"], "kind": line["kind"] or table.kind})
        before += len(table.rows)
    return found


def ods_rows(path: Path) -> list[list[str]]:
    """Rows of the best sheet of an ODS file."""
    from odf import opendocument, teletype
    from odf.namespaces import TABLENS
    from odf.table import Table, TableRow

    check_zip(path)
    plain, covered = (TABLENS, "table-cell"), (TABLENS, "covered-table-cell")  # a merged cell covers those after it
    sheets = []
    for table in opendocument.load(path).getElementsByType(Table):
        rows = []
        for row in table.getElementsByType(TableRow)[:ROWS_MAX]:
            line: list[str] = []
            for cell in row.childNodes:
                if getattr(cell, "qname", None) not in (plain, covered):
                    continue
                again = min(int(cell.getAttribute("numbercolumnsrepeated") or 1), 200 - len(line))
                line += [teletype.extractText(cell).strip()[:CELL_CHARS]] * max(again, 0)
            while line and not line[-1]:
                line.pop()
            times = min(int(row.getAttribute("numberrowsrepeated") or 1), ROWS_MAX) if line else 1
            rows += [line] * times
            if len(rows) > ROWS_MAX:
                break
        sheets.append(rows)
    return best_sheet(sheets)


def best_sheet(sheets: list[list[list[str]]]) -> list[list[str]]:
    """The sheet whose header says most."""

    def score(rows: list[list[str]]) -> int:
        header = find_header(rows)
        return len(header[1]) if header else 0

    return max(sheets, key=score, default=[])


def designators(text: str) -> list[str]:
    """`R1-R3, C7, D1/D2` -> R1 R2 R3 C7 D1 D2."""
    spread = _RANGE.sub(
        lambda m: " ".join(f"{m[1]}{n}" for n in range(int(m[2]), min(int(m[3]), int(m[2]) + 500) + 1)) or m[0], text
    )
    spread = re.sub(r"(?<=\d)\s*[/&+|]\s*(?=[A-Za-z]+\d)", " ", spread)
    return list(dict.fromkeys(word for word in re.split(r"[\s,;]+", spread) if word))


def quantity(text: str) -> float | None:
    """The first number in a cell; None if it holds none. `1,000` is a thousand, `1,5` is one and a half."""
    text = text[:_QUANTITY_CHARS]
    if part := _FRACTION.search(text):
        below = int(part[4] or 1)
        own = _PARTS_OF_ONE[part[2]] if part[2] else int(part[3]) / below if below else 0
        return own + int(part[1] or 0)
    found = _NUMBER.search(text)
    if not found:
        return None
    digits = found[1]
    if re.fullmatch(r"[1-9]\d{0,2}(?:,\d{3})+", digits) or len(re.findall(r"[.,]", digits)) > 1:
        whole, _, rest = digits.rpartition(",") if re.search(r"[.]\d+,\d+$", digits) else digits.rpartition(".")
        thousands = digits if "." not in digits or not whole else whole
        digits = re.sub(r"[.,]", "", thousands) + (f".{rest}" if thousands is whole else "")
    return float(digits.replace(",", "."))


def line_of(row: list[str], columns: dict[int, str], number: int) -> dict[str, Any] | None:
    """One line, or None for a row that names no part."""
    first = next((cell for cell in row if cell), "")
    if all(re.fullmatch(r"[-=:\s]*", cell) for cell in row):
        return None  # a rule
    if re.fullmatch(r"(?:sub|grand)?[- ]?totals?\W*", first, re.IGNORECASE):
        return None
    if _TOTAL.fullmatch(first) and sum(bool(cell) for cell in row) <= max(3, len(columns) // 2 + 1):
        return None
    named = {name: row[index] for index, name in columns.items() if index < len(row) and row[index] not in ("", "~")}
    references = designators(named.get("reference", ""))
    said = [named.get(name, "") for name in ("description", "value", "mpn", "part", "footprint")]
    if not any(said) and not any(character.isdigit() for name in references for character in name):
        return None  # nothing, or a heading between the rows
    if not references and any(_NO_PART.fullmatch(text) for text in said if text):
        return None
    unit = named.get("unit", "") if re.fullmatch(r"[^\W\d]+[.²2]?", named.get("unit", "")) else ""
    written = f"{named.get('quantity', '')} {unit}".strip() if named.get("quantity") else ""
    count = quantity(written)
    remark = ""
    if written and not _PIECES.fullmatch(written):
        remark = f"quantity as written: {written}"
    if count is None:
        count = float(len(references)) if references else 1.0
        if not references and not written:
            if "quantity" in columns.values() and len(named) < 2:
                return None  # a heading or remark between the rows: it counts nothing
            remark = "no quantity is written"
    named["notes"] = "; ".join(filter(None, (remark, named.get("notes", ""))))
    suppliers = {name.partition(":")[2]: value for name, value in named.items() if name.startswith("supplier:")}
    if named.get("supplier_part"):
        shop = named.get("supplier", "")
        suppliers.setdefault(retailer_of(shop) or shop or "supplier", named["supplier_part"])
    dnp = bool(_YES.fullmatch(named.get("dnp", "")) or _DNP.search(named.get("value", ""))) or bool(
        _NO.fullmatch(named.get("fitted", ""))
    )
    mass = quantity(named.get("mass", ""))
    if mass is not None and re.search(r"kg", columns_text(columns, "mass", row), re.IGNORECASE):
        mass *= 1000
    return {
        "row": number,
        "references": references,
        "quantity": count,
        "dnp": dnp or count == 0,
        "excluded": bool(_YES.fullmatch(named.get("excluded", ""))),
        "suppliers": suppliers,
        "supplier_name": named.get("supplier", ""),
        "mass_g": mass,
        **{
            name: named.get(name, "")
            for name in (
                "description", "value", "footprint", "manufacturer", "mpn", "kind", "material", "process", "finish",
                "notes", "part", "source", "licence",
            )
        },
    }  # fmt: skip


def lines_of(rows: list[list[str]], at: int, columns: dict[int, str]) -> list[dict[str, Any]]:
    """Every line below the header. Some tools list all parts one by one and then again collated, below a second header:
    what names only designators that were there before is the same parts told twice."""
    found = []
    seen: set[str] = set()
    for number, row in enumerate(rows[at + 1 :], at + 2):
        if (second := _second_header(row, rows[number : number + 20])) is not None:
            columns = second
            continue
        line = None if row == rows[at] else line_of(row, columns, number)
        if line is None or (line["references"] and seen.issuperset(line["references"])):
            continue
        seen.update(line["references"])
        found.append(line)
    return found


def _second_header(row: list[str], below: list[list[str]]) -> dict[int, str] | None:
    """The columns of a further table in the same file, if a row is its heading: electronics, then screws."""
    filled = [cell for cell in row if cell]
    if len(filled) < 2 or any(re.search(r"\d", cell) for cell in filled):
        return None
    known = columns_of(row, below)
    counted = set(known.values()) & {"quantity", "reference"}
    return known if counted and len(known) >= 2 and len(known) > 0.6 * len(filled) else None


def columns_text(columns: dict[int, str], name: str, row: list[str]) -> str:
    """The heading's and the cell's own words on a column, to find its unit."""
    index = next((index for index, meaning in columns.items() if meaning == name), None)
    return f"{HEADER[index]} {row[index]}" if index is not None and index < min(len(row), len(HEADER)) else ""


HEADER: list[str] = []


def main(path: Path, stem: str = "") -> None:
    """Read a table and write its lines as lines.json."""
    try:
        if path.suffix == ".md":
            write(markdown_lines(path.read_bytes(), stem))
            return
        if path.suffix == ".xlsx":
            rows = xlsx_rows(path)
        elif path.suffix == ".xls":
            rows = xls_rows(path)
        elif path.suffix == ".ods":
            rows = ods_rows(path)
        else:
            rows = split_rows(path.read_bytes())
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, csv.Error) as error:
        fail(f"It is damaged ({type(error).__name__}).")
    header = find_header(rows)
    if header is None:
        fail("No row of it looks like a header.")
        return
    HEADER[:] = rows[header[0]]
    write(lines_of(rows, *header))


def write(lines: list[dict[str, Any]]) -> None:
    """Hand the lines over."""
    Path("/out/lines.json").write_text(json.dumps(lines, indent=1, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "")
