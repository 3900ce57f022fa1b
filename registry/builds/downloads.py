"""Doors to what was built: single files by their result, and whole bundles."""

from __future__ import annotations

from flask import Blueprint, Response, request, send_file

from registry.builds import queries
from registry.web.context import stores
from registry.web.files import guard

blueprint = Blueprint("downloads", __name__)
_YEAR_S = 365 * 24 * 3600
_FRAMED = {"ibom", "book-html"}  # pages of the registry's own making, shown in a sandboxed frame


@blueprint.get("/artifacts/<key>/<path:path>")
def show_artifact(key: str, path: str) -> Response:
    """A built file. A key never changes its content, so it may be kept for ever."""
    with stores().db.reading() as session:
        artifact = queries.find_artifact(session, key, path)
    response = send_file(
        stores().blobs.path(artifact.digest),
        mimetype=artifact.media_type,
        conditional=True,
        etag=artifact.digest,
        max_age=_YEAR_S,
    )
    response.cache_control.public = True
    response.cache_control.immutable = True
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
