"""What changed from one version of a design to another: pure, no input or output."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from registry.builds import checking, views
from registry.builds import comparing_words as words
from registry.builds.compare_schemas import (
    CheckChange,
    Comparison,
    FieldChange,
    FileChange,
    LineChange,
    PicturePair,
    SideView,
    TargetChange,
)
from registry.builds.comparing_lines import compare_lines
from registry.builds.comparing_pictures import board_pictures
from registry.builds.schemas import BuildView, Materials, TargetView
from registry.designs.schemas import VersionDetail

LINES_MAX = 500
TARGETS_MAX = 60
FILES_MAX = 500
CHECKS_MAX = 200
_FILE_SORTS = ("changed", "moved", "added", "removed")

Files = Mapping[str, tuple[str, int]]
Reports = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Side:
    """All that is known of one version.

    Attributes:
        reports: name of a board -> its rule report (checks.json).
        files: path -> (blob id, size in bytes); None if the repository can't be read.
    """

    version: VersionDetail
    build: BuildView | None = None
    materials: Materials | None = None
    reports: Reports = field(default_factory=dict)
    files: Files | None = None


def compare(design: str, old: Side, new: Side) -> Comparison:
    """All differences, with the weightiest in sentences. Lists are cut at a length; how much was left out is told."""
    lines: list[LineChange] = []
    lines_same = 0
    if old.materials and new.materials:
        lines, lines_same = compare_lines(old.materials.lines, new.materials.lines)
    boards, boards_same = _targets("board", old.build, new.build)
    parts, parts_same = _targets("part", old.build, new.build)
    checks = _checks(old.reports, new.reports)
    files: list[FileChange] = []
    files_same = 0
    if old.files is not None and new.files is not None:
        files, files_same = compare_files(old.files, new.files)
    same = old.version.commit == new.version.commit
    sentences = [
        *words.of_lines(lines, lines_same),
        *words.of_targets([*boards, *parts]),
        *words.of_checks(checks),
        words.of_licence(old.version, new.version),
        *words.of_files(files, new.version.readme_path, old.version.readme_path),
    ]
    return Comparison(
        design=design,
        old=_side(old),
        new=_side(new),
        same=same,
        sentences=["Both stand for the same commit: nothing is different."] if same else sentences,
        missing=_missing(old, new),
        lines=lines[:LINES_MAX],
        lines_same=lines_same,
        lines_left_out=max(0, len(lines) - LINES_MAX),
        boards=boards[:TARGETS_MAX],
        parts=parts[:TARGETS_MAX],
        targets_same=boards_same + parts_same,
        targets_left_out=max(0, len(boards) - TARGETS_MAX) + max(0, len(parts) - TARGETS_MAX),
        checks=checks[:CHECKS_MAX],
        files=files[:FILES_MAX],
        files_same=files_same,
        files_left_out=max(0, len(files) - FILES_MAX),
    )


def _side(side: Side) -> SideView:
    version, build = side.version, side.build
    return SideView(
        version=version.name,
        label=version.label,
        commit=version.commit,
        committed_at=version.committed_at,
        licence=version.licence,
        build_id=build.id if build else None,
        build_state=build.state if build else "",
    )


def _missing(old: Side, new: Side) -> list[str]:
    told = []
    for side in (old, new) if old.version.commit != new.version.commit else (new,):
        name = side.version.name
        if side.build is None:
            told.append(f"{name} has not been built, so its materials, boards, parts and checks can't be compared.")
        elif side.build.state in ("queued", "running"):
            told.append(f"{name} is being built: what is not there yet is not compared. Look again when it is done.")
        else:
            if side.materials is None:
                told.append(f"{name} has no bill of materials to compare.")
            failed = [one.title for one in side.build.targets if one.state == "failed" and one.kind != "book"]
            if failed:
                more = f" and {len(failed) - 5} more" if len(failed) > 5 else ""
                told.append(f"In {name} these could not be built: {', '.join(failed[:5])}{more}.")
        if side.files is None:
            told.append(f"The files of {name} can't be read from its repository just now.")
    return told


# --- boards and parts


def _targets(kind: str, old: BuildView | None, new: BuildView | None) -> tuple[list[TargetChange], int]:
    """(boards or parts that are not the same, how many are)."""
    if old is None or new is None:
        return [], 0
    pairs = _pairs(
        [target for target in old.targets if target.kind == kind],
        [target for target in new.targets if target.kind == kind],
    )
    changes, same = [], 0
    for before, after in pairs:
        if before and after and _made(before) == _made(after) and before.state == after.state:
            same += 1
        else:
            changes.append(_target(before, after))
    return changes, same


def _pairs(old: list[TargetView], new: list[TargetView]) -> list[tuple[TargetView | None, TargetView | None]]:
    """By name; then by source file; and a single one left on both sides is the same thing renamed."""
    pairs: list[tuple[TargetView | None, TargetView | None]] = []
    gone = {target.name: target for target in old}
    come = []
    for target in new:
        before = gone.pop(target.name, None)
        if before is None:
            come.append(target)
        else:
            pairs.append((before, target))
    for target in list(come):
        before = next((one for one in gone.values() if one.source == target.source), None)
        if before is None and len(come) == 1 and len(gone) == 1 and len(old) == len(new) == 1:
            before = next(iter(gone.values()))
        if before is not None:
            del gone[before.name]
            come.remove(target)
            pairs.append((before, target))
    return pairs + [(None, target) for target in come] + [(target, None) for target in gone.values()]


def _made(target: TargetView) -> set[tuple[str, str]]:
    return {(artifact.path, artifact.sha256) for artifact in target.artifacts}


def _facts_of(target: TargetView | None) -> list[views.Fact]:
    if target is None:
        return []
    return views.board_facts(target.facts) if target.kind == "board" else views.part_facts(target.facts)


def _rows(before: TargetView | None, after: TargetView | None) -> list[FieldChange]:
    old, new = dict(_facts_of(before)), dict(_facts_of(after))
    names = dict.fromkeys([*new, *old])
    return [FieldChange(name=name, old=old.get(name, ""), new=new.get(name, "")) for name in names]


def _target(before: TargetView | None, after: TargetView | None) -> TargetChange:
    shown = after or before
    if shown is None:
        raise ValueError("a change has at least one side")
    both = before is not None and after is not None
    return TargetChange(
        change="changed" if both else "added" if after else "removed",
        kind="board" if shown.kind == "board" else "part",
        name=shown.name,
        title=shown.title,
        words=words.of_target(before, after) if before and after else [],
        facts=_rows(before, after),
        pictures=_pictures(before, after),
        same_size=bool(before and after and words.sizes(before) and words.sizes(before) == words.sizes(after)),
    )


def _pictures(before: TargetView | None, after: TargetView | None) -> list[PicturePair]:
    shown = after or before
    if shown is not None and shown.kind == "board":
        return board_pictures(before, after)
    old, new = (views.still(target) if target else None for target in (before, after))
    if not old and not new:
        return []
    return [PicturePair(view="As it is", old_url=old.url if old else "", new_url=new.url if new else "")]


# --- checks


def _count(report: Mapping[str, Any]) -> dict[tuple[str, str, str], tuple[int, str]]:
    """(check, rule, severity) -> (how many findings of the design's own, what one of them says)."""
    counts: Counter[tuple[str, str, str]] = Counter()
    said: dict[tuple[str, str, str], str] = {}
    for check in ("drc", "erc"):
        for finding in (report.get(check) or {}).get("findings", []):
            if not finding.get("environment"):
                key = (check, str(finding.get("type", "")), str(finding.get("severity", "")))
                counts[key] += 1
                said.setdefault(key, str(finding.get("text", "")))
    return {key: (count, said[key]) for key, count in counts.items()}


def _checks(old: Reports, new: Reports) -> list[CheckChange]:
    """Rules that are broken more or less often, on boards that both versions have; errors first."""
    changes = []
    for board in [name for name in new if name in old]:
        before, after = _count(old[board]), _count(new[board])
        for key in dict.fromkeys([*after, *before]):
            (was, said), (now, says) = before.get(key, (0, "")), after.get(key, (0, ""))
            if was != now:
                check, rule, severity = key
                changes.append(
                    CheckChange(
                        board=board,
                        check="drc" if check == "drc" else "erc",
                        rule=rule,
                        text=checking.rule_title(rule, says or said),
                        severity=severity,
                        old=was,
                        new=now,
                    )
                )
    changes.sort(key=lambda change: (change.board, change.severity != "error", -abs(change.new - change.old)))
    return changes


# --- files


def compare_files(old: Files, new: Files) -> tuple[list[FileChange], int]:
    """(files that are not the same, how many are). One that is gone here and there again elsewhere has moved."""
    changes: list[FileChange] = []
    gone = {path for path in old if path not in new}
    homes: dict[str, list[str]] = {}
    for path in sorted(gone, reverse=True):
        homes.setdefault(old[path][0], []).append(path)
    same = 0
    for path, (blob, size) in new.items():
        if path in old:
            if old[path][0] == blob:
                same += 1
            else:
                changes.append(FileChange(change="changed", path=path, old_bytes=old[path][1], new_bytes=size))
        elif size and homes.get(blob):  # all empty files are alike: none of them has moved
            was = homes[blob].pop()
            gone.discard(was)
            changes.append(FileChange(change="moved", path=path, old_path=was, old_bytes=size, new_bytes=size))
        else:
            changes.append(FileChange(change="added", path=path, old_bytes=None, new_bytes=size))
    changes += [
        FileChange(change="removed", path=path, old_bytes=old[path][1], new_bytes=None) for path in sorted(gone)
    ]
    changes.sort(key=lambda change: (_FILE_SORTS.index(change.change), change.path))
    return changes, same


def only_changed(rows: Sequence[FieldChange]) -> list[FieldChange]:
    """The rows whose value is another."""
    return [row for row in rows if row.old != row.new]
