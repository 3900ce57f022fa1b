"""The commands that ask what a version needs, and who can make it."""

from __future__ import annotations

import click

from registry.accounts.acting import as_option
from registry.accounts.queries import find_account
from registry.console import columns_of, json_option, opened, print_json
from registry.errors import NotFound
from registry.fabricators import making_use
from registry.fabricators.making_schemas import CorrectionWish, NeedsView


def register(group: click.Group) -> None:
    """Add the command."""
    group.add_command(match)
    group.add_command(needs)


@click.command()
@click.argument("design", metavar="SLUG[@REF]")
@click.option("--near", default="", metavar="LAT,LON", help="Where you are: degrees, or a town with a fabricator.")
@click.option("--km", default="", help="How far you would go.")
@json_option
def match(design: str, near: str, km: str, as_json: bool) -> None:
    """Who can make a version of a design, best first; with plans over several where no one can make all."""
    slug, _, ref = design.partition("@")
    with opened() as stores:
        view = making_use.needs_of(stores, slug, ref or None)
        place, _ = making_use.near_of(stores, making_use.NearQuery(place=near, km=km))
        found = making_use.matches_of(stores, view, place)
    if as_json:
        print_json(found)
        return
    titles = {need.id: need.title for need in view.needs}
    rows = [("NEED", "HARDEST LIMITS")]
    for need in view.needs:
        limits = "; ".join(f"{one.label.lower()} {one.words}" for one in need.told_limits)
        rows.append((need.title, limits[:100]))
    click.echo(columns_of(rows))
    for sentence in view.unknown:
        click.echo(f"not known: {sentence}", err=True)
    click.echo("")
    table: list[tuple[str, ...]] = [("FABRICATOR", "CAN", "COVERS", "KM", "LACKS OR NOT STATED")]
    for item in found.items:
        short = [titles[one.need] for one in item.answers if one.answer != "yes"]
        far = "" if item.distance_km is None else f"{item.distance_km:g}"
        table.append((item.slug, item.answer, f"{item.covered} of {item.of}", far, "; ".join(short)[:80]))
    click.echo(columns_of(table) if found.items else "No fabricator here has a machine for it.")
    for plan in found.plans:
        shares = "; ".join(f"{share.name}: {', '.join(titles[id_] for id_ in share.needs)}" for share in plan.shares)
        click.echo(f"\nFor {making_use.AIMS[plan.aim]}: {shares}")


@click.group()
def needs() -> None:
    """What a version needs of those who make it: show it, correct it."""


def _tell(view: NeedsView, as_json: bool) -> None:
    if as_json:
        print_json(view)
        return
    rows = [("ID", "NEED", "LIMITS", "CORRECTED")]
    for need in view.needs:
        limits = "; ".join(f"{one.parameter} {one.value}" for one in need.limits)
        rows.append((need.id, need.title, limits[:100], "yes" if need.corrected else ""))
    click.echo(columns_of(rows))
    for one in view.corrections:
        said = f"{one.parameter} {one.value}" if one.what == "set" else one.what
        click.echo(f"{one.by or 'somebody'} on {one.need}: {said}: {one.why}")
    for sentence in view.unknown:
        click.echo(f"not known: {sentence}", err=True)


@needs.command("show")
@click.argument("design", metavar="SLUG[@REF]")
@json_option
def show_needs(design: str, as_json: bool) -> None:
    """Show what a version needs, and what designers corrected."""
    slug, _, ref = design.partition("@")
    with opened() as stores:
        _tell(making_use.needs_of(stores, slug, ref or None), as_json)


@needs.command("correct")
@click.argument("design", metavar="SLUG[@REF]")
@click.argument("need")
@click.argument("parameter")
@click.argument("value", default="")
@click.option("--why", required=True, help="In a sentence: others rely on it.")
@as_option
@json_option
def correct_needs(design: str, need: str, parameter: str, value: str, why: str, handle: str, as_json: bool) -> None:
    """Say what a version needs: PARAMETER of NEED is VALUE (none: it does not matter).

    PARAMETER may be 'drop' (NEED is not needed) or 'keep' (it is after all). NEED 'new' with PARAMETER 'process' adds
    the process VALUE.
    """
    slug, _, ref = design.partition("@")
    wish = CorrectionWish(need=need, parameter=parameter, value=value, why=why)
    with opened() as stores:
        with stores.db.reading() as session:
            account = find_account(session, handle)
        if account is None:
            raise NotFound(f"There is no account called {handle[:80]}.", "Check the handle.")
        _tell(making_use.correct(stores, account.id or 0, account.is_steward, slug, ref or None, wish), as_json)
