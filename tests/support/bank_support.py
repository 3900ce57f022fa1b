"""A campaign whose statements are imported: short names for tests of money in and out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from lending_support import World, open_world
from loan_support import now
from sqlmodel import col, select
from statement_support import IBAN, Booked, camt

from registry.accounts import service as accounts
from registry.accounts.pages import COOKIE
from registry.batches import service as batches
from registry.ledger import checking
from registry.ledger import queries as ledger
from registry.lending.bank import deciding, importing, ordering
from registry.lending.bank.booking import till_of
from registry.lending.bank.deciding import Decision
from registry.lending.bank.importing import Brought, Upload
from registry.lending.bank.tables import BankAct, BankEntry, PaymentFile, PaymentOrder
from registry.lending.campaigns import treasurers
from registry.lending.campaigns.schemas import TreasurerWish
from registry.lending.campaigns.tables import Pledge
from registry.stores.stores import Stores

TREASURERS = ("tom", "tia")


@dataclass
class Desk:
    """A treasurer's desk; `balance` is what the bank's statements have come to."""

    world: World
    number: int
    balance: int = 0
    booked: list[Booked] = field(default_factory=list)

    @property
    def stores(self) -> Stores:
        return self.world.stores

    @property
    def people(self) -> dict[str, int]:
        return self.world.people

    def upload(self, *lines: Booked, **more: Any) -> Upload:
        """The next statement, not yet imported."""
        return Upload(camt([self.today(one) for one in lines], self.balance, currency=self.world.currency, **more))

    def today(self, one: Booked) -> Booked:
        return replace(one, day=self.world.today())

    def bring(self, *lines: Booked, by: str = "tom", **more: Any) -> Brought:
        """Import the next statement."""
        upload = self.upload(*lines, **more)
        brought = importing.bring(self.stores, self.people[by], self.number, upload)
        self.balance += sum(one.amount for one in lines)
        return brought

    def reference(self, pledge_id: int) -> str:
        return self.world.row(pledge_id).reference or ""

    def paid(self, who: str, amount: int, **more: Any) -> int:
        """A pledge that a statement has paid."""
        pledge_id = self.world.pledge(who, self.number, amount, **more)
        self.bring(Booked(amount, f"{self.reference(pledge_id)} {who}"))
        return pledge_id

    def fund(self) -> None:
        """The deadline and everybody's cooling-off are over, the batch is filled."""
        with self.stores.db.reading() as session:
            pledges = session.exec(select(Pledge.id).where(Pledge.campaign_id == self.number)).all()
        for pledge_id in pledges:
            self.world.shift("pledge", pledge_id or 0, made_at=now(self.world) - dt.timedelta(days=20))
        self.world.over(self.number)
        row = self.world.loan(self.number)
        assert row.state == "funded"
        self.world.shift("batch", row.batch_id, deadline_at=now(self.world))
        batches.settle_due(self.stores)

    def entries(self, *states: str) -> list[BankEntry]:
        with self.stores.db.reading() as session:
            query = select(BankEntry).where(BankEntry.campaign_id == self.number).order_by(col(BankEntry.id))
            return [row for row in session.exec(query) if not states or row.state in states]

    def orders(self) -> list[PaymentOrder]:
        with self.stores.db.reading() as session:
            return list(session.exec(select(PaymentOrder).order_by(col(PaymentOrder.id))))

    def acts(self) -> list[BankAct]:
        with self.stores.db.reading() as session:
            return list(session.exec(select(BankAct).order_by(col(BankAct.id))))

    def decide(self, entry: BankEntry, action: str, by: str = "tom", **more: Any) -> str:
        wish = Decision(**{"action": action, "why": "The tests want it"} | more)
        return deciding.decide(self.stores, self.people[by], self.number, entry.id or 0, wish)

    def approve(self, order: PaymentOrder, by: str = "tia") -> str:
        return ordering.approve(self.stores, self.people[by], self.number, order.id or 0)

    def file(self, by: str = "tom") -> bytes:
        number = ordering.make_file(self.stores, self.people[by], self.number)
        with self.stores.db.reading() as session:
            return session.get_one(PaymentFile, number).content

    def book(self, name: str) -> int:
        """What an account of the campaign comes to: bank, unmatched, unexplained, charges, owes, excess, fund."""
        till = till_of(self.world.loan(self.number))
        with self.stores.db.reading() as session:
            found = ledger.balances(session, kind=getattr(till, name).kind, owner_id=getattr(till, name).id,
                                    role=getattr(till, name).role)  # fmt: skip
            return found[0].balance_minor if found else 0

    def check(self) -> None:
        """The book adds up, and is equal to the bank's statement."""
        with self.stores.db.reading() as session:
            report = checking.check(session)
        assert report.ok, report.faults
        assert -self.book("bank") == self.balance


def open_desk(stores: Stores, currency: str = "EUR", **changes: Any) -> Desk:
    """An open campaign with two treasurers, tom and tia."""
    world = open_world(stores, currency)
    for handle in TREASURERS:
        treasurers.name(stores, world.people["sue"], TreasurerWish(handle=handle, why="The tests want it"))
    desk = Desk(world, world.campaign(**changes))
    assert world.loan(desk.number).payee_iban == IBAN
    return desk


def client_of(app: Flask, desk: Desk, who: str) -> FlaskClient:
    """A browser in which somebody is logged in."""
    client = app.test_client()
    client.set_cookie(COOKIE, accounts.start_session(desk.stores, desk.people[who]).secret)
    return client
