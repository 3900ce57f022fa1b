"""JSON of boards checked against a fabricator's limits."""

from __future__ import annotations

from flask import Blueprint

from registry.fabricators import limit_checks
from registry.fabricators.limit_schemas import LimitChecks
from registry.web import people
from registry.web.context import stores
from registry.web.openapi import operation
from registry.web.rates import build_wishes

blueprint = Blueprint("limit_api", __name__)
_PATH = "/designs/<slug>/versions/<ref>/limits/<fabricator>"


@operation(blueprint, "GET", _PATH, answers={200: LimitChecks})
def read_limit_checks(slug: str, ref: str, fabricator: str) -> LimitChecks:
    """How the boards of a version fare under a fabricator's own limits, as far as somebody had them checked."""
    return limit_checks.read_checks(stores(), slug, ref.replace("~", "/"), fabricator)


@operation(blueprint, "POST", _PATH, answers={202: LimitChecks}, account=True)
@build_wishes
def ask_for_limit_checks(slug: str, ref: str, fabricator: str) -> tuple[LimitChecks, int]:
    """Have the boards of a version checked with rules made from a fabricator's limits; ask again for what was found."""
    return limit_checks.ask(stores(), people.required().id, slug, ref.replace("~", "/"), fabricator), 202
