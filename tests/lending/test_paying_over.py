"""A commons fund's money that came through a campaign is paid over to the fund's own account, and spent from there."""

from __future__ import annotations

from pathlib import Path

import pytest
from bank_support import Desk, client_of, open_desk
from commons_support import later
from flask import Flask
from plain_text_books import bean_balances
from statement_support import Booked
from web_support import bearer, form_token

from registry.accounts import service as accounts
from registry.commons import queries as commons
from registry.commons import rules, service
from registry.commons.schemas import FundView, MoveWish, NamedWish, ProposalWish, VoiceWish
from registry.designs.tables import Design
from registry.errors import Conflict, Forbidden, Invalid
from registry.ledger.export import export
from registry.lending.bank import funds, ordering
from registry.lending.paying import Payee
from registry.stores.stores import Stores

OWN = Payee("Friends of the bench", "EE382200221020145685")


@pytest.fixture
def desk(stores: Stores) -> Desk:
    """9.00 for the fund has come to the campaign's account; ada maintains the bench, vera may speak for it."""
    desk = open_desk(stores)
    with stores.db.transaction() as session:
        session.get_one(Design, 1).owner_id = desk.people["ada"]
    service.name_person(stores, desk.people["ada"], "bench", NamedWish(handle="vera", why="Drew it"))
    desk.bring(Booked(900, "for the bench"))
    desk.decide(desk.entries()[0], "gift")
    return desk


def fund(desk: Desk) -> FundView:
    with desk.stores.db.reading() as session:
        return commons.get_fund(session, "bench")


def lies(desk: Desk) -> tuple[int, list[tuple[int, int, int]]]:
    """(in the fund's own account, what lies with campaigns)."""
    purse = fund(desk).purses[0]
    return purse.in_bank_minor, [(one.campaign, one.amount_minor, one.ordered_minor) for one in purse.places]


def pay_over(desk: Desk, amount_minor: int | None = None, by: str = "tom") -> int:
    return funds.propose_pay_over(desk.stores, desk.people[by], desk.number, "It is the fund's", amount_minor)


def spend(desk: Desk) -> int:
    """A proposal of 6.00 that only has to be said to be paid."""
    ada, vera = desk.people["ada"], desk.people["vera"]
    wish = ProposalWish(kind="prototype", title="Two planks", text="To try the back.", payee="Sawmill", currency="EUR",
                        amount_minor=600, days=14, things_only=True, key="k")  # fmt: skip
    number = service.propose(desk.stores, ada, "bench", wish)
    service.say(desk.stores, vera, number, VoiceWish(stance="consent"))
    later(desk.stores, number, 15)
    service.move(desk.stores, ada, number, MoveWish(action="prove", words="Invoice 7", amount_minor=600))
    return number


def paid(desk: Desk, number: int) -> None:
    wish = MoveWish(action="pay", words="From the fund's account", paid_on=desk.world.today())
    service.move(desk.stores, desk.people["vera"], number, wish)


def test_what_came_through_a_campaign_is_paid_over_before_it_is_spent(desk: Desk, tmp_path: Path) -> None:
    assert lies(desk) == (0, [(desk.number, 900, 0)])
    number = spend(desk)
    with pytest.raises(Conflict, match=r"holds 0\.00 EUR, and 6\.00 EUR was spent\. 9\.00 EUR lies in the account of "
                                       r"campaign 1") as refused:  # fmt: skip
        paid(desk, number)
    assert "paid over to the fund's account first" in refused.value.remedy
    with pytest.raises(Conflict, match="have not said where its fund"):
        pay_over(desk)
    with pytest.raises(Forbidden):
        funds.set_fund_payee(desk.stores, desk.people["olga"], "bench", OWN)
    with pytest.raises(Conflict, match="is the account of campaign 1"):
        own = Payee("Bench", desk.world.loan(desk.number).payee_iban)
        funds.set_fund_payee(desk.stores, desk.people["ada"], "bench", own)
    funds.set_fund_payee(desk.stores, desk.people["ada"], "bench", OWN)
    with pytest.raises(Forbidden):
        pay_over(desk, by="ada")
    for wrong in (0, 901):
        with pytest.raises(Invalid, match=r"9\.00 EUR lies here"):
            pay_over(desk, wrong)
    pay_over(desk, 800)
    with pytest.raises(Invalid, match=r"1\.00 EUR lies here"):
        pay_over(desk, 101)
    assert lies(desk) == (0, [(desk.number, 900, 800)]), "nothing is there before the statement shows it"
    order = desk.orders()[0]
    assert (order.kind, order.payee_iban) == ("pay over", OWN.iban)
    with pytest.raises(Conflict, match="A second person"):
        desk.approve(order, by="tom")
    assert desk.approve(order) == "approved" and OWN.iban.encode() in desk.file()
    desk.bring(Booked(-800, "Fund", name=OWN.name, iban=OWN.iban, e2e=order.end_to_end))
    assert lies(desk) == (800, [(desk.number, 100, 0)])
    paid(desk, number)
    assert lies(desk) == (200, [(desk.number, 100, 0)]) and fund(desk).purses[0].balance_minor == 300
    desk.check()
    path = tmp_path / "book.beancount"
    with desk.stores.db.reading() as session:
        path.write_text("".join(export(session, "beancount")), encoding="utf-8")
    found = {name: int(amount * 100) for (name, _), amount in bean_balances(path).items()}
    assert found == {
        "Assets:External:1:Bank": 100, "Assets:External:Fund-1:Bank": 200, "Liabilities:Fund:1:Money": -300,
        "Liabilities:Campaign:1:Unmatched": 0,
    }  # fmt: skip


def test_what_the_bank_sends_back_lies_with_the_campaign_again(desk: Desk) -> None:
    funds.set_fund_payee(desk.stores, desk.people["ada"], "bench", OWN)
    pay_over(desk)
    (order,) = desk.orders()
    desk.approve(order)
    desk.file()
    desk.bring(Booked(-900, "Fund", e2e=order.end_to_end))
    desk.bring(Booked(900, "Retoure", e2e=order.end_to_end, returned="AC04"))
    desk.decide(desk.entries("invalid")[0], "take back")
    assert lies(desk) == (0, [(desk.number, 900, 0)])
    second = pay_over(desk)
    ordering.refuse(desk.stores, desk.people["tia"], desk.number, second, "Another account is wanted")
    assert lies(desk) == (0, [(desk.number, 900, 0)])
    desk.check()


def test_by_page_and_json(app: Flask, desk: Desk) -> None:
    here = f"/lending/{desk.number}/bank/payments"
    ada, tom, lea = (client_of(app, desk, who) for who in ("ada", "tom", "lea"))
    told = bearer(accounts.make_token_for(desk.stores, "ada", "test").secret)
    assert "Name it" in ada.get("/commons/bench").text and lea.get("/commons/bench/account").status_code == 403
    token = form_token(ada, "/commons/bench/account")
    wrong = ada.post("/commons/bench/account", data={"csrf_token": token, "name": "Friends", "iban": "DE00"})
    assert wrong.status_code == 422 and "is no IBAN" in wrong.text and 'value="DE00"' in wrong.text
    set_ = app.test_client().post("/api/v1/commons/bench/account", json={"name": OWN.name, "iban": OWN.iban},
                                  headers=told)  # fmt: skip
    assert set_.status_code == 201 and set_.json["iban"] == "EE38 … 5685"
    page = tom.get("/commons/bench").text
    assert "Pay over from campaign 1" in page and "EE38 … 5685" in page and OWN.iban not in page
    stranger = lea.get("/commons/bench").text
    assert "EE38" not in stranger and "Pay over" not in stranger and "campaign 1" in stranger
    assert "lies here" in tom.get(here).text
    sent = {"csrf_token": form_token(tom, here), "do": "pay over", "why": "It is the fund's"}
    assert tom.post(here, data=sent).status_code == 303 and "For the commons fund to" in tom.get(here).text
    again = tom.post(here, data=sent)
    assert again.status_code == 409 and "paid over or ordered" in again.text
    api = bearer(accounts.make_token_for(desk.stores, "tom", "test").secret)
    json = {"to": "fund", "why": "Once more"}
    twice = app.test_client().post(f"/api/v1/lending/campaigns/{desk.number}/bank/payments", json=json, headers=api)
    assert twice.status_code == 409
    (purse,) = app.test_client().get("/api/v1/commons/bench").json["purses"]
    assert purse["places"] == [{"campaign": 1, "amount_minor": 900, "ordered_minor": 900}]


def test_the_sentence_when_nothing_of_it_lies_anywhere() -> None:
    assert rules.not_there("EUR", 2, 600, 100, {}) == (
        "The fund's own account holds 1.00 EUR, and 6.00 EUR was spent.", "Book what came to the fund's account first.",
    )  # fmt: skip
