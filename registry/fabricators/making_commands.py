"""The command that asks who can make a version."""

from __future__ import annotations

import click

from registry.console import columns_of, json_option, opened, print_json
from registry.fabricators import making_use


def register(group: click.Group) -> None:
    """Add the command."""
    group.add_command(match)


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
