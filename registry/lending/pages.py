"""HTML pages of lending."""

from __future__ import annotations

from flask import Blueprint, Response, render_template

from registry.lending import queries
from registry.web.context import stores

blueprint = Blueprint("lending", __name__)


@blueprint.get("/lending/policy")
def show_policy() -> str:
    """The bank's policy in sentences, with its changes."""
    with stores().db.reading() as session:
        found = queries.get_policy(session)
    return render_template("lending/policy.html", policy=found)


@blueprint.get("/lending/policy.toml")
def download_policy() -> Response:
    """The policy as a file that another registry can import."""
    with stores().db.reading() as session:
        _, text = queries.policy_text(session)
    headers = {"Content-Disposition": 'attachment; filename="policy.toml"', "X-Content-Type-Options": "nosniff"}
    return Response(text, mimetype="application/toml", headers=headers)
