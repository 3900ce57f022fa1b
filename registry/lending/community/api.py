"""JSON of community money."""

from __future__ import annotations

from flask import Blueprint

from registry.errors import NotFound
from registry.lending.community import queries, service
from registry.lending.community.schemas import (
    ActWish,
    CommunityView,
    CreditView,
    LimitsWish,
    OfferWish,
    PartView,
    PartWish,
    PayWish,
)
from registry.web import people
from registry.web.context import stores
from registry.web.openapi import operation

blueprint = Blueprint("community_api", __name__)
_AT = "/lending/community"
_PART = "/batches/<int(max=2147483647):number>/part"


def _community() -> CommunityView:
    with stores().db.reading() as session:
        return queries.get_community(session)


def _credit(shop: str) -> CreditView:
    with stores().db.reading() as session:
        return queries.get_credit(session, service.acting(session, people.required().id, shop))


@operation(blueprint, "GET", _AT, answers={200: CommunityView})
def read_community() -> CommunityView:
    """The community's currency, what members offer, and batches that take it."""
    return _community()


@operation(blueprint, "GET", f"{_AT}/account", query=ActWish, answers={200: CreditView}, account=True)
def read_community_account(query: ActWish) -> CreditView:
    """My account in community money, or that of a workshop that I operate."""
    return _credit(query.shop)


@operation(blueprint, "POST", f"{_AT}/members", body=ActWish, answers={201: CreditView}, faults=(409,), account=True)
def join_community(body: ActWish) -> tuple[CreditView, int]:
    """Join, oneself or for a workshop."""
    service.join(stores(), people.required().id, body.shop)
    return _credit(body.shop), 201


@operation(blueprint, "POST", f"{_AT}/leave", body=ActWish, answers={200: CommunityView}, faults=(409,), account=True)
def leave_community(body: ActWish) -> CommunityView:
    """Leave, with a balance of zero."""
    service.leave(stores(), people.required().id, body.shop)
    return _community()


@operation(blueprint, "POST", f"{_AT}/offers", body=OfferWish, answers={200: CreditView}, faults=(409,), account=True)
def set_community_offer(body: OfferWish) -> CreditView:
    """Say what I offer to other members."""
    service.set_offer(stores(), people.required().id, body)
    return _credit(body.shop)


@operation(blueprint, "POST", f"{_AT}/payments", body=PayWish, answers={201: CreditView}, faults=(409,), account=True)
def pay_community_member(body: PayWish) -> tuple[CreditView, int]:
    """Pay another member; the same key with the same payment pays once."""
    service.pay(stores(), people.required().id, body)
    return _credit(body.shop), 201


@operation(
    blueprint, "POST", f"{_AT}/limits", body=LimitsWish, answers={200: CommunityView}, faults=(409,), account=True
)
def set_community_limits(body: LimitsWish) -> CommunityView:
    """Other limits for a member, as a steward, with the reason."""
    service.set_limits(stores(), people.required().id, body)
    return _community()


def _part(number: int) -> PartView:
    person = people.current()
    with stores().db.reading() as session:
        found = queries.get_part(session, number, person.id if person else None)
    if found is None:
        raise NotFound(f"Batch {number} takes money alone.", "Look at /api/v1/lending/community.")
    return found


@operation(blueprint, "GET", _PART, answers={200: PartView})
def read_batch_part(number: int) -> PartView:
    """The part of a batch's price that may be paid in community money; my reservations in both parts."""
    return _part(number)


@operation(blueprint, "POST", _PART, body=PartWish, answers={200: PartView}, faults=(409,), account=True)
def set_batch_part(number: int, body: PartWish) -> PartView:
    """Take part of a batch's price in community money, as an operator of who leads it."""
    service.set_part(stores(), people.required().id, number, body)
    return _part(number)


@operation(
    blueprint, "POST", "/batches/<int(max=2147483647):number>/reservations/<int(max=2147483647):place>/part",
    answers={200: PartView}, faults=(409,), account=True,
)  # fmt: skip
def pay_batch_part(number: int, place: int) -> PartView:
    """Pay my reservation's part in community money to the workshop, once."""
    service.pay_part(stores(), people.required().id, number, place)
    return _part(number)
