"""Commands of the fabricators feature: fabricators list, import, export."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import click

from registry import limits
from registry.accounts.queries import find_account
from registry.console import columns_of, json_option, opened, print_json
from registry.errors import NotFound
from registry.fabricators import demo, keeping_commands, limit_commands, queries, service, transfer, vocabulary
from registry.fabricators.schemas import FabricatorQuery
from registry.fabricators.search import canonical


def register(group: click.Group) -> None:
    """Add the commands; `demo`, of a feature that knows nothing of this one, loads example fabricators first."""
    group.add_command(fabricators)
    fabricators.add_command(limit_commands.check)
    keeping_commands.register(fabricators)
    designs_alone = group.commands["demo"].callback
    assert designs_alone is not None

    @functools.wraps(designs_alone)
    def with_fabricators(**options: Any) -> None:
        with opened() as stores:
            for slug in demo.load(stores):
                click.echo(f"Added the example fabricator {slug}.", err=True)
        designs_alone(**options)

    group.commands["demo"].callback = with_fabricators


@click.group()
def fabricators() -> None:
    """Workshops, and what they can make."""


@fabricators.command("list")
@click.argument("words", nargs=-1)
@json_option
def list_fabricators(words: tuple[str, ...], as_json: bool) -> None:
    """List fabricators; WORDS such as 'laser cutter that takes 3 mm aluminium near Ghent' choose among them."""
    query = canonical(FabricatorQuery(q=" ".join(words)[: limits.SEARCH_CHARS]))
    if query.within_km and not query.near:
        click.echo(f"Within {query.within_km:g} km of where? Add 'of' and a town; these are anywhere.", err=True)
    with opened() as stores, stores.db.reading() as session:
        found = queries.search(session, query, queries.spot_of(query))
        part = found[: limits.PAGE_ITEMS_MAX]
        items = queries.cards(session, [row[0] for row in part], {row[0]: row[1] for row in part})
    if as_json:
        print_json({"items": [item.model_dump(mode="json") for item in items], "total": len(found), "next": None})
        return
    rows = [("SLUG", "NAME", "TOWN", "KM", "PROCESSES")]
    for item in items:
        away = "" if item.distance_km is None else f"{item.distance_km:.0f}"
        names = ", ".join(vocabulary.process_name(process) for process in item.processes[:4])
        rows.append((item.slug, item.name, " ".join((item.town, item.country)).strip(), away, names))
    click.echo(columns_of(rows) if items else "No fabricator here does that.")


@fabricators.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--owner", default="", help="Handle of the account that owns it; without, only this command made it.")
@json_option
def import_file(file: Path, owner: str, as_json: bool) -> None:
    """Add the fabricator in FILE (OKW, CSV or SpaceAPI). The last line is its slug."""
    with file.open("rb") as source:
        read = transfer.read(source.read(limits.IMPORT_BYTES + 1))
    with opened() as stores:
        account_id = None
        if owner:
            with stores.db.reading() as session:
                account = find_account(session, owner)
            if account is None:
                raise NotFound(f"There is no account called {owner[:80]}.", "Check the handle.")
            account_id = account.id
        slug = service.create(stores, account_id, read.fabricator)
    if as_json:
        print_json({"slug": slug, "machines": len(read.fabricator.machines), "findings": read.findings})
        return
    for said in read.findings:
        click.echo(said, err=True)
    click.echo(slug)


@fabricators.command("export")
@click.argument("slug")
@click.option("--format", "form", type=click.Choice(list(transfer.FORMS)), default="okw", show_default=True)
@json_option
def export(slug: str, form: str, as_json: bool) -> None:
    """Print a fabricator as OKW, CSV or SpaceAPI, its place as precise as it is shown; --json as its page's JSON."""
    with opened() as stores, stores.db.reading() as session:
        shown = queries.get_fabricator(session, slug)
        if as_json:
            print_json(shown)
            return
        click.echo(transfer.write(shown, form, stores.settings.public_url), nl=False)
