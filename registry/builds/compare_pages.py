"""The page that compares two versions of a design."""

from __future__ import annotations

from flask import Blueprint, render_template

from registry.builds.compare_queries import read_comparison
from registry.builds.comparing import only_changed
from registry.designs import queries as design_queries
from registry.web.context import stores

blueprint = Blueprint("compare", __name__)


@blueprint.get("/designs/<slug>/compare/<old>...<new>")
def show_comparison(slug: str, old: str, new: str) -> str:
    """What changed from one version to another, in sentences and then in full."""
    with stores().db.reading() as session:
        design = design_queries.get_design(session, slug)
        version = design_queries.get_version(session, slug, new)
    found = read_comparison(stores(), slug, old, new)
    return render_template(
        "builds/compare.html", design=design, version=version, found=found, only_changed=only_changed, tab="versions"
    )
