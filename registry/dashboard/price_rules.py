"""Which of a part's known prices holds for a quantity, and what a list comes to by them. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from registry.batches.buying_schemas import BuyLine
from registry.dashboard.price_schemas import BuyCost, LinePrice

if TYPE_CHECKING:
    from registry.dashboard.tables import PartPrice


def folded(mpn: str) -> str:
    """A part number without what people write differently."""
    return "".join(mpn.split()).upper()


def cost(price: PartPrice, quantity: float) -> int:
    """What so many pieces cost, rounded up to the smallest unit."""
    return math.ceil(Fraction(quantity) * price.price_minor / price.per)


def cheapest(prices: Sequence[PartPrice], quantity: float) -> PartPrice | None:
    """The price that holds for a quantity; of one vendor's breaks the highest that is reached, of vendors the least."""
    best: dict[str, PartPrice] = {}
    for price in prices:
        held = best.get(price.vendor)
        if price.quantity <= quantity and (held is None or price.quantity > held.quantity):
            best[price.vendor] = price
    return min(best.values(), key=lambda price: (Fraction(price.price_minor, price.per), price.vendor), default=None)


def line_price(line: BuyLine, known: Sequence[PartPrice]) -> LinePrice | None:
    """What a line costs together, and if each batch bought its own; None where no price holds for every quantity."""
    together = cheapest(known, line.quantity)
    if together is None:
        return None
    # who alone reaches no known break counts as paying the price of the whole: no saving is claimed that nobody saw
    apart = [cost(cheapest(known, count) or together, count) for count in line.jobs.values()]
    return LinePrice(
        mpn=line.mpn, quantity=together.quantity, price_minor=together.price_minor, per=together.per,
        currency=together.currency, vendor=together.vendor, source=together.source, seen_on=together.seen_on,
        cost_minor=cost(together, line.quantity), apart_minor=max(sum(apart), cost(together, line.quantity)),
    )  # fmt: skip


def priced(
    lines: Iterable[BuyLine], known: Mapping[tuple[str, str], Sequence[PartPrice]], usual: str
) -> list[LinePrice]:
    """The prices of a list's lines, by (folded MPN, currency): in the usual currency, or else in another one."""
    found = []
    for line in lines:
        name = folded(line.mpn)
        currencies = sorted((key[1] for key in known if key[0] == name), key=lambda code: (code != usual, code))
        told = next((one for code in currencies if (one := line_price(line, known[name, code]))), None)
        if told is not None:
            found.append(told)
    return found


def costs(prices: Iterable[LinePrice]) -> list[BuyCost]:
    """What the priced lines come to, each currency for itself."""
    found: dict[str, tuple[int, int, int]] = {}
    for one in prices:
        lines, minor, apart = found.get(one.currency, (0, 0, 0))
        found[one.currency] = (lines + 1, minor + one.cost_minor, apart + one.apart_minor)
    return [
        BuyCost(currency=code, lines=lines, cost_minor=minor, apart_minor=apart)
        for code, (lines, minor, apart) in sorted(found.items())
    ]
