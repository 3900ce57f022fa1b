"""Commands of loans on their way back: brickyard loan show, book, sell, take-back, goods, answer, go-on and others."""

from __future__ import annotations

import datetime as dt
import functools
import secrets
from typing import Any

import click

from registry.accounts import acting
from registry.batches.money import money
from registry.console import columns_of, json_option, opened, print_json
from registry.ledger.money import iso_currency, parse_amount, plain
from registry.lending import demo
from registry.lending.loans import goods, queries, sales, service, taking_back
from registry.lending.loans.schemas import ExcessWish, GoodsMove, GoodsWish, SaleWish, SendBackWish, WhyWish
from registry.stores.stores import Stores

_NUMBER = click.argument("number", type=click.IntRange(1, 2**31 - 1))
_WHY = click.option("--why", required=True, help="The reason that is kept with it.")
_WORDS = click.option("--words", default="", help="A word to the other side.")
_KEY = click.option("--key", default="", help="The same key books once; made anew without.")


def register(group: click.Group) -> None:
    """Add the commands; `demo`, of a feature that knows nothing of this one, ends with an example of a loan."""
    group.add_command(loan)
    without_loans = group.commands["demo"].callback
    assert without_loans is not None

    @functools.wraps(without_loans)
    def with_loans(**options: Any) -> None:
        without_loans(**options)
        with opened() as stores:
            for sentence in demo.load(stores):
                click.echo(sentence, err=True)

    group.commands["demo"].callback = with_loans


@click.group()
def loan() -> None:
    """Loans on their way back: what was paid out, sold, taken in units, paid back; and what is decided."""


def _show(stores: Stores, number: int, account_id: int | None, as_json: bool) -> None:
    with stores.db.reading() as session:
        found = queries.get_loan(session, number, account_id)
    if as_json:
        print_json(found)
        return
    cur = found.currency
    click.echo(f"Loan {number} for {found.design} {found.version}, {found.state}; {found.fabricator} owes it")
    click.echo(f"  {money(found.lent_minor, cur)} lent, {money(found.paid_out_minor, cur)} paid out, "
               f"{money(found.repaid_minor, cur)} paid back, {money(found.debt.amount_minor, cur)} owed")  # fmt: skip
    if found.reward_minor or found.reward_paid.amount_minor:
        paid = money(found.reward_paid.amount_minor, cur)
        click.echo(f"  {money(found.reward_minor, cur)} reward so far, {paid} of it paid; it is no debt")
    if found.excess.amount_minor:
        click.echo(f"  {money(found.excess.amount_minor, cur)} paid above the debt, held")
    if found.waits_for:
        click.echo(f"  next: {found.waits_for}")
    for row in found.plan:
        click.echo(f"  by {row.due_on}: {money(row.amount_minor, cur)}, {money(row.paid_minor, cur)} came, {row.state}")
    if found.sales.units:
        click.echo(f"  {found.sales.units} units sold for {money(found.sales.turnover.amount_minor, cur)}")
    for one in found.goods:
        click.echo(f"  goods {one.id}: {one.units} units for {one.lender}, {one.state}")
    for change in found.changes:
        click.echo(f"  {change.at:%Y-%m-%d %H:%M} UTC  {change.action}: {change.why} ({change.by or 'the registry'})")


@loan.command("show")
@_NUMBER
@click.option("--as", "handle", default="", metavar="HANDLE", help="Who looks: lenders see their units.")
@json_option
def show(number: int, handle: str, as_json: bool) -> None:
    """Show the loan of campaign NUMBER: paid out, paid back, sold, owed, and every change."""
    with opened() as stores:
        _show(stores, number, acting.who(stores, handle) if handle else None, as_json)


@loan.command("book")
@_NUMBER
@click.argument("name", type=click.Choice(list(queries.BOOKS)))
@json_option
def show_book(number: int, name: str, as_json: bool) -> None:
    """Show the transfers behind a figure of loan NUMBER."""
    with opened() as stores, stores.db.reading() as session:
        found = queries.get_loan(session, number)
        told = queries.read_book(session, number, name)
    if as_json:
        print_json(told)
        return
    click.echo(columns_of([
        (str(line.seq), f"{line.effective_at:%Y-%m-%d}", line.purpose, plain(line.amount_minor, found.exponent),
         plain(line.balance_minor, found.exponent))
        for line in told.lines
    ]) or "Nothing is booked there.")  # fmt: skip


@loan.command("sell")
@_NUMBER
@click.argument("price")
@click.option("--serial", default="", help="The unit's number, where the batch has numbers.")
@click.option("--on", "sold_on", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The day of the sale.")
@_KEY
@acting.as_option
@json_option
def sell(number: int, price: str, serial: str, sold_on: dt.datetime, key: str, handle: str, as_json: bool) -> None:
    """Record a unit that was sold for PRICE, such as 25.00."""
    with opened() as stores:
        account_id = acting.who(stores, handle)
        with stores.db.reading() as session:
            currency = iso_currency(queries.find_campaign(session, number, account_id).currency)
        wish = SaleWish.model_validate({
            "serial": serial, "price_minor": parse_amount(price, currency), "key": key or secrets.token_hex(12),
            "sold_on": f"{sold_on:%Y-%m-%d}",
        })  # fmt: skip
        sales.sell(stores, account_id, number, wish)
        _show(stores, number, account_id, as_json)


@loan.command("take-back")
@_NUMBER
@click.argument("sale", type=click.IntRange(1, 2**31 - 1))
@_WHY
@acting.as_option
@json_option
def take_back(number: int, sale: int, why: str, handle: str, as_json: bool) -> None:
    """Take back sale SALE of loan NUMBER: its price was wrong, or the unit came back."""
    with opened() as stores:
        account_id = acting.who(stores, handle)
        taking_back.take_back(stores, account_id, number, sale, WhyWish(why=why))
        _show(stores, number, account_id, as_json)


@loan.command("goods")
@_NUMBER
@click.argument("units", type=click.IntRange(1, 1_000_000))
@click.option("--lender", default="", metavar="HANDLE", help="Offer them to this lender, as the fabricator.")
@_WORDS
@acting.as_option
@json_option
def ask_goods(number: int, units: int, lender: str, words: str, handle: str, as_json: bool) -> None:
    """Ask for UNITS at cost in place of money, or offer them."""
    with opened() as stores:
        account_id = acting.who(stores, handle)
        goods.ask(stores, account_id, number, GoodsWish(units=units, lender=lender, words=words))
        _show(stores, number, account_id, as_json)


@loan.command("answer")
@_NUMBER
@click.argument("goods_id", type=click.IntRange(1, 2**31 - 1))
@click.argument("action", type=click.Choice(["agree", "refuse", "call off", "receive"]))
@_WORDS
@acting.as_option
@json_option
def answer(number: int, goods_id: int, action: str, words: str, handle: str, as_json: bool) -> None:
    """Answer what was asked or offered, or say that the units were received."""
    with opened() as stores:
        account_id = acting.who(stores, handle)
        wish = GoodsMove.model_validate({"action": action, "words": words})
        goods.move(stores, account_id, number, goods_id, wish)
        _show(stores, number, account_id, as_json)


@loan.command("give-excess")
@_NUMBER
@click.argument("amount")
@_KEY
@_WHY
@acting.as_option
@json_option
def give_excess(number: int, amount: str, key: str, why: str, handle: str, as_json: bool) -> None:
    """Give AMOUNT of what was paid above the debt to the design's commons fund, as the fabricator."""
    with opened() as stores:
        account_id = acting.who(stores, handle)
        with stores.db.reading() as session:
            currency = iso_currency(queries.find_campaign(session, number, account_id).currency)
        wish = ExcessWish(amount_minor=parse_amount(amount, currency), why=why, key=key or secrets.token_hex(12))
        service.give_excess(stores, account_id, number, wish)
        _show(stores, number, account_id, as_json)


@loan.command("send-back")
@_NUMBER
@click.argument("amount")
@_WHY
@acting.as_option
@json_option
def send_back(number: int, amount: str, why: str, handle: str, as_json: bool) -> None:
    """Propose to send AMOUNT of what was paid above the debt back, as a treasurer."""
    with opened() as stores:
        account_id = acting.who(stores, handle)
        with stores.db.reading() as session:
            currency = iso_currency(queries.find_campaign(session, number, account_id).currency)
        wish = SendBackWish(amount_minor=parse_amount(amount, currency), why=why)
        service.send_excess_back(stores, account_id, number, wish)
        _show(stores, number, account_id, as_json)


@loan.command("go-on")
@_NUMBER
@_WHY
@acting.as_option
@json_option
def go_on(number: int, why: str, handle: str, as_json: bool) -> None:
    """Let a loan pass a stage at which nothing is paid out, as a treasurer."""
    with opened() as stores:
        account_id = acting.who(stores, handle)
        service.go_on(stores, account_id, number, WhyWish(why=why))
        _show(stores, number, account_id, as_json)


@loan.command("write-off")
@_NUMBER
@_WHY
@acting.as_option
@json_option
def write_off(number: int, why: str, handle: str, as_json: bool) -> None:
    """Write a loan in default off, as a treasurer; its claims stay."""
    with opened() as stores:
        account_id = acting.who(stores, handle)
        service.write_off(stores, account_id, number, WhyWish(why=why))
        _show(stores, number, account_id, as_json)


@loan.command("look")
def look() -> None:
    """Do now what workers do by the clock: instalments, arrears, default, batches that are cancelled."""
    with opened() as stores:
        done = service.look_after(stores)
    click.echo(f"Something was done with {done} loans." if done else "Nothing is due.")
