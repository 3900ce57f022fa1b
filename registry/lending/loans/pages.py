"""HTML pages of loans on their way back, and what they add to a campaign's page."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request
from werkzeug.wrappers import Response as Redirect

from registry.errors import RegistryError
from registry.ledger.money import plain
from registry.lending.campaigns.schemas import CampaignDetail
from registry.lending.loans import forms, goods, queries, sales, service, taking_back
from registry.lending.loans.plots import waterfall_of
from registry.lending.loans.schemas import ExcessWish, GoodsMove, GoodsWish, SaleWish, SendBackWish, WhyWish
from registry.web import people, slots
from registry.web.context import parse, stores
from registry.web.rates import submissions

blueprint = Blueprint("loans", __name__)
Page = str | tuple[str, int]
_LOAN = "/lending/<int(max=2147483647):number>/loan"
HIDDEN = ("draft", "called off", "open", "failed")


@blueprint.app_template_filter()
def signed(minor: int, exponent: int) -> str:
    """An amount with its sign: +12.50 came, −12.50 left."""
    return f"{'−' if minor < 0 else '+'}{plain(abs(minor), exponent)}"


def _page(number: int, fault: RegistryError | None = None) -> Page:
    """The whole loan, with what the reader may do."""
    person = people.current()
    with stores().db.reading() as session:
        loan = queries.get_loan(session, number, person.id if person else None)
    html = render_template(
        "lending/loan.html", loan=loan, fall=waterfall_of(loan.sales, loan.fabricator_name), fault=fault,
        form=request.form, key=secrets.token_hex(12), books=queries.BOOKS, taking=(request.view_args or {}).get("sale"),
    )  # fmt: skip
    return html, fault.status if fault else 200


def _done(number: int, act: Callable[[int], object], said: str, anchor: str = "") -> Page | Redirect:
    """Do something as who is logged in, then show the loan again; what was typed stays after a fault."""
    person = people.required()
    try:
        act(person.id)
    except RegistryError as error:
        if error.status in (403, 404):
            raise
        return _page(number, error)
    flash(said, "moss")
    return redirect(f"/lending/{number}/loan{anchor}", 303)


@blueprint.get(_LOAN)
def show_loan(number: int) -> Page:
    """What was paid out, what came back, what is still owed, and by whose decision."""
    return _page(number)


@blueprint.get(f"{_LOAN}/book/<name>")
def show_book(number: int, name: str) -> str:
    """The transfers behind a figure."""
    person = people.current()
    account_id = person.id if person else None
    after = request.args.get("after", "")
    with stores().db.reading() as session:
        loan = queries.get_loan(session, number, account_id)
        told = queries.read_book(session, number, name, account_id, int(after) if after.isdecimal() else 0)
    return render_template("lending/loan_book.html", loan=loan, told=told, name=name, books=queries.BOOKS)


def _currency(number: int) -> str:
    person = people.required()
    with stores().db.reading() as session:
        return queries.find_campaign(session, number, person.id).currency


@blueprint.post(f"{_LOAN}/sales")
@submissions
def sell(number: int) -> Page | Redirect:
    """Record a sold unit."""

    def act(account_id: int) -> None:
        wish = parse(SaleWish, forms.sale_values(request.form, _currency(number)))
        sales.sell(stores(), account_id, number, wish)

    return _done(number, act, "Recorded.", "#sales")


@blueprint.post(f"{_LOAN}/sales/<int(max=2147483647):sale>/back")
def take_sale_back(number: int, sale: int) -> Page | Redirect:
    """Take back a sale."""

    def act(account_id: int) -> None:
        wish = parse(WhyWish, {"why": request.form.get("why", "")})
        taking_back.take_back(stores(), account_id, number, sale, wish)

    return _done(number, act, f"Sale {sale} is taken back.", "#sales")


@blueprint.post(f"{_LOAN}/goods")
@submissions
def ask_goods(number: int) -> Page | Redirect:
    """Ask for units in place of money, or offer them."""

    def act(account_id: int) -> None:
        goods.ask(stores(), account_id, number, parse(GoodsWish, forms.goods_values(request.form)))

    return _done(number, act, "Sent. The other side answers here.", "#goods")


@blueprint.post(f"{_LOAN}/goods/<int(max=2147483647):goods_id>")
def move_goods(number: int, goods_id: int) -> Page | Redirect:
    """Answer, or say that the units were received."""

    def act(account_id: int) -> None:
        values = {"action": request.form.get("action", ""), "words": request.form.get("words", "")}
        goods.move(stores(), account_id, number, goods_id, parse(GoodsMove, values))

    return _done(number, act, "Kept.", "#goods")


@blueprint.post(f"{_LOAN}/excess")
@submissions
def give_excess(number: int) -> Page | Redirect:
    """Give what was repaid above the debt to the commons fund."""

    def act(account_id: int) -> None:
        wish = parse(ExcessWish, forms.excess_values(request.form, _currency(number)))
        service.give_excess(stores(), account_id, number, wish)

    return _done(number, act, "Given to the design's commons fund.")


@blueprint.post(f"{_LOAN}/send-back")
@submissions
def send_back(number: int) -> Page | Redirect:
    """Propose to send back what was repaid above the debt."""

    def act(account_id: int) -> None:
        wish = parse(SendBackWish, forms.excess_values(request.form, _currency(number)))
        service.send_excess_back(stores(), account_id, number, wish)

    return _done(number, act, "Proposed. A second treasurer approves the payment.")


@blueprint.post(f"{_LOAN}/decide")
def decide(number: int) -> Page | Redirect:
    """What a treasurer decides: go on at a stage without a payment, or write the loan off."""
    act = {"go on": service.go_on, "write off": service.write_off}.get(request.form.get("action", ""))

    def do(account_id: int) -> None:
        wish = parse(WhyWish, {"why": request.form.get("why", "")})
        (act or service.go_on)(stores(), account_id, number, wish)

    return _done(number, do, "Decided.", "#history")


def _fill_campaign(campaign: CampaignDetail, **_: Any) -> str:
    if campaign.state in HIDDEN:
        return ""
    with stores().db.reading() as session:
        loan = queries.get_loan(session, campaign.number)
    return render_template("lending/_loan.html", loan=loan, fall=waterfall_of(loan.sales, loan.fabricator_name))


slots.register("lending.campaign", _fill_campaign)
