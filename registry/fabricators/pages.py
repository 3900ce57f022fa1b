"""HTML pages of fabricators: map and list, one of them, and the forms of its people."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request
from markupsafe import Markup
from werkzeug.wrappers import Response as Redirect

from registry import limits
from registry.errors import NotFound, RegistryError
from registry.fabricators import forms, maps, pictures, place, queries, schemas, service, transfer, vocabulary
from registry.fabricators.schemas import FabricatorIn, FabricatorNew, FabricatorQuery, MachineIn
from registry.fabricators.search import canonical, in_words
from registry.web import people, slots
from registry.web.context import parse, stores
from registry.web.files import guard
from registry.web.paging import Pages, address

blueprint = Blueprint("fabricators", __name__)


@blueprint.url_value_preprocessor
def _allow_photos(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Photos may be larger than other forms, as long as the words can still be read. Raises: TooLarge."""
    if endpoint == f"{blueprint.name}.{add_picture.__name__}":
        request.max_content_length = limits.REPORT_BODY_BYTES
        if (request.content_length or 0) > request.max_content_length:
            pictures.refuse_size(request.content_length or 0)


def _fill_nav(**_: object) -> str:
    here = ' aria-current="page"' if request.path.startswith("/fabricators") else ""
    return render_template("fabricators/_nav.html", here=Markup(here))


slots.register("site.nav", _fill_nav)


@blueprint.app_template_filter("process_name")
def _process_name(process: str) -> str:
    return vocabulary.process_name(process)


@blueprint.app_template_filter("country_name")
def _country_name(code: str) -> str:
    return place.country_name(code)


@blueprint.app_template_filter("language_name")
def _language_name(said: str) -> str:
    return place.language_name(said)


@blueprint.app_template_global()
def zip_same(values: Any) -> list[tuple[str, str]]:
    """Choices whose names are themselves."""
    return [(value, value) for value in values]


def _choices() -> dict[str, Any]:
    return {
        "countries": place.countries(),
        "currencies": place.currencies(),
        "processes": forms.process_choices(),
        "materials": forms.material_choices(),
        "labels": schemas,
    }


def _many(lat: float, lon: float, count: int) -> str:
    return address(near=f"{lat:.3f}, {lon:.3f}", within_km="50")


@blueprint.get("/fabricators")
def list_fabricators() -> str | tuple[str, int]:
    """Search, map and list."""
    asked = parse(FabricatorQuery, request.args.to_dict())
    query, fault, spot = canonical(asked), None, None
    try:
        spot = queries.spot_of(query)
    except RegistryError as error:
        fault = error
    with stores().db.reading() as session:
        found = queries.search(session, query, spot) if not fault else []
        start = (query.page - 1) * query.per_page
        part = found[start : start + query.per_page]
        items = queries.cards(session, [row[0] for row in part], {row[0]: row[1] for row in part})
        names = queries.names_of(session, [row[0] for row in found[: queries.DOTS]])
    html = render_template(
        "fabricators/list.html", query=query, asked=asked, items=items, fault=fault, total=len(found),
        pages=Pages(query.page, query.per_page, len(found)), told=in_words(query, spot.name if spot else ""),
        map=_map_of(found[: queries.DOTS], names), **_choices(),
    )  # fmt: skip
    return (html, fault.status) if fault else html


def _map_of(found: list[tuple[int, float | None, float, float]], names: dict[int, tuple[str, str]]) -> Markup | str:
    dots = [
        maps.Dot(lat, lon, names[id_][1], f"/fabricators/{names[id_][0]}")
        for id_, _, lat, lon in found
        if lat is not None
    ]
    return maps.draw(dots, "Map of the fabricators found", _many) if dots else ""


@blueprint.get("/fabricators/<slug>")
def show_fabricator(slug: str) -> str:
    """A fabricator: what it is, where, and its machines by process."""
    person = people.current()
    with stores().db.reading() as session:
        shown = queries.get_fabricator(session, slug)
        role = service.role_of(session, shown.id, person.id if person else None)
        members = queries.list_members(session, shown.id) if role else []
    groups: dict[str, list[schemas.MachineView]] = {}
    for machine in shown.machine_list:
        groups.setdefault(machine.process, []).append(machine)
    dot = []
    if shown.lat_deg is not None and shown.lon_deg is not None:
        dot = [maps.Dot(shown.lat_deg, shown.lon_deg, shown.name, f"/fabricators/{slug}")]
    return render_template(
        "fabricators/show.html",
        fabricator=shown, groups=groups, role=role, members=members, labels=schemas, money=forms.shown_money,
        exports=list(transfer.FORMS.items()),
        map=maps.draw(dot, f"Where {shown.name} is", _many) if dot else "",
    )  # fmt: skip


@blueprint.get("/fabricators/<slug>/pictures/<int(max=2147483647):number>-<int(max=9999):width>.webp")
def show_picture(slug: str, number: int, width: int) -> Response:
    """A picture in one of its widths."""
    with stores().db.reading() as session:
        digest = queries.picture_digest(session, slug, number, width)
    response = guard(Response(stores().blobs.read(digest)), "picture.webp")
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


@blueprint.get("/fabricators/new")
def show_new() -> str:
    """An empty form."""
    return render_template("fabricators/edit.html", values={}, fault=None, fabricator=None, **_choices())


@blueprint.post("/fabricators/new")
def create_fabricator() -> str | Redirect | tuple[str, int]:
    """Make a fabricator; faults come back into the form."""
    person = people.required()
    try:
        told = parse(FabricatorNew, forms.read_fabricator(request.form))
        slug = service.create(stores(), person.id, told)
    except RegistryError as error:
        html = render_template("fabricators/edit.html", values=request.form, fault=error, fabricator=None, **_choices())
        return html, error.status
    flash("Your fabricator is here. Now add its machines.", "moss")
    return redirect(f"/fabricators/{slug}/machines/new", 303)


def _owned(slug: str) -> Any:
    """The row of a fabricator that the person may change. Raises: Unauthenticated, Forbidden."""
    person = people.required()
    with stores().db.reading() as session:
        row = queries.find_fabricator(session, slug)
        service.require_role(session, row.id or 0, person.id, "operator")
        return row


@blueprint.get("/fabricators/<slug>/edit")
def show_edit(slug: str) -> str:
    """The form about a fabricator, with its true place, for its own people."""
    return _edit_page(slug, _values(_owned(slug)), None)


def _values(row: Any) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in FabricatorIn.model_fields}
    return values | {name: ", ".join(values[name]) for name in ("languages", "certifications")}


def _edit_page(slug: str, values: Any, fault: RegistryError | None) -> str:
    with stores().db.reading() as session:
        shown = queries.get_fabricator(session, slug)
        members = queries.list_members(session, shown.id)
    return render_template(
        "fabricators/edit.html", values=values, fault=fault, fabricator=shown, members=members, **_choices()
    )


@blueprint.post("/fabricators/<slug>/edit")
def edit_fabricator(slug: str) -> str | Redirect | tuple[str, int]:
    """Describe it anew; faults come back into the form."""
    _owned(slug)
    try:
        told = parse(FabricatorIn, forms.read_fabricator(request.form))
        service.edit(stores(), people.required().id, slug, told)
    except RegistryError as error:
        return _edit_page(slug, request.form, error), error.status
    flash("Changed.", "moss")
    return redirect(f"/fabricators/{slug}", 303)


@blueprint.post("/fabricators/<slug>/people")
def set_member(slug: str) -> Redirect | tuple[str, int]:
    """Give somebody a part, or take it; what is wrong comes back into the form."""
    form, person = request.form, people.required()
    try:
        service.set_member(stores(), person.id, slug, form.get("handle", ""), form.get("role", ""))
    except RegistryError as error:
        if error.status == 403:
            raise
        return _edit_page(slug, _values(_owned(slug)), error), error.status
    flash("Changed.", "moss")
    mine = form.get("handle", "").strip() == person.handle  # who has left may not see the form any more
    return redirect(f"/fabricators/{slug}" if mine else f"/fabricators/{slug}/edit#people", 303)


@blueprint.post("/fabricators/<slug>/pictures")
def add_picture(slug: str) -> Redirect | tuple[str, int]:
    """Add a photo."""
    row = _owned(slug)
    try:
        photo = request.files.get("photo")
        size_bytes = photo.stream.seek(0, 2) if photo else 0
        if size_bytes > limits.PHOTO_BYTES:
            pictures.refuse_size(size_bytes)
        content = photo.stream.read() if photo and photo.stream.seek(0) == 0 else b""
        service.add_picture(stores(), people.required().id, slug, content, request.form.get("words", ""))
    except RegistryError as error:
        return _edit_page(slug, _values(row), error), error.status
    flash("The picture is here, without what the camera wrote into it.", "moss")
    return redirect(f"/fabricators/{slug}/edit#pictures", 303)


@blueprint.post("/fabricators/<slug>/pictures/<int(max=2147483647):number>/remove")
def remove_picture(slug: str, number: int) -> Redirect:
    """Remove a picture."""
    service.remove_picture(stores(), people.required().id, slug, number)
    flash("Removed.", "moss")
    return redirect(f"/fabricators/{slug}/edit#pictures", 303)


@blueprint.route("/fabricators/<slug>/machines/new", methods=["GET", "POST"])
@blueprint.route("/fabricators/<slug>/machines/<int(max=2147483647):number>", methods=["GET", "POST"])
def edit_machine(slug: str, number: int | None = None) -> str | Redirect | tuple[str, int]:
    """A machine's form: first its process, then that process's own parameters."""
    row, fault, status = _owned(slug), None, 200
    process = request.values.get("process", "")
    if request.method == "POST" and request.form.get("do") == "save":
        try:
            _save_machine(slug, number, row.currency)
            return redirect(f"/fabricators/{slug}#machines", 303)
        except RegistryError as error:
            fault, status = error, error.status
    with stores().db.reading() as session:
        shown = queries.get_fabricator(session, slug)
    machine = _machine_of(shown, number)
    values: Any = request.form if fault else forms.machine_values(machine, process, row.currency)
    chosen = values.get("process", "")
    rows = max(forms.MATERIAL_ROWS, len(machine.materials) + 2 if machine else 0)
    return render_template(
        "fabricators/machine.html", fabricator=shown, number=number, values=values, fault=fault, chosen=chosen,
        parameters=vocabulary.parameters(chosen), rows=rows, **_choices(),
    ), status  # fmt: skip


def _machine_of(shown: schemas.FabricatorDetail, number: int | None) -> schemas.MachineView | None:
    machine = next((item for item in shown.machine_list if item.id == number), None)
    if number is not None and machine is None:
        raise NotFound(f"{shown.name} has no such machine.", "It may have been removed.")
    return machine


def _save_machine(slug: str, number: int | None, currency: str) -> None:
    told = parse(MachineIn, forms.read_machine(request.form, currency))
    if number is None:
        service.add_machine(stores(), people.required().id, slug, told)
    else:
        service.edit_machine(stores(), people.required().id, slug, number, told)
    flash(f"{told.name} is kept.", "moss")


@blueprint.post("/fabricators/<slug>/machines/<int(max=2147483647):number>/remove")
def remove_machine(slug: str, number: int) -> Redirect:
    """Remove a machine."""
    service.remove_machine(stores(), people.required().id, slug, number)
    flash("Removed.", "moss")
    return redirect(f"/fabricators/{slug}#machines", 303)
