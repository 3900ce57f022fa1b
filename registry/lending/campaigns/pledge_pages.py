"""HTML pages of pledges: the form, how to pay, what is owed, a year's summary."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request
from pydantic import BaseModel, Field
from werkzeug.wrappers import Response as Redirect

from registry.batches import papers
from registry.errors import RegistryError
from registry.lending.campaigns import forms, own, pledging, queries, summaries, transfers
from registry.lending.campaigns.pages import NUMBER, Page, campaign_page
from registry.lending.campaigns.schemas import ChoiceWish, PledgeWish, WithdrawWish, YearQuery
from registry.lending.paying import spaced
from registry.web import people, slots
from registry.web.context import parse, stores
from registry.web.files import guard
from registry.web.paging import Pages
from registry.web.rates import submissions

blueprint = Blueprint("pledges", __name__)


class _Part(BaseModel):
    page: int = Field(default=1, ge=1, le=10_000)


def _form(number: int, fault: RegistryError | None = None) -> Page:
    person = people.required()
    with stores().db.reading() as session:
        campaign = queries.get_campaign(session, number, person.id)
        policy = queries.policy_for(session, queries.find_campaign(session, number, person.id))
    if campaign.state != "open" or campaign.counting or campaign.terms is None:
        return campaign_page(number, fault)
    html = render_template(
        "lending/pledge_form.html", campaign=campaign, terms=campaign.terms, policy=policy, fault=fault,
        values=request.form, key=request.form.get("key") or secrets.token_urlsafe(16),
    )  # fmt: skip
    return html, fault.status if fault else 200


@blueprint.get(f"/lending/{NUMBER}/pledge")
def show_form(number: int) -> Page:
    """Pledge to a campaign: amount, how it is paid back, terms."""
    return _form(number)


@blueprint.post(f"/lending/{NUMBER}/pledges")
@submissions
def pledge(number: int) -> Page | Redirect:
    """Make the pledge."""
    person = people.required()
    try:
        with stores().db.reading() as session:
            currency = queries.find_campaign(session, number, person.id).currency
        wish = parse(PledgeWish, forms.pledge_values(request.form, currency))
        made = pledging.pledge(stores(), person.id, number, wish)
    except RegistryError as error:
        if error.status == 404:
            raise
        return _form(number, error)
    flash("Pledged. It counts once you have paid it in.", "moss")
    return redirect(f"/lending/pledges/{made}", 303)


def _pledge_page(number: int, fault: RegistryError | None = None) -> Page:
    person = people.required()
    with stores().db.reading() as session:
        found = own.get_pledge(session, number, person.id)
        mine = own.find_pledge(session, number, person.id).account_id == person.id
    html = render_template(
        "lending/pledge.html", pledge=found, mine=mine, code=transfers.code_of(found), fault=fault, form=request.form,
        iban=spaced(found.payee_iban), reference=spaced(found.reference),
    )  # fmt: skip
    return html, fault.status if fault else 200


@blueprint.get(f"/lending/pledges/{NUMBER}")
def show_pledge(number: int) -> Page:
    """A pledge: how to pay it, what is owed and when, the terms as they were accepted."""
    return _pledge_page(number)


def _private(content: bytes, name: str) -> Response:
    response = guard(Response(content), name)
    response.headers["Cache-Control"] = "private, no-store"
    return response


@blueprint.get(f"/lending/pledges/{NUMBER}.pdf")
@submissions
def download_transfer(number: int) -> Response:
    """How to pay a pledge, as a paper."""
    person = people.required()
    with stores().db.reading() as session:
        found = own.get_pledge(session, number, person.id)
    return _private(papers.make_pdf(stores(), transfers.paper(found)), f"pledge-{number}.pdf")


@blueprint.post(f"/lending/pledges/{NUMBER}/withdraw")
@submissions
def withdraw(number: int) -> Page | Redirect:
    """Take a pledge back."""
    person = people.required()
    try:
        pledging.withdraw(stores(), person.id, number, parse(WithdrawWish, request.form.to_dict()))
    except RegistryError as error:
        if error.status == 404:
            raise
        return _pledge_page(number, error)
    flash("Withdrawn. What you paid in is sent back.", "moss")
    return redirect(f"/lending/pledges/{number}", 303)


@blueprint.post(f"/lending/pledges/{NUMBER}/choices")
@submissions
def choose(number: int) -> Page | Redirect:
    """Change how a pledge is shown and paid back."""
    person = people.required()
    values: dict[str, Any] = {
        "named": "named" in request.form,
        "repay": request.form.get("repay"),
        "payout": forms.payout_values(request.form),
    }
    try:
        pledging.choose(stores(), person.id, number, parse(ChoiceWish, values))
    except RegistryError as error:
        if error.status == 404:
            raise
        return _pledge_page(number, error)
    flash("Kept.", "moss")
    return redirect(f"/lending/pledges/{number}", 303)


# --- all of mine


@blueprint.get("/lending/mine")
def show_mine() -> str:
    """My pledges, what is owed to me and when, my years."""
    person = people.required()
    query, part = parse(YearQuery, request.args.to_dict()), parse(_Part, request.args.to_dict())
    with stores().db.reading() as session:
        found = own.list_pledges(session, person.id, part.page)
        year = own.get_year(session, person.id, query.year)
        messages = own.messages_to(session, person.id)
        years = own.years_of(session, person.id)
    pages = Pages(part.page, 50, found.total)
    return render_template("lending/mine.html", found=found, year=year, years=years, messages=messages, pages=pages)


@blueprint.get("/lending/mine/<int(min=1970,max=9998):year>.csv")
def download_year(year: int) -> Response:
    """A year's movements as CSV."""
    person = people.required()
    with stores().db.reading() as session:
        found = own.get_year(session, person.id, year)
    return _private(summaries.as_csv(found), f"lending-{year}.csv")


@blueprint.get("/lending/mine/<int(min=1970,max=9998):year>.pdf")
@submissions
def print_year(year: int) -> Response:
    """A year's summary as a paper."""
    person = people.required()
    with stores().db.reading() as session:
        found = own.get_year(session, person.id, year)
    paper = summaries.paper(found, stores().settings.public_url)
    return _private(papers.make_pdf(stores(), paper), f"lending-{year}.pdf")


def _fill_account(**_: object) -> str:
    person = people.required()
    with stores().db.reading() as session:
        found = own.list_pledges(session, person.id)
    return render_template("lending/_account.html", found=found) if found.total else ""


slots.register("account.page", _fill_account)
