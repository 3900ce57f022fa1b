"""Can a machine do what a need asks? Every limit against every parameter, with the reason and by how much. Pure.

What a machine doesn't state is unknown, never yes.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, cast

from pydantic import BaseModel, ConfigDict, Field

from registry.fabricators.needs import SHEET, Limit, Need, Piece
from registry.fabricators.schemas import MachineFacts
from registry.fabricators.vocabulary import (
    PARAMETERS,
    Parameter,
    fold,
    material_kinds,
    material_line,
    material_name,
    process_and_kinds,
    process_name,
)

Answer = Literal["yes", "no", "unknown"]
EPSILON_MM = 1e-6
# What lies flat on these is measured in two directions; what turns, or is held in the hand, is limited otherwise.
_FLAT = SHEET | {"pcb_assembly", "electronics_testing"}
_SIZELESS = frozenset(("turning", "soldering"))
_BY_LENGTH = frozenset(("sawing", "sheet_bending", "drilling", "tapping", "assembly", "welding"))
_RANK: dict[Answer, int] = {"no": 0, "unknown": 1, "yes": 2}


class Reason(BaseModel):
    """What became of one limit."""

    model_config = ConfigDict(frozen=True)

    limit: str = Field(description="a parameter of the vocabulary, or size, material, thickness, process, status")
    answer: Answer
    sentence: str
    margin: float | None = Field(
        default=None, description="room that is left, in the limit's unit; below 0: too little"
    )
    unit: str = ""


class Verdict(BaseModel):
    """Whether a machine can do what a need asks, and why."""

    model_config = ConfigDict(frozen=True)

    answer: Answer
    reasons: tuple[Reason, ...]

    @property
    def against(self) -> list[Reason]:
        """What speaks against it, the plain no before what is not known."""
        return sorted((one for one in self.reasons if one.answer != "yes"), key=lambda one: _RANK[one.answer])


class _Found(NamedTuple):
    """The bare outcome of one check; words are made only for who reads them."""

    limit: str
    answer: Answer
    margin: float | None = None
    asked: object = None
    has: object = None
    piece: Piece | None = None
    fitting: int = 0


def does(need: Need, process: str) -> bool:
    """Whether a machine of a process may be asked at all: it is one of those asked for, or a kind of one."""
    return process in kinds(need.processes)


@functools.cache
def kinds(processes: tuple[str, ...]) -> frozenset[str]:
    """Some processes, and all that are kinds of them."""
    return frozenset().union(*(process_and_kinds(process) for process in processes)) if processes else frozenset()


def quick(need: Need, machine: MachineFacts) -> Answer:
    """The answer of `judge`, without its words: the first no settles it."""
    worst: Answer = "yes"
    if not need.processes:
        worst = "unknown"
    elif machine.process not in kinds(need.processes):
        return "no"
    if machine.status not in ("ready", "busy", ""):
        return "no"
    if need.material:
        answer = _stuff(need.material, need.thickness_mm, machine.materials)
        if answer == "no":
            return "no"
        if answer == "unknown":
            worst = "unknown"
    hull = need.hull_mm
    if hull is not None and machine.process not in _SIZELESS and not _surely_fits(hull, machine):
        answer = _size(need, machine).answer
        if answer == "no":
            return "no"
        if answer == "unknown":
            worst = "unknown"
    for limit in need.limits:
        if known := PARAMETERS.get(limit.parameter):
            answer = _parameter(limit, known, machine).answer
            if answer == "no":
                return "no"
            if answer == "unknown":
                worst = "unknown"
    return worst


@functools.lru_cache(maxsize=20_000)
def _stuff(
    asked: str, thickness_mm: float | None, materials: tuple[tuple[str, float | None, float | None], ...]
) -> Answer:
    """The answer about material and thickness: machines that take the same are many."""
    said = [found.answer for found in _materials(asked, thickness_mm, materials)]
    return min(said, key=lambda one: _RANK[one], default="yes")


def judge(need: Need, machine: MachineFacts) -> Verdict:
    """Every limit of a need against a machine."""
    reasons = tuple(_told(found) for found in _checks(need, machine))
    answer: Answer = "yes"
    for reason in reasons:
        answer = min(answer, reason.answer, key=lambda one: _RANK[one])
    return Verdict(answer=answer, reasons=reasons)


def best(answers: Sequence[Answer]) -> Answer:
    """The best of several machines' answers."""
    return max(answers, key=lambda one: _RANK[one], default="no")


def _checks(need: Need, machine: MachineFacts) -> Iterator[_Found]:
    if not need.processes:
        yield _Found("process", "unknown")
    elif not does(need, machine.process):
        yield _Found("process", "no", asked=need.process, has=machine.process)
        return
    if machine.status not in ("ready", "busy", ""):
        yield _Found("status", "no", has=machine.status)
    if machine.process not in _SIZELESS and need.hull_mm:
        yield _size(need, machine)
    if need.material:
        yield from _materials(need.material, need.thickness_mm, machine.materials)
    for limit in need.limits:
        if PARAMETERS.get(limit.parameter):
            yield _parameter(limit, PARAMETERS[limit.parameter], machine)


# --- size


def room(box: tuple[float, float, float], machine: MachineFacts, *, flat: bool) -> float | None:
    """The least room that is left on any side when a box lies as well as it can, below 0 if it doesn't fit; None where
    the machine doesn't state enough to tell. Units: mm."""
    if flat:
        sides = [machine.work_x_mm, machine.work_y_mm]
        wanted = [box[0], box[1]]
    else:
        sides = [machine.work_x_mm, machine.work_y_mm, machine.work_z_mm]
        wanted = list(box)
    known = sorted((side for side in sides if side is not None), reverse=True)
    missing = len(sides) - len(known)
    # Sides that are not stated may be as long as they like: they take the longest sides of the box.
    left = [have - want for have, want in zip(known, wanted[missing:], strict=True)]
    if left and min(left) < -EPSILON_MM:
        return min(left)
    return None if missing else min(left)


def _surely_fits(hull: tuple[float, float, float], machine: MachineFacts) -> bool:
    """Whether even a box of the longest sides of all pieces fits."""
    if machine.work_x_mm is None:
        return False
    left = room(hull, machine, flat=machine.process in _FLAT)
    return left is not None and left >= -EPSILON_MM


def _size(need: Need, machine: MachineFacts) -> _Found:
    if machine.process in _BY_LENGTH and machine.work_x_mm is None:
        return _length(need, machine)
    flat = machine.process in _FLAT
    tightest: tuple[float, Piece] | None = None
    unknown: Piece | None = None
    fitting = 0
    for piece in need.pieces:
        if piece.box_mm is None:
            continue
        left = room(piece.box_mm, machine, flat=flat)
        if left is None:
            unknown = piece
        elif tightest is None or left < tightest[0]:
            tightest = (left, piece)
        if left is not None and left >= -EPSILON_MM:
            fitting += 1
    has = (machine.work_x_mm, machine.work_y_mm, None if flat else machine.work_z_mm)
    if tightest and tightest[0] < -EPSILON_MM:
        return _Found("size", "no", round(tightest[0], 3), None, has, tightest[1], fitting)
    if unknown:
        return _Found("size", "unknown", None, None, has, unknown)
    assert tightest is not None
    return _Found("size", "yes", round(tightest[0], 3), None, has, tightest[1], fitting)


def _length(need: Need, machine: MachineFacts) -> _Found:
    """Saws, brakes and hand work, which state a length or nothing."""
    longest = max((piece for piece in need.pieces if piece.box_mm), key=lambda piece: (piece.box_mm or (0,))[0])
    most = _number(machine.parameters.get("length_mm_max"))
    if machine.process not in ("sawing", "sheet_bending") or most is None:
        return _Found("size", "unknown", None, None, (None, None, None), longest)
    left = round(most - (longest.box_mm or (0,))[0], 3)
    answer: Answer = "yes" if left >= -EPSILON_MM else "no"
    if answer == "no" and machine.process == "sheet_bending":
        # a bend may run along the shorter side
        return _Found("size", "unknown", None, None, (most, None, None), longest)
    return _Found("size", answer, left, None, (most, None, None), longest)


# --- material


def _materials(
    asked: str, thickness_mm: float | None, materials: tuple[tuple[str, float | None, float | None], ...]
) -> Iterator[_Found]:
    if not materials:
        yield _Found("material", "unknown", asked=asked)
        return
    takes = [row for row in materials if _takes(row[0], asked)]
    if not takes:
        yield _Found("material", "no", asked=asked, has=tuple(row[0] for row in materials))
        return
    yield _Found("material", "yes", asked=asked, has=takes[0][0])
    if thickness_mm is not None:
        # of several rows that fit, the one that takes it best counts
        yield max((_thickness(thickness_mm, row) for row in takes), key=_how_good)


def _takes(machine_material: str, asked: str) -> bool:
    """A machine for steel takes stainless steel; who asks for steel is content with any kind of it."""
    return machine_material in material_line(asked) or machine_material in material_kinds(asked)


def _thickness(asked: float, row: tuple[str, float | None, float | None]) -> _Found:
    name, thin, thick = row
    if thin is not None and asked < thin - EPSILON_MM:
        return _Found("thickness", "no", round(asked - thin, 3), asked, (name, thin, thick))
    if thick is None:
        return _Found("thickness", "unknown", None, asked, (name, thin, thick))
    left = round(thick - asked, 3)
    return _Found("thickness", "no" if left < -EPSILON_MM else "yes", left, asked, (name, thin, thick))


def _how_good(found: _Found) -> tuple[int, float]:
    return _RANK[found.answer], found.margin if found.margin is not None else 0.0


# --- parameters


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _parameter(limit: Limit, known: Parameter, machine: MachineFacts) -> _Found:
    has = machine.parameters.get(limit.parameter)
    unstated = _Found(limit.parameter, "unknown", None, limit.value)
    if has is None or has == "" or has == []:
        return unstated
    if known.kind == "bool":
        if not isinstance(has, bool):
            return unstated
        return _Found(limit.parameter, "yes" if has or not limit.value else "no", None, limit.value, has)
    if known.kind == "list":
        offered = has if isinstance(has, list | tuple) else [has]
        fits = fold(str(limit.value)) in {fold(str(one)) for one in offered}
        return _Found(limit.parameter, "yes" if fits else "no", None, limit.value, tuple(offered))
    if known.kind == "choice":
        order = known.choices
        if str(has) not in order or str(limit.value) not in order:
            return unstated
        steps = order.index(str(limit.value)) - order.index(str(has))
        steps = steps if known.sense == "min" else -steps
        return _Found(limit.parameter, "yes" if steps >= 0 else "no", float(steps), limit.value, has)
    able, asked = _number(has), _number(limit.value)
    if able is None or asked is None:
        return unstated
    left = round(able - asked if known.sense == "max" else asked - able, 6) + 0.0
    return _Found(limit.parameter, "yes" if left >= -EPSILON_MM else "no", left, asked, able)


# --- words


def _told(found: _Found) -> Reason:
    known = PARAMETERS.get(found.limit)
    unit = known.unit if known and known.kind in ("number", "integer") else ""
    if found.limit in ("size", "thickness"):
        unit = "mm"
    words = {
        "process": _process_words,
        "status": lambda one: f"It is out of use now ({one.has}).",
        "size": _size_words,
        "material": _material_words,
        "thickness": _thickness_words,
    }.get(found.limit, _parameter_words)
    margin = found.margin if not known or known.kind != "choice" else None
    return Reason(limit=found.limit, answer=found.answer, sentence=words(found), margin=margin, unit=unit)


def _process_words(found: _Found) -> str:
    if found.answer == "unknown":
        return "How it is made is not known."
    return f"{process_name(str(found.asked))} is asked for; this is {process_name(str(found.has)).lower()}."


def _sides(sides: Sequence[float | None]) -> str:
    return " × ".join("?" if side is None else f"{side:g}" for side in sides) + " mm"


def _size_words(found: _Found) -> str:
    assert found.piece and found.piece.box_mm and isinstance(found.has, tuple)
    piece, box = found.piece, found.piece.box_mm
    stated = [side for side in found.has if side is not None]
    wanted = f"{piece.name} measures {_sides(box)}"
    if found.answer == "unknown":
        return f"{wanted}; {'its work area is stated in part' if stated else 'its work area is not stated'}."
    area = (
        f"{_sides(found.has[: 3 if found.has[2] is not None else 2])} fit"
        if len(stated) > 1
        else f"{stated[0]:g} mm fit"
    )
    if found.answer == "yes":
        return f"{wanted}; {area}: {found.margin or 0:g} mm to spare."
    others = f"; {found.fitting} other{'s' if found.fitting > 1 else ''} would fit" if found.fitting else ""
    return f"{wanted}; {area}: {-(found.margin or 0):g} mm too long{others}."


def _material_words(found: _Found) -> str:
    asked = material_name(str(found.asked))
    if found.answer == "unknown":
        return f"{asked} is needed; its materials are not stated."
    if found.answer == "yes":
        takes = material_name(str(found.has))
        return f"It takes {takes.lower() if len(takes) > 4 else takes}."
    takes = ", ".join(material_name(one) for one in list(found.has)[:5])  # type: ignore[call-overload]
    return f"{asked} is needed; it takes {takes}."


def _thickness_words(found: _Found) -> str:
    name, thin, thick = cast("tuple[str, float | None, float | None]", found.has)
    asked = f"{found.asked:g} mm thick"
    if found.answer == "unknown":
        return f"{asked} is needed; how thick it takes {material_name(name).lower()} is not stated."
    if found.answer == "no" and thin is not None and isinstance(found.asked, float) and found.asked < thin:
        return f"{asked} is needed; {thin:g} mm is its thinnest: {-(found.margin or 0):g} mm too thin."
    if found.answer == "no":
        return f"{asked} is needed; {thick:g} mm is its thickest: {-(found.margin or 0):g} mm too thick."
    return f"{asked}; up to {thick:g} mm: {found.margin or 0:g} mm to spare."


def _parameter_words(found: _Found) -> str:
    known = PARAMETERS[found.limit]
    label = known.need_label
    unit = f" {known.unit}" if known.unit else ""

    def shown(value: object) -> str:
        return f"{value:g}{unit}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)

    if known.kind == "bool":
        tails = {"yes": "it does them", "no": "it does not do them", "unknown": "whether it does is not stated"}
        return f"{label} needed; {tails[found.answer]}."
    asked = shown(found.asked)
    if found.answer == "unknown":
        return f"{label}: {asked} is needed; its own is not stated."
    if known.kind == "list":
        offers = ", ".join(str(one) for one in found.has)  # type: ignore[attr-defined]
        return f"{label}: {asked} is needed; it offers {offers}."
    has = shown(found.has)
    if known.kind == "choice":
        tail = "that is too small for it" if found.answer == "no" else "it places that"
        return f"{label}: {asked} is needed, {has} is its smallest: {tail}."
    off = shown(abs(found.margin or 0.0))
    if found.answer == "yes":
        return f"{label}: {asked} is needed, it does {has}: {off} to spare."
    return f"{label}: {asked} is needed, {has} is its limit: {off} too {'much' if known.sense == 'max' else 'fine'}."
