"""Commands about one person's notices: list, read, choose, address, calendar."""

from __future__ import annotations

import click

from registry.accounts.acting import account_of, as_option, who
from registry.console import columns_of, json_option, opened, print_json
from registry.notices import queries, service
from registry.notices.collecting import collect
from registry.notices.schemas import NoticeQuery, ReadWish
from registry.stores.stores import Stores


def register(notices: click.Group) -> None:
    """Add them to the command `notices`."""
    for command in (list_notices, read, choices, address, calendars):
        notices.add_command(command)


@click.command("list")
@click.option("--unread", is_flag=True, help="Only those not read yet.")
@click.option("--page", type=click.IntRange(1, 10_000), default=1)
@as_option
@json_option
def list_notices(unread: bool, page: int, handle: str, as_json: bool) -> None:
    """List what has happened that concerns HANDLE, the newest first."""
    with opened() as stores:
        service.install(stores)
        collect(stores)
        with stores.db.reading() as session:
            query = NoticeQuery(unread=unread, page=page)
            found = queries.list_notices(session, account_of(session, handle), query)
    if as_json:
        print_json(found)
        return
    rows: list[tuple[str, ...]] = [("NUMBER", "", "WHEN (UTC)", "ABOUT")]
    rows += [(str(one.id), "" if one.read_at else "new", f"{one.at:%Y-%m-%d %H:%M}", one.title) for one in found.items]
    click.echo(columns_of(rows) if found.items else f"Nothing has happened that {handle} is told of.")


@click.command()
@click.argument("numbers", type=click.IntRange(1, 2**31 - 1), nargs=-1)
@as_option
@json_option
def read(numbers: tuple[int, ...], handle: str, as_json: bool) -> None:
    """Mark notices NUMBERS as read, or all of them."""
    with opened() as stores:
        done = service.mark_read(stores, who(stores, handle), ReadWish(ids=list(numbers)))
    if as_json:
        print_json(done)
    else:
        click.echo(f"{done.marked} marked as read, {done.unread} unread.")


def _settings(stores: Stores, handle: str, as_json: bool) -> None:
    with stores.db.reading() as session:
        found = queries.read_settings(session, stores.settings, account_of(session, handle))
    if as_json:
        print_json(found)
        return
    where = f"Mail goes to {found.address}" + (
        "." if found.confirmed else " once the link in the first mail is followed."
    )
    click.echo(where if found.address else "No mail: no address is set.")
    click.echo(columns_of([("KIND", "BY MAIL", "ABOUT"), *((one.kind, one.how, one.label) for one in found.choices)]))


@click.command()
@click.argument("chosen", metavar="[KIND=each|daily|none]...", nargs=-1)
@as_option
@json_option
def choices(chosen: tuple[str, ...], handle: str, as_json: bool) -> None:
    """Show what comes to HANDLE by mail, or choose it."""
    wanted = dict(one.partition("=")[::2] for one in chosen)
    with opened() as stores:
        if wanted:
            service.choose(stores, who(stores, handle), wanted)
        _settings(stores, handle, as_json)


@click.command()
@click.argument("where")
@as_option
@json_option
def address(where: str, handle: str, as_json: bool) -> None:
    """Let HANDLE's mail go to WHERE (an address, or none); it has to be confirmed by a link sent there."""
    with opened() as stores:
        if where == "none":
            service.remove_address(stores, who(stores, handle))
        else:
            service.set_address(stores, who(stores, handle), where)
        _settings(stores, handle, as_json)


@click.command()
@click.option("--new", default="", metavar="SCOPE", help="A new secret address: me, or a fabricator's slug.")
@click.option("--end", default="", metavar="SCOPE", help="End an address.")
@as_option
@json_option
def calendars(new: str, end: str, handle: str, as_json: bool) -> None:
    """Show the iCalendar addresses of HANDLE, make one, or end one."""
    with opened() as stores:
        account_id = who(stores, handle)
        if new:
            service.make_calendar(stores, account_id, new)
        if end:
            service.remove_calendar(stores, account_id, end)
        with stores.db.reading() as session:
            found = queries.list_calendars(session, stores.settings, account_id)
    if as_json:
        print_json(found)
    else:
        click.echo(columns_of([("SCOPE", "ADDRESS"), *((one.scope, one.url or "none") for one in found.items)]))
