"""Pages of boards checked against a fabricator's limits: ask, wait, see on the board's picture what is below them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, redirect, render_template, request
from markupsafe import Markup
from werkzeug.wrappers import Response as Redirect

from registry.builds import checking, views
from registry.builds import queries as build_queries
from registry.designs import queries as design_queries
from registry.fabricators import limit_checks
from registry.fabricators.limit_schemas import LimitChecks
from registry.web import people
from registry.web.context import stores
from registry.web.rates import build_wishes

blueprint = Blueprint("limits", __name__)


@blueprint.get("/designs/<slug>/<label>/makers/<fabricator>")
def show_limits(slug: str, label: str, fabricator: str) -> str | Response:
    """How the boards of a version fare under a fabricator's limits; the fragment asks for itself while one runs."""
    with stores().db.reading() as session:
        design = design_queries.get_design(session, slug)
        version = design_queries.get_version(session, slug, label)
        build = build_queries.newest_build(session, version.revision_id)
    checks = limit_checks.read_checks(stores(), slug, label, fabricator)
    state = render_template(
        "fabricators/_limits.html", checks=checks, label=version.label, benches_of=_benches(checks, build)
    )
    if request.headers.get("HX-Request"):
        # the board viewer starts with its page: what has ended is shown as a whole
        return Response(state, headers={} if checks.going_on else {"HX-Refresh": "true"})
    return render_template(
        "fabricators/limits.html", tab="makers", design=design, version=version, checks=checks, state=Markup(state)
    )


def _benches(checks: LimitChecks, build: Any) -> dict[str, dict[str, Any]]:
    """Board -> what its viewer gets, and its findings by kind."""
    targets = {target.name: target for target in (build.boards if build else [])}
    found = {}
    for board in checks.boards:
        if board.findings and board.board in targets:
            report = {"drc": {"findings": board.findings}}
            groups = checking.checks(report)
            bench = views.bench(targets[board.board], [], report)
            found[board.board] = {"bench": bench, "kinds": groups[0].own if groups else []}
    return found


@blueprint.post("/designs/<slug>/<label>/makers/<fabricator>")
@build_wishes
def ask_for_check(slug: str, label: str, fabricator: str) -> Redirect:
    """Have the boards checked."""
    limit_checks.ask(stores(), people.required().id, slug, label, fabricator)
    return redirect(f"/designs/{quote(slug)}/{quote(label, safe='~')}/makers/{quote(fabricator)}", 303)
