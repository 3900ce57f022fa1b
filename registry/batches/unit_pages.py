"""HTML pages of units, the papers that go with them, and what they add to other pages."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request
from werkzeug.wrappers import Response as Redirect

from registry.batches import deliveries as sending
from registry.batches import (
    delivery_queries,
    forms,
    labels,
    orders,
    paper_list,
    queries,
    rules,
    service,
    travellers,
    unit_queries,
    unit_rules,
    units,
)
from registry.batches.batch_schemas import BatchDetail, CountWish
from registry.batches.tables import Batch
from registry.batches.unit_schemas import NoteWish, NumberWish, OrderWish
from registry.designs.tables import Design
from registry.errors import RegistryError
from registry.web import people, slots
from registry.web.context import parse, stores
from registry.web.files import for_programs, send_paper
from registry.web.rates import submissions

blueprint = Blueprint("batch_units", __name__)
Page = str | tuple[str, int]
NUMBER = "<int(max=2147483647):number>"
_SHOWN = 400


def units_page(number: int, fault: RegistryError | None = None) -> Page:
    """The units of a batch; with the workshop's forms for those who make it."""
    person = people.current()
    account_id = person.id if person else None
    with stores().db.reading() as session:
        batch = queries.get_batch(session, number, account_id)
        found = unit_queries.all_units(session, number)
        makes = units.makes(session, number, account_id)
        _, acts = queries.acts_for(session, number, account_id)
        row = session.get_one(Batch, number)
        owed = [(place.number, left) for place, left in sending.owed(session, row)] if acts else []
        sent = delivery_queries.list_deliveries(session, account_id, number).items if account_id else []
        pattern = unit_rules.default_pattern(session.get_one(Design, row.design_id).slug, number)
        live = batch.state in (*rules.MAKING, "closed")
    state = request.args.get("state", "")
    shown = [unit for unit in found.units if not state or unit.state == state]
    ticked = request.form.getlist("serials")
    html = render_template(
        "batches/units.html", batch=batch, found=found, shown=shown[:_SHOWN], more=max(0, len(shown) - _SHOWN),
        state=state, makes=makes, acts=acts and live, owed=owed, sent=sent, pattern=pattern, fault=fault,
        form=request.form, ticked=ticked, passing=unit_rules.PASSING, stage_words=rules.STAGE_WORDS,
        state_words=unit_rules.STATE_WORDS, label_forms=labels.FORMS,
    )  # fmt: skip
    return html, fault.status if fault else 200


@blueprint.get(f"/batches/{NUMBER}/units")
def list_units(number: int) -> Page:
    """The units of a batch."""
    return units_page(number)


@blueprint.post(f"/batches/{NUMBER}/units")
@submissions
def give_numbers(number: int) -> Page | Redirect:
    """Give units their numbers."""
    person = people.required()
    try:
        many = forms.whole(request.form.get("units") or "0", "units", "The number of units")
        wish = parse(NumberWish, {"pattern": request.form.get("pattern", ""), "units": many})
        total = units.number(stores(), person.id, number, wish)
    except RegistryError as error:
        return units_page(number, error)
    flash(f"{total} units have a number now.", "moss")
    return redirect(f"/batches/{number}/units", 303)


@blueprint.post(f"/batches/{NUMBER}/units/counts")
def count_named(number: int) -> Page | Redirect:
    """Count the ticked units at a stage."""
    person = people.required()
    serials = request.form.getlist("serials")
    what, sign = request.form.get("what", "good"), 1
    if what.startswith("not-"):
        what, sign = what.removeprefix("not-"), -1
    try:
        values: dict[str, Any] = {key: request.form.get(key, "") for key in ("stage", "why")}
        if what in ("good", "scrap", "rework"):
            values[what] = sign * len(serials)
        service.count(stores(), person.id, number, parse(CountWish, values | {"serials": serials}))
    except RegistryError as error:
        return units_page(number, error)
    return redirect(f"/batches/{number}/units", 303)


def _unit_page(number: int, serial: str, fault: RegistryError | None = None) -> Page:
    person = people.current()
    with stores().db.reading() as session:
        unit = unit_queries.get_unit(session, number, serial, person.id if person else None)
        _, acts = queries.acts_for(session, number, person.id if person else None)
    html = render_template("batches/unit.html", unit=unit, acts=acts, fault=fault, form=request.form,
                           passing=unit_rules.PASSING, stage_words=rules.STAGE_WORDS)  # fmt: skip
    return html, fault.status if fault else 200


@blueprint.get(f"/batches/{NUMBER}/units/<serial>")
def show_unit(number: int, serial: str) -> Page:
    """A unit: what it is, who made it, what it went through; more for its owner and its maker."""
    return _unit_page(number, serial)


@blueprint.post(f"/batches/{NUMBER}/units/<serial>/notes")
@submissions
def keep_note(number: int, serial: str) -> Page | Redirect:
    """Keep a word with the unit."""
    person = people.required()
    try:
        units.note(stores(), person.id, number, serial, parse(NoteWish, request.form.to_dict()))
    except RegistryError as error:
        if error.status == 404:
            raise
        return _unit_page(number, serial, error)
    return redirect(f"/batches/{number}/units/{serial}#notes", 303)


def _makers_only(number: int) -> None:
    paper_list.require_reader(stores(), people.required().id, number)


@blueprint.get(f"/batches/{NUMBER}/traveller.pdf")
@for_programs
@submissions
def batch_traveller(number: int) -> Response:
    """The traveller of the batch."""
    _makers_only(number)
    return send_paper(travellers.batch_traveller(stores(), number), f"traveller-batch-{number}.pdf")


@blueprint.get(f"/batches/{NUMBER}/units/<serial>/traveller.pdf")
@for_programs
@submissions
def unit_traveller(number: int, serial: str) -> Response:
    """The traveller of one unit."""
    _makers_only(number)
    return send_paper(travellers.unit_traveller(stores(), number, serial), f"traveller-{serial}.pdf")


@blueprint.get(f"/batches/{NUMBER}/labels.pdf")
@for_programs
@submissions
def show_labels(number: int) -> Response:
    """Labels, on sheets or for a label printer."""
    _makers_only(number)
    told = request.args
    first, last, skip = (
        forms.whole(told.get(key) or str(usual), key, f"The number {key}")
        for key, usual in (("first", 1), ("last", labels.LABELS_MAX), ("skip", 0))
    )
    content = labels.labels(stores(), number, told.get("form", "a4"), first, last, skip)
    return send_paper(content, f"labels-batch-{number}.pdf")


@blueprint.post("/quotes/<int(max=2147483647):quote_id>/order")
@submissions
def begin_order(quote_id: int) -> Redirect:
    """Let an accepted quote be made for its buyer alone."""
    person = people.required()
    many = forms.whole(request.form.get("units", ""), "units", "The number of units")
    number = orders.begin(stores(), person.id, quote_id, parse(OrderWish, {"units": many}))
    flash("The order has begun. Its stages and units are here.", "moss")
    return redirect(f"/batches/{number}", 303)


def _fill_batch(batch: BatchDetail, **_: Any) -> str:
    person = people.current()
    with stores().db.reading() as session:
        found = unit_queries.all_units(session, batch.number)
        acts = queries.acts_for(session, batch.number, person.id if person else None)[1]
        sent = delivery_queries.list_deliveries(session, person.id, batch.number).items if person else []
    if not found.total and not (acts and batch.state in rules.MAKING):
        return ""
    return render_template("batches/_units.html", batch=batch, found=found, acts=acts, sent=sent,
                           state_words=unit_rules.STATE_WORDS)  # fmt: skip


def _fill_job(batch: Any = None, batch_id: int | None = None, **_: Any) -> str:
    number = batch_id or (batch if isinstance(batch, int) else batch.number)
    with stores().db.reading() as session:
        found = unit_queries.all_units(session, number)
    return render_template("batches/_papers.html", number=number, found=found, label_forms=labels.FORMS)


slots.register("batch.side", _fill_batch)
slots.register("dashboard.job", _fill_job)
