"""HTML pages of community money, and what they add to pages of batches and accounts."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request
from markupsafe import escape
from werkzeug.wrappers import Response as Redirect

from registry.batches.batch_schemas import BatchDetail
from registry.errors import Invalid, NotFound, RegistryError
from registry.ledger.money import parse_amount, parse_percent
from registry.ledger.schemas import Currency
from registry.lending.community import queries, service
from registry.lending.community.schemas import CommunityView, LimitsWish, OfferWish, PartWish, PayWish
from registry.lending.queries import policy_now
from registry.web import people, slots
from registry.web.context import parse, stores

blueprint = Blueprint("community", __name__)
Page = str | tuple[str, int]
_BATCH = "/lending/community/batches/<int(max=2147483647):number>"


def _page(fault: RegistryError | None = None, at: str = "") -> Page:
    person = people.current()
    shop = request.values.get("shop", "")
    with stores().db.reading() as session:
        try:
            found: CommunityView | None = queries.get_community(session)
        except NotFound:
            found = None
        shops = queries.shops_of(session, person.id if person else None)
        own = None
        if person and found:
            try:
                own = queries.get_credit(session, service.acting(session, person.id, shop))
            except NotFound:
                own = None
    html = render_template(
        "lending/community/page.html", community=found, own=own, shop=shop, shops=shops, fault=fault, at=at,
        values=request.form, key=request.form.get("key") or secrets.token_urlsafe(12),
    )  # fmt: skip
    return html, fault.status if fault else 200


@blueprint.get("/lending/community")
def show_community() -> Page:
    """The community's currency: what it is, what it buys here, one's own account."""
    return _page()


def _acted(at: str, words: str, act: Callable[[int], object]) -> Page | Redirect:
    person = people.required()
    try:
        act(person.id)
    except RegistryError as error:
        if error.status == 403:
            raise
        return _page(error, at)
    flash(words, "moss")
    shop = request.form.get("shop", "")
    return redirect("/lending/community" + (f"?shop={shop}" if shop else ""), 303)


def _currency() -> Currency:
    with stores().db.reading() as session:
        own = service.policy_with_currency(session).community
    return Currency(code=own.currency, exponent=own.exponent, name="", community="")


@blueprint.post("/lending/community/members")
def join() -> Page | Redirect:
    """Join, oneself or for a workshop."""
    return _acted("join", "Welcome. You can pay and be paid.",
                  lambda who: service.join(stores(), who, request.form.get("shop", "")))  # fmt: skip


@blueprint.post("/lending/community/leave")
def leave() -> Page | Redirect:
    """Leave, with a balance of zero."""
    return _acted("leave", "You have left.", lambda who: service.leave(stores(), who, request.form.get("shop", "")))


@blueprint.post("/lending/community/offers")
def set_offer() -> Page | Redirect:
    """Say what one offers."""
    return _acted("offers", "Others can see it now.",
                  lambda who: service.set_offer(stores(), who, parse(OfferWish, request.form.to_dict())))  # fmt: skip


@blueprint.post("/lending/community/payments")
def pay() -> Page | Redirect:
    """Pay another member."""

    def act(who: int) -> None:
        values = request.form.to_dict() | {"amount_minor": parse_amount(request.form.get("amount", ""), _currency())}
        service.pay(stores(), who, parse(PayWish, values))

    return _acted("pay", "Paid.", act)


@blueprint.post("/lending/community/limits")
def set_limits() -> Page | Redirect:
    """Other limits for a member, as a steward."""

    def act(who: int) -> None:
        values: dict[str, Any] = {name: request.form.get(name, "") for name in ("member", "why")}
        values["kind"] = request.form.get("kind") or "person"
        for name in ("lowest", "highest"):
            values[f"{name}_minor"] = _limit(request.form.get(name, ""), name)
        service.set_limits(stores(), who, parse(LimitsWish, values))

    return _acted("limits", "The new limits hold.", act)


def _limit(text: str, name: str) -> int:
    """'-50' or '0' in the currency's smallest unit. Raises: Invalid."""
    plain = text.strip().replace("\u2212", "-")
    digits = plain.removeprefix("-")
    if digits.strip("0.,") == "" and digits:
        return 0
    if plain.startswith("-") == (name == "highest"):
        raise Invalid("The lowest balance is zero or below, the highest zero or above.", "Look again.", field=name)
    minor = parse_amount(digits, _currency(), name)
    return -minor if plain.startswith("-") else minor


@blueprint.post(f"{_BATCH}/part")
def set_part(number: int) -> Page | Redirect:
    """Take part of a batch's price in credit, for the workshop that leads it."""
    return _batch(number, "The batch takes it from now on.", lambda who: service.set_part(
        stores(), who, number, PartWish(share_bp=parse_percent(request.form.get("share", "")))))  # fmt: skip


@blueprint.post(f"{_BATCH}/places/<int(max=2147483647):place>/pay")
def pay_part(number: int, place: int) -> Page | Redirect:
    """Pay one's part in credit."""
    return _batch(number, "Paid.", lambda who: service.pay_part(stores(), who, number, place))


def _batch(number: int, words: str, act: Callable[[int], object]) -> Page | Redirect:
    person = people.required()
    try:
        act(person.id)
        flash(words, "moss")
    except RegistryError as error:
        if error.status in (403, 404):
            raise
        flash(str(error), "red")
    return redirect(f"/batches/{number}#h-credit", 303)


def _fill_batch(batch: BatchDetail, **_: Any) -> str:
    person = people.current()
    with stores().db.reading() as session:
        part = queries.get_part(session, batch.number, person.id if person else None)
    return render_template("lending/community/_batch.html", batch=batch, part=part) if part else ""


def _fill_account(**_: Any) -> str:
    person = people.required()
    with stores().db.reading() as session:
        try:
            own = queries.get_credit(session, ("person", person.id))
        except NotFound:
            return ""
    return render_template("lending/community/_account.html", own=own)


def _fill_links(**_: Any) -> str:
    with stores().db.reading() as session:
        own = policy_now(session).community.currency
    return f'<a href="/lending/community">{escape(own)}, the community\'s own money</a>' if own else ""


slots.register("batch.side", _fill_batch)
slots.register("lending.links", _fill_links)
slots.register("account.page", _fill_account)
