"""Prices of parts that a workshop keeps for itself: each as it was seen, with vendor, day and source."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sqlmodel import Session, col, select

from registry.batches import money as amounts
from registry.batches.clock import database_now
from registry.dashboard.price_rules import folded
from registry.dashboard.price_schemas import PriceWish
from registry.dashboard.schemas import Done
from registry.dashboard.service import enter
from registry.dashboard.tables import PartPrice
from registry.errors import Invalid
from registry.stores.stores import Stores

ASKED_AT_ONCE = 500


def keep_price(stores: Stores, account_id: int, slug: str, wish: PriceWish) -> Done:
    """Keep a price that was seen; the newest of a vendor and a quantity holds. Raises: Forbidden, Invalid, NotFound."""
    currency = amounts.check_currency(wish.currency)
    mpn, vendor = " ".join(wish.mpn.split()), " ".join(wish.vendor.split())
    if not mpn or not vendor:
        raise Invalid("A price is of a part, at a vendor.", "Name both.", field="mpn" if not mpn else "vendor")
    with stores.db.transaction() as session:
        fabricator, _ = enter(session, slug, account_id, "operator")
        now = database_now(session)
        seen_on = wish.seen_on or now.date()
        if seen_on > now.date():
            raise Invalid("That day is still to come.", "Say when the price was seen.", field="seen_on")
        session.add(PartPrice(
            fabricator_id=fabricator.id or 0, folded=folded(mpn), mpn=mpn, quantity=wish.quantity,
            price_minor=wish.price_minor, per=wish.per, currency=currency, vendor=vendor, source=wish.source.strip(),
            seen_on=seen_on, account_id=account_id, at=now,
        ))  # fmt: skip
    told = amounts.money(wish.price_minor, currency)
    return Done(said=f"{mpn}: {told} for {wish.per}, from {wish.quantity} on, at {vendor}.")


def known_prices(session: Session, fabricator_id: int, mpns: Iterable[str]) -> dict[tuple[str, str], list[PartPrice]]:
    """(folded MPN, currency) -> the prices that hold: of each vendor and quantity the one that was seen last."""
    names = sorted({folded(mpn) for mpn in mpns} - {""})
    last: dict[tuple[str, str, str, int], PartPrice] = {}
    for start in range(0, len(names), ASKED_AT_ONCE):
        some = names[start : start + ASKED_AT_ONCE]
        chosen = (
            select(PartPrice)
            .where(
                PartPrice.fabricator_id == fabricator_id,
                col(PartPrice.folded).in_(some),
            )
            .order_by(col(PartPrice.seen_on), col(PartPrice.id))
        )
        for row in session.exec(chosen):
            last[row.folded, row.currency, row.vendor.casefold(), row.quantity] = row
    found: dict[tuple[str, str], list[PartPrice]] = defaultdict(list)
    for (name, currency, _, _), row in last.items():
        found[name, currency].append(row)
    return dict(found)
