"""Can a machine do what a need asks: every kind of limit, with margins; and what must hold whatever the numbers."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.fabricators.matching import does, judge, quick
from registry.fabricators.needs import Limit, Need, Piece, box_of
from registry.fabricators.schemas import MachineFacts

LASER = MachineFacts(
    id=1, fabricator_id=1, name="Laser", process="laser_cutting", count=1, status="ready", work_x_mm=1500.0,
    work_y_mm=3000.0, work_z_mm=None, materials=(("steel", 0.5, 12.0), ("aluminium", 0.5, 8.0)), parameters={},
    setup_minor=None, hour_minor=None, currency="EUR",
)  # fmt: skip


def machine(**changes: Any) -> MachineFacts:
    return dataclasses.replace(LASER, **changes)


def need(process: str = "laser_cutting", **more: Any) -> Need:
    box = more.pop("box", None)
    pieces = (Piece(name="plate", quantity=1, box_mm=box_of(box)),) if box else ()
    values = {"id": "n", "process": process, "processes": (process,), "subject": "part", "title": "n", "pieces": pieces}
    return Need(**(values | more))


def board(**limits: Any) -> Need:
    return need("pcb_fabrication", limits=tuple(Limit(parameter=name, value=value) for name, value in limits.items()))


def house(**parameters: Any) -> MachineFacts:
    return machine(process="pcb_fabrication", materials=(), parameters=parameters)


def told(verdict: Any, limit: str) -> Any:
    return next(reason for reason in verdict.reasons if reason.limit == limit)


def test_track_too_fine_is_told_by_how_much() -> None:
    reason = told(judge(board(track_mm_min=0.127), house(track_mm_min=0.15)), "track_mm_min")
    assert (reason.answer, reason.margin, reason.unit) == ("no", -0.023, "mm")
    assert reason.sentence == "Smallest track: 0.127 mm is needed, 0.15 mm is its limit: 0.023 mm too fine."


@pytest.mark.parametrize(
    ("limits", "has", "answer"),
    [
        ({"track_mm_min": 0.15}, {"track_mm_min": 0.15}, "yes"),
        ({"track_mm_min": 0.15}, {}, "unknown"),
        ({"track_mm_min": 0.15}, {"track_mm_min": "fine"}, "unknown"),
        ({"track_mm_min": 0.15}, {"track_mm_min": True}, "unknown"),
        ({"layers_max": 4}, {"layers_max": 2}, "no"),
        ({"layers_max": 4}, {"layers_max": 4}, "yes"),
        ({"finishes": "ENIG"}, {"finishes": ["HASL", "enig"]}, "yes"),
        ({"finishes": "ENIG"}, {"finishes": ["HASL"]}, "no"),
        ({"finishes": "ENIG"}, {"finishes": []}, "unknown"),
        ({"castellation": True}, {"castellation": True}, "yes"),
        ({"castellation": True}, {"castellation": False}, "no"),
        ({"castellation": True}, {}, "unknown"),
        ({"thickness_mm_min": 0.8, "thickness_mm_max": 0.8}, {"thickness_mm_min": 0.6, "thickness_mm_max": 2}, "yes"),
        ({"thickness_mm_min": 0.8, "thickness_mm_max": 0.8}, {"thickness_mm_min": 1.0, "thickness_mm_max": 2}, "no"),
        ({"track_mm_min": 0.2, "layers_max": 6}, {"track_mm_min": 0.1, "layers_max": 4}, "no"),
        ({"track_mm_min": 0.2, "layers_max": 6}, {"layers_max": 8}, "unknown"),
    ],
)  # fmt: skip
def test_parameters(limits: dict[str, Any], has: dict[str, Any], answer: str) -> None:
    assert judge(board(**limits), house(**has)).answer == answer
    assert quick(board(**limits), house(**has)) == answer


@pytest.mark.parametrize(
    ("asked", "has", "answer"), [("0402", "0402", "yes"), ("0402", "0603", "no"), ("0603", "0201", "yes")]
)
def test_chips_are_ordered_by_size(asked: str, has: str, answer: str) -> None:
    wish = need("pcb_assembly", limits=(Limit(parameter="package_min", value=asked),))
    assert judge(wish, machine(process="pcb_assembly", parameters={"package_min": has})).answer == answer


@pytest.mark.parametrize(
    ("box", "answer", "margin"),
    [
        ((1400, 2900, 3), "yes", 100.0),
        ((2900, 1400, 3), "yes", 100.0),  # lies turned
        ((1600, 1600, 3), "no", -100.0),
        ((3001, 10, 3), "no", -1.0),
        ((3000, 1500, 3), "yes", 0.0),
    ],
)
def test_a_sheet_fits_if_turned(box: tuple[float, ...], answer: str, margin: float) -> None:
    reason = told(judge(need(box=box), machine()), "size")
    assert (reason.answer, reason.margin) == (answer, margin)


def test_a_box_stands_as_it_fits_best() -> None:
    printer = machine(process="fdm_printing", work_x_mm=220.0, work_y_mm=220.0, work_z_mm=400.0)
    assert judge(need("fdm_printing", box=(390, 100, 100)), printer).answer == "yes"
    assert judge(need("fdm_printing", box=(390, 230, 100)), printer).answer == "no"


def test_sides_that_are_not_stated() -> None:
    printer = machine(process="fdm_printing", work_x_mm=200.0, work_y_mm=200.0, work_z_mm=None)
    assert judge(need("fdm_printing", box=(900, 100, 100)), printer).answer == "unknown"  # it may be 900 high
    assert judge(need("fdm_printing", box=(900, 210, 100)), printer).answer == "no"  # that no height helps
    assert judge(need(box=(10, 10, 1)), machine(work_x_mm=None, work_y_mm=None)).answer == "unknown"


def test_of_many_pieces_the_one_that_does_not_fit_is_named() -> None:
    pieces = (Piece(name="small", box_mm=(100, 100, 3)), Piece(name="table", box_mm=(3200, 600, 3)))
    reason = told(judge(need().model_copy(update={"pieces": pieces}), machine()), "size")
    assert reason.answer == "no"
    assert "table measures 3200 × 600 × 3 mm" in reason.sentence and "200 mm too long" in reason.sentence


@pytest.mark.parametrize(
    ("material", "thick", "answer"),
    [
        ("stainless_steel", 10.0, "yes"),  # stainless steel is steel
        ("mild_steel", 12.0, "yes"),
        ("steel", 12.5, "no"),
        ("metal", 12.0, "yes"),  # any metal will do
        ("aluminium", 10.0, "no"),
        ("steel", 0.4, "no"),
        ("plywood", 4.0, "no"),
    ],
)
def test_materials_and_their_thickness(material: str, thick: float, answer: str) -> None:
    assert judge(need(material=material, thickness_mm=thick), machine()).answer == answer


def test_too_thick_and_too_thin_say_by_how_much() -> None:
    thick = told(judge(need(material="steel", thickness_mm=20.0), machine()), "thickness")
    assert (thick.margin, thick.sentence) == (-8.0, "20 mm thick is needed; 12 mm is its thickest: 8 mm too thick.")
    thin = told(judge(need(material="steel", thickness_mm=0.3), machine()), "thickness")
    assert thin.margin == -0.2 and "too thin" in thin.sentence


def test_what_is_not_stated_of_materials_is_unknown() -> None:
    assert judge(need(material="steel", thickness_mm=3.0), machine(materials=())).answer == "unknown"
    assert (
        judge(need(material="steel", thickness_mm=3.0), machine(materials=(("steel", None, None),))).answer == "unknown"
    )
    assert judge(need(material="steel"), machine(materials=(("stainless_steel", None, None),))).answer == "yes"
    only_stainless = machine(materials=(("stainless_steel", None, 5.0),))
    assert judge(need(material="aluminium", thickness_mm=1.0), only_stainless).answer == "no"


def test_other_processes_and_machines_out_of_use() -> None:
    verdict = judge(need("sewing"), machine())
    assert verdict.answer == "no" and "Sewing is asked for" in verdict.reasons[0].sentence
    assert judge(need(), machine(status="down")).answer == "no"
    assert does(need("3d_printing"), "sls_printing")  # a kind of it
    assert not does(need("sls_printing"), "fdm_printing")
    unknown = need("other", processes=())
    assert judge(unknown, machine()).answer == "unknown"


LENGTH = st.floats(min_value=0.01, max_value=5000, allow_nan=False)
MAYBE = st.none() | LENGTH
MATERIAL = st.sampled_from(["steel", "stainless_steel", "metal", "aluminium", "plywood", "wood"])
BOXES = st.tuples(LENGTH, LENGTH, LENGTH)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Need, MachineFacts]:
    process = draw(st.sampled_from(["laser_cutting", "fdm_printing", "pcb_fabrication", "cnc_milling"]))
    limits = draw(
        st.dictionaries(st.sampled_from(["track_mm_min", "layers_max", "drill_mm_min", "thickness_mm_max"]), LENGTH)
    )
    wish = need(
        process,
        box=draw(st.none() | BOXES),
        material=draw(st.just("") | MATERIAL),
        thickness_mm=draw(MAYBE),
        limits=tuple(Limit(parameter=name, value=value) for name, value in limits.items()),
    )
    does_it = machine(
        process=process,
        work_x_mm=draw(MAYBE),
        work_y_mm=draw(MAYBE),
        work_z_mm=draw(MAYBE),
        materials=tuple(draw(st.lists(st.tuples(MATERIAL, MAYBE, MAYBE), max_size=3))),
        parameters=draw(st.dictionaries(st.sampled_from(list(limits) or ["track_mm_min"]), LENGTH)),
    )
    return wish, does_it


@given(pairs())
def test_quick_says_what_judge_says(pair: tuple[Need, MachineFacts]) -> None:
    assert quick(*pair) == judge(*pair).answer


@given(pairs(), st.floats(min_value=0, max_value=1000))
def test_a_machine_that_can_more_loses_nothing(pair: tuple[Need, MachineFacts], more: float) -> None:
    wish, before = pair
    after = dataclasses.replace(
        before,
        **{
            side: None if getattr(before, side) is None else getattr(before, side) + more
            for side in ("work_x_mm", "work_y_mm", "work_z_mm")
        },
        materials=tuple(
            (name, None if thin is None else max(0.0, thin - more), None if thick is None else thick + more)
            for name, thin, thick in before.materials
        ),
        parameters={
            name: value + more if name.endswith("_max") else max(0.0, value - more)
            for name, value in before.parameters.items()
        },
    )
    order = {"no": 0, "unknown": 1, "yes": 2}
    assert order[quick(wish, after)] >= order[quick(wish, before)]


@given(pairs())
def test_what_is_not_stated_never_makes_a_yes(pair: tuple[Need, MachineFacts]) -> None:
    wish, has = pair
    silent = dataclasses.replace(has, parameters={}, materials=(), work_x_mm=None, work_y_mm=None, work_z_mm=None)
    asks = bool(wish.limits or wish.material or any(piece.box_mm for piece in wish.pieces))
    assert quick(wish, silent) == ("unknown" if asks else "yes")


@given(BOXES, BOXES)
def test_turning_a_sheet_or_a_table_changes_nothing(box: tuple[float, ...], area: tuple[float, ...]) -> None:
    one = machine(work_x_mm=area[0], work_y_mm=area[1])
    turned = machine(work_x_mm=area[1], work_y_mm=area[0])
    assert quick(need(box=box), one) == quick(need(box=box[::-1]), turned)


@given(pairs())
def test_margins_have_the_sign_of_the_answer(pair: tuple[Need, MachineFacts]) -> None:
    for reason in judge(*pair).reasons:
        if reason.margin is not None:
            assert reason.margin >= -1e-6 if reason.answer == "yes" else reason.margin <= 0


def test_saws_brakes_and_lathes_are_limited_in_their_own_way() -> None:
    saw = machine(process="sawing", work_x_mm=None, work_y_mm=None, parameters={"length_mm_max": 1000})
    assert judge(need("sawing", box=(990, 80, 80)), saw).answer == "yes"
    assert told(judge(need("sawing", box=(1385, 80, 80)), saw), "size").margin == -385.0
    brake = dataclasses.replace(saw, process="sheet_bending")
    assert judge(need("sheet_bending", box=(990, 80, 3)), brake).answer == "yes"
    assert judge(need("sheet_bending", box=(1200, 80, 3)), brake).answer == "unknown"  # it may be bent across
    lathe = machine(process="turning", work_x_mm=None, work_y_mm=None, parameters={"swing_mm": 200, "centres_mm": 500})
    limits = (Limit(parameter="swing_mm", value=110.0), Limit(parameter="centres_mm", value=80.0))
    assert judge(need("turning", box=(110, 110, 80), limits=limits), lathe).answer == "yes"
