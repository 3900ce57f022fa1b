"""From what was built of a version to what it needs of those who make it. Pure: plain data in, needs out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from registry.builds.schemas import BomLine
from registry.fabricators.needs import FINISHING, Limit, Need, Needs, Piece, box_of, merged, need_id, title_of
from registry.fabricators.needs_boards import BoardInput, needs_of_board
from registry.fabricators.needs_parts import PartInput, needs_of_parts
from registry.fabricators.process_words import OTHERS
from registry.fabricators.vocabulary import find_process, process_and_kinds, process_name

_BOUGHT = ("off-the-shelf", "fastener", "consumable")
HEAVY_KG = 25.0


@dataclass(frozen=True)
class VersionInput:
    """What was built and read of a version."""

    boards: Sequence[BoardInput] = ()
    parts: Sequence[PartInput] = ()
    rows: Sequence[Mapping[str, Any]] = ()
    lines: Sequence[BomLine] = ()
    about: Mapping[str, Any] = field(default_factory=dict)


def derive(version: VersionInput) -> Needs:
    """Every need of a version, those alike as one; and sentences about what could not be derived."""
    unknown: list[str] = []
    found: list[Need] = []
    for board in version.boards:
        if not board.facts:
            unknown.append(f"{board.title} could not be built: what it needs is not known.")
            continue
        found += needs_of_board(board, _quantity_of(board))
    found += needs_of_parts(version.parts, version.rows, unknown)
    found += _welding(version, found)
    together = list(merged(found))
    together += _whole(version, together)
    together += _from_manifest(version.about, together)
    if not together and not unknown:
        unknown.append("Nothing to make was found in its files: what it needs is not known.")
    failed = [part.title for part in version.parts if not part.facts]
    if failed:
        unknown.append(f"{', '.join(failed[:4])}: could not be built, so what is needed for it is not known.")
    return Needs(needs=tuple(together), unknown=tuple(unknown))


def _quantity_of(board: BoardInput) -> float | None:
    return board.own_line.quantity if board.own_line else 1.0


def _welding(version: VersionInput, found: Sequence[Need]) -> list[Need]:
    """Welds that the bill of materials tells of: wire to buy, parts that are welded on."""
    lines = [line for line in version.lines if "weld" in f"{line.description} {line.process} {line.notes}".lower()]
    if not lines:
        return []
    known = next((need for need in found if need.process == "welding"), None)
    metals = [need.material for need in found if need.process in ("laser_cutting", "sawing") and need.material]
    material = known.material if known else max(metals, key=metals.count, default="")
    return [
        Need(
            id=known.id if known else need_id("welding", material),
            process="welding",
            processes=("welding",),
            subject="whole",
            title=title_of("welding", material, None),
            material=material,
            evidence=tuple(f"'{line.description}' in {line.source or 'the bill of materials'}" for line in lines[:3]),
            unknown=("Which joints are welded, and how, is told by the drawings alone.",),
        )
    ]


def _whole(version: VersionInput, needs: Sequence[Need]) -> list[Need]:
    """Buying and putting together, where there is anything of the kind."""
    found = []
    bought = [line for line in version.lines if line.kind in _BOUGHT and line.quantity > 0 and not line.dnp]
    unnamed = sum(1 for line in bought if not line.mpn and not line.suppliers)
    if bought:
        doubts = (f"{unnamed} of {len(bought)} lines name no maker's or supplier's number.",) if unnamed else ()
        found.append(
            Need(
                id="buying",
                process="assembly",
                processes=("assembly",),
                subject="whole",
                title=f"Buying {len(bought)} {'kind' if len(bought) == 1 else 'kinds'} of parts",
                evidence=("the bill of materials: fasteners, parts off the shelf, consumables",),
                unknown=doubts,
                lines=len(bought),
                by_yourself=True,
            )
        )
    parts = sum(len(need.pieces) for need in needs if need.subject == "part" and need.process not in FINISHING)
    if len(version.boards) + parts + len(bought) > 1 and (parts or bought):
        found.append(_assembly(version.about))
    return found


def _assembly(about: Mapping[str, Any]) -> Need:
    mass_g, size = about.get("mass_g"), about.get("outer_dimensions_mm")
    limits, evidence = [], ["several parts that belong together"]
    pieces: tuple[Piece, ...] = ()
    if isinstance(mass_g, int | float) and mass_g > HEAVY_KG * 1000:
        said = f"{mass_g / 1000:.0f} kg, {about.get('manifest') or 'as the manifest says'}"
        limits.append(Limit(parameter="mass_kg_max", value=round(mass_g / 1000, 1), evidence=said))
    if isinstance(size, Mapping):
        box = box_of([side for side in size.values() if isinstance(side, int | float)])
        if box:
            pieces = (Piece(name="the whole", quantity=1, box_mm=box),)
            evidence.append(f"outer size from {about.get('manifest') or 'the manifest'}")
    return Need(
        id="assembly",
        process="assembly",
        processes=("assembly",),
        subject="whole",
        title=process_name("assembly"),
        pieces=pieces,
        limits=tuple(limits),
        evidence=tuple(evidence),
        by_yourself=True,
    )


def _from_manifest(about: Mapping[str, Any], needs: Sequence[Need]) -> list[Need]:
    """Processes that a manifest names by TSDC code, where nothing that was built asks for them."""
    covered = {process for need in needs for process in need.processes}
    manifests = about.get("manifests")
    found = []
    for path, manifest in (manifests or {}).items() if isinstance(manifests, Mapping) else ():
        codes = manifest.get("tsdc") if isinstance(manifest, Mapping) else None
        for code in [codes] if isinstance(codes, str) else codes if isinstance(codes, list) else ():
            process = find_process(str(code))
            if process is None or covered & process_and_kinds(process.id):
                continue
            covered.add(process.id)
            found.append(
                Need(
                    id=need_id(process.id, "manifest"),
                    process=process.id,
                    processes=(process.id, *OTHERS.get(process.id, ())),
                    subject="whole",
                    title=process.name,
                    evidence=(f"tsdc {code} in {path}",),
                    unknown=("What it is asked for is not known: no file of this version shows it.",),
                )
            )
    return found
