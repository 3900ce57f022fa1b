"""HTML pages of campaigns, and what they add to other pages."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request
from werkzeug.wrappers import Response as Redirect

from registry.batches import queries as batches
from registry.batches.batch_schemas import BatchDetail
from registry.designs import queries as designs
from registry.designs.schemas import DesignDetail, VersionDetail
from registry.errors import RegistryError
from registry.lending.campaigns import forms, own, queries, service, treasurers
from registry.lending.campaigns.schemas import (
    CampaignMove,
    CampaignQuery,
    CampaignWish,
    MessageWish,
    TermsWish,
    TreasurerWish,
)
from registry.lending.queries import policy_now
from registry.web import people, slots
from registry.web.acting import Page, act
from registry.web.context import parse, stores
from registry.web.paging import Pages
from registry.web.rates import submissions

blueprint = Blueprint("campaigns", __name__)
NUMBER = "<int(max=2147483647):number>"


@blueprint.get("/lending")
def list_campaigns() -> str:
    """Campaigns: those that are open first."""
    service.settle_due(stores())
    query = parse(CampaignQuery, request.args.to_dict())
    with stores().db.reading() as session:
        found = queries.list_campaigns(session, query)
    pages = Pages(query.page, query.per_page, found.total)
    return render_template("lending/list.html", found=found, query=query, pages=pages)


def campaign_page(number: int, fault: RegistryError | None = None) -> Page:
    """A campaign, with what the reader may do."""
    service.settle_if_due(stores(), number)
    person = people.current()
    account_id = person.id if person else None
    with stores().db.reading() as session:
        campaign = queries.get_campaign(session, number, account_id)
        acts = queries.acts_for(session, number, account_id)
        treasurer = treasurers.is_treasurer(session, account_id)
        mine = own.list_pledges(session, account_id, campaign=number).items if account_id else []
    html = render_template(
        "lending/campaign.html", campaign=campaign, acts=acts, treasurer=treasurer, fault=fault, form=request.form,
        mine=mine, stages=forms.STAGES,
    )  # fmt: skip
    return html, fault.status if fault else 200


@blueprint.get(f"/lending/{NUMBER}")
def show_campaign(number: int) -> Page:
    """What is made, how far it is paid, what a pledge does, and who is behind it."""
    return campaign_page(number)


@blueprint.get(f"/lending/{NUMBER}/terms/<int(max=100000):version>")
def show_terms(number: int, version: int) -> str:
    """A version of the terms, to the letter."""
    person = people.current()
    with stores().db.reading() as session:
        campaign = queries.get_campaign(session, number, person.id if person else None)
        terms = queries.terms_view(session, number, version)
    return render_template("lending/terms.html", campaign=campaign, terms=terms)


# --- drafts


def _form(values: Any, batch_number: int, campaign: int | None = None, fault: RegistryError | None = None) -> Page:
    person = people.required()
    with stores().db.reading() as session:
        batch = batches.get_batch(session, batch_number, person.id)
        policy = policy_now(session)
    html = render_template(
        "lending/campaign_form.html", batch=batch, policy=policy, campaign=campaign, fault=fault,
        values=values or forms.proposed(batch, policy), rows=forms.PURPOSE_ROWS, stages=forms.STAGES,
        zones=forms.ZONES,
    )  # fmt: skip
    return html, fault.status if fault else 200


@blueprint.get("/lending/new")
def show_form() -> Page:
    """Draft a campaign for a batch."""
    people.required()
    return _form(None, forms.whole(request.args.get("batch", ""), "batch", "The batch"))


def _wish() -> CampaignWish:
    person = people.required()
    number = forms.whole(request.form.get("batch", ""), "batch", "The batch")
    with stores().db.reading() as session:
        batch = batches.get_batch(session, number, person.id)
    return parse(CampaignWish, forms.campaign_values(request.form, batch.currency))


@blueprint.post("/lending")
@submissions
def draft() -> Page | Redirect:
    """Keep it as a draft."""
    person = people.required()
    try:
        number = service.draft(stores(), person.id, _wish())
    except RegistryError as error:
        if error.status in (403, 404):
            raise
        return _form(request.form, int(request.form["batch"]), None, error)
    flash("Kept as a draft. It is public once you open it.", "moss")
    return redirect(f"/lending/{number}", 303)


@blueprint.get(f"/lending/{NUMBER}/edit")
def show_edit(number: int) -> Page:
    """Change a draft."""
    person = people.required()
    with stores().db.reading() as session:
        row = queries.find_campaign(session, number, person.id)
        found = queries.get_campaign(session, number, person.id)
        values = forms.kept(found, row.payee_iban, row.payee_bic)
    return _form(values, found.batch, number)


@blueprint.post(f"/lending/{NUMBER}/edit")
@submissions
def edit(number: int) -> Page | Redirect:
    """Keep what was changed."""
    person = people.required()
    with stores().db.reading() as session:
        batch = queries.find_campaign(session, number, person.id).batch_id
    return act(
        lambda: service.edit(stores(), person.id, number, _wish()),
        partial(_form, request.form, batch, number), f"/lending/{number}",
    )  # fmt: skip


@blueprint.post(f"/lending/{NUMBER}/move")
@submissions
def move(number: int) -> Page | Redirect:
    """Open it, or call it off."""
    person = people.required()
    return act(
        lambda: service.move(stores(), person.id, number, parse(CampaignMove, request.form.to_dict())),
        partial(campaign_page, number), f"/lending/{number}",
    )  # fmt: skip


@blueprint.post(f"/lending/{NUMBER}/terms")
@submissions
def amend(number: int) -> Page | Redirect:
    """Other words in the terms, for pledges to come."""
    person = people.required()
    return act(
        lambda: service.amend_terms(stores(), person.id, number, parse(TermsWish, request.form.to_dict())),
        partial(campaign_page, number), f"/lending/{number}#terms",
    )  # fmt: skip


@blueprint.post(f"/lending/{NUMBER}/messages")
@submissions
def send_message(number: int) -> Page | Redirect:
    """Tell the lenders something."""
    person = people.required()
    return act(
        lambda: service.send_message(stores(), person.id, number, parse(MessageWish, request.form.to_dict())),
        partial(campaign_page, number), f"/lending/{number}#messages",
    )  # fmt: skip


# --- treasurers


def _treasurers(fault: RegistryError | None = None) -> Page:
    with stores().db.reading() as session:
        found = treasurers.list_treasurers(session)
    html = render_template("lending/treasurers.html", found=found, fault=fault, form=request.form)
    return html, fault.status if fault else 200


@blueprint.get("/lending/treasurers")
def show_treasurers() -> Page:
    """Who looks after statements and payments."""
    return _treasurers()


@blueprint.post("/lending/treasurers")
@submissions
def name_treasurer() -> Page | Redirect:
    """Name one, or end it."""
    person = people.required_steward()
    values = request.form.to_dict() | {"acts": request.form.get("acts", "yes") == "yes"}
    return act(
        lambda: treasurers.name(stores(), person.id, parse(TreasurerWish, values)), _treasurers,
        "/lending/treasurers", elsewhere=(403,),
    )  # fmt: skip


# --- on other pages


def _fill_box(design: DesignDetail, **_: Any) -> str:
    with stores().db.reading() as session:
        found = queries.open_campaigns(session, designs.find_design(session, design.slug).id, limit=2)
    return render_template("lending/_box.html", campaigns=found) if found else ""


def _fill_money(design: DesignDetail, version: VersionDetail | None = None, **_: Any) -> str:
    with stores().db.reading() as session:
        found = queries.list_campaigns(session, CampaignQuery(design=design.slug, per_page=12))
    return render_template("lending/_money.html", campaigns=found) if found.items else ""


def _fill_home(**_: Any) -> str:
    with stores().db.reading() as session:
        found = queries.open_campaigns(session, limit=4)
    return render_template("lending/_home.html", campaigns=found) if found else ""


def _fill_batch(batch: BatchDetail, **_: Any) -> str:
    person = people.current()
    with stores().db.reading() as session:
        found = queries.of_batch(session, batch.number)
        leads = batches.acts_for(session, batch.number, person.id if person else None)[0]
        draft = queries.draft_of_batch(session, batch.number) if leads else None
    may = leads and batch.state in ("open", "filled") and (found is None or found.state == "failed")
    if not (found or draft or may):
        return ""
    return render_template("lending/_batch.html", campaign=found, draft=draft, may=may, batch=batch)


def _fill_nav(**_: Any) -> str:
    return render_template("lending/_nav.html")


slots.register("design.box", _fill_box)
slots.register("design.money", _fill_money)
slots.register("home.rows", _fill_home)
slots.register("batch.side", _fill_batch)
slots.register("site.nav", _fill_nav)
