"""HTML pages of build reports, and what they add to the pages of designs, batches and fabricators."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, flash, redirect, render_template, request
from werkzeug.wrappers import Response as Redirect

from registry import limits
from registry.batches import delivery_queries
from registry.batches.batch_schemas import BatchDetail
from registry.builds.schemas import BomLine
from registry.designs import queries as designs
from registry.designs.schemas import DesignDetail, VersionDetail
from registry.errors import Forbidden, NotFound, RegistryError
from registry.fabricators import pictures, place
from registry.reports import forms, queries, rules, service
from registry.reports.schemas import ReportWish, StateWish
from registry.web import people, slots
from registry.web.context import parse, stores
from registry.web.files import guard
from registry.web.paging import Pages
from registry.web.rates import submissions

blueprint = Blueprint("reports", __name__)
Page = str | tuple[str, int]
_NUMBER = "<int(max=2147483647):number>"
_FORMS = ("write_report", "revise_report")


@blueprint.url_value_preprocessor
def _allow_photos(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Photos may be larger than other forms, as long as the words can still be read. Raises: TooLarge."""
    if request.method == "POST" and endpoint in {f"{blueprint.name}.{name}" for name in _FORMS}:
        request.max_content_length = limits.REPORT_BODY_BYTES
        request.max_form_parts = 2_000
        if (request.content_length or 0) > limits.REPORT_BODY_BYTES:
            pictures.refuse_size(request.content_length or 0)


def _version(slug: str, label: str) -> tuple[DesignDetail, VersionDetail]:
    with stores().db.reading() as session:
        return designs.get_design(session, slug), designs.get_version(session, slug, label)


@blueprint.get("/designs/<slug>/<label>/reports")
def list_reports(slug: str, label: str) -> str:
    """Who built this version, and how it went."""
    design, version = _version(slug, label)
    page = forms.page_number(request.args.get("page", ""))
    found = queries.list_reports(stores(), slug, label, page, 20)
    return render_template(
        "reports/list.html", design=design, version=version, tab="reports", found=found, outcomes=rules.OUTCOMES,
        pages=Pages(page, 20, found.total),
    )  # fmt: skip


def _form(slug: str, label: str, values: Any, fault: RegistryError | None = None, report: Any = None) -> Page:
    person = people.required()
    design, version = _version(slug, label)
    lines: list[BomLine] = service.lines_of(stores(), version.revision_id)
    steps, checks = service.steps_of(stores(), slug, version)
    with stores().db.reading() as session:
        units = [
            unit for unit in delivery_queries.units_of(session, person.id) if unit.revision_id == version.revision_id
        ]
    html = render_template(
        "reports/form.html", design=design, version=version, tab="reports", values=values, fault=fault, report=report,
        lines=lines, units=units, outcomes=rules.OUTCOMES, steps=[*steps, *forms.PHASES], checks=checks,
        countries=place.countries(), currencies=place.currencies(),
        change_rows=forms.rows_of(values, "c"), test_rows=forms.rows_of(values, "t"),
        photos_max=limits.REPORT_PHOTOS,
    )  # fmt: skip
    return html, fault.status if fault else 200


@blueprint.get("/designs/<slug>/<label>/reports/new")
def show_form(slug: str, label: str) -> Page:
    """Tell how it went."""
    return _form(slug, label, request.args)


def _photos() -> list[service.Upload]:
    words = request.form.getlist("photo_words")
    sent = [photo for photo in request.files.getlist("photo") if photo.filename]
    return [
        (photo.stream.read(limits.PHOTO_BYTES + 1), words[number] if number < len(words) else "")
        for number, photo in enumerate(sent[: limits.REPORT_PHOTOS + 1])
    ]


@blueprint.post("/designs/<slug>/<label>/reports")
@submissions
def write_report(slug: str, label: str) -> Page | Redirect:
    """Keep a report; faults come back into the form, with its words."""
    person = people.required()
    try:
        wish = parse(ReportWish, forms.read(request.form))
        number = service.report(stores(), person.id, slug, label, wish, _photos())
    except RegistryError as error:
        return _form(slug, label, request.form, error)
    flash("Thank you. Your report counts from now on.", "moss")
    return redirect(f"/reports/{number}", 303)


@blueprint.get(f"/reports/{_NUMBER}")
def show_report(number: int) -> Page:
    """One report, in its newest wording or in an older one."""
    return _report(number)


def _report(number: int, fault: RegistryError | None = None) -> Page:
    person = people.current()
    wording = forms.page_number(request.args["wording"]) if request.args.get("wording") else None
    with stores().db.reading() as session:
        found = queries.get_report(
            session, number, wording, person.id if person else None, steward=bool(person and person.is_steward)
        )
    design, version = _version(found.design, found.label)
    html = render_template(
        "reports/report.html", design=design, version=version, tab="reports", report=found, outcomes=rules.OUTCOMES,
        mine=bool(person and person.handle == found.by), fault=fault,
    )  # fmt: skip
    return html, fault.status if fault else 200


@blueprint.get(f"/reports/{_NUMBER}/photos/<name>-<int(max=9999):width>.webp")
def show_photo(number: int, name: str, width: int) -> Response:
    """A photo of a report in one of its widths."""
    person = people.current()
    steward = bool(person and person.is_steward)
    with stores().db.reading() as session:
        digest = queries.photo_digest(session, number, name, width, person.id if person else None, steward=steward)
    response = guard(Response(stores().blobs.read(digest)), "photo.webp")
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response


@blueprint.route(f"/reports/{_NUMBER}/revise", methods=["GET", "POST"])
@submissions
def revise_report(number: int) -> Page | Redirect:
    """Word a report anew; the old wording stays."""
    person = people.required()
    with stores().db.reading() as session:
        found = queries.get_report(session, number, None, person.id)
        said = queries.wording_wish(session, number)
    if found.by != person.handle:
        raise Forbidden("Only who wrote a report changes it.", "Write one of your own.")
    if request.method == "GET":
        return _form(found.design, found.label, forms.shown(found, said), report=found)
    try:
        wish = parse(ReportWish, forms.read(request.form))
        service.revise(stores(), person.id, number, wish, _photos(), request.form.getlist("drop"))
    except RegistryError as error:
        return _form(found.design, found.label, request.form, error, report=found)
    flash("Your new wording is shown; the old one stays to be read.", "moss")
    return redirect(f"/reports/{number}", 303)


@blueprint.post(f"/reports/{_NUMBER}/state")
def change_state(number: int) -> Page | Redirect:
    """Withdraw, hide, show again."""
    person = people.required()
    try:
        service.change_state(stores(), person.id, number, parse(StateWish, request.form.to_dict()))
    except RegistryError as error:
        if error.status in (403, 404):
            raise
        return _report(number, error)
    flash("Done, and kept in its history.", "moss")
    return redirect(f"/reports/{number}", 303)


def _fill_tab(design: DesignDetail, version: VersionDetail, tab: str = "", **_: Any) -> str:
    with stores().db.reading() as session:
        count = queries.count_reports(session, version.revision_id)
    return render_template("reports/_tab.html", design=design, version=version, tab=tab, count=count)


def _fill_box(design: DesignDetail, version: VersionDetail, **_: Any) -> str:
    with stores().db.reading() as session:
        row = designs.find_design(session, design.slug)
        revision = designs.find_revision(session, row, version.label)
        before = queries.last_proven(session, row, revision)
        told = (before.name, before.label, before.others) if before else None
    return render_template("reports/_box.html", design=design, version=version, before=told)


def _fill_batch(batch: BatchDetail, **_: Any) -> str:
    person = people.current()
    if person is None:
        return ""
    with stores().db.reading() as session:
        units = [unit for unit in delivery_queries.units_of(session, person.id) if unit.batch == batch.number]
    return render_template("reports/_batch.html", batch=batch, units=units) if units else ""


@blueprint.after_app_request
def _tell_at_bundle(response: Response) -> Response:
    """The bundle is the same whenever it is made, so how its version stands is told beside it: in headers."""
    if request.endpoint == "downloads.download_bundle" and response.status_code in (200, 206, 304):
        arguments = request.view_args or {}
        try:
            with stores().db.reading() as session:
                version = designs.get_version(session, arguments["slug"], arguments["label"])
        except NotFound:
            return response
        where = f"/designs/{quote(arguments['slug'])}/{quote(version.label, safe='~')}/reports"
        response.headers["X-Brickyard-Standing"] = version.standing
        response.headers.add("Link", f'<{where}>; rel="describedby"; type="text/html"')
    return response


slots.register("design.tabs.more", _fill_tab)
slots.register("design.box", _fill_box)
slots.register("batch.side", _fill_batch)
