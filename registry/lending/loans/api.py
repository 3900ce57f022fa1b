"""JSON of loans on their way back."""

from __future__ import annotations

from flask import Blueprint

from registry.ledger.schemas import Statement
from registry.lending.loans import goods, queries, sales, service, taking_back
from registry.lending.loans.schemas import (
    BookQuery,
    ExcessWish,
    GoodsMove,
    GoodsWish,
    LoanView,
    SaleWish,
    SendBackWish,
    WhyWish,
)
from registry.web import people
from registry.web.context import stores
from registry.web.openapi import operation

blueprint = Blueprint("loans_api", __name__)
_LOAN = "/lending/campaigns/<int(max=2147483647):number>/loan"


def _loan(number: int) -> LoanView:
    person = people.current()
    with stores().db.reading() as session:
        return queries.get_loan(session, number, person.id if person else None)


@operation(blueprint, "GET", _LOAN, answers={200: LoanView})
def read_loan(number: int) -> LoanView:
    """What was paid out of a loan, what came back, what is owed, what was sold, and every change with its reason."""
    return _loan(number)


@operation(blueprint, "GET", f"{_LOAN}/book/<name>", query=BookQuery, answers={200: Statement})
def read_loan_book(number: int, name: str, query: BookQuery) -> Statement:
    """The transfers behind a figure of a loan: debt, owes, lost, bank, excess, sales, kept, passed, promised, ..."""
    person = people.current()
    with stores().db.reading() as session:
        return queries.read_book(session, number, name, person.id if person else None, query.after)


@operation(blueprint, "POST", f"{_LOAN}/sales", body=SaleWish, answers={201: LoanView}, faults=(409,), account=True)
def record_loan_sale(number: int, body: SaleWish) -> tuple[LoanView, int]:
    """Record a sold unit, as the fabricator; the same key books once."""
    sales.sell(stores(), people.required().id, number, body)
    return _loan(number), 201


@operation(
    blueprint, "POST", f"{_LOAN}/sales/<int(max=2147483647):sale>/back", body=WhyWish, answers={200: LoanView},
    faults=(409,), account=True,
)  # fmt: skip
def take_loan_sale_back(number: int, sale: int, body: WhyWish) -> LoanView:
    """Take back a sale that was recorded wrongly or whose unit came back, as the fabricator or a treasurer."""
    taking_back.take_back(stores(), people.required().id, number, sale, body)
    return _loan(number)


@operation(blueprint, "POST", f"{_LOAN}/goods", body=GoodsWish, answers={201: LoanView}, faults=(409,), account=True)
def ask_loan_goods(number: int, body: GoodsWish) -> tuple[LoanView, int]:
    """Ask for units at cost in place of money, as a lender; or offer them to one, as the fabricator."""
    goods.ask(stores(), people.required().id, number, body)
    return _loan(number), 201


@operation(
    blueprint, "POST", f"{_LOAN}/goods/<int(max=2147483647):goods_id>", body=GoodsMove, answers={200: LoanView},
    faults=(409,), account=True,
)  # fmt: skip
def move_loan_goods(number: int, goods_id: int, body: GoodsMove) -> LoanView:
    """Agree, refuse, call off, or say that the units were received: then that much less is owed."""
    goods.move(stores(), people.required().id, number, goods_id, body)
    return _loan(number)


@operation(blueprint, "POST", f"{_LOAN}/excess", body=ExcessWish, answers={200: LoanView}, faults=(409,), account=True)
def give_loan_excess(number: int, body: ExcessWish) -> LoanView:
    """Give what was repaid above the debt to the design's commons fund, as the fabricator."""
    service.give_excess(stores(), people.required().id, number, body)
    return _loan(number)


@operation(
    blueprint, "POST", f"{_LOAN}/send-back", body=SendBackWish, answers={200: LoanView}, faults=(409,), account=True
)
def send_loan_excess_back(number: int, body: SendBackWish) -> LoanView:
    """Propose to send back what was repaid above the debt, as a treasurer; a second one approves the payment."""
    service.send_excess_back(stores(), people.required().id, number, body)
    return _loan(number)


@operation(blueprint, "POST", f"{_LOAN}/go-on", body=WhyWish, answers={200: LoanView}, faults=(409,), account=True)
def let_loan_go_on(number: int, body: WhyWish) -> LoanView:
    """Let a loan pass a stage at which nothing is paid out, as a treasurer."""
    service.go_on(stores(), people.required().id, number, body)
    return _loan(number)


@operation(blueprint, "POST", f"{_LOAN}/write-off", body=WhyWish, answers={200: LoanView}, faults=(409,), account=True)
def write_loan_off(number: int, body: WhyWish) -> LoanView:
    """Write a loan in default off, as a treasurer; what comes in later still goes to its lenders."""
    service.write_off(stores(), people.required().id, number, body)
    return _loan(number)
