"""JSON of lending."""

from __future__ import annotations

from flask import Blueprint

from registry.lending import queries, service
from registry.lending.schemas import PolicyView, PolicyWish
from registry.web import people
from registry.web.context import stores
from registry.web.openapi import operation

blueprint = Blueprint("lending_api", __name__)


@operation(blueprint, "GET", "/lending/policy", answers={200: PolicyView})
def read_lending_policy() -> PolicyView:
    """The policy of this registry's bank, in TOML and in sentences, with its changes."""
    return _policy()


@operation(
    blueprint, "POST", "/lending/policy", body=PolicyWish, answers={201: PolicyView}, faults=(409,), account=True
)
def change_lending_policy(body: PolicyWish) -> tuple[PolicyView, int]:
    """Let another policy hold from now on, as a steward, with the reason."""
    service.change_policy(stores(), people.required().id, body)
    return _policy(), 201


def _policy() -> PolicyView:
    with stores().db.reading() as session:
        return queries.get_policy(session)
