"""Commands of community money."""

from __future__ import annotations

import secrets

import click

from registry.accounts import acting
from registry.console import columns_of, json_option, opened, print_json
from registry.errors import NotFound
from registry.ledger.money import parse_amount, parse_percent, plain
from registry.ledger.schemas import Currency
from registry.lending.community import queries, service
from registry.lending.community.schemas import LimitsWish, OfferWish, PartWish, PayWish
from registry.stores.stores import Stores

_SHOP = click.option("--shop", default="", metavar="SLUG", help="Act for a fabricator that HANDLE operates.")
_KIND = click.option("--kind", type=click.Choice(["person", "fabricator"]), default="person", show_default=True)
_NUMBER = click.argument("number", type=click.IntRange(1, 2**31 - 1))


def register(group: click.Group) -> None:
    """Add the commands."""
    group.add_command(community)


@click.group()
def community() -> None:
    """The community's own currency: members, payments, limits, parts of batches' prices."""


def _currency(stores: Stores) -> Currency:
    with stores.db.reading() as session:
        own = service.policy_with_currency(session).community
    return Currency(code=own.currency, exponent=own.exponent, name="", community="")


@community.command()
@json_option
def show(as_json: bool) -> None:
    """Show the currency, what members offer, and batches that take it."""
    with opened() as stores, stores.db.reading() as session:
        found = queries.get_community(session)
    if as_json:
        print_json(found)
        return
    low, high, turned = (plain(one, found.exponent) for one in (found.lowest_minor, found.highest_minor,
                                                                found.turnover_minor))  # fmt: skip
    click.echo(f"{found.currency}: {found.members} members, balances from {low} to {high}, {turned} turned over")
    for offer in found.offers:
        click.echo(f"  {offer.member}: {offer.offers}")
    for batch in found.batches:
        click.echo(f"  batch {batch.number} of {batch.design_name} takes {batch.share_bp / 100:g} %")


@community.command()
@acting.as_option
@_SHOP
@json_option
def statement(handle: str, shop: str, as_json: bool) -> None:
    """Show the account of HANDLE, or of a workshop."""
    with opened() as stores:
        who = acting.who(stores, handle)
        with stores.db.reading() as session:
            found = queries.get_credit(session, service.acting(session, who, shop))
    if as_json:
        print_json(found)
        return
    click.echo(f"{found.member}: {plain(found.balance_minor, found.exponent)} {found.currency}, "
               f"can pay {plain(found.available_minor, found.exponent)}")  # fmt: skip
    rows: list[tuple[str, ...]] = [("NUMBER", "WHEN", "AMOUNT", "BALANCE", "WITH", "FOR")]
    rows += [
        (str(line.seq), f"{line.at:%Y-%m-%d}", plain(line.amount_minor, found.exponent),
         plain(line.balance_minor, found.exponent), line.other, line.purpose)
        for line in found.lines
    ]  # fmt: skip
    click.echo(columns_of(rows))


@community.command()
@acting.as_option
@_SHOP
def join(handle: str, shop: str) -> None:
    """Let HANDLE, or a workshop, become a member."""
    with opened() as stores:
        service.join(stores, acting.who(stores, handle), shop)
    click.echo("Joined.")


@community.command()
@acting.as_option
@_SHOP
def leave(handle: str, shop: str) -> None:
    """Let HANDLE, or a workshop, leave; only with a balance of zero."""
    with opened() as stores:
        service.leave(stores, acting.who(stores, handle), shop)
    click.echo("Left.")


@community.command()
@click.argument("words")
@acting.as_option
@_SHOP
def offer(words: str, handle: str, shop: str) -> None:
    """Say in WORDS what a member offers."""
    with opened() as stores:
        service.set_offer(stores, acting.who(stores, handle), OfferWish(shop=shop, offers=words))
    click.echo("Kept.")


@community.command()
@click.argument("to")
@click.argument("amount")
@click.option("--purpose", required=True, help="What it is for.")
@click.option("--key", default="", help="Pays once however often it is sent; else a new one.")
@_KIND
@acting.as_option
@_SHOP
def pay(to: str, amount: str, purpose: str, key: str, kind: str, handle: str, shop: str) -> None:
    """Pay AMOUNT to member TO."""
    with opened() as stores:
        wish = PayWish.model_validate({
            "to": to, "to_kind": kind, "amount_minor": parse_amount(amount, _currency(stores)), "purpose": purpose,
            "key": key or secrets.token_urlsafe(12), "shop": shop,
        })  # fmt: skip
        click.echo(f"Transfer {service.pay(stores, acting.who(stores, handle), wish)}")


@community.command()
@click.argument("member")
@click.option("--lowest-minor", type=int, required=True, help="In the smallest unit, zero or below.")
@click.option("--highest-minor", type=int, required=True, help="In the smallest unit, zero or above.")
@click.option("--why", required=True, help="The reason that is kept with it.")
@_KIND
@acting.as_option
def limits(member: str, lowest_minor: int, highest_minor: int, why: str, kind: str, handle: str) -> None:
    """Set other limits for MEMBER, as a steward."""
    wish = LimitsWish.model_validate({"member": member, "kind": kind, "lowest_minor": lowest_minor,
                                      "highest_minor": highest_minor, "why": why})  # fmt: skip
    with opened() as stores:
        service.set_limits(stores, acting.who(stores, handle), wish)
    click.echo("The new limits hold.")


@community.command()
@_NUMBER
@click.argument("percent", default="")
@click.option("--pay", "place", type=click.IntRange(1, 2**31 - 1), help="Pay the part of reservation PLACE.")
@acting.as_option
@json_option
def part(number: int, percent: str, place: int | None, handle: str, as_json: bool) -> None:
    """Show the part of batch NUMBER that may be paid in credit; with PERCENT set it, with --pay pay it."""
    with opened() as stores:
        who = acting.who(stores, handle)
        if percent:
            service.set_part(stores, who, number, PartWish(share_bp=parse_percent(percent)))
        if place:
            service.pay_part(stores, who, number, place)
        with stores.db.reading() as session:
            found = queries.get_part(session, number, who)
    if found is None:
        raise NotFound(f"Batch {number} takes money alone.", "Its workshop can set a part.")
    if as_json:
        print_json(found)
        return
    click.echo(f"{found.share_bp / 100:g} % of batch {number}: of one unit "
               f"{plain(found.unit_money_minor, found.price_exponent)} {found.price_currency} and "
               f"{plain(found.unit_credit_minor, found.exponent)} {found.currency}")  # fmt: skip
    for own in found.own:
        click.echo(f"  place {own.number}: {plain(own.money_minor, found.price_exponent)} {found.price_currency} and "
                   f"{plain(own.credit_minor, found.exponent)} {found.currency}"
                   f"{', paid' if own.paid else ''}")  # fmt: skip
