"""The page on which batches that share parts buy together, and its JSON."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template, request
from pydantic import BaseModel, Field

from registry.batches import buying, forms, service
from registry.batches.batch_schemas import BatchDetail
from registry.batches.buying_schemas import SharedBuying
from registry.web import people, slots
from registry.web.context import stores
from registry.web.files import guard
from registry.web.openapi import operation

blueprint = Blueprint("buying", __name__)
_HERE = "/batches/<int(max=2147483647):number>/buying"


class BuyingQuery(BaseModel):
    """With which batches."""

    partners: str = Field(
        default="all", max_length=400, description="numbers with commas; 'all' for every batch that shares parts"
    )


def _chosen(text: str) -> list[int] | None:
    return None if text == "all" else forms.quantities(text)


def _read(number: int, chosen: list[int] | None) -> SharedBuying:
    person = people.current()
    service.settle_due(stores())
    with stores().db.reading() as session:
        return buying.shared(stores(), session, number, person.id if person else None, chosen)


def _asked() -> list[int] | None:
    """Ticked boxes: each is a `with`; none was sent: all."""
    return _chosen(",".join(filter(None, request.args.getlist("with")))) if "with" in request.args else None


@blueprint.get(_HERE)
def show_buying(number: int) -> str:
    """One purchase list over batches."""
    return render_template("batches/buying.html", found=_read(number, _asked()))


@blueprint.get(f"{_HERE}.csv")
def download_buying(number: int) -> Response:
    """The same as a table."""
    content = buying.as_csv(_read(number, _asked()).buy)
    response = guard(Response(content, content_type="text/csv; charset=utf-8"), "to-buy.csv")
    response.headers["Content-Disposition"] = f'attachment; filename="batch-{number}-to-buy.csv"'
    return response


@operation(blueprint, "GET", _HERE, query=BuyingQuery, answers={200: SharedBuying}, faults=(409,))
def read_buying(number: int, query: BuyingQuery) -> SharedBuying:
    """One purchase list over a batch and those that need the same parts, with what that spares."""
    return _read(number, _chosen(query.partners))


def _fill_side(batch: BatchDetail, **_: Any) -> str:
    if batch.state not in ("open", "filled"):
        return ""
    return render_template("batches/_buying.html", found=_read(batch.number, None))


slots.register("batch.side", _fill_side)
