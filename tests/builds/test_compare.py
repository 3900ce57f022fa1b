"""What changed between two versions, told from their views alone."""

from __future__ import annotations

import datetime as dt
from typing import Any

from registry.builds.compare_schemas import FieldChange, PicturePair
from registry.builds.comparing import FILES_MAX, LINES_MAX, Side, compare, compare_files
from registry.builds.comparing_lines import compare_lines
from registry.builds.schemas import ArtifactView, BomLine, BuildView, Materials, TargetView, Use
from registry.designs.schemas import VersionDetail

NOW = dt.datetime(2025, 3, 1, tzinfo=dt.UTC)


def line(id: str, quantity: float = 1, *, refs: str = "", target: str = "board", **more: Any) -> BomLine:
    uses = [Use(target=target, designators=refs.split(), quantity=quantity)]
    return BomLine(id=id, kind=more.pop("kind", "electronic"), quantity=quantity, uses=uses, **more)


def version(name: str, commit: str = "", **more: Any) -> VersionDetail:
    values: dict[str, Any] = {
        "name": name, "label": name, "kind": "tag", "commit": commit or name * 8, "committed_at": NOW,
        "prerelease": False, "newest": False, "current": True, "revision_id": 1, "title": "Thing", "summary": "",
        "licence": "CERN-OHL-S-2.0", "licence_words": "", "licences": {}, "authors": [], "tags": [],
        "readme_path": "README.md", "docs": [], "findings": [], "mass_g": None, "outer_dimensions_mm": None,
        "sub_designs": [], "manifest": "", "picture": None,
    }  # fmt: skip
    return VersionDetail(**{**values, **more})


def target(kind: str, name: str, facts: dict[str, Any], state: str = "done", **files: str) -> TargetView:
    artifacts = [
        ArtifactView(path=role, role=role, media_type="", group="", size_bytes=1, sha256=sha, url=f"/{name}/{sha}")
        for role, sha in files.items()
    ]
    return TargetView(
        id=1, name=name, title=name, kind=kind, builder="b", source=f"{name}.x", state=state, cached=False,  # type: ignore[arg-type]
        seconds=1, message="", remedy="", notes=[], log_tail="", steps=[], artifacts=artifacts, facts=facts,
    )  # fmt: skip


def build(*targets: TargetView, state: str = "done") -> BuildView:
    return BuildView(
        id=1, design="thing", design_name="Thing", version="v", label="v", commit="c", state=state,  # type: ignore[arg-type]
        requested_at=NOW, started_at=NOW, finished_at=NOW, seconds=1, queue_position=None, message="", not_built=[],
        targets=list(targets), bundle=None,
    )  # fmt: skip


def test_a_line_is_followed_through_a_new_value_mpn_and_row() -> None:
    old = [
        line("a", 4, refs="R1 R2 R3 R4", value="10k"),
        line("b", 1, refs="U1", value="MCU", mpn="ATM-1"),
        line("c", 8, kind="fastener", target="bom", description="Screw M3x10"),
        line("d", 1, refs="C1", value="1u"),
        line("e", 2, refs="D1 D2", value="LED", mpn="L-1", manufacturer="Acme"),
    ]
    new = [
        line("a2", 4, refs="R1 R2 R3 R4", value="12k"),
        line("b2", 1, refs="U1", value="MCU", mpn="ATM-2"),
        line("c2", 10, kind="fastener", target="bom", description="Screw M3x10"),
        line("f", 1, kind="consumable", target="bom", description="Label"),
        line("e", 2, refs="D1 D2", value="LED", mpn="L-1", manufacturer="Acme"),
    ]
    changes, same = compare_lines(old, new)
    assert same == 1
    told = {change.what: (change.change, [(row.name, row.old, row.new) for row in change.fields]) for change in changes}
    assert told == {
        "12k": ("changed", [("Value", "10k", "12k")]),
        "MCU": ("changed", [("MPN", "ATM-1", "ATM-2")]),
        "Screw M3x10": ("changed", [("Quantity", "8", "10")]),
        "Label": ("added", []),
        "1u": ("removed", []),
    }
    gone = next(change for change in changes if change.change == "removed")
    assert gone.old_quantity == 1 and gone.new_quantity is None


def test_a_designator_that_changes_lines_is_told_on_both() -> None:
    old = [line("a", 2, refs="R1 R2", value="10k"), line("b", 1, refs="R3", value="1k")]
    new = [line("a", 1, refs="R1", value="10k"), line("b", 2, refs="R2 R3", value="1k")]
    changes, _ = compare_lines(old, new)
    fields = [{row.name: (row.old, row.new) for row in change.fields} for change in changes]
    assert fields == [
        {"Quantity": ("2", "1"), "Designators": ("R2", "")},
        {"Quantity": ("1", "2"), "Designators": ("", "R2")},
    ]


def test_every_line_is_told_once_whatever_the_bills_are() -> None:
    old = [line(f"o{n}", 1, refs=f"R{n % 7}", value=str(n % 3), mpn=f"M{n % 5}" if n % 2 else "") for n in range(60)]
    new = [line(f"n{n}", 1, refs=f"R{n % 11}", value=str(n % 4), mpn=f"M{n % 6}" if n % 3 else "") for n in range(50)]
    changes, same = compare_lines(old, new)
    both = same + sum(change.change == "changed" for change in changes)
    assert both + sum(change.change == "removed" for change in changes) == len(old)
    assert both + sum(change.change == "added" for change in changes) == len(new)
    assert compare_lines(old, old) == ([], len(old))
    assert compare_lines([], []) == ([], 0)


def sides() -> tuple[Side, Side]:
    facts = {"size_mm": {"width": 70.0, "height": 34.0}, "min_track_mm": 0.2, "footprints": {"total": 10}}
    longer = {"size_mm": {"width": 72.0, "height": 34.0}, "min_track_mm": 0.15, "footprints": {"total": 10}}
    finding = {"type": "clearance", "severity": "error", "text": "Clearance violation (0.1 mm)", "environment": False}
    foreign = {"type": "lib_symbol_issues", "severity": "warning", "text": "Library", "environment": True}
    old = Side(
        version("v1"),
        build(
            target("board", "main", facts, gerber="g1"),
            target("part", "lid", {"mass_g": 100.0, "bounding_box_mm": [40, 30, 2]}, step="s1"),
            target("part", "base", {"mass_g": 5.0}, step="b1"),
            target("part", "clip", {}, step="c1"),
        ),
        Materials(lines=[line("a", 4, value="10k"), line("b", value="1u")]),
        {"main": {"drc": {"findings": [finding, finding, foreign]}}},
        {"README.md": ("1", 10), "a.txt": ("2", 5), "docs/b.txt": ("3", 7)},
    )
    new = Side(
        version("v2"),
        build(
            target("board", "main", longer, gerber="g2"),
            target("part", "lid", {"mass_g": 88.0, "bounding_box_mm": [40, 30, 2]}, step="s2"),
            target("part", "base", {"mass_g": 5.0}, step="b1"),
            target("part", "hook", {}, step="h1"),
        ),
        Materials(lines=[line("a", 5, value="10k"), line("b", value="1u"), line("c", value="LED")]),
        {"main": {"drc": {"findings": [finding, foreign, foreign]}}},
        {"README.md": ("9", 12), "docs/c.txt": ("3", 7), "new.txt": ("4", 1)},
    )
    return old, new


def test_the_summary_says_what_changed_in_sentences() -> None:
    told = compare("thing", *sides())
    assert told.sentences == [
        "1 line of the materials changed, 1 added.",
        "Board main: 2\u202fmm longer, smallest track 0.2 → 0.15\u202fmm.",
        "Part lid: 12\u202fg lighter.",
        "Part hook is new.",
        "Part clip is gone.",
        "Rule checks: 1 error fewer.",
        "The licence is unchanged (CERN-OHL-S-2.0).",
        "README changed.",
        "1 file changed, 1 moved, 1 added, 1 removed.",
    ]
    assert told.missing == [] and not told.same
    assert told.targets_same == 1 and told.lines_same == 1
    board = told.boards[0]
    assert FieldChange(name="Smallest track", old="0.2\u202fmm", new="0.15\u202fmm") in board.facts
    assert not board.same_size and told.parts[0].same_size
    assert [(check.rule, check.text, check.old, check.new) for check in told.checks] == [
        ("clearance", "Clearance violation", 2, 1)
    ]
    moved = next(file for file in told.files if file.change == "moved")
    assert (moved.old_path, moved.path) == ("docs/b.txt", "docs/c.txt")


def test_backwards_says_the_contrary() -> None:
    old, new = sides()
    told = compare("thing", new, old)
    assert "1 line of the materials changed, 1 removed." in told.sentences
    assert "Board main: 2\u202fmm shorter, smallest track 0.15 → 0.2\u202fmm." in told.sentences
    assert "Part lid: 12\u202fg heavier." in told.sentences
    assert "Rule checks: 1 error more." in told.sentences


def test_what_is_not_there_is_said() -> None:
    old, new = sides()
    bare = Side(version("v0"), None, None, {}, None)
    told = compare("thing", bare, new)
    assert told.missing == [
        "v0 has not been built, so its materials, boards, parts and checks can't be compared.",
        "The files of v0 can't be read from its repository just now.",
    ]
    assert not told.lines and not told.boards and not told.files and not told.targets_same
    failed = Side(version("v3"), build(target("board", "main", {}, "failed")), None, {}, {"README.md": ("1", 1)})
    told = compare("thing", old, failed)
    assert "In v3 these could not be built: main." in told.missing
    assert "Board main: was built before, and fails now." in told.sentences
    running = Side(version("v4"), build(state="running"), None, {}, {})
    assert "v4 is being built" in compare("thing", old, running).missing[0]


def test_the_same_commit_has_no_differences() -> None:
    old, _ = sides()
    told = compare("thing", old, old)
    assert told.same and told.sentences == ["Both stand for the same commit: nothing is different."]
    assert not told.lines and not told.boards and not told.parts and not told.files and not told.checks


def test_huge_designs_are_cut_and_said_to_be() -> None:
    many = {f"{n}.txt": (str(n), 1) for n in range(FILES_MAX + 700)}
    lines = [line(f"l{n}", value=f"V{n}", refs=f"R{n}") for n in range(LINES_MAX + 40)]
    old = Side(version("v1"), build(), Materials(lines=[]), {}, {})
    new = Side(version("v2"), build(), Materials(lines=lines), {}, many)
    told = compare("thing", old, new)
    assert len(told.files) == FILES_MAX and told.files_left_out == 700
    assert len(told.lines) == LINES_MAX and told.lines_left_out == 40
    assert f"{FILES_MAX + 700:,} files added.".replace(",", "\u202f") in told.sentences


def test_a_renamed_board_that_is_the_only_one_is_the_same_board() -> None:
    old, new = build(target("board", "alpha", {}, gerber="1")), build(target("board", "beta", {}, gerber="2"))
    told = compare("thing", Side(version("v1"), old, None, {}, {}), Side(version("v2"), new, None, {}, {}))
    assert [(item.change, item.words) for item in told.boards] == [("changed", ["gerbers or drills are not the same"])]


def test_empty_files_do_not_move() -> None:
    changes, same = compare_files({"a": ("e", 0)}, {"b": ("e", 0)})
    assert [(change.change, change.path) for change in changes] == [("added", "b"), ("removed", "a")] and not same


def test_a_changed_licence_is_told() -> None:
    old, new = Side(version("v1"), files={}), Side(version("v2", licence="MIT"), files={})
    assert "The licence changed from CERN-OHL-S-2.0 to MIT." in compare("thing", old, new).sentences


def test_boards_of_two_sizes_are_drawn_at_one_scale_where_they_lie() -> None:
    def of(width: float, x: float, digest: str) -> TargetView:
        facts = {"size_mm": {"width": width, "height": 20.0}, "outline_centre_mm": {"x": x, "y": 50.0}}
        shown = target("board", "main", facts, render=digest)
        picture = shown.artifacts[0].model_copy(update={"path": "top.png", "role": "render"})
        return shown.model_copy(update={"artifacts": [picture, picture.model_copy(update={"path": "bottom.png"})]})

    def framed(old: TargetView, new: TargetView) -> list[PicturePair]:
        return compare("thing", Side(version("v1"), build(old)), Side(version("v2"), build(new))).boards[0].pictures

    # 40 mm become 80 by growing to the right: the left edges stay on each other, and on the bottom the right ones.
    top, bottom = framed(of(40, 120, "a"), of(80, 140, "b"))
    assert top.aligned == "page" and top.old_frame and top.new_frame and bottom.old_frame and bottom.new_frame
    assert top.new_frame.width == 1280 and top.old_frame.width == 640
    middle_old, middle_new = (frame.x + 631.5 * frame.width / 1280 for frame in (top.old_frame, top.new_frame))
    assert round(middle_new - middle_old, 1) == round(20 * 926.5 / 80, 1)
    assert round(bottom.old_frame.x + 631.5 / 2 - 631.5, 1) == round(20 * 926.5 / 80, 1)
    # Moved as a whole on its page, or built before its place was measured: by the middle.
    (top, _) = framed(of(40, 120, "a"), of(80, 400, "b"))
    assert top.aligned == "middle" and top.old_frame and top.old_frame.x == round(631.5 / 2, 2)
