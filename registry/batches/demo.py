"""What runs on a new instance, so that it shows every stage: a batch that was made and shipped, with one unit that
came faulty; one that two workshops make now; one that is full and shares its parts with one that fills; a request with
an offer.

Everybody in it is an example: accounts that nobody can log in to, and fabricators marked as examples.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from sqlmodel import col, select

from registry.accounts import service as accounts
from registry.batches import deliveries, partners, quoting, rules, service, unit_queries, units
from registry.batches.batch_schemas import BatchWish, CountWish, Move, PartnerWish, ReservationWish
from registry.batches.schemas import Offer, PriceBreak, RequestWish
from registry.batches.tables import Batch, Quote, QuoteRequest
from registry.batches.unit_schemas import Answer, NoteWish, NumberWish, ShipWish
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
    if (slug := slugs.get("example:brick-one")) and {_BOARD_HOUSE, _LAB} <= set(known):
        number = _shipped(stores, slug, operator, buyers)
        told.append(f"Batch {number} of {slug} was made and shipped.")
        number = _running(stores, slug, operator, buyers)
        told.append(f"Batch {number} of {slug} is being made.")
    if (slug := slugs.get("example:soil-sensor")) and {_BOARD_HOUSE, _LAB} <= set(known):
        number = _filling(stores, slug, operator, buyers)
        told.append(f"Batch {number} of {slug} takes reservations.")
        number = _full(stores, slug, operator, buyers)
        told.append(f"Batch {number} of {slug} is full, and buys together with it.")
    if (slug := slugs.get("example:brick-press")) and _SHOP in known:
        number = _quoted(stores, slug, operator, buyers[1])
        told.append(f"Request {number} for {slug} has an offer.")
    return told


def _prices(*breaks: tuple[int, int]) -> list[PriceBreak]:
    return [PriceBreak(quantity=quantity, unit_minor=unit_minor) for quantity, unit_minor in breaks]


def _wish(units: int, number: int, buyer: int) -> ReservationWish:
    return ReservationWish(units=units, named=True, key=f"example-{number}-{buyer}")


def _begun(stores: Stores, operator: int, wish: BatchWish, shares: Iterable[tuple[int, int]]) -> int:
    """A batch that was filled by buyers with their units, and has begun early."""
    number = service.plan(stores, operator, wish)
    service.move(stores, operator, number, Move(action="open"))
    for buyer, units_ in shares:
        service.reserve(stores, buyer, number, _wish(units_, number, buyer))
    service.move(stores, operator, number, Move(action="begin early"))
    return number


def _shipped(stores: Stores, slug: str, operator: int, buyers: list[int]) -> int:
    """A small first run: sent to two buyers; one unit came faulty, and another was sent in its place."""
    ada, ben, _ = buyers
    number = _begun(stores, operator, BatchWish(
        design=slug, fabricators=[_BOARD_HOUSE], currency="EUR", prices=_prices((8, 2900)), units_min=8, units_max=8,
        deadline_at=utcnow() + dt.timedelta(days=14), notes="A first run. An example: nothing was made or paid.",
    ), ((ada, 5), (ben, 3)))  # fmt: skip
    service.move(stores, operator, number, Move(action="materials"))
    units.number(stores, operator, number, NumberWish(units=10))
    for stage in rules.STAGES[1:4]:
        service.count(stores, operator, number, CountWish(stage=stage, good=9))
        if stage == "made":
            bad = CountWish(
                stage=stage, scrap=1, why="a hole drilled beside its pad", serials=[_serials(stores, number)[9]]
            )
            service.count(stores, operator, number, bad)
        service.move(stores, operator, number, Move.model_validate({"action": stage}))
    sent = deliveries.ship(stores, operator, number, ShipWish(reservation=1, carrier="Post", tracking="EXAMPLE-1"))
    deliveries.ship(stores, operator, number, ShipWish(reservation=2, carrier="Fetched at the workshop"))
    service.move(stores, operator, number, Move(action="shipped"))
    *fine, faulty = _serials(stores, number)[:5]
    deliveries.answer(stores, ada, sent, Answer(action="accept", serials=fine))
    deliveries.answer(stores, ada, sent, Answer(
        action="report", serials=[faulty], words="The reset button is stuck. (An example: nobody pressed it.)"
    ))  # fmt: skip
    deliveries.answer(
        stores, operator, sent, Answer(action="replace", serials=[faulty], words="Another one is on its way.")
    )
    deliveries.answer(stores, ada, sent, Answer(action="settle", serials=[faulty]))
    again = deliveries.ship(stores, operator, number, ShipWish(reservation=1, carrier="Post", tracking="EXAMPLE-2"))
    deliveries.answer(stores, ada, again, Answer(action="receive", serials=[_serials(stores, number)[8]]))
    note = NoteWish(text="Bootloader written at 5 V. Warranty: two years from the day it was received.")
    units.note(stores, operator, number, fine[0], note)
    return number


def _serials(stores: Stores, number: int) -> list[str]:
    with stores.db.reading() as session:
        return [unit.serial for unit in unit_queries.all_units(session, number).units]


def _running(stores: Stores, slug: str, operator: int, buyers: list[int]) -> int:
    """A full batch that has begun early: made by one workshop, and on the assembly bench of another."""
    wish = BatchWish(
        design=slug, fabricators=[_BOARD_HOUSE], currency="EUR", prices=_prices((10, 2450), (25, 1980), (40, 1740)),
        units_min=25, units_max=40, deadline_at=utcnow() + dt.timedelta(days=21),
        notes="Black solder mask, headers enclosed and not soldered. An example: nothing is made or paid.",
    )  # fmt: skip
    number = _begun(stores, operator, wish, zip(buyers, (12, 10, 18), strict=True))
    share = PartnerWish(fabricator=_LAB, stages=["assembled", "tested"], does="Through-hole parts by hand, burn-in")
    partners.ask(stores, operator, number, share)
    service.move(stores, operator, number, Move(action="materials"))
    service.count(stores, operator, number, CountWish(stage="made", good=40, scrap=2, why="two boards over-etched"))
    service.move(stores, operator, number, Move(action="made"))
    units.number(stores, operator, number, NumberWish())
    service.count(stores, operator, number, CountWish(stage="assembled", good=26, rework=1))
    return number


def _full(stores: Stores, slug: str, operator: int, buyers: list[int]) -> int:
    """A full batch that waits for its materials."""
    wish = BatchWish(
        design=slug, fabricators=[_BOARD_HOUSE], currency="EUR", prices=_prices((12, 4100)), units_min=12, units_max=12,
        deadline_at=utcnow() + dt.timedelta(days=10), notes="For a school. An example: nothing is made or paid.",
    )  # fmt: skip
    return _begun(stores, operator, wish, zip(buyers, (2, 6, 4), strict=True))


def _filling(stores: Stores, slug: str, operator: int, buyers: list[int]) -> int:
    """An open batch, a little over half of its minimum reserved."""
    wish = BatchWish(
        design=slug, fabricators=[_LAB], currency="EUR", prices=_prices((20, 3900), (40, 3250), (60, 2980)),
        units_min=20, units_max=60, units_per_person=20, deadline_at=utcnow() + dt.timedelta(days=18),
        notes="Housing printed in PETG, boards bought assembled. An example: nothing is made or paid.",
    )  # fmt: skip
    number = service.plan(stores, operator, wish)
    service.move(stores, operator, number, Move(action="open"))
    for units_, buyer in zip((6, 2, 5), buyers, strict=True):
        service.reserve(stores, buyer, number, _wish(units_, number, buyer))
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
