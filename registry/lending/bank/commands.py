"""Commands of a treasurer's desk: bank statements import, bank review list and decide, bank orders list to file."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from registry import limits
from registry.accounts.queries import find_account
from registry.console import columns_of, json_option, opened, print_json
from registry.errors import Invalid, NotFound
from registry.ledger.money import plain
from registry.lending.bank import again as paying_again
from registry.lending.bank import deciding, funds, importing, ordering, queries
from registry.lending.bank.deciding import Decision
from registry.lending.bank.importing import Upload
from registry.lending.bank.schemas import CsvMapping
from registry.lending.bank.views import EntryQuery
from registry.lending.paying import Payee
from registry.lending.sepa import SCHEMAS
from registry.stores.stores import Stores

_campaign = click.option("--campaign", "number", required=True, type=click.IntRange(1), help="The campaign's number.")
_who = click.option("--as", "handle", required=True, metavar="HANDLE", help="The treasurer whose act it is.")
_why = click.option("--why", default="", help="The reason that is kept with it.")


def register(bank: click.Group) -> None:
    """Add the commands to the group `bank`."""
    for command in (statements, review, orders, fund_account):
        bank.add_command(command)


def _account(stores: Stores, handle: str) -> int:
    with stores.db.reading() as session:
        account = find_account(session, handle)
    if account is None or account.id is None:
        raise NotFound(f"There is no account called {handle[:80]}.", "Check the handle.")
    return account.id


@click.group()
def statements() -> None:
    """Statements of campaigns' bank accounts: import."""


@statements.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_campaign
@_who
@click.option("--mapping", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="TOML that says which column of a table means what; else as for the last one.")  # fmt: skip
@click.option("--closing", default="", help="The balance after the last booking, if a table does not tell it.")
@click.option("--accept-gap", is_flag=True, help="Import it although statements are missing.")
@click.option("--look", is_flag=True, help="Say what it would bring, and change nothing.")
@json_option
def import_statement(
    file: Path, number: int, handle: str, mapping: Path | None, closing: str, accept_gap: bool, look: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Import FILE (CAMT.053, MT940 or a table): all of it, or nothing with the sentence why."""
    with file.open("rb") as opened_file:
        content = opened_file.read(limits.STATEMENT_BYTES + 1)
    upload = Upload(content, file.name, _mapping(mapping) if mapping else None, closing, accept_gap)
    with opened() as stores:
        account_id = _account(stores, handle)
        told = queries.preview_of(importing.look(stores, account_id, number, upload))
        brought = None if look else importing.bring(stores, account_id, number, upload)
    if as_json:
        print_json(told if brought is None else vars(brought))
        return
    for part in told.parts:
        for said in part.findings:
            click.echo(said)
    if brought is None:
        click.echo(f"It would bring {told.fresh} new bookings; {told.known} are known.")
    else:
        click.echo(f"{brought.fresh} new bookings, {brought.known} known; {brought.waiting} wait for a decision.")


def _mapping(file: Path) -> CsvMapping:
    try:
        return CsvMapping.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValidationError) as error:
        said = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise Invalid(f"{file} is no mapping: {said}.", "Write lines such as amount = \"Betrag\".",
                      field="mapping") from error  # fmt: skip


@click.group()
def review() -> None:
    """Bookings that wait for a treasurer: list, decide."""


@review.command("list")
@_campaign
@_who
@click.option("--all", "whole", is_flag=True, help="All bookings, not only those that wait.")
@click.option("--page", default=1, type=click.IntRange(1, 10_000))
@json_option
def list_review(number: int, handle: str, whole: bool, page: int, as_json: bool) -> None:
    """List what waits, with the reasons."""
    with opened() as stores:
        account_id = _account(stores, handle)
        with stores.db.reading() as session:
            desk = queries.get_desk(session, account_id, number)
            query = EntryQuery(state="" if whole else "queue", page=page, per_page=limits.PAGE_ITEMS_MAX)
            found = queries.list_entries(session, account_id, number, query)
    if as_json:
        print_json(found)
        return
    if desk.difference_minor:
        click.echo(f"The book and the bank differ by {plain(desk.difference_minor, desk.exponent)} {desk.currency}.")
    rows: list[tuple[str, ...]] = [("NUMBER", "BOOKED", "AMOUNT", "WHO", "STATE", "REASONS")]
    rows += [(str(one.id), f"{one.booked_on}", plain(one.amount_minor, desk.exponent), one.name[:30], one.state,
              " ".join(one.reasons)) for one in found.items]  # fmt: skip
    click.echo(columns_of(rows) if found.items else "Nothing waits.")
    if found.next:
        click.echo(f"There is more: --page {page + 1}", err=True)


@review.command("decide")
@click.argument("booking", type=click.IntRange(1))
@click.argument("action", type=click.Choice(
    [*dict.fromkeys([*deciding.IN_WORDS, *deciding.OUT_WORDS]), "reopen", "undo"]
))  # fmt: skip
@_campaign
@_who
@_why
@click.option("--pledge", type=click.IntRange(1), default=None, help="The pledge's number, for assign.")
@click.option("--order", type=click.IntRange(1), default=None, help="The payment's number, for 'take back' and pays.")
@click.option("--name", default="", help="Whom it is sent back to, if the statement does not tell.")
@click.option("--iban", default="", help="Where it is sent back to, if the statement does not tell.")
@json_option
def decide(booking: int, action: Any, number: int, handle: str, as_json: bool, **more: Any) -> None:
    """Decide what BOOKING is."""
    with opened() as stores:
        account_id = _account(stores, handle)
        deciding.decide(stores, account_id, number, booking, Decision(action=action, **more))
        with stores.db.reading() as session:
            found = queries.get_entry(session, account_id, number, booking)
    if as_json:
        print_json(found)
    else:
        click.echo(f"Booking {booking} is {found.state}.")


@click.group()
def orders() -> None:
    """Payments that leave: list, propose, approve, refuse, file."""


@orders.command("list")
@_campaign
@_who
@json_option
def list_orders(number: int, handle: str, as_json: bool) -> None:
    """List payments, those that wait first."""
    with opened() as stores:
        account_id = _account(stores, handle)
        _show(stores, account_id, number, as_json)


def _show(stores: Stores, account_id: int, number: int, as_json: bool) -> None:
    with stores.db.reading() as session:
        desk = queries.get_desk(session, account_id, number)
        found = queries.list_orders(session, account_id, number)
    if as_json:
        print_json(found)
        return
    rows: list[tuple[str, ...]] = [("NUMBER", "STATE", "KIND", "AMOUNT", "TO", "SIGNED BY")]
    rows += [(str(one.id), one.state, one.kind, plain(one.amount_minor, desk.exponent), one.payee[:30],
              ", ".join(one.signed_by)) for one in found.items]  # fmt: skip
    click.echo(columns_of(rows) if found.items else "No payments yet.")


@orders.command("propose")
@_campaign
@_who
@_why
@click.option("--stage", default="", help="A part of the loan for the fabricator; else all that is due to lenders.")
@click.option("--fund", is_flag=True, help="What is the commons fund's, to the fund's own account.")
@json_option
def propose(number: int, handle: str, why: str, stage: str, fund: bool, as_json: bool) -> None:
    """Propose what is due to lenders; with --stage a part of the loan, with --fund what is the commons fund's."""

    def work(stores: Stores, account_id: int) -> None:
        if fund:
            funds.propose_pay_over(stores, account_id, number, why)
            return
        if stage:
            ordering.propose_disbursement(stores, account_id, number, stage, why)
            return
        _, unknown = ordering.propose_to_lenders(stores, account_id, number, why)
        if unknown:
            click.echo(f"{unknown} lenders have no account that is known: ask them.", err=True)

    _act(handle, number, as_json, work)


def _act(handle: str, number: int, as_json: bool, work: Callable[[Stores, int], object]) -> None:
    with opened() as stores:
        account_id = _account(stores, handle)
        work(stores, account_id)
        _show(stores, account_id, number, as_json)


@orders.command("approve")
@click.argument("order", type=click.IntRange(1))
@_campaign
@_who
@json_option
def approve(order: int, number: int, handle: str, as_json: bool) -> None:
    """Sign payment ORDER; with enough people's it may leave."""
    _act(handle, number, as_json, lambda stores, me: ordering.approve(stores, me, number, order))


@orders.command("refuse")
@click.argument("order", type=click.IntRange(1))
@_campaign
@_who
@_why
@json_option
def refuse(order: int, number: int, handle: str, why: str, as_json: bool) -> None:
    """Let payment ORDER go: its money is free again."""
    _act(handle, number, as_json, lambda stores, me: ordering.refuse(stores, me, number, order, why))


@orders.command("again")
@click.argument("order", type=click.IntRange(1))
@_campaign
@_who
@_why
@click.option("--name", default="", help="Another payee.")
@click.option("--iban", default="", help="Another account.")
@json_option
def again(order: int, number: int, handle: str, why: str, name: str, iban: str, as_json: bool) -> None:
    """Propose anew what payment ORDER was for, which came back."""
    _act(handle, number, as_json,
         lambda stores, me: paying_again.send_again(stores, me, number, order, why, name, iban))  # fmt: skip


@orders.command("give-back")
@click.argument("order", type=click.IntRange(1))
@_campaign
@_who
@_why
@json_option
def give_back(order: int, number: int, handle: str, why: str, as_json: bool) -> None:
    """Let a part of the loan that came back as payment ORDER go to the lenders instead."""
    _act(handle, number, as_json, lambda stores, me: paying_again.give_back(stores, me, number, order, why))


@orders.command("file")
@_campaign
@_who
@click.option("--form", type=click.Choice(SCHEMAS), default=SCHEMAS[0], show_default=True)
@click.option("--again", type=click.IntRange(1), default=None, metavar="FILE", help="Write this file again, the same.")
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path))
@json_option
def make_file(number: int, handle: str, form: str, again: int | None, output: Path, as_json: bool) -> None:
    """Put all approved payments into one file for the bank; each is in one file only."""
    with opened() as stores:
        account_id = _account(stores, handle)
        file_id = again or ordering.make_file(stores, account_id, number, form)
        with stores.db.reading() as session:
            told, content = queries.get_file(session, account_id, number, file_id)
    output.write_bytes(content)
    if as_json:
        print_json(told)
    else:
        many = "payment" if told.payments == 1 else "payments"
        click.echo(f"{output}: file {told.id}, {told.payments} {many}, SHA-256 {told.sha256}")


@click.command("fund-account")
@click.argument("slug")
@click.option("--as", "handle", required=True, metavar="HANDLE", help="The maintainer whose act it is.")
@click.option("--name", required=True, help="Whose account it is, as the bank knows it.")
@click.option("--iban", required=True)
@click.option("--bic", default="")
def fund_account(slug: str, handle: str, name: str, iban: str, bic: str) -> None:
    """Say where the commons fund of design SLUG receives money, as a maintainer."""
    with opened() as stores:
        funds.set_fund_payee(stores, _account(stores, handle), slug, Payee(name, iban, bic))
    click.echo("Money will go to this account from now on.")
