"""Commands of lending: bank export, import, explain."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from registry.accounts.queries import find_account
from registry.console import json_option, opened, print_json
from registry.errors import Invalid, NotFound
from registry.lending import queries, service
from registry.lending.bank import commands as desk_commands
from registry.lending.policy import POLICY_BYTES
from registry.lending.schemas import PolicyWish


def register(group: click.Group) -> None:
    """Add the commands."""
    group.add_command(bank)
    desk_commands.register(bank)


@click.group()
def bank() -> None:
    """The bank's policy, one TOML file that others can copy: export, import, explain; statements, payments."""


@bank.command("export")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="A file; else standard output.")
@json_option
def export_policy(output: Path | None, as_json: bool) -> None:
    """Write the policy that holds, with its comments."""
    with opened() as stores, stores.db.reading() as session:
        found = queries.get_policy(session)
    if output:
        output.write_text(found.text, encoding="utf-8", newline="")
    if as_json:
        print_json(found)
    elif output:
        click.echo(f"{output}: policy {found.number}, {found.sha256}")
    else:
        click.echo(found.text, nl=False)


@bank.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--as", "handle", required=True, metavar="HANDLE", help="The steward whose decision it is.")
@click.option("--why", required=True, help="The reason that is kept with it.")
@json_option
def import_policy(file: Path, handle: str, why: str, as_json: bool) -> None:
    """Let the policy in FILE hold from now on; - reads standard input."""
    text = _read(file)
    with opened() as stores:
        with stores.db.reading() as session:
            account = find_account(session, handle)
            if account is None or account.id is None:
                raise NotFound(f"There is no account called {handle[:80]}.", "Check the handle.")
        service.change_policy(stores, account.id, PolicyWish(text=text, why=why))
        with stores.db.reading() as session:
            found = queries.get_policy(session)
    if as_json:
        print_json(found)
        return
    click.echo(f"Policy {found.number} holds from now on.")
    for difference in found.changes[0].differences:
        click.echo(f"  {difference}")


def _read(file: Path) -> str:
    """A policy's text, read no further than a policy can be long. Raises: Invalid."""
    if str(file) == "-":
        raw = sys.stdin.buffer.read(POLICY_BYTES + 1)
    else:
        with file.open("rb") as opened_file:
            raw = opened_file.read(POLICY_BYTES + 1)
    if len(raw) > POLICY_BYTES:
        raise Invalid("The policy is larger than 64 KiB.", "Shorten its texts.", field="file")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Invalid(f"{file} is not UTF-8 text.", "Save it as UTF-8.", field="file") from error


@bank.command("explain")
@json_option
def explain_policy(as_json: bool) -> None:
    """Say the policy in sentences, and who changed it, when and why."""
    with opened() as stores, stores.db.reading() as session:
        found = queries.get_policy(session)
    if as_json:
        print_json(found)
        return
    for sentence in found.sentences:
        click.echo(sentence)
    click.echo("")
    if not found.changes:
        click.echo("It is the shipped policy; nobody has changed it.")
    for change in found.changes:
        click.echo(f"{change.number}  {change.at:%Y-%m-%d %H:%M} UTC  {change.by}: {change.why}")
        for difference in change.differences:
            click.echo(f"     {difference}")
