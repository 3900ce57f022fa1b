"""The command `reports`: who built a version, and how it went."""

from __future__ import annotations

import functools
from typing import Any

import click

from registry.console import columns_of, json_option, opened, print_json
from registry.reports import acting_commands, demo, queries, rules


def register(group: click.Group) -> None:
    """Add the command; `demo`, of a feature that knows nothing of this one, ends with the examples' reports."""
    group.add_command(reports)
    without_reports = group.commands["demo"].callback
    assert without_reports is not None

    @functools.wraps(without_reports)
    def with_reports(**options: Any) -> None:
        without_reports(**options)
        with opened() as stores:
            for sentence in demo.load(stores):
                click.echo(sentence, err=True)

    group.commands["demo"].callback = with_reports
    acting_commands.register(group)


@click.command()
@click.argument("design", metavar="SLUG[@REF]")
@click.option("--page", default=1, type=click.IntRange(1, 10_000), help="Which page of the list.")
@json_option
def reports(design: str, page: int, as_json: bool) -> None:
    """Show who built a version (the newest unless REF names one), and how it went."""
    slug, _, ref = design.partition("@")
    with opened() as stores:
        found = queries.list_reports(stores, slug, ref or None, page)
    if as_json:
        print_json(found)
        return
    standing = found.standing
    click.echo(standing.words[:1].upper() + standing.words[1:] + ".")
    if standing.since_version:
        click.echo(f"Since {standing.since_version}, which was built: {' '.join(standing.since)}")
    if not found.items:
        click.echo("No reports on that page." if found.total else "Nobody has told yet that they built it.")
        return
    rows: list[tuple[str, ...]] = [("NUMBER", "OUTCOME", "UNITS", "BY", "PLACE", "DATE")]
    for item in found.items:
        outcome = rules.OUTCOMES[item.outcome] + (f" at: {item.failed_step[:40]}" if item.failed_step else "")
        rows.append(
            (str(item.id), outcome, str(item.units), item.by, item.place, f"{item.built_on or item.created_at.date()}")
        )
    click.echo(columns_of(rows))
