"""What to buy over all jobs: each version's materials times its units, a part of several jobs as one line."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence

from sqlmodel import Session, col

from registry.batches.tables import Batch
from registry.builds.bom.kinds import is_made
from registry.builds.bom.vendors import table
from registry.builds.schemas import BomLine, Materials
from registry.builds.tables import Build
from registry.dashboard.schemas import BuyLine, BuyList, JobCard
from registry.dashboard.sql import select
from registry.stores.stores import Stores


def jobs_to_buy_for(jobs: Iterable[JobCard], *, when_full: bool = False) -> dict[int, int]:
    """batch -> units: jobs that begin with buying; with `when_full` also those that fill, at least at their minimum."""
    found = {job.number: job.units for job in jobs if job.state == "filled"}
    if when_full:
        found |= {job.number: max(job.units, job.units_min) for job in jobs if job.state == "open"}
    return found


@functools.lru_cache(maxsize=256)
def _lines(content: bytes) -> Sequence[BomLine]:
    return Materials.model_validate_json(content).lines


def _identity(line: BomLine, design: int) -> tuple[object, ...]:
    """The same part: by manufacturer's number, then by a supplier's; other things only within their own design."""
    if line.mpn:
        return "mpn", line.mpn.strip().casefold(), line.manufacturer.strip().casefold()
    if line.suppliers:
        return "sku", *sorted(line.suppliers.items())[0]
    return "own", design, line.id


def buy_list(stores: Stores, session: Session, units: dict[int, int]) -> BuyList:
    """The list for some batches."""
    rows = session.execute(
        select(Batch.id, Batch.design_id, Batch.revision_id).where(col(Batch.id).in_(units)).order_by(Batch.id)
    ).all()
    revisions = {revision for _, _, revision in rows}
    digests: dict[int, str] = dict(
        session.execute(
            select(Build.revision_id, Build.materials_digest)
            .where(col(Build.revision_id).in_(revisions), col(Build.materials_digest) != "").order_by(Build.id)
        ).all()
    )  # fmt: skip
    merged: dict[tuple[object, ...], list[tuple[int, BomLine, float]]] = {}
    without = []
    for number, design, revision in rows:
        digest = digests.get(revision)
        if digest is None:
            without.append(number)
            continue
        for line in _lines(stores.blobs.read(digest)):
            if not line.dnp and not line.excluded_from_bom and line.quantity:
                merged.setdefault(_identity(line, design), []).append((number, line, line.quantity * units[number]))
    lines = [_line(uses) for uses in merged.values()]
    lines.sort(key=lambda line: (line.made, line.kind, -line.quantity, line.mpn, line.description))
    return BuyList(lines=lines, jobs=len(rows), without_materials=without)


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
