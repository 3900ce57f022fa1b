"""What changed between two merged bills of materials: pure, no input or output."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence

from registry.builds.compare_schemas import FieldChange, LineChange
from registry.builds.schemas import BomLine
from registry.web.formats import grams, number

Pair = tuple[BomLine, BomLine]
_NAMES_SHOWN = 12
_SORTS = ("changed", "added", "removed")


def compare_lines(old: Sequence[BomLine], new: Sequence[BomLine]) -> tuple[list[LineChange], int]:
    """(lines that are not the same, how many are). A line is followed by its id, then by MPN, designators, words."""
    pairs, gone, come = _match(old, new)
    changes, same = [], 0
    for before, after in pairs:
        fields = _fields(before, after)
        if fields:
            changes.append(_change(before, after, fields))
        else:
            same += 1
    changes += [_change(None, line, []) for line in come] + [_change(line, None, []) for line in gone]
    changes.sort(key=lambda change: _SORTS.index(change.change))  # stable: within each, the order of the bill
    return changes, same


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())


def _by_mpn(line: BomLine) -> Hashable:
    return (line.kind, _plain(line.mpn)) if line.mpn else None


def _by_words(line: BomLine) -> Hashable:
    return (line.kind, _plain(line.description), _plain(line.value), line.dnp)


def _by_name(line: BomLine) -> Hashable:
    name = _plain(line.description or line.value)
    return (line.kind, name) if name else None


def _match(old: Sequence[BomLine], new: Sequence[BomLine]) -> tuple[list[Pair], list[BomLine], list[BomLine]]:
    """(pairs, what is left of the old, what is left of the new)."""
    pairs: list[Pair] = []
    gone, come = list(old), list(new)
    keys: tuple[Callable[[BomLine], Hashable], ...] = (lambda line: line.id, _by_mpn)
    for key in keys:
        gone, come = _pair_by(key, gone, come, pairs)
    gone, come = _pair_by_designators(gone, come, pairs)
    for key in (_by_words, _by_name):
        gone, come = _pair_by(key, gone, come, pairs)
    order = {id(line): place for place, line in enumerate(new)}
    pairs.sort(key=lambda pair: order[id(pair[1])])
    return pairs, gone, come


def _pair_by(
    key: Callable[[BomLine], Hashable], gone: list[BomLine], come: list[BomLine], pairs: list[Pair]
) -> tuple[list[BomLine], list[BomLine]]:
    waiting: dict[Hashable, list[BomLine]] = defaultdict(list)
    for line in reversed(gone):
        if (found := key(line)) is not None:
            waiting[found].append(line)
    taken: set[int] = set()
    left = []
    for line in come:
        found = key(line)
        if found is not None and waiting.get(found):
            before = waiting[found].pop()
            taken.add(id(before))
            pairs.append((before, line))
        else:
            left.append(line)
    return [line for line in gone if id(line) not in taken], left


def _places(line: BomLine) -> set[tuple[str, str]]:
    return {(use.target, designator) for use in line.uses for designator in use.designators}


def _pair_by_designators(
    gone: list[BomLine], come: list[BomLine], pairs: list[Pair]
) -> tuple[list[BomLine], list[BomLine]]:
    """R1 to R4 that were 10k and are 12k now are one changed line, not one gone and one new."""
    owner = {place: line for line in gone for place in _places(line)}
    taken: set[int] = set()
    left = []
    for line in come:
        shared: dict[int, int] = defaultdict(int)
        lines: dict[int, BomLine] = {}
        for place in sorted(_places(line)):
            before = owner.get(place)
            if before is not None and id(before) not in taken:
                shared[id(before)] += 1
                lines[id(before)] = before
        best = max(shared, key=lambda one: shared[one], default=None)
        if best is None:
            left.append(line)
        else:
            taken.add(best)
            pairs.append((lines[best], line))
    return [line for line in gone if id(line) not in taken], left


def _change(before: BomLine | None, after: BomLine | None, fields: list[FieldChange]) -> LineChange:
    shown = after or before
    if shown is None:
        raise ValueError("a change has at least one side")
    return LineChange(
        change="changed" if before and after else "added" if after else "removed",
        kind=shown.kind,
        what=_what(shown),
        designators=shown.designators,
        old_quantity=before.quantity if before else None,
        new_quantity=after.quantity if after else None,
        fields=fields,
    )


def _what(line: BomLine) -> str:
    words = [word for word in (line.value, line.description) if word]
    return ", ".join(dict.fromkeys(words)) or line.mpn or "Unnamed"


def _fields(before: BomLine, after: BomLine) -> list[FieldChange]:
    rows = [
        ("Quantity", number(before.quantity), number(after.quantity)),
        ("Fitted", _fitted(before), _fitted(after)),
        *((title, getattr(before, name), getattr(after, name)) for title, name in _TEXTS),
        ("Suppliers", _suppliers(before), _suppliers(after)),
        ("Mass", grams(before.mass_g), grams(after.mass_g)),
        ("Designators", *_designators(before, after)),
    ]
    return [FieldChange(name=name, old=old, new=new) for name, old, new in rows if old != new]


_TEXTS = (
    ("Value", "value"),
    ("Description", "description"),
    ("Manufacturer", "manufacturer"),
    ("MPN", "mpn"),
    ("Package", "footprint"),
    ("Material", "material"),
    ("Process", "process"),
    ("Finish", "finish"),
)


def _fitted(line: BomLine) -> str:
    return "not fitted" if line.dnp else "not in the BOM" if line.excluded_from_bom else "fitted"


def _suppliers(line: BomLine) -> str:
    return ", ".join(f"{name} {sku}" for name, sku in sorted(line.suppliers.items()))


def _designators(before: BomLine, after: BomLine) -> tuple[str, str]:
    """Those that only one side has."""
    old, new = set(before.designators), set(after.designators)
    gone = [name for name in before.designators if name not in new]
    return _few(gone), _few(name for name in after.designators if name not in old)


def _few(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - _NAMES_SHOWN} more" if len(listed) > _NAMES_SHOWN else ""
    return ", ".join(listed[:_NAMES_SHOWN]) + more
