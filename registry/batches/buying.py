"""Buying for many batches at once: each version's materials times its units, a part of several batches as one line."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence

from sqlmodel import Session, col, select

from registry.batches.buying_schemas import BuyLine, BuyList, Partner, SharedBuying
from registry.batches.queries import get_batch
from registry.batches.tables import Batch
from registry.batches.unit_tables import Order
from registry.builds.bom.kinds import is_made
from registry.builds.bom.vendors import table
from registry.builds.schemas import BomLine, Materials
from registry.builds.tables import Build
from registry.designs.tables import Design, Revision
from registry.errors import Conflict
from registry.stores.stores import Stores

_BUYING = ("open", "filled")  # later, the materials are bought
_PARTNERS_MAX = 60  # batches looked at, the nearest deadline first
Identity = tuple[object, ...]


@functools.lru_cache(maxsize=256)
def _lines(content: bytes) -> Sequence[BomLine]:
    return [
        line for line in Materials.model_validate_json(content).lines
        if not line.dnp and not line.excluded_from_bom and line.quantity
    ]  # fmt: skip


def _identity(line: BomLine, design: int) -> Identity:
    """The same part: by manufacturer's number, then by a supplier's; other things only within their own design."""
    if line.mpn:
        return "mpn", line.mpn.strip().casefold(), line.manufacturer.strip().casefold()
    if line.suppliers:
        return "sku", *sorted(line.suppliers.items())[0]
    return "own", design, line.id


def _materials(
    stores: Stores, session: Session, numbers: Iterable[int]
) -> dict[int, tuple[int, Sequence[BomLine] | None]]:
    """batch -> its design's id and its lines; None for a version without a bill of materials."""
    rows = session.exec(
        select(Batch.id, Batch.design_id, Batch.revision_id).where(col(Batch.id).in_(list(numbers))).order_by(Batch.id)  # type: ignore[arg-type]
    ).all()
    revisions = {revision for _, _, revision in rows}
    digests = dict(
        session.exec(
            select(Build.revision_id, Build.materials_digest)
            .where(col(Build.revision_id).in_(revisions), Build.materials_digest != "").order_by(col(Build.id))
        ).all()
    )  # fmt: skip
    read = {digest: _lines(stores.blobs.read(digest)) for digest in set(digests.values())}
    return {
        number or 0: (design, read[digests[revision]] if revision in digests else None)
        for number, design, revision in rows
    }


def buy_list(stores: Stores, session: Session, units: Mapping[int, int]) -> BuyList:
    """The list for some batches: batch -> units."""
    merged: dict[Identity, list[tuple[int, BomLine, float]]] = {}
    without = []
    found = _materials(stores, session, units)
    for number, (design, its_lines) in found.items():
        if its_lines is None:
            without.append(number)
        for line in its_lines or ():
            merged.setdefault(_identity(line, design), []).append((number, line, line.quantity * units[number]))
    lines = [_line(uses) for uses in merged.values()]
    lines.sort(key=lambda line: (line.made, line.kind, -line.quantity, line.mpn, line.description))
    return BuyList(
        lines=lines, jobs=len(found), without_materials=without, lines_apart=sum(len(line.jobs) for line in lines),
        lines_shared=sum(len(line.jobs) > 1 for line in lines),
    )  # fmt: skip


def _line(uses: list[tuple[int, BomLine, float]]) -> BuyLine:
    first = uses[0][1]
    jobs: dict[int, float] = {}
    for number, _, quantity in uses:
        jobs[number] = jobs.get(number, 0) + quantity
    suppliers = {name: sku for _, line, _ in reversed(uses) for name, sku in line.suppliers.items()}
    names = ("kind", "description", "value", "footprint", "manufacturer", "mpn")
    return BuyLine(
        **{name: getattr(first, name) for name in names}, suppliers=suppliers, quantity=sum(jobs.values()), jobs=jobs,
        made=is_made(first.kind),
    )  # fmt: skip


def _parts(found: tuple[int, Sequence[BomLine] | None]) -> set[Identity]:
    """What a batch buys that others may buy as well."""
    design, its_lines = found
    return {
        identity for line in its_lines or () if (identity := _identity(line, design))[0] != "own"
        and not is_made(line.kind)
    }  # fmt: skip


def _units(batch: Batch) -> int:
    return max(batch.reserved, batch.units_min) if batch.state == "open" else batch.reserved


def shared(
    stores: Stores, session: Session, number: int, account_id: int | None = None, chosen: Sequence[int] | None = None
) -> SharedBuying:
    """A batch's purchase list together with others that need the same parts: the chosen ones, or all.

    Raises: NotFound; Conflict for a chosen batch that shares no part, or has its materials.
    """
    get_batch(session, number, account_id)  # raises for one that this account may not see
    own = session.get_one(Batch, number)
    others: list[Batch] = []
    if own.state in _BUYING:
        others = list(
            session.exec(
                select(Batch)
                .where(
                    col(Batch.state).in_(_BUYING), Batch.id != number, col(Batch.id).not_in(select(Order.batch_id))
                )
                .order_by(col(Batch.deadline_at))
                .limit(_PARTNERS_MAX)
            )
        )  # fmt: skip
    found = _materials(stores, session, [number, *(row.id or 0 for row in others)])
    mine = _parts(found[number])
    common = {row.id or 0: len(mine & _parts(found[row.id or 0])) for row in others}
    fitting = [row for row in others if common[row.id or 0]]
    wanted = {row.id or 0 for row in fitting} if chosen is None else set(chosen) - {number}
    if strange := sorted(wanted - {row.id for row in fitting}):
        raise Conflict(
            f"Batch {strange[0]} buys nothing together with batch {number}.",
            "Choose among the batches that fill or begin and need the same parts.", field="with",
        )  # fmt: skip
    units = {row.id or 0: _units(row) for row in [own, *fitting] if row.id == number or row.id in wanted}
    partners = []
    for row in fitting:
        design = session.get_one(Design, row.design_id)
        partners.append(
            Partner(
                number=row.id or 0, design=design.slug, design_name=design.name, state=row.state, units=_units(row),
                version=session.get_one(Revision, row.revision_id).name, parts=common[row.id or 0],
                chosen=row.id in wanted,
            )
        )  # fmt: skip
    return SharedBuying(batch=number, units=units, partners=partners, buy=buy_list(stores, session, units))


def as_csv(found: BuyList) -> bytes:
    """The list as a table for spreadsheets, cells made harmless."""
    header = ("Quantity", "MPN", "Manufacturer", "Description", "Value", "Footprint", "Kind", "Suppliers", "Batches")
    return table(
        header,
        (
            (
                line.quantity, line.mpn, line.manufacturer, line.description, line.value, line.footprint, line.kind,
                "; ".join(f"{name} {sku}" for name, sku in line.suppliers.items()),
                "; ".join(f"{number}: {count:.12g}" for number, count in line.jobs.items()),
            )
            for line in found.lines
        ),
    )  # fmt: skip
