"""HTML pages of notices: the list, what comes by mail, calendars; and the links that mails and calendars hold."""

from __future__ import annotations

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request

from registry import limits
from registry.errors import RegistryError
from registry.notices import calendar, dates, queries, rules, service
from registry.notices.collecting import collect
from registry.notices.schemas import AddressWish, NoticeQuery, ReadWish
from registry.web import people, slots
from registry.web.context import parse, stores
from registry.web.csrf import csrf
from registry.web.paging import Pages
from registry.web.rates import limiter, person_or_address

blueprint = Blueprint("notices", __name__)
_NUMBER = "<int(max=2147483647):number>"
_OF_KIND = {"daily": "the daily mail", "all": "every notice"}


def _private(html: str, status: int = 200) -> Response:
    """A page that is kept by no browser or proxy: it holds addresses that are secret."""
    response = make_response(html, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _back(address: str, said: str) -> Response:
    flash(said, "moss")
    return make_response(redirect(address, 303))


@blueprint.get("/account/notices")
def list_notices() -> str:
    """What has happened that concerns me."""
    person = people.required()
    collect(stores())
    query = parse(NoticeQuery, request.args.to_dict())
    with stores().db.reading() as session:
        found = queries.list_notices(session, person.id, query)
    pages = Pages(query.page, query.per_page, found.total)
    return render_template("notices/list.html", found=found, query=query, pages=pages, kinds=rules.KINDS)


@blueprint.get(f"/account/notices/{_NUMBER}")
def open_notice(number: int) -> Response:
    """On to what a notice is about, which is read from now on."""
    return make_response(redirect(service.open_notice(stores(), people.required().id, number), 303))


@blueprint.post("/account/notices/read")
def mark_read() -> Response:
    """Mark all as read, up to the newest that was on the page."""
    person = people.required()
    service.mark_read(stores(), person.id, parse(ReadWish, request.form.to_dict()))
    return make_response(redirect("/account/notices", 303))


def _choices_page(fault: RegistryError | None = None) -> Response:
    person = people.required()
    with stores().db.reading() as session:
        chosen = queries.read_settings(session, stores().settings, person.id)
        calendars = queries.list_calendars(session, stores().settings, person.id)
        unread = queries.count_unread(session, person.id)
    html = render_template(
        "notices/choices.html", chosen=chosen, calendars=calendars.items, fault=fault,
        hows=rules.HOWS, unread=unread, typed=request.form.get("address", ""),
    )  # fmt: skip
    return _private(html, fault.status if fault else 200)


@blueprint.get("/account/notices/choices")
def show_choices() -> Response:
    """What comes by mail and how; calendars."""
    return _choices_page()


@blueprint.post("/account/notices/choices")
def choose() -> Response:
    """Keep the choices."""
    person = people.required()
    try:
        service.choose(stores(), person.id, {kind: request.form[kind] for kind in rules.KINDS if kind in request.form})
    except RegistryError as error:
        return _choices_page(error)
    return _back("/account/notices/choices", "Your choices are kept.")


@blueprint.post("/account/notices/address")
@limiter.limit(f"{limits.SIGN_UPS_PER_HOUR}/hour", key_func=person_or_address)
def set_address() -> Response:
    """Have mail sent to an address, once it is confirmed; with do=remove, to none."""
    person = people.required()
    if request.form.get("do") == "remove":
        service.remove_address(stores(), person.id)
        return _back("/account/notices/choices", "The address is removed. Nothing is sent by mail any more.")
    try:
        service.set_address(stores(), person.id, parse(AddressWish, request.form.to_dict()).address)
    except RegistryError as error:
        return _choices_page(error)
    return _back("/account/notices/choices", "A mail with a link is on its way. Open the link to confirm the address.")


@blueprint.post("/account/notices/calendars")
def change_calendar() -> Response:
    """Make or renew the secret address of a calendar; with do=remove, end it."""
    person, scope = people.required(), request.form.get("scope", "")
    if request.form.get("do") == "remove":
        service.remove_calendar(stores(), person.id, scope)
        return _back("/account/notices/choices#calendars", "That address ends here. Programs that use it see nothing.")
    service.make_calendar(stores(), person.id, scope)
    return _back("/account/notices/choices#calendars", "The calendar has a new address. An older one has ended.")


# --- links in mails


@blueprint.get("/notices/confirm/<secret>")
def show_confirm(secret: str) -> Response:
    """Ask once more: programs that look at mails follow links, and press no buttons."""
    with stores().db.reading() as session:
        address = service.address_to_confirm(session, secret).address
    return _private(render_template("notices/confirm.html", address=address, done=False))


@blueprint.post("/notices/confirm/<secret>")
def confirm(secret: str) -> Response:
    """The address is right."""
    address = service.confirm(stores(), secret)
    return _private(render_template("notices/confirm.html", address=address, done=True))


def _stop_page(kind: str, done: bool) -> Response:
    what = rules.KINDS[kind].label if kind in rules.KINDS else _OF_KIND[kind]
    return _private(render_template("notices/stop.html", what=what, kind=kind, done=done))


@blueprint.get("/notices/stop/<secret>/<kind>")
def show_stop(secret: str, kind: str) -> Response:
    """Ask once more whether such mails should end."""
    with stores().db.reading() as session:
        service.check_stop(session, secret, kind)
    return _stop_page(kind, False)


@blueprint.post("/notices/stop/<secret>/<kind>")
@csrf.exempt
def stop(secret: str, kind: str) -> Response:
    """End such mails at once, without logging in (RFC 8058): mail programs send this themselves."""
    wanted = request.form.get("kind", kind)
    service.stop(stores(), secret, wanted)
    return _stop_page(wanted, True)


@blueprint.get("/calendar/<secret>.ics")
def show_calendar(secret: str) -> Response:
    """A calendar, for programs that subscribe to it."""
    with stores().db.reading() as session:
        name, entries = dates.dates_of(session, queries.find_feed(session, secret))
    response = Response(calendar.write(name, stores().settings.public_url, entries))
    response.headers["Content-Type"] = "text/calendar; charset=utf-8"
    response.headers["Content-Disposition"] = 'inline; filename="brickyard.ics"'
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


# --- for stewards


@blueprint.get("/account/notices/outbox")
def show_outbox() -> Response:
    """The mails that wait or went wrong."""
    people.required_steward()
    with stores().db.reading() as session:
        found = queries.read_outbox(session, stores().settings)
    return _private(render_template("notices/outbox.html", found=found))


@blueprint.post(f"/account/notices/outbox/{_NUMBER}")
def try_again(number: int) -> Response:
    """Send one that went wrong once more."""
    people.required_steward()
    service.try_again(stores(), number)
    return _back("/account/notices/outbox", "It is tried again within seconds.")


# --- on other pages


def _fill_nav(**_: object) -> str:
    person = people.current()
    if person is None:
        return ""
    with stores().db.reading() as session:
        unread = queries.count_unread(session, person.id)
    return render_template("notices/_nav.html", unread=unread)


def _fill_account(**_: object) -> str:
    person = people.required()
    with stores().db.reading() as session:
        chosen = queries.read_settings(session, stores().settings, person.id)
        unread = queries.count_unread(session, person.id)
        wrong = queries.read_outbox(session, stores().settings, limit=1).counts if person.is_steward else {}
    return render_template("notices/_account.html", chosen=chosen, unread=unread, wrong=wrong)


slots.register("site.nav", _fill_nav)
slots.register("account.page", _fill_account)
