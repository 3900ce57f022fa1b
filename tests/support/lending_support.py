"""A small world for tests of lending: a design that others have built, a batch half reserved, a workshop, lenders."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import schwifty
from batch_support import Market
from sqlmodel import select

from registry.batches import service as batches
from registry.batches.batch_schemas import BatchWish, Move, ReservationWish
from registry.batches.schemas import PriceBreak
from registry.designs.tables import Design, Revision
from registry.ledger import queries as ledger
from registry.lending import chart, policy
from registry.lending import queries as lending
from registry.lending import service as bank
from registry.lending.campaigns import pledging, service, state
from registry.lending.campaigns.schemas import CampaignMove, CampaignWish, PledgeWish, Purpose, WithdrawWish
from registry.lending.campaigns.tables import LoanCampaign, LoanTerms, Pledge
from registry.lending.schemas import PolicyWish
from registry.stores.clock import database_now
from registry.stores.stores import Stores

IBAN = "DE89370400440532013000"
LENDERS = ("lea", "luc", "lou")


def iban_of(batch: int) -> str:
    """The account of a batch's campaign: each has its own, the first batch's is IBAN."""
    return IBAN if batch == 1 else str(schwifty.IBAN.generate("DE", "37040044", str(batch)))


def open_world(stores: Stores, currency: str = "EUR") -> World:
    """ada owns the design and buys; olga operates and otto owns north; sue is the steward; lea, luc and lou lend."""
    with stores.db.transaction() as session:
        design = Design(
            slug="bench", url="https://git.example/bench.git", name="Garden bench", licence="CERN-OHL-S-2.0"
        )
        session.add(design)
        session.flush()
        session.add(Revision(
            design_id=design.id or 0, name="v1.0", label="v1.0", kind="tag", commit="c" * 40, newest=True,
            committed_at=database_now(session), proven="others", others=1, licence="CERN-OHL-S-2.0",
        ))  # fmt: skip
    market = Market(stores, "bench")
    for handle in ("sue", "ada", "olga", "otto", "vera", "tom", "tia", *LENDERS):
        market.person(handle)
    with stores.db.transaction() as session:
        from registry.accounts.tables import Account

        session.get_one(Account, market.people["sue"]).is_steward = True
    market.shop("north", currency, olga="operator", otto="owner", vera="viewer")
    world = World(market, currency)
    if currency != "EUR":
        world.change_policy(currency="\n" + f'currency = "{currency}"')
    return world


@dataclass
class World:
    """The market with what lending needs."""

    market: Market
    currency: str = "EUR"

    @property
    def stores(self) -> Stores:
        return self.market.stores

    @property
    def people(self) -> dict[str, int]:
        return self.market.people

    def change_policy(self, **changes: str) -> None:
        """Other lines of the shipped policy: name of a field -> its new line."""
        lines = policy.shipped_text().splitlines()
        for name, new in changes.items():
            at = next(place for place, line in enumerate(lines) if line.startswith(f"{name} ="))
            lines[at] = new
        wish = PolicyWish(text="\n".join(lines) + "\n", why="The tests want it")
        bank.change_policy(self.stores, self.people["sue"], wish)

    def batch(self, *, reserved: int = 10, most: int = 20, in_days: float = 20) -> int:
        """An open batch of which ada holds some."""
        with self.stores.db.reading() as session:
            now = database_now(session)
        wish = BatchWish(
            design="bench", fabricators=["north"], currency=self.currency, units_min=5, units_max=most,
            prices=[PriceBreak(quantity=1, unit_minor=2500), PriceBreak(quantity=20, unit_minor=2000)],
            deadline_at=now + dt.timedelta(days=in_days),
        )  # fmt: skip
        number = batches.plan(self.stores, self.people["olga"], wish)
        batches.move(self.stores, self.people["olga"], number, Move(action="open"))
        if reserved:
            batches.reserve(
                self.stores, self.people["ada"], number, ReservationWish(units=reserved, key=f"first-{number}")
            )
        return number

    def wish(self, batch: int, **changes: Any) -> CampaignWish:
        """A campaign for 200.00, at most 250.00."""
        values: dict[str, Any] = {
            "batch": batch, "target_minor": 20_000, "optimum_minor": 25_000, "pledge_minor_min": 1_000,
            "pledge_minor_max": 20_000, "deadline_on": self.today() + dt.timedelta(days=10), "units_funded": 10,
            "repayment_months": 6, "payee_name": "North workshop", "payee_iban": iban_of(batch),
            "about": "Ten benches more, so that all twenty cost less.", **changes,
        }  # fmt: skip
        values.setdefault("purposes", [Purpose(words="Oak", amount_minor=values["target_minor"])])
        return CampaignWish(**values)

    def today(self) -> dt.date:
        with self.stores.db.reading() as session:
            return database_now(session).date()

    def draft(self, **changes: Any) -> int:
        batch = changes.pop("batch", 0) or self.batch()
        return service.draft(self.stores, self.people["olga"], self.wish(batch, **changes))

    def campaign(self, **changes: Any) -> int:
        """An open campaign."""
        number = self.draft(**changes)
        service.move(self.stores, self.people["olga"], number, CampaignMove(action="open"))
        return number

    def terms(self, number: int) -> LoanTerms:
        with self.stores.db.reading() as session:
            version = session.get_one(LoanCampaign, number).terms_version
            return session.exec(
                select(LoanTerms).where(LoanTerms.campaign_id == number, LoanTerms.version == version)
            ).one()

    def pledge(self, who: str, number: int, amount_minor: int, key: str = "", **more: Any) -> int:
        wish = PledgeWish(amount_minor=amount_minor, terms_sha256=self.terms(number).sha256,
                          key=key or f"{who}-{number}-{amount_minor}", **more)  # fmt: skip
        return pledging.pledge(self.stores, self.people[who], number, wish)

    def pay(self, pledge_id: int, *, key: str = "", **more: Any) -> None:
        """As a statement's entry pays it."""
        row = self.row(pledge_id)
        values = {
            "amount_minor": row.amount_minor,
            "currency": self.currency,
            "key": key or f"entry-{pledge_id}",
        } | more
        with self.stores.db.transaction() as session:
            pledging.credit_pledge(session, row.campaign_id, row.reference or "", **values)

    def withdraw(self, who: str, pledge_id: int) -> None:
        pledging.withdraw(self.stores, self.people[who], pledge_id, WithdrawWish())

    def row(self, pledge_id: int) -> Pledge:
        with self.stores.db.reading() as session:
            return session.get_one(Pledge, pledge_id)

    def loan(self, number: int) -> LoanCampaign:
        with self.stores.db.reading() as session:
            return session.get_one(LoanCampaign, number)

    def shift(self, table: str, number: int, **columns: Any) -> None:
        """Set times of a row, as if they had been others: nobody waits for days in a test."""
        from registry.migrations.model import metadata

        rows = metadata.tables[table]
        with self.stores.db.transaction() as session:
            session.execute(rows.update().where(rows.c.id == number).values(**columns))

    def over(self, number: int) -> None:
        """The deadline is over, and so are the days in which a statement may still come; what is due is done."""
        with self.stores.db.reading() as session:
            now = database_now(session)
        days = state.policy_of(self.loan(number)).terms.statement_days
        self.shift("loan_campaign", number, deadline_at=now - dt.timedelta(days=days))
        service.settle_due(self.stores)

    def balance(self, who: str, number: int, role: str) -> int:
        """What the book says of a lender: role loan or due."""
        name = getattr(chart, role)(self.people[who], number, self.currency)
        with self.stores.db.reading() as session:
            return ledger.balance(session, name).balance_minor

    def policy(self) -> policy.Policy:
        with self.stores.db.reading() as session:
            return lending.policy_now(session)
