"""What runs on a new instance: a batch that is being made, one that fills, and a request with an offer.

Everybody in it is an example: accounts that nobody can log in to, and fabricators marked as examples.
"""

from __future__ import annotations

import datetime as dt

from sqlmodel import col, select

from registry.accounts import service as accounts
from registry.batches import quoting, service
from registry.batches.batch_schemas import BatchWish, CountWish, Move, ReservationWish
from registry.batches.schemas import Offer, PriceBreak, RequestWish
from registry.batches.tables import Batch, Quote, QuoteRequest
from registry.designs.tables import Design
from registry.fabricators import demo as fabricators
from registry.stores.stores import Stores
from registry.values import utcnow

OPERATOR, BUYERS = "example-operator", ("example-ada", "example-ben", "example-chloe")
_BOARD_HOUSE, _LAB, _SHOP = (
    "example-boards-plauen",
    "example-fab-lab-riverside",
    "example-carpentry-and-machine-shop-jinja",
)


def load(stores: Stores) -> list[str]:
    """Add what is not here yet. Returns: a sentence for each thing that is new."""
    with stores.db.reading() as session:
        slugs = {
            row.url: row.slug for row in session.exec(select(Design).where(col(Design.url).startswith("example:")))
        }
        begun = (
            session.exec(select(Batch.id).limit(1)).first() or session.exec(select(QuoteRequest.id).limit(1)).first()
        )
    if begun is not None:
        return []  # the instance has work of its own: examples would stand in its way
    operator = accounts.add_example(stores, OPERATOR)
    buyers = [accounts.add_example(stores, handle) for handle in BUYERS]
    known = fabricators.staff(stores, operator)
    told = []
    if (slug := slugs.get("example:brick-one")) and _BOARD_HOUSE in known:
        number = _running(stores, slug, operator, buyers)
        told.append(f"Batch {number} of {slug} is being made.")
    if (slug := slugs.get("example:soil-sensor")) and _LAB in known:
        number = _filling(stores, slug, operator, buyers)
        told.append(f"Batch {number} of {slug} takes reservations.")
    if (slug := slugs.get("example:brick-press")) and _SHOP in known:
        number = _quoted(stores, slug, operator, buyers[1])
        told.append(f"Request {number} for {slug} has an offer.")
    return told


def _prices(*breaks: tuple[int, int]) -> list[PriceBreak]:
    return [PriceBreak(quantity=quantity, unit_minor=unit_minor) for quantity, unit_minor in breaks]


def _wish(units: int, number: int, buyer: int) -> ReservationWish:
    return ReservationWish(units=units, named=True, key=f"example-{number}-{buyer}")


def _running(stores: Stores, slug: str, operator: int, buyers: list[int]) -> int:
    """A full batch that has begun early: made, and on the assembly bench."""
    wish = BatchWish(
        design=slug, fabricators=[_BOARD_HOUSE], currency="EUR", prices=_prices((10, 2450), (25, 1980), (40, 1740)),
        units_min=25, units_max=40, deadline_at=utcnow() + dt.timedelta(days=21),
        notes="Black solder mask, headers enclosed and not soldered. An example: nothing is made or paid.",
    )  # fmt: skip
    number = service.plan(stores, operator, wish)
    service.move(stores, operator, number, Move(action="open"))
    for units, buyer in zip((12, 10, 18), buyers, strict=True):
        service.reserve(stores, buyer, number, _wish(units, number, buyer))
    service.move(stores, operator, number, Move(action="begin early"))
    service.move(stores, operator, number, Move(action="materials"))
    service.count(stores, operator, number, CountWish(stage="made", good=40, scrap=2, why="two boards over-etched"))
    service.move(stores, operator, number, Move(action="made"))
    service.count(stores, operator, number, CountWish(stage="assembled", good=26, rework=1))
    return number


def _filling(stores: Stores, slug: str, operator: int, buyers: list[int]) -> int:
    """An open batch, a little over half of its minimum reserved."""
    wish = BatchWish(
        design=slug, fabricators=[_LAB], currency="EUR", prices=_prices((20, 3900), (40, 3250), (60, 2980)),
        units_min=20, units_max=60, units_per_person=20, deadline_at=utcnow() + dt.timedelta(days=18),
        notes="Housing printed in PETG, boards bought assembled. An example: nothing is made or paid.",
    )  # fmt: skip
    number = service.plan(stores, operator, wish)
    service.move(stores, operator, number, Move(action="open"))
    for units, buyer in zip((6, 2, 5), buyers, strict=True):
        service.reserve(stores, buyer, number, _wish(units, number, buyer))
    return number


def _quoted(stores: Stores, slug: str, operator: int, buyer: int) -> int:
    """A request for a machine, with an offer that waits for its answer."""
    today = utcnow().date()
    number = quoting.ask(stores, buyer, RequestWish(
        design=slug, fabricators=[_SHOP, _LAB], quantities=[1, 3], place="Jinja",
        wanted_by=today + dt.timedelta(days=90),
        notes="For a building site; the hydraulic power unit is there already. An example: nothing is bought.",
    ))  # fmt: skip
    with stores.db.reading() as session:
        shop = fabricators.staff(stores, operator)[_SHOP]
        quote = session.exec(select(Quote.id).where(Quote.request_id == number, Quote.fabricator_id == shop)).one() or 0
    quoting.offer(stores, operator, quote, Offer(
        currency="KES", prices=_prices((1, 41_500_000), (3, 37_800_000)), setup_minor=2_500_000, lead_days=42,
        valid_until=today + dt.timedelta(days=5), excluded="Hydraulic power unit, transport",
        terms="Half on order, half on collection.",
    ))  # fmt: skip
    return number
