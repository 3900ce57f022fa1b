"""HTML pages of requests and quotes."""

from __future__ import annotations

import tempfile
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, send_file
from werkzeug.wrappers import Response as Redirect

from registry.batches import forms, quote_queries, quoting, request_files, rules
from registry.batches.estimating import estimates
from registry.batches.money import plain_amount
from registry.batches.roles import ACTING, role_of
from registry.batches.schemas import Change, Offer, RequestWish, Word
from registry.batches.tables import Quote, QuoteRequest
from registry.designs import queries as designs
from registry.errors import RegistryError
from registry.web import people
from registry.web.context import parse, stores
from registry.web.files import for_programs
from registry.web.rates import submissions

blueprint = Blueprint("quotes", __name__)
Page = str | tuple[str, int]


@blueprint.get("/requests")
def list_requests() -> str:
    """What I asked for."""
    person = people.required()
    quoting.expire_due(stores())
    with stores().db.reading() as session:
        found = quote_queries.list_requests(session, person.id, request.args.get("page", 1, int) or 1)
    return render_template("batches/requests.html", found=found)


def _request_form(values: Any, chosen: list[str], fault: RegistryError | None = None) -> Page:
    with stores().db.reading() as session:
        design = designs.get_design(session, values.get("design", ""))
        version = designs.get_version(session, design.slug, values.get("version") or None)
        shops = quote_queries.find_fabricators(session, values.get("q", ""), chosen)
    html = render_template("batches/request_new.html", design=design, version=version, shops=shops, values=values,
                           chosen=chosen, fault=fault)  # fmt: skip
    return html, fault.status if fault else 200


@blueprint.get("/requests/new")
def show_request_form() -> Page:
    """Ask for quotes on a version; `to` names fabricators."""
    people.required()
    return _request_form(request.args, request.args.getlist("to") + request.args.getlist("fabricators"))


@blueprint.post("/requests")
@submissions
def ask() -> Page | Redirect:
    """Send it; with 'search', look for more fabricators first."""
    person = people.required()
    chosen = request.form.getlist("fabricators")
    if request.form.get("do") == "search":
        return _request_form(request.form, chosen)
    try:
        number = quoting.ask(stores(), person.id, parse(RequestWish, forms.request_values(request.form)))
    except RegistryError as error:
        return _request_form(request.form, chosen, error)
    with stores().db.reading() as session:
        request_files.make_soon(stores(), quote_queries.get_request(session, number, person.id))
    flash("Asked. You will see each answer here.", "moss")
    return redirect(f"/requests/{number}", 303)


@blueprint.get("/requests/<int(max=2147483647):number>")
def show_request(number: int) -> str:
    """A request with its quotes side by side."""
    person = people.required()
    quoting.expire_due(stores())
    with stores().db.reading() as session:
        found = quote_queries.get_request(session, number, person.id)
    offers = [quote for quote in found.quotes if quote.offer]
    currencies = sorted({quote.offer.currency for quote in offers if quote.offer})
    slugs = [quote.fabricator for quote in offers]
    own = estimates(stores(), found.design, found.label, slugs, found.quantities) if offers else {}
    return render_template(
        "batches/request.html", request_=found, offers=offers, currencies=currencies, rules=rules, estimates=own,
        mine=found.buyer == person.handle,
    )  # fmt: skip


@blueprint.get("/requests/<int(max=2147483647):number>/files.zip")
@for_programs
@submissions
def download_files(number: int) -> Response:
    """The request's files in the form that it names, for its buyer and those who are asked."""
    sink = tempfile.TemporaryFile(dir=stores().settings.work)  # noqa: SIM115: the answer closes it
    name = request_files.write_files(stores(), number, people.required().id, sink)
    sink.seek(0)
    response = send_file(sink, mimetype="application/zip", as_attachment=True, download_name=name)
    response.headers["Cache-Control"] = "private, no-store"
    return response


@blueprint.post("/requests/<int(max=2147483647):number>/call-off")
def call_off(number: int) -> Redirect:
    """The buyer calls a request off."""
    quoting.call_off(stores(), people.required().id, number, request.form.get("why", "")[:400])
    flash("Called off. Those you asked are told.", "moss")
    return redirect(f"/requests/{number}", 303)


def _quote_page(quote_id: int, fault: RegistryError | None = None) -> Page:
    person = people.required()
    quoting.expire_due(stores())
    with stores().db.reading() as session:
        quote = quote_queries.get_quote(session, quote_id)
        row = session.get_one(Quote, quote_id)
        side = quoting.side_of(session, session.get_one(QuoteRequest, quote.request), row, person.id)
        asked = quote_queries.get_request(session, quote.request, person.id)
        acting = role_of(session, row.fabricator_id, person.id) in ACTING
    actor = side if side == "buyer" or acting else ""
    can = rules.actions(rules.QUOTE_STEPS, quote.state, actor)
    html = render_template(
        "batches/quote.html", quote=quote, request_=asked, side=side, can=can, acts=bool(actor), fault=fault,
        plain=plain_amount, rules=rules, rows=forms.BREAK_ROWS, form=request.form,
    )  # fmt: skip
    return html, fault.status if fault else 200


@blueprint.get("/quotes/<int(max=2147483647):quote_id>")
def show_quote(quote_id: int) -> Page:
    """A quote: what is offered, said and done."""
    return _quote_page(quote_id)


@blueprint.post("/quotes/<int(max=2147483647):quote_id>/offer")
def offer(quote_id: int) -> Page | Redirect:
    """Quote, or revise."""
    person = people.required()
    try:
        quoting.offer(stores(), person.id, quote_id, parse(Offer, forms.offer_values(request.form)))
    except RegistryError as error:
        if error.status in (403, 404):
            raise
        return _quote_page(quote_id, error)
    flash("Sent. The buyer sees it now.", "moss")
    return redirect(f"/quotes/{quote_id}", 303)


@blueprint.post("/quotes/<int(max=2147483647):quote_id>/change")
def change_quote(quote_id: int) -> Page | Redirect:
    """Accept, decline, refuse, withdraw."""
    person = people.required()
    try:
        quoting.change(stores(), person.id, quote_id, parse(Change, request.form.to_dict()))
    except RegistryError as error:
        if error.status in (403, 404):
            raise
        return _quote_page(quote_id, error)
    return redirect(f"/quotes/{quote_id}", 303)


@blueprint.post("/quotes/<int(max=2147483647):quote_id>/messages")
@submissions
def write_message(quote_id: int) -> Page | Redirect:
    """A word to the other side."""
    person = people.required()
    try:
        quoting.write(stores(), person.id, quote_id, parse(Word, request.form.to_dict()))
    except RegistryError as error:
        if error.status in (403, 404):
            raise
        return _quote_page(quote_id, error)
    return redirect(f"/quotes/{quote_id}#words", 303)
