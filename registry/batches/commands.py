"""Commands of the batches feature: batches list and show, requests list."""

from __future__ import annotations

import functools
from typing import Any

import click

from registry.accounts.queries import find_account
from registry.batches import buying, demo, queries, quote_queries, quoting, service, unit_commands
from registry.batches.batch_schemas import BatchQuery
from registry.batches.money import money
from registry.console import columns_of, json_option, opened, print_json
from registry.errors import NotFound


def register(group: click.Group) -> None:
    """Add the commands; `demo`, of a feature that knows nothing of this one, ends with the example batches."""
    for command in unit_commands.COMMANDS:
        batches.add_command(command)
    group.add_command(batches)
    group.add_command(requests)
    without_batches = group.commands["demo"].callback
    assert without_batches is not None

    @functools.wraps(without_batches)
    def with_batches(**options: Any) -> None:
        without_batches(**options)
        with opened() as stores:
            for sentence in demo.load(stores):
                click.echo(sentence, err=True)

    group.commands["demo"].callback = with_batches


@click.group()
def batches() -> None:
    """Production runs: list, show, plan, reserve, move, count, number units, print papers, buy together."""


@batches.command("list")
@click.option("--state", default="", help="open, filled, shipped, ...")
@click.option("--page", default=1, type=click.IntRange(1, 10_000), help="Which page of the list.")
@json_option
def list_batches(state: str, page: int, as_json: bool) -> None:
    """List the batches, those that fill first."""
    with opened() as stores:
        service.settle_due(stores)
        with stores.db.reading() as session:
            found = queries.list_batches(session, BatchQuery(state=state, page=page, per_page=50))
    if as_json:
        print_json(found)
        return
    if not found.items:
        click.echo("No batches are like that.")
        return
    rows: list[tuple[str, ...]] = [("NUMBER", "STATE", "RESERVED", "PRICE NOW", "DEADLINE (UTC)", "DESIGN")]
    for item in found.items:
        price = money(item.price_now_minor, item.currency).replace("\u00a0", " ")
        reserved = f"{item.reserved}/{item.units_max}"
        deadline = f"{item.deadline_at:%Y-%m-%d %H:%M}"
        rows.append((str(item.number), item.state, reserved, price, deadline, f"{item.design}@{item.version}"))
    click.echo(columns_of(rows))


@batches.command()
@click.argument("number", type=click.IntRange(1, 2**31 - 1))
@json_option
def show(number: int, as_json: bool) -> None:
    """Show batch NUMBER with its stages and queue."""
    with opened() as stores:
        service.settle_due(stores)
        with stores.db.reading() as session:
            batch = queries.get_batch(session, number)
    if as_json:
        print_json(batch)
        return
    click.echo(f"Batch {number} of {batch.design}@{batch.version}: {batch.state}")
    click.echo(f"{batch.reserved} of {batch.units_max} reserved, {batch.units_min} needed, "
               f"until {batch.deadline_at:%Y-%m-%d %H:%M} UTC")  # fmt: skip
    rows = [("STAGE", "GOOD", "SCRAP", "REWORK")]
    rows += [(row.stage, str(row.good), str(row.scrap), str(row.rework)) for row in batch.stages]
    click.echo(columns_of(rows))
    for place in batch.queue:
        click.echo(f"{place.number:>4}  {place.units:>4}  {place.who} ({place.state})")


@batches.command()
@click.argument("number", type=click.IntRange(1, 2**31 - 1))
@click.option("--with", "partners", multiple=True, type=int, help="Only with this batch; may be given again.")
@click.option("--alone", is_flag=True, help="With no other batch.")
@json_option
def buy(number: int, partners: tuple[int, ...], alone: bool, as_json: bool) -> None:
    """Show what to buy for batch NUMBER together with those that need the same parts."""
    with opened() as stores:
        service.settle_due(stores)
        with stores.db.reading() as session:
            found = buying.shared(stores, session, number, None, [] if alone else list(partners) or None)
    if as_json:
        print_json(found)
        return
    rows: list[tuple[str, ...]] = [("QUANTITY", "PART", "MPN", "FOR BATCHES")]
    for line in found.buy.lines:
        shares = ", ".join(f"{job}: {count:g}" for job, count in line.jobs.items())
        rows.append((f"{line.quantity:g}", line.words[:60], line.mpn, shares))
    click.echo(columns_of(rows))
    click.echo(f"{len(found.buy.lines)} lines together, {found.buy.lines_apart} apart.")


@click.group()
def requests() -> None:
    """Requests for quotation: list, show, ask, call off, write their files."""


@requests.command("list")
@click.argument("handle")
@json_option
def list_requests(handle: str, as_json: bool) -> None:
    """List what HANDLE asked for, the newest first."""
    with opened() as stores:
        quoting.expire_due(stores)
        with stores.db.reading() as session:
            account = find_account(session, handle)
            if account is None or account.id is None:
                raise NotFound(f"There is no account called {handle[:80]}.", "Check the handle.")
            found = quote_queries.list_requests(session, account.id)
    if as_json:
        print_json(found)
        return
    if not found.items:
        click.echo("Nothing has been asked yet.")
        return
    rows: list[tuple[str, ...]] = [("NUMBER", "STATE", "QUOTED", "QUANTITIES", "DESIGN")]
    for item in found.items:
        numbers = ", ".join(map(str, item.quantities))
        rows.append(
            (str(item.number), item.state, f"{item.offered}/{item.asked}", numbers, f"{item.design}@{item.version}")
        )
    click.echo(columns_of(rows))
