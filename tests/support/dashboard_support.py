"""A workshop at work: batches at several stages, quotes, messages, machines."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batch_support import Market, an_offer, open_market
from sqlalchemy import text

from registry.batches import quoting, service
from registry.batches.batch_schemas import CountWish, Move, ReservationWish
from registry.batches.schemas import Change, Word
from registry.dashboard import overview
from registry.dashboard import service as dashboard
from registry.dashboard.schemas import Dashboard
from registry.fabricators.tables import Machine
from registry.stores.stores import Stores
from registry.values import utcnow


@dataclass
class Shop:
    """North, with what runs there."""

    market: Market

    @property
    def stores(self) -> Stores:
        return self.market.stores

    @property
    def id(self) -> int:
        return self.market.shops["north"]

    def who(self, handle: str) -> int:
        return self.market.people[handle]

    def reserve(self, number: int, buyer: str, units: int, *, named: bool = True) -> int:
        key = f"{buyer}-{number}-{units}"
        wish = ReservationWish(units=units, named=named, key=key)
        return service.reserve(self.stores, self.who(buyer), number, wish).number

    def full(self, *buyers: tuple[str, int], most: int = 20) -> int:
        """A batch that is full and begins."""
        number = self.market.batch("olga", "north", least=10, most=most)
        for buyer, units in buyers or (("ada", 12), ("sam", 8)):
            self.reserve(number, buyer, units)
        self.move(number, "begin early")
        return number

    def move(self, number: int, action: str, why: str = "") -> None:
        service.move(self.stores, self.who("olga"), number, Move(action=action, why=why))  # type: ignore[arg-type]

    def count(self, number: int, stage: str, good: int, scrap: int = 0) -> None:
        service.count(self.stores, self.who("olga"), number, CountWish(stage=stage, good=good, scrap=scrap, why="so"))

    def quote(self, *, accept: bool = False, quantities: tuple[int, ...] = (10, 50), days: int = 30) -> int:
        """A quote of north's for ada."""
        request = self.market.ask("ada", "north", quantities=quantities)
        number = int(self.sql("SELECT id FROM quote WHERE request_id = :request", request=request))
        until = utcnow().date() + dt.timedelta(days=days)
        quoting.offer(self.stores, self.who("olga"), number, an_offer(valid_until=until))
        if accept:
            quoting.change(self.stores, self.who("ada"), number, Change(action="accept", version=1))
        return number

    def ask_word(self, quote: int, words: str) -> None:
        quoting.write(self.stores, self.who("ada"), quote, Word(text=words))

    def machine(self, name: str, status: str = "ready", count: int = 1) -> int:
        with self.stores.db.transaction() as session:
            row = Machine(fabricator_id=self.id, name=name, process="laser_cutting", status=status, count=count)
            session.add(row)
            session.flush()
            return row.id or 0

    def sql(self, statement: str, **values: Any) -> Any:
        """One value, by SQL of the test's own."""
        with self.stores.db.engine.connect() as connection:
            return connection.execute(text(statement), {"north": self.id, **values}).scalar()

    def rows(self, statement: str, **values: Any) -> list[Any]:
        with self.stores.db.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(statement), {"north": self.id, **values})]

    def numbers(self, handle: str = "olga") -> Dashboard:
        with self.stores.db.reading() as session:
            fabricator, role = dashboard.enter(session, "north", self.who(handle))
            return overview.dashboard(self.stores, session, fabricator, self.who(handle), role)


def open_shop(stores: Stores, folder: Path) -> Shop:
    return Shop(open_market(stores, folder))
