"""The document says what the routes do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Blueprint, Flask
from pydantic import BaseModel

from app import create_app
from registry.stores.stores import Stores
from registry.web import install_openapi
from registry.web.openapi import DOCUMENT, operation


@pytest.fixture
def app(sqlite_stores: Stores) -> Flask:
    return create_app(stores=sqlite_stores)


@pytest.fixture
def told(app: Flask) -> dict[str, Any]:
    document: dict[str, Any] = app.test_client().get("/api/v1/openapi.json").get_json()
    return document


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "$ref":
                yield item
            else:
                yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def test_every_reference_leads_somewhere_and_nothing_is_left_over(told: dict[str, Any]) -> None:
    wanted = {reference.removeprefix("#/components/schemas/") for reference in references(told)}
    assert wanted == set(told["components"]["schemas"])


def test_every_route_of_the_interface_is_in_it(app: Flask, told: dict[str, Any]) -> None:
    routes = {
        (re.sub(r"<(?:[^<>:]+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/") and rule.rule != DOCUMENT
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == {(path, method) for path, methods in told["paths"].items() for method in methods}
    for name in (
        "designs",
        "designs/{slug}",
        "designs/{slug}/versions",
        "designs/{slug}/versions/{ref}",
        "builds/{build_id}",
    ):
        assert "get" in told["paths"][f"/api/v1/{name}"]


def test_names_are_used_once_and_path_arguments_are_declared(told: dict[str, Any]) -> None:
    names = []
    for path, methods in told["paths"].items():
        for operation_ in methods.values():
            names.append(operation_["operationId"])
            declared = {item["name"] for item in operation_["parameters"] if item["in"] == "path"}
            assert declared == set(re.findall(r"{(\w+)}", path)) and operation_["summary"]
    assert len(names) == len(set(names))


def test_it_is_openapi_3_1(told: dict[str, Any]) -> None:
    assert told["openapi"] == "3.1.0"
    validator = pytest.importorskip("openapi_spec_validator")
    validator.validate(told)


class _Wish(BaseModel):
    count: int


class _Gift(BaseModel):
    count: int


def test_a_route_can_not_answer_what_it_does_not_declare() -> None:
    app = Flask("small")
    blueprint = Blueprint("small", __name__)

    @operation(blueprint, "POST", "/gifts", body=_Wish, answers={200: _Gift})
    def give(body: _Wish) -> BaseModel:
        """Give."""
        return _Gift(count=body.count) if body.count < 3 else body

    app.register_blueprint(blueprint)
    install_openapi(app)
    client = app.test_client()
    assert client.post("/api/v1/gifts", json={"count": 2}).get_json() == {"count": 2}
    assert client.post("/api/v1/gifts", json={"count": 5}).status_code == 500
    told = client.get(DOCUMENT).get_json()["paths"]["/api/v1/gifts"]["post"]
    assert told["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/_Wish")
