"""HTML pages of commons funds, and what they add to the pages of designs."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request
from werkzeug.wrappers import Response as Redirect

from registry.commons import forms, queries, rules, service
from registry.commons.schemas import GiftWish, MoveWish, NamedWish, ProposalWish, ShareWish, VoiceWish
from registry.designs import maintainers
from registry.designs import queries as designs
from registry.designs.schemas import DesignDetail, VersionDetail
from registry.errors import RegistryError
from registry.ledger.money import parse_percent
from registry.web import people, slots
from registry.web.context import parse, stores
from registry.web.files import guard
from registry.web.rates import submissions

blueprint = Blueprint("commons", __name__)
Page = str | tuple[str, int]
_PROPOSAL = "/commons/<slug>/proposals/<int(max=2147483647):number>"
_TOLD = {"kinds": rules.KINDS, "state_words": rules.STATE_WORDS, "sources": rules.INCOME}


def _page(slug: str, fault: RegistryError | None = None, at: str = "") -> Page:
    person = people.current()
    account_id = person.id if person else None
    service.settle_due(stores())
    with stores().db.reading() as session:
        design, version = designs.get_design(session, slug), designs.get_version(session, slug, None)
        fund = queries.get_fund(session, slug)
        speaks = queries.may_speak(session, slug, account_id)
        maintains = maintainers.is_maintainer(session, designs.find_design(session, slug), account_id)
    html = render_template(
        "commons/fund.html", design=design, version=version, tab="money", fund=fund, speaks=speaks, maintains=maintains,
        fault=fault, at=at, values=request.form, key=request.form.get("key") or secrets.token_urlsafe(12), **_TOLD,
    )  # fmt: skip
    return html, fault.status if fault else 200


@blueprint.get("/commons/<slug>")
def show_fund(slug: str) -> Page:
    """A design's fund: what it holds, where it came from, what it is spent on, who decides."""
    return _page(slug)


def _acted(slug: str, at: str, words: str, act: Any) -> Page | Redirect:
    """Do what a form of the page asks for; faults come back into it."""
    person = people.required()
    try:
        act(person.id)
    except RegistryError as error:
        if error.status in (403, 404):
            raise
        return _page(slug, error, at)
    flash(words, "moss")
    return redirect(f"/commons/{slug}", 303)


@blueprint.post("/commons/<slug>/share")
def set_share(slug: str) -> Page | Redirect:
    """Set the designers' cut."""

    def act(who: int) -> None:
        share = {"share_bp": parse_percent(request.form.get("share", "")), "why": request.form.get("why", "")}
        service.set_share(stores(), who, slug, parse(ShareWish, share))

    return _acted(slug, "share", "It holds for units sold from now on.", act)


@blueprint.post("/commons/<slug>/people")
def name_person(slug: str) -> Page | Redirect:
    """Name a contributor, or take it back."""

    def act(who: int) -> None:
        wish = {name: request.form.get(name, "") for name in ("handle", "why")}
        service.name_person(stores(), who, slug, parse(NamedWish, {**wish, "named": "remove" not in request.form}))

    return _acted(slug, "people", "Kept, with its reason.", act)


@blueprint.post("/commons/<slug>/gifts")
def record_gift(slug: str) -> Page | Redirect:
    """Book money that came to the fund's own account."""

    def act(who: int) -> None:
        values = {name: request.form.get(name, "") for name in ("seen_on", "reference", "key")}
        service.record_gift(stores(), who, slug, parse(GiftWish, values | forms.money_of(request.form)))

    return _acted(slug, "gift", "Booked.", act)


@blueprint.post("/commons/<slug>/proposals")
@submissions
def propose(slug: str) -> Page | Redirect:
    """Open a proposal."""
    person = people.required()
    try:
        number = service.propose(stores(), person.id, slug, parse(ProposalWish, forms.proposal_values(request.form)))
    except RegistryError as error:
        if error.status in (403, 404):
            raise
        return _page(slug, error, "propose")
    flash("Proposed. Its amount is held until it is decided.", "moss")
    return redirect(f"/commons/{slug}/proposals/{number}", 303)


def _proposal(slug: str, number: int, fault: RegistryError | None = None) -> Page:
    person = people.current()
    service.settle(stores(), number)
    with stores().db.reading() as session:
        found = queries.get_proposal(session, number, slug)
        design, version = designs.get_design(session, slug), designs.get_version(session, slug, None)
        speaks = queries.may_speak(session, slug, person.id if person else None)
    html = render_template(
        "commons/proposal.html", design=design, version=version, tab="money", proposal=found, speaks=speaks,
        mine=bool(person and person.handle == found.by), fault=fault, values=request.form,
        consents=bool(person and person.handle in queries.consenting(found)), **_TOLD,
    )  # fmt: skip
    return html, fault.status if fault else 200


@blueprint.get(_PROPOSAL)
def show_proposal(slug: str, number: int) -> Page:
    """A proposal: what is bought, who said what, what became of it."""
    return _proposal(slug, number)


def _stepped(slug: str, number: int, act: Any) -> Page | Redirect:
    person = people.required()
    try:
        with stores().db.reading() as session:
            currency = queries.get_proposal(session, number, slug).currency
        act(person.id, currency)
    except RegistryError as error:
        if error.status in (403, 404):
            raise
        return _proposal(slug, number, error)
    return redirect(f"/commons/{slug}/proposals/{number}", 303)


@blueprint.post(f"{_PROPOSAL}/voices")
def say(slug: str, number: int) -> Page | Redirect:
    """Consent, object, answer, withdraw an objection."""
    return _stepped(
        slug, number, lambda who, _: service.say(stores(), who, number, parse(VoiceWish, request.form.to_dict()))
    )


@blueprint.post(f"{_PROPOSAL}/move")
def move(slug: str, number: int) -> Page | Redirect:
    """Withdraw, hand in proof, doubt it, pay."""

    def act(who: int, currency: str) -> None:
        sent = request.files.get("file")
        file = sent.stream.read(service.PROOF_BYTES + 1) if sent and sent.filename else None
        service.move(stores(), who, number, parse(MoveWish, forms.move_values(request.form, currency)), file)

    return _stepped(slug, number, act)


@blueprint.get(f"{_PROPOSAL}/proofs/<int(max=2147483647):proof>")
def download_proof(slug: str, number: int, proof: int) -> Response:
    """The file that was handed in as proof."""
    person = people.required()
    with stores().db.reading() as session:
        digest, name = queries.proof_file(session, slug, number, proof, person.id)
    response = guard(Response(stores().blobs.read(digest)), name)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _fill_tab(design: DesignDetail, tab: str = "", **_: Any) -> str:
    with stores().db.reading() as session:
        count = queries.waiting(session, designs.find_design(session, design.slug).id or 0)
    return render_template("commons/_tab.html", design=design, tab=tab, count=count)


def _fill_side(design: DesignDetail, version: VersionDetail, **_: Any) -> str:
    with stores().db.reading() as session:
        purses = queries.purses(session, designs.find_design(session, design.slug).id or 0)
    return render_template("commons/_fact.html", design=design, purses=purses) if purses else ""


slots.register("design.tabs.more", _fill_tab)
slots.register("design.facts", _fill_side)
