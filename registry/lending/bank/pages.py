"""HTML pages of a treasurer's desk: what waits, bookings, statements, payments."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request
from werkzeug.wrappers import Response as Redirect

from registry import limits
from registry.batches.money import money
from registry.designs.maintainers import require_maintainer
from registry.designs.queries import find_design
from registry.errors import Invalid, NotFound, RegistryError
from registry.fabricators.queries import find_fabricator
from registry.fabricators.service import require_role
from registry.lending.bank import again, deciding, funds, importing, ordering, queries
from registry.lending.bank.csv_file import first_lines, likely_delimiter
from registry.lending.bank.export import entries_csv
from registry.lending.bank.importing import Upload
from registry.lending.bank.reading import form_of
from registry.lending.bank.schemas import DATE_FORMS, ENCODINGS, CsvMapping
from registry.lending.bank.slots import fill_places, fill_side
from registry.lending.bank.views import EntryQuery
from registry.lending.paying import Payee
from registry.lending.sepa import SCHEMAS
from registry.web import people, slots
from registry.web.context import parse, stores
from registry.web.paging import Pages

blueprint = Blueprint("lending_bank", __name__)
Page = str | tuple[str, int]
_DESK = "/lending/<int(max=2147483647):number>/bank"
_CHOICES = {"date_forms": [(each, each) for each in DATE_FORMS], "encodings": [(each, each) for each in ENCODINGS],
            "schemas": SCHEMAS}  # fmt: skip


@blueprint.url_value_preprocessor
def _allow_files(endpoint: str | None, values: object) -> None:
    """A looked-at file comes again as a field of the form, in base64."""
    request.max_form_memory_size = 2 * limits.STATEMENT_BYTES


def _render(number: int, view: str, fault: RegistryError | None = None, **more: Any) -> Page:
    """A view of the desk, with the head that all share."""
    me = people.required()
    with stores().db.reading() as session:
        desk = queries.get_desk(session, me.id, number)
        lists: dict[str, Any] = {}
        if view == "statements":
            lists["statements"] = queries.list_statements(session, me.id, number)
        elif view == "payments":
            lists["orders"] = queries.list_orders(session, me.id, number)
            lists["files"] = queries.list_files(session, me.id, number)
    html = render_template(f"lending/bank/{view}.html", desk=desk, view=view, fault=fault, form=request.form,
                           **_CHOICES, **lists, **more)  # fmt: skip
    return html, fault.status if fault else 200


@blueprint.app_template_filter()
def signed_money(minor: int, currency: str) -> str:
    """An amount with its sign: +12.50 EUR came, −12.50 EUR left."""
    return f"{'−' if minor < 0 else '+'}{money(abs(minor), currency)}"


# --- what waits, and all bookings


@blueprint.get(_DESK)
def show_desk(number: int) -> Page:
    """The queue: bookings that a treasurer decides about."""
    return _queue(number, None)


@blueprint.get(f"{_DESK}/queue/<int(max=2147483647):entry_id>")
def show_entry(number: int, entry_id: int) -> Page:
    """A booking, with what can be done about it."""
    return _queue(number, entry_id)


def _queue(number: int, entry_id: int | None, fault: RegistryError | None = None) -> Page:
    me = people.required()
    query = parse(EntryQuery, {"state": "queue", "per_page": limits.PAGE_ITEMS_MAX})
    with stores().db.reading() as session:
        found = queries.list_entries(session, me.id, number, query)
        opened = queries.get_entry(session, me.id, number, entry_id) if entry_id is not None else None
    return _render(number, "queue", fault, found=found, opened=opened)


@blueprint.post(f"{_DESK}/queue/<int(max=2147483647):entry_id>")
def decide_entry(number: int, entry_id: int) -> Page | Redirect:
    """Do what a treasurer decides, then show the next one that waits."""
    values: dict[str, object] = {key: value for key, value in request.form.items() if value}
    try:
        wish = parse(deciding.Decision, values)
        deciding.decide(stores(), people.required().id, number, entry_id, wish)
    except RegistryError as error:
        return _queue(number, entry_id, error)
    words = {
        **deciding.IN_WORDS,
        **deciding.OUT_WORDS,
        "reopen": "Bring it back into the queue",
        "undo": "Undo what was decided",
    }[wish.action]
    flash(f"Decided: {words[:1].lower()}{words[1:]}.", "moss")
    query = parse(EntryQuery, {"state": "queue", "per_page": 1})
    with stores().db.reading() as session:
        rest = queries.list_entries(session, people.required().id, number, query)
    return redirect(f"/lending/{number}/bank" + (f"/queue/{rest.items[0].id}" if rest.items else ""), 303)


@blueprint.get(f"{_DESK}/bookings")
def list_entries(number: int) -> Page:
    """All bookings, by state."""
    query = parse(EntryQuery, request.args)
    with stores().db.reading() as session:
        found = queries.list_entries(session, people.required().id, number, query)
    return _render(number, "bookings", found=found, state=query.state,
                   pages=Pages(query.page, query.per_page, found.total))  # fmt: skip


@blueprint.get(f"{_DESK}/bookings.csv")
def download_entries(number: int) -> Response:
    """All bookings as a table."""
    with stores().db.reading() as session:
        text = entries_csv(session, people.required().id, number)
    headers = {"Content-Disposition": f'attachment; filename="bookings-{number}.csv"', "Cache-Control": "no-store"}
    return Response(text, content_type="text/csv; charset=utf-8", headers=headers)


# --- statements


@blueprint.get(f"{_DESK}/statements")
def show_statements(number: int) -> Page:
    """What was imported, and a field for the next file."""
    return _render(number, "statements", preview=None, kept="", mapping=None)


@blueprint.post(f"{_DESK}/statements")
def import_statement(number: int) -> Page | Redirect:
    """First show what a file would bring; then, with `do=import`, bring it."""
    me, kept = people.required(), request.form.get("kept", "")
    preview, name = None, ""
    try:
        upload, kept = _upload(kept)
        name = upload.name
        if request.form.get("do") == "import":
            brought = importing.bring(stores(), me.id, number, upload)
            flash(f"{brought.fresh} bookings are new, {brought.known} were known. "
                  f"{brought.waiting} wait for a decision.", "moss")  # fmt: skip
            return redirect(f"/lending/{number}/bank" + ("" if brought.waiting else "/statements"), 303)
        preview = queries.preview_of(importing.look(stores(), me.id, number, upload))
    except RegistryError as error:
        begins, told = _begins(kept)
        return _render(number, "statements", error, preview=None, kept=kept, mapping=told, file_name=name,
                       begins=begins)  # fmt: skip
    return _render(number, "statements", preview=preview, kept=kept, mapping=request.form, file_name=name)


def _upload(kept: str) -> tuple[Upload, str]:
    """The file of the form, or the one that was looked at; and what the form holds of it. Raises: Invalid."""
    file = request.files.get("file")
    name = request.form.get("file_name", "")
    if file is not None and file.filename:
        content, name = file.stream.read(limits.STATEMENT_BYTES + 1), file.filename
        kept = base64.b64encode(content).decode("ascii") if len(content) <= limits.STATEMENT_BYTES else ""
    else:
        try:
            content = base64.b64decode(kept, validate=True)
        except (binascii.Error, ValueError) as error:
            raise Invalid("The file was lost on the way.", "Choose it again.", field="file") from error
    return Upload(content, name, _mapping(request.form), request.form.get("closing", ""),
                  accept_gap=bool(request.form.get("accept_gap"))), kept  # fmt: skip


def _begins(kept: str) -> tuple[str, Mapping[str, str]]:
    """The first lines of a table, so that its columns can be named, and what the form says of it, or else seems so."""
    try:
        content = base64.b64decode(kept, validate=True)
    except (binascii.Error, ValueError):
        return "", request.form
    if not content or form_of(content) != "csv":
        return "", request.form
    text, encoding = first_lines(content)
    if _mapping_told(request.form):
        return text, request.form
    return text, {"encoding": encoding, "delimiter": likely_delimiter(text)}


def _mapping_told(form: Mapping[str, str]) -> bool:
    return bool(form.get("amount") or form.get("paid_in"))


def _mapping(form: Mapping[str, str]) -> CsvMapping | None:
    """The columns as the form tells them; None if it tells none: those that are kept hold."""
    if not _mapping_told(form):
        return None
    return parse(CsvMapping, {key: value.strip() for key, value in form.items() if key != "csrf_token"})


# --- payments


@blueprint.get(f"{_DESK}/payments")
def show_payments(number: int) -> Page:
    """Payments that leave, and the files for the bank."""
    return _render(number, "payments")


@blueprint.post(f"{_DESK}/payments")
def act_on_payments(number: int) -> Page | Redirect:
    """Propose what is due, approve, refuse, or make a file."""
    me, form = people.required().id, request.form
    do, why = form.get("do", ""), form.get("why", "")
    try:
        if do in ("propose", "disburse", "pay over"):
            _propose(number, me, do, why)
        elif do == "file":
            file_id = ordering.make_file(stores(), me, number, form.get("form", SCHEMAS[0]))
            flash(f"File {file_id} is ready: download it, and give it to the bank.", "moss")
        else:
            _act_on_one(number, me, do, form.get("order", ""), why)
    except RegistryError as error:
        return _render(number, "payments", error)
    return redirect(f"/lending/{number}/bank/payments", 303)


def _propose(number: int, account_id: int, do: str, why: str) -> None:
    if do == "propose":
        made, unknown = ordering.propose_to_lenders(stores(), account_id, number, why)
        lacking = f" {unknown} lenders have no account that is known: ask them." if unknown else ""
        flash(f"{made} payments are proposed.{lacking}", "amber" if unknown else "moss")
        return
    if do == "disburse":
        ordering.propose_disbursement(stores(), account_id, number, request.form.get("stage", ""), why)
    else:
        funds.propose_pay_over(stores(), account_id, number, why)
    flash("Proposed: another treasurer approves it.", "moss")


def _act_on_one(number: int, account_id: int, do: str, order: str, why: str) -> None:
    if not order.isascii() or not order.isdigit() or len(order) > 9:
        raise NotFound("There is no such payment.", "Look at the list.")
    if do == "approve":
        state = ordering.approve(stores(), account_id, number, int(order))
        flash("Approved: it may leave." if state == "approved" else "Signed: more people must approve.", "moss")
    elif do == "refuse":
        ordering.refuse(stores(), account_id, number, int(order), why)
        flash("Refused: its money is free again.", "moss")
    elif do == "send":
        ordering.send_by_hand(stores(), account_id, number, int(order), why)
        flash("Kept: it was entered at the bank.", "moss")
    elif do == "again":
        sent = request.form
        again.send_again(stores(), account_id, number, int(order), why, sent.get("name", ""), sent.get("iban", ""))
        flash("Proposed anew: another treasurer approves it.", "moss")
    elif do == "give back":
        again.give_back(stores(), account_id, number, int(order), why)
        flash("Kept: it is the lenders' again.", "moss")
    else:
        raise Invalid("That can't be done with a payment.", "Choose one of the buttons.", field="do")


@blueprint.get(f"{_DESK}/payments/<int(max=2147483647):file_id>.xml")
def download_file(number: int, file_id: int) -> Response:
    """A file for the bank: the same whenever it is fetched."""
    with stores().db.reading() as session:
        told, content = queries.get_file(session, people.required().id, number, file_id)
    headers = {
        "Content-Disposition": f'attachment; filename="payments-{number}-{told.id}.xml"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return Response(content, content_type="application/xml", headers=headers)


# --- where a fabricator receives money


@blueprint.get("/fabricators/<slug>/payout")
def show_payout(slug: str) -> str:
    """Where a fabricator receives money, for its own people."""
    return _payout(slug, None)


def _payout(slug: str, fault: RegistryError | None) -> str:
    me = people.required()
    with stores().db.reading() as session:
        row = find_fabricator(session, slug)
        require_role(session, row.id or 0, me.id, "owner")
        payee = ordering.fabricator_payee(session, row.id or 0)
    return render_template("lending/bank/payout.html", slug=slug, name=row.name, payee=payee, fault=fault,
                           form=request.form)  # fmt: skip


@blueprint.post("/fabricators/<slug>/payout")
def set_payout(slug: str) -> Page | Redirect:
    """Say where a fabricator receives money."""
    me, form = people.required(), request.form
    with stores().db.reading() as session:
        row = find_fabricator(session, slug)
    try:
        payee = Payee(form.get("name", "").strip(), form.get("iban", ""), form.get("bic", ""))
        ordering.set_fabricator_payee(stores(), me.id, row.id or 0, payee)
    except Invalid as error:
        return _payout(slug, error), error.status
    flash("Money will go to this account from now on.", "moss")
    return redirect(f"/fabricators/{slug}/payout", 303)


# --- where a commons fund receives money


@blueprint.get("/commons/<slug>/account")
def show_commons_account(slug: str) -> Page:
    """Where a design's fund receives money, for its maintainers."""
    return _fund_account(slug, None)


def _fund_account(slug: str, fault: RegistryError | None) -> Page:
    me = people.required()
    with stores().db.reading() as session:
        design = find_design(session, slug)
        require_maintainer(session, design, me.id)
        payee = funds.fund_payee(session, design.id or 0)
    html = render_template("lending/bank/fund_account.html", slug=slug, name=design.name, payee=payee, fault=fault,
                           form=request.form)  # fmt: skip
    return html, fault.status if fault else 200


@blueprint.post("/commons/<slug>/account")
def set_commons_account(slug: str) -> Page | Redirect:
    """Say where a design's fund receives money."""
    form = request.form
    try:
        payee = Payee(form.get("name", "").strip(), form.get("iban", ""), form.get("bic", ""))
        funds.set_fund_payee(stores(), people.required().id, slug, payee)
    except RegistryError as error:
        if error.status in (403, 404):
            raise
        return _fund_account(slug, error)
    flash("Money will go to this account from now on.", "moss")
    return redirect(f"/commons/{slug}", 303)


slots.register("lending.side", fill_side)
slots.register("commons.places", fill_places)
