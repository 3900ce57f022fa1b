"""HTML pages of lending."""

from __future__ import annotations

from flask import Blueprint, Response, flash, render_template, request
from werkzeug.wrappers import Response as Redirect

from registry.errors import RegistryError
from registry.lending import queries, service
from registry.lending.schemas import PolicyWish
from registry.web import people
from registry.web.acting import Page, act
from registry.web.context import parse, stores
from registry.web.rates import submissions

blueprint = Blueprint("lending", __name__)


def _policy(fault: RegistryError | None = None) -> Page:
    with stores().db.reading() as session:
        found = queries.get_policy(session)
    html = render_template("lending/policy.html", policy=found, fault=fault, form=request.form)
    return html, fault.status if fault else 200


@blueprint.get("/lending/policy")
def show_policy() -> Page:
    """The bank's policy in sentences, with its changes; a steward may change it."""
    return _policy()


@blueprint.post("/lending/policy")
@submissions
def change_policy() -> Page | Redirect:
    """Let another policy hold from now on."""
    person = people.required_steward()
    values = {"text": request.form.get("text", "").replace("\r\n", "\n"), "why": request.form.get("why", "")}

    def change() -> None:
        service.change_policy(stores(), person.id, parse(PolicyWish, values))
        flash("It holds from now on. Open campaigns keep the rules that they were opened under.", "moss")

    return act(change, _policy, "/lending/policy", elsewhere=(403,))


@blueprint.get("/lending/policy.toml")
def download_policy() -> Response:
    """The policy as a file that another registry can import."""
    with stores().db.reading() as session:
        _, text = queries.policy_text(session)
    headers = {"Content-Disposition": 'attachment; filename="policy.toml"', "X-Content-Type-Options": "nosniff"}
    return Response(text, mimetype="application/toml", headers=headers)
