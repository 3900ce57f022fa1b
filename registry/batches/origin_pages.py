"""Pages of official fabricators, and what they add to the pages of designs, fabricators and batches."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request
from werkzeug.wrappers import Response as Redirect

from registry.batches import origin
from registry.batches.batch_schemas import BatchDetail
from registry.batches.money import check_currency, parse_amount
from registry.batches.origin_schemas import OfficialAnswer, OfficialWish
from registry.designs import queries as designs
from registry.designs.schemas import DesignDetail, VersionDetail
from registry.errors import RegistryError
from registry.web import people, slots
from registry.web.context import parse, stores
from registry.web.rates import submissions

blueprint = Blueprint("officials", __name__)
Page = str | tuple[str, int]


def _page(slug: str, fault: RegistryError | None = None) -> Page:
    person = people.current()
    account_id = person.id if person else None
    with stores().db.reading() as session:
        design, version = designs.get_design(session, slug), designs.get_version(session, slug, None)
        found = origin.officials_of(session, slug)
        names = origin.may_name(session, slug, account_id)
        known = origin.nameable(session) if names else []
        answers = [one.id for one in found if origin.may_answer(session, one.fabricator, account_id)]
    html = render_template("batches/official.html", design=design, version=version, tab="makers", officials=found,
                           names=names, answers=answers, fault=fault, values=request.form, known=known)  # fmt: skip
    return html, fault.status if fault else 200


@blueprint.get("/designs/<slug>/official")
def show_official(slug: str) -> Page:
    """The official fabricators of a design, their terms, and what became of them."""
    return _page(slug)


@blueprint.post("/designs/<slug>/official")
@submissions
def name_official(slug: str) -> Page | Redirect:
    """Name a fabricator, or offer it new terms."""
    person = people.required()
    form = request.form
    try:
        currency = check_currency(form.get("currency", ""))
        paid = parse_amount(form.get("contribution", "").strip() or "0", currency, "contribution")
        values: dict[str, object] = {name: form.get(name, "") for name in ("fabricator", "mark", "checks", "text")}
        wish = parse(OfficialWish, {**values, "contribution_minor": paid, "currency": currency})
        origin.name_official(stores(), person.id, slug, wish)
    except RegistryError as error:
        if error.status == 403:
            raise
        return _page(slug, error)
    flash("Offered. It holds once the fabricator accepts.", "moss")
    return redirect(f"/designs/{slug}/official", 303)


@blueprint.post("/designs/<slug>/official/<int(max=2147483647):number>")
def answer_official(slug: str, number: int) -> Page | Redirect:
    """Accept, decline, end."""
    person = people.required()
    try:
        origin.answer(stores(), person.id, number, parse(OfficialAnswer, request.form.to_dict()))
    except RegistryError as error:
        if error.status == 403:
            raise
        return _page(slug, error)
    flash("Kept, with its history.", "moss")
    return redirect(f"/designs/{slug}/official", 303)


def _fill_makers(design: DesignDetail, **_: Any) -> str:
    person = people.current()
    with stores().db.reading() as session:
        found = origin.officials_of(session, design.slug, active=True)
        names = origin.may_name(session, design.slug, person.id if person else None)
    return render_template("batches/_official_makers.html", design=design, officials=found, names=names)


def _fill_facts(design: DesignDetail, version: VersionDetail, **_: Any) -> str:
    with stores().db.reading() as session:
        found = origin.officials_of(session, design.slug, active=True)
    return render_template("batches/_official_fact.html", design=design, officials=found)


def _fill_fabricator(fabricator: Any, **_: Any) -> str:
    person = people.current()
    with stores().db.reading() as session:
        answers = origin.may_answer(session, fabricator.slug, person.id if person else None)
        found = origin.namings_of(session, fabricator.id, active=not answers)
    return render_template("batches/_official_shop.html", namings=found, answers=answers) if found else ""


def _fill_batch(batch: BatchDetail, **_: Any) -> str:
    return render_template("batches/_origin.html", batch=batch)


slots.register("makers.foot", _fill_makers)
slots.register("design.facts", _fill_facts)
slots.register("fabricator.side", _fill_fabricator)
slots.register("batch.side", _fill_batch)
