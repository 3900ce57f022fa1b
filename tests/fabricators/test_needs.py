"""What versions need, derived from plain data: boards, parts, bills of materials, manifests."""

from __future__ import annotations

from typing import Any

import pytest

from registry.builds.schemas import BomLine, Use
from registry.fabricators.deriving import VersionInput, derive
from registry.fabricators.needs import Need, Needs
from registry.fabricators.needs_boards import BoardInput, chip_of, finish_of, needs_of_board
from registry.fabricators.needs_parts import PartInput
from registry.fabricators.process_words import finishes_in, material_in, processes_in

FACTS: dict[str, Any] = {
    "copper_layers": 4,
    "size_mm": {"width": 40.0, "height": 90.0},
    "thickness_mm": 1.6,
    "min_track_mm": 0.127,
    "min_clearance_mm": 0.127,
    "min_drill_mm": 0.3,
    "min_annular_ring_mm": 0.1,
    "finish": "Immersion gold",
    "castellated": True,
    "footprints": {"total": 3, "top": 3, "bottom": 1, "smd": 2, "tht": 1},
    "where": {
        "min_track_mm": {
            "what": "track",
            "size_mm": 0.127,
            "net": "USB_D+",
            "layer": "F.Cu",
            "x_mm": 12.3,
            "y_mm": 45.678,
            "alike": 3,
        },
    },
}


def line(footprint: str, *designators: str, **more: Any) -> BomLine:
    uses = [Use(target="main", designators=list(designators), quantity=len(designators))]
    values = {"id": "x", "kind": "electronic", "quantity": len(designators), "footprint": footprint, "uses": uses}
    return BomLine(**(values | more))


def board(**changes: Any) -> BoardInput:
    lines = [line("Resistor_SMD:R_0402_1005Metric", "R1", "R2"), line("Package_DFN_QFN:QFN-32-1EP_5x5mm_P0.5mm", "U1")]
    return BoardInput("main", "Main board", "main.kicad_pcb", FACTS | changes.pop("facts", {}), lines, **changes)


def of(needs: Needs, process: str) -> Need:
    return next(need for need in needs.needs if need.process == process)


def limits(need: Need) -> dict[str, Any]:
    return {limit.parameter: limit.value for limit in need.limits}


def test_a_board_s_evidence_leads_to_its_place() -> None:
    (need,) = [need for need in needs_of_board(board(), 1) if need.process == "pcb_fabrication"]
    spots = {limit.parameter: limit.spot for limit in need.limits}
    assert spots["track_mm_min"] == "#at=12.3,45.678" and spots["drill_mm_min"] == ""


def test_a_board_needs_a_board_house_and_an_assembler() -> None:
    needs = derive(VersionInput(boards=[board()]))
    house = of(needs, "pcb_fabrication")
    assert limits(house) == {
        "layers_max": 4,
        "track_mm_min": 0.127,
        "clearance_mm_min": 0.127,
        "drill_mm_min": 0.3,
        "ring_mm_min": 0.1,
        "thickness_mm_min": 1.6,
        "thickness_mm_max": 1.6,
        "finishes": "ENIG",
        "castellation": True,
    }
    assert house.hull_mm == (90.0, 40.0, 1.6)
    assert next(x for x in house.limits if x.parameter == "track_mm_min").evidence == (
        "0.127 mm track, net USB_D+, on F.Cu at 12.30, 45.68 mm, 2 more alike"
    )
    assert limits(of(needs, "pcb_assembly")) == {
        "sides_max": 2,
        "package_min": "0402",
        "pitch_mm_min": 0.5,
        "bga": True,
        "tht": True,
    }


def test_logos_at_the_bottom_are_not_placed() -> None:
    placed = {"top": 3, "bottom": 0, "smd": 3, "tht": 0}
    assembly = of(derive(VersionInput(boards=[board(placed=placed)])), "pcb_assembly")
    assert limits(assembly)["sides_max"] == 1
    assert "tht" not in limits(assembly)


def test_what_a_board_does_not_say_is_not_known() -> None:
    facts = {"min_track_mm": None, "thickness_mm": None, "finish": "", "size_mm": None, "castellated": False}
    house = of(derive(VersionInput(boards=[board(facts=facts)])), "pcb_fabrication")
    assert set(limits(house)) == {"layers_max", "clearance_mm_min", "drill_mm_min", "ring_mm_min"}
    assert house.hull_mm is None
    assert len(house.unknown) == 4


def test_the_order_line_says_finish_and_colour() -> None:
    own = line("", kind="board", quantity=3, material="FR4 1.6 mm, HASL lead-free, black mask")
    house = of(derive(VersionInput(boards=[board(facts={"finish": ""}, own_line=own)])), "pcb_fabrication")
    assert limits(house)["finishes"] == "HASL lead-free"
    assert limits(house)["mask_colours"] == "black"
    assert house.quantity == 3


def part(name: str, builder: str = "step", source: str = "", **facts: Any) -> PartInput:
    shape = {"bounding_box_mm": [100.0, 3.0, 50.0], "volume_mm3": 9000.0, "components": []}
    return PartInput(name, name, source or f"{name}.step", builder, shape | facts)


@pytest.mark.parametrize(
    ("made", "processes", "thick"),
    [
        (part("a", flat_thickness_mm=3.0, material="S235 steel"), ["laser_cutting"], 3.0),
        (
            part("a", flat_thickness_mm=3.0, material="S235", process="laser cut, bend"),
            ["laser_cutting", "sheet_bending"],
            3.0,
        ),
        (part("a", flat_thickness_mm=4.0, material="birch plywood"), ["laser_cutting"], 4.0),
        (part("a", "mesh", "print/a.stl"), ["fdm_printing"], None),
        (part("a", "openscad", "a.scad", material="wood"), ["fdm_printing"], None),
        (part("a", material="PETG"), ["fdm_printing"], None),
        (part("a", material="6082"), ["machining"], None),
        (part("a", material="C45 steel", process="turn"), ["turning"], None),
        (part("a", material="S355 steel", process="saw, drill"), ["sawing", "drilling"], None),
        (part("a"), ["other"], None),
    ],
)
def test_how_a_part_is_made(made: PartInput, processes: list[str], thick: float | None) -> None:
    found = [need for need in derive(VersionInput(parts=[made])).needs if need.subject == "part"]
    assert [need.process for need in found] == processes
    assert found[0].thickness_mm == thick
    if processes == ["other"]:
        assert found[0].processes == () and "not known" in found[0].unknown[0]


def test_parts_alike_are_one_need_and_keep_every_piece() -> None:
    sheet = {"flat_thickness_mm": 3.0, "material": "S235", "process": "laser cut"}
    parts = [part("a", quantity=2, **sheet), part("b", quantity=3, bounding_box_mm=[400, 20, 3], **sheet)]
    need = of(derive(VersionInput(parts=parts)), "laser_cutting")
    assert (need.quantity, need.hull_mm) == (5.0, (400.0, 50.0, 3.0))
    assert [piece.name for piece in need.pieces] == ["a", "b"]


def test_small_holes_in_thick_sheet_are_a_limit() -> None:
    sheet = {"flat_thickness_mm": 12.0, "material": "S235", "process": "laser cut"}
    hard = of(
        derive(VersionInput(parts=[part("a", holes=[{"diameter_mm": 9.0, "count": 2}], **sheet)])), "laser_cutting"
    )
    assert limits(hard) == {"hole_mm_min": 9.0}
    easy = of(
        derive(VersionInput(parts=[part("a", holes=[{"diameter_mm": 18.0, "count": 2}], **sheet)])), "laser_cutting"
    )
    assert limits(easy) == {}


def test_the_bill_names_pieces_of_an_assembly() -> None:
    pieces = [{"name": "base", "bounding_box_mm": [72.6, 58.0, 26.4], "volume_mm3": 27000.0}]
    rows = [
        {
            "description": "Base",
            "quantity": 2.0,
            "kind": "printed",
            "material": "PETG",
            "process": "FDM 3D print",
            "notes": "",
        },
        {
            "description": "Gasket, flat, 1.5 mm",
            "quantity": 1.0,
            "kind": "sheet",
            "material": "Silicone",
            "process": "Cut by knife, plotter or laser",
            "notes": "",
        },
    ]
    needs = derive(VersionInput(parts=[part("box", components=pieces)], rows=rows))
    printed = of(needs, "fdm_printing")
    assert (printed.material, printed.quantity, printed.hull_mm) == ("petg", 2.0, (72.6, 58.0, 26.4))
    gasket = of(needs, "vinyl_cutting")
    assert gasket.processes == ("vinyl_cutting", "laser_cutting")
    assert "size" in gasket.unknown[0]


def test_bought_parts_welds_and_assembly() -> None:
    lines = [
        line("", kind="fastener", quantity=8, description="Screw M8"),
        line("", kind="consumable", quantity=2, description="MAG welding wire, kg"),
    ]
    sheet = part("a", flat_thickness_mm=3.0, material="S235", process="laser cut")
    about = {"mass_g": 886_000, "manifest": "okh.toml", "manifests": {"okh.toml": {"tsdc": ["LAS", "SLS", "XYZ"]}}}
    needs = derive(VersionInput(parts=[sheet], lines=lines, about=about))
    assert of(needs, "welding").material == "mild_steel"
    buying = next(need for need in needs.needs if need.id == "buying")
    assert (buying.lines, buying.by_yourself) == (2, True)
    assert limits(next(need for need in needs.needs if need.id == "assembly")) == {"mass_kg_max": 886.0}
    assert of(needs, "sls_printing").evidence == ("tsdc SLS in okh.toml",)
    assert len([need for need in needs.needs if need.process == "laser_cutting"]) == 1


def test_nothing_and_broken_things_are_said() -> None:
    assert derive(VersionInput()).unknown == ("Nothing to make was found in its files: what it needs is not known.",)
    broken = derive(
        VersionInput(boards=[BoardInput("m", "M", "m.kicad_pcb", {})], parts=[PartInput("p", "P", "p.py", "x", {})])
    )
    assert broken.needs == () and len(broken.unknown) == 2


@pytest.mark.parametrize(
    ("words", "material"),
    [
        ("S355 steel", "mild_steel"),
        ("Stainless steel A2", "stainless_steel"),
        ("400 HB wear-resistant steel", "steel"),
        ("PETG", "petg"),
        ("birch plywood", "plywood"),
        ("42CrMo4 steel", "tool_steel"),
        ("unobtainium", ""),
        ("", ""),
    ],
)
def test_materials_in_words(words: str, material: str) -> None:
    assert material_in(words) == material


def test_words_of_processes_and_finishes() -> None:
    assert processes_in("laser cut, countersink") == (["laser_cutting", "drilling"], [])
    assert processes_in("turn, thread M48 x 2") == (["turning", "tapping"], [])
    assert processes_in("by hand") == ([], [])
    assert finishes_in("blast, primer 80 um, top coat 80 um") == ["painting", "sandblasting"]
    assert finishes_in("none: oil") == []
    assert finishes_in("powder coat RAL 1003") == ["powder_coating"]
    assert (finish_of("HAL SnPb"), finish_of("OSP"), finish_of("None")) == ("HASL", "OSP", "")


@pytest.mark.parametrize(
    ("footprint", "code"),
    [
        ("Resistor_SMD:R_0603_1608Metric", "0603"),
        ("LED_SMD:LED_0402_1005Metric", "0402"),
        ("Capacitors_SMD:C_0805", "0805"),
        ("Capacitor_SMD:C_01005_0402Metric", "01005"),
        ("Package_SO:SOIC-8_3.9x4.9mm_P1.27mm", ""),
        ("Connector:Molex_105444-0001", ""),
        ("Crystal:Crystal_SMD_3215-2Pin", ""),
    ],
)
def test_chips_by_their_footprints(footprint: str, code: str) -> None:
    assert chip_of(footprint) == code
