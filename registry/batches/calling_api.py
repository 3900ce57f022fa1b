"""JSON of what ends a request: the buyer calls it off."""

from __future__ import annotations

from flask import Blueprint
from pydantic import BaseModel, Field

from registry.batches import quote_queries, quoting
from registry.batches.schemas import LINE_CHARS, RequestDetail
from registry.web import people
from registry.web.context import stores
from registry.web.openapi import operation

blueprint = Blueprint("calling_api", __name__)


class Reason(BaseModel):
    """Why; those who were asked are told."""

    why: str = Field(default="", max_length=LINE_CHARS)


@operation(
    blueprint, "POST", "/requests/<int(max=2147483647):number>/call-off", body=Reason, answers={200: RequestDetail},
    faults=(409,), account=True,
)  # fmt: skip
def call_off_request(number: int, body: Reason) -> RequestDetail:
    """Call a request off."""
    person = people.required()
    quoting.call_off(stores(), person.id, number, body.why)
    with stores().db.reading() as session:
        return quote_queries.get_request(session, number, person.id)
