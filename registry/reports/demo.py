"""What the examples say of how building went, so that a new instance shows a standing above 'untried'.

Each says that it is an example, and is of an example's account.
"""

from __future__ import annotations

from sqlmodel import select

from registry.accounts.queries import find_account
from registry.batches import delivery_queries
from registry.batches.demo import BUYERS
from registry.designs.tables import Design
from registry.reports import service
from registry.reports.schemas import ChangeWish, ReportWish, TestWish
from registry.reports.tables import BuildReport
from registry.stores.stores import Stores

_BOUGHT = ReportWish(
    outcome="works", country="Germany", town="Leipzig", precision="town",
    words="Blinks, talks over USB, and sits in its shield without force. (An example: nobody has built this one.)",
    tests=[TestWish(name="Current when idle", expected="45", measured="43", unit="mA", ok=True),
           TestWish(name="5 V rail", expected="5.0", measured="5.02", unit="V", ok=True)],
)  # fmt: skip
_BUILT = ReportWish(
    outcome="changed", country="Uganda", town="Jinja", precision="town", units=2, cost_minor=6400, currency="EUR",
    minutes=540, words="Soldered by hand, two boards in a long afternoon. (An example: nobody has built these.)",
    changes=[ChangeWish(line="D3", instead="Any 5 mA LED", why="it lay in the drawer")],
)  # fmt: skip


def load(stores: Stores) -> list[str]:
    """Add what is not here yet. Returns: a sentence for each thing that is new."""
    with stores.db.reading() as session:
        slug = session.exec(select(Design.slug).where(Design.url == "example:brick-one")).first()
        people = [find_account(session, handle) for handle in BUYERS]
        if slug is None or None in people or session.exec(select(BuildReport.id).limit(1)).first() is not None:
            return []
        ada, _, chloe = (person.id or 0 for person in people if person)
        bought = [unit for unit in delivery_queries.units_of(session, ada) if unit.design == slug]
    if not bought:
        return []
    serial = min(unit.serial for unit in bought)
    service.report(stores, ada, slug, "v1.0.0", _BOUGHT.model_copy(update={"unit": serial}))
    service.report(stores, chloe, slug, "v1.0.0", _BUILT)
    return [f"Two examples tell how building {slug} went."]
