"""Doors to what was built: single files by their result, and whole bundles."""

from __future__ import annotations

from flask import Blueprint, Response, request, send_file

from registry.builds import queries
from registry.builds.bom.vendors import vendor_files
from registry.builds.made import gather
from registry.designs.queries import find_design, find_revision
from registry.errors import NotFound
from registry.web.context import stores
from registry.web.files import guard
from registry.web.packed import packed

blueprint = Blueprint("downloads", __name__)
_YEAR_S = 365 * 24 * 3600
_FRAMED = {"ibom", "book-html"}  # pages of the registry's own making, shown in a sandboxed frame


@blueprint.get("/artifacts/<key>/<path:path>")
def show_artifact(key: str, path: str) -> Response:
    """A built file. A key never changes its content, so it may be kept for ever."""
    with stores().db.reading() as session:
        artifact = queries.find_artifact(session, key, path)
    file = stores().blobs.path(artifact.digest)
    response = packed(artifact.digest, file, artifact.media_type) or send_file(
        file, mimetype=artifact.media_type, etag=artifact.digest, max_age=_YEAR_S
    )
    response.cache_control.max_age = _YEAR_S
    response.cache_control.public = True
    response.cache_control.immutable = True
    response.vary.add("Accept-Encoding")
    guard(response, path, artifact.media_type, scripts=artifact.role in _FRAMED)
    if "download" in request.args:
        disposition = response.headers["Content-Disposition"]
        response.headers["Content-Disposition"] = "attachment" + disposition[disposition.index(";") :]
    return response


@blueprint.get("/designs/<slug>/<label>/bundle.zip")
def download_bundle(slug: str, label: str) -> Response:
    """The fabrication bundle, whole or in ranges."""
    path, digest, name, made_at = queries.find_bundle(stores(), slug, label)
    response = send_file(
        path,
        mimetype="application/zip",
        as_attachment=True,
        download_name=name,
        conditional=True,
        etag=digest,
        last_modified=made_at,
        max_age=0,
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@blueprint.get("/designs/<slug>/<label>/bom/<name>")
def download_bom(slug: str, label: str, name: str) -> Response:
    """The bill of materials in one vendor's form."""
    content = bom_files(slug, label).get(name)
    if content is None:
        raise NotFound(f"There is no bill of materials called {name[:80]}.", "Choose one from the page of materials.")
    response = Response(content)
    guard(response, name)
    response.headers["Content-Disposition"] = f'attachment; filename="{slug}-{name}"'
    return response


def bom_files(slug: str, label: str) -> dict[str, bytes]:
    """Every vendor's form of a version's bill of materials; empty before it is built. Raises: NotFound."""
    with stores().db.reading() as session:
        revision = find_revision(session, find_design(session, slug), label)
        build = queries.newest_build(session, revision.id or 0)
        materials = queries.get_materials(stores(), session, build.id) if build else None
        if build is None or materials is None:
            return {}
        return vendor_files(stores(), materials, gather(session, build.id))
