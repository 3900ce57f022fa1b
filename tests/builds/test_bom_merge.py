"""The merged bill of materials: what becomes one line and what never does, and its forms for vendors."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from registry.builds.bom.merge import BoardParts, PartFacts, TableLines, merge
from registry.builds.bom.vendors import (
    bom_csv,
    cyclonedx,
    designators_on,
    jlcpcb_bom,
    jlcpcb_cpl,
    one_click,
    pcbway_bom,
)
from registry.builds.schemas import BomLine, Materials


def part(reference: str, value: str = "10k", **kept: Any) -> dict[str, Any]:
    fields = {name: kept.pop(name) for name in ("MPN", "Manufacturer", "LCSC", "Digikey", "Alt MPN") if name in kept}
    return {"reference": reference, "value": value, "footprint": "R:R_0805", "fields": fields, **kept}


def board(name: str, *components: dict[str, Any], **facts: Any) -> BoardParts:
    return BoardParts(name, f"{name}.kicad_pcb", list(components), facts)


def line(*references: str, **kept: Any) -> dict[str, Any]:
    return {"row": 2, "references": list(references), "quantity": float(len(references) or 1), "suppliers": {}, **kept}


def electronic(materials: Materials) -> list[BomLine]:
    return [row for row in materials.lines if row.kind == "electronic"]


def the_line(materials: Materials, **wanted: Any) -> BomLine:
    (found,) = [row for row in materials.lines if all(getattr(row, name) == value for name, value in wanted.items())]
    return found


def test_one_mpn_is_one_line_over_boards() -> None:
    materials = merge(
        [
            board("a", part("R1", MPN="RC-10K", Manufacturer="Yageo"), part("R2", MPN="rc10k", Manufacturer="YAGEO")),
            board("b", part("R7", "10000", MPN="RC-10K")),
        ],
        [], [],
    )  # fmt: skip
    (row,) = electronic(materials)
    assert row.quantity == 3 and row.manufacturer == "Yageo"
    assert [(use.target, use.designators, use.quantity) for use in row.uses] == [
        ("a", ["R1", "R2"], 2),
        ("b", ["R7"], 1),
    ]


def test_one_sku_is_one_line_but_one_value_never_over_boards() -> None:
    materials = merge(
        [
            board("a", part("R1", LCSC="C17168"), part("R2", "1k"), part("R3", "1k")),
            board("b", part("R1", LCSC="C17168"), part("R2", "1k")),
        ],
        [], [],
    )  # fmt: skip
    assert the_line(materials, suppliers={"LCSC": "C17168"}).quantity == 2
    assert sorted(row.quantity for row in electronic(materials) if row.value == "1k") == [1, 2]
    assert len({row.id for row in materials.lines}) == len(materials.lines)


def test_makers_differ_and_so_do_parts_named_alike() -> None:
    two = merge(
        [board("a", part("U1", MPN="555", Manufacturer="TI"), part("U2", MPN="555", Manufacturer="ST"))], [], []
    )
    assert len(electronic(two)) == 2
    foreign = merge([board("a", part("R1", MPN="电阻"), part("C1", MPN="电容"))], [], [])
    assert len(electronic(foreign)) == 2, "numbers in another script are not all one"


def test_what_is_not_fitted_is_a_line_apart() -> None:
    materials = merge(
        [board("a", part("R1", MPN="X"), part("R2", MPN="X", dnp=True), part("R3", exclude_from_bom=True))], [], []
    )
    fitted, unfitted = electronic(materials)
    assert (fitted.quantity, fitted.dnp, fitted.designators) == (1, False, ["R1"])
    assert (unfitted.quantity, unfitted.dnp, unfitted.designators) == (0, True, ["R2"])


def test_fiducials_holes_and_logos_are_not_bought() -> None:
    odd = [part(name) for name in ("FID1", "H1", "TP3", "JP2", "#PWR01", "LOGO1", "REF**")]
    assert electronic(merge([board("a", *odd, part("R1"))], [], []))[0].designators == ["R1"]


def test_a_connector_with_mounting_holes_is_bought_and_so_is_what_a_table_asks_for() -> None:
    plug = {**part("J1"), "footprint": "Connector_Dsub:DSUB-9_Male_Housed_MountingHolesOffset7.48mm"}
    hole = {**part("A1"), "footprint": "MountingHole:MountingHole_3.2mm_M3"}
    pin = {**part("TP1"), "footprint": "TestPoint:TestPoint_Keystone_5000"}
    assert electronic(merge([board("a", plug, hole, pin)], [], []))[0].designators == ["J1"]
    asked = merge([board("a", plug, hole, pin)], [TableLines("t", "t.csv", [line("J1"), line("TP1", mpn="5000")])], [])
    assert the_line(asked, mpn="5000").designators == ["TP1"] and len(electronic(asked)) == 2


def test_a_table_completes_its_board_and_does_not_count_twice() -> None:
    table = TableLines("BOM", "BOM.csv", [
        line("R1", "R2", mpn="RC-10K", manufacturer="Yageo", suppliers={"Mouser": "603-RC"}),
        line("C1", mpn="OTHER", suppliers={}), line("Q9", mpn="STRANGER"),
    ])  # fmt: skip
    materials = merge([board("a", part("R1"), part("R2"), part("C1", MPN="OWN"), part("D1"))], [table], [])
    assert the_line(materials, mpn="RC-10K").quantity == 2
    assert the_line(materials, mpn="RC-10K").suppliers == {"Mouser": "603-RC"}
    capacitor = the_line(materials, mpn="OWN")
    assert capacitor.quantity == 1 and [alternate.mpn for alternate in capacitor.alternates] == ["OTHER"]
    assert sum(row.quantity for row in electronic(materials)) == 4
    assert "BOM.csv names 1 designators that board a does not have: Q9." in materials.findings
    assert "BOM.csv leaves out 1 parts of board a: D1." in materials.findings


def test_spare_parts_of_the_schematic_are_alternates() -> None:
    materials = merge(
        [board("a", {**part("R1", MPN="X"), "fields": {"MPN": "X", "Alt MPN": "Y", "alternate 2": "Z"}})], [], []
    )
    assert [alternate.mpn for alternate in electronic(materials)[0].alternates] == ["Y", "Z"]


def test_a_table_of_other_things_adds_lines() -> None:
    table = TableLines("bom", "bom.csv", [
        line(description="M8x40 bolt", quantity=8.0), line(description="Frame", kind="machined", quantity=1.0, mass_g=1200),  # noqa: E501
        line(description="Hydraulic oil", kind="consumable", quantity=2.5),
    ])  # fmt: skip
    materials = merge([board("a", part("R1"))], [table], [])
    assert the_line(materials, kind="fastener").quantity == 8 and the_line(materials, kind="machined").mass_g == 1200
    assert the_line(materials, kind="consumable").quantity == 2.5
    assert [row.kind for row in materials.lines][:2] == ["board", "electronic"], "boards first"


PRESS = [
    line(description="Frame side", kind="sheet", quantity=2.0), line(description="M8x40 bolt", quantity=8.0),
    line(description="Hydraulic cylinder", mpn="HC-50", quantity=1.0), line(description="Brick box", quantity=1.0),
]  # fmt: skip


def pieces(materials: Materials) -> float:
    return sum(row.quantity for row in materials.lines)


@pytest.mark.parametrize("second", ["docs/bom.xlsx", "docs/BOM.ods", "docs/press parts.xlsx", "docs/1-click-bom.tsv"])
def test_a_mechanical_bill_kept_in_two_forms_is_counted_once(second: str) -> None:
    twice = [{**row, "row": 9, "notes": "as in the sheet"} for row in reversed(PRESS)]
    tables = [TableLines("bom", "docs/bom.csv", PRESS), TableLines("bom-2", second, twice)]
    for told in (tables, tables[::-1]):
        materials = merge([], told, [])
        assert pieces(materials) == 12 and len(materials.lines) == 4
        assert {row.source for row in materials.lines} == {"docs/bom.csv"}
        assert materials.findings == [f"{second} is docs/bom.csv in another form. It is counted once."]


def test_of_two_forms_that_differ_the_longer_counts_and_the_difference_is_told() -> None:
    changed = [*PRESS[1:], {**PRESS[0], "quantity": 4.0}, line(description="Oil", quantity=3.0)]
    materials = merge([], [TableLines("a", "bom.csv", PRESS), TableLines("b", "bom.xlsx", changed)], [])
    assert pieces(materials) == 8 + 1 + 1 + 4 + 3
    assert materials.findings == ["bom.csv is bom.xlsx in another form; one of its lines differs. It is counted once."]


@pytest.mark.parametrize(
    ("second", "lines"),
    [
        ("right/bom.xlsx", PRESS),  # another assembly's folder
        ("left/bom-right.csv", PRESS),  # the same form: two bills that are alike
        ("left/bom.xlsx", [line(description="Motor"), line(description="Belt")]),  # the same name, other things
        (
            "left/fasteners.xlsx",
            [line(description="M8x40 bolt", quantity=16.0), line(description="Nut", quantity=16.0)],
        ),
    ],
)
def test_two_bills_of_different_things_both_count(second: str, lines: list[dict[str, Any]]) -> None:
    materials = merge([], [TableLines("a", "left/bom.csv", PRESS), TableLines("b", second, lines)], [])
    assert pieces(materials) == 12 + sum(row["quantity"] for row in lines) and materials.findings == []


def test_tables_of_a_board_that_is_not_built_count_its_designators_once() -> None:
    """Where KiCad is missing, or the board is of another program."""
    maker = [line("R1", "R2", value="10k", mpn="RC-10K"), line("U1", value="555", mpn="NE555")]
    shop = [line("R1", value="10k"), line("R2", value="10k"), line("U1", value="555", suppliers={"LCSC": "C1"})]
    tables = [TableLines("a", "bom-maker.csv", maker), TableLines("b", "bom-shop.csv", shop)]
    materials = merge([], tables, [])
    assert pieces(materials) == 3 and {row.mpn for row in materials.lines} == {"RC-10K", "NE555"}
    other = [line("R1", value="47R"), line("R2", value="1M"), line("U1", value="ATmega328P")]
    tables = [TableLines("a", "main.csv", maker), TableLines("b", "power.csv", other)]
    assert pieces(merge([], tables, [])) == 6


def test_parts_with_files_but_no_line() -> None:
    lonely = merge([], [], [PartFacts("bracket", "Bracket", "bracket.stl", {})])
    assert [(row.kind, row.quantity) for row in lonely.lines] == [("printed", 1)]
    table = TableLines("bom", "bom.csv", [line(description="Frame", kind="machined"), line(description="bracket.stl")])
    known = merge(
        [], [table], [PartFacts("bracket", "Bracket", "bracket.stl", {}), PartFacts("lid", "Lid", "lid.stl", {})]
    )
    assert len(known.lines) == 2
    assert known.findings == ["lid.stl is in no bill of materials of the repository; how many are needed is unknown."]


def test_a_bought_part_keeps_its_designation_beside_its_description() -> None:
    def shown(**kept: Any) -> tuple[str, str]:
        [row] = merge([], [TableLines("bom", "bom.csv", [line(**kept)])], []).lines
        return row.description, row.value

    hose = {"part": "EN 853 2SN DN12 x 1700", "description": "Hydraulic hose", "kind": "bought"}
    assert shown(**hose) == ("Hydraulic hose", "EN 853 2SN DN12 x 1700")
    assert shown(**hose, value="12 bar") == ("EN 853 2SN DN12 x 1700, Hydraulic hose", "12 bar")
    for known in (hose | {"mpn": hose["part"]}, hose | {"suppliers": {"Shop": hose["part"]}}):
        assert shown(**known) == ("Hydraulic hose", ""), "told once"
    assert shown(part="M8 nut", description="Lock m8 nut, zinc", kind="bought") == ("Lock m8 nut, zinc", "")
    assert shown(part="M5", description="Screw M50", kind="bought") == ("Screw M50", "M5")
    assert shown(part="side_plate", description="Side plate", kind="made") == ("Side plate", ""), "a file's name"
    assert shown(part="Tank 60 l", kind="bought") == ("Tank 60 l", "")
    lines = [line(**hose | more) for more in ({}, {"part": "EN 853 2SN DN12 x 800", "row": 3})]
    assert len(merge([], [TableLines("bom", "bom.csv", lines)], []).lines) == 2
    ids = {merge([], [TableLines("b", "b.csv", [line(**hose | more)])], []).lines[0].id for more in ({}, {"part": ""})}
    assert len(ids) == 1, "what a report says of a line still finds it"
    timers = [line(mpn="NE555", part="Timer", description="IC", kind="electronic")]
    chip = board("a", part("U1", "NE555 SMD", MPN="NE555"))
    assert the_line(merge([chip], [TableLines("t", "t.csv", timers)], []), mpn="NE555").value == "NE555 SMD"


def test_a_case_named_like_its_board_is_still_a_part() -> None:
    case = PartFacts("ExpansionCard", "ExpansionCard", "ExpansionCard.stl", {})
    materials = merge([board("Expansion_Card", part("J1", "Expansion card"))], [], [case])
    assert the_line(materials, kind="printed").description == "ExpansionCard"


def test_an_assembly_whose_pieces_nobody_lists_is_told() -> None:
    clip = PartFacts("clip", "Clip", "clip.step", {"components": [{"name": "FRAME_1"}, {"name": "SCREW_2"}]})
    assert merge([], [], [clip]).findings == [
        "clip.step is an assembly whose pieces are in no bill of materials; its page lists them."
    ]
    frame = PartFacts("frame_1", "Frame 1", "frame_1.py", {})
    assert merge([], [], [clip, frame]).findings == []
    screws = TableLines("bom", "bom.csv", [line(description="Screw 2", quantity=2.0)])
    assert merge([], [screws], [clip]).findings == []


def test_a_makers_number_in_the_makers_place_is_put_right() -> None:
    resistor = board("a", part("R1", Manufacturer="CRGP0603F1K0"))
    table = TableLines("t", "t.csv", [line("R1", mpn="CRGP0603F1K0", manufacturer="TE")])
    (row,) = electronic(merge([resistor], [table], []))
    assert (row.manufacturer, row.mpn, row.alternates) == ("TE", "CRGP0603F1K0", [])


def test_a_populated_board_without_a_list_is_reported() -> None:
    materials = merge([board("a", footprints={"total": 40})], [], [])
    assert "a.kicad_pcb: the board carries parts, but no list of them could be read." in materials.findings


def test_the_same_input_gives_the_same_bytes() -> None:
    def made(turned: bool) -> Materials:
        parts = [part(f"R{n}", MPN=f"M{n % 7}", Digikey=f"D{n}") for n in range(60)]
        return merge([board("a", *parts)], [TableLines("t", "t.csv", [line("R1", mpn="Q")])], [])

    assert made(False) == made(True) and cyclonedx(made(False)) == cyclonedx(made(True))


# --- forms for vendors


def rows_of(raw: bytes, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(raw.decode()), delimiter=delimiter))


@pytest.fixture
def materials() -> Materials:
    many = [part(f"R{n}", "10k", MPN="RC-10K", Manufacturer="Yageo", LCSC="C1") for n in range(1, 451)]
    odd = [part("led1", "red"), part("LED1", "green"), part("U1", "555", MPN="NE555"), part("C1", "1u", dnp=True)]
    return merge([board("a", *many, *odd), board("b", part("U1", MPN="NE555"))], [], [])


def test_jlcpcb_takes_two_hundred_a_row_named_as_in_its_positions(materials: Materials) -> None:
    lines = [row for row in electronic(materials) if not row.dnp and designators_on(row, "a")]
    rows = rows_of(jlcpcb_bom(lines, "a"))
    assert rows[0].keys() == {"Comment", "Designator", "Footprint", "LCSC"}
    names = [name for row in rows for name in row["Designator"].split(",")]
    assert max(len(row["Designator"].split(",")) for row in rows) == 200
    assert len(names) == len(set(names)) == 453 and {"led1", "LED1", "U1"} <= set(names) and "C1" not in names
    places = "Ref,Val,Package,PosX,PosY,Rot,Side\n" + "".join(
        f'"{name}","v","p",{number}.25,-{number}.5,{-90.0 if number % 2 else 450.0},{"bottom" if number % 3 else "top"}\n'  # noqa: E501
        for number, name in enumerate([*names, "C1", "FID1", "Led1"])
    )
    placed = rows_of(jlcpcb_cpl(lines, "a", places.encode()))
    assert placed[0].keys() == {"Designator", "Mid X", "Mid Y", "Layer", "Rotation"}
    assert {row["Designator"] for row in placed} == set(names), "case-exact, and nothing that is not fitted"
    first, second = placed[:2]
    assert (first["Mid X"], first["Mid Y"], first["Layer"], first["Rotation"]) == ("0.2500mm", "-0.5000mm", "Top", "90")
    assert (second["Mid X"], second["Mid Y"], second["Layer"], second["Rotation"]) == (
        "1.2500mm",
        "-1.5000mm",
        "Bottom",
        "270",
    )


def test_pcbway_counts_its_own_board_alone(materials: Materials) -> None:
    lines = [row for row in electronic(materials) if not row.dnp and designators_on(row, "a")]
    rows = rows_of(pcbway_bom(lines, "a", [{"reference": "U1", "technology": "smd"}]))
    timer = next(row for row in rows if row["*Mfg Part #"] == "NE555")
    assert (timer["*Designator"], timer["*Qty"], timer["Type"]) == ("U1", "1", "SMD")
    assert [row["Item #"] for row in rows] == [str(number) for number in range(1, len(rows) + 1)]


def test_one_click_bom(materials: Materials) -> None:
    rows = rows_of(one_click(materials), "\t")
    assert list(rows[0])[:4] == ["References", "Qty", "Description", "Part Number"]
    resistors = next(row for row in rows if row["Part Number"] == "RC-10K")
    assert resistors["Qty"] == "450" and resistors["LCSC"] == "C1"
    assert all(row["Qty"] != "0" for row in rows)


def test_large_quantities_keep_their_digits() -> None:
    materials = merge([], [TableLines("t", "t.csv", [line(description="Wire", quantity=1234567.5)])], [])
    assert rows_of(bom_csv(materials))[0]["Qty"] == "1234567.5"
    assert "1234567.5" in cyclonedx(materials).decode()


def test_cyclonedx_is_valid_and_tells_every_line(materials: Materials) -> None:
    pytest.importorskip("jsonschema", reason="cyclonedx-python-lib[json-validation] is not installed")
    text = cyclonedx(materials)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text.decode()) is None
    told = json.loads(text)
    assert told["specVersion"] == "1.6" and len(told["components"]) == len(materials.lines)
    assert {component["type"] for component in told["components"]} == {"device"}
    assert {component["bom-ref"] for component in told["components"]} == {row.id for row in materials.lines}
    assert cyclonedx(materials) == text


def test_a_jumper_with_pins_is_bought_and_one_of_solder_is_not() -> None:
    header = part("JP1") | {"footprint": "Connector_PinHeader_2.54mm:PinHeader_1x03_P2.54mm_Vertical"}
    easyeda = part("H1") | {"footprint": "HDR-M-2.54_1x4"}
    solder = part("JP2") | {"footprint": "Jumper:SolderJumper-2_P1.3mm_Open"}
    hole = part("H2") | {"footprint": "Hole_3mm"}
    bought = [use.designators for row in electronic(merge([board("a", header, easyeda, solder, hole)], [], []))
              for use in row.uses]  # fmt: skip
    assert sorted(bought) == [["H1"], ["JP1"]]


def test_parts_of_the_same_designator_are_counted_each_and_told() -> None:
    materials = merge([board("a", part("K1"), part("K1"), part("K2"))], [], [])
    assert sum(row.quantity for row in electronic(materials)) == 3
    assert any("K1 (2 times)" in finding for finding in materials.findings)


def test_a_table_completes_the_board_beside_it_of_two_that_are_alike() -> None:
    parts = [part(f"R{number}") for number in range(1, 7)]
    boards = [BoardParts(name, f"{name}/lamp.kicad_pcb", [dict(item) for item in parts], {}) for name in ("v1", "v2")]
    lines = [line("R1", mpn="NEW-1"), line(*(f"R{number}" for number in range(2, 7)), mpn="NEW-2")]
    materials = merge(boards, [TableLines("bom", "v2/bom.csv", lines)], [])
    assert {use.target for row in materials.lines if row.mpn.startswith("NEW") for use in row.uses} == {"v2"}
    assert any("nearly the same parts" in finding for finding in materials.findings)


def test_parts_that_no_schematic_knows_are_told() -> None:
    stray = part("R9") | {"exclude_from_bom": True, "only_on_board": True}
    logo = part("LOGO1") | {"exclude_from_bom": True, "only_on_board": True}
    found = merge([board("a", part("R1"), stray, logo)], [], []).findings
    assert any("1 of its parts in no schematic" in finding and finding.endswith("R9.") for finding in found)


def test_a_readme_that_repeats_a_bill_or_a_board_is_counted_once() -> None:
    listed = [
        line(description="Servo SG90"),
        line(description="Battery holder", row=3),
        line(description="Foot", row=4),
    ]
    again = TableLines("readme", "README.md", [*listed[:2], line(part="ESP32-WROOM-32", row=9)])
    materials = merge([board("b", part("U1", "ESP32-WROOM-32"))], [again, TableLines("bom", "hw/bom.csv", listed)], [])
    assert sum(row.quantity for row in materials.lines if row.description in ("Servo SG90", "Battery holder")) == 2
    assert the_line(materials, value="ESP32-WROOM-32").quantity == 1
    assert any("README.md is hw/bom.csv in another form" in finding for finding in materials.findings)
    assert any("README.md names parts that a board carries" in finding for finding in materials.findings)
    other = TableLines("readme", "README.md", [line(description="Oil")])
    both = merge([], [other, TableLines("bom", "hw/bom.csv", listed)], [])
    assert len(both.lines) == 4 and any("all are counted" in finding for finding in both.findings)
