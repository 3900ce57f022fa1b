"""Pages, links in mails, JSON and commands of notices, as people and programs use them."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
from batch_support import Market
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from mail_support import Mailbox
from notice_support import notice_for
from sqlmodel import select
from web_support import bearer, form_token, make_token, send, sign_up
from werkzeug.test import TestResponse

from app import create_app
from registry.accounts.queries import find_account
from registry.accounts.tables import Account
from registry.cli import main
from registry.errors import Invalid
from registry.fabricators.tables import Member
from registry.notices import links, outbox, rules, service
from registry.notices.tables import MailAddress, Notice, NoticeMail
from registry.settings import read_settings, read_smtp
from registry.values import utcnow

CHOICES = "/account/notices/choices"


@pytest.fixture
def site(sqlite_market: Market) -> tuple[Flask, Market]:
    return create_app(stores=sqlite_market.stores), sqlite_market


def enter(app: Flask, market: Market, handle: str) -> FlaskClient:
    client = app.test_client()
    assert sign_up(client, handle, email=f"{handle}@old.example").status_code == 303
    with market.stores.db.reading() as session:
        account = find_account(session, handle)
        assert account and account.id
        market.people[handle] = account.id
    return client


def set_address(client: FlaskClient, **values: str) -> TestResponse:
    return client.post("/account/notices/address", data={"csrf_token": form_token(client, CHOICES), **values})


def test_what_happened_is_listed_opened_and_read(site: tuple[Flask, Market]) -> None:
    app, market = site
    bea = enter(app, market, "bea")
    assert "Nothing has happened yet" in bea.get("/account/notices").text
    assert app.test_client().get("/account/notices").status_code == 401
    notice_for(market, "bea", "Your <b>batch</b> is shipped", "It left today.")
    page = bea.get("/account/notices").text
    assert "Your &lt;b&gt;batch&lt;/b&gt; is shipped" in page and "<title>(1) Notices" in page
    assert re.search(r'class="bell".*?class="count">1<', bea.get("/batches").text, re.S)
    assert "1 unread notice" in bea.get("/account").text
    link = re.search(r"/account/notices/\d+", page)
    assert link
    cal = enter(app, market, "cal")
    assert cal.get(link[0]).status_code == 404, "what others are told is theirs"
    assert cal.post(f"{link[0]}").status_code == 405
    opened = bea.get(link[0])
    assert opened.status_code == 303 and opened.location == "/batches/1"
    assert 'class="count"' not in bea.get("/account/notices").text
    assert "Nothing unread" in bea.get("/account/notices?unread=true").text
    notice_for(market, "cal", "One more")
    newest = re.search(r'name="up_to" value="(\d+)"', cal.get("/account/notices").text)
    assert newest
    assert send(cal, "/account/notices/read", "/account/notices", up_to=newest[1]).status_code == 303
    assert "Mark all as read" not in cal.get("/account/notices").text
    assert bea.post("/account/notices/read", data={"up_to": "9"}).status_code == 400, "no form of ours"


def test_an_address_is_confirmed_changed_and_removed(site: tuple[Flask, Market], box: Mailbox) -> None:
    app, market = site
    bea = enter(app, market, "bea")
    assert 'value="bea@old.example"' in bea.get(CHOICES).text, "the account's own is offered, and not used unasked"
    wrong = set_address(bea, address="bea@x\r\nBcc: y@z.org")
    assert wrong.status_code == 422 and "is no e-mail address" in wrong.text
    assert set_address(bea, address="bea@example.org").status_code == 303
    assert "Waiting for you to confirm bea@example.org" in bea.get(CHOICES).text
    notice_for(market, "bea", "Too early")
    assert service.send_now(market.stores).sent == 1
    [mail] = box.mails
    assert mail["To"] == "bea@example.org" and "Confirm your address" in mail["Subject"]
    assert mail["List-Unsubscribe"] is None
    link = re.search(r"https://hw\.example\.org(/notices/confirm/[\w-]+)", mail.get_content())
    assert link
    with market.stores.db.reading() as session:
        row = session.get_one(MailAddress, market.people["bea"])
        assert row.secret_hash == links.hashed(link[1].rpartition("/")[2]) and row.confirmed_at is None
    anyone = app.test_client()
    asked = anyone.get(link[1])
    assert asked.status_code == 200 and "Yes, send them here" in asked.text
    assert asked.headers["Cache-Control"] == "no-store"
    assert "Waiting for you" in bea.get(CHOICES).text, "looking at the link confirms nothing: programs look at links"
    assert "Your address is confirmed" in send(anyone, link[1], link[1]).text
    assert "bea@example.org" in bea.get(CHOICES).text and "Waiting" not in bea.get(CHOICES).text
    assert "Your address is confirmed" in send(anyone, link[1], link[1]).text, "twice is once"
    assert anyone.get("/notices/confirm/guessed").status_code == 404
    notice_for(market, "bea", "In time")  # the same event as before: told once
    assert set_address(bea, address="new@example.org").status_code == 303
    assert anyone.get(link[1]).status_code == 404, "the old link ends"
    for place in range(3):
        set_address(bea, address=f"x{place}@example.org")
    stopped = set_address(bea, address="more@example.org")
    assert stopped.status_code == 409 and "Try again tomorrow" in stopped.text
    assert set_address(bea, do="remove").status_code == 303
    assert "No address is set" in bea.get(CHOICES).text
    assert service.send_now(market.stores).sent == 0 and len(box.mails) == 1


def test_a_link_to_confirm_grows_old(site: tuple[Flask, Market]) -> None:
    app, market = site
    bea = enter(app, market, "bea")
    set_address(bea, address="bea@example.org")
    letter = outbox._claim(market.stores)
    assert letter and letter.confirm
    with market.stores.db.transaction() as session:
        row = session.get_one(MailAddress, market.people["bea"])
        row.expires_at = utcnow()
    late = bea.get(letter.confirm.removeprefix("https://hw.example.org"))
    assert late.status_code == 404 and "too old" in late.text


def test_one_click_ends_mails(site: tuple[Flask, Market]) -> None:
    app, market = site
    bea = enter(app, market, "bea")
    with market.stores.db.transaction() as session:
        session.add(MailAddress(account_id=market.people["bea"], address="bea@example.org", confirmed_at=utcnow(),
                                stop_secret="s3cret"))  # fmt: skip
    program = app.test_client()
    assert (
        "Should mail for <strong>Quotes you asked for</strong> end" in program.get("/notices/stop/s3cret/quotes").text
    )
    done = program.post("/notices/stop/s3cret/quotes", data={"List-Unsubscribe": "One-Click"})
    assert done.status_code == 200 and "These mails have ended" in done.text
    page = bea.get(CHOICES).text
    assert re.search(r'name="quotes" value="none" checked', page) and re.search(r'"batches" value="each" checked', page)
    program.post("/notices/stop/s3cret/daily")
    page = bea.get(CHOICES).text
    assert re.search(r'name="designs" value="none" checked', page) and re.search(
        r'"batches" value="each" checked', page
    )
    program.post("/notices/stop/s3cret/batches", data={"kind": "all"})
    assert bea.get(CHOICES).text.count('value="none" checked') == len(rules.KINDS)
    for path in ("/notices/stop/other/quotes", "/notices/stop/s3cret/nonsense"):
        assert program.post(path).status_code == 404
    kept = send(bea, CHOICES, CHOICES, quotes="daily", nonsense="each")
    assert kept.status_code == 303 and re.search(r'name="quotes" value="daily" checked', bea.get(CHOICES).text)
    assert send(bea, CHOICES, CHOICES, quotes="hourly").status_code == 422


def test_json(site: tuple[Flask, Market]) -> None:
    app, market = site
    bea = enter(app, market, "bea")
    token = bearer(make_token(bea))
    program = app.test_client()
    assert program.get("/api/v1/notices").status_code == 401
    notice_for(market, "bea", "Hello", "there")
    found = program.get("/api/v1/notices?unread=true", headers=token).get_json()
    assert found["total"] == found["unread"] == 1 and found["items"][0]["title"] == "Hello"
    assert found["items"][0]["link"] == "/batches/1" and found["next"] is None
    read = program.post("/api/v1/notices/read", json={"ids": [found["items"][0]["id"]]}, headers=token)
    assert read.get_json() == {"marked": 1, "unread": 0}
    assert program.post("/api/v1/notices/read", json={"up_to": 99}, headers=token).get_json()["marked"] == 0
    chosen = program.put("/api/v1/notices/choices", json={"choices": {"quotes": "daily"}}, headers=token).get_json()
    assert {item["kind"]: item["how"] for item in chosen["choices"]}["quotes"] == "daily" and chosen["mail"]
    wrong = program.put("/api/v1/notices/choices", json={"choices": {"gossip": "each"}}, headers=token)
    assert wrong.status_code == 422 and "gossip" in wrong.get_json()["detail"]
    to = program.put("/api/v1/notices/address", json={"address": "b@example.org"}, headers=token).get_json()
    assert (to["address"], to["confirmed"]) == ("b@example.org", False)
    assert program.put("/api/v1/notices/address", json={}, headers=token).get_json()["address"] == ""
    made = program.post("/api/v1/notices/calendars/me", headers=token).get_json()
    assert made["items"][0]["url"].startswith("https://hw.example.org/calendar/")
    assert program.post("/api/v1/notices/calendars/north", headers=token).status_code == 403
    gone = program.delete("/api/v1/notices/calendars/me", headers=token).get_json()
    assert gone["items"][0]["url"] == ""
    assert program.get("/api/v1/notices/outbox", headers=token).status_code == 403


def test_stewards_see_what_went_wrong(site: tuple[Flask, Market]) -> None:
    app, market = site
    bea = enter(app, market, "bea")
    assert bea.get("/account/notices/outbox").status_code == 403
    with market.stores.db.transaction() as session:
        session.get_one(Account, market.people["bea"]).is_steward = True
        session.add(NoticeMail(account_id=market.people["ada"], state="failed", due_at=utcnow(), tries=3,
                               fault="The mail server said 550 <no> such user."))  # fmt: skip
    page = bea.get("/account/notices/outbox").text
    assert "550 &lt;no&gt; such user" in page and "to ada" in page and "tried 3 times" in page
    assert "1 mail</a> of this registry went wrong" in bea.get("/account").text
    number = re.search(r"/account/notices/outbox/(\d+)", page)
    assert number and send(bea, number[0], "/account/notices/outbox").status_code == 303
    assert send(bea, number[0], CHOICES).status_code == 404, "it waits already"


def test_without_a_mail_server(sqlite_market: Market) -> None:
    market = sqlite_market
    settings = dataclasses.replace(market.stores.settings, smtp=None, mail_from="")
    app = create_app(stores=dataclasses.replace(market.stores, settings=settings))
    bea = enter(app, market, "bea")
    assert "This registry sends no mail" in bea.get(CHOICES).text
    refused = set_address(bea, address="b@example.org")
    assert refused.status_code == 409 and "it has no mail server" in refused.text
    notice_for(market, "bea", "On the page")
    assert "On the page" in bea.get("/account/notices").text


def test_commands(site: tuple[Flask, Market], box: Mailbox) -> None:
    _, market = site
    with market.stores.db.transaction() as session:
        session.add(MailAddress(account_id=market.people["otto"], address="otto@example.org", confirmed_at=utcnow(),
                                stop_secret="s"))  # fmt: skip
    market.ask("ada", "north")
    env = {
        "BRICKYARD_DATA": str(market.stores.settings.data), "BRICKYARD_DATABASE_URL": "",
        "BRICKYARD_SMTP_URL": f"smtp://127.0.0.1:{box.port}", "BRICKYARD_MAIL_FROM": "notices@example.org",
    }  # fmt: skip
    sent = CliRunner().invoke(main, ["notices", "send", "--json"], env=env)
    assert sent.exit_code == 0 and json.loads(sent.stdout) == {
        "told": 2,
        "sent": 1,
        "failed": 0,
        "later": 0,
        "fault": "",
    }
    assert [mail["To"] for mail in box.mails] == ["otto@example.org"]
    box.refuse = {"otto@example.org": "550 gone"}
    market.ask("ada", "north")
    assert (
        CliRunner().invoke(main, ["notices", "send"], env=env).output == "0 sent, 1 failed, 0 are tried again later.\n"
    )
    shown = CliRunner().invoke(main, ["notices"], env=env)
    assert f"127.0.0.1:{box.port}" in shown.output and "1 sent, 1 failed" in shown.output and "550 gone" in shown.output
    box.refuse = {}
    assert "1 sent" in CliRunner().invoke(main, ["notices", "send", "--failed"], env=env).output
    counted = json.loads(CliRunner().invoke(main, ["notices", "--json"], env=env).stdout)
    assert counted["counts"]["sent"] == 2 and counted["items"] == []
    none = CliRunner().invoke(main, ["notices", "send"], env=env | {"BRICKYARD_SMTP_URL": ""})
    assert none.exit_code == 1 and "has no mail server" in none.stderr and none.stderr.count("\n") == 1


def test_settings(tmp_path: Path) -> None:
    env = {"BRICKYARD_DATA": str(tmp_path)}
    assert read_settings(env).smtp is None
    server = read_smtp("smtp://me%40x:p%2Fw@mail.example.org")
    assert server and (server.host, server.port, server.tls, server.user) == ("mail.example.org", 587, False, "me@x")
    assert server.password == "p/w" and "p/w" not in repr(server)
    assert read_smtp("smtps://mail.example.org") == read_smtp("smtps://mail.example.org:465/")
    for url in (
        "mail.example.org",
        "http://x",
        "smtp://",
        "smtp://x:port",
        "smtp://user@x",
        "smtp://x/path",
        "smtp://[x",
    ):
        with pytest.raises(Invalid, match="BRICKYARD_SMTP_URL is no mail server"):
            read_smtp(url)
    with pytest.raises(Invalid) as caught:
        read_smtp("smtp://user:hunter2@x:999999")
    assert "hunter2" not in str(caught.value)
    for sender in ("", "nobody", "a@b\nBcc: c@d", "Brick <a@b> <c@d>"):
        with pytest.raises(Invalid, match="BRICKYARD_MAIL_FROM"):
            read_settings(env | {"BRICKYARD_SMTP_URL": "smtp://x", "BRICKYARD_MAIL_FROM": sender})
    good = read_settings(
        env | {"BRICKYARD_SMTP_URL": "smtp://x", "BRICKYARD_MAIL_FROM": "Werkstatt Süd <a@example.org>"}
    )
    assert good.mail_from == "Werkstatt Süd <a@example.org>"


def test_who_leaves_a_workshop_is_told_no_more(site: tuple[Flask, Market]) -> None:
    _, market = site
    with market.stores.db.transaction() as session:
        session.delete(session.get_one(Member, (market.shops["north"], market.people["otto"])))
    market.ask("ada", "north")
    service.keep(market.stores)
    with market.stores.db.reading() as session:
        assert set(session.exec(select(Notice.account_id)).all()) == {market.people["olga"]}
