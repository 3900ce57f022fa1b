"""Pages of who can make a version, and of what a fabricator could make."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Blueprint, flash, redirect, render_template, request
from werkzeug.wrappers import Response as Redirect

from registry.designs import queries as design_queries
from registry.designs.schemas import DesignDetail, VersionDetail
from registry.errors import Invalid, RegistryError
from registry.fabricators import making_use
from registry.fabricators.making_schemas import CorrectionWish, Near, NeedsView
from registry.fabricators.needs import Need
from registry.fabricators.vocabulary import PROCESSES, parameters
from registry.web import people, slots
from registry.web.context import parse, stores
from registry.web.rates import submissions

blueprint = Blueprint("making", __name__)


@blueprint.get("/designs/<slug>/<label>/makers")
def show_makers(slug: str, label: str) -> str:
    """What a version needs, with evidence; who can make it, near or anywhere; plans over several."""
    return _page(slug, label)


def _page(slug: str, label: str, refused: RegistryError | None = None) -> str:
    """The page; with what was typed of a correction that was refused."""
    with stores().db.reading() as session:
        design = design_queries.get_design(session, slug)
        version = design_queries.get_version(session, slug, label)
    view = making_use.needs_of(stores(), slug, label)
    query = parse(making_use.NearQuery, request.args.to_dict())
    near, told, fault = _near(query)
    return render_template(
        "fabricators/makers.html", tab="makers", design=design, version=version, view=view,
        needs={need.id: need for need in view.needs},
        boards=[need.id for need in view.needs if need.process == "pcb_fabrication"],
        changes=_changes(view), matches=making_use.matches_of(stores(), view, near),
        query=query, near=near, told=told, fault=fault,
        may_correct=_may_correct(design), choices=_choices(view.needs),
        refused=refused, form=request.form, processes=sorted(PROCESSES.values(), key=lambda process: process.name),
    )  # fmt: skip


def _near(query: making_use.NearQuery) -> tuple[Near, str, Invalid | None]:
    """Where to look and how that place is called; anywhere, and the fault, when it can't be told."""
    try:
        near, told = making_use.near_of(stores(), query)
    except Invalid as error:
        return Near(), "", error
    return near, told, None


def _may_correct(design: DesignDetail) -> bool:
    person = people.current()
    return person is not None and (person.is_steward or person.handle == design.owner)


def _changes(view: NeedsView) -> dict[str, list[dict[str, Any]]]:
    """Corrections of each need, with what was derived in its place."""
    derived = {need.id: {limit.parameter: limit.value for limit in need.limits} for need in view.derived}
    found: dict[str, list[dict[str, Any]]] = {}
    for one in view.corrections:
        was = derived.get(one.need, {}).get(one.parameter)
        found.setdefault(one.need, []).append({"said": one, "was": was})
    return found


def _choices(needs: list[Need]) -> dict[str, list[tuple[str, str]]]:
    """What may be said of each need: parameters of the vocabulary with their labels; ends of a range by their own."""
    found = {}
    for need in needs:
        known = parameters(need.process)
        twice = {one.need_label for one in known if sum(one.need_label == other.need_label for other in known) > 1}
        words = {one.name: one.label if one.need_label in twice else one.need_label for one in known}
        found[need.id] = [(one.name, words[one.name] + (f" ({one.unit})" if one.unit else "")) for one in known]
    return found


@blueprint.post("/designs/<slug>/<label>/makers")
@submissions
def correct_need(slug: str, label: str) -> tuple[str, int] | Redirect:
    """Say what a version needs in place of what was derived."""
    person = people.required()
    try:
        wish = parse(CorrectionWish, request.form.to_dict())
        making_use.correct(stores(), person.id, person.is_steward, slug, label, wish)
    except RegistryError as error:
        if error.status in (403, 404):
            raise
        return _page(slug, label, error), error.status
    flash("Kept. What was derived stays beside it.", "moss")
    return redirect(f"/designs/{quote(slug)}/{quote(label, safe='~')}/makers#needs")


@blueprint.get("/fabricators/<slug>/could-make")
def show_could_make(slug: str) -> str:
    """What a fabricator could make today, and what lacks one step."""
    return render_template("fabricators/could_make.html", found=making_use.could_make(stores(), slug))


def _fill_tab(design: DesignDetail, version: VersionDetail, tab: str = "", **_: Any) -> str:
    return render_template("fabricators/_makers_tab.html", design=design, version=version, tab=tab)


def _fill_box(design: DesignDetail, version: VersionDetail, **_: Any) -> str:
    view = making_use.needs_of(stores(), design.slug, version.label)
    can, perhaps, more = making_use.makers_count(stores(), view)
    return render_template(
        "fabricators/_makers_box.html", design=design, version=version, can=can, perhaps=perhaps, more=more
    )


slots.register("design.tabs.more", _fill_tab)
slots.register("design.box", _fill_box)
