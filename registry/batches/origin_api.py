"""JSON of official fabricators."""

from __future__ import annotations

from flask import Blueprint

from registry.batches import origin
from registry.batches.origin_schemas import OfficialAnswer, OfficialList, OfficialWish
from registry.web import people
from registry.web.context import stores
from registry.web.openapi import operation

blueprint = Blueprint("officials_api", __name__)
_PATH = "/designs/<slug>/official"


@operation(blueprint, "GET", _PATH, answers={200: OfficialList})
def read_officials(slug: str) -> OfficialList:
    """The fabricators that a design's maintainers named, with their terms and history."""
    with stores().db.reading() as session:
        found = origin.officials_of(session, slug)
    return OfficialList(items=found, total=len(found))


@operation(blueprint, "POST", _PATH, body=OfficialWish, answers={201: OfficialList}, faults=(409,), account=True)
def offer_terms(slug: str, body: OfficialWish) -> tuple[OfficialList, int]:
    """Name a fabricator under written terms, as a maintainer of the design."""
    origin.name_official(stores(), people.required().id, slug, body)
    with stores().db.reading() as session:
        found = origin.officials_of(session, slug)
    return OfficialList(items=found, total=len(found)), 201


@operation(
    blueprint, "POST", f"{_PATH}/<int(max=2147483647):number>", body=OfficialAnswer, answers={200: OfficialList},
    faults=(409,), account=True,
)  # fmt: skip
def answer_terms(slug: str, number: int, body: OfficialAnswer) -> OfficialList:
    """Accept or decline terms as the fabricator; end a naming as either side."""
    origin.answer(stores(), people.required().id, number, body)
    with stores().db.reading() as session:
        found = origin.officials_of(session, slug)
    return OfficialList(items=found, total=len(found))
