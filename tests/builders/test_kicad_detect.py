"""Which boards and schematics a tree holds, and which files each needs. Nothing is run."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

import pytest

from builders.contract import MIB, SourceFile, Target
from builders.kicad import BUILDER, facts, sexpr
from builders.kicad.board_file import read_facts
from builders.kicad.components import from_legacy, merge, safe_cell, table
from builders.kicad.detect import boards_of, copper_count
from builders.kicad.layers import user_names
from builders.kicad.layout import PROJECT_DIR, point_to_models, show_layers
from builders.kicad.outputs import board_outputs
from builders.kicad.tools import patience

BOARD = '(kicad_pcb (version 20241229) (generator "pcbnew")\n (layers (0 "F.Cu" signal) (2 "B.Cu" signal))\n {}\n)\n'
LINE = '(gr_line (start 0 0) (end 10 0) (layer "Edge.Cuts"))'
SHEET = '(kicad_sch (version 20250114) (generator "eeschema")\n {}\n)\n'
SUBSHEET = '(sheet (property "Sheetname" "x") (property "Sheetfile" "{}"))'


class TextTree:
    """A tree of texts."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._content = {path: text.encode() for path, text in texts.items()}

    @property
    def files(self) -> Mapping[str, SourceFile]:
        return {
            path: SourceFile(path, hashlib.sha1(content).hexdigest(), len(content))
            for path, content in sorted(self._content.items())
        }

    def read(self, path: str, limit_bytes: int = MIB) -> bytes:
        return self._content[path][:limit_bytes]


def detect(texts: Mapping[str, str]) -> list[Target]:
    return BUILDER.detect(TextTree(texts))


def names(target: Target) -> set[str]:
    """The target's inputs, as seen from the project's folder."""
    return {str(PurePosixPath(path).relative_to(PROJECT_DIR)) for path in target.inputs if path.startswith(PROJECT_DIR)}


def test_a_board_takes_its_project_and_nothing_else() -> None:
    (target,) = detect(
        {
            "README.md": "# hello",
            "hw/x.kicad_pcb": BOARD.format(LINE),
            "hw/x.kicad_sch": SHEET.format(""),
            "hw/x.kicad_pro": "{}",
            "hw/x.kicad_dru": "",
            "hw/x.kicad_prl": "{}",
            "hw/x.csv": "",
            "hw/fp-info-cache": "",
            "hw/other.step": "",
        }
    )
    assert (target.source, target.name, target.kind) == ("hw/x.kicad_pcb", "x", "board")
    assert names(target) == {"x.kicad_pcb", "x.kicad_sch", "x.kicad_pro", "x.kicad_dru"}


def test_the_same_project_elsewhere_has_the_same_inputs() -> None:
    files = {
        "x.kicad_pcb": BOARD.format(LINE),
        "lib.pretty/a.kicad_mod": "",
        "fp-lib-table": '(uri "${KIPRJMOD}/lib.pretty")',
    }
    here, there = ({f"{folder}{name}": text for name, text in files.items()} for folder in ("", "deep/down/hw/"))
    assert list(detect(here)[0].inputs) == list(detect(there)[0].inputs)
    assert names(detect(here)[0]) == {"x.kicad_pcb", "lib.pretty/a.kicad_mod", "fp-lib-table"}


def test_files_above_the_project_keep_their_place() -> None:
    model = '(footprint "a" (model "${KIPRJMOD}/../lib/part.wrl"))'
    (target,) = detect({"hw/x.kicad_pcb": BOARD.format(model), "lib/part.wrl": "", "lib/part.step": ""})
    up = str(PurePosixPath(PROJECT_DIR).parent)
    assert {f"{up}/lib/part.wrl", f"{up}/lib/part.step"} <= set(target.inputs)


def test_models_and_libraries_with_old_spellings_are_found() -> None:
    (target,) = detect(
        {
            "x.kicad_pcb": BOARD.format('(module a (model ${KIPRJMOD}/m/a.step)) (module b (model "m\\\\b.wrl"))'),
            "m/a.step": "",
            "m/b.wrl": "",
            "fp-lib-table": '(lib (name T)(uri "$(KIPRJMOD)\\\\T.pretty"))',
            "T.pretty/t.kicad_mod": "",
        }
    )
    assert {"m/a.step", "m/b.wrl", "T.pretty/t.kicad_mod"} <= names(target)


def test_a_model_on_somebodys_computer_is_named() -> None:
    (target,) = detect({"x.kicad_pcb": BOARD.format('(footprint "a" (model "/home/me/part.step"))')})
    assert any("part.step" in note for note in target.notes)


def test_references_out_of_the_repository_are_not_followed() -> None:
    reference = "${KIPRJMOD}/../../../../../../../../etc/passwd.step"
    (target,) = detect({"a/x.kicad_pcb": BOARD.format(f'(footprint "a" (model "{reference}"))')})
    assert names(target) == {"x.kicad_pcb"}
    assert all(".." not in path and not path.startswith("/") for path in target.inputs)


def test_subsheets_are_found_and_loops_end() -> None:
    (target,) = detect(
        {
            "x.kicad_pcb": BOARD.format(LINE),
            "x.kicad_sch": SHEET.format(SUBSHEET.format("sub/a.kicad_sch")),
            "sub/a.kicad_sch": SHEET.format(SUBSHEET.format("b.kicad_sch") + SUBSHEET.format("../x.kicad_sch")),
            "sub/b.kicad_sch": SHEET.format(SUBSHEET.format("missing.kicad_sch")),
            "sub/unused.kicad_sch": SHEET.format(""),
        }
    )
    assert names(target) == {"x.kicad_pcb", "x.kicad_sch", "sub/a.kicad_sch", "sub/b.kicad_sch"}


def test_backups_and_empty_boards_are_no_targets() -> None:
    texts = {
        "x.kicad_pcb": BOARD.format(LINE),
        "_autosave-x.kicad_pcb": BOARD.format(LINE),
        "x-backups/x.kicad_pcb": BOARD.format(LINE),
        "x-bak.kicad_pcb": BOARD.format(LINE),
        ".history/x.kicad_pcb": BOARD.format(LINE),
        "new/new.kicad_pcb": BOARD.format(""),
    }
    assert [target.source for target in detect(texts)] == ["x.kicad_pcb"]


def test_a_stale_schematic_of_kicad_5_is_left_alone() -> None:
    (target,) = detect(
        {
            "x.kicad_pcb": BOARD.format(LINE),
            "x.kicad_sch": SHEET.format(""),
            "x.sch": "EESchema Schematic File Version 4\n",
            "sub.sch": "EESchema Schematic File Version 4\n",
            "x.pro": "",
            "x.kicad_pro": "{}",
        }
    )
    assert target.options["schematic"] == ".kicad_sch"
    assert names(target) == {"x.kicad_pcb", "x.kicad_sch", "x.kicad_pro"}


def test_a_schematic_of_another_tool_is_none_of_ours() -> None:
    (target,) = detect({"x.kicad_pcb": BOARD.format(LINE), "x.sch": '<?xml version="1.0"?><eagle/>'})
    assert target.options["schematic"] == ""
    assert any("no schematic" in note for note in target.notes)


def test_a_schematic_without_board_gives_what_a_schematic_gives() -> None:
    (target,) = detect({"x.kicad_sch": SHEET.format(SUBSHEET.format("a.kicad_sch")), "a.kicad_sch": SHEET.format("")})
    assert target.source == "x.kicad_sch"
    paths = {output.path for output in target.outputs}
    assert "schematic.pdf" in paths and "board.glb" not in paths


def test_kitspace_names_the_boards() -> None:
    texts = {"a/a.kicad_pcb": BOARD.format(LINE), "b/b.kicad_pcb": BOARD.format(LINE)}
    (target,) = detect(texts | {"kitspace.yaml": "eda:\n  type: kicad\n  pcb: b/b.kicad_pcb\n"})
    assert target.source == "b/b.kicad_pcb"
    assert any("a/a.kicad_pcb" in note for note in target.notes)
    many = "multi:\n  first one:\n    eda: {pcb: a/a.kicad_pcb}\n  two:\n    eda: {type: kicad, pcb: b/b.kicad_pcb}\n"
    assert [target.name for target in detect(texts | {"kitspace.yaml": many})] == ["first-one", "two"]


@pytest.mark.parametrize(
    "text", ["bom: [", "- 1\n- 2\n", "eda: 3\n", "multi: {a: 1}\n", "eda: {pcb: gone.kicad_pcb}\n"]
)
def test_a_useless_kitspace_manifest_changes_nothing(text: str) -> None:
    assert [target.source for target in detect({"x.kicad_pcb": BOARD.format(LINE), "kitspace.yaml": text})] == [
        "x.kicad_pcb"
    ]


def test_inner_layers_are_promised() -> None:
    layers = "(layers (0 F.Cu signal) (1 GND power) (2 PWR power) (31 B.Cu signal) (44 Edge.Cuts user))"
    (target,) = detect({"x.kicad_pcb": f"(kicad_pcb (version 20171130) {layers} {LINE})"})
    assert {"gerbers/*.g1", "gerbers/*.g2"} <= {output.path for output in target.outputs}
    assert "gerbers/*.g3" not in {output.path for output in target.outputs}


def test_unlike_boards_of_one_name_have_unlike_folders() -> None:
    found = detect({"a/x.kicad_pcb": BOARD.format(LINE), "b/x.kicad_pcb": BOARD.format(LINE)})
    assert [target.name for target in found] == ["a-x", "b-x"]


def test_old_schematics_give_their_parts_and_fields() -> None:
    text = (
        "EESchema Schematic File Version 4\n$Comp\nL Device:R R1\nU 1 1 5A\nP 1 1\n"
        'AR Path="/1" Ref="R1"  Part="1" \nAR Path="/2" Ref="R7"  Part="1" \n'
        'F 0 "R1" H 1 1 50  0000 L CNN\nF 1 "10k" H 1 1 50  0000 L CNN\nF 2 "R:R_0603" H 1 1 50  0001 C CNN\n'
        'F 3 "~" H 1 1 50  0001 C CNN\nF 4 "RC0603 \\"x\\"" H 1 1 50  0001 C CNN "MPN"\n$EndComp\n'
        '$Comp\nL power:GND #PWR01\nU 1 1 5B\nF 0 "#PWR01" H 1 1 50  0001 C CNN\n$EndComp\n'
    )
    parts = from_legacy([text])
    assert [part["reference"] for part in parts] == ["R1", "R7"]
    assert parts[0]["fields"] == {"MPN": 'RC0603 "x"'} and parts[0]["value"] == "10k"


def test_the_table_groups_like_parts_and_defuses_formulas() -> None:
    board = sexpr.read(
        '(kicad_pcb (footprint "R:R" (layer "F.Cu") (attr smd) (property "Reference" "R10") (property "Value" "1k"))'
        '(footprint "R:R" (layer "B.Cu") (attr smd) (property "Reference" "R2") (property "Value" "1k"))'
        '(footprint "R:R" (layer "F.Cu") (attr smd dnp) (property "Reference" "R3") (property "Value" "=cmd()")))'
    )
    _, footprints = read_facts(board)
    lines = table(merge([], footprints)).splitlines()
    assert lines[1].startswith('"R2, R10",1k,R:R,2,,')
    assert lines[2].startswith("R3,'=cmd(),R:R,1,yes,")
    assert [safe_cell(text) for text in ("-5V", "+3.3", "=1", "@x", "-rm")] == ["-5V", "+3.3", "'=1", "'@x", "'-rm"]


@pytest.mark.parametrize("text", ["", "(a (b)", ")", "a b", "(a " * 1000])
def test_broken_expressions_are_refused(text: str) -> None:
    with pytest.raises(sexpr.Unreadable):
        sexpr.read(text)


def test_deep_expressions_do_not_exhaust_the_stack() -> None:
    node = sexpr.read("(a " * 50_000 + ")" * 50_000)
    assert node[0] == "a"


def test_models_on_the_designers_computer_are_found_by_name_in_the_repository() -> None:
    models = ("/home/ada/3d/Knob.step", "${MY_3D}/gone.step", "${KICAD9_3DMODEL_DIR}/R.3dshapes/R.wrl")
    named = "\n".join(f'(model "{model}" (offset (xyz 0 0 0)))' for model in models)
    board = f'(kicad_pcb (version 20240108) (footprint "a" {named}))'
    tree = TextTree({"hw/b.kicad_pcb": board, "hw/models/knob.STEP": "ISO-10303-21;", "hw/b.kicad_pro": "{}"})
    (target,) = BUILDER.detect(tree)
    found = target.options["models"]
    assert list(found) == ["/home/ada/3d/Knob.step"]
    assert target.inputs[found["/home/ada/3d/Knob.step"]] == "hw/models/knob.STEP"
    pointed = point_to_models(board, found)
    assert '(model "${KIPRJMOD}/models/knob.STEP"' in pointed and "/home/ada" not in pointed
    assert '(model "${KICAD9_3DMODEL_DIR}/R.3dshapes/R.wrl"' in pointed
    assert any("gone.step" in note for note in target.notes)


def test_hidden_layers_of_kicad_5_keep_their_names() -> None:
    rows = "(0 Top signal) (1 GND power hide) (31 B.Cu signal hide) (32 B.Adhes user hide)"
    board = sexpr.read(f"(kicad_pcb (layers {rows}))")
    names = user_names(board, ["F.Cu", "In1.Cu", "B.Cu"])
    assert [names[layer] for layer in ("F.Cu", "In1.Cu", "B.Cu")] == ["Top", "GND", "B.Cu"]
    assert "hide" not in names.values()


def test_layers_that_the_designer_had_switched_off_are_shown() -> None:
    rows = '(0 F.Cu signal) (31 "B.Cu" signal hide) (38 B.Mask user hide) (36 "B.SilkS" user "B.Silkscreen" hide)'
    rest = '(setup (gr_text "(38 B.Mask user hide)"))'
    shown = show_layers(f"(kicad_pcb (layers {rows}) {rest})")
    assert shown.count("hide") == 1 and shown.endswith(f"{rest})")
    assert '(31 "B.Cu" signal) (38 B.Mask user) (36 "B.SilkS" user "B.Silkscreen")' in shown
    for nothing in ("(kicad_pcb)", "(layers (0 F.Cu signal hide)", f"(kicad_pcb (layers (0 F.Cu signal)) {rest})"):
        assert show_layers(nothing) == nothing


def test_a_panel_of_a_board_is_not_another_board() -> None:
    board = BOARD.format(LINE + '(footprint "x" (property "Reference" "R1" (at 0 0)))')
    names = (
        "hw/lamp.kicad_pcb",
        "hw/lamp_panel.kicad_pcb",
        "hw/panel/lamp-panelized 4x4.kicad_pcb",
        "hw/panel.kicad_pcb",
    )
    found = BUILDER.detect(TextTree(dict.fromkeys(names, board) | {"front/solar panel.kicad_pcb": board}))
    assert {target.source for target in found} == {
        "hw/lamp.kicad_pcb",
        "hw/panel.kicad_pcb",
        "front/solar panel.kicad_pcb",
    }


def test_only_copper_counts_as_copper() -> None:
    """KiCad 9 lets designers say what their own layers are for; KiCad 5 lets them rename the copper."""
    nine = '(kicad_pcb (layers (0 "F.Cu" signal) (2 "B.Cu" signal) (39 "User.1" signal) (41 "User.2" signal)))'
    five = "(kicad_pcb (layers (0 Top signal) (1 GND power) (2 PWR power) (31 Bottom signal) (36 B.SilkS user)))"
    assert [copper_count(text) for text in (nine, five)] == [2, 4]
    assert user_names(sexpr.read(nine), ["F.Cu", "B.Cu"])["B.Cu"] == "B.Cu"
    assert user_names(sexpr.read(five), ["F.Cu", "In1.Cu", "In2.Cu", "B.Cu"])["In2.Cu"] == "PWR"


def test_another_state_of_a_board_is_not_a_second_board() -> None:
    def parts(*numbers: int) -> str:
        return BOARD.format(LINE + "".join(f'(footprint "x" (property "Reference" "R{n}" (at 0 0)))' for n in numbers))

    tree = {"mixer.kicad_pro": "{}", "mixer.kicad_pcb": parts(1, 2, 3, 4, 5, 6)}
    (mixer,) = detect(tree | {"mixer-unrouted.kicad_pcb": parts(1, 2, 3, 4, 5)})
    assert any("mixer-unrouted.kicad_pcb" in note for note in mixer.notes)
    # A front panel has a name like that and other parts, or none; a second version has a project of its own.
    assert len(detect(tree | {"mixer-panel.kicad_pcb": parts(11, 12), "mixer_panel.kicad_pcb": parts()})) == 3
    assert len(detect(tree | {"mixer-v2.kicad_pcb": parts(1, 2, 3, 4, 5), "mixer-v2.kicad_pro": "{}"})) == 2


def test_boards_of_alike_names_are_each_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many states a repository says it has: what is compared has an end, and a number without one is none."""
    read: list[str] = []
    plain = TextTree.read
    monkeypatch.setattr(TextTree, "read", lambda self, path, most=MIB: (read.append(path), plain(self, path, most))[1])
    board = BOARD.format(LINE + "(footprint x) ; {}")
    tree = {"a" + "-" * n + ".kicad_pcb": board.format(n) for n in range(20)}
    tree |= {"a" + "-" * n + ".kicad_pro": "{}" for n in range(10)}
    boards_of(TextTree(tree))
    assert max(Counter(read).values()) <= 2
    assert copper_count(f"(kicad_pcb (layers ({'9' * 5_000} F.Cu signal)))") == 2
    assert user_names(sexpr.read("(kicad_pcb (layers (x F.Cu signal)))"), ["F.Cu", "B.Cu"])["F.Cu"] == "F.Cu"


def test_large_boards_get_more_time_but_not_without_end() -> None:
    assert [patience(size * MIB) for size in (0, 1, 16, 32, 70, 4_000)] == [1, 1, 1, 2, 3, 3]


def test_a_repository_of_many_boards_says_what_is_left_out() -> None:
    found = detect({f"k{number}.kicad_pcb": BOARD.format(LINE) for number in range(63)})
    assert len(found) == 60 and "3 are left out: k60.kicad_pcb" not in found[0].notes
    assert any("3 are left out" in note for note in found[-1].notes)


def test_sheets_are_found_whatever_language_their_designer_speaks() -> None:
    """KiCad 6 wrote the name of the field in the language of its user's menus."""
    sheet = '(sheet (property "Nom de la feuille" "alim") (property "Fichier de feuille" "{}.kicad_sch"))'
    tree = {
        "x.kicad_pcb": BOARD.format(LINE),
        "x.kicad_sch": SHEET.format(sheet.format("alim") + sheet.format("gone")),
        "alim.kicad_sch": SHEET.format(""),
    }
    (target,) = detect(tree)
    assert "alim.kicad_sch" in names(target)
    assert any("not in the repository: gone.kicad_sch" in note for note in target.notes)


def test_every_drill_file_that_kicad_makes_is_promised() -> None:
    """Blind and buried vias have files of their own: without them, a board of six layers could not be made."""
    patterns = [output.path for output in board_outputs(12, "") if output.role == "drill"]
    made = ("PTH", "NPTH", "front-in1", "front-in10", "in2-in3", "in9-in10", "in4-back", "in10-back")
    for name in made:
        assert any(fnmatchcase(f"gerbers/lamp-{name}.drl", pattern) for pattern in patterns), name


def test_a_board_without_an_outline_has_no_size() -> None:
    job = {"GeneralSpecs": {"Size": {"X": 0.0, "Y": 0.0}, "LayerNumber": 2}}
    assert facts.merge({}, None, job, {})["size_mm"] is None
