"""JSON of open books."""

from __future__ import annotations

from flask import Blueprint

from registry.lending.books import queries, service
from registry.lending.books.schemas import BehindQuery, BehindView, BooksQuery, BooksView, MonthWish, StatementList
from registry.web import people
from registry.web.context import stores
from registry.web.openapi import operation

blueprint = Blueprint("books_api", __name__)


@operation(blueprint, "GET", "/lending/books", query=BooksQuery, answers={200: BooksView}, faults=(404,))
def read_books(query: BooksQuery) -> BooksView:
    """Every figure of lending by month (all transfers: /lending/books.json, .csv, .beancount, .journal)."""
    with stores().db.reading() as session:
        return queries.get_books(session, query.currency)


@operation(blueprint, "GET", "/lending/books/transfers", query=BehindQuery, answers={200: BehindView}, faults=(404,))
def read_books_transfers(query: BehindQuery) -> BehindView:
    """The transfers behind a figure of a month."""
    with stores().db.reading() as session:
        return queries.get_behind(session, query.figure, query.month, query.currency, query.page)


@operation(blueprint, "GET", "/lending/books/statements", answers={200: StatementList})
def list_books_statements() -> StatementList:
    """Signed statements (PDF: /lending/books/statements/MONTH.pdf), and the key's fingerprint."""
    return service.list_statements(stores())


@operation(
    blueprint, "POST", "/lending/books/statements", body=MonthWish, answers={201: StatementList},
    faults=(404, 409, 503), account=True,
)  # fmt: skip
def sign_books_statement(body: MonthWish) -> tuple[StatementList, int]:
    """Sign the statement of a month that is over, as a steward or treasurer."""
    service.make_statement(stores(), people.required().id, body.month)
    return service.list_statements(stores()), 201
