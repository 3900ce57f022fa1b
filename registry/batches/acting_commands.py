"""Commands that act for somebody in requests, quotes and batches: what pages and JSON do, for the instance's keeper.

Whoever may run commands holds the database, so these ask for a handle and no password; services judge as ever.
"""

from __future__ import annotations

import io
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from registry.accounts.acting import account_of, as_option, file_argument, read_wish, who, why_option
from registry.batches import estimating, partners, queries, quote_queries, quoting, request_files, service
from registry.batches.batch_schemas import BatchWish, CountWish, Move, PartnerAnswer, PartnerWish, ReservationWish
from registry.batches.commands import batches, requests
from registry.batches.money import money
from registry.batches.schemas import Change, Offer, QuoteDetail, RequestWish, Word
from registry.batches.tables import Quote, QuoteRequest
from registry.console import columns_of, json_option, opened, print_json
from registry.errors import NotFound
from registry.stores.stores import Stores

_NUMBER = click.IntRange(1, 2**31 - 1)


def register(group: click.Group) -> None:
    """Add the commands to those that list."""
    group.add_command(quotes)


def _show(value: Any, as_json: bool, words: str) -> None:
    if as_json:
        print_json(value)
    else:
        click.echo(words)


# --- requests


@requests.command("ask")
@file_argument
@as_option
@json_option
def ask(file: Path, handle: str, as_json: bool) -> None:
    """Ask for quotes: FILE is JSON as POST /api/v1/requests takes it; - reads standard input."""
    wish = read_wish(file, RequestWish)
    with opened() as stores:
        account_id = who(stores, handle)
        number = quoting.ask(stores, account_id, wish)
        with stores.db.reading() as session:
            found = quote_queries.get_request(session, number, account_id)
    _show(found, as_json, str(number))


@requests.command("show")
@click.argument("number", type=_NUMBER)
@as_option
@json_option
def show_request(number: int, handle: str, as_json: bool) -> None:
    """Show request NUMBER with its quotes, as HANDLE sees it."""
    with opened() as stores:
        quoting.expire_due(stores)
        with stores.db.reading() as session:
            found = quote_queries.get_request(session, number, account_of(session, handle))
        slugs = [quote.fabricator for quote in found.quotes]
        own = estimating.estimates(stores, found.design, found.label, slugs, found.quantities)
        found = found.model_copy(update={"estimates": own})
    if as_json:
        print_json(found)
        return
    numbers = ", ".join(map(str, found.quantities))
    click.echo(f"Request {number} of {found.buyer} for {found.design}@{found.version}: {found.state}")
    click.echo(f"Quantities {numbers}" + (f", needed by {found.wanted_by}" if found.wanted_by else ""))
    rows: list[tuple[str, ...]] = [("QUOTE", "FABRICATOR", "STATE", "FROM UNITS", "EACH", "DAYS", "VALID UNTIL")]
    for quote in found.quotes:
        prices = quote.offer.prices if quote.offer else []
        if quote.offer is None:
            rows.append((str(quote.id), quote.fabricator, quote.state, "", "", "", ""))
        for place, price in enumerate(prices):
            first = (str(quote.id), quote.fabricator, quote.state) if place == 0 else ("", "", "")
            each = money(price.unit_minor, quote.offer.currency if quote.offer else "").replace("\u00a0", " ")
            last = (str(quote.offer.lead_days), str(quote.offer.valid_until)) if quote.offer and not place else ("", "")
            rows.append((*first, str(price.quantity), each, *last))
    click.echo(columns_of(rows))
    for slug, estimate in found.estimates.items():
        told = ", ".join(
            f"{units}: {money(minor, estimate.currency)}" for units, minor in estimate.by_quantity.items()
        ).replace("\u00a0", " ")
        click.echo(
            f"The registry reckons for {slug}, without material: {told} ({estimate.reckoned} of {estimate.of} needs)"
        )


@requests.command("files")
@click.argument("number", type=_NUMBER)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Where to write.")
@as_option
def write_request_files(number: int, output: Path, handle: str) -> None:
    """Write the files of request NUMBER as one zip, in the form that it names: panels, gerbers, BOM and positions."""
    made = io.BytesIO()
    with opened() as stores:
        request_files.write_files(stores, number, who(stores, handle), made)
    output.write_bytes(made.getvalue())
    click.echo(f"Wrote {output}.", err=True)


@requests.command("call-off")
@click.argument("number", type=_NUMBER)
@why_option
@as_option
@json_option
def call_off(number: int, why: str, handle: str, as_json: bool) -> None:
    """Call request NUMBER off."""
    with opened() as stores:
        account_id = who(stores, handle)
        quoting.call_off(stores, account_id, number, why)
        with stores.db.reading() as session:
            found = quote_queries.get_request(session, number, account_id)
    _show(found, as_json, f"Request {number} is {found.state}.")


# --- quotes


@click.group()
def quotes() -> None:
    """Quotes: show, offer, accept and the like, write."""


def _quote(stores: Stores, quote_id: int, account_id: int) -> QuoteDetail:
    with stores.db.reading() as session:
        row = session.get(Quote, quote_id)
        if row is None:
            raise NotFound(f"There is no quote {quote_id} that you may see.", "Look at your requests.")
        quoting.side_of(session, session.get_one(QuoteRequest, row.request_id), row, account_id)
        return quote_queries.get_quote(session, quote_id)


def _act(quote_id: int, handle: str, as_json: bool, act: Callable[[Stores, int], None] | None = None) -> None:
    """Do something with a quote, and show it."""
    with opened() as stores:
        account_id = who(stores, handle)
        quoting.expire_due(stores)
        if act is not None:
            act(stores, account_id)
        found = _quote(stores, quote_id, account_id)
    if as_json:
        print_json(found)
        return
    click.echo(f"Quote {quote_id} of {found.fabricator}: {found.state}, version {found.version}")
    if found.offer:
        rows: list[tuple[str, ...]] = [("FROM UNITS", "EACH")]
        for price in found.offer.prices:
            rows.append((str(price.quantity), money(price.unit_minor, found.offer.currency).replace("\u00a0", " ")))
        click.echo(columns_of(rows))
    for word in found.messages:
        click.echo(f"{word.sent_at:%Y-%m-%d %H:%M}  {word.by} ({word.side}): {' '.join(word.text.split())}")


@quotes.command("show")
@click.argument("quote_id", metavar="QUOTE", type=_NUMBER)
@as_option
@json_option
def show_quote(quote_id: int, handle: str, as_json: bool) -> None:
    """Show a quote, as HANDLE sees it."""
    _act(quote_id, handle, as_json)


@quotes.command("offer")
@click.argument("quote_id", metavar="QUOTE", type=_NUMBER)
@file_argument
@as_option
@json_option
def offer(quote_id: int, file: Path, handle: str, as_json: bool) -> None:
    """Quote or revise: FILE is JSON as POST /api/v1/quotes/QUOTE/offers takes it; - reads standard input."""
    wish = read_wish(file, Offer)
    _act(quote_id, handle, as_json, lambda stores, who: quoting.offer(stores, who, quote_id, wish))


@quotes.command("change")
@click.argument("quote_id", metavar="QUOTE", type=_NUMBER)
@click.argument("action", type=click.Choice(["accept", "decline", "refuse", "withdraw"]))
@click.option("--version", default=0, type=click.IntRange(0), help="The version that is accepted.")
@why_option
@as_option
@json_option
def change(quote_id: int, action: str, version: int, why: str, handle: str, as_json: bool) -> None:
    """Accept or decline as the buyer, refuse or withdraw as the workshop."""
    wish = Change.model_validate({"action": action, "version": version, "why": why})
    _act(quote_id, handle, as_json, lambda stores, who: quoting.change(stores, who, quote_id, wish))


@quotes.command("write")
@click.argument("quote_id", metavar="QUOTE", type=_NUMBER)
@click.argument("text")
@as_option
@json_option
def write(quote_id: int, text: str, handle: str, as_json: bool) -> None:
    """Write TEXT to the other side of a quote."""
    _act(quote_id, handle, as_json, lambda stores, who: quoting.write(stores, who, quote_id, Word(text=text)))


# --- batches


def _after(stores: Stores, number: int, account_id: int, as_json: bool) -> None:
    with stores.db.reading() as session:
        found = queries.get_batch(session, number, account_id)
    _show(found, as_json, f"Batch {number} is {found.state}: {found.reserved} of {found.units_max} reserved.")


@batches.command("plan")
@file_argument
@as_option
@json_option
def plan(file: Path, handle: str, as_json: bool) -> None:
    """Plan a batch: FILE is JSON as POST /api/v1/batches takes it; - reads standard input."""
    wish = read_wish(file, BatchWish)
    with opened() as stores:
        account_id = who(stores, handle)
        _after(stores, service.plan(stores, account_id, wish), account_id, as_json)


@batches.command("move")
@click.argument("number", type=_NUMBER)
@click.argument("action")
@why_option
@as_option
@json_option
def move(number: int, action: str, why: str, handle: str, as_json: bool) -> None:
    """Move batch NUMBER on: open, cancel, 'begin early', materials, made, assembled, tested, shipped, close."""
    wish = Move.model_validate({"action": action, "why": why})
    with opened() as stores:
        account_id = who(stores, handle)
        service.move(stores, account_id, number, wish)
        _after(stores, number, account_id, as_json)


@batches.command("ask")
@click.argument("number", type=_NUMBER)
@click.argument("fabricator")
@click.option("--stage", "stages", multiple=True, required=True, help="A stage that it would make; may be given again.")
@click.option("--does", default="", help="Its share in words.")
@as_option
@json_option
def ask_share(number: int, fabricator: str, stages: tuple[str, ...], does: str, handle: str, as_json: bool) -> None:
    """Ask FABRICATOR to make a share of batch NUMBER."""
    wish = PartnerWish(fabricator=fabricator, stages=list(stages), does=does)
    with opened() as stores:
        account_id = who(stores, handle)
        partners.ask(stores, account_id, number, wish)
        _after(stores, number, account_id, as_json)


@batches.command("answer")
@click.argument("number", type=_NUMBER)
@click.argument("fabricator")
@click.argument("action", type=click.Choice(["agree", "decline", "take back", "leave"]))
@why_option
@as_option
@json_option
def answer_share(number: int, fabricator: str, action: str, why: str, handle: str, as_json: bool) -> None:
    """Say whether FABRICATOR makes its share of batch NUMBER; 'take back' is for who leads, 'leave' for both."""
    with opened() as stores:
        account_id = who(stores, handle)
        wish = PartnerAnswer.model_validate({"action": action, "why": why})
        partners.answer(stores, account_id, number, fabricator, wish)
        with stores.db.reading() as session:
            found = queries.get_batch(session, number) if action == "leave" else None
        if found is None:
            _after(stores, number, account_id, as_json)
        else:
            _show(found, as_json, f"{fabricator} no longer makes a share of batch {number}.")


@batches.command("count")
@click.argument("number", type=_NUMBER)
@click.argument("stage")
@click.option("--good", default=0, help="Good units.")
@click.option("--scrap", default=0, help="Scrapped units.")
@click.option("--rework", default=0, help="Units done again.")
@why_option
@as_option
@json_option
def count(
    number: int, stage: str, good: int, scrap: int, rework: int, why: str, handle: str, as_json: bool
) -> None:  # fmt: skip
    """Add what was counted at a STAGE of batch NUMBER; negative numbers take back, with a reason."""
    wish = CountWish(stage=stage, good=good, scrap=scrap, rework=rework, why=why)
    with opened() as stores:
        account_id = who(stores, handle)
        service.count(stores, account_id, number, wish)
        _after(stores, number, account_id, as_json)


@batches.command("reserve")
@click.argument("number", type=_NUMBER)
@click.argument("units", type=_NUMBER)
@click.option("--named", is_flag=True, help="Show the handle in the public queue.")
@click.option("--key", default="", help="The same key never reserves twice; made anew if left out.")
@as_option
@json_option
def reserve(number: int, units: int, named: bool, key: str, handle: str, as_json: bool) -> None:
    """Reserve UNITS of batch NUMBER."""
    wish = ReservationWish(units=units, named=named, key=key or secrets.token_urlsafe(16))
    with opened() as stores:
        made = service.reserve(stores, who(stores, handle), number, wish)
    _show(made, as_json, f"Reserved {made.units} of batch {number}, number {made.number} in the queue.")


@batches.command("cancel")
@click.argument("number", type=_NUMBER)
@click.argument("place", type=_NUMBER)
@as_option
@json_option
def cancel(number: int, place: int, handle: str, as_json: bool) -> None:
    """Give the units of reservation PLACE of batch NUMBER back, until the deadline."""
    with opened() as stores:
        made = service.cancel(stores, who(stores, handle), number, place)
    _show(made, as_json, f"Reservation {place} of batch {number} is {made.state}.")
