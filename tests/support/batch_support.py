"""A small market for tests: a design, workshops with people, buyers."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

import build_support
from sqlmodel import select

from registry.accounts.tables import Account
from registry.batches import quoting, service
from registry.batches.batch_schemas import BatchWish, Move, ReservationWish
from registry.batches.schemas import Offer, PriceBreak, RequestWish
from registry.builds.schemas import BomLine, Materials, Use
from registry.builds.tables import Build
from registry.designs import service as designs
from registry.designs.schemas import Submission
from registry.designs.tables import Design, Revision
from registry.fabricators.tables import Fabricator, Member
from registry.stores.stores import Stores
from registry.values import utcnow

PRICES = [PriceBreak(quantity=10, unit_minor=2000), PriceBreak(quantity=50, unit_minor=1500)]


@dataclass
class Market:
    """Handles and slugs by id, so that a test reads like what it tells."""

    stores: Stores
    design: str
    people: dict[str, int] = field(default_factory=dict)
    shops: dict[str, int] = field(default_factory=dict)

    def person(self, handle: str) -> int:
        """An account; its password is nobody's business here."""
        with self.stores.db.transaction() as session:
            row = Account(handle=handle, password_hash="none")
            session.add(row)
            session.flush()
            self.people[handle] = row.id or 0
        return self.people[handle]

    def shop(self, slug: str, currency: str = "EUR", **roles: str) -> int:
        """A fabricator with people: handle=role."""
        with self.stores.db.transaction() as session:
            row = Fabricator(slug=slug, name=slug.title(), currency=currency)
            session.add(row)
            session.flush()
            self.shops[slug] = row.id or 0
            for handle, role in roles.items():
                session.add(Member(fabricator_id=row.id or 0, account_id=self.people[handle], role=role))
        return self.shops[slug]

    def ask(self, buyer: str, *shops: str, quantities: tuple[int, ...] = (10, 50)) -> int:
        wish = RequestWish(design=self.design, fabricators=list(shops), quantities=list(quantities), place="Lyon")
        return quoting.ask(self.stores, self.people[buyer], wish)

    def batch(
        self, operator: str, shop: str, *, least: int = 10, most: int = 20, in_s: float = 3600, **more: object
    ) -> int:
        """An open batch."""
        wish = BatchWish(
            design=self.design, fabricators=[shop], currency="EUR", prices=PRICES, units_min=least, units_max=most,
            deadline_at=utcnow() + dt.timedelta(seconds=in_s), **more,
        )  # type: ignore[arg-type]  # fmt: skip
        number = service.plan(self.stores, self.people[operator], wish)
        service.move(self.stores, self.people[operator], number, Move(action="open"))
        return number


def begun(market: Market, units: int = 10, buyers: tuple[str, ...] = ("ada",)) -> int:
    """A full batch of north that has begun: each buyer holds an equal share of its units."""
    olga = market.people["olga"]
    wish = BatchWish(
        design=market.design, fabricators=["north"], currency="EUR", units_min=units, units_max=units,
        prices=[PriceBreak(quantity=1, unit_minor=2000)], deadline_at=utcnow() + dt.timedelta(hours=1),
    )  # fmt: skip
    number = service.plan(market.stores, olga, wish)
    service.move(market.stores, olga, number, Move(action="open"))
    for buyer in buyers:
        share = ReservationWish(units=units // len(buyers), key=f"{buyer}-{number}")
        service.reserve(market.stores, market.people[buyer], number, share)
    service.move(market.stores, olga, number, Move(action="begin early"))
    return number


def an_offer(**changes: object) -> Offer:
    """A quote as a workshop might make it."""
    values: dict[str, object] = {
        "currency": "EUR", "prices": PRICES, "setup_minor": 5000, "lead_days": 14,
        "valid_until": utcnow().date() + dt.timedelta(days=30), "excluded": "Transport", "terms": "30 days net",
    }  # fmt: skip
    return Offer.model_validate(values | changes)


def open_market(stores: Stores, folder: Path) -> Market:
    """A design of documents; ada buys, olga operates and otto owns north, vera looks at it; sam runs south."""
    source = build_support.make_design(folder, {"bom.csv": "Item,Qty\nPlank,4\n"})
    market = Market(stores, designs.submit(stores, None, Submission(url=str(source))).slug)
    for handle in ("ada", "olga", "otto", "vera", "sam"):
        market.person(handle)
    market.shop("north", olga="operator", otto="owner", vera="viewer")
    market.shop("south", sam="owner")
    return market


def a_line(name: str, quantity: float, mpn: str = "", **more: object) -> BomLine:
    uses = [Use(target="board", quantity=quantity, designators=[])]
    values = {"id": name, "kind": "electronic", "quantity": quantity, "description": name, "mpn": mpn,
              "manufacturer": "Yageo" if mpn else "", "uses": uses}  # fmt: skip
    return BomLine.model_validate(values | more)


def give(market: Market, slug: str, *lines: BomLine) -> None:
    """A bill of materials for the newest version, as a build leaves it."""
    digest = market.stores.blobs.put(Materials(lines=list(lines)).model_dump_json().encode())
    with market.stores.db.transaction() as session:
        design = session.exec(select(Design).where(Design.slug == slug)).one()
        revision = session.exec(select(Revision).where(Revision.design_id == design.id)).first()
        assert revision is not None
        session.add(Build(design_id=design.id, revision_id=revision.id, state="done", materials_digest=digest))
