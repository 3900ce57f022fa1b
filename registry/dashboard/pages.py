"""HTML pages of the dashboard: board, inbox, weeks, what to buy, machines, quotes, money, figures."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Flask, Response, flash, make_response, redirect, render_template, request
from sqlmodel import Session
from werkzeug.wrappers import Response as Redirect

from registry.batches import quoting
from registry.batches import service as batches
from registry.batches.rules import STAGE_WORDS
from registry.dashboard import (
    buying,
    figures,
    forms,
    inbox,
    money,
    overview,
    plots,
    prices,
    queries,
    rules,
    service,
    threads,
)
from registry.dashboard.price_schemas import PriceWish
from registry.dashboard.schemas import (
    BuyQuery,
    ClosedWish,
    CountedWish,
    JobCard,
    MachineWish,
    MoveWish,
    PaymentWish,
    PlanWish,
    WordWish,
)
from registry.errors import RegistryError
from registry.fabricators.schemas import MACHINE_STATUS_LABELS
from registry.fabricators.tables import Fabricator
from registry.web import assets, people
from registry.web.context import parse, stores
from registry.web.files import for_programs, guard

blueprint = Blueprint("dashboard", __name__)
_HERE = "/fabricators/<slug>/dashboard"
_NUMBER = "<int(max=2147483647):number>"
CARDS_SHOWN = 40
Fault = RegistryError | None
Fill = Callable[[Session, Fabricator, list[JobCard]], dict[str, Any]]


def install(app: Flask) -> None:
    """Let templates write hours."""
    app.add_template_filter(forms.hours)


def _page(slug: str, view: str, fill: Fill, fault: Fault = None, **more: Any) -> Response:
    """A page of the dashboard; a fragment of it for who has the page already, or nothing if nothing has changed."""
    person = people.required()
    batches.settle_due(stores())
    quoting.expire_due(stores())
    fragment = bool(request.headers.get("HX-Request"))
    with stores().db.reading() as session:
        fabricator, role = service.enter(session, slug, person.id)
        stamp = queries.stamp(session, fabricator, person.id, role, request.full_path)
        if fragment and request.if_none_match.contains_weak(stamp):
            return Response(status=304)
        day = queries.today(session)
        jobs = queries.list_jobs(session, fabricator, day)
        numbers = overview.numbers(session, fabricator, person.id, jobs, day)
        filled = fill(session, fabricator, jobs)
    html = render_template(
        f"dashboard/{view}.html", fabricator=fabricator, role=role, acts=role in ("owner", "operator"), view=view,
        numbers=numbers, today=day, stamp=stamp, fault=fault, key=secrets.token_urlsafe(12), rules=rules,
        base="dashboard/_bare.html" if fragment else "layout.html",
        here=f"/fabricators/{slug}/dashboard", **more, **filled,
    )  # fmt: skip
    response = make_response(html, fault.status if fault else 200)
    if fragment:
        response.set_etag(stamp, weak=True)
    return response


@blueprint.get("/fabricators/dashboard-worker.js")
def show_worker() -> Response:
    """What opens the dashboard while the network is away; its address says which pages it may serve."""
    return assets.serve("js/dashboard-worker.js")


@blueprint.get(_HERE)
def show_board(slug: str) -> Response:
    """The jobs by stage."""
    return _board(slug)


def _board(slug: str, fault: Fault = None) -> Response:
    whole = request.args.get("stage", "")

    def fill(session: Session, fabricator: Fabricator, jobs: list[JobCard]) -> dict[str, Any]:
        day = queries.today(session)
        closed = queries.closed_days(session, fabricator.id or 0, rules.monday(day))
        return {
            "columns": queries.columns(jobs, CARDS_SHOWN, whole),
            "weeks": queries.weeks(jobs, closed, fabricator.capacity_hours_week, day),
        }

    return _page(slug, "board", fill, fault)


@blueprint.post(f"{_HERE}/moves")
def move_job(slug: str) -> Response | Redirect:
    """Move a job on."""
    person = people.required()
    form = request.form
    try:
        wish = parse(MoveWish, forms.move_values(form))
        flash(service.move(stores(), person.id, slug, wish).said, "moss")
    except RegistryError as error:
        if error.status in (403, 404):
            raise
        number = form.get("job", "")
        return _job(slug, int(number), error) if "stay" in form and number.isdecimal() else _board(slug, error)
    return redirect(forms.back(form, slug), 303)


@blueprint.post(f"{_HERE}/jobs/{_NUMBER}/counts")
def count_units(slug: str, number: int) -> Response | Redirect:
    """Add what was counted of a job."""
    try:
        wish = parse(CountedWish, forms.count_values(request.form, number))
        flash(service.count(stores(), people.required().id, slug, wish).said, "moss")
    except RegistryError as error:
        if error.status in (403, 404):
            raise
        return _job(slug, number, error)
    return redirect(f"/fabricators/{slug}/dashboard/jobs/{number}", 303)


@blueprint.get(f"{_HERE}/jobs/{_NUMBER}")
def show_job(slug: str, number: int) -> Response:
    """One job: what is to be done, with which files, for whom."""
    return _job(slug, number)


def _job(slug: str, number: int, fault: Fault = None) -> Response:
    def fill(session: Session, fabricator: Fabricator, jobs: list[JobCard]) -> dict[str, Any]:
        job = queries.get_job(session, fabricator, number)
        counting = rules.stage_in_work(job.state) if job.state in (*rules.IN_WORK, "shipped") else ""
        return {
            "job": job,
            "can": rules.can_move(job.state) if job.leads else [],
            "counting": counting,
            "counting_words": STAGE_WORDS.get(counting, ""),
            "items": money.items(session, fabricator.id or 0, number, open_only=False),
            "queue": threads.queue(session, number),
        }

    return _page(slug, "job", fill, fault)


@blueprint.post(f"{_HERE}/jobs/{_NUMBER}/plan")
def plan_job(slug: str, number: int) -> Response | Redirect:
    """Keep a job's hours and day."""
    try:
        wish = parse(PlanWish, forms.plan_values(request.form))
        flash(service.plan_job(stores(), people.required().id, slug, number, wish).said, "moss")
    except RegistryError as error:
        if error.status in (403, 404):
            raise
        return _job(slug, number, error)
    return redirect(forms.back(request.form, slug, f"/jobs/{number}"), 303)


@blueprint.get(f"{_HERE}/inbox")
def show_inbox(slug: str) -> Response:
    """The threads, the newest first."""
    return _inbox(slug, None)


@blueprint.get(f"{_HERE}/inbox/<thread>")
def show_thread(slug: str, thread: str) -> Response:
    """A thread beside the others; who opens it has read it."""
    person, found = people.required(), inbox.parse_thread(thread)
    with stores().db.reading() as session:
        fabricator, _ = service.enter(session, slug, person.id)
        buyer = threads.allowed(session, fabricator, found)
    service.mark_read(stores(), person.id, found, buyer)
    return _inbox(slug, found)


def _inbox(slug: str, thread: inbox.Thread | None, fault: Fault = None) -> Response:
    only = request.args.get("only", "")
    person = people.required()

    def fill(session: Session, fabricator: Fabricator, jobs: list[JobCard]) -> dict[str, Any]:
        items = inbox.items(session, fabricator.id or 0, person.id, only)
        opened = threads.open_thread(session, fabricator, thread) if thread else None
        return {"items": items, "opened": opened, "thread": thread.name if thread else "", "only": only}

    return _page(slug, "inbox", fill, fault, form=request.form)


@blueprint.post(f"{_HERE}/inbox/<thread>")
def answer_thread(slug: str, thread: str) -> Response | Redirect:
    """Answer."""
    person, found = people.required(), inbox.parse_thread(thread)
    values = {"thread": thread, "text": request.form.get("text", ""), "key": request.form.get("key", "")}
    try:
        service.answer(stores(), person.id, slug, parse(WordWish, values))
    except RegistryError as error:
        if error.status in (403, 404):
            raise
        return _inbox(slug, found, error)
    return redirect(f"/fabricators/{slug}/dashboard/inbox/{thread}#words", 303)


@blueprint.get(f"{_HERE}/weeks")
def show_weeks(slug: str) -> Response:
    """The calendar: what is due when, against what can be done."""
    return _weeks(slug)


def _weeks(slug: str, fault: Fault = None) -> Response:
    def fill(session: Session, fabricator: Fabricator, jobs: list[JobCard]) -> dict[str, Any]:
        day = queries.today(session)
        closed = queries.closed_days(session, fabricator.id or 0, rules.monday(day))
        weeks = queries.weeks(jobs, closed, fabricator.capacity_hours_week, day)
        return {"weeks": weeks, "days": forms.days(jobs, closed, day), "jobs": jobs, "closed": closed}

    return _page(slug, "weeks", fill, fault)


@blueprint.post(f"{_HERE}/closed")
def close_day(slug: str) -> Response | Redirect:
    """Close a day, or open it again."""
    person = people.required()
    try:
        flash(service.set_day(stores(), person.id, slug, parse(ClosedWish, request.form.to_dict())).said, "moss")
    except RegistryError as error:
        if error.status in (403, 404):
            raise
        return _weeks(slug, error)
    return redirect(f"/fabricators/{slug}/dashboard/weeks", 303)


@blueprint.get(f"{_HERE}/buy")
def show_buying(slug: str) -> Response:
    """What to buy over all jobs, this week or at all."""
    return _buying(slug)


def _buying(slug: str, fault: Fault = None) -> Response:
    when = parse(BuyQuery, request.args.to_dict()).when

    def fill(session: Session, fabricator: Fabricator, jobs: list[JobCard]) -> dict[str, Any]:
        return {"found": buying.to_buy(stores(), session, fabricator, jobs, queries.today(session), when)}

    return _page(slug, "buy", fill, fault)


@blueprint.post(f"{_HERE}/prices")
def keep_part_price(slug: str) -> Response | Redirect:
    """Keep what a part costs at a vendor."""
    try:
        wish = parse(PriceWish, forms.price_values(request.form))
        flash(prices.keep_price(stores(), people.required().id, slug, wish).said, "moss")
    except RegistryError as error:
        if error.status in (403, 404):
            raise
        return _buying(slug, error)
    return redirect(f"/fabricators/{slug}/dashboard/buy#prices", 303)


@blueprint.get(f"{_HERE}/buy.csv")
@for_programs
def download_buying(slug: str) -> Response:
    """The same as a table."""
    person = people.required()
    when = parse(BuyQuery, request.args.to_dict()).when
    with stores().db.reading() as session:
        fabricator, _ = service.enter(session, slug, person.id)
        day = queries.today(session)
        jobs = queries.list_jobs(session, fabricator, day)
        content = buying.as_csv(buying.to_buy(stores(), session, fabricator, jobs, day, when).buy)
    response = guard(Response(content, content_type="text/csv; charset=utf-8"), "to-buy.csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{slug}-to-buy.csv"'
    return response


@blueprint.get(f"{_HERE}/machines")
def show_machines(slug: str) -> Response:
    """Which machines are free."""

    def fill(session: Session, fabricator: Fabricator, jobs: list[JobCard]) -> dict[str, Any]:
        return {"machines": queries.list_machines(session, fabricator.id or 0), "labels": MACHINE_STATUS_LABELS}

    return _page(slug, "machines", fill)


@blueprint.post(f"{_HERE}/machines/{_NUMBER}")
def set_machine(slug: str, number: int) -> Redirect:
    """Say whether a machine is free."""
    wish = parse(MachineWish, request.form.to_dict())
    flash(service.set_machine(stores(), people.required().id, slug, number, wish).said, "moss")
    return redirect(f"/fabricators/{slug}/dashboard/machines#machine-{number}", 303)


@blueprint.get(f"{_HERE}/money")
def show_money(slug: str) -> Response:
    """What is due and what came, and the offers that end soon."""
    return _money(slug)


def _money(slug: str, fault: Fault = None) -> Response:
    whole = request.args.get("all") == "1"

    def fill(session: Session, fabricator: Fabricator, jobs: list[JobCard]) -> dict[str, Any]:
        own = fabricator.id or 0
        return {
            "items": money.items(session, own, open_only=not whole),
            "quotes": queries.quotes_near(session, own, queries.today(session)),
            "whole": whole,
        }

    return _page(slug, "money", fill, fault)


@blueprint.post(f"{_HERE}/payments")
def see_payment(slug: str) -> Response | Redirect:
    """Record money that was seen, or given back."""
    form = request.form
    try:
        wish = parse(PaymentWish, forms.payment_values(form))
        flash(service.see_payment(stores(), people.required().id, slug, wish).said, "moss")
    except RegistryError as error:
        if error.status in (403, 404):
            raise
        return _job(slug, int(form["job"]), error) if form.get("job", "").isdecimal() else _money(slug, error)
    return redirect(forms.back(form, slug, "/money"), 303)


@blueprint.get(f"{_HERE}/figures")
def show_figures(slug: str) -> Response:
    """Throughput, on-time rate and yield."""

    def fill(session: Session, fabricator: Fabricator, jobs: list[JobCard]) -> dict[str, Any]:
        found = figures.figures(session, fabricator, queries.today(session))
        return {"figures": found, "plots": plots.plots_of(found)}

    return _page(slug, "figures", fill)
