"""What parts need: from their shape, from what their files and the bill of materials say of process and material."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.builds.bom.kinds import is_made, kind_of
from registry.fabricators.needs import THICK, Limit, Need, Piece, box_of, need_id, title_of
from registry.fabricators.process_words import (
    OTHERS,
    cutters_for,
    family_of,
    finishes_in,
    is_filament,
    material_in,
    processes_in,
)

_MESH_BUILDERS = ("mesh", "openscad")
_PRINT_PATH = re.compile(r"(?:^|[/_\-. ])(?:3d[_-]?)?print(?:able|ed|s|ing)?(?:[/_\-. ]|$)|\bstls?\b", re.IGNORECASE)


@dataclass(frozen=True)
class PartInput:
    """A part of a version, with its facts."""

    name: str
    title: str
    source: str
    builder: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class _Thing:
    """A made thing, whatever told of it."""

    name: str
    target: str
    quantity: float | None
    facts: Mapping[str, Any]
    process: str
    material: str
    finish: str
    evidence: str
    printed: str  # why it is taken for a print, '' if it is not


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


def _made_rows(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    made: list[Mapping[str, Any]] = []
    for row in rows:
        text = f"{row.get('description', '')} {row.get('material', '')} {row.get('notes', '')}"
        kind = kind_of(
            str(row.get("kind", "")), str(row.get("process", "")), text, has_designators=bool(row.get("references"))
        )
        if is_made(kind) and (row.get("quantity") or 0) > 0 and not row.get("dnp"):
            made.append({**row, "line_kind": kind})
    return made


def _row_of(part: PartInput, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    base = posixpath.basename(part.source)
    for row in rows:
        if row.get("part") == part.name or (row.get("source") and posixpath.basename(str(row["source"])) == base):
            return row
    name = _plain(part.name)
    return next((row for row in rows if name and name == _plain(str(row.get("description", "")))), None)


def _piece_facts(row: Mapping[str, Any], parts: Sequence[PartInput]) -> tuple[str, Mapping[str, Any]]:
    """(target, facts) of the piece of an assembly that a line means."""
    called = {_plain(str(row.get("part") or "")), _plain(str(row.get("description") or "").split(",")[0])}
    named = re.search(r"\bpart ([\w-]+)", str(row.get("notes") or ""))
    called |= {_plain(named[1])} if named else set()
    for part in parts:
        for piece in part.facts.get("components") or ():
            if _plain(str(piece.get("name", ""))) in called - {""}:
                return part.name, piece
    return "", {}


def things(parts: Sequence[PartInput], rows: Sequence[Mapping[str, Any]], unknown: list[str]) -> list[_Thing]:
    """Every made thing once: lines of the bill with their shapes; without such lines, the parts themselves."""
    made = _made_rows(rows)
    found: list[_Thing] = []
    told: list[int] = []
    single = [part for part in parts if part.facts and not part.facts.get("components")]
    strangers: list[str] = []
    for part in single:
        row = _row_of(part, made)
        if row is not None:
            told.append(id(row))
            found.append(_thing(part.title, part.name, part.facts, row, part))
        elif not made:
            found.append(_thing(part.title, part.name, part.facts, {}, part))
        else:
            strangers.append(part.title)
    for row in made:
        if id(row) not in told:
            target, facts = _piece_facts(row, parts)
            name = str(row.get("description") or row.get("part") or "A part")[:80]
            found.append(_thing(name, target, facts, row, None))
    if strangers:
        shown = ", ".join(strangers[:4]) + (f" and {len(strangers) - 4} more" if len(strangers) > 4 else "")
        unknown.append(f"{shown}: in no bill of materials, so whether they are needed is not known.")
    if not made:
        for part in parts:
            if part.facts.get("components") and len(single) == 0:
                unknown.append(f"{part.title} is an assembly whose pieces are in no list: what they need is not known.")
    return found


def _thing(name: str, target: str, facts: Mapping[str, Any], row: Mapping[str, Any], part: PartInput | None) -> _Thing:
    stated = row.get("quantity") or facts.get("quantity") if part or not facts else row.get("quantity")
    notes = str(row.get("notes") or "")
    finish = str(facts.get("finish") or row.get("finish") or "")
    if not finish and (noted := re.search(r"finish:\s*(.+)", notes, re.IGNORECASE)):
        finish = noted[1]
    evidence = part.source if part else "the bill of materials"
    if row and part:
        evidence = f"{part.source} and the bill of materials"
    printed = ""
    if part and part.builder in _MESH_BUILDERS:
        printed = f"{part.source} is a mesh, as printers take it"
    elif part and _PRINT_PATH.search(part.source):
        printed = f"it lies in {posixpath.dirname(part.source)}"
    elif row.get("line_kind") == "printed":
        printed = "the bill of materials calls it printed"
    return _Thing(
        name=name,
        target=target,
        quantity=float(stated) if isinstance(stated, int | float) else None,
        facts=facts,
        process=str(facts.get("process") or row.get("process") or ""),
        material=str(facts.get("material") or row.get("material") or ""),
        finish=finish,
        evidence=evidence,
        printed=printed,
    )


def needs_of_parts(parts: Sequence[PartInput], rows: Sequence[Mapping[str, Any]], unknown: list[str]) -> list[Need]:
    """One need for each process that each made thing goes through; those alike are merged by the caller."""
    return [need for thing in things(parts, rows, unknown) for need in _needs_of(thing)]


def _needs_of(thing: _Thing) -> list[Need]:
    material = material_in(thing.material)
    flat = thing.facts.get("flat_thickness_mm")
    thickness = float(flat) if isinstance(flat, int | float) and flat > 0 else None
    steps, either = processes_in(thing.process)
    said = f"{thing.name}: '{thing.process}' in {thing.evidence}"
    needs: list[Need] = []
    if either:
        needs.append(_need(thing, tuple(either), material, thickness, said))
    for step in steps:
        process = step
        if step == "laser_cutting" and thickness is None:
            # a bar of rectangular section is cut from plate of its thinner side
            box = box_of(thing.facts.get("bounding_box_mm"))
            needs.append(_need(thing, (process, *OTHERS[process]), material, box[2] if box else None, said))
            continue
        needs.append(_need(thing, (process, *OTHERS.get(process, ())), material, thickness, said))
    if not needs:
        needs.append(_from_shape(thing, material, thickness))
    return needs + [_finish(thing, process) for process in finishes_in(thing.finish)]


def _from_shape(thing: _Thing, material: str, thickness: float | None) -> Need:
    """Nobody said how it is made: what its shape and material tell."""
    if is_filament(material) or thing.printed:
        why = thing.printed or f"{thing.material} is printed as a rule"
        return _need(thing, ("fdm_printing", *OTHERS["fdm_printing"]), material, None, f"{thing.name}: {why}")
    if thickness:
        cutters = cutters_for(material)
        return _need(thing, cutters, material, thickness, f"{thing.name} is flat, {thickness:g} mm: {thing.evidence}")
    if family_of(material) == "metal":
        evidence = f"{thing.name} is a solid of {thing.material}: {thing.evidence}"
        return _need(thing, ("machining", "cnc_milling", "turning"), material, None, evidence)
    return Need(
        id=need_id("other", thing.name),
        process="other",
        processes=(),
        subject="part",
        title=f"{thing.name}, made in a way that is not known",
        material=material,
        material_words=thing.material,
        pieces=(_piece(thing),),
        evidence=(thing.evidence,),
        unknown=("How it is made is not known: neither its file nor a bill of materials says so.",),
    )


def _piece(thing: _Thing) -> Piece:
    volume = thing.facts.get("volume_mm3")
    return Piece(
        name=thing.name,
        target=thing.target,
        quantity=thing.quantity,
        box_mm=box_of(thing.facts.get("bounding_box_mm")),
        volume_mm3=float(volume) if isinstance(volume, int | float) else None,
    )


def _need(thing: _Thing, processes: tuple[str, ...], material: str, thickness: float | None, evidence: str) -> Need:
    process = processes[0]
    thick = thickness if process in THICK else None
    piece = _piece(thing)
    unknown = []
    if piece.box_mm is None:
        unknown.append(f"The size of {thing.name} is not known: none of the files shows it alone.")
    if thing.quantity is None:
        unknown.append(f"How many of {thing.name} are needed is not said.")
    if not material and thing.material:
        unknown.append(f"The material '{thing.material}' is not in the vocabulary.")
    elif not material and process not in ("welding", "drilling", "sawing", "tapping"):
        unknown.append(f"The material of {thing.name} is not stated.")
    if process == "sheet_bending":
        unknown.append("How long the bends are is not known; the drawings show them.")
    return Need(
        id=need_id(process, material or thing.material, thick),
        process=process,
        processes=tuple(dict.fromkeys(processes)),
        subject="part",
        title=title_of(process, material, thick, thing.material),
        material=material,
        material_words=thing.material,
        thickness_mm=thick,
        pieces=(piece,),
        limits=tuple(_limits(thing, process, piece, thickness)),
        evidence=(evidence,),
        unknown=tuple(unknown),
    )


def _limits(thing: _Thing, process: str, piece: Piece, thickness: float | None) -> list[Limit]:
    limits = []
    holes = [hole["diameter_mm"] for hole in thing.facts.get("holes") or () if hole.get("diameter_mm")]
    if process == "drilling" and holes:
        for parameter, value in (("drill_mm_min", min(holes)), ("drill_mm_max", max(holes))):
            limits.append(Limit(parameter=parameter, value=value, evidence=f"hole of {value:g} mm in {thing.name}"))
    elif process in ("laser_cutting", "waterjet_cutting") and holes and thickness and min(holes) < thickness:
        # holes no wider than the sheet is thick are where cutting becomes hard
        evidence = f"hole of {min(holes):g} mm in {thing.name}, {thickness:g} mm thick"
        limits.append(Limit(parameter="hole_mm_min", value=min(holes), evidence=evidence))
    if process == "turning" and piece.box_mm:
        long, middle, short = piece.box_mm
        disc = abs(long - middle) < abs(middle - short)
        across, along = (long, short) if disc else (middle, long)
        limits.append(Limit(parameter="swing_mm", value=across, evidence=f"{thing.name}, {across:g} mm across"))
        limits.append(Limit(parameter="centres_mm", value=along, evidence=f"{thing.name}, {along:g} mm long"))
    return limits


def _finish(thing: _Thing, process: str) -> Need:
    piece = _piece(thing)
    return Need(
        id=need_id(process),
        process=process,
        processes=(process,),
        subject="part",
        title=title_of(process, "", None),
        pieces=(piece,),
        evidence=(f"{thing.name}: '{thing.finish}' in {thing.evidence}",),
        by_yourself=process == "painting",
    )
