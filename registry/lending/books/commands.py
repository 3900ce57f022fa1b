"""Commands of open books: bank books, statement, verify."""

from __future__ import annotations

import json
from pathlib import Path

import click

from registry.console import columns_of, json_option, opened, print_json
from registry.errors import Invalid
from registry.ledger.money import plain
from registry.lending.books import queries, service, signing
from registry.lending.commands import bank


def register(group: click.Group) -> None:
    """Add the commands to those of the bank."""
    for command in (books, statement, verify):
        bank.add_command(command)


@click.command()
@click.option("--currency", default="", help="Another currency than the bank's.")
@json_option
def books(currency: str, as_json: bool) -> None:
    """Show the books' figures by month."""
    with opened() as stores, stores.db.reading() as session:
        found = queries.get_books(session, currency)
    if as_json:
        print_json(found)
        return
    shown = ("cash", "goods", "owed", "funds", "turnover", "lent", "repaid", "late", "defaulted")
    rows: list[tuple[str, ...]] = [("MONTH", *(name.upper() for name in shown), "REBUY")]
    for month in found.months:
        rebuy = "" if month.rebuy_bp is None else f"{month.rebuy_bp / 100:g} %"
        rows.append((month.month, *(plain(month.figures[name], found.exponent) for name in shown), rebuy))
    click.echo(columns_of(rows))
    click.echo(f"{found.currency}, up to transfer {found.head.seq}")


@click.command()
@click.argument("month")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The PDF.")
def statement(month: str, output: Path) -> None:
    """Write the signed statement of MONTH (2026-10); sign it first if that has not been done."""
    with opened() as stores:
        with stores.db.reading() as session:
            known = service.find_row(session, month)
        if known is None:
            service.make_statement(stores, None, month)
        output.write_bytes(service.read_statement(stores, month))
        with stores.db.reading() as session:
            row = service.find_row(session, month)
    click.echo(f"{output}: {month}, signed by {signing.fingerprint(row.public_key if row else '')}")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", default="", metavar="FINGERPRINT", help="The fingerprint that the key must have.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(file: Path, key: str, as_json: bool) -> None:
    """Check the signature of a monthly statement; needs no database. Exit 2 if it is not what was signed."""
    with file.open("rb") as told:
        content = told.read(signing.STATEMENT_BYTES + 1)
    if len(content) > signing.STATEMENT_BYTES:
        raise Invalid("The file is larger than any statement.", "Look at its name again.", field="file")
    found = signing.verify(content)
    wanted = "".join(key.split()).lower()
    if wanted and wanted != found.fingerprint.replace(" ", ""):
        raise Invalid(
            f"The file is whole, but another key signed it: {found.fingerprint}.",
            "Compare with the fingerprint on the registry's page of books.", field="key",
        )  # fmt: skip
    said = {"month": found.month, "head_seq": found.head_seq, "head_hash": found.head_hash, "key": found.fingerprint}
    if as_json:
        click.echo(json.dumps(said))
        return
    click.echo(f"The statement of {found.month} is whole: not a byte was changed since it was signed.")
    click.echo(f"Book up to transfer {found.head_seq}:{found.head_hash}")
    click.echo(f"Key {found.fingerprint}" + ("" if wanted else ": compare it with the registry's page of books."))
