"""JSON of fabricators: search, one of them, and adding one."""

from __future__ import annotations

from flask import Blueprint, request

from registry.fabricators import queries, service
from registry.fabricators.schemas import FabricatorDetail, FabricatorList, FabricatorNew, FabricatorQuery
from registry.fabricators.search import canonical, in_words
from registry.web import people
from registry.web.context import stores
from registry.web.openapi import operation
from registry.web.paging import address

blueprint = Blueprint("fabricators_api", __name__)


@operation(blueprint, "GET", "/fabricators", query=FabricatorQuery, answers={200: FabricatorList})
def list_fabricators(query: FabricatorQuery) -> FabricatorList:
    """Search fabricators by process, material, thickness, size and distance, or in plain words."""
    asked = canonical(query)
    spot = queries.spot_of(asked)
    with stores().db.reading() as session:
        found = queries.search(session, asked, spot)
        start, end = (asked.page - 1) * asked.per_page, asked.page * asked.per_page
        part = found[start:end]
        items = queries.cards(session, [row[0] for row in part], {row[0]: row[1] for row in part})
    more = address(page=asked.page + 1) if end < len(found) else None
    return FabricatorList(
        items=items, total=len(found), next=more, understood=in_words(asked, spot.name if spot else "")
    )


@operation(blueprint, "GET", "/fabricators/<slug>", answers={200: FabricatorDetail})
def show_fabricator(slug: str) -> FabricatorDetail:
    """A fabricator with its machines; its place as precise as it wants to be shown."""
    with stores().db.reading() as session:
        return queries.get_fabricator(session, slug)


@operation(
    blueprint, "POST", "/fabricators", body=FabricatorNew, answers={201: FabricatorDetail}, account=True, faults=(409,)
)
def create_fabricator(body: FabricatorNew) -> tuple[FabricatorDetail, int, dict[str, str]]:
    """Add a fabricator with its machines; the account becomes its owner."""
    slug = service.create(stores(), people.required().id, body)
    with stores().db.reading() as session:
        shown = queries.get_fabricator(session, slug)
    return shown, 201, {"Location": f"{request.path}/{slug}"}
