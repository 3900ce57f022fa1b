"""What the dashboard adds to pages of batches, requests and fabricators."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request
from sqlmodel import col, select
from werkzeug.wrappers import Response as Redirect

from registry.batches.batch_schemas import BatchDetail
from registry.batches.schemas import RequestDetail, Word
from registry.batches.tables import QuoteMessage, Reservation
from registry.dashboard import inbox, service
from registry.fabricators.schemas import FabricatorDetail
from registry.web import people, slots
from registry.web.context import parse, stores
from registry.web.rates import submissions

blueprint = Blueprint("dashboard_slots", __name__)


@blueprint.post("/batches/<int(max=2147483647):number>/messages")
@submissions
def write_about(number: int) -> Redirect:
    """A word to the makers of a batch, from somebody who reserved."""
    word = parse(Word, {"text": request.form.get("text", "")})
    service.ask_about(stores(), people.required().id, number, word.text)
    flash("Sent. The answer comes here.", "moss")
    return redirect(f"/batches/{number}#words", 303)


def _fill_batch(batch: BatchDetail, **_: Any) -> str:
    person = people.current()
    if person is None:
        return ""
    with stores().db.reading() as session:
        own = session.exec(
            select(Reservation.id).where(Reservation.batch_id == batch.number, Reservation.account_id == person.id)
        ).first()
        if own is None:
            return ""
        words = inbox.words_about(session, batch.number, person.id)
    service.mark_read(stores(), person.id, inbox.Thread("batch", batch.number), person.id)
    return render_template("dashboard/_batch_words.html", batch=batch, words=words)


def _fill_request(request_: RequestDetail, **_: Any) -> str:
    """The newest word of each quote's thread."""
    with stores().db.reading() as session:
        rows = session.exec(
            select(QuoteMessage)
            .where(col(QuoteMessage.quote_id).in_([quote.id for quote in request_.quotes]))
            .order_by(col(QuoteMessage.id))
        ).all()
    threads = [
        (quote, words[-1], len(words))
        for quote in request_.quotes
        if (words := [row for row in rows if row.quote_id == quote.id])
    ]
    return render_template("dashboard/_request_words.html", threads=threads)


def _fill_fabricator(fabricator: FabricatorDetail, role: str, **_: Any) -> str:
    return render_template("dashboard/_door.html", slug=fabricator.slug) if role else ""


slots.register("batch.side", _fill_batch)
slots.register("request.foot", _fill_request)
slots.register("fabricator.side", _fill_fabricator)
