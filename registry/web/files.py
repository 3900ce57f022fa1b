"""Files that others wrote, served so that nothing in them can act in the registry's name."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import TypeVar
from urllib.parse import quote

from flask import Response, request
from werkzeug.exceptions import RequestEntityTooLarge

_View = TypeVar("_View", bound=Callable[..., object])
_PICTURES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".svg": "image/svg+xml",
}
_TEXTS = (".md", ".txt", ".csv", ".tsv", ".toml", ".yml", ".yaml", ".json", ".py", ".scad", ".rst", ".adoc")
_PLAIN_NAMES = ("LICENSE", "LICENCE", "COPYING", "README", "CHANGELOG", "AUTHORS")
_SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_FRAMED_SCRIPTS = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; frame-ancestors 'self'"
)
# A sandboxed PDF is not shown by browsers at all; their viewers run it apart from the site.
_PDF = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'self'"


def guard(response: Response, name: str, media_type: str = "", *, scripts: bool = False) -> Response:
    """Make a response with a foreign file safe to open: type, sandbox, attachment unless it is a picture, PDF or text.

    `scripts` is for interactive pages that the registry's own tools made (the interactive BOM): they run in a sandbox
    with an origin of their own, without network.
    """
    path = PurePosixPath(name)
    suffix = path.suffix.lower()
    inline, policy = True, _SANDBOX
    if suffix in _PICTURES:
        kind = _PICTURES[suffix]
    elif suffix == ".pdf":
        kind, policy = "application/pdf", _PDF
    elif scripts and suffix == ".html":
        kind, policy = "text/html; charset=utf-8", _FRAMED_SCRIPTS
    elif suffix in _TEXTS or (not suffix and path.name.upper() in _PLAIN_NAMES):
        kind = "text/plain; charset=utf-8"
    else:
        inline = False
        kind = media_type or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        if kind.startswith(("text/", "application/xhtml", "application/xml")):
            kind = "application/octet-stream"
    response.headers["Content-Type"] = kind
    response.headers["Content-Security-Policy"] = policy
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Disposition"] = (
        f"{'inline' if inline else 'attachment'}; filename*=UTF-8''{quote(path.name, safe='')}"
    )
    return response


def for_programs(view: _View) -> _View:
    """Let an API token open this file as well as a log-in: JSON names its address, so programs come for it."""
    view.for_programs = True  # type: ignore[attr-defined]
    return view


def read_body(most_bytes: int) -> bytes | None:
    """What was sent as it is; None if it is more than that."""
    request.max_content_length = most_bytes
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        return None


def send_paper(content: bytes, name: str) -> Response:
    """A PDF made for one reader, which nobody between keeps."""
    response = guard(Response(content), name)
    response.headers["Cache-Control"] = "private, no-store"
    return response
