"""Commands of units: their list, and the papers that go with them."""

from __future__ import annotations

from pathlib import Path

import click

from registry.batches import labels as label_papers
from registry.batches import paper_list, travellers, unit_queries
from registry.console import columns_of, json_option, opened, print_json

_NUMBER = click.IntRange(1, 2**31 - 1)


@click.command("units")
@click.argument("number", type=_NUMBER)
@json_option
def list_units(number: int, as_json: bool) -> None:
    """List the units of batch NUMBER with their states."""
    with opened() as stores, stores.db.reading() as session:
        found = unit_queries.list_units(session, number)
    if as_json:
        print_json(found)
    elif not found.units:
        click.echo("No unit has a serial number yet.")
    else:
        rows: list[tuple[str, ...]] = [("SERIAL", "STATE", "PASSED")]
        click.echo(columns_of(rows + [(unit.serial, unit.state, unit.passed) for unit in found.units]))


@click.command()
@click.argument("number", type=_NUMBER)
@json_option
def papers(number: int, as_json: bool) -> None:
    """List the papers of batch NUMBER; as JSON with their serial numbers and steps."""
    with opened() as stores:
        found = paper_list.papers_of(stores, number)
    if as_json:
        print_json(found)
    else:
        click.echo(columns_of([("PAPER", "PDF"), *((one.title, one.pdf) for one in found.papers)]))


@click.command()
@click.argument("number", type=_NUMBER)
@click.option("--serial", default="", help="For this unit alone.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Where to write.")
def traveller(number: int, serial: str, output: Path) -> None:
    """Write the traveller of batch NUMBER as PDF."""
    with opened() as stores:
        made = (
            travellers.unit_traveller(stores, number, serial) if serial else travellers.batch_traveller(stores, number)
        )
    output.write_bytes(made)
    click.echo(f"Wrote {output}.", err=True)


@click.command()
@click.argument("number", type=_NUMBER)
@click.option("--form", type=click.Choice(list(label_papers.FORMS)), default="a4", show_default=True)
@click.option("--skip", type=click.IntRange(0, 64), default=0, help="Places of the first sheet that are used already.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Where to write.")
def labels(number: int, form: str, skip: int, output: Path) -> None:
    """Write the labels of batch NUMBER as PDF."""
    with opened() as stores:
        output.write_bytes(label_papers.labels(stores, number, form, skip=skip))
    click.echo(f"Wrote {output}.", err=True)


COMMANDS = (list_units, papers, traveller, labels)
