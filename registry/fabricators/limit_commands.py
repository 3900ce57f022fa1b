"""The command that checks boards against a fabricator's limits."""

from __future__ import annotations

import sys
from typing import Any

import click

from registry.console import columns_of, json_option, opened, print_json
from registry.fabricators import limit_checks

SHOWN = 3


def _places(finding: dict[str, Any]) -> str:
    return "; ".join(
        f"{item['text']} at {item['x_mm']:.2f}, {item['y_mm']:.2f} mm" if "x_mm" in item else item["text"]
        for item in finding["items"]
    )


@click.command()
@click.argument("design", metavar="SLUG[@REF]")
@click.argument("fabricator")
@json_option
def check(design: str, fabricator: str, as_json: bool) -> None:
    """Check the boards of a version with rules made from FABRICATOR's own limits. Exit 1: something is below one."""
    slug, _, ref = design.partition("@")
    with opened() as stores:
        told = limit_checks.check_here(stores, slug, ref or None, fabricator)
    if as_json:
        print_json(told)
    else:
        rows = [("BOARD", "LIMIT", "IT CAN MAKE", "SMALLEST BELOW", "PLACES")]
        for board in told.boards:
            for row in board.limits:
                least = "" if row.least_mm is None else f"{row.least_mm:g} mm"
                places = "?" if row.broken is None else f"{row.broken}{' or more' if row.at_least else ''}"
                rows.append((board.board, row.label.lower(), f"{row.limit_mm:g} mm", least, places))
        click.echo(columns_of(rows))
        for board in told.boards:
            if board.message:
                click.echo(f"{board.board}: {board.message} {board.remedy}".strip(), err=True)
            for row in board.limits:
                found = [finding for finding in board.findings if finding["type"] == row.parameter]
                for finding in found[:SHOWN]:
                    click.echo(f"{board.board}: {finding['text']}: {_places(finding)}")
                if len(found) > SHOWN:
                    click.echo(f"{board.board}: and {len(found) - SHOWN} more of this kind; see --json")
    if any(board.errors or board.state == "failed" for board in told.boards):
        sys.exit(1)
