"""Row 36: text that a spreadsheet would take for a formula is made harmless on export."""

from __future__ import annotations

import csv
import io

import pytest

from registry.builds.bom.merge import BoardParts, TableLines, merge
from registry.builds.bom.vendors import bom_csv, jlcpcb_bom, one_click, pcbway_bom, safe_cell

ACTS = ["=cmd()", "=1+1", "+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("x")',
        "-A1", "+A1", "＝1+1", "－A1", "=-12", "-", "--1"]  # fmt: skip
FINE = ["10k", "-12 V", "+5V", "-40°C", "+3.3", "-0.5%", "R1,R2", "a=b", "x+y", "'quoted", "", "100Ω", "µF"]


@pytest.mark.parametrize("text", ACTS)
def test_what_acts_is_quoted(text: str) -> None:
    assert safe_cell(text) == "'" + text


@pytest.mark.parametrize("text", FINE)
def test_what_does_not_act_stays_as_it_is(text: str) -> None:
    assert safe_cell(text) == text


@pytest.mark.parametrize(
    ("number", "text"), [(3.0, "3"), (-2.5, "-2.5"), (0.125, "0.125"), (20_000_000.0, "20000000"), (7, "7")]
)
def test_numbers_stay_numbers(number: float, text: str) -> None:
    assert safe_cell(number) == text


def test_no_export_holds_a_cell_that_acts() -> None:
    bad = "=cmd()"
    component = {
        "reference": "R1", "value": bad, "footprint": f"lib:{bad}", "description": bad,
        "fields": {"MPN": "=MPN()", "Manufacturer": "@maker", "Digikey": "=SKU()", "LCSC": "+LCSC()", "Notes": bad},
    }  # fmt: skip
    entry = {
        "references": [], "quantity": 1.0, "description": bad, "value": bad, "mpn": "=X()", "manufacturer": bad, "notes": bad,  # noqa: E501
        "material": bad, "process": bad, "finish": bad, "licence": bad, "suppliers": {"=SHOP()": "=SKU()"}, "row": 3,
    }  # fmt: skip
    materials = merge(
        [BoardParts("=board()", "=b.kicad_pcb", [component, {**component, "reference": "=R()", "fields": {}}], {})],
        [TableLines("=table()", "=t.csv", [entry])], [],
    )  # fmt: skip
    lines = [line for line in materials.lines if line.kind == "electronic"]
    assert len(lines) == 2
    exports = [
        (bom_csv(materials), ","), (one_click(materials), "\t"), (jlcpcb_bom(lines, "=board()"), ","),
        (pcbway_bom(lines, "=board()", []), ","),
    ]  # fmt: skip
    for raw, delimiter in exports:
        cells = [cell for row in csv.reader(io.StringIO(raw.decode()), delimiter=delimiter) for cell in row]
        assert any("cmd" in cell for cell in cells)
        assert [cell for cell in cells if cell.startswith(("=", "+", "@", "-", "\t", "\r"))] == []


def test_line_breaks_and_quotes_do_not_leave_their_cell() -> None:
    entry = {"references": [], "quantity": 1.0, "description": 'a "b"\n=c\r\n=d', "suppliers": {}, "row": 2}
    raw = bom_csv(merge([], [TableLines("t", "t.csv", [entry])], [])).decode()
    assert len(raw.splitlines()) == 2 and "\n=" not in raw
