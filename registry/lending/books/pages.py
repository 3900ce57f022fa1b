"""HTML pages of open books, and their downloads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request
from werkzeug.wrappers import Response as Redirect

from registry.errors import NotFound
from registry.ledger.export import Format, export
from registry.lending.books import plots, queries, rules, service, signing
from registry.lending.books.schemas import BehindQuery, BooksQuery
from registry.web import people, slots
from registry.web.context import parse, stores
from registry.web.files import guard
from registry.web.paging import Pages
from registry.web.rates import submissions

blueprint = Blueprint("books", __name__)
_FORMS: dict[str, tuple[Format, str]] = {
    "beancount": ("beancount", "text/plain; charset=utf-8"),
    "journal": ("hledger", "text/plain; charset=utf-8"),
    "csv": ("csv", "text/csv; charset=utf-8"),
    "json": ("json", "application/json"),
}


@blueprint.get("/lending/books")
def show_books() -> str:
    """Every figure by month, with plots, downloads and signed statements."""
    query = parse(BooksQuery, request.args.to_dict())
    person = people.current()
    with stores().db.reading() as session:
        books = queries.get_books(session, query.currency)
    with stores().db.reading() as session:
        makes = service.may_make(session, person.id if person else None)
    chosen = request.args.get("month", "")
    shown = next((month for month in books.months if month.month == chosen), books.months[-1])
    return render_template(
        "lending/books/books.html", books=books, shown=shown, plots=plots.plots_of(books), makes=makes,
        figures={figure.name: figure for figure in books.figures}, statements=service.list_statements(stores(), books),
        month_name=plots.month_name,
    )  # fmt: skip


@blueprint.get("/lending/books/transfers")
def show_behind() -> str:
    """The transfers behind a figure."""
    query = parse(BehindQuery, request.args.to_dict())
    with stores().db.reading() as session:
        found = queries.get_behind(session, query.figure, query.month, query.currency, query.page)
    pages = Pages(found.page, found.per_page, found.total)
    return render_template("lending/books/behind.html", found=found, pages=pages, month_name=plots.month_name)


@blueprint.get("/lending/books.<form>")
def download_books(form: str) -> Response:
    """All transfers of money, without names, in the form of another program."""
    if form not in _FORMS:
        raise NotFound(f"The books are not told as {form[:20]}.", f"There are {', '.join(_FORMS)}.")
    chosen, media_type = _FORMS[form]
    opened = stores()

    def pieces() -> Iterator[str]:
        with opened.db.reading() as session:
            choice = queries.open_choice(session)
        with opened.db.reading() as session:
            yield from export(session, chosen, choice)

    headers = {"Content-Disposition": f'attachment; filename="books.{form}"', "X-Content-Type-Options": "nosniff"}
    return Response(pieces(), content_type=media_type, headers=headers)


@blueprint.post("/lending/books/statements")
@submissions
def make_statement() -> Redirect:
    """Have a month's statement signed."""
    person = people.required()
    month = service.make_statement(stores(), person.id, request.form.get("month", ""))
    flash(f"The statement of {plots.month_name(month)} is signed.", "moss")
    return redirect("/lending/books#h-statements", 303)


@blueprint.get("/lending/books/statements/<month>.pdf")
def download_statement(month: str) -> Response:
    """A signed statement."""
    name = f"books-{rules.check_month(month)}.pdf"
    return guard(Response(service.read_statement(stores(), month)), name)


@blueprint.get("/lending/books/key.pem")
def download_key() -> Response:
    """The public key that signs now."""
    return Response(signing.public_pem(service.public_key_of(stores())), content_type="text/plain; charset=us-ascii")


def _fill_foot(**_: Any) -> str:
    return '<a href="/lending/books">Open books</a>'


slots.register("site.foot", _fill_foot)
slots.register("lending.links", _fill_foot)
