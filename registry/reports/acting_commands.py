"""Commands that write build reports for somebody: what pages and JSON do, for the instance's keeper."""

from __future__ import annotations

from pathlib import Path

import click

from registry.accounts.acting import account_of, as_option, file_argument, read_wish, who, why_option
from registry.accounts.tables import Account
from registry.console import json_option, opened, print_json
from registry.reports import queries, rules, service
from registry.reports.schemas import ReportDetail, ReportWish, StateWish
from registry.stores.stores import Stores

_NUMBER = click.IntRange(1, 2**31 - 1)
_PHOTO = click.Path(exists=True, dir_okay=False, path_type=Path)


def register(group: click.Group) -> None:
    """Add the command."""
    group.add_command(report)


@click.group()
def report() -> None:
    """One build report: write, show, reword, photo, state."""


def _read(stores: Stores, number: int, handle: str) -> ReportDetail:
    with stores.db.reading() as session:
        account_id = account_of(session, handle) if handle else None
        steward = account_id is not None and session.get_one(Account, account_id).is_steward
        return queries.get_report(session, number, None, account_id, steward=steward)


def _show(found: ReportDetail, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    failed = f" at: {found.failed_step}" if found.failed_step else ""
    click.echo(f"Report {found.id} by {found.by} of {found.design}@{found.label}, {found.state}")
    click.echo(f"{rules.OUTCOMES[found.outcome]}{failed}; units: {found.units}; {found.place}")
    if found.words:
        click.echo(found.words)


@report.command("write")
@click.argument("design", metavar="SLUG[@REF]")
@file_argument
@click.option("--photo", "photos", type=_PHOTO, multiple=True, help="A photo; several times for several.")
@as_option
@json_option
def write(design: str, file: Path, photos: tuple[Path, ...], handle: str, as_json: bool) -> None:
    """Tell how building a version went: FILE is JSON as POST .../reports takes it; - reads standard input."""
    slug, _, ref = design.partition("@")
    wish = read_wish(file, ReportWish)
    sent = [(photo.read_bytes(), "") for photo in photos]
    with opened() as stores:
        number = service.report(stores, who(stores, handle), slug, ref, wish, sent)
        found = _read(stores, number, handle)
    _show(found, as_json)


@report.command("show")
@click.argument("number", type=_NUMBER)
@click.option("--as", "handle", default="", metavar="HANDLE", help="As HANDLE sees it; without, as everybody.")
@json_option
def show(number: int, handle: str, as_json: bool) -> None:
    """Show report NUMBER."""
    with opened() as stores:
        found = _read(stores, number, handle)
    _show(found, as_json)


@report.command("reword")
@click.argument("number", type=_NUMBER)
@file_argument
@as_option
@json_option
def reword(number: int, file: Path, handle: str, as_json: bool) -> None:
    """Word report NUMBER anew, with `why`; the old wording stays."""
    wish = read_wish(file, ReportWish)
    with opened() as stores:
        service.revise(stores, who(stores, handle), number, wish)
        found = _read(stores, number, handle)
    _show(found, as_json)


@report.command("photo")
@click.argument("number", type=_NUMBER)
@click.argument("file", type=_PHOTO)
@click.option("--words", default="", help="What it shows.")
@as_option
@json_option
def photo(number: int, file: Path, words: str, handle: str, as_json: bool) -> None:
    """Add a photo to report NUMBER; what the camera wrote into it is left out."""
    with opened() as stores:
        service.add_photo(stores, who(stores, handle), number, (file.read_bytes(), words))
        found = _read(stores, number, handle)
    _show(found, as_json)


@report.command("state")
@click.argument("number", type=_NUMBER)
@click.argument("action", type=click.Choice(["withdraw", "hide", "show"]))
@why_option
@as_option
@json_option
def state(number: int, action: str, why: str, handle: str, as_json: bool) -> None:
    """Withdraw one's own report; as a steward, hide one or show it again."""
    with opened() as stores:
        service.change_state(
            stores, who(stores, handle), number, StateWish.model_validate({"action": action, "why": why})
        )
        found = _read(stores, number, handle)
    _show(found, as_json)
