"""What a version needs of those who make it: the words for it, and how single wishes become one list. Pure."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from registry.fabricators.vocabulary import PARAMETERS, material_name, process_name

RULES_VERSION = "3"  # a new one derives the needs of every version anew
Value = bool | int | float | str
SHEET = frozenset(
    ("laser_cutting", "waterjet_cutting", "plasma_cutting", "flame_cutting", "vinyl_cutting", "shearing", "punching",
     "wire_edm", "pcb_fabrication", "laser_engraving", "sheet_bending")
)  # fmt: skip
# What is done to a piece once it has its shape; its maker may leave it to another.
FINISHING = frozenset(("painting", "powder_coating", "electroplating", "anodising", "galvanising", "sandblasting"))
THICK = frozenset((*SHEET, "cnc_routing", "sheet_bending")) - {"pcb_fabrication", "laser_engraving"}


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True)


class Limit(_Plain):
    """One thing that a machine must be able to do; `parameter` is a name of the vocabulary."""

    parameter: str
    value: Value
    evidence: str = Field(default="", description="where in the design this comes from")
    spot: str = Field(default="", description="fragment of the board's page that shows the place, such as #at=12.5,40")

    @property
    def label(self) -> str:
        """What the need is called, for people."""
        known = PARAMETERS.get(self.parameter)
        return known.need_label if known else self.parameter

    @property
    def unit(self) -> str:
        """Its unit, '' for counts and words."""
        known = PARAMETERS.get(self.parameter)
        return known.unit if known else ""

    @property
    def words(self) -> str:
        """The value with its unit, as people write it."""
        if isinstance(self.value, bool):
            return "yes" if self.value else "no"
        if isinstance(self.value, int | float):
            return f"{round(self.value, 4):g} {self.unit}".strip() if abs(self.value) < 1e5 else f"{self.value:.0f}"
        return self.value


class Piece(_Plain):
    """A board or part that a need is about; sizes from the longest to the shortest."""

    name: str
    target: str = Field(default="", description="the board or part of the version, '' if it has no file of its own")
    quantity: float | None = Field(default=None, description="per unit; null if nothing says how many")
    box_mm: tuple[float, float, float] | None = Field(default=None, description="longest side first")
    volume_mm3: float | None = None


class Need(_Plain):
    """One kind of work that a version needs."""

    id: str = Field(description="stable while process, material and thickness stay the same")
    process: str = Field(description="the process that is asked for, an id of the vocabulary")
    processes: tuple[str, ...] = Field(description="every process that does, the asked one first")
    subject: Literal["board", "part", "whole"]
    title: str
    material: str = Field(default="", description="id of the vocabulary; '' if none is stated or known")
    material_words: str = Field(default="", description="the material in the designer's words")
    thickness_mm: float | None = None
    pieces: tuple[Piece, ...] = ()
    limits: tuple[Limit, ...] = ()
    evidence: tuple[str, ...] = ()
    unknown: tuple[str, ...] = Field(default=(), description="sentences: what could not be derived")
    lines: int = Field(default=0, description="lines of the bill of materials to buy")
    by_yourself: bool = Field(default=False, description="people can do this at a table of their own")
    corrected: bool = Field(default=False, description="a designer changed what was derived")

    @property
    def quantity(self) -> float | None:
        """Pieces per unit; None if one of them has no number."""
        counts = [piece.quantity for piece in self.pieces]
        return None if any(count is None for count in counts) else sum(count or 0 for count in counts)

    @property
    def told_limits(self) -> tuple[Limit, ...]:
        """The limits as people read them: a range whose ends are one value is told once."""
        values = {limit.parameter: limit.value for limit in self.limits}
        pairs = {limit.parameter: known.pair for limit in self.limits if (known := PARAMETERS.get(limit.parameter))}
        return tuple(
            limit
            for limit in self.limits
            if not pairs.get(limit.parameter) or values.get(pairs[limit.parameter]) != limit.value
        )

    @functools.cached_property
    def hull_mm(self) -> tuple[float, float, float] | None:
        """The longest, middle and shortest side that any piece has: what a machine must at least offer."""
        boxes = [piece.box_mm for piece in self.pieces if piece.box_mm]
        if not boxes:
            return None
        return (max(box[0] for box in boxes), max(box[1] for box in boxes), max(box[2] for box in boxes))


class Needs(_Plain):
    """Everything that a version needs, and what is not known."""

    needs: tuple[Need, ...] = ()
    unknown: tuple[str, ...] = Field(default=(), description="sentences about the whole version")


def box_of(sides: Sequence[float] | None) -> tuple[float, float, float] | None:
    """Three sides, longest first; None for what are no three lengths."""
    if sides is None or len(sides) != 3 or any(not isinstance(side, int | float) or side <= 0 for side in sides):
        return None
    long, middle, short = sorted((round(float(side), 3) for side in sides), reverse=True)
    return (long, middle, short)


def need_id(process: str, *about: object) -> str:
    """A short name for a need, the same whenever it is derived again."""
    words = [str(word) for word in about if word not in ("", None)]
    if not words:
        return process
    return f"{process}-{hashlib.sha256(chr(0).join(words).encode()).hexdigest()[:8]}"


def title_of(process: str, material: str, thickness_mm: float | None, words: str = "") -> str:
    """A need in a line: process, material, thickness."""
    said = process_name(process)
    of_what = material_name(material).lower() if material and len(material_name(material)) > 4 else ""
    of_what = of_what or (material_name(material) if material else words)
    thick = f"{thickness_mm:g} mm" if thickness_mm else ""
    rest = " ".join(word for word in (of_what, thick) if word)
    return f"{said}, {rest}" if rest else said


def merged(needs: Iterable[Need]) -> tuple[Need, ...]:
    """Needs of one id as one: their pieces together, of each limit the hardest, every evidence once."""
    by_id: dict[str, list[Need]] = {}
    for need in needs:
        by_id.setdefault(need.id, []).append(need)
    return tuple(_joined(group) for group in by_id.values())


def _joined(group: list[Need]) -> Need:
    first = group[0]
    if len(group) == 1:
        return first
    limits: dict[tuple[str, str], Limit] = {}
    for limit in (limit for need in group for limit in need.limits):
        known = PARAMETERS.get(limit.parameter)
        key = (limit.parameter, str(limit.value) if known and known.kind == "list" else "")
        held = limits.get(key)
        if held is None or _harder(limit, held):
            limits[key] = limit
    return first.model_copy(
        update={
            "pieces": tuple(piece for need in group for piece in need.pieces),
            "limits": tuple(limits.values()),
            "evidence": tuple(dict.fromkeys(text for need in group for text in need.evidence)),
            "unknown": tuple(dict.fromkeys(text for need in group for text in need.unknown)),
            "lines": sum(need.lines for need in group),
        }
    )


def _harder(limit: Limit, held: Limit) -> bool:
    known = PARAMETERS.get(limit.parameter)
    if known is None or isinstance(limit.value, bool):
        return False
    if known.kind == "choice":
        order = list(known.choices)
        places = [order.index(str(item.value)) if str(item.value) in order else len(order) for item in (limit, held)]
        return places[0] < places[1]
    if isinstance(limit.value, str) or isinstance(held.value, str):
        return False
    return limit.value > held.value if known.sense == "max" else limit.value < held.value
