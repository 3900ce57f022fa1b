from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient
from ledger_support import ANNA, BANK, BEN, FUNDS, opened, post

from registry.accounts import service as accounts
from registry.accounts.pages import COOKIE
from registry.ledger import queries
from registry.stores.stores import Stores

PREFIX = "/api/v1/ledger"


def logged_in(app: Flask, stores: Stores, account_id: int) -> FlaskClient:
    client = app.test_client()
    client.set_cookie(COOKIE, accounts.start_session(stores, account_id).secret)
    return client


def test_each_reads_what_is_open_and_what_is_theirs(app: Flask, stores: Stores) -> None:
    for handle in ("anna", "ben", "cleo"):  # the first is the steward
        accounts.sign_up(stores, handle, "a long enough password", f"{handle}@example.org")
    opened(stores, ANNA, BEN, FUNDS, "fabricator/7/due")
    post(stores, BANK, ANNA, 10_00, "in-1")
    post(stores, BANK, BEN, 20_00, "in-2")
    post(stores, ANNA, FUNDS, 1_00, "pay-1")
    post(stores, BEN, FUNDS, 2_00, "pay-2")
    steward, ben, nobody = logged_in(app, stores, 1), logged_in(app, stores, 2), app.test_client()

    def seen(client: FlaskClient, query: str = "") -> list[str]:
        items = client.get(f"{PREFIX}/accounts{query}").get_json()["items"]
        return ["/".join(each["account"][part] for part in ("kind", "id")) for each in items]

    assert seen(nobody) == ["external/bank", "campaign/1"]
    assert seen(ben) == ["external/bank", "person/2", "campaign/1"]
    assert len(seen(steward)) == 5
    assert seen(ben, "?kind=person") == ["person/2"] and seen(nobody, "?kind=fabricator") == []

    lines = ben.get(f"{PREFIX}/accounts/campaign/1/funds/EUR").get_json()["lines"]
    assert [(line["other"], line["amount_minor"], line["balance_minor"]) for line in lines] == [
        ("person", 1_00, 1_00), ("person/2/paid/EUR", 2_00, 3_00)
    ]  # fmt: skip
    assert nobody.get(f"{PREFIX}/accounts/person/2/paid/EUR").status_code == 404
    assert ben.get(f"{PREFIX}/accounts/person/1/paid/EUR").status_code == 404
    assert steward.get(f"{PREFIX}/accounts/person/1/paid/EUR").status_code == 200

    with stores.db.reading() as session:
        head = queries.head(session)
    assert nobody.get(PREFIX).get_json()["hash"] == head.hash

    # Other features say whose accounts somebody may read besides.
    stores.hooks["ledger.owns"] = [lambda session, account_id: [("fabricator", "7")] if account_id == 2 else []]
    assert seen(ben, "?kind=fabricator") == ["fabricator/7"]
    assert seen(logged_in(app, stores, 3), "?kind=fabricator") == []


def test_lists_and_statements_go_on_and_refuse_nonsense(app: Flask, stores: Stores) -> None:
    opened(stores, *(f"campaign/{number}/funds" for number in range(1, 6)))
    client = app.test_client()
    found = []
    address: str | None = f"{PREFIX}/accounts?per_page=2&kind=campaign"
    while address:
        part = client.get(address).get_json()
        found += [each["account"]["id"] for each in part["items"]]
        address = part["next"]
    assert found == ["1", "2", "3", "4", "5"]
    for wrong in ("nobody/1/funds/EUR", "campaign/1/funds/eur", "campaign/9/funds/EUR", "campaign/%00/funds/EUR"):
        assert client.get(f"{PREFIX}/accounts/{wrong}").status_code == 404
    assert client.get(f"{PREFIX}/accounts?kind=nobody").status_code == 422
    assert client.get(f"{PREFIX}/accounts/campaign/1/funds/EUR?since=yesterday").status_code == 422
    assert client.get(f"{PREFIX}/accounts/campaign/1/funds/EUR?since=2026-01-01T00:00:00Z").status_code == 200
