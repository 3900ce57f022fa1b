"""Commands of the notices feature: notices, and notices send."""

from __future__ import annotations

import click

from registry.console import columns_of, json_option, opened, print_json
from registry.notices import acting_commands, queries, service


def register(group: click.Group) -> None:
    """Add the command."""
    group.add_command(notices)
    acting_commands.register(notices)


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def notices(context: click.Context, as_json: bool) -> None:
    """Mail to people: what waits and what went wrong; send."""
    if context.invoked_subcommand is not None:
        return
    with opened() as stores, stores.db.reading() as session:
        found = queries.read_outbox(session, stores.settings)
    if as_json:
        print_json(found)
        return
    if found.configured:
        click.echo(f"Mail goes to {found.server} from {found.sender}.")
    else:
        click.echo("No mail server: BRICKYARD_SMTP_URL is not set. Notices are shown on pages alone.")
    click.echo(", ".join(f"{count} {state}" for state, count in found.counts.items()))
    if not found.items:
        return
    rows: list[tuple[str, ...]] = [("MAIL", "STATE", "TRIES", "NEXT (UTC)", "TO", "ABOUT")]
    for item in found.items:
        due = f"{item.due_at:%Y-%m-%d %H:%M}" if item.state == "waiting" else ""
        who = f"{item.handle} <{item.address}>" if item.address else item.handle
        rows.append((str(item.id), item.state, str(item.tries), due, who, item.title[:60]))
    click.echo(columns_of(rows))
    for item in found.items:
        if item.fault:
            click.echo(f"Mail {item.id}: {item.fault}")


@notices.command()
@click.option("--failed", is_flag=True, help="Send those that failed or are unclear once more, too.")
@json_option
def send(failed: bool, as_json: bool) -> None:
    """Tell what is new, and send what waits now instead of later."""
    with opened() as stores:
        service.install(stores)
        done = service.send_now(stores, failed=failed)
    if as_json:
        print_json(done)
    else:
        click.echo(f"{done.sent} sent, {done.failed} failed, {done.later} are tried again later.")
        if done.fault:
            click.echo(done.fault)
    if done.fault:
        raise click.exceptions.Exit(1)
