"""Routes of the JSON interface, declared once: what `operation` is told parses the request, checks the answer, and
is the document at /api/v1/openapi.json."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Flask, Response, current_app, g, jsonify, make_response, request
from pydantic import BaseModel, Field, ValidationError
from pydantic.json_schema import JsonSchemaMode, models_json_schema
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from registry import __version__, faults, limits
from registry.errors import Invalid, TooLarge, Unauthenticated
from registry.web import people
from registry.web.context import parse
from registry.web.csrf import csrf

PREFIX = "/api/v1"
DOCUMENT = f"{PREFIX}/openapi.json"
_TEMPLATE = "#/components/schemas/{model}"
_ARGUMENT = re.compile(r"<(?:(?P<kind>\w+)(?:\([^)]*\))?:)?(?P<name>\w+)>")
_KINDS: dict[str | None, dict[str, Any]] = {"int": {"type": "integer", "minimum": 0, "maximum": 2147483647}}
Answer = BaseModel | tuple[BaseModel, int] | tuple[BaseModel, int, dict[str, str]] | Response


class Problem(BaseModel):
    """A fault (RFC 9457): what happened, to what, and what to do next."""

    type: str = Field(description="about:blank: the status says what kind of fault it is")
    title: str
    status: int
    detail: str = Field(description="a sentence: what happened, and to what")
    instance: str = Field(description="the path that was asked for")
    remedy: str = Field(default="", description="a sentence: what to do next")
    field: str = Field(default="", description="the input that was at fault")
    reference: str = Field(default="", description="names an unexpected fault in the registry's log")


class Paging(BaseModel):
    """Which part of a list."""

    page: int = Field(default=1, ge=1, le=10_000)
    per_page: int = Field(default=limits.PAGE_ITEMS_MAX, ge=1, le=limits.PAGE_ITEMS_MAX)


@dataclass(frozen=True, slots=True)
class Operation:
    """A route of the JSON interface: what comes in, and what goes out by status."""

    answers: Mapping[int, type[BaseModel]]
    summary: str
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    faults: tuple[int, ...] = ()
    account: bool = False
    file: str = ""
    """The media type of an answer that is a file."""


def operation(
    blueprint: Blueprint,
    method: str,
    path: str,
    *,
    answers: Mapping[int, type[BaseModel]] | None = None,
    query: type[BaseModel] | None = None,
    body: type[BaseModel] | None = None,
    faults: tuple[int, ...] = (),
    account: bool = False,
    body_bytes: int = limits.API_BODY_BYTES,
    file: str = "",
) -> Callable[[Callable[..., Answer]], Callable[..., Response]]:
    """Make a function the route `method` /api/v1`path`.

    It is handed path arguments by name, and `query` and `body` parsed into their schemas; it returns a schema, or
    (schema, status[, headers]). With `account`, only who is logged in or sends a token comes through. With `file`, it
    returns a response of that media type.
    """

    def declare(function: Callable[..., Answer]) -> Callable[..., Response]:
        declared = Operation(
            answers=answers or {},
            summary=(function.__doc__ or "").strip().split("\n")[0].rstrip("."),
            query=query,
            body=body,
            faults=faults,
            account=account,
            file=file,
        )

        @functools.wraps(function)
        def view(**arguments: Any) -> Response:
            if account:
                _require_account()
            if query is not None:
                arguments["query"] = parse(query, request.args.to_dict())
            if body is not None:
                arguments["body"] = _read_body(body, body_bytes)
            return _send(declared, function(**arguments))

        view.operation = declared  # type: ignore[attr-defined]
        # its own check is in _require_account: a token needs none, a cookie does
        csrf.exempt(view)
        blueprint.add_url_rule(PREFIX + path, endpoint=function.__name__, view_func=view, methods=[method])
        return view

    return declare


def _require_account() -> None:
    if people.current() is None:
        raise Unauthenticated(
            "This needs an account.", "Send an API token as 'Authorization: Bearer ...'; make one at /account."
        )
    if not g.get("by_token") and current_app.config.get("WTF_CSRF_ENABLED", True):
        csrf.protect()


def _read_body(model: type[BaseModel], most_bytes: int) -> BaseModel:
    """The request's JSON as a schema. Raises: Invalid, TooLarge, UnsupportedMediaType."""
    request.max_content_length = most_bytes
    try:
        content = request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        kib = most_bytes // limits.KIB
        raise TooLarge(f"The body is larger than {kib} KiB.", "Send less.", field="body") from error
    if not content and all(not field.is_required() for field in model.model_fields.values()):
        return model()
    if not request.is_json:
        came = f"as {request.mimetype[:80]}" if request.mimetype else "without a Content-Type"
        raise UnsupportedMediaType(f"The body came {came}. Send JSON, with 'Content-Type: application/json'.")
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            raise Invalid("The body is not JSON.", "Send one JSON object.", field="body") from error
        name, sentence = faults.told(error, "The body")
        raise Invalid(sentence, f"See {DOCUMENT} for what is taken.", field=name or "body") from error


def _send(declared: Operation, answer: Answer) -> Response:
    if isinstance(answer, Response):
        if answer.mimetype != declared.file:
            raise TypeError(f"{request.endpoint} answered {answer.mimetype}, which it does not declare.")
        return answer
    value, status, headers = (*answer, {})[:3] if isinstance(answer, tuple) else (answer, 200, {})
    model = declared.answers.get(status)
    if model is None or not isinstance(value, model):
        raise TypeError(f"{request.endpoint} answered {status} {type(value).__name__}, which it does not declare.")
    response = make_response(value.model_dump_json(), status)
    response.content_type = "application/json"
    response.headers.update(headers)
    response.vary.update(("Authorization", "Cookie"))
    if declared.account:
        response.headers["Cache-Control"] = "no-store"
    return response


def operations(app: Flask) -> list[tuple[str, str, str, Operation]]:
    """(path, method, name, operation) of every route that the application really has, in the order of their paths."""
    found = []
    for rule in app.url_map.iter_rules():
        declared = getattr(app.view_functions[rule.endpoint], "operation", None)
        if declared is not None:
            method = next(iter((rule.methods or set()) - {"HEAD", "OPTIONS"}))
            found.append((rule.rule, method.lower(), rule.endpoint.rpartition(".")[2], declared))
    return sorted(found, key=lambda item: item[:2])


def document(app: Flask) -> dict[str, Any]:
    """The OpenAPI 3.1 document of the routes and schemas in use."""
    found = operations(app)
    wanted: set[tuple[type[BaseModel], JsonSchemaMode]] = {(Problem, "serialization")}
    for *_, declared in found:
        wanted |= {(model, "serialization") for model in declared.answers.values()}
        wanted |= {(model, "validation") for model in (declared.body, declared.query) if model is not None}
    ordered = sorted(wanted, key=lambda pair: (pair[0].__name__, pair[1]))
    places, definitions = models_json_schema(ordered, ref_template=_TEMPLATE)
    schemas = definitions.get("$defs", {})
    paths: dict[str, Any] = {}
    for rule, method, name, declared in found:
        path = _ARGUMENT.sub(r"{\g<name>}", rule)
        paths.setdefault(path, {})[method] = _describe(rule, name, declared, places, schemas)
    for model in {declared.query for *_, declared in found if declared.query is not None}:
        if model not in {declared.body for *_, declared in found}:
            schemas.pop(_name_of(places[model, "validation"]), None)  # it stands in the parameters
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Brickyard",
            "version": __version__,
            "summary": "A registry of open hardware.",
            "description": "Reading needs no account. Lists are {items, total, next}, where next is the address of the "
            "next page or null. In a REF, write ~ for a slash. Faults are application/problem+json (RFC 9457).",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "an API token, made at /account"},
            },
        },
    }


def _name_of(schema: Mapping[str, Any]) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def _describe(
    rule: str, name: str, declared: Operation, places: Mapping[Any, Mapping[str, Any]], schemas: Mapping[str, Any]
) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {"name": found["name"], "in": "path", "required": True, "schema": _KINDS.get(found["kind"], {"type": "string"})}
        for found in _ARGUMENT.finditer(rule)
    ]
    if declared.query is not None:
        schema = schemas[_name_of(places[declared.query, "validation"])]
        for key, value in schema["properties"].items():
            required = key in schema.get("required", [])
            parameters.append({"name": key, "in": "query", "required": required, "schema": value})
    responses: dict[str, Any] = {
        str(status): _content(_phrase(status), places[model, "serialization"])
        for status, model in declared.answers.items()
    }
    if declared.file:
        content = {declared.file: {"schema": {"type": "string", "format": "binary"}}}
        responses["200"] = {"description": _phrase(200), "content": content}
    faults = {*declared.faults}
    faults |= {401, 403} if declared.account else set()
    faults |= {413, 415, 422} if declared.body else set()
    faults |= {422} if declared.query else set()
    faults |= {404} if _ARGUMENT.search(rule) else set()
    problem = places[Problem, "serialization"]
    for status in sorted(faults):
        responses[str(status)] = _content(_phrase(status), problem, "application/problem+json")
    responses["default"] = _content("Any other fault", problem, "application/problem+json")
    told: dict[str, Any] = {
        "operationId": name,
        "summary": declared.summary,
        "parameters": parameters,
        "responses": responses,
    }
    if declared.body is not None:
        required = any(field.is_required() for field in declared.body.model_fields.values())
        content = {"application/json": {"schema": dict(places[declared.body, "validation"])}}
        told["requestBody"] = {"required": required, "content": content}
    if declared.account:
        told["security"] = [{"token": []}]
    return told


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase


def _content(description: str, schema: Mapping[str, Any], media_type: str = "application/json") -> dict[str, Any]:
    return {"description": description, "content": {media_type: {"schema": dict(schema)}}}


def install_openapi(app: Flask) -> None:
    """Serve the document, which is made when it is first asked for: a start, and most tests, do without."""
    told = functools.cache(lambda: document(app))
    app.add_url_rule(DOCUMENT, endpoint="openapi", view_func=lambda: jsonify(told()), methods=["GET"])
