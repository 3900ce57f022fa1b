"""What a circuit board needs: from its facts, and from the parts that the bill of materials puts on it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from registry.builds.schemas import BomLine
from registry.fabricators.needs import Limit, Need, Piece, box_of, need_id, title_of
from registry.fabricators.vocabulary import PARAMETERS, find_material

_CHIP = re.compile(r"(?:^|[^0-9])(008004|01005|0201|0402|0603|0805|1206|1210|1812|2010|2512)(?=[^0-9]|$)")
_METRIC_CHIP = re.compile(r"\d{4,5}Metric")
_IS_CHIP = re.compile(r"(?:^|[_:\-])(?:[RCLDF]|LED|Res|Cap)[A-Za-z]*[_\-]?(?=[0-9]|.*Metric)", re.IGNORECASE)
_PITCH = re.compile(r"(?:^|[_\-])P(\d+(?:\.\d+)?)mm")
_FINE = re.compile(
    r"\b(?:\w*QF[PN]|\w*S?SOP|\w*SOIC|\w*SOJ|\w*SON|\w*DFN|\w*BGA|\w*LGA|\w*CSP|SOT|SC-?70|\w*USB\w*)", re.I
)
_LEADLESS = re.compile(r"(?:BGA|LGA|CSP|QFN|DFN|SON)(?=[^a-z]|$)", re.IGNORECASE)
_FINISHES = (
    (r"hard\s*gold", "Hard gold"),
    (r"enig|enepig|immersion\s*(?:gold|nickel)|chem\w*\s*gold", "ENIG"),
    (r"immersion\s*tin|chem\w*\s*tin", "Immersion tin"),
    (r"immersion\s*silver", "Immersion silver"),
    (r"osp", "OSP"),
    (r"(?:hal|hasl)\b.*(?:lead|pb)[\s-]*free", "HASL lead-free"),
    (r"\bhal\b|\bhasl\b", "HASL"),
)  # fmt: skip
_COLOUR = re.compile(r"\b(green|red|blue|black|white|yellow|purple)\s+(?:solder\s*)?mask", re.IGNORECASE)


@dataclass(frozen=True)
class BoardInput:
    """A board of a version: its facts, and the lines of the merged bill that name it."""

    name: str
    title: str
    source: str
    facts: Mapping[str, Any]
    lines: Sequence[BomLine] = field(default=())
    own_line: BomLine | None = None
    placed: Mapping[str, int] | None = None
    """How many parts are placed: `top`, `bottom`, `smd`, `tht`; None if no list of parts was made."""


def _place(facts: Mapping[str, Any], name: str) -> str:
    """Where on the board the smallest of a kind is, in words."""
    where = facts.get("where")
    found = where.get(name) if isinstance(where, Mapping) else None
    if not isinstance(found, Mapping):
        return ""
    size = _length(found.get("size_mm"))
    words = [f"{size:g} mm {found.get('what') or ''}".strip() if size else str(found.get("what") or "")]
    words += [f"net {found['net']}"] if found.get("net") else []
    spot = f"on {found['layer']}" if found.get("layer") else ""
    if all(isinstance(found.get(axis), int | float) for axis in ("x_mm", "y_mm")):
        spot += f" at {found['x_mm']:.2f}, {found['y_mm']:.2f} mm"
    words += [spot.strip()] if spot else []
    alike = found.get("alike")
    words += [f"{alike - 1} more alike"] if isinstance(alike, int) and alike > 1 else []
    return ", ".join(words)


def _spot(facts: Mapping[str, Any], name: str) -> str:
    """The same place as the board viewer reads it from an address; '' if it is not known."""
    where = facts.get("where")
    found = where.get(name) if isinstance(where, Mapping) else None
    if not isinstance(found, Mapping):
        return ""
    x, y = _number(found.get("x_mm")), _number(found.get("y_mm"))
    return f"#at={x:g},{y:g}" if x is not None and y is not None else ""


def _number(value: Any) -> float | None:
    return round(float(value), 3) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _length(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None


def finish_of(words: str) -> str:
    """The finish of the vocabulary that words mean, '' if they mean none."""
    return next((name for pattern, name in _FINISHES if re.search(pattern, words, re.IGNORECASE)), "")


def needs_of_board(board: BoardInput, quantity: float | None) -> list[Need]:
    """The bare board, and what is put on it."""
    needs = [_fabrication(board, quantity)]
    footprints = board.facts.get("footprints")
    if isinstance(footprints, Mapping) and (assembly := _assembly(board, footprints, quantity)):
        needs.append(assembly)
    return needs


def _piece(board: BoardInput, quantity: float | None) -> Piece:
    size = board.facts.get("size_mm")
    box = None
    if isinstance(size, Mapping):
        sides = (size.get("width"), size.get("height"))
        thick = _length(board.facts.get("thickness_mm")) or 1.6
        box = box_of([*(float(side) for side in sides if isinstance(side, int | float)), thick])
    return Piece(name=board.title, target=board.name, quantity=quantity, box_mm=box)


def _fabrication(board: BoardInput, quantity: float | None) -> Need:
    facts = board.facts
    limits: list[Limit] = []
    unknown: list[str] = []
    copper = facts.get("copper_layers")
    if isinstance(copper, int) and copper > 0:
        limits.append(Limit(parameter="layers_max", value=copper, evidence=f"{copper} copper layers in {board.source}"))
    smallest = (
        ("track_mm_min", "min_track_mm", "smallest track"),
        ("clearance_mm_min", "min_clearance_mm", "smallest clearance"),
        ("drill_mm_min", "min_drill_mm", "smallest drill"),
        ("ring_mm_min", "min_annular_ring_mm", "smallest copper ring around a hole"),
    )
    for parameter, fact, words in smallest:
        value = _length(facts.get(fact))
        if value is None:
            unknown.append(f"The {words} is not known.")
            continue
        evidence = _place(facts, fact) or f"{words} in {board.source}"
        limits.append(Limit(parameter=parameter, value=value, evidence=evidence, spot=_spot(facts, fact)))
    thick = _length(facts.get("thickness_mm"))
    if thick:
        for parameter in ("thickness_mm_min", "thickness_mm_max"):
            limits.append(Limit(parameter=parameter, value=thick, evidence=f"board thickness in {board.source}"))
    else:
        unknown.append("The board's thickness is not stated; 1.6 mm is usual.")
    limits += _looks(board, unknown)
    if facts.get("castellated"):
        limits.append(Limit(parameter="castellation", value=True, evidence="castellated pads at the board's edge"))
    piece = _piece(board, quantity)
    if piece.box_mm is None:
        unknown.append("The board's size is not known: its outline could not be measured.")
    return Need(
        id=need_id("pcb_fabrication", board.name),
        process="pcb_fabrication",
        processes=("pcb_fabrication",),
        subject="board",
        title=f"{title_of('pcb_fabrication', '', None)}, {board.title}",
        material=_base_material(facts),
        pieces=(piece,),
        limits=tuple(limits),
        evidence=(board.source,),
        unknown=tuple(unknown),
    )


def _looks(board: BoardInput, unknown: list[str]) -> list[Limit]:
    """Finish and mask colour, from the board or from the line that orders it."""
    limits = []
    ordered = " ".join((board.own_line.material, board.own_line.finish, board.own_line.notes)) if board.own_line else ""
    said = (str(board.facts.get("finish") or ""), board.source), (ordered, "the bill of materials")
    found = next(((finish_of(words), words, origin) for words, origin in said if finish_of(words)), None)
    if found:
        limits.append(Limit(parameter="finishes", value=found[0], evidence=f"{found[0]} in {found[2]}"))
    else:
        unknown.append("No finish is stated: any will do, as far as the files tell.")
    colour = _COLOUR.search(ordered)
    stated = board.facts.get("mask_colour")
    if isinstance(stated, str) and stated.lower() in PARAMETERS["mask_colours"].choices:
        limits.append(Limit(parameter="mask_colours", value=stated.lower(), evidence=f"stack-up in {board.source}"))
    elif colour:
        evidence = f"'{colour[0]}' in the bill of materials"
        limits.append(Limit(parameter="mask_colours", value=colour[1].lower(), evidence=evidence))
    return limits


def _base_material(facts: Mapping[str, Any]) -> str:
    """The laminate where it is another than FR4, which every board house takes."""
    rows = facts.get("stackup")
    for row in rows if isinstance(rows, list) else []:
        found = find_material(str(row.get("material") or "")) if isinstance(row, Mapping) else None
        if found and row.get("type") in ("dielectric", "core", "prepreg"):
            return "" if found.id == "fr4" else found.id
    return ""


def chip_of(footprint: str) -> str:
    """The imperial code of a chip part's footprint, '' for other parts."""
    name = footprint.rsplit(":", 1)[-1]
    found = _CHIP.search(_METRIC_CHIP.sub("", name))
    return found[1] if found and _IS_CHIP.search(":" + name) else ""


def _smallest_chip(lines: Iterable[BomLine]) -> tuple[str, str]:
    """(code, whose) of the smallest chip part."""
    order = PARAMETERS["package_min"].choices
    best = ("", "")
    for line in lines:
        code = chip_of(line.footprint)
        if code in order and (not best[0] or order.index(code) < order.index(best[0])):
            best = (code, _whose(line))
    return best


def _whose(line: BomLine) -> str:
    names = line.designators
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"{shown} ({line.footprint.rsplit(':', 1)[-1]})" if shown else line.footprint.rsplit(":", 1)[-1]


def _pitch(board: BoardInput, lines: Iterable[BomLine]) -> tuple[float, str] | None:
    """(pitch in mm, whose): as measured on the board, else as footprints say in their names."""
    measured = _length(board.facts.get("min_pitch_mm"))
    if measured:
        return measured, _place(board.facts, "min_pitch_mm") or "measured between pads"
    best: tuple[float, str] | None = None
    for line in lines:
        name = line.footprint.rsplit(":", 1)[-1]
        found = _PITCH.search(name)
        if found and _FINE.search(name) and (best is None or float(found[1]) < best[0]):
            best = (float(found[1]), _whose(line))
    return best


def _assembly(board: BoardInput, footprints: Mapping[str, Any], quantity: float | None) -> Need | None:
    fitted = [line for line in board.lines if line.quantity > 0 and not line.dnp and not line.excluded_from_bom]
    # logos, test points and holes are footprints too: where there is a list of parts, that counts
    counted = board.placed if board.placed is not None else footprints
    smd, tht = int(counted.get("smd") or 0), int(counted.get("tht") or 0)
    if not smd and not tht:
        return None
    limits: list[Limit] = []
    unknown: list[str] = []
    both = bool(counted.get("top") and counted.get("bottom"))
    things = "parts" if board.placed is not None else "footprints"
    counts = f"{counted.get('top', 0)} {things} on top, {counted.get('bottom', 0)} at the bottom"
    limits.append(Limit(parameter="sides_max", value=2 if both else 1, evidence=counts))
    if smd:
        code, whose = _smallest_chip(fitted)
        if code:
            limits.append(Limit(parameter="package_min", value=code, evidence=whose))
        if found := _pitch(board, fitted):
            limits.append(Limit(parameter="pitch_mm_min", value=found[0], evidence=found[1]))
        leadless = [line for line in fitted if _LEADLESS.search(line.footprint)]
        if leadless:
            limits.append(Limit(parameter="bga", value=True, evidence=_whose(leadless[0])))
        if not code and not found:
            unknown.append("How small the smallest part is, is not known: no footprint says it.")
    if tht:
        limits.append(Limit(parameter="tht", value=True, evidence=f"{tht} through-hole {things}"))
    if not fitted:
        unknown.append("Which parts go onto the board is not known: there is no list of them.")
    unnamed = sum(1 for line in fitted if not line.mpn and not line.suppliers)
    if unnamed:
        unknown.append(f"{unnamed} of {len(fitted)} kinds of parts name no manufacturer's number: ask before ordering.")
    return Need(
        id=need_id("pcb_assembly", board.name),
        process="pcb_assembly",
        processes=("pcb_assembly",) if smd else ("soldering", "pcb_assembly"),
        subject="board",
        title=f"{title_of('pcb_assembly', '', None)}, {board.title}",
        pieces=(_piece(board, quantity),),
        limits=tuple(limits),
        evidence=(board.source,),
        unknown=tuple(unknown),
        lines=len(fitted),
        by_yourself=not smd,
    )
