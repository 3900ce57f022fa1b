"""The command `official`: fabricators that a design's maintainers named, under terms in writing."""

from __future__ import annotations

from pathlib import Path

import click

from registry.accounts.acting import as_option, file_argument, read_wish, who, why_option
from registry.batches import origin
from registry.batches.money import money
from registry.batches.origin_schemas import OfficialAnswer, OfficialList, OfficialWish
from registry.console import columns_of, json_option, opened, print_json
from registry.stores.stores import Stores

_NUMBER = click.IntRange(1, 2**31 - 1)


def register(group: click.Group) -> None:
    """Add the command."""
    group.add_command(official)


@click.group()
def official() -> None:
    """Official fabricators of a design: list, name, answer."""


def _show(stores: Stores, slug: str, as_json: bool) -> None:
    with stores.db.reading() as session:
        found = origin.officials_of(session, slug)
    if as_json:
        print_json(OfficialList(items=found, total=len(found)))
        return
    rows: list[tuple[str, ...]] = [("NUMBER", "FABRICATOR", "STATE", "TERMS", "IN FORCE", "FOR EACH UNIT", "MARK")]
    for one in found:
        terms = one.terms[0]
        each = money(terms.contribution_minor, terms.currency).replace("\u00a0", " ")
        held = str(one.accepted or "none")
        rows.append((str(one.id), one.fabricator, one.state, str(terms.number), held, each, terms.mark[:40]))
    click.echo(columns_of(rows) if found else "Nobody is named. Everyone may build it freely, under another name.")


@official.command("list")
@click.argument("slug")
@json_option
def list_official(slug: str, as_json: bool) -> None:
    """List those that the maintainers of design SLUG named, with their newest terms."""
    with opened() as stores:
        _show(stores, slug, as_json)


@official.command("name")
@click.argument("slug")
@file_argument
@as_option
@json_option
def name(slug: str, file: Path, handle: str, as_json: bool) -> None:
    """Name a fabricator, or offer it new terms: FILE is JSON as POST .../official takes it; - reads standard input."""
    wish = read_wish(file, OfficialWish)
    with opened() as stores:
        origin.name_official(stores, who(stores, handle), slug, wish)
        _show(stores, slug, as_json)


@official.command("answer")
@click.argument("slug")
@click.argument("number", type=_NUMBER)
@click.argument("action", type=click.Choice(["accept", "decline", "end"]))
@click.option("--terms", type=click.IntRange(0, 100_000), default=0, help="The number of the terms that are answered.")
@why_option
@as_option
@json_option
def answer(slug: str, number: int, action: str, terms: int, why: str, handle: str, as_json: bool) -> None:
    """Accept or decline terms as the fabricator's owner; end a naming as either side."""
    wish = OfficialAnswer.model_validate({"action": action, "terms": terms, "why": why})
    with opened() as stores:
        origin.answer(stores, who(stores, handle), number, wish)
        _show(stores, slug, as_json)
