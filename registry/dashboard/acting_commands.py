"""Commands of a workshop's day: inbox, words, machines, plans, closed days, money. Moves and counts are `batches`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import click

from registry.accounts.acting import account_of, as_option, who, why_option
from registry.batches.money import check_currency, parse_amount
from registry.console import columns_of, json_option, opened, print_json
from registry.dashboard import forms, inbox, prices, service, threads
from registry.dashboard.price_schemas import PriceWish
from registry.dashboard.schemas import ClosedWish, Done, Inbox, MachineWish, PaymentWish, PlanWish, WordList, WordWish
from registry.stores.stores import Stores

_NUMBER = click.IntRange(1, 2**31 - 1)
_DAY = click.DateTime(formats=["%Y-%m-%d"])


def register(fabricators: click.Group) -> None:
    """Add them to the commands of fabricators."""
    for command in (show_inbox, write, machine, plan, day, price, paid):
        fabricators.add_command(command)


def register_for_buyers(batches: click.Group) -> None:
    """Add what buyers say to the commands of batches."""
    batches.add_command(words)


@click.command()
@click.argument("batch", type=_NUMBER)
@click.argument("text", required=False, default="")
@as_option
@json_option
def words(batch: int, text: str, handle: str, as_json: bool) -> None:
    """Show what HANDLE, who reserved of BATCH, and its makers have said; with TEXT, say it first."""
    with opened() as stores:
        account_id = who(stores, handle)
        if text:
            service.ask_about(stores, account_id, batch, text)
        with stores.db.reading() as session:
            found = service.words_with_makers(session, account_id, batch)
    if as_json:
        print_json(WordList(items=found, total=len(found)))
        return
    for word in found:
        click.echo(f"{word.sent_at:%Y-%m-%d %H:%M} {word.by}: {word.text}")


def _act(handle: str, as_json: bool, act: Callable[[Stores, int], Done]) -> None:
    with opened() as stores:
        done = act(stores, who(stores, handle))
    if as_json:
        print_json(done)
    else:
        click.echo(done.said)


@click.command("inbox")
@click.argument("slug")
@click.argument("thread", required=False, default="")
@click.option("--only", type=click.Choice(["unread", "request", "queue", "words"]), default=None, help="Which threads.")
@as_option
@json_option
def show_inbox(slug: str, thread: str, only: str | None, handle: str, as_json: bool) -> None:
    """List the threads of SLUG's inbox, or show THREAD (as quote-3, queue-7 or batch-7-1)."""
    with opened() as stores, stores.db.reading() as session:
        account_id = account_of(session, handle)
        fabricator, _ = service.enter(session, slug, account_id)
        own = fabricator.id or 0
        if thread:
            asked = inbox.parse_thread(thread)
            one = threads.view(threads.open_thread(session, fabricator, asked), asked)
        else:
            counts, items = inbox.counts(session, own, account_id), inbox.items(session, own, account_id, only or "")
    if as_json:
        print_json(one if thread else Inbox(counts=counts, items=items))
    elif thread:
        click.echo(f"{one.title}, {one.who}")
        for place in one.queue:
            click.echo(f"{place.number}: {place.who}, {place.units}, {place.state}")
        for word in one.words:
            click.echo(f"{word.sent_at:%Y-%m-%d %H:%M} {word.by}: {word.text}")
    else:
        rows: list[tuple[str, ...]] = [("THREAD", "", "WHO", "ABOUT", "LAST")]
        rows += [(item.thread, "new" if item.unread else "", item.who, item.title, item.line[:60]) for item in items]
        click.echo(columns_of(rows) if items else "Nothing is in the inbox.")


@click.command()
@click.argument("slug")
@click.argument("thread")
@click.argument("text")
@as_option
@json_option
def write(slug: str, thread: str, text: str, handle: str, as_json: bool) -> None:
    """Write TEXT in a THREAD of SLUG's inbox."""
    wish = WordWish(thread=thread, text=text)
    _act(handle, as_json, lambda stores, account_id: service.answer(stores, account_id, slug, wish))


@click.command()
@click.argument("slug")
@click.argument("number", type=_NUMBER)
@click.argument("status", type=click.Choice(["ready", "busy", "broken", "planned"]))
@as_option
@json_option
def machine(slug: str, number: int, status: str, handle: str, as_json: bool) -> None:
    """Say that machine NUMBER of SLUG is ready, busy, broken or planned."""
    wish = MachineWish.model_validate({"status": status})
    _act(handle, as_json, lambda stores, account_id: service.set_machine(stores, account_id, slug, number, wish))


@click.command()
@click.argument("slug")
@click.argument("batch", type=_NUMBER)
@click.option("--hours", default="", help="All the work of it, such as 7.5.")
@click.option("--due", type=_DAY, default=None, help="The day it is promised for.")
@as_option
@json_option
def plan(slug: str, batch: int, hours: str, due: dt.datetime | None, handle: str, as_json: bool) -> None:
    """Plan SLUG's job of BATCH; what is left out is not planned any more."""
    told = forms.plan_values({"hours": hours, "due_on": str(due.date()) if due else ""})
    wish = PlanWish.model_validate(told)
    _act(handle, as_json, lambda stores, account_id: service.plan_job(stores, account_id, slug, batch, wish))


@click.command()
@click.argument("slug")
@click.argument("date", type=_DAY)
@click.option("--open", "opens", is_flag=True, help="It is a working day after all.")
@click.option("--words", default="", help="Why it is closed.")
@as_option
@json_option
def day(slug: str, date: dt.datetime, opens: bool, words: str, handle: str, as_json: bool) -> None:
    """Say that nobody works at SLUG on DATE."""
    wish = ClosedWish(day=date.date(), words=words, do="open" if opens else "close")
    _act(handle, as_json, lambda stores, account_id: service.set_day(stores, account_id, slug, wish))


@click.command()
@click.argument("slug")
@click.argument("mpn")
@click.argument("amount")
@click.argument("currency")
@click.option("--vendor", required=True, help="Who sells it so.")
@click.option("--per", default="1", type=click.Choice(["1", "10", "100", "1000"]), help="Pieces for AMOUNT together.")
@click.option("--from", "quantity", type=_NUMBER, default=1, help="It holds from so many pieces on.")
@click.option("--source", default="", help="Where it was seen.")
@click.option("--on", type=_DAY, default=None, help="The day it was seen; today without.")
@as_option
@json_option
def price(
    slug: str, mpn: str, amount: str, currency: str, vendor: str, per: str, quantity: int, source: str,
    on: dt.datetime | None, handle: str, as_json: bool,
) -> None:  # fmt: skip
    """Keep for SLUG that part MPN costs AMOUNT of CURRENCY at a vendor."""
    told = {"mpn": mpn, "price": amount, "currency": currency, "vendor": vendor, "per": per, "source": source,
            "quantity": str(quantity), "seen_on": str(on.date()) if on else ""}  # fmt: skip
    wish = PriceWish.model_validate(forms.price_values(told))
    _act(handle, as_json, lambda stores, account_id: prices.keep_price(stores, account_id, slug, wish))


@click.command()
@click.argument("slug")
@click.argument("amount")
@click.argument("currency")
@click.option("--batch", type=_NUMBER, default=None)
@click.option("--place", type=_NUMBER, default=None, help="The number in the batch's queue.")
@click.option("--quote", type=_NUMBER, default=None, help="Or an accepted quote without a batch.")
@click.option("--back", is_flag=True, help="It was given back.")
@click.option("--on", type=_DAY, default=None, help="The day it was seen; today without.")
@click.option("--key", default="", help="The same key with the same money counts once.")
@why_option
@as_option
@json_option
def paid(
    slug: str, amount: str, currency: str, batch: int | None, place: int | None, quote: int | None, back: bool,
    on: dt.datetime | None, key: str, why: str, handle: str, as_json: bool,
) -> None:  # fmt: skip
    """Record AMOUNT of CURRENCY that SLUG has seen for a place in a batch, or for a quote."""
    code = check_currency(currency)
    minor = parse_amount(amount, code, "amount")
    wish = PaymentWish(
        job=batch, place=place, quote=quote, amount_minor=-minor if back else minor, currency=code,
        seen_on=on.date() if on else None, why=why, key=key,
    )  # fmt: skip
    _act(handle, as_json, lambda stores, account_id: service.see_payment(stores, account_id, slug, wish))
