"""HTML pages of batches, and what they add to other pages."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

from flask import Blueprint, Flask, flash, redirect, render_template, request
from werkzeug.wrappers import Response as Redirect

from registry.batches import forms, makers, queries, quote_queries, quoting, rules, service, stairs
from registry.batches.batch_schemas import BatchQuery, BatchWish, CountWish, Move, ReservationWish
from registry.batches.money import money
from registry.batches.roles import own_shops
from registry.batches.tables import Quote, QuoteRequest
from registry.designs import queries as designs
from registry.designs.schemas import DesignDetail, VersionDetail
from registry.errors import RegistryError
from registry.values import utcnow
from registry.web import people, slots
from registry.web.context import parse, stores
from registry.web.formats import plural
from registry.web.paging import Pages
from registry.web.rates import submissions

blueprint = Blueprint("batches", __name__)
Page = str | tuple[str, int]
_NUMBER = "<int(max=2147483647):number>"


def time_left(moment: dt.datetime) -> str:
    """How long until a moment, in words."""
    seconds = (moment - utcnow()).total_seconds()
    for span, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= span:
            return f"{plural(int(seconds // span), name)} left"
    return "less than a minute left" if seconds > 0 else "over"


def install(app: Flask) -> None:
    """Let every template write amounts of money, and the time that is left."""
    app.add_template_filter(money)
    app.add_template_filter(time_left)


@blueprint.get("/batches")
def list_batches() -> str:
    """Batches: those that fill first."""
    service.settle_due(stores())
    query = parse(BatchQuery, request.args.to_dict())
    with stores().db.reading() as session:
        found = queries.list_batches(session, query)
    pages = Pages(query.page, query.per_page, found.total)
    return render_template("batches/list.html", found=found, query=query, pages=pages)


def batch_page(number: int, fault: RegistryError | None = None) -> Page:
    """The page of a batch; with what was wrong with a form of it."""
    person = people.current()
    account_id = person.id if person else None
    with stores().db.reading() as session:
        due = queries.is_due(session, number)
    if due:
        service.settle_due(stores())
    with stores().db.reading() as session:
        batch = queries.get_batch(session, number, account_id)
        leads, counts = queries.acts_for(session, number, account_id)
        own = queries.own_reservations(session, number, account_id)
        countable = makers.countable(session, number, account_id)
    can = rules.actions(rules.BATCH_STEPS, batch.state, "operator") if leads else []
    prices = [row.model_dump() for row in batch.prices]
    html = render_template(
        "batches/batch.html", batch=batch, own=own, can=can, counts=counts and batch.state in rules.MAKING, fault=fault,
        stairs=stairs.stairs_of(batch), key=secrets.token_urlsafe(16), stage_words=rules.STAGE_WORDS, form=request.form,
        countable=countable,
        next_break=rules.next_break(prices, max(batch.reserved, batch.units_min)),
    )  # fmt: skip
    return html, fault.status if fault else 200


@blueprint.get(f"/batches/{_NUMBER}")
def show_batch(number: int) -> Page:
    """A batch: how it fills, what it costs, who waits."""
    return batch_page(number)


def _form(values: Any, fault: RegistryError | None = None) -> Page:
    person = people.required()
    quote = None
    with stores().db.reading() as session:
        shops = own_shops(session, person.id)
        if values.get("quote"):
            quote = quote_queries.get_quote(session, forms.whole(values["quote"], "quote", "The quote"))
            row = session.get_one(Quote, quote.id)
            quoting.side_of(session, session.get_one(QuoteRequest, quote.request), row, person.id)
            asked = quote_queries.get_request(session, quote.request, person.id)
            design = designs.get_design(session, asked.design)
            version = designs.get_version(session, asked.design, asked.commit)
        else:
            design = designs.get_design(session, values.get("design", ""))
            version = designs.get_version(session, design.slug, values.get("version") or None)
    html = render_template("batches/batch_new.html", quote=quote, design=design, version=version, values=values,
                           rows=forms.BREAK_ROWS, shops=shops, fault=fault)  # fmt: skip
    return html, fault.status if fault else 200


@blueprint.get("/batches/new")
def show_form() -> Page:
    """Plan a batch, of an accepted quote or for one's own workshop."""
    people.required()
    return _form(request.args)


@blueprint.post("/batches")
@submissions
def plan() -> Page | Redirect:
    """Plan it; it waits as a draft."""
    person = people.required()
    try:
        number = service.plan(stores(), person.id, parse(BatchWish, forms.batch_values(request.form)))
    except RegistryError as error:
        return _form(request.form, error)
    flash("Planned as a draft. It is public once the workshop opens it.", "moss")
    return redirect(f"/batches/{number}", 303)


@blueprint.post(f"/batches/{_NUMBER}/reservations")
@submissions
def reserve(number: int) -> Page | Redirect:
    """Reserve units."""
    person = people.required()
    try:
        values = {
            "units": forms.whole(request.form.get("units", ""), "units", "The number of units"),
            "named": "named" in request.form,
            "key": request.form.get("key", ""),
        }
        made = service.reserve(stores(), person.id, number, parse(ReservationWish, values))
    except RegistryError as error:
        return batch_page(number, error)
    flash(f"Reserved. You are number {made.number} in the queue.", "moss")
    return redirect(f"/batches/{number}", 303)


@blueprint.post(f"/batches/{_NUMBER}/reservations/<int(max=2147483647):place>/cancel")
def cancel_reservation(number: int, place: int) -> Page | Redirect:
    """Give reserved units back."""
    person = people.required()
    try:
        service.cancel(stores(), person.id, number, place)
    except RegistryError as error:
        return batch_page(number, error)
    flash("Cancelled. Your units are free for others.", "moss")
    return redirect(f"/batches/{number}", 303)


@blueprint.post(f"/batches/{_NUMBER}/move")
def move_batch(number: int) -> Page | Redirect:
    """Move a batch on."""
    person = people.required()
    try:
        service.move(stores(), person.id, number, parse(Move, request.form.to_dict()))
    except RegistryError as error:
        if error.status == 403:
            raise
        return batch_page(number, error)
    return redirect(f"/batches/{number}", 303)


@blueprint.post(f"/batches/{_NUMBER}/counts")
def count(number: int) -> Page | Redirect:
    """Add a count."""
    person = people.required()
    try:
        numbers = {
            key: forms.whole(request.form.get(key) or "0", key, f"The number {key}")
            for key in ("good", "scrap", "rework")
        }
        wish = parse(CountWish, {**numbers, "stage": request.form.get("stage", ""), "why": request.form.get("why", "")})
        service.count(stores(), person.id, number, wish)
    except RegistryError as error:
        if error.status == 403:
            raise
        return batch_page(number, error)
    return redirect(f"/batches/{number}#stages", 303)


def _fill_box(design: DesignDetail, version: VersionDetail, **_: Any) -> str:
    with stores().db.reading() as session:
        found = queries.filling(session, designs.find_design(session, design.slug).id, limit=2)
    return render_template("batches/_box.html", design=design, version=version, batches=found)


def _fill_home(**_: Any) -> str:
    with stores().db.reading() as session:
        found = queries.filling(session, limit=4)
    return render_template("batches/_home.html", batches=found) if found else ""


def _fill_nav(**_: Any) -> str:
    return render_template("batches/_nav.html")


slots.register("design.box", _fill_box)
slots.register("home.rows", _fill_home)
slots.register("site.nav", _fill_nav)
