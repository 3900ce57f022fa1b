"""Who of several fabricators makes what, when no one makes all: least cost, least distance, fewest hands. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from registry.fabricators.needs import Need

Aim = Literal["hands", "distance", "cost"]
YOU = 0  # the buyer, who can put things together and buy parts at a table
HANDS_MAX = 4
TRIED_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Offer:
    """What a fabricator can surely do, from how far, and for how much where its rates are known.

    `costs` maps a need's id to minor units of `currency`; a need without rates is missing there.
    """

    fabricator_id: int
    name: str
    covered: frozenset[str]
    distance_km: float | None
    costs: Mapping[str, int]
    currency: str


class Share(BaseModel):
    """What one of a plan's hands makes."""

    model_config = ConfigDict(frozen=True)

    fabricator_id: int = Field(description="0: you, who buy and put together")
    name: str
    needs: tuple[str, ...]
    distance_km: float | None = None
    cost_minor: int | None = Field(default=None, description="an estimate; null where rates are not known")
    currency: str = ""


class Plan(BaseModel):
    """A way to have a version made by several."""

    model_config = ConfigDict(frozen=True)

    aim: Aim
    shares: tuple[Share, ...]
    missing: tuple[str, ...] = Field(description="ids of needs that nobody here covers")
    distance_km: float | None = Field(description="to all of them together, there and not back; null if unknown")
    cost_minor: int | None = Field(description="the sum of what is known; null if nothing is")
    cost_unknown: int = Field(description="needs whose cost is not known")
    currency: str = ""
    exact: bool = Field(description="every choice was tried; false: the best step was taken each time")


def plans(needs: Sequence[Need], offers: Sequence[Offer]) -> list[Plan]:
    """The best plan by each aim; plans that are the same are named once."""
    made = [plan for aim in ("hands", "distance", "cost") if (plan := best_plan(needs, offers, aim))]
    kept: list[Plan] = []
    for plan in made:
        if not any(_same(plan, other) for other in kept):
            kept.append(plan)
    return kept


def _same(plan: Plan, other: Plan) -> bool:
    return {(s.fabricator_id, s.needs) for s in plan.shares} == {(s.fabricator_id, s.needs) for s in other.shares}


def best_plan(needs: Sequence[Need], offers: Sequence[Offer], aim: Aim) -> Plan | None:
    """The best choice of hands for an aim; None if nobody covers anything that can't be done at a table."""
    wanted = {need.id for need in needs if not need.by_yourself}
    possible = frozenset().union(*(offer.covered for offer in offers)) & wanted if offers else frozenset()
    if not possible or (aim == "distance" and all(offer.distance_km is None for offer in offers)):
        return None
    if aim == "cost" and not any(offer.costs for offer in offers):
        return None
    useful = _useful(offers, possible, aim)
    price = _price(aim, needs)
    tried = 0
    found: tuple[tuple[float, ...], tuple[Offer, ...]] | None = None
    exact = True
    # one bit a need: a choice covers all if its bits together are all
    bits = {need: 1 << place for place, need in enumerate(sorted(possible))}
    every = (1 << len(bits)) - 1
    masks = [(sum(bits[need] for need in offer.covered & possible), offer) for offer in useful]
    for count in range(1, HANDS_MAX + 1):
        for choice in itertools.combinations(masks, count):
            tried += 1
            if tried > TRIED_MAX:
                exact = False
                break
            together = 0
            for mask, _ in choice:
                together |= mask
            if together == every:
                chosen = tuple(offer for _, offer in choice)
                rank = price(chosen)
                if found is None or rank < found[0]:
                    found = (rank, chosen)
        if tried > TRIED_MAX or (found and aim == "hands"):
            break
    chosen_offers = found[1] if found else _greedy(useful, possible, price)
    return _plan(needs, chosen_offers, aim, exact and found is not None)


def _useful(offers: Sequence[Offer], possible: frozenset[str], aim: Aim) -> list[Offer]:
    """Offers that no other beats in what they cover, how near they are and what they cost; at most 24."""
    candidates = [offer for offer in offers if offer.covered & possible]
    candidates.sort(key=lambda offer: (-len(offer.covered & possible), _far(offer), offer.fabricator_id))
    kept: list[Offer] = []
    for offer in candidates:
        if not any(_beats(other, offer, possible, aim) for other in kept):
            kept.append(offer)
        if len(kept) == 24:
            break
    # whoever alone covers something must not be lost by the bound
    for need in possible - frozenset().union(*(offer.covered for offer in kept)):
        kept.append(next(offer for offer in candidates if need in offer.covered))
    return kept


def _beats(one: Offer, other: Offer, possible: frozenset[str], aim: Aim) -> bool:
    if not (other.covered & possible) <= one.covered:
        return False
    if aim == "cost":
        return one.currency == other.currency and all(
            need in one.costs and one.costs[need] <= other.costs.get(need, one.costs[need])
            for need in other.covered & possible
        )
    return aim == "hands" or _far(one) <= _far(other)


def _far(offer: Offer) -> float:
    return offer.distance_km if offer.distance_km is not None else 1e9


_NO_COST = 1 << 60
_Rank = tuple[int, int, float, int, str]
_NOBODY: _Rank = (1 << 61, 0, 0.0, 0, "")


def _rank(need: str, offer: Offer) -> _Rank:
    return (
        offer.costs.get(need, _NO_COST), -len(offer.covered), _far(offer), offer.fabricator_id, offer.currency
    )  # fmt: skip


def _price(aim: Aim, needs: Sequence[Need]) -> Callable[[Sequence[Offer]], tuple[float, ...]]:
    order = [need.id for need in needs]
    ranks: dict[int, list[_Rank]] = {}  # of thousands of choices, each offer's ranks are the same

    def ranks_of(offer: Offer) -> list[_Rank]:
        known = ranks.get(offer.fabricator_id)
        if known is None:
            known = [_rank(need, offer) if need in offer.covered else _NOBODY for need in order]
            ranks[offer.fabricator_id] = known
        return known

    def price(chosen: Sequence[Offer]) -> tuple[float, ...]:
        far = sum(_far(offer) for offer in chosen)
        if aim == "distance":
            return (far, len(chosen))
        if aim == "cost":
            rows = [ranks_of(offer) for offer in chosen]
            best = [rank for rank in (map(min, *rows) if len(rows) > 1 else rows[0]) if rank is not _NOBODY]
            costs = [rank[0] for rank in best]
            unknown = costs.count(_NO_COST)
            currencies = len({rank[4] for rank in best})
            return (unknown, currencies, sum(costs) - unknown * _NO_COST, len(chosen), far)
        return (len(chosen), far)

    return price


def _greedy(
    offers: Sequence[Offer], possible: frozenset[str], price: Callable[[Sequence[Offer]], tuple[float, ...]]
) -> tuple[Offer, ...]:
    """The one that covers most of what is left, again and again."""
    chosen: list[Offer] = []
    left = set(possible)
    while left:
        offer = max(offers, key=lambda one: (len(one.covered & left), [-part for part in price([*chosen, one])]))
        chosen.append(offer)
        left -= offer.covered
    return tuple(chosen)


def _assign(needs: Sequence[Need], chosen: Sequence[Offer]) -> dict[str, Offer]:
    """Each need to the cheapest of those who cover it, else the nearest, else the one who does most already."""
    assigned: dict[str, Offer] = {}
    for need in needs:
        able = [offer for offer in chosen if need.id in offer.covered]
        if able:
            assigned[need.id] = min(able, key=lambda offer: _rank(need.id, offer))
    return assigned


def _plan(needs: Sequence[Need], chosen: Sequence[Offer], aim: Aim, exact: bool) -> Plan:
    assigned = _assign(needs, chosen)
    shares = []
    for offer in chosen:
        own = tuple(need.id for need in needs if assigned.get(need.id) is offer)
        if not own:
            continue
        costs = [offer.costs[need] for need in own if need in offer.costs]
        shares.append(
            Share(
                fabricator_id=offer.fabricator_id,
                name=offer.name,
                needs=own,
                distance_km=offer.distance_km,
                cost_minor=sum(costs) if costs else None,
                currency=offer.currency,
            )
        )
    yours = tuple(need.id for need in needs if need.by_yourself and need.id not in assigned)
    hands = list(shares)
    if yours:
        shares.append(Share(fabricator_id=YOU, name="You", needs=yours))
    missing = tuple(need.id for need in needs if not need.by_yourself and need.id not in assigned)
    far = [share.distance_km for share in hands]
    currencies = {share.currency for share in hands}
    known = [share.cost_minor for share in hands if share.cost_minor is not None]
    return Plan(
        aim=aim,
        shares=tuple(shares),
        missing=missing,
        distance_km=None if any(one is None for one in far) else round(sum(one or 0 for one in far), 1),
        cost_minor=sum(known) if known and len(currencies) == 1 else None,
        cost_unknown=sum(1 for id_, offer in assigned.items() if id_ not in offer.costs),
        currency=currencies.pop() if len(currencies) == 1 else "",
        exact=exact,
    )
