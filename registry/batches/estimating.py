"""What the registry itself reckons that a quoted version costs at each fabricator, to lay beside the quotes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlmodel import col, select

from registry.batches.schemas import Estimate
from registry.errors import RegistryError
from registry.fabricators import making
from registry.fabricators.estimates import cost_minor
from registry.fabricators.matching import does, quick
from registry.fabricators.needs import Need
from registry.fabricators.queries import machine_facts
from registry.fabricators.schemas import MachineFacts
from registry.fabricators.tables import Fabricator
from registry.stores.stores import Stores


def estimates(
    stores: Stores, design: str, label: str, fabricators: Sequence[str], quantities: Sequence[int]
) -> dict[str, Estimate]:
    """slug -> estimate, of those fabricators for which anything can be reckoned."""
    try:
        needs = [need for need in making.read_version(stores, design, label).needs if not need.by_yourself]
    except RegistryError:
        return {}  # a version whose needs can't be read is quoted all the same
    with stores.db.reading() as session:
        rows = session.exec(select(Fabricator).where(col(Fabricator.slug).in_(fabricators))).all()
        machines = machine_facts(session, [row.id or 0 for row in rows])
    own = {
        row.slug: reckon(needs, [machine for machine in machines if machine.fabricator_id == row.id], quantities)
        for row in rows
    }
    return {slug: estimate for slug, estimate in own.items() if estimate is not None}


def reckon(needs: Sequence[Need], machines: Sequence[MachineFacts], quantities: Sequence[int]) -> Estimate | None:
    """The sum over the needs, each by the machine that does it at the least; None if no rate is known."""
    chosen = [(need, machine) for need in needs if (machine := _cheapest(need, machines, quantities[0])) is not None]
    if not chosen:
        return None
    sums = {units: sum(cost_minor(need, machine, units) or 0 for need, machine in chosen) for units in quantities}
    return Estimate(currency=chosen[0][1].currency, by_quantity=sums, reckoned=len(chosen), of=len(needs))


def _cheapest(need: Need, machines: Iterable[MachineFacts], units: int) -> MachineFacts | None:
    """The machine that does a need at the least, of those that are not known to fail."""
    costs = [
        (cost, machine.id, machine)
        for machine in machines
        if does(need, machine.process)
        and quick(need, machine) != "no"
        and (cost := cost_minor(need, machine, units)) is not None
    ]
    return min(costs)[2] if costs else None
