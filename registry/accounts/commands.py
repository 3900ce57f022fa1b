"""Commands of the accounts feature: account add, list, token and reset."""

from __future__ import annotations

import sys

import click

from registry.accounts import deleting, queries, service
from registry.console import columns_of, json_option, opened, print_json


def register(group: click.Group) -> None:
    """Add this feature's commands to the command line."""
    group.add_command(account)


@click.group()
def account() -> None:
    """People of this instance: add, list, give tokens, reset passwords."""


@account.command()
@click.argument("handle")
@click.option("--email", default="", help="E-mail address; may be left out.")
@click.option("--steward", is_flag=True, help="Make them a steward. The first account always is one.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking.")
@json_option
def add(handle: str, email: str, steward: bool, password_stdin: bool, as_json: bool) -> None:
    """Make an account called HANDLE."""
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    with opened() as stores:
        made = service.sign_up(stores, handle, password, email, steward=steward)
    if as_json:
        print_json(made)
    else:
        click.echo(made.handle + (" (steward)" if made.is_steward else ""))


@account.command("list")
@json_option
def list_accounts(as_json: bool) -> None:
    """List the accounts, the oldest first."""
    with opened() as stores, stores.db.reading() as session:
        found = queries.list_accounts(session)
    if as_json:
        items = [item.model_dump(mode="json") for item in found]
        print_json({"items": items, "total": len(items), "next": None})
        return
    if not found:
        click.echo("No accounts yet: brickyard account add HANDLE makes the first, its steward.")
        return
    rows: list[tuple[str, ...]] = [("HANDLE", "ROLE", "SINCE", "E-MAIL")]
    rows += [
        (item.handle, "steward" if item.is_steward else "", f"{item.created_at:%Y-%m-%d}", item.email) for item in found
    ]
    click.echo(columns_of(rows))


@account.command()
@click.argument("handle")
@click.option("--name", default="command line", show_default=True, help="What the token is for.")
@json_option
def token(handle: str, name: str, as_json: bool) -> None:
    """Make an API token for HANDLE and print it: this is the only time it is shown."""
    with opened() as stores:
        made = service.make_token_for(stores, handle, name)
    if as_json:
        print_json({"handle": handle, "name": made.name, "token": made.secret})
    else:
        click.echo(made.secret)


@account.command()
@click.argument("handle")
@json_option
def reset(handle: str, as_json: bool) -> None:
    """Print a link at which HANDLE can set a new password, once."""
    with opened() as stores:
        link = service.issue_reset(stores, handle)
        address = stores.settings.public_url + link.path
    if as_json:
        print_json({"handle": link.handle, "url": address, "expires_at": link.expires_at.isoformat()})
    else:
        click.echo(address)


@account.command("delete")
@click.argument("handle")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(handle: str, yes: bool) -> None:
    """Delete the account called HANDLE: its name goes, what it did stays told."""
    if not yes:
        click.confirm(f"Delete {handle} for good?", abort=True, err=True)
    with opened() as stores:
        deleting.delete_for(stores, handle)
    click.echo(f"{handle} is deleted.")
