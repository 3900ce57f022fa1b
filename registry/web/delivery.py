"""How answers leave: security headers, ETags, compression."""

from __future__ import annotations

import gzip

from flask import Flask, Response, request

from registry.errors import Invalid, NotFound
from registry.web.context import stores

_COMPRESSED = ("text/", "application/json", "application/problem+json", "image/svg+xml", "application/javascript")
_COMPRESS_FROM_BYTES = 1_000
# The one style element that model-viewer 4.4 makes for itself; a browser test tells when it changes.
_VIEWER_STYLE = "'sha256-PXtZZkJMMyc18o/DN1ZEFOJ2qEGq95IQbVaJFMOXOb0='"
# model-viewer keeps textures and its workers as blobs, and shows the model's own pictures as data.
PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        f"style-src 'self' {_VIEWER_STYLE}",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self' blob:",
        "frame-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}


def _protect(response: Response) -> None:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if stores().settings.https:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")


def finish(response: Response) -> Response:
    """Give every answer its headers; whole texts get an ETag and are compressed."""
    _protect(response)
    whole = response.status_code == 200 and not response.direct_passthrough and not response.is_streamed
    if not whole or request.method not in ("GET", "HEAD"):
        return response
    if not response.headers.get("ETag"):
        response.add_etag(weak=True)
    response.headers.setdefault("Cache-Control", "no-cache")
    response.vary.update(
        ("Accept-Encoding", "Cookie", "HX-Request") if response.mimetype == "text/html" else ("Accept-Encoding",)
    )
    response.make_conditional(request)
    if (
        response.status_code != 200
        or response.headers.get("Content-Encoding")
        or "gzip" not in request.accept_encodings
    ):
        return response
    if (response.mimetype or "").startswith(_COMPRESSED) and (response.content_length or 0) >= _COMPRESS_FROM_BYTES:
        response.set_data(gzip.compress(response.get_data(), 6, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response


def refuse_nul() -> None:
    """No name here holds a zero byte, and PostgreSQL takes none. Raises: NotFound, Invalid."""
    if "\0" in request.path:
        raise NotFound("There is nothing at this address.", "It holds a character that no name has.")
    if b"%00" in request.query_string or b"\0" in request.query_string:
        raise Invalid("The address holds a zero byte.", "Leave it out.")


def install(app: Flask) -> None:
    """Let every answer of the application pass through `finish`."""
    app.before_request(refuse_nul)
    app.after_request(finish)
