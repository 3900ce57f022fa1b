"""Pages for files in and out: a look at what was understood, then one button; downloads."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, render_template, request
from werkzeug.wrappers import Response as Redirect

from registry import limits
from registry.errors import NotFound, RegistryError
from registry.fabricators import queries, service, transfer, vocabulary
from registry.web import people
from registry.web.context import stores

blueprint = Blueprint("fabricators_transfer", __name__)
_TYPES = {"okw": "application/yaml", "csv": "text/csv; charset=utf-8", "spaceapi": "application/json"}


@blueprint.url_value_preprocessor
def _allow_files(endpoint: str | None, values: object) -> None:
    """A pasted file may be larger than other fields; said here, before the form's secret is looked for."""
    request.max_form_memory_size = limits.IMPORT_BYTES + limits.MIB // 2


@blueprint.get("/fabricators/import")
def show_import() -> str:
    """A field for a file or its text."""
    return _import_form()


@blueprint.post("/fabricators/import")
def import_fabricator() -> str | Redirect | tuple[str, int]:
    """First show what was understood; then, with `do=add`, add it."""
    person = people.required()
    text = request.form.get("text", "")
    try:
        upload = request.files.get("file")
        content = upload.stream.read(limits.IMPORT_BYTES + 1) if upload and upload.filename else text.encode()
        read = transfer.read(content)
        text = content.decode("utf-8-sig")
        if request.form.get("do") == "add":
            slug = service.create(stores(), person.id, read.fabricator)
            flash(f"{read.fabricator.name} is here, with {len(read.fabricator.machines)} machines.", "moss")
            return redirect(f"/fabricators/{slug}", 303)
    except RegistryError as error:
        return _import_form(text, fault=error), error.status
    return _import_form(text, read)


def _import_form(text: str = "", read: transfer.Imported | None = None, fault: RegistryError | None = None) -> str:
    return render_template(
        "fabricators/import.html",
        text=text, read=read, fault=fault, name_of=vocabulary.process_name, forms=transfer.FORMS,
    )  # fmt: skip


@blueprint.get("/fabricators/machines.csv")
def show_template() -> Response:
    """A table of machines to fill in."""
    return _file(transfer.csv_table.template(), "csv", "machines.csv")


@blueprint.get("/fabricators/<slug>/export.<form>")
def export_fabricator(slug: str, form: str) -> Response:
    """A fabricator as a file."""
    if form not in transfer.FORMS:
        raise NotFound("There is no such form of export.", "Choose okw, csv or spaceapi.")
    with stores().db.reading() as session:
        shown = queries.get_fabricator(session, slug)
    return _file(transfer.write(shown, form, stores().settings.public_url), form, f"{slug}.{transfer.NAMES[form]}")


def _file(text: str, form: str, name: str) -> Response:
    response = Response(text, content_type=_TYPES[form])
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response
