"""Commands of serial numbers and deliveries: numbering, notes, sending, and what is said of what arrived."""

from __future__ import annotations

from pathlib import Path

import click

from registry.accounts.acting import as_option, who
from registry.batches import deliveries, delivery_queries, unit_queries, units
from registry.batches.commands import batches
from registry.batches.unit_schemas import Answer, DeliveryView, NoteWish, NumberWish, ShipWish
from registry.console import columns_of, json_option, opened, print_json
from registry.stores.stores import Stores

_NUMBER = click.IntRange(1, 2**31 - 1)
_ACTIONS = (*deliveries.BUYER_ACTIONS, "repair", "replace", "refund", "refuse")


def register(group: click.Group) -> None:
    """Add the group of deliveries."""
    group.add_command(sent)


@batches.command("number")
@click.argument("number", type=_NUMBER)
@click.option("--units", "many", default=0, type=click.IntRange(0), help="How many more; 0: as many as are reserved.")
@click.option("--pattern", default="", help="Such as BK1-{year}-{number:04}.")
@as_option
@json_option
def give_numbers(number: int, many: int, pattern: str, handle: str, as_json: bool) -> None:
    """Give units of batch NUMBER their serial numbers."""
    with opened() as stores:
        units.number(stores, who(stores, handle), number, NumberWish(pattern=pattern, units=many))
        with stores.db.reading() as session:
            found = unit_queries.all_units(session, number)
    if as_json:
        print_json(found)
    else:
        click.echo(f"{found.total} units have a number now: {found.units[0].serial} to {found.units[-1].serial}.")


@batches.command("note")
@click.argument("number", type=_NUMBER)
@click.argument("serial")
@click.argument("text")
@as_option
@json_option
def keep_note(number: int, serial: str, text: str, handle: str, as_json: bool) -> None:
    """Keep TEXT with unit SERIAL of batch NUMBER, for its owner and its maker."""
    with opened() as stores:
        account_id = who(stores, handle)
        units.note(stores, account_id, number, serial, NoteWish(text=text))
        with stores.db.reading() as session:
            found = unit_queries.get_unit(session, number, serial, account_id)
    if as_json:
        print_json(found)
    else:
        kept = len(found.notes)
        click.echo(f"{kept} note{' is' if kept == 1 else 's are'} kept with {serial}.")


@click.group("deliveries")
def sent() -> None:
    """Deliveries: list, show, ship, answer."""


@sent.command("list")
@as_option
@json_option
def list_deliveries(handle: str, as_json: bool) -> None:
    """List what HANDLE was sent, and what its workshops sent."""
    with opened() as stores:
        account_id = who(stores, handle)
        with stores.db.reading() as session:
            found = delivery_queries.list_deliveries(session, account_id)
    if as_json:
        print_json(found)
        return
    rows: list[tuple[str, ...]] = [("DELIVERY", "BATCH", "TO", "UNITS", "SENT (UTC)", "DESIGN")]
    for item in found.items:
        at = f"{item.shipped_at:%Y-%m-%d %H:%M}"
        what = f"{item.design}@{item.version}"
        rows.append((str(item.id), str(item.batch), item.buyer, str(len(item.units)), at, what))
    click.echo(columns_of(rows) if found.items else "Nothing was sent yet.")


def _show(stores: Stores, delivery_id: int, account_id: int, as_json: bool) -> None:
    with stores.db.reading() as session:
        found: DeliveryView = delivery_queries.get_delivery(session, delivery_id, account_id)
    if as_json:
        print_json(found)
        return
    click.echo(f"Delivery {found.id} of batch {found.batch}, {found.fabricator} to {found.buyer}")
    click.echo(columns_of([("SERIAL", "STATE"), *((unit.serial, unit.state) for unit in found.units)]))
    for event in delivery_queries.together(found.events):
        click.echo(f"{event.at:%Y-%m-%d %H:%M}  {event.label}: {', '.join(event.serials)}  {event.words}".rstrip())


@sent.command("show")
@click.argument("delivery", type=_NUMBER)
@as_option
@json_option
def show_delivery(delivery: int, handle: str, as_json: bool) -> None:
    """Show a delivery, as HANDLE sees it."""
    with opened() as stores:
        _show(stores, delivery, who(stores, handle), as_json)


@sent.command("ship")
@click.argument("batch", type=_NUMBER)
@click.argument("place", type=_NUMBER)
@click.option("--serial", "serials", multiple=True, help="This unit; may be given again. None: the next tested ones.")
@click.option("--carrier", default="")
@click.option("--tracking", default="")
@click.option("--words", default="", help="To the buyer.")
@as_option
@json_option
def ship(
    batch: int, place: int, serials: tuple[str, ...], carrier: str, tracking: str, words: str, handle: str,
    as_json: bool,
) -> None:  # fmt: skip
    """Send units of BATCH to reservation PLACE of its queue."""
    wish = ShipWish(reservation=place, serials=list(serials), carrier=carrier, tracking=tracking, words=words)
    with opened() as stores:
        account_id = who(stores, handle)
        _show(stores, deliveries.ship(stores, account_id, batch, wish), account_id, as_json)


@sent.command("answer")
@click.argument("delivery", type=_NUMBER)
@click.argument("action", type=click.Choice(_ACTIONS))
@click.argument("serials", nargs=-1, required=True)
@click.option("--words", default="", help="Needed for a fault, a refusal, and to disagree.")
@click.option("--photo", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="JPEG, PNG or WebP.")
@as_option
@json_option
def answer(
    delivery: int, action: str, serials: tuple[str, ...], words: str, photo: Path | None, handle: str, as_json: bool
) -> None:
    """Say how units arrived, or answer as the workshop."""
    wish = Answer.model_validate({"action": action, "serials": list(serials), "words": words})
    with opened() as stores:
        account_id = who(stores, handle)
        deliveries.answer(stores, account_id, delivery, wish, photo.read_bytes() if photo else b"")
        _show(stores, delivery, account_id, as_json)
