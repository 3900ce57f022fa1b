"""Money that a fabricator is owed and has seen: sums by currency, and each reservation and quote."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col

from registry.accounts.tables import Account
from registry.batches import rules as batch_rules
from registry.batches.tables import Batch, BatchMaker, Quote, QuoteRequest, QuoteVersion, Reservation
from registry.batches.unit_tables import Order
from registry.dashboard import rules
from registry.dashboard.rules import Owed
from registry.dashboard.schemas import MoneyItem, MoneySum
from registry.dashboard.sql import select
from registry.dashboard.tables import PaymentSeen
from registry.designs.tables import Design, Revision
from registry.lending.community.queries import CreditPart, credit_parts

SHOWN = 300


@dataclass(frozen=True, slots=True)
class Books:
    """All that money's sums are made of."""

    totals: list[MoneySum]
    without_quantity: int


def _led(fabricator_id: int) -> Any:
    """The batches whose money comes here: those that it leads."""
    return select(col(BatchMaker.batch_id)).where(
        col(BatchMaker.fabricator_id) == fabricator_id, col(BatchMaker.leads).is_(True)
    )


@dataclass(frozen=True, slots=True)
class _Price:
    """What a batch brings. `rest_minor`: what an order's total has beyond its units at their price."""

    state: str
    currency: str
    unit_minor: int
    units: int
    rest_minor: int = 0

    def of(self, units: int) -> int:
        """What some of its units bring together."""
        return self.unit_minor * units + (self.rest_minor if units == self.units else 0)


def _prices(session: Session, fabricator_id: int) -> dict[int, _Price]:
    """The batches that are or will be owed, by number."""
    rows = session.execute(
        select(
            Batch.id,
            Batch.state,
            Batch.currency,
            Batch.prices,
            Batch.units_min,
            Batch.reserved,
            QuoteVersion.prices,
            QuoteVersion.setup_minor,
        )
        .outerjoin(Order, col(Order.batch_id) == col(Batch.id))
        .outerjoin(Quote, (col(Quote.id) == col(Batch.quote_id)) & col(Order.batch_id).is_not(None))
        .outerjoin(QuoteVersion, (col(QuoteVersion.quote_id) == col(Quote.id)) & (QuoteVersion.number == Quote.version))
        .where(col(Batch.id).in_(_led(fabricator_id)), col(Batch.state) != "draft")
    ).all()
    found = {}
    for id_, state, currency, prices, least, units, offered, setup in rows:
        price = rules.price_of(prices, least, units)
        rest = rules.order_rest(offered, setup, units, price) if offered is not None else 0
        found[id_] = _Price(state, currency, price, units, rest)
    return found


def _paid_reservations(session: Session, fabricator_id: int) -> list[tuple[int, int, int, str, int, str]]:
    """(id, batch, units, state, paid, currency) of every reservation of which money was seen."""
    rows = session.execute(
        select(
            Reservation.id, Reservation.batch_id, Reservation.units, Reservation.state,
            func.sum(PaymentSeen.amount_minor), PaymentSeen.currency,
        )
        .join(Reservation, col(Reservation.id) == col(PaymentSeen.reservation_id))
        .where(col(PaymentSeen.fabricator_id) == fabricator_id)
        .group_by(Reservation.id, Reservation.batch_id, Reservation.units, Reservation.state, PaymentSeen.currency)
    ).all()  # fmt: skip
    return [(id_, batch, units, state, int(paid), currency) for id_, batch, units, state, paid, currency in rows]


def _accepted(session: Session, fabricator_id: int) -> list[MoneyItem]:
    """Accepted quotes without a batch; those that were asked for several quantities have no amount yet."""
    paid = (
        select(PaymentSeen.quote_id, func.sum(PaymentSeen.amount_minor).label("paid"))
        .where(col(PaymentSeen.fabricator_id) == fabricator_id, col(PaymentSeen.quote_id).is_not(None))
        .group_by(PaymentSeen.quote_id).subquery()
    )  # fmt: skip
    rows = session.execute(
        select(
            Quote.id, QuoteRequest.quantities, QuoteVersion.currency, QuoteVersion.prices, QuoteVersion.setup_minor,
            Account.handle, Design.name, Revision.name, paid.c.paid, Batch.id,
        )
        .join(QuoteRequest, col(QuoteRequest.id) == col(Quote.request_id))
        .join(QuoteVersion, (col(QuoteVersion.quote_id) == col(Quote.id)) & (col(QuoteVersion.number) == Quote.version))
        .join(Account, col(Account.id) == col(QuoteRequest.buyer_id))
        .join(Design, col(Design.id) == col(QuoteRequest.design_id))
        .join(Revision, col(Revision.id) == col(QuoteRequest.revision_id))
        .outerjoin(Batch, col(Batch.quote_id) == col(Quote.id))
        .outerjoin(paid, paid.c.quote_id == col(Quote.id))
        .where(col(Quote.fabricator_id) == fabricator_id, col(Quote.state) == "accepted")
        .order_by(Quote.id)
    ).all()  # fmt: skip
    items = []
    for id_, quantities, currency, prices, setup, who, design, version, received, batch in rows:
        if batch is not None and not received:
            continue  # its batch is what is owed
        units = quantities[0] if len(quantities) == 1 and batch is None else 0
        agreed = batch_rules.total_price(prices, setup, units) or 0 if units else 0
        items.append(
            _item(Owed(currency, agreed, int(received or 0)), quote=id_, who=who, title=f"{design} {version}",
                  units=units)
        )  # fmt: skip
    return items


def _credit(part: CreditPart | None) -> tuple[int, bool]:
    return (part.minor, part.paid) if part else (0, False)


def _item(owed: Owed, *, who: str, title: str, units: int, job: int | None = None, place: int | None = None,
          quote: int | None = None) -> MoneyItem:  # fmt: skip
    return MoneyItem(
        job=job, place=place, quote=quote, who=who, title=title, units=units, currency=owed.currency,
        agreed_minor=owed.agreed_minor, received_minor=owed.received_minor, due_minor=owed.due_minor,
        to_return_minor=owed.to_return_minor, credit_received_minor=owed.credit_received_minor,
        credit_due_minor=owed.credit_due_minor,
    )  # fmt: skip


def books(session: Session, fabricator_id: int) -> Books:
    """Sums by currency: agreed (reserved in batches that are made, or accepted), received, due, to be given back."""
    owed: list[Owed] = []
    reserved: dict[str, int] = defaultdict(int)
    rest: dict[int, int] = {}
    prices = _prices(session, fabricator_id)
    for number, price in prices.items():
        if price.state == "open":
            reserved[price.currency] += price.of(price.units)
        elif price.state in rules.OWED:
            rest[number] = price.of(price.units)
    credits_ = credit_parts(session, list(rest))
    for id_, number, units, state, paid, currency in _paid_reservations(session, fabricator_id):
        confirmed = state == "confirmed" and number in rest
        agreed = prices[number].of(units) if confirmed else 0
        part = credits_.pop(id_, None) if confirmed and currency == prices[number].currency else None
        owed.append(Owed(currency, agreed, paid, *_credit(part)))
        if confirmed:
            rest[number] -= agreed
    for part in credits_.values():  # nothing was seen of these in money
        price = prices[part.batch]
        agreed = price.of(part.units)
        owed.append(Owed(price.currency, agreed, 0, *_credit(part)))
        rest[part.batch] -= agreed
    owed += [Owed(prices[number].currency, minor, 0) for number, minor in rest.items()]
    accepted = _accepted(session, fabricator_id)
    owed += [Owed(item.currency, item.agreed_minor, item.received_minor) for item in accepted]
    return Books(
        totals=[
            MoneySum(currency=currency, **row)
            for currency, row in rules.sums(owed, reserved).items()
            if any(row.values())
        ],
        without_quantity=sum(item.units == 0 and not item.received_minor for item in accepted),
    )


def items(session: Session, fabricator_id: int, job: int = 0, *, open_only: bool = True) -> list[MoneyItem]:
    """What each reservation and accepted quote is to bring; `open_only`: where something is due or to be returned."""
    prices = _prices(session, fabricator_id)
    wanted = [job] if job else [number for number, price in prices.items() if price.state in (*rules.OWED, "cancelled")]
    paid = (
        select(PaymentSeen.reservation_id, func.sum(PaymentSeen.amount_minor).label("paid"))
        .where(col(PaymentSeen.fabricator_id) == fabricator_id, col(PaymentSeen.reservation_id).is_not(None))
        .group_by(PaymentSeen.reservation_id).subquery()
    )  # fmt: skip
    rows = session.execute(
        select(
            Reservation.id, Reservation.batch_id, Reservation.number, Reservation.units, Reservation.state,
            Reservation.named, Account.handle, Design.name, Revision.name, paid.c.paid,
        )
        .join(Batch, col(Batch.id) == col(Reservation.batch_id))
        .join(Account, col(Account.id) == col(Reservation.account_id))
        .join(Design, col(Design.id) == col(Batch.design_id))
        .join(Revision, col(Revision.id) == col(Batch.revision_id))
        .outerjoin(paid, paid.c.reservation_id == col(Reservation.id))
        .where(
            col(Batch.id).in_(_led(fabricator_id)), col(Batch.id).in_(wanted),
            (col(Reservation.state) == "confirmed") | (func.coalesce(paid.c.paid, 0) != 0),
        )
        .order_by(col(Reservation.batch_id).desc(), Reservation.number)
    ).all()  # fmt: skip
    found = []
    credits_ = credit_parts(session, [number for number in wanted if number in prices])
    for id_, batch, place, units, state, named, handle, design, version, received in rows:
        price = prices[batch]
        agreed = price.of(units) if state == "confirmed" and price.state in rules.OWED else 0
        who = handle if named else f"number {place}"
        part = credits_.get(id_) if agreed else None
        owed = Owed(price.currency, agreed, int(received or 0), *_credit(part))
        found.append(_item(owed, job=batch, place=place, who=who, units=units, title=f"{design} {version}"))
    if not job:
        found += _accepted(session, fabricator_id)
    return [item for item in found if not open_only or item.due_minor or item.to_return_minor][:SHOWN]
