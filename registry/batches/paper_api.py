"""JSON of the papers of a batch, and their PDF for who sends a token."""

from __future__ import annotations

from flask import Blueprint, Response

from registry.batches import labels, paper_list, travellers
from registry.batches.unit_schemas import LabelsQuery, PapersView
from registry.web import people
from registry.web.context import stores
from registry.web.files import send_paper
from registry.web.openapi import operation
from registry.web.rates import submissions

blueprint = Blueprint("papers_api", __name__)
_BATCH = "/batches/<int(max=2147483647):number>"
_PDF = "application/pdf"


@operation(blueprint, "GET", f"{_BATCH}/papers", answers={200: PapersView}, account=True)
def read_papers(number: int) -> PapersView:
    """The papers of a batch as data, for those who make it."""
    paper_list.require_reader(stores(), people.required().id, number)
    return paper_list.papers_of(stores(), number)


@operation(blueprint, "GET", f"{_BATCH}/traveller.pdf", file=_PDF, account=True, faults=(429, 503))
@submissions
def read_batch_traveller(number: int) -> Response:
    """The traveller of a batch as PDF."""
    paper_list.require_reader(stores(), people.required().id, number)
    return send_paper(travellers.batch_traveller(stores(), number), f"traveller-batch-{number}.pdf")


@operation(blueprint, "GET", f"{_BATCH}/units/<serial>/traveller.pdf", file=_PDF, account=True, faults=(429, 503))
@submissions
def read_unit_traveller(number: int, serial: str) -> Response:
    """The traveller of one unit as PDF."""
    paper_list.require_reader(stores(), people.required().id, number)
    return send_paper(travellers.unit_traveller(stores(), number, serial), f"traveller-{serial}.pdf")


@operation(blueprint, "GET", f"{_BATCH}/labels.pdf", file=_PDF, query=LabelsQuery, account=True, faults=(409, 429, 503))
@submissions
def read_labels(number: int, query: LabelsQuery) -> Response:
    """The labels of a batch's units as PDF."""
    paper_list.require_reader(stores(), people.required().id, number)
    content = labels.labels(stores(), number, query.form, query.first, query.last, query.skip)
    return send_paper(content, f"labels-batch-{number}.pdf")
