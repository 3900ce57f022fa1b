"""The treasurer's desk by page, JSON and command."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
from pathlib import Path

import pytest
from bank_support import Desk, client_of, open_desk
from click.testing import CliRunner
from flask import Flask
from statement_support import MAPPING, PAYER, Booked, camt, table
from web_support import bearer, form_token

from registry import limits
from registry.accounts import service as accounts
from registry.cli import main
from registry.lending.bank import importing, ordering
from registry.lending.paying import Payee
from registry.stores.stores import Stores


@pytest.fixture
def desk(stores: Stores) -> Desk:
    return open_desk(stores)


def test_a_statement_by_page_is_looked_at_then_imported_and_what_waits_is_decided(app: Flask, desk: Desk) -> None:
    here = f"/lending/{desk.number}/bank"
    tom = client_of(app, desk, "tom")
    pledge = desk.world.pledge("lea", desk.number, 5_000)
    assert "Nothing waits" in tom.get(here).text and tom.get(here).text.count("<h1") == 1
    lines = [desk.today(Booked(5_000, desk.reference(pledge))), desk.today(Booked(900, "for <you>", name='"><b>Bob'))]
    token = form_token(tom, f"{here}/statements")
    look = {"csrf_token": token, "do": "look", "file": (io.BytesIO(table(lines)), "umsätze.csv")}
    refused = tom.post(f"{here}/statements", data=look)
    assert refused.status_code == 422 and "which column means what" in refused.text
    assert "begins with" in refused.text and "Buchungstag;Betrag" in refused.text
    assert "Umsätze" in refused.text and '<option value="cp1252" selected>' in refused.text
    kept = re.search(r'name="kept" value="([^"]+)"', refused.text)
    assert 'name="file_name" value="umsätze.csv"' in refused.text
    assert kept and base64.b64decode(kept[1]) == table(lines), "the file is not lost"
    columns = {name: str(value) for name, value in MAPPING.items()} | {
        "csrf_token": token, "kept": kept[1], "file_name": "umsätze.csv",
    }  # fmt: skip
    wrong = tom.post(f"{here}/statements", data=columns | {"do": "look", "decimal": "."})
    assert wrong.status_code == 422 and "decimal sign" in wrong.text and "Verwendungszweck" in wrong.text
    seen = tom.post(f"{here}/statements", data=columns | {"do": "look"})
    assert seen.status_code == 200 and "2 new bookings" in seen.text and "it adds up" in seen.text
    assert PAYER not in seen.text and "&#34;&gt;&lt;b&gt;Bob" in seen.text and desk.entries() == []
    done = tom.post(f"{here}/statements", data=columns | {"do": "import"})
    assert done.status_code == 303 and done.location == here
    page = tom.get(here).text
    assert "1 booking to decide" in page and "The book and the bank differ" not in page
    (entry,) = desk.entries("no match")
    address = f"{here}/queue/{entry.id}"
    empty = tom.post(address, data={"csrf_token": token, "action": "gift", "why": ""})
    assert empty.status_code == 422 and "A reason in one line" in empty.text
    assert re.search(r'value="gift" required checked', empty.text), "what was chosen stays"
    assert tom.post(address, data={"csrf_token": token, "action": "gift", "why": "Bob says so"}).status_code == 303
    assert "Bob says so" in tom.get(address).text and "Nothing waits" in tom.get(here).text
    assert "Assigned" in tom.get(f"{here}/bookings").text and "umsätze.csv" in tom.get(f"{here}/statements").text
    desk.balance = 5_900
    desk.check()


def test_payments_by_page_and_the_same_file_twice(app: Flask, desk: Desk) -> None:
    here = f"/lending/{desk.number}/bank/payments"
    desk.world.withdraw("lea", desk.paid("lea", 5_000))
    tom, tia = client_of(app, desk, "tom"), client_of(app, desk, "tia")
    token, other = form_token(tom, here), form_token(tia, here)
    assert tom.post(here, data={"csrf_token": token, "do": "propose", "why": "Withdrawn"}).status_code == 303
    (order,) = desk.orders()
    page = tom.get(here).text
    assert "Another treasurer must approve it" in page and PAYER not in page and "NL91 … 4300" in page
    alone = tom.post(here, data={"csrf_token": token, "do": "approve", "order": order.id})
    assert alone.status_code == 409 and "A second person must approve it" in alone.text
    for order_id in ("x", "-1", "99", "9" * 30):
        assert tom.post(here, data={"csrf_token": token, "do": "approve", "order": order_id}).status_code == 404
    assert tia.post(here, data={"csrf_token": other, "do": "approve", "order": order.id}).status_code == 303
    assert tia.post(here, data={"csrf_token": other, "do": "file"}).status_code == 303
    again = tia.post(here, data={"csrf_token": other, "do": "file"})
    assert again.status_code == 409 and "No payment is approved" in again.text
    found = re.search(rf'href="({here}/\d+\.xml)"', tia.get(here).text)
    assert found
    first, second = tia.get(found[1]), tom.get(found[1])
    assert first.data == second.data and PAYER.encode() in first.data
    assert "attachment" in first.headers["Content-Disposition"] and first.headers["Cache-Control"] == "no-store"
    for who in ("lea", "olga", "sue"):
        assert client_of(app, desk, who).get(found[1]).status_code == 403
    assert app.test_client().get(found[1]).status_code in (302, 303, 401)


def test_the_campaigns_page_leads_treasurers_to_the_desk_and_the_workshop_to_its_account(
    app: Flask, desk: Desk
) -> None:
    desk.bring(Booked(900, "?"))
    page = f"/lending/{desk.number}"
    tom, olga = client_of(app, desk, "tom").get(page).text, client_of(app, desk, "olga").get(page).text
    assert "1 booking to decide" in tom and f"{page}/bank" in tom and "/payout" not in tom
    assert "have not said yet where" in olga and importing.repayment_reference(desk.number) in olga
    assert f"{page}/bank" not in olga
    for client in (app.test_client(), client_of(app, desk, "lea")):
        assert f"{page}/bank" not in client.get(page).text and "/payout" not in client.get(page).text


def test_a_part_of_the_loan_is_proposed_by_page(app: Flask, desk: Desk) -> None:
    here = f"/lending/{desk.number}/bank/payments"
    for who in ("lea", "luc"):
        desk.paid(who, 10_000)
    desk.fund()
    tom = client_of(app, desk, "tom")
    assert "has not said where it receives money" in tom.get(here).text
    shop = desk.world.loan(desk.number).fabricator_id
    ordering.set_fabricator_payee(desk.stores, desk.people["otto"], shop, Payee("North", PAYER))
    assert "120.00\xa0EUR for materials is next" in tom.get(here).text
    sent = {"csrf_token": form_token(tom, here), "do": "disburse", "stage": "materials", "why": "Wood"}
    assert tom.post(here, data=sent).status_code == 303 and len(desk.orders()) == 1
    assert tom.post(here, data=sent).status_code == 409 and "It is ordered already" in tom.get(here).text


def test_who_is_no_treasurer_sees_nothing(app: Flask, desk: Desk) -> None:
    desk.bring(Booked(900, "secret words"))
    entry = desk.entries()[0].id
    api = f"/api/v1/lending/campaigns/{desk.number}/bank"
    lea = bearer(accounts.make_token_for(desk.stores, "lea", "test").secret)
    for path in ("", "/bookings", f"/bookings/{entry}", "/statements", "/payments", "/files"):
        assert app.test_client().get(api + path).status_code == 401
        answer = app.test_client().get(api + path, headers=lea)
        assert answer.status_code == 403 and "secret" not in answer.text
    for path in ("", "/bookings", f"/queue/{entry}", "/statements", "/payments", "/bookings.csv"):
        answer = client_of(app, desk, "lea").get(f"/lending/{desk.number}/bank{path}")
        assert answer.status_code == 403 and "secret words" not in answer.text


def test_the_same_by_json(app: Flask, desk: Desk) -> None:
    api = f"/api/v1/lending/campaigns/{desk.number}/bank"
    tom, tia = (bearer(accounts.make_token_for(desk.stores, who, "test").secret) for who in ("tom", "tia"))
    client = app.test_client()
    pledge = desk.world.pledge("lea", desk.number, 5_000)
    upload = desk.upload(Booked(5_000, desk.reference(pledge)), Booked(700, "?"))
    body = {"content_base64": base64.b64encode(upload.content).decode()}
    assert client.post(f"{api}/statements", json={"content_base64": "%"}, headers=tom).status_code == 422
    much = base64.b64encode(upload.content + b" " * (limits.STATEMENT_BYTES - len(upload.content)))
    look = client.post(f"{api}/statements/look", json={"content_base64": much.decode()}, headers=tom)
    assert look.status_code == 200 and look.json["fresh"] == 2, "as large as the page takes it"
    more = client.post(f"{api}/statements", json={"content_base64": much.decode() + "AAAA" * 2}, headers=tom)
    assert more.status_code in (413, 422)
    huge = client.post(f"{api}/statements", json={"content_base64": "A" * limits.STATEMENT_BODY_BYTES}, headers=tom)
    assert huge.status_code == 413
    assert client.post(f"{api}/bookings/1", json={"why": "A" * 70_000}, headers=tom).status_code == 413, "it alone"
    look = client.post(f"{api}/statements/look", json=body, headers=tom)
    assert look.status_code == 200 and (look.json["fresh"], look.json["gap"]) == (2, False)
    made = client.post(f"{api}/statements", json=body, headers=tom)
    assert made.status_code == 201 and made.json == {"fresh": 2, "known": 0, "waiting": 1}
    assert client.post(f"{api}/statements", json=body, headers=tom).json == {"fresh": 0, "known": 2, "waiting": 1}
    (item,) = client.get(f"{api}/bookings?state=queue", headers=tom).json["items"]
    assert item["iban"] == "NL91 … 4300" and item["reasons"] == ["No code of a pledge stands in it."]
    told = client.get(f"{api}/bookings/{item['id']}", headers=tom).json
    assert told["suggested"] == "send back" and "gift" in told["actions"]
    sent = client.post(f"{api}/bookings/{item['id']}", json={"action": "send back", "why": "Unknown"}, headers=tom)
    assert sent.status_code == 200 and sent.json["state"] == "discarded"
    (order,) = client.get(f"{api}/payments", headers=tom).json["items"]
    assert PAYER not in json.dumps(order) and order["signed_by"] == ["tom"]
    move = f"{api}/payments/{order['id']}"
    assert client.post(move, json={"action": "approve"}, headers=tom).status_code == 409
    assert client.post(move, json={"action": "approve"}, headers=tia).json["items"][0]["state"] == "approved"
    assert client.post(f"{api}/files", json={}, headers=tia).json["items"][0]["payments"] == 1
    assert client.get(api, headers=tom).json["bank_minor"] == client.get(api, headers=tom).json["book_minor"] == 5_700


def test_row_36_no_cell_of_an_export_is_a_formula(app: Flask, desk: Desk) -> None:
    desk.bring(Booked(900, "=cmd()|calc", name="+SUM(A1)"), Booked(800, "@x", name="-1"))
    text = client_of(app, desk, "tom").get(f"/lending/{desk.number}/bank/bookings.csv").text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["text"], row["name"], row["amount"]) for row in rows] == [
        ("'=cmd()|calc", "'+SUM(A1)", "9.00"), ("'@x", "'-1", "8.00"),
    ]  # fmt: skip


def test_a_red_note_where_book_and_bank_differ(app: Flask, desk: Desk) -> None:
    desk.bring(Booked(900, "A"))
    desk.balance = 5_000
    upload = desk.upload(Booked(100, "B"))
    accepted = importing.Upload(upload.content, accept_gap=True)
    importing.bring(desk.stores, desk.people["tom"], desk.number, accepted)
    page = client_of(app, desk, "tom").get(f"/lending/{desk.number}/bank").text
    assert "The book and the bank differ by −41.00" in page and "note red" in page
    assert "The book and the bank differ." in client_of(app, desk, "tom").get(f"/lending/{desk.number}").text


def test_where_a_workshop_receives_money(app: Flask, desk: Desk) -> None:
    otto, olga = client_of(app, desk, "otto"), client_of(app, desk, "olga")
    assert olga.get("/fabricators/north/payout").status_code == 403, "its owners alone say it"
    token = form_token(otto, "/fabricators/north/payout")
    wrong = {"csrf_token": token, "name": "North", "iban": "DE00123"}
    refused = otto.post("/fabricators/north/payout", data=wrong)
    assert refused.status_code == 422 and "is no IBAN" in refused.text and "DE00123" in refused.text
    assert otto.post("/fabricators/north/payout", data=wrong | {"iban": PAYER}).status_code == 303
    shop = desk.world.loan(desk.number).fabricator_id
    with desk.stores.db.reading() as session:
        payee = ordering.fabricator_payee(session, shop)
    assert payee is not None and payee.iban == PAYER


def test_the_same_by_command(sqlite_stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = open_desk(sqlite_stores)
    monkeypatch.setenv("BRICKYARD_DATA", str(sqlite_stores.settings.data))
    monkeypatch.delenv("BRICKYARD_DATABASE_URL", raising=False)
    pledge = desk.world.pledge("lea", desk.number, 5_000)
    lines = [desk.today(Booked(5_000, desk.reference(pledge))), desk.today(Booked(700, "?"))]
    (tmp_path / "s.csv").write_bytes(table(lines))
    (tmp_path / "map.toml").write_text("\n".join(f"{name} = {json.dumps(value)}" for name, value in MAPPING.items()))
    (tmp_path / "bad.xml").write_bytes(camt(lines, closing=1))
    runner = CliRunner()
    tail = ("--campaign", str(desk.number), "--as", "tom")

    def said(*words: str, ok: bool = True) -> str:
        done = runner.invoke(main, ["bank", *words])
        assert (done.exit_code == 0) == ok, done.output
        return done.output

    assert "does not add up" in said("statements", "import", str(tmp_path / "bad.xml"), *tail, ok=False)
    file, mapping = str(tmp_path / "s.csv"), ("--mapping", str(tmp_path / "map.toml"))
    assert "2 new bookings" in said("statements", "import", file, *tail, *mapping, "--look")
    assert "2 new bookings, 0 known; 1 wait" in said("statements", "import", file, *tail, *mapping)
    assert "0 new bookings, 2 known" in said("statements", "import", file, *tail)
    listed = said("review", "list", *tail)
    assert "No code of a pledge" in listed and "7.00" in listed
    entry = str(desk.entries("no match")[0].id)
    said("review", "decide", entry, "send back", *tail, ok=False)
    assert "discarded" in said("review", "decide", entry, "send back", *tail, "--why", "Nobody's")
    assert "proposed" in said("orders", "list", *tail)
    order = str(desk.orders()[0].id)
    said("orders", "approve", order, *tail, ok=False)
    said("orders", "approve", order, "--campaign", str(desk.number), "--as", "tia")
    assert "file 1, 1 payment," in said("orders", "file", *tail, "-o", str(tmp_path / "out.xml"))
    said("orders", "file", *tail, "-o", str(tmp_path / "same.xml"), "--again", "1")
    assert (tmp_path / "out.xml").read_bytes() == (tmp_path / "same.xml").read_bytes()
