"""Somebody who has no part in a loan: what they read names nobody, what they send changes nothing."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from bank_support import Desk, open_desk
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlmodel import SQLModel
from statement_support import PAYER, Booked
from web_support import bearer, form_token

from app import create_app
from registry.accounts import service as accounts
from registry.accounts.pages import COOKIE
from registry.lending import policy
from registry.lending.bank import ordering
from registry.lending.campaigns.schemas import PayoutWish
from registry.stores.stores import Stores

PAYOUT = "AT611904300234573201"
ROOMS = ("/lending", "/commons", "/ledger", "/fabricators/<slug>/payout")
# What anybody may do for themselves.
OWN = {
    "campaigns_api.make_pledge", "pledges.pledge", "community_api.join_community", "community.join",
    "community_api.leave_community", "community.leave", "community_api.set_community_offer", "community.set_offer",
}  # fmt: skip
# Where a right wish of a stranger could be told from a wrong one: a JSON body that is right for who may send it.
_WHY = {"why": "Because"}
_MONEY = {"amount_minor": 100, "key": "k", **_WHY}


def bodies(desk: Desk) -> dict[str, dict[str, Any]]:
    wish = desk.world.wish(1).model_dump(mode="json")
    return {
        "books_api.sign_books_statement": {"month": "2020-01"},
        "campaigns_api.draft_campaign": wish, "campaigns_api.edit_campaign": wish,
        "campaigns_api.write_to_lenders": {"text": "Hello"},
        "campaigns_api.move_campaign": {"action": "call off", **_WHY},
        "campaigns_api.amend_terms": {"own_terms": "Others", **_WHY},
        "campaigns_api.change_pledge": {"named": True}, "campaigns_api.withdraw_pledge": _WHY,
        "campaigns_api.name_treasurer": {"handle": "zoe", "acts": True, **_WHY},
        "commons_api.record_commons_gift": {"amount_minor": 100, "currency": "EUR", "seen_on": "2020-01-01",
                                            "reference": "A gift", "key": "k"},
        "commons_api.name_commons_person": {"handle": "zoe", "named": True, **_WHY},
        "commons_api.propose_commons_spending": {
            "kind": "tools", "title": "A saw", "text": "To saw", "payee": "zoe", "currency": "EUR",
            "amount_minor": 100, "days": 7, "key": "k", "things_only": True,
        },
        "commons_api.move_commons_proposal": {"action": "withdraw", "words": "Because"},
        "commons_api.say_to_commons_proposal": {"stance": "consent"},
        "commons_api.set_commons_share": {"share_bp": 100, **_WHY},
        "community_api.set_community_limits": {"kind": "person", "member": "lea", "lowest_minor": -1,
                                               "highest_minor": 1, **_WHY},
        "community_api.pay_community_member": {"to": "lea", "amount_minor": 1, "purpose": "x", "key": "k"},
        "lending_api.change_lending_policy": {"text": policy.shipped_text() + "# Others\n", **_WHY},
        "lending_bank_api.decide_bank_booking": {"action": "discard", **_WHY},
        "lending_bank_api.set_commons_account": {"name": "zoe", "iban": PAYOUT},
        "loans_api.take_loan_sale_back": _WHY,
        "lending_bank_api.make_bank_file": {},
        "lending_bank_api.propose_bank_payments": {"to": "lenders", **_WHY},
        "lending_bank_api.move_bank_payment": {"action": "approve"},
        "lending_bank_api.import_bank_statement": {"content_base64": base64.b64encode(b"x").decode()},
        "lending_bank_api.look_at_bank_statement": {"content_base64": base64.b64encode(b"x").decode()},
        "loans_api.give_loan_excess": _MONEY, "loans_api.let_loan_go_on": _WHY, "loans_api.write_loan_off": _WHY,
        "loans_api.send_loan_excess_back": {"amount_minor": 100, **_WHY},
        "loans_api.ask_loan_goods": {"units": 1}, "loans_api.move_loan_goods": {"action": "agree"},
        "loans_api.record_loan_sale": {"price_minor": 100, "sold_on": desk.world.today().isoformat(), "key": "k"},
    }  # fmt: skip


@pytest.fixture
def desk(sqlite_stores: Stores) -> Desk:
    """lea has paid and says where money goes back to, luc has taken his back, and somebody's payment waits."""
    desk = open_desk(sqlite_stores)
    desk.world.market.person("zoe")
    desk.paid("lea", 5_000, payout=PayoutWish(name="Lea Lender", iban=PAYOUT))
    desk.world.withdraw("luc", desk.paid("luc", 5_000))
    desk.bring(Booked(900, "nobody's secretwords"))
    ordering.propose_to_lenders(desk.stores, desk.people["tom"], desk.number, "Withdrawn")
    desk.approve(desk.orders()[0])
    desk.file()
    return desk


def walked(app: Flask, methods: set[str]) -> list[tuple[str, str, set[str]]]:
    """(method, endpoint, names of its parts) of all routes of lending, funds and the book."""
    return [
        (method, rule.endpoint, rule.arguments)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) & methods)
        if any((place := rule.rule.removeprefix("/api/v1")) == room or place.startswith((room + "/", room + "."))
               for room in ROOMS)
    ]  # fmt: skip


def address(app: Flask, endpoint: str, method: str, parts: set[str], **named: Any) -> str:
    values = {"slug": "bench" if "commons" in endpoint else "north", "year": 2026, "month": "2026-11", "form": "json",
              "name": "bank", "kind": "person", "owner": "1", "role": "loan-1", "currency": "EUR"} | named  # fmt: skip
    with app.test_request_context():
        return app.url_map.bind("").build(endpoint, {one: values.get(one, 1) for one in parts}, method=method)


def enter(app: Flask, desk: Desk, who: str) -> tuple[FlaskClient, dict[str, str]]:
    client = app.test_client()
    client.set_cookie(COOKIE, accounts.start_session(desk.stores, desk.people[who]).secret)
    return client, bearer(accounts.make_token_for(desk.stores, who, "test").secret)


def test_what_a_stranger_reads_holds_nobodys_account_and_name(desk: Desk) -> None:
    app = create_app(stores=desk.stores)
    client, token = enter(app, desk, "zoe")
    lea = str(desk.people["lea"])
    of_the_book = [("person", lea, f"loan-{desk.number}"), ("person", lea, f"due-{desk.number}"),
                   ("external", str(desk.number), "bank"), ("campaign", str(desk.number), "unmatched")]  # fmt: skip
    told = 0
    for method, endpoint, parts in walked(app, {"GET"}):
        more: list[dict[str, Any]] = [{}]
        if "form" in parts:
            more = [{"form": form} for form in ("beancount", "journal", "csv", "json")]
        elif "owner" in parts:
            more = [{"kind": kind, "owner": owner, "role": role} for kind, owner, role in of_the_book]
        for named in more:
            here = address(app, endpoint, method, parts, **named)
            query = "?batch=1" if here == "/lending/new" else ""
            query = "?figure=lent&month=" + f"{desk.world.today():%Y-%m}" if here.endswith("transfers") else query
            for answer in (app.test_client().get(here + query), client.get(here + query),
                           app.test_client().get(here + query, headers=token)):  # fmt: skip
                assert answer.status_code < 500 and answer.status_code != 422, (here, answer.text[-400:])
                told += answer.status_code == 200
                said = answer.get_data().decode("utf-8", "replace")
                plain = said.replace(" ", "").replace("\N{NO-BREAK SPACE}", "")
                for secret in (PAYER, PAYOUT, "secretwords", "LeaLender"):
                    assert secret not in plain, (here, secret)
                assert not re.search(r"\b(lea|luc)\b", said), here
    assert told > 60, "most of it is open"


def test_what_a_stranger_sends_changes_nothing(desk: Desk) -> None:
    app = create_app(stores=desk.stores)
    client, token = enter(app, desk, "zoe")
    data = {"csrf_token": form_token(client, "/account"), "month": "2020-01", "action": "call off", "text": "Hello",
            "why": "Because", "words": "Because", "amount": "1.00", "handle": "zoe", "acts": "1", "what": "write-off",
            "key": "k", "units": "1", "iban": PAYOUT, "name": "Zoe", "to": "lenders", "do": "propose"}  # fmt: skip
    right = bodies(desk)
    routes = walked(app, {"POST", "PUT", "PATCH", "DELETE"})
    before = counts(desk)
    for method, endpoint, parts in routes:
        if endpoint in OWN:
            continue
        here = address(app, endpoint, method, parts)
        if here.startswith("/api/"):
            assert endpoint in right, f"say what is sent to {endpoint}, here"
            assert app.test_client().open(here, method=method, json=right[endpoint]).status_code == 401, here
            answer = app.test_client().open(here, method=method, json=right[endpoint], headers=token)
            assert answer.status_code in (403, 404), (here, answer.status_code, answer.text[-400:])
        else:
            answer = client.open(here, method=method, data=data)
            assert answer.status_code < 500, (here, answer.status_code)  # some lead back, with a word why
    assert {name for name, rows in counts(desk).items() if rows != before[name]} == set(), (
        "a stranger changed something"
    )


def counts(desk: Desk) -> dict[str, str]:
    """Every table but those of logging in, whole."""
    tables = set(SQLModel.metadata.tables) - {"account", "login_session", "token"}
    with desk.stores.db.engine.connect() as connection:
        return {name: repr(sorted(map(repr, connection.execute(text(f"SELECT * FROM {name}"))))) for name in tables}
