"""Commands of campaigns and pledges: what pages and JSON do, for the instance's keeper.

Whoever may run commands holds the database, so these ask for a handle and no password; services judge as ever.
"""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from registry.accounts import acting
from registry.batches.money import money
from registry.console import columns_of, json_option, opened, print_json
from registry.errors import Invalid
from registry.ledger.money import iso_currency, parse_amount
from registry.lending.campaigns import own, pledging, queries, service, treasurers
from registry.lending.campaigns.lender_schemas import PledgeDetail
from registry.lending.campaigns.schemas import (
    CampaignMove,
    CampaignQuery,
    CampaignWish,
    MessageWish,
    PledgeWish,
    TermsWish,
    TreasurerWish,
    WithdrawWish,
)
from registry.lending.paying import spaced
from registry.stores.stores import Stores

_NUMBER = click.IntRange(1, 2**31 - 1)


def register(group: click.Group) -> None:
    """Add the commands."""
    group.add_command(lending)


@click.group()
def lending() -> None:
    """Loan campaigns and pledges: list, show, draft, open, pledge, withdraw; treasurers."""


@lending.command("list")
@click.option("--state", default="", type=click.Choice(["", "open", "running", "over"]), help="Which ones.")
@click.option("--page", default=1, type=click.IntRange(1, 10_000), show_default=True)
@json_option
def list_campaigns(state: str, page: int, as_json: bool) -> None:
    """List campaigns, those that are open first."""
    with opened() as stores:
        service.settle_due(stores)
        with stores.db.reading() as session:
            wanted = {"state": state, "page": page, "per_page": 50}
            found = queries.list_campaigns(session, CampaignQuery.model_validate(wanted))
    if as_json:
        print_json(found)
        return
    click.echo(columns_of([
        (str(one.number), one.state, f"{one.design} {one.version}", one.fabricator,
         f"{money(one.paid_minor, one.currency)} of {money(one.target_minor, one.currency)}",
         f"until {one.deadline_at:%Y-%m-%d %H:%M} UTC")
        for one in found.items
    ]) or "There are no campaigns.")  # fmt: skip


def _show(stores: Stores, number: int, account_id: int | None, as_json: bool) -> None:
    with stores.db.reading() as session:
        found = queries.get_campaign(session, number, account_id)
    if as_json:
        print_json(found)
        return
    currency = found.currency
    click.echo(f"Campaign {found.number}: {found.units_funded} units of {found.design} {found.version}, {found.state}")
    click.echo(f"  {money(found.paid_minor, currency)} paid in, {money(found.promised_minor, currency)} promised, "
               f"of {money(found.target_minor, currency)}; takes {money(found.optimum_minor, currency)}")  # fmt: skip
    click.echo(f"  until the end of {found.deadline_on} in {found.deadline_zone}; {found.fabricator} owes it")
    for one in found.proofs:
        click.echo(f"  {'there' if one.ok else 'lacking'}: {one.what} ({one.there})")
    for event in found.events:
        click.echo(f"  {event.at:%Y-%m-%d %H:%M} UTC  {event.action}: {event.why} ({event.by or 'the registry'})")


@lending.command("show")
@click.argument("number", type=_NUMBER)
@click.option("--as", "handle", default="", metavar="HANDLE", help="Who looks: drafts are shown to their workshop.")
@json_option
def show(number: int, handle: str, as_json: bool) -> None:
    """Show campaign NUMBER."""
    with opened() as stores:
        service.settle_if_due(stores, number)
        _show(stores, number, acting.who(stores, handle) if handle else None, as_json)


@lending.command("draft")
@acting.file_argument
@acting.as_option
@json_option
def draft(file: Path, handle: str, as_json: bool) -> None:
    """Draft a campaign: FILE is JSON as POST /api/v1/lending/campaigns takes it; - reads standard input."""
    wish = acting.read_wish(file, CampaignWish)
    with opened() as stores:
        account_id = acting.who(stores, handle)
        _show(stores, service.draft(stores, account_id, wish), account_id, as_json)


@lending.command("edit")
@click.argument("number", type=_NUMBER)
@acting.file_argument
@acting.as_option
@json_option
def edit(number: int, file: Path, handle: str, as_json: bool) -> None:
    """Change the draft NUMBER; FILE as for draft."""
    wish = acting.read_wish(file, CampaignWish)
    with opened() as stores:
        account_id = acting.who(stores, handle)
        service.edit(stores, account_id, number, wish)
        _show(stores, number, account_id, as_json)


@lending.command("open")
@click.argument("number", type=_NUMBER)
@acting.as_option
@json_option
def open_campaign(number: int, handle: str, as_json: bool) -> None:
    """Open campaign NUMBER to everyone, if its proof is there."""
    with opened() as stores:
        account_id = acting.who(stores, handle)
        service.move(stores, account_id, number, CampaignMove(action="open"))
        _show(stores, number, account_id, as_json)


@lending.command("call-off")
@click.argument("number", type=_NUMBER)
@acting.as_option
@acting.why_option
@json_option
def call_off(number: int, handle: str, why: str, as_json: bool) -> None:
    """Call campaign NUMBER off; what was paid in is sent back."""
    with opened() as stores:
        account_id = acting.who(stores, handle)
        service.move(stores, account_id, number, CampaignMove(action="call off", why=why))
        _show(stores, number, account_id, as_json)


@lending.command("terms")
@click.argument("number", type=_NUMBER)
@click.option("--version", type=_NUMBER, help="Which one; else the newest.")
@click.option("--change", "words", help="Other words of the makers in them, for pledges to come; with --as and --why.")
@click.option("--as", "handle", default="", metavar="HANDLE", help="Whose action it is.")
@acting.why_option
@json_option
def terms(number: int, version: int | None, words: str | None, handle: str, why: str, as_json: bool) -> None:
    """Print the terms of campaign NUMBER, or change the makers' own words in them."""
    with opened() as stores:
        account_id = acting.who(stores, handle) if handle else None
        if words is not None:
            if account_id is None:
                raise Invalid("It is not said whose change this is.", "Give --as HANDLE.")
            service.amend_terms(stores, account_id, number, TermsWish(own_terms=words, why=why))
        with stores.db.reading() as session:
            row = queries.find_campaign(session, number, account_id)
            found = queries.terms_view(session, number, version or row.terms_version)
    if as_json:
        print_json(found)
    else:
        click.echo(found.text, nl=False)


@lending.command("write")
@click.argument("number", type=_NUMBER)
@click.argument("text")
@acting.as_option
def write(number: int, text: str, handle: str) -> None:
    """Tell the lenders of campaign NUMBER something, for everybody to read."""
    with opened() as stores:
        service.send_message(stores, acting.who(stores, handle), number, MessageWish(text=text))
    click.echo("Sent.")


# --- pledges


def _show_pledge(found: PledgeDetail, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    click.echo(f"Pledge {found.id}: {money(found.amount_minor, found.currency)} to campaign {found.campaign}, "
               f"{found.state}, to be paid back in {found.repay}")  # fmt: skip
    if found.state == "unpaid":
        click.echo(f"  pay to {found.payee_name}, {spaced(found.payee_iban)}")
        click.echo(f"  reference {spaced(found.reference)}, by {found.pay_by:%Y-%m-%d %H:%M} UTC")
    click.echo(f"  owed {money(found.owed_minor, found.currency)}, to be paid out "
               f"{money(found.due_minor, found.currency)}")  # fmt: skip


def _after(stores: Stores, pledge_id: int, account_id: int, as_json: bool) -> None:
    with stores.db.reading() as session:
        found = own.get_pledge(session, pledge_id, account_id)
    _show_pledge(found, as_json)


@lending.command("pledge")
@click.argument("number", type=_NUMBER)
@click.argument("amount")
@click.option("--repay", default="money", type=click.Choice(["money", "units", "gift"]), show_default=True)
@click.option("--named", is_flag=True, help="Show the handle beside it.")
@click.option("--terms", "sha256", required=True, metavar="SHA256", help="Of the terms accepted: see lending terms.")
@click.option("--key", default="", help="The same key never pledges twice; made anew if left out.")
@acting.as_option
@json_option
def pledge(
    number: int, amount: str, repay: str, named: bool, sha256: str, key: str, handle: str, as_json: bool
) -> None:
    """Pledge AMOUNT (such as 50.00) to campaign NUMBER, and say how to pay it."""
    with opened() as stores:
        account_id = acting.who(stores, handle)
        with stores.db.reading() as session:
            currency = queries.find_campaign(session, number, account_id).currency
        wish = PledgeWish.model_validate({
            "amount_minor": parse_amount(amount, iso_currency(currency)), "repay": repay, "named": named,
            "terms_sha256": sha256, "key": key or secrets.token_urlsafe(16),
        })  # fmt: skip
        _after(stores, pledging.pledge(stores, account_id, number, wish), account_id, as_json)


@lending.command("withdraw")
@click.argument("pledge_id", metavar="PLEDGE", type=_NUMBER)
@acting.as_option
@acting.why_option
@json_option
def withdraw(pledge_id: int, handle: str, why: str, as_json: bool) -> None:
    """Take PLEDGE back; what was paid in is sent back."""
    with opened() as stores:
        account_id = acting.who(stores, handle)
        pledging.withdraw(stores, account_id, pledge_id, WithdrawWish(why=why))
        _after(stores, pledge_id, account_id, as_json)


@lending.command("pledges")
@acting.as_option
@json_option
def pledges(handle: str, as_json: bool) -> None:
    """List somebody's pledges, with what is owed to them."""
    with opened() as stores:
        account_id = acting.who(stores, handle)
        with stores.db.reading() as session:
            found = own.list_pledges(session, account_id)
    if as_json:
        print_json(found)
        return
    click.echo(columns_of([
        (str(one.id), f"campaign {one.campaign}", one.state, money(one.amount_minor, one.currency),
         f"owed {money(one.owed_minor, one.currency)}", one.reference)
        for one in found.items
    ]) or "There are no pledges.")  # fmt: skip


@lending.command("year")
@click.argument("year", type=click.IntRange(1970, 9998), required=False)
@acting.as_option
@json_option
def year(year: int | None, handle: str, as_json: bool) -> None:
    """Sum up somebody's YEAR: lent, fallen due, paid out, owed at its end."""
    with opened() as stores:
        account_id = acting.who(stores, handle)
        with stores.db.reading() as session:
            found = own.get_year(session, account_id, year)
    if as_json:
        print_json(found)
        return
    for currency, sums in found.totals.items():
        for what, minor in sums.items():
            click.echo(f"{what}  {money(minor, currency)}")
        click.echo(f"owed at the end of {found.year}  {money(found.owed_minor.get(currency, 0), currency)}")
    if not found.lines:
        click.echo("No money moved.")


# --- treasurers


@lending.command("treasurers")
@click.option("--name", "named", metavar="HANDLE", help="Make somebody a treasurer; with --as and --why.")
@click.option("--end", "ended", metavar="HANDLE", help="Somebody is one no longer; with --as and --why.")
@click.option("--as", "handle", default="", metavar="HANDLE", help="The steward whose decision it is.")
@acting.why_option
@json_option
def show_treasurers(named: str | None, ended: str | None, handle: str, why: str, as_json: bool) -> None:
    """List the treasurers; name one, or end it."""
    if named and ended:
        raise Invalid("That are two changes.", "Make one after the other.")
    with opened() as stores:
        if named or ended:
            wish = TreasurerWish(handle=named or ended or "", acts=bool(named), why=why)
            treasurers.name(stores, acting.who(stores, handle), wish)
        with stores.db.reading() as session:
            found = treasurers.list_treasurers(session)
    if as_json:
        print_json(found)
        return
    click.echo(columns_of([
        (one.handle, f"named by {one.by}", f"{one.at:%Y-%m-%d}", one.why) for one in found.items
    ]) or "There are no treasurers.")  # fmt: skip
