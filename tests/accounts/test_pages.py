"""Signing up, logging in and out, passwords and tokens, as a browser does it."""

from __future__ import annotations

import dataclasses
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from web_support import PASSWORD, bearer, counted, form_token, log_in, make_token, send, sign_up
from werkzeug.test import TestResponse

from app import create_app
from registry import limits
from registry.accounts import service
from registry.stores.stores import Stores
from registry.web.rates import limiter

OTHER = "sand water and patience"


@pytest.fixture
def app(sqlite_stores: Stores) -> Flask:
    """Pages do not depend on the database: what they call is tested on both."""
    return create_app(stores=sqlite_stores)


def cookie_of(response: TestResponse) -> str:
    return next((line for line in response.headers.getlist("Set-Cookie") if line.startswith("brickyard_session=")), "")


def name_shown(client: FlaskClient) -> str:
    link = re.search(r'<a href="/account".*?</a>', client.get("/login").get_data(as_text=True), re.S)
    return re.sub(r"<[^>]*>", "", link[0]).strip() if link else ""


def test_sign_up_log_out_log_in(client: FlaskClient) -> None:
    assert "first here" in client.get("/signup").get_data(as_text=True)
    done = sign_up(client, "ada", email="ada@example.org", next="/account")
    assert (done.status_code, done.headers["Location"]) == (303, "/account")
    page = client.get("/account").get_data(as_text=True)
    assert "Steward" in page and name_shown(client) == "ada"
    assert send(client, "/logout").headers["Location"] == "/"
    assert name_shown(client) == "" and client.get("/account").status_code == 401
    assert "first here" not in client.get("/signup").get_data(as_text=True)
    assert log_in(client, "Ada", next="/designs?q=brick").headers["Location"] == "/designs?q=brick"
    assert name_shown(client) == "ada"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(client: FlaskClient) -> None:
    cookie = cookie_of(sign_up(client, "ada"))
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie and "Secure" not in cookie
    assert len(cookie.split(";")[0]) > 40 and "Expires=" in cookie


def test_over_https_cookies_stay_on_https(sqlite_stores: Stores) -> None:
    settings = dataclasses.replace(sqlite_stores.settings, https=True)
    client = create_app(stores=dataclasses.replace(sqlite_stores, settings=settings)).test_client()
    page = client.get("/signup", base_url="https://hw.example.org")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.get_data(as_text=True))
    assert token and "Secure" in page.headers["Set-Cookie"]
    done = client.post(
        "/signup",
        data={"csrf_token": token[1], "handle": "ada", "password": PASSWORD},
        base_url="https://hw.example.org",
        headers={"Referer": "https://hw.example.org/signup"},
    )
    assert "Secure" in cookie_of(done)


def test_log_in_changes_every_secret_of_the_browser(client: FlaskClient) -> None:
    sign_up(client, "ada")
    old, form = client.get_cookie("brickyard_session"), form_token(client)
    assert old
    assert log_in(client, "ada").status_code == 303
    new = client.get_cookie("brickyard_session")
    assert new and new.value != old.value
    assert client.post("/logout", data={"csrf_token": form}).status_code == 400, "a form from before the log-in"
    client.set_cookie("brickyard_session", old.value)
    assert client.get("/account").status_code == 401, "the session from before has ended"


@pytest.mark.parametrize(
    "address",
    ["/login", "/signup", "/logout", "/account/password", "/account/tokens", "/account/tokens/1/revoke",
     "/account/resets", "/reset/x", "/submit"],
)  # fmt: skip
def test_forms_from_elsewhere_change_nothing(client: FlaskClient, address: str) -> None:
    response = client.post(address, data={"handle": "ada", "password": PASSWORD, "name": "x"})
    assert response.status_code == 400 and "This form is too old" in response.get_data(as_text=True)


def test_faults_come_back_into_the_form(client: FlaskClient) -> None:
    response = sign_up(client, "Ada Lovelace", email="<script>alert(1)</script>")
    html = response.get_data(as_text=True)
    assert response.status_code == 422 and "lower-case letters" in html and 'value="Ada Lovelace"' in html
    assert "<script>alert" not in html and PASSWORD not in html and not cookie_of(response)
    sign_up(client, "ada")
    assert sign_up(client, "ada").status_code == 409
    wrong = log_in(client, "ada", OTHER)
    assert wrong.status_code == 422 and OTHER not in wrong.get_data(as_text=True) and not cookie_of(wrong)
    assert wrong.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "where", ["//evil.example/x", "https://evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_nobody_is_sent_to_another_site(client: FlaskClient, where: str) -> None:
    assert "evil" not in client.get("/login", query_string={"next": where}).get_data(as_text=True)
    assert sign_up(client, "ada", next=where).headers["Location"] == "/"


def test_a_new_password_logs_out_other_browsers(app: Flask, client: FlaskClient) -> None:
    sign_up(client, "ada")
    other = app.test_client()
    log_in(other, "ada")
    wrong = send(client, "/account/password", "/account", old_password="no such password", password=OTHER)
    assert wrong.status_code == 422 and other.get("/account").status_code == 200
    assert send(client, "/account/password", "/account", old_password=PASSWORD, password=OTHER).status_code == 303
    assert client.get("/account").status_code == 200 and other.get("/account").status_code == 401
    assert log_in(other, "ada").status_code == 422 and log_in(other, "ada", OTHER).status_code == 303


def test_a_steward_hands_out_a_reset_link(app: Flask, client: FlaskClient) -> None:
    sign_up(client, "ada")
    grace = app.test_client()
    sign_up(grace, "grace")
    assert send(grace, "/account/resets", "/account", handle="ada").status_code == 403
    assert send(client, "/account/resets", "/account", handle="nobody-here").status_code == 404
    page = send(client, "/account/resets", "/account", handle="grace")
    link = re.search(r"http://127\.0\.0\.1:8000(/reset/[\w-]{43})", page.get_data(as_text=True))
    assert link and page.headers["Cache-Control"] == "no-store"
    fresh = app.test_client()
    assert "For grace" in fresh.get(link[1]).get_data(as_text=True)
    assert send(fresh, link[1], link[1], password="short").status_code == 422
    assert send(fresh, link[1], link[1], password=OTHER).status_code == 303
    assert name_shown(fresh) == "grace" and grace.get("/account").status_code == 401
    assert fresh.get(link[1]).status_code == 404


def test_a_token_is_shown_once_and_acts_for_its_owner(app: Flask, client: FlaskClient) -> None:
    sign_up(client, "ada")
    token = make_token(client, "release script")
    page = client.get("/account").get_data(as_text=True)
    assert "release script" in page and token not in page and "never used" in page
    program = app.test_client()
    answer = program.get("/api/v1/account", headers=bearer(token))
    assert (answer.get_json()["handle"], answer.headers["Cache-Control"]) == ("ada", "no-store")
    page = client.get("/account").get_data(as_text=True)
    assert "never used" not in page
    number = re.search(r"/account/tokens/(\d+)/revoke", page)
    assert number
    other = app.test_client()
    sign_up(other, "grace")
    assert send(other, number[0], "/account").status_code == 404
    assert send(client, number[0], "/account").status_code == 303
    refused = program.get("/api/v1/account", headers=bearer(token))
    assert refused.status_code == 401 and refused.headers["WWW-Authenticate"] == "Bearer"


def test_a_token_opens_the_json_interface_alone(app: Flask, client: FlaskClient) -> None:
    sign_up(client, "ada")
    headers = bearer(make_token(client))
    assert app.test_client().get("/account", headers=headers).status_code == 401


def test_guessing_is_slowed_by_address_and_by_handle(sqlite_stores: Stores) -> None:
    service.sign_up(sqlite_stores, "ada", PASSWORD)
    with counted(sqlite_stores) as app:
        for number in range(limits.LOGINS_PER_MINUTE):
            client = app.test_client()
            client.environ_base["REMOTE_ADDR"] = f"192.0.2.{number}"
            assert log_in(client, "ada", OTHER).status_code == 422
        client.environ_base["REMOTE_ADDR"] = "198.51.100.9"
        refused = log_in(client, "ada")
        assert refused.status_code == 429 and "lot in a short time" in refused.get_data(as_text=True)
        assert 0 < int(refused.headers["Retry-After"]) <= 60
        assert log_in(client, "grace").status_code == 422, "another handle is not held up"
        limiter.reset()
        client.environ_base["REMOTE_ADDR"] = "203.0.113.5"
        for number in range(limits.LOGINS_PER_MINUTE):
            assert log_in(client, f"guess-{number}").status_code == 422
        assert log_in(client, "ada").status_code == 429
        client.environ_base["REMOTE_ADDR"] = "203.0.113.6"
        assert log_in(client, "ada").status_code == 303
