"""Where faults leave: one map from kinds to status, as a page, a fragment, or problem+json."""

from __future__ import annotations

import uuid

from flask import Flask, Response, current_app, jsonify, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from registry.errors import RegistryError, TooLarge, TooMany

_SENTENCES: dict[int, tuple[str, str, str]] = {
    400: (
        "That request was not understood",
        "The browser sent something incomplete.",
        "Go back, reload, and try again.",
    ),
    404: ("Not found", "There is nothing at this address.", "It may have been renamed: search for it."),
    405: (
        "Not possible here",
        "This address does not take that kind of request.",
        "Go back and use the page's own buttons.",
    ),
    413: (TooLarge.title, "What you sent is larger than this registry takes.", "Send less at once."),
    429: (TooMany.title, "That was a lot in a short time.", "Wait a minute, then go on."),
}


def wants_json() -> bool:
    """Is the one who asks a program?"""
    if request.path.startswith("/api/"):
        return True
    best = request.accept_mimetypes.best_match(
        ["text/html", "application/json", "application/problem+json"], "text/html"
    )
    return best != "text/html"


def _answer(status: int, title: str, message: str, remedy: str, *, field: str = "", reference: str = "") -> Response:
    if wants_json():
        problem = {"type": "about:blank", "title": title, "status": status, "detail": message, "instance": request.path}
        extra = {"remedy": remedy, "field": field, "reference": reference}
        response = jsonify(problem | {key: value for key, value in extra.items() if value})
        response.content_type = "application/problem+json"
    else:
        template = "errors/_error.html" if request.headers.get("HX-Request") else "errors/error.html"
        html = render_template(
            template, status=status, title=title, message=message, remedy=remedy, reference=reference
        )
        response = Response(html, content_type="text/html; charset=utf-8")
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response


def _known(error: RegistryError) -> Response:
    response = _answer(error.status, error.title, error.message, error.remedy, field=error.field)
    if error.status == 401 and wants_json():
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if isinstance(error, CSRFError):
        return _answer(
            400, "This form is too old", "The form was open for too long, or came from another site.",
            "Go back, reload the page, and send it again: nothing was changed.",
        )  # fmt: skip
    title, message, remedy = _SENTENCES.get(status, (error.name, error.description or error.name, ""))
    response = _answer(status, title, message, remedy)
    for name, value in error.get_response().headers.items():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _unknown(error: Exception) -> Response:
    reference = uuid.uuid4().hex[:8]
    current_app.logger.error("Fault %s at %s %s", reference, request.method, request.path, exc_info=error)
    return _answer(
        500, "Something broke here", "The registry failed while it made this page. That is our fault, not yours.",
        "Try again in a moment. If it stays, report it with the reference below.", reference=reference,
    )  # fmt: skip


def install(app: Flask) -> None:
    """Turn every fault into a sentence."""
    app.register_error_handler(RegistryError, _known)
    app.register_error_handler(HTTPException, _http)
    if not app.config.get("PROPAGATE_EXCEPTIONS"):
        app.register_error_handler(Exception, _unknown)
