"""The sentences of a comparison: pure, no input or output."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from registry.builds.compare_schemas import CheckChange, FileChange, LineChange, TargetChange
from registry.builds.schemas import TargetView
from registry.designs.schemas import VersionDetail
from registry.web.formats import grams, number, plural, unit

_TARGETS_TOLD = 5
_WORDS_TOLD = 4
_SIZE_MM_MIN = 0.05
_MASS_SHARE_MIN = 0.001
# The way a size changed, by its rank: (larger, smaller).
_BOARD_WAYS = (("longer", "shorter"), ("wider", "narrower"))
_PART_WAYS = (("longer", "shorter"), ("wider", "narrower"), ("thicker", "thinner"))
_MINIMA = (
    ("min_track_mm", "smallest track"),
    ("min_clearance_mm", "smallest clearance"),
    ("min_drill_mm", "smallest drill"),
    ("min_annular_ring_mm", "smallest ring"),
)
_SHELVES = (
    ("gerbers or drills", ("gerber", "drill")),
    ("positions", ("positions",)),
    ("schematic", ("schematic",)),
    ("cutting files", ("dxf",)),
    ("3D models", ("step", "stl", "3mf")),
)


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def of_lines(lines: Sequence[LineChange], same: int) -> list[str]:
    """Materials in a sentence; none if nothing could be compared."""
    if not lines:
        return [f"The materials are the same ({plural(same, 'line')})."] if same else []
    counts = {sort: sum(line.change == sort for line in lines) for sort in ("changed", "added", "removed")}
    told: list[str] = []
    for sort, count in counts.items():
        if count:
            told.append(f"{count} {sort}" if told else f"{plural(count, 'line')} of the materials {sort}")
    return [f"{', '.join(told)}."]


def _numbers(facts: dict[str, Any], name: str) -> float | None:
    value = facts.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def sizes(target: TargetView) -> list[float]:
    """Length, width (and thickness of a part), the largest first. Units: mm."""
    if target.kind == "board":
        size = target.facts.get("size_mm")
        values = [size.get("width"), size.get("height")] if isinstance(size, dict) else []
    else:
        box = target.facts.get("bounding_box_mm")
        values = list(box) if isinstance(box, list | tuple) else []
    return sorted((float(value) for value in values if isinstance(value, int | float)), reverse=True)


def of_target(before: TargetView, after: TargetView) -> list[str]:
    """How a board or part changed, in few words, the weightiest first."""
    if before.state != after.state and "failed" in (before.state, after.state):
        return ["was built before, and fails now" if after.state == "failed" else "failed before, and is built now"]
    told = list(_of_board(before, after) if after.kind == "board" else _of_part(before, after))
    if told:
        return told
    differing = [title for title, roles in _SHELVES if _digests(before, roles) != _digests(after, roles)]
    if differing:
        return [f"{_listed(differing)} {'are' if differing[-1].endswith('s') else 'is'} not the same"]
    return ["only pictures and reports are not the same"]


def _digests(target: TargetView, roles: tuple[str, ...]) -> list[tuple[str, str]]:
    return sorted((item.path, item.sha256) for role in roles for item in target.by_role(role))


def _ways(before: TargetView, after: TargetView, ways: tuple[tuple[str, str], ...]) -> Iterator[str]:
    old, new = sizes(before), sizes(after)
    if len(old) == len(new) == len(ways):
        for was, now, (larger, smaller) in zip(old, new, ways, strict=True):
            if abs(now - was) >= _SIZE_MM_MIN:
                yield f"{unit(abs(now - was), 'mm')} {larger if now > was else smaller}"


def _of_board(before: TargetView, after: TargetView) -> Iterator[str]:
    old, new = before.facts, after.facts
    yield from _ways(before, after, _BOARD_WAYS)
    was, now = _numbers(old, "copper_layers"), _numbers(new, "copper_layers")
    if was and now and was != now:
        yield f"{number(was, 0)} → {number(now, 0)} copper layers"
    was, now = _numbers(old, "thickness_mm"), _numbers(new, "thickness_mm")
    if was and now and was != now:
        yield f"{number(was)} → {unit(now, 'mm')} thick"
    for name, title in _MINIMA:
        was, now = _numbers(old, name), _numbers(new, name)
        if was is not None and now is not None and was != now:
            yield f"{title} {number(was, 3)} → {unit(now, 'mm', 3)}"
    for name, one in (("footprints", "footprint"), ("vias", "via"), ("nets", "net")):
        was, now = _count(old, name), _count(new, name)
        if was is not None and now is not None and was != now:
            yield f"{plural(int(abs(now - was)), one)} {'more' if now > was else 'fewer'}"


def _count(facts: dict[str, Any], name: str) -> float | None:
    """A count that stands by itself or as the total of several."""
    value = facts.get(name)
    return _numbers(value, "total") if isinstance(value, dict) else _numbers(facts, name)


def _of_part(before: TargetView, after: TargetView) -> Iterator[str]:
    old, new = before.facts, after.facts
    was, now = _numbers(old, "mass_g"), _numbers(new, "mass_g")
    if was and now and abs(now - was) > _MASS_SHARE_MIN * was:
        yield f"{grams(abs(now - was))} {'heavier' if now > was else 'lighter'}"
    yield from _ways(before, after, _PART_WAYS)
    if old.get("material") and new.get("material") and old["material"] != new["material"]:
        yield f"of {new['material']} in place of {old['material']}"
    was, now = _numbers(old, "volume_mm3"), _numbers(new, "volume_mm3")
    if not (_numbers(old, "mass_g") and _numbers(new, "mass_g")) and was and now:
        if abs(now - was) > _MASS_SHARE_MIN * was:
            yield f"{unit(abs(now - was) / 1000, 'cm³')} {'more' if now > was else 'less'} volume"
    if new.get("watertight") is False and old.get("watertight"):
        yield "its surface is no longer closed"


def of_targets(targets: Sequence[TargetChange]) -> list[str]:
    """A sentence for each of the first boards and parts; the rest in one."""
    told = []
    for target in targets[:_TARGETS_TOLD]:
        name = f"{target.kind.capitalize()} {target.title}"
        if target.change == "changed":
            told.append(f"{name}: {', '.join(target.words[:_WORDS_TOLD])}.")
        else:
            told.append(f"{name} is {'new' if target.change == 'added' else 'gone'}.")
    if len(targets) > _TARGETS_TOLD:
        told.append(f"{plural(len(targets) - _TARGETS_TOLD, 'more board or part', 'more boards and parts')} changed.")
    return told


def of_checks(checks: Sequence[CheckChange]) -> list[str]:
    """A sentence on what the rule checks find more or fewer of; none if they find the same."""
    told = []
    for severity, one in (("error", "error"), ("warning", "warning")):
        more = sum(check.new - check.old for check in checks if check.severity == severity)
        if more:
            told.append(f"{plural(abs(more), one)} {'more' if more > 0 else 'fewer'}")
    return [f"Rule checks: {', '.join(told)}."] if told else ["Rule checks find other things."] if checks else []


def of_licence(old: VersionDetail, new: VersionDetail) -> str:
    """A sentence on the licence, changed or not."""
    if old.licence == new.licence:
        return f"The licence is unchanged ({new.licence})." if new.licence else "The licence is unchanged."
    return f"The licence changed from {old.licence or 'none'} to {new.licence or 'none'}."


def of_files(files: Sequence[FileChange], *readmes: str) -> list[str]:
    """Sentences on the files that differ, the README first."""
    counts = {sort: sum(file.change == sort for file in files) for sort in ("changed", "moved", "added", "removed")}
    told: list[str] = []
    for sort, count in counts.items():
        if count:
            told.append(f"{count} {sort}" if told else f"{plural(count, 'file')} {sort}")
    readme = any(file.path in readmes and file.change == "changed" for file in files)
    return ["README changed."] * readme + ([f"{', '.join(told)}."] if told else [])
