"""The commands `fabricators dashboard` and `fabricators buy`."""

from __future__ import annotations

import click

from registry.batches import quoting
from registry.batches import service as batches
from registry.batches.money import money
from registry.console import columns_of, json_option, opened, print_json
from registry.dashboard import acting_commands, buying, overview, queries, rules
from registry.dashboard.schemas import BuyCounts
from registry.fabricators.queries import find_fabricator


def register(group: click.Group) -> None:
    """Add it to the commands of fabricators."""
    fabricators = group.commands["fabricators"]
    assert isinstance(fabricators, click.Group)
    fabricators.add_command(dashboard)
    fabricators.add_command(buy)
    acting_commands.register(fabricators)
    batches_group = group.commands["batches"]
    assert isinstance(batches_group, click.Group)
    acting_commands.register_for_buyers(batches_group)


def _waiting(counts: BuyCounts) -> str:
    return (
        f"Materials are to buy for {counts.all} jobs: {counts.week} this week, {counts.next} next week, "
        f"{counts.later} later, {counts.undated} without a day"
    )


@click.command()
@click.argument("slug")
@json_option
def dashboard(slug: str, as_json: bool) -> None:
    """Show the numbers of SLUG's dashboard, as the instance's keeper sees them."""
    with opened() as stores:
        batches.settle_due(stores)
        quoting.expire_due(stores)
        with stores.db.reading() as session:
            found = overview.dashboard(stores, session, find_fabricator(session, slug), 0, "keeper")
    if as_json:
        print_json(found)
        return
    told = found.numbers
    click.echo(f"{found.name}: {told.jobs} jobs, {told.overdue} overdue, {told.due_this_week} due this week")
    rows: list[tuple[str, ...]] = [("STAGE", "JOBS", "UNITS")]
    rows += [
        (label, str(found.stages[state]), str(found.units_by_stage[state]))
        for state, (label, *_) in rules.COLUMNS.items()
    ]
    click.echo(columns_of(rows))
    click.echo(f"Inbox: {told.inbox.all} threads, {told.inbox.to_answer} requests to answer; "
               f"{told.quotes_near} quotes end within a week")  # fmt: skip
    click.echo(_waiting(found.to_buy))
    click.echo("Machines: " + ", ".join(f"{count} {status}" for status, count in told.machines.items()))
    if told.money:
        rows = [("CURRENCY", "AGREED", "RECEIVED", "DUE", "TO RETURN", "RESERVED", "OF DUE, IN COMMUNITY MONEY")]
        for row in told.money:
            amounts = (row.agreed_minor, row.received_minor, row.due_minor, row.to_return_minor, row.reserved_minor,
                       row.credit_due_minor)  # fmt: skip
            rows.append((row.currency, *(money(minor, row.currency).replace("\u00a0", " ") for minor in amounts)))
        click.echo(columns_of(rows))


@click.command()
@click.argument("slug")
@click.option("--when", type=click.Choice(["week", "next", "all", "full"]), default=None,
              help="For jobs that must begin this week or next, all full ones, or those that fill as well. "
              "[default: week, or all if there is nothing this week]")  # fmt: skip
@json_option
def buy(slug: str, when: str | None, as_json: bool) -> None:
    """Show what SLUG has to buy over all its jobs, as the instance's keeper sees it."""
    with opened() as stores:
        batches.settle_due(stores)
        with stores.db.reading() as session:
            fabricator, day = find_fabricator(session, slug), queries.today(session)
            jobs = queries.list_jobs(session, fabricator, day)
            found = buying.to_buy(stores, session, fabricator, jobs, day, when or "")
    if as_json:
        print_json(found)
        return
    rows: list[tuple[str, ...]] = [("QUANTITY", "PART", "MPN", "FOR BATCHES")]
    for line in found.buy.lines:
        shares = ", ".join(f"{job}: {count:g}" for job, count in line.jobs.items())
        rows.append((f"{line.quantity:g}", line.words[:60], line.mpn, shares))
    if found.buy.lines:
        click.echo(columns_of(rows))
    click.echo(f"{len(found.buy.lines)} lines for {len(found.jobs)} jobs; "
               f"{found.rest_lines} lines for {found.rest_jobs} more")  # fmt: skip
    click.echo(_waiting(found.counts))
