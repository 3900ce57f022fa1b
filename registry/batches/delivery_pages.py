"""HTML pages of deliveries: what was sent, what became of it, and the photos of faults."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request
from werkzeug.wrappers import Response as Redirect

from registry import limits
from registry.batches import deliveries, delivery_queries, forms, unit_rules
from registry.batches.unit_pages import NUMBER, units_page
from registry.batches.unit_schemas import Answer, ShipWish
from registry.errors import RegistryError
from registry.fabricators import pictures
from registry.web import people
from registry.web.context import parse, stores
from registry.web.files import for_programs, guard
from registry.web.rates import submissions

blueprint = Blueprint("deliveries", __name__)
Page = str | tuple[str, int]
# Read whole up to here, so that a photo that is too large is refused on the form, and the words in it are kept.
_BODY_BYTES = 64 * limits.MIB
_DELIVERY = "/deliveries/<int(max=2147483647):delivery_id>"


@blueprint.url_value_preprocessor
def _allow_photos(endpoint: str | None, values: dict[str, Any] | None) -> None:
    if endpoint == f"{blueprint.name}.{answer.__name__}":
        request.max_content_length = _BODY_BYTES
        if (request.content_length or 0) > _BODY_BYTES:
            pictures.refuse_size(request.content_length or 0)


@blueprint.get("/deliveries")
def list_deliveries() -> str:
    """What I was sent, and what my workshops sent."""
    with stores().db.reading() as session:
        found = delivery_queries.list_deliveries(session, people.required().id)
    return render_template("batches/deliveries.html", found=found)


def _page(delivery_id: int, fault: RegistryError | None = None) -> Page:
    with stores().db.reading() as session:
        delivery = delivery_queries.get_delivery(session, delivery_id, people.required().id)
    can = {
        unit.serial: [
            action
            for (state, action), (_, who) in unit_rules.UNIT_STEPS.items()
            if state == unit.state and who == delivery.side and action != "ship"
        ]
        for unit in delivery.units
    }
    offered = [name for name in unit_rules.ACTION_WORDS if any(name in actions for actions in can.values())]
    events = delivery_queries.together(delivery.events)
    html = render_template("batches/delivery.html", delivery=delivery, events=events, can=can,
                           offered=offered, fault=fault, form=request.form,
                           ticked=request.form.getlist("serials"))  # fmt: skip
    return html, fault.status if fault else 200


@blueprint.get(_DELIVERY)
def show_delivery(delivery_id: int) -> Page:
    """A delivery, for its two sides."""
    return _page(delivery_id)


@blueprint.post(f"{_DELIVERY}/answers")
@submissions
def answer(delivery_id: int) -> Page | Redirect:
    """Accept units, report a fault, or answer one; what was written stays in the form if it is refused."""
    person = people.required()
    try:
        values = {"action": request.form.get("action", ""), "serials": request.form.getlist("serials")}
        wish = parse(Answer, values | {"words": request.form.get("words", "")})
        deliveries.answer(stores(), person.id, delivery_id, wish, _photo())
    except RegistryError as error:
        if error.status == 404:
            raise
        return _page(delivery_id, error)
    flash("Written down.", "moss")
    return redirect(f"/deliveries/{delivery_id}", 303)


def _photo() -> bytes:
    """The photo of the form, or nothing. Raises: TooLarge."""
    photo = request.files.get("photo")
    if photo is None or not photo.filename:
        return b""
    size_bytes = photo.stream.seek(0, 2)
    if size_bytes > limits.PHOTO_BYTES:
        pictures.refuse_size(size_bytes)
    photo.stream.seek(0)
    content = photo.stream.read()
    if not content:
        pictures.read_photo(content)
    return content


@blueprint.get(f"{_DELIVERY}/photos/<int(max=2147483647):event_id>-<int(max=9999):width>.webp")
@for_programs
def show_photo(delivery_id: int, event_id: int, width: int) -> Response:
    """A photo, for the two sides of its delivery."""
    with stores().db.reading() as session:
        digest = delivery_queries.photo_digest(session, delivery_id, event_id, width, people.required().id)
    response = guard(Response(stores().blobs.read(digest)), "photo.webp")
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response


@blueprint.post(f"/batches/{NUMBER}/deliveries")
@submissions
def ship(number: int) -> Page | Redirect:
    """Send the ticked units to a reservation."""
    person = people.required()
    try:
        values: dict[str, Any] = {key: request.form.get(key, "") for key in ("carrier", "tracking", "words")}
        values["reservation"] = forms.whole(request.form.get("reservation", ""), "reservation", "The reservation")
        wish = parse(ShipWish, values | {"serials": request.form.getlist("serials")})
        made = deliveries.ship(stores(), person.id, number, wish)
    except RegistryError as error:
        return units_page(number, error)
    flash("Sent. The buyer sees it, and says whether it came well.", "moss")
    return redirect(f"/deliveries/{made}", 303)
