"""Commands of a fabricator's own people: what it is, its machines, people and pictures; what it could make."""

from __future__ import annotations

from pathlib import Path

import click

from registry.accounts.acting import as_option, file_argument, read_wish, who
from registry.console import columns_of, json_option, opened, print_json
from registry.fabricators import making_use, queries, service
from registry.fabricators.schemas import FabricatorDetail, FabricatorIn, FabricatorNew, MachineIn
from registry.stores.stores import Stores

_NUMBER = click.IntRange(1, 2**31 - 1)
_photo = click.argument("photo", type=click.Path(exists=True, dir_okay=False, path_type=Path))


def register(fabricators: click.Group) -> None:
    """Add them to the commands of fabricators."""
    for command in (add, describe, add_machine, edit_machine, remove_machine, people, add_picture, remove_picture,
                    could_make):  # fmt: skip
        fabricators.add_command(command)


def _tell(stores: Stores, slug: str, as_json: bool) -> None:
    with stores.db.reading() as session:
        found: FabricatorDetail = queries.get_fabricator(session, slug)
    if as_json:
        print_json(found)
        return
    click.echo(f"{found.slug}: {found.name}")
    rows = [("MACHINE", "NAME", "PROCESS", "COUNT", "STATUS")]
    for one in found.machine_list:
        rows.append((str(one.id), one.name, one.process_name, str(one.count), one.status))
    click.echo(columns_of(rows) if found.machine_list else "No machines yet.")
    for picture in found.pictures:
        click.echo(f"Picture {picture.id}: {picture.words or 'without words'}")


@click.command()
@file_argument
@as_option
@json_option
def add(file: Path, handle: str, as_json: bool) -> None:
    """Add a fabricator that HANDLE owns: FILE is JSON as POST /api/v1/fabricators takes it; - reads standard input."""
    wish = read_wish(file, FabricatorNew)
    with opened() as stores:
        _tell(stores, service.create(stores, who(stores, handle), wish), as_json)


@click.command()
@click.argument("slug")
@file_argument
@as_option
@json_option
def describe(slug: str, file: Path, handle: str, as_json: bool) -> None:
    """Describe SLUG anew: FILE is JSON as PUT /api/v1/fabricators/SLUG takes it; - reads standard input."""
    wish = read_wish(file, FabricatorIn)
    with opened() as stores:
        service.edit(stores, who(stores, handle), slug, wish)
        _tell(stores, slug, as_json)


@click.command("add-machine")
@click.argument("slug")
@file_argument
@as_option
@json_option
def add_machine(slug: str, file: Path, handle: str, as_json: bool) -> None:
    """Add a machine: FILE is JSON as POST /api/v1/fabricators/SLUG/machines takes it; - reads standard input."""
    wish = read_wish(file, MachineIn)
    with opened() as stores:
        service.add_machine(stores, who(stores, handle), slug, wish)
        _tell(stores, slug, as_json)


@click.command("edit-machine")
@click.argument("slug")
@click.argument("number", type=_NUMBER)
@file_argument
@as_option
@json_option
def edit_machine(slug: str, number: int, file: Path, handle: str, as_json: bool) -> None:
    """Describe machine NUMBER of SLUG anew, from FILE as for add-machine."""
    wish = read_wish(file, MachineIn)
    with opened() as stores:
        service.edit_machine(stores, who(stores, handle), slug, number, wish)
        _tell(stores, slug, as_json)


@click.command("remove-machine")
@click.argument("slug")
@click.argument("number", type=_NUMBER)
@as_option
@json_option
def remove_machine(slug: str, number: int, handle: str, as_json: bool) -> None:
    """Remove machine NUMBER of SLUG."""
    with opened() as stores:
        service.remove_machine(stores, who(stores, handle), slug, number)
        _tell(stores, slug, as_json)


@click.command()
@click.argument("slug")
@click.argument("member", default="")
@click.argument("role", default="", type=click.Choice(["", "owner", "operator", "viewer", "none"]))
@as_option
@json_option
def people(slug: str, member: str, role: str, handle: str, as_json: bool) -> None:
    """Show who acts for SLUG; with MEMBER and ROLE (owner, operator, viewer or none), give that part first."""
    if member and not role:
        raise click.UsageError(f"Which part for {member}? Name owner, operator, viewer or none.")
    with opened() as stores:
        account_id = who(stores, handle)
        if member:
            service.set_member(stores, account_id, slug, member, "" if role == "none" else role)
        with stores.db.reading() as session:
            fabricator_id = queries.find_fabricator(session, slug).id or 0
            found = queries.list_members(session, fabricator_id)
            if all(row.handle != handle for row in found) and not member:
                service.require_role(session, fabricator_id, account_id, "viewer")
    if as_json:
        items = [{"handle": row.handle, "role": row.role} for row in found]
        print_json({"items": items, "total": len(items), "next": None})
        return
    click.echo(columns_of([("HANDLE", "PART"), *((row.handle, row.role) for row in found)]))


@click.command("add-picture")
@click.argument("slug")
@_photo
@click.option("--words", default="", help="What it shows.")
@as_option
@json_option
def add_picture(slug: str, photo: Path, words: str, handle: str, as_json: bool) -> None:
    """Add a picture to SLUG; what the camera wrote into it is left out."""
    with opened() as stores:
        service.add_picture(stores, who(stores, handle), slug, photo.read_bytes(), words)
        _tell(stores, slug, as_json)


@click.command("remove-picture")
@click.argument("slug")
@click.argument("number", type=_NUMBER)
@as_option
@json_option
def remove_picture(slug: str, number: int, handle: str, as_json: bool) -> None:
    """Remove picture NUMBER of SLUG."""
    with opened() as stores:
        service.remove_picture(stores, who(stores, handle), slug, number)
        _tell(stores, slug, as_json)


@click.command("could-make")
@click.argument("slug")
@json_option
def could_make(slug: str, as_json: bool) -> None:
    """What SLUG could make of the designs here, what lacks one step, and which boards and parts of others."""
    with opened() as stores:
        found = making_use.could_make(stores, slug)
    if as_json:
        print_json(found)
        return
    rows: list[tuple[str, ...]] = [("DESIGN", "CAN", "LACKS OR NOT STATED")]
    for one in found.today:
        rows.append((f"{one.design}@{one.version}", one.answer, "; ".join(one.lacking + one.unsure)))
    for one in found.one_step:
        rows.append((f"{one.design}@{one.version}", "one step short", "; ".join(one.lacking)))
    for part in found.parts:
        names = ", ".join(piece.name for piece in part.pieces[:4])
        rows.append((f"{part.design}@{part.version}", f"{len(part.pieces)} of {part.of} pieces", names))
    click.echo(columns_of(rows) if len(rows) > 1 else f"Nothing here that {found.name} could make.")
