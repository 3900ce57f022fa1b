"""JSON of needs and matches."""

from __future__ import annotations

from flask import Blueprint

from registry.fabricators import making_use
from registry.fabricators.making_schemas import CorrectionWish, CouldMake, Matches, NeedsView
from registry.web import people
from registry.web.context import stores
from registry.web.openapi import operation

blueprint = Blueprint("making_api", __name__)


@operation(blueprint, "GET", "/designs/<slug>/versions/<ref>/needs", answers={200: NeedsView})
def read_needs(slug: str, ref: str) -> NeedsView:
    """What a version needs of those who make it, with the evidence for each limit."""
    return making_use.needs_of(stores(), slug, ref.replace("~", "/"))


@operation(
    blueprint, "POST", "/designs/<slug>/versions/<ref>/needs", body=CorrectionWish, answers={201: NeedsView},
    faults=(403,), account=True,
)  # fmt: skip
def correct_needs(slug: str, ref: str, body: CorrectionWish) -> tuple[NeedsView, int]:
    """Say what a version needs in place of what was derived, as who submitted it."""
    person = people.required()
    return making_use.correct(stores(), person.id, person.is_steward, slug, ref.replace("~", "/"), body), 201


@operation(blueprint, "GET", "/designs/<slug>/versions/<ref>/matches", query=making_use.NearQuery,
           answers={200: Matches})  # fmt: skip
def read_matches(slug: str, ref: str, query: making_use.NearQuery) -> Matches:
    """Who can make a version, best first, with the reason for each yes, no and unknown."""
    view = making_use.needs_of(stores(), slug, ref.replace("~", "/"))
    near, _ = making_use.near_of(stores(), query)
    return making_use.matches_of(stores(), view, near)


@operation(blueprint, "GET", "/fabricators/<slug>/could-make", answers={200: CouldMake})
def read_could_make(slug: str) -> CouldMake:
    """What a fabricator could make of the designs here, and what lacks one step."""
    return making_use.could_make(stores(), slug)
