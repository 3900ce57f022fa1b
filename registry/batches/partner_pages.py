"""Who makes a batch, on its page: shares, questions and answers; and their JSON."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request
from werkzeug.wrappers import Response as Redirect

from registry.batches import makers, partners, queries, rules
from registry.batches.batch_schemas import BatchDetail, PartnerAnswer, PartnerWish
from registry.batches.pages import batch_page
from registry.batches.partners import OPEN_TO_PARTNERS
from registry.batches.roles import acts_for_slugs
from registry.errors import RegistryError
from registry.web import people, slots
from registry.web.context import parse, stores
from registry.web.openapi import operation
from registry.web.rates import submissions

blueprint = Blueprint("partners", __name__)
_HERE = "/batches/<int(max=2147483647):number>/makers"
_SAID = {
    "agree": "Agreed. The batch is on your board.",
    "decline": "Declined. Who leads it is told.",
    "take back": "Taken back.",
    "leave": "They no longer make a share of it.",
}


@blueprint.post(_HERE)
@submissions
def ask_partner(number: int) -> str | tuple[str, int] | Redirect:
    """Ask another workshop to make a share."""
    person = people.required()
    try:
        values = {key: request.form.get(key, "") for key in ("fabricator", "does")}
        wish = parse(PartnerWish, values | {"stages": request.form.getlist("stages")})
        partners.ask(stores(), person.id, number, wish)
    except RegistryError as error:
        return batch_page(number, error)
    flash("Asked. They see it among their notices, and answer here.", "moss")
    return redirect(f"/batches/{number}#makers", 303)


@blueprint.post(f"{_HERE}/<slug>")
@submissions
def answer_partner(number: int, slug: str) -> str | tuple[str, int] | Redirect:
    """Agree, decline, take back, leave."""
    person = people.required()
    try:
        wish = parse(PartnerAnswer, request.form.to_dict())
        partners.answer(stores(), person.id, number, slug, wish)
    except RegistryError as error:
        return batch_page(number, error)
    flash(_SAID[wish.action], "moss")
    return redirect(f"/batches/{number}#makers", 303)


@operation(blueprint, "POST", _HERE, body=PartnerWish, answers={201: BatchDetail}, faults=(403, 409), account=True)
def ask_for_share(number: int, body: PartnerWish) -> tuple[BatchDetail, int]:
    """Ask a fabricator to make a share of a batch that one leads."""
    partners.ask(stores(), people.required().id, number, body)
    return _batch(number), 201


@operation(
    blueprint, "POST", f"{_HERE}/<slug>", body=PartnerAnswer, answers={200: BatchDetail}, faults=(403, 409),
    account=True,
)  # fmt: skip
def answer_for_share(number: int, slug: str, body: PartnerAnswer) -> BatchDetail:
    """Agree to make a share, decline, take the question back, or end a share that has not begun."""
    partners.answer(stores(), people.required().id, number, slug, body)
    return _batch(number)


def _batch(number: int) -> BatchDetail:
    with stores().db.reading() as session:
        return queries.get_batch(session, number, people.required().id)


def _fill_side(batch: BatchDetail, **_: Any) -> str:
    person = people.current()
    account_id = person.id if person else None
    slugs = [one.slug for one in batch.makers] + [one.slug for one in batch.invitations]
    with stores().db.reading() as session:
        leads, _counts = queries.acts_for(session, batch.number, account_id)
        mine = acts_for_slugs(session, account_id, slugs)
    asks = leads and batch.state in OPEN_TO_PARTNERS
    if len(batch.makers) < 2 and not batch.invitations and not asks:
        return ""
    return render_template("batches/_makers.html", batch=batch, leads=leads, asks=asks, mine=mine, form=request.form,
                           stages=rules.STAGE_WORDS, words_of=makers.words_of,
                           ticked=request.form.getlist("stages"))  # fmt: skip


slots.register("batch.side", _fill_side)
