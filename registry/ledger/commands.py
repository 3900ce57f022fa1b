"""Commands of the book: ledger check, show, export."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import get_args

import click

from registry.console import columns_of, json_option, opened, print_json
from registry.errors import Invalid
from registry.ledger import checking, queries
from registry.ledger.export import FORMATS, export
from registry.ledger.money import plain
from registry.ledger.schemas import AccountName, Balance, Currency, OwnerKind

_PUBLISHED = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})")


def register(group: click.Group) -> None:
    """Add the commands."""
    group.add_command(ledger)


@click.group()
def ledger() -> None:
    """The book of money and community credit: check, show, export."""


@ledger.command()
@click.option(
    "--published", default="", metavar="NUMBER:HASH", help="A head that was published: it must be in the chain."
)
@json_option
def check(published: str, as_json: bool) -> None:
    """Work out every balance, limit and hash anew; exit 1 if anything does not add up."""
    found = _PUBLISHED.fullmatch(published)
    if published and not found:
        raise Invalid(f"{published[:80]} is no published head.", "Write it as NUMBER:HASH.", field="published")
    with opened() as stores, stores.db.reading() as session:
        report = checking.check(session, (int(found[1]), found[2]) if found else None)
        exponents = queries.currencies(session)
    if as_json:
        print_json(report)
    else:
        for fault in report.faults:
            click.echo(fault.what)
        if report.more_faults:
            click.echo(f"and {report.more_faults} more.")
        moved = ", ".join(f"{plain(total, exponents[code].exponent)} {code}" for code, total in report.totals.items())
        click.echo(
            f"{report.transfers} transfers, {report.accounts} accounts, {report.held} held; moved: {moved or '-'}."
        )
        click.echo(f"Head {report.head.seq}:{report.head.hash}")
        click.echo("All of it adds up." if report.ok else "It does not add up: see above.")
    if not report.ok:
        sys.exit(1)


def parse_account(text: str) -> AccountName:
    """'campaign/12/funds/EUR' as the name of an account. Raises: Invalid."""
    parts = text.split("/")
    if len(parts) != 4 or parts[0] not in get_args(OwnerKind):
        raise Invalid(
            f"{text[:80]} names no account.",
            "Write it as KIND/ID/ROLE/CURRENCY: campaign/12/funds/EUR.",
            field="account",
        )
    return AccountName(kind=parts[0], id=parts[1], role=parts[2], currency=parts[3])  # type: ignore[arg-type]


@ledger.command()
@click.argument("account", default="")
@click.option("--kind", type=click.Choice(get_args(OwnerKind)), default=None, help="Accounts of such owners alone.")
@click.option("--after", default=0, type=click.IntRange(0, 2**62), help="Lines after this transfer's number.")
@json_option
def show(account: str, kind: str | None, after: int, as_json: bool) -> None:
    """Show every account's balance, or the statement of ACCOUNT (KIND/ID/ROLE/CURRENCY)."""
    name = parse_account(account) if account else None
    with opened() as stores, stores.db.reading() as session:
        currencies = queries.currencies(session)
        if name is None:
            _show_balances(queries.balances(session, kind=kind), currencies, as_json)
            return
        told = queries.statement(session, name, after_seq=after)
    if as_json:
        print_json(told)
        return
    exponent = currencies[name.currency].exponent
    rows: list[tuple[str, ...]] = [("NUMBER", "EFFECTIVE", "AMOUNT", "BALANCE", "OTHER ACCOUNT", "PURPOSE")]
    rows.append(("", "", "", plain(told.opening_minor, exponent), "", "before"))
    rows += [
        (str(line.seq), f"{line.effective_at:%Y-%m-%d}", plain(line.amount_minor, exponent),
         plain(line.balance_minor, exponent), line.other, line.purpose)
        for line in told.lines
    ]  # fmt: skip
    click.echo(columns_of(rows))
    if told.next_seq:
        click.echo(f"There is more: --after {told.next_seq}", err=True)


def _show_balances(found: list[Balance], currencies: dict[str, Currency], as_json: bool) -> None:
    if as_json:
        print_json({"items": [each.model_dump(mode="json") for each in found], "total": len(found), "next": None})
        return
    if not found:
        click.echo("The book has no accounts yet.")
        return

    def amount(minor: int | None, code: str) -> str:
        return "" if minor is None else plain(minor, currencies[code].exponent)

    rows: list[tuple[str, ...]] = [("ACCOUNT", "BALANCE", "HELD", "LOWEST", "HIGHEST")]
    for each in found:
        code = each.account.currency
        held = amount(each.pending_debits_minor, code) if each.pending_debits_minor else ""
        rows.append((str(each.account), amount(each.balance_minor, code), held, amount(each.lowest_minor, code),
                     amount(each.highest_minor, code)))  # fmt: skip
    click.echo(columns_of(rows))


@ledger.command("export")
@click.option("--format", "form", type=click.Choice(FORMATS), default="beancount", show_default=True)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="A file; else standard output.")
@click.option(
    "--json", "as_json", is_flag=True, help="The same as --format json; with -o, say as JSON what was written."
)
def export_book(form: str, output: Path | None, as_json: bool) -> None:
    """Write the whole book for another program: beancount, hledger, csv or json."""
    chosen = "json" if as_json and output is None else form
    with opened() as stores, stores.db.reading() as session:
        pieces = export(session, chosen)  # type: ignore[arg-type]
        if output is None:
            for piece in pieces:
                click.echo(piece, nl=False)
            return
        with output.open("w", encoding="utf-8", newline="") as file:
            file.writelines(pieces)
        head = queries.head(session)
    said = {"file": str(output), "format": chosen, "head": head.model_dump(mode="json")}
    click.echo(json.dumps(said, ensure_ascii=False) if as_json else f"{output}: the book up to transfer {head.seq}")
