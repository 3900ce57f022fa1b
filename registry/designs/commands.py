"""Commands of the designs feature: designs and search. (`submit` and `demo` build, and so belong to builds.)"""

from __future__ import annotations

from typing import get_args

import click

from registry import limits
from registry.console import columns_of, json_option, opened, print_json
from registry.designs.queries import list_designs
from registry.designs.schemas import DesignKind, DesignList, DesignQuery


def register(group: click.Group) -> None:
    """Add this feature's commands to the command line."""
    group.add_command(designs)
    group.add_command(search)


def _show(found: DesignList, as_json: bool, nothing: str = "No design is like that. Try fewer words.") -> None:
    if as_json:
        print_json(found)
        return
    if not found.items:
        click.echo(nothing if not found.total else "Nothing on that page.")
        return
    rows = [("SLUG", "VERSION", "KIND", "STATE", "LICENCE", "NAME")]
    rows += [
        (item.slug, item.newest_version, item.kind, item.readiness, item.licence, item.name) for item in found.items
    ]
    click.echo(columns_of(rows))
    if found.next:
        click.echo(f"{found.total} in all; see more with --page.", err=True)


_page = click.option("--page", default=1, type=click.IntRange(1, 10_000), help="Which page of the list.")
_per_page = click.option(
    "--per-page",
    default=50,
    type=click.IntRange(1, limits.PAGE_ITEMS_MAX),
    show_default=True,
    help="Designs on a page.",
)


@click.command()
@_page
@_per_page
@json_option
def designs(page: int, per_page: int, as_json: bool) -> None:
    """List the designs, newest first."""
    with opened() as stores, stores.db.reading() as session:
        found = list_designs(session, DesignQuery(sort="new", page=page, per_page=per_page))
        _show(found, as_json, "No designs here yet: brickyard submit URL adds one.")


@click.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--kind", type=click.Choice(get_args(DesignKind)), help="One kind of design alone.")
@click.option("--licence", default="", help="SPDX expression.")
@click.option("--tool", default="", help="KiCad, CadQuery, ...")
@_page
@_per_page
@json_option
def search(
    words: tuple[str, ...],
    kind: DesignKind | None,
    licence: str,
    tool: str,
    page: int,
    per_page: int,
    as_json: bool,
) -> None:
    """Search names, summaries, tags, READMEs, and the parts and MPNs in bills of materials."""
    query = DesignQuery(
        q=" ".join(words)[: limits.SEARCH_CHARS],
        kind=kind or "",
        licence=licence,
        tool=tool,
        page=page,
        per_page=per_page,
    )
    with opened() as stores, stores.db.reading() as session:
        _show(list_designs(session, query), as_json)
