"""Tables of parts as people write them: columns, encodings, spreadsheets, preambles; hostile ones refused."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import git_support
import openpyxl
import pytest
from build_support import tree_of
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import CoveredTableCell, Table, TableCell, TableRow
from odf.text import P
from sqlmodel import select

from builders.bom_table import BUILDER
from builders.programs import bom_table
from builders.programs.bom_columns import column_of, find_header, split_rows
from builders.programs.bom_table import designators, quantity
from registry.builds import engine
from registry.builds.tables import Artifact
from registry.stores import sandbox
from registry.stores.stores import Stores


def lines_of(raw: bytes) -> list[dict[str, Any]]:
    rows = split_rows(raw)
    header = find_header(rows)
    assert header, rows[:3]
    return bom_table.lines_of(rows, *header)


def test_a_makers_number_is_no_designator() -> None:
    washer, pin = lines_of(b"Qty,Description,MPN\n2,Washer M4,DIN125\n1,Pin 4 mm,DIN7\n")
    assert (washer["mpn"], washer.get("references")) == ("DIN125", []) and pin["mpn"] == "DIN7"


@pytest.mark.parametrize(
    ("header", "meaning"),
    [
        ("Reference", "reference"), ("Ref", "reference"), ("Designator", "reference"), ("References", "reference"),
        ("Qty", "quantity"), ("Count", "quantity"), ("Menge", "quantity"), ("Qnty", "quantity"), ("Anzahl", "quantity"),
        ("MPN", "mpn"), ("Mfg_Part_No", "mpn"), ("Manufacturer Part Number", "mpn"), ("Part Number", "mpn"),
        ("Manufacturer", "manufacturer"), ("MFR", "manufacturer"), ("Digikey PN", "supplier:Digi-Key"),
        ("Reichelt.de", "supplier:Reichelt"), ("LCSC", "supplier:LCSC"), ("JLCPCB Part #", "supplier:LCSC"),
        ("Farnell", "supplier:Farnell"), ("Mouser", "supplier:Mouser"), ("DNP", "dnp"), ("Do Not Populate", "dnp"),
        ("Value", "value"), ("Comment", "value"), ("Footprint", "footprint"), ("Package", "footprint"),
        ("Description", "description"), ("Material", "material"), ("Process", "process"), ("Licence", "licence"),
        ("SKU", "supplier_part"), ("Supplier", "supplier"), ("Exclude from BOM", "excluded"), ("Datasheet", ""), ("", ""),  # noqa: E501
        ("x" * 100, ""),
    ],
)  # fmt: skip
def test_columns_by_whatever_name(header: str, meaning: str) -> None:
    assert column_of(header) == meaning
    assert column_of(f" {header.upper()} ") == meaning


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("R1-R4", ["R1", "R2", "R3", "R4"]), ("R1-4", ["R1", "R2", "R3", "R4"]), ("R1..R3", ["R1", "R2", "R3"]),
        ("R1–R3, C7", ["R1", "R2", "R3", "C7"]), ("R1 R2;R3,R1", ["R1", "R2", "R3"]), ("", []), ("USB", ["USB"]),
        ("C1, C4,\nC5", ["C1", "C4", "C5"]),
    ],
)  # fmt: skip
def test_designators(text: str, names: list[str]) -> None:
    assert designators(text) == names


def test_a_range_without_end_stays_small() -> None:
    assert len(designators("R1-R99999999")) <= 502


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("4", 4),
        ("4 pcs", 4),
        ("2,5", 2.5),
        ("2.5 m", 2.5),
        ("x3", 3),
        ("", None),
        ("some", None),
        ("0,125", 0.125),
        ("1,250", 1250),
        ("1.250,5", 1250.5),
        ("1 1/2", 1.5),
        ("9" * 2_000 + "/1", float("9" * 100)),
    ],
)
def test_quantities(text: str, number: float | None) -> None:
    assert quantity(text) == number


def test_german_tables_with_semicolons_commas_and_old_encodings() -> None:
    text = "Bezeichnung;Menge;Werkstoff;Gewicht (kg)\nGrundplatte für Presse;2,5;Stahl;1,2\nÜberwurfmutter;4;;\n"
    for raw in (text.encode("cp1252"), text.encode(), text.encode("utf-8-sig"), text.encode("utf-16")):
        first, second = lines_of(raw)
        assert (first["description"], first["quantity"], first["material"]) == ("Grundplatte für Presse", 2.5, "Stahl")
        assert second["description"] == "Überwurfmutter" and second["quantity"] == 4


@pytest.mark.parametrize("raw", [b"", b"\n\n", b"a,b\n1,2\n", b"just words\n", b"\x00\x01\x02\xff" * 50, b'"' * 1000])
def test_what_has_no_header_is_no_table(raw: bytes) -> None:
    assert find_header(split_rows(raw)) is None


def test_marks_of_parts_that_are_not_fitted() -> None:
    raw = b"Ref,Qty,Value,DNP\nR1,1,10k,\nR2,1,10k,DNP\nR3,1,10k,0\nR4,0,10k,\nR5,1,10k,x\n"
    assert [line["dnp"] for line in lines_of(raw)] == [False, True, False, True, True]
    raw = b"Ref,Qty,Value,Fitted\nR1,1,10k,yes\nR2,1,10k,no\n"
    assert [line["dnp"] for line in lines_of(raw)] == [False, True]


def test_headings_between_the_rows_count_nothing() -> None:
    raw = b"Description,Qty\nFrame,\nSteel plate,2\n,\nHydraulics,\nCylinder,1\n"
    assert [(line["description"], line["quantity"]) for line in lines_of(raw)] == [("Steel plate", 2), ("Cylinder", 1)]


def xlsx(rows: list[list[object]], *, second: list[list[object]] | None = None) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    if second:
        other = book.create_sheet("Parts")
        for row in second:
            other.append(row)
    raw = io.BytesIO()
    book.save(raw)
    return raw.getvalue()


def ods() -> bytes:
    """Rows as LibreOffice writes them: equal rows and cells once with a count, merged cells with covered ones."""
    document = OpenDocumentSpreadsheet()
    table = Table(name="BOM")

    def cell(text: str, **kept: object) -> TableCell:
        made = TableCell(valuetype="string", **kept)
        made.addElement(P(text=text))
        return made

    def row(*cells: object, **kept: object) -> None:
        made = TableRow(**kept)
        for one in cells:
            made.addElement(one)
        table.addElement(made)

    row(cell("Brick press", numbercolumnsspanned=3), CoveredTableCell(), CoveredTableCell())
    row(cell("Description"), cell("Material"), cell("Qty"))
    row(cell("Plate", numbercolumnsspanned=2), CoveredTableCell(), cell("2"))
    row(cell("steel", numbercolumnsrepeated=2), cell("1"))
    row(cell("Bolt M8"), TableCell(), cell("4"), numberrowsrepeated=2)
    row(TableCell(numbercolumnsrepeated=1024), numberrowsrepeated=1048570)
    document.spreadsheet.addElement(table)
    raw = io.BytesIO()
    document.save(raw)
    return raw.getvalue()


def zipped(**members: bytes) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return raw.getvalue()


def with_doctype(raw: bytes, encoding: str) -> bytes:
    """The same workbook whose first sheet declares entities, far from its beginning."""
    out = io.BytesIO()
    entities = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    with zipfile.ZipFile(io.BytesIO(raw)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name.endswith("sheet1.xml"):
                body = content.decode().split("?>", 1)[-1]
                head = f'<?xml version="1.0" encoding="{encoding}"?><!--{"x" * 5000}-->'
                content = (head + entities + body).encode(encoding)
            target.writestr(name, content)
    return out.getvalue()


HEADER: list[object] = ["Reference", "Qty", "MPN", "Manufacturer"]
BOOKS = {
    "bom.xlsx": xlsx([["A board", 2025.5], [], HEADER, ["R1-R3", 3, 12345678, "Maker"], ["C1", 1, 1234567.5, ""]]),
    "second-bom.xlsx": xlsx([["Notes"], ["nothing"]], second=[HEADER, ["U1", 1, "X-1", "Maker"]]),
    "bom.ods": ods(),
    "empty-bom.xlsx": xlsx([["words", "only"]]),
    "broken-bom.xlsx": b"PK\x03\x04 not a workbook",
    "bomb-bom.xlsx": zipped(xl__sheet_xml=bytes(300 * 1024 * 1024)),
    "many-bom.xlsx": zipped(**{f"m{n}_xml": b"<a/>" for n in range(2100)}),
    "doctype-bom.xlsx": with_doctype(xlsx([HEADER, ["R1", 1, "X", "Y"]]), "utf-8"),
    "wide-doctype-bom.xlsx": with_doctype(xlsx([HEADER, ["R1", 1, "X", "Y"]]), "utf-16"),
    "doctype-bom.ods": zipped(content_xml=b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'),
}


@pytest.mark.skipif(bool(sandbox.why_not()), reason="bubblewrap does not work on this machine")
def test_spreadsheets_in_the_sandbox(sqlite_stores: Stores, tmp_path: Path) -> None:
    """Rows 20 and 24: bombs and entities are refused with a sentence; good ones read."""
    stores = sqlite_stores
    repo = git_support.make_repo(tmp_path / "r", dict(BOOKS))
    ended: dict[str, engine.Ended] = {}
    with tree_of(repo, stores) as tree:
        targets = BUILDER.detect(tree)
        assert {target.source for target in targets} == set(BOOKS)
        for target in targets:
            ended[target.source] = engine.build_target(
                stores, BUILDER, target, tree, None, force=False, on_step=lambda name, state, seconds: None
            )

    def lines(name: str) -> list[dict[str, Any]]:
        assert ended[name].state == "done", ended[name].message
        with stores.db.reading() as session:
            artifact = session.exec(select(Artifact).where(Artifact.result_key == ended[name].key)).one()
        return json.loads(stores.blobs.read(artifact.digest))

    first, second = lines("bom.xlsx")
    assert first["references"] == ["R1", "R2", "R3"] and first["mpn"] == "12345678" and first["row"] == 4
    assert second["mpn"] == "1234567.5", "no digit of a number is lost"
    assert [line["mpn"] for line in lines("second-bom.xlsx")] == ["X-1"]
    assert [(line["description"], line["material"], line["quantity"]) for line in lines("bom.ods")] == [
        ("Plate", "", 2), ("steel", "steel", 1), ("Bolt M8", "", 4), ("Bolt M8", "", 4),
    ]  # fmt: skip
    for name, sentence in {
        "empty-bom.xlsx": "No row of it looks like a header.",
        "broken-bom.xlsx": "It is damaged",
        "bomb-bom.xlsx": "Unpacked, it is larger than a table may be.",
        "many-bom.xlsx": "Unpacked, it is larger than a table may be.",
        "doctype-bom.xlsx": "It holds a document type declaration",
        "wide-doctype-bom.xlsx": "It holds a document type declaration",
        "doctype-bom.ods": "It holds a document type declaration",
    }.items():
        assert ended[name].state == "failed" and sentence in ended[name].message, (name, ended[name].message)
        assert name in ended[name].message and ended[name].remedy == "Save it as CSV with a header row."


def test_tables_of_the_real_designs(corpus: Path, sqlite_stores: Stores) -> None:
    found = {}
    for name in ("LOGuvnor", "teensy-3.2-clone.kicad", "wavephoenix-plus", "rotary-encoder-protection", "nrfmicro"):
        with tree_of(corpus / name, sqlite_stores) as tree:
            for target in BUILDER.detect(tree):
                found[target.source] = lines_of(tree.read(target.source, 8_000_000))
    assert set(found) == {
        "hardware/pcba/bom/LOGuvnor-BOM.csv", "T32_ref_BOM.csv", "hardware/gerbers/BOM-wp-plus.csv", "BOM.csv",
    }, "positions are no bill of materials"  # fmt: skip
    teensy = found["T32_ref_BOM.csv"]
    assert len(teensy) == 17 and sum(line["quantity"] for line in teensy) == sum(
        len(line["references"]) for line in teensy
    )
    assert teensy[0]["mpn"] == "GRM188R71C104KA01D" and teensy[0]["quantity"] == 7
    assert next(line for line in teensy if line["references"] == ["P1"])["value"] == ""
    wave = found["hardware/gerbers/BOM-wp-plus.csv"]
    assert len(wave) == 9 and sum(len(line["references"]) for line in wave) == 12
    assert {line["suppliers"]["LCSC"] for line in wave} >= {"C140277", "C1525", "C15525"}
    rotary = found["BOM.csv"]
    assert len(rotary) == 9 and rotary[3]["references"] == ["D2", "D3", "D4"]
    assert rotary[0]["suppliers"] == {"Reichelt": "X7R-G0805 100N"}
    logu = found["hardware/pcba/bom/LOGuvnor-BOM.csv"]
    a1 = next(line for line in logu if line["references"] == ["A1"])
    assert a1["value"] == "Arduino_Nano_v3.x" and a1["quantity"] == 1
    c1 = next(line for line in logu if line["references"] == ["C1"])
    assert (c1["mpn"], c1["suppliers"], c1["dnp"]) == ("GRM188R6YA106MA73D", {"Digi-Key": "490-13248-1-ND"}, False)
    assert len({reference for line in logu for reference in line["references"]}) == 57, "as its preamble counts"
    assert len(logu) == 57, "the collated list below the individual parts is not counted again"
    assert sum(not line["dnp"] for line in logu) == 51, "its 20 collated lines count so many fitted ones"
