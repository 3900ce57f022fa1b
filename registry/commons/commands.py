"""Commands of commons funds: what pages and JSON do, for the instance's keeper."""

from __future__ import annotations

import datetime as dt
import secrets
from pathlib import Path

import click

from registry.accounts import acting
from registry.commons import forms, queries, rules, service
from registry.commons.schemas import GiftWish, MoveWish, NamedWish, ProposalView, ProposalWish, ShareWish, VoiceWish
from registry.console import columns_of, json_option, opened, print_json
from registry.ledger.money import iso_currency, parse_amount, parse_percent, plain
from registry.stores.stores import Stores

_WHY = click.option("--why", required=True, help="The reason that is kept with it.")
_NUMBER = click.argument("number", type=click.IntRange(1, 2**31 - 1))


def register(group: click.Group) -> None:
    """Add the commands."""
    group.add_command(commons)


@click.group()
def commons() -> None:
    """A design's own fund: what it holds, and what its people decide to spend it on."""


@commons.command()
@click.argument("slug")
@json_option
def show(slug: str, as_json: bool) -> None:
    """Show the fund of design SLUG."""
    with opened() as stores:
        service.settle_due(stores)
        with stores.db.reading() as session:
            found = queries.get_fund(session, slug)
    if as_json:
        print_json(found)
        return
    by = "by the bank's policy" if found.share_by_policy else "by its designers"
    click.echo(f"{found.name}: {found.share_bp / 100:g} % of each unit sold, set {by}")
    for purse in found.purses:
        click.echo(f"{plain(purse.balance_minor, purse.exponent)} {purse.currency}, "
                   f"of it held {plain(purse.held_minor, purse.exponent)}, "
                   f"spent so far {plain(purse.spent_minor, purse.exponent)}")  # fmt: skip
        for source, minor in purse.income_minor.items():
            click.echo(f"  {rules.INCOME[source]}: {plain(minor, purse.exponent)}")
    rows: list[tuple[str, ...]] = [("PROPOSAL", "STATE", "AMOUNT", "BY", "TITLE")]
    rows += [
        (str(one.number), one.state, f"{plain(one.amount_minor, one.exponent)} {one.currency}", one.by, one.title)
        for one in found.proposals
    ]
    click.echo(columns_of(rows) if found.proposals else "Nothing has been proposed.")


@commons.command()
@click.argument("slug")
@click.argument("percent")
@acting.as_option
@_WHY
def share(slug: str, percent: str, handle: str, why: str) -> None:
    """Set the designers' cut of each unit sold, in PERCENT."""
    with opened() as stores:
        wish = ShareWish(share_bp=parse_percent(percent), why=why)
        service.set_share(stores, acting.who(stores, handle), slug, wish)
    click.echo(f"{wish.share_bp / 100:g} % from now on.")


@commons.command()
@click.argument("slug")
@click.argument("person")
@click.option("--remove", is_flag=True, help="They may no longer speak.")
@acting.as_option
@_WHY
def name(slug: str, person: str, remove: bool, handle: str, why: str) -> None:
    """Name PERSON as a contributor to design SLUG."""
    with opened() as stores:
        service.name_person(
            stores, acting.who(stores, handle), slug, NamedWish(handle=person, named=not remove, why=why)
        )
    click.echo("Kept.")


@commons.command()
@click.argument("slug")
@click.argument("amount")
@click.argument("currency")
@click.option("--seen-on", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The day on the statement.")
@click.option("--reference", required=True, help="What the statement says, without names of people.")
@click.option("--key", default="", help="Books it once however often it is sent; else a new one.")
@acting.as_option
def gift(slug: str, amount: str, currency: str, seen_on: dt.datetime, reference: str, key: str, handle: str) -> None:
    """Book AMOUNT CURRENCY that came to the fund's own account."""
    wish = GiftWish(amount_minor=parse_amount(amount, iso_currency(currency)), currency=currency, reference=reference,
                    seen_on=seen_on.date(), key=key or secrets.token_urlsafe(12))  # fmt: skip
    with opened() as stores:
        seq = service.record_gift(stores, acting.who(stores, handle), slug, wish)
    click.echo(f"Transfer {seq}")


@commons.command()
@click.argument("slug")
@acting.file_argument
@acting.as_option
def propose(slug: str, file: Path, handle: str) -> None:
    """Propose to spend of the fund: FILE is JSON as the JSON interface takes it; - reads standard input."""
    wish = acting.read_wish(file, ProposalWish)
    with opened() as stores:
        click.echo(service.propose(stores, acting.who(stores, handle), slug, wish))


def _read(stores: Stores, number: int) -> ProposalView:
    service.settle(stores, number)
    with stores.db.reading() as session:
        return queries.get_proposal(session, number)


@commons.command()
@_NUMBER
@json_option
def proposal(number: int, as_json: bool) -> None:
    """Show proposal NUMBER with all that was said and done."""
    with opened() as stores:
        found = _read(stores, number)
    if as_json:
        print_json(found)
        return
    click.echo(f"{found.title} ({rules.KINDS[found.kind]}), {plain(found.amount_minor, found.exponent)} "
               f"{found.currency}, by {found.by}: {found.state}")  # fmt: skip
    click.echo(found.text)
    for voice in found.voices:
        click.echo(f"{voice.id}  {voice.who}: {voice.stance}{' (open)' if voice.open else ''} {voice.words}".rstrip())
    for change in found.history:
        click.echo(f"{change.at:%Y-%m-%d %H:%M} UTC  {change.became}  {change.by or 'the calendar'} {change.why}")


@commons.command()
@_NUMBER
@click.argument("stance", type=click.Choice(["consent", "object", "answer", "withdraw"]))
@click.option("--words", default="", help="The reason of an objection, or the answer to it.")
@click.option("--objection", type=click.IntRange(1, 2**31 - 1), default=None, help="Which one is answered, withdrawn.")
@acting.as_option
def say(number: int, stance: str, words: str, objection: int | None, handle: str) -> None:
    """Consent or object to proposal NUMBER, answer an objection, withdraw one's own."""
    with opened() as stores:
        wish = VoiceWish.model_validate({"stance": stance, "words": words, "objection": objection})
        service.say(stores, acting.who(stores, handle), number, wish)
        click.echo(_read(stores, number).state)


@commons.command()
@_NUMBER
@click.argument("action", type=click.Choice(["withdraw", "prove", "doubt", "pay"]))
@click.option("--words", required=True, help="Why; or what was bought; or how it was paid.")
@click.option("--amount", default="", help="What it cost, with 'prove'.")
@click.option("--paid-on", default="", help="The day of the payment, with 'pay'.")
@click.option("--file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The invoice, with 'prove'.")
@acting.as_option
def move(number: int, action: str, words: str, amount: str, paid_on: str, file: Path | None, handle: str) -> None:
    """Withdraw proposal NUMBER, hand in proof, doubt it, or say that it was paid."""
    content = None
    if file:
        with file.open("rb") as told:
            content = told.read(service.PROOF_BYTES + 1)
    with opened() as stores:
        form = {"action": action, "words": words, "amount": amount, "paid_on": paid_on}
        wish = MoveWish.model_validate(forms.move_values(form, _read(stores, number).currency))
        service.move(stores, acting.who(stores, handle), number, wish, content)
        click.echo(_read(stores, number).state)
