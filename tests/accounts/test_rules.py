"""Handles, passwords and addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import limits
from registry.accounts import rules
from registry.errors import Invalid


@pytest.mark.parametrize("handle", ["ada", "a1", "ada-lovelace", "0x", "a" * limits.HANDLE_CHARS, " ada "])
def test_handles_that_pass(handle: str) -> None:
    assert rules.check_handle(handle) == handle.strip()


@pytest.mark.parametrize(
    "handle",
    ["", "a", "Ada", "ada lovelace", "-ada", "ada-", "a--b", "ada_l", "adä", "ada\n2", "ada\x00", "../x", "admin",
     "٣٣٣", "a" * (limits.HANDLE_CHARS + 1)],
)  # fmt: skip
def test_handles_that_are_refused_with_a_sentence(handle: str) -> None:
    with pytest.raises(Invalid) as caught:
        rules.check_handle(handle)
    assert caught.value.field == "handle" and caught.value.message.endswith(".") and caught.value.remedy.endswith(".")


@pytest.mark.parametrize(
    "password",
    ["short", "", "password123", "Password123!", "passw0rd123", "qwertyuiop", "1234567890", "9876543210", "abcdefghij",
     "aaaaaaaaaaaa", "abababababab", "ada-lovelace", "Ada-Lovelace42!", "ada.mail99", "brickyard2024", "x" * 300],
)  # fmt: skip
def test_passwords_that_are_guessed_first_are_refused(password: str) -> None:
    with pytest.raises(Invalid) as caught:
        rules.check_password(password, "ada-lovelace", "ada.mail@example.org")
    assert (caught.value.field == "password" and password not in str(caught.value)) or password == ""


@pytest.mark.parametrize("password", ["clay lime and straw", "Zwölf Boxkämpfer", "t7#kQ2!mZp", "🧱🧱 wall of 9 bricks"])
def test_passwords_that_pass(password: str) -> None:
    rules.check_password(password, "ada-lovelace", "ada@example.org")


def test_one_password_typed_on_two_keyboards_is_the_same() -> None:
    assert rules.same_password("cafe\u0301 society") == rules.same_password("café society")


@pytest.mark.parametrize("email", ["", "a@b", "ada@example.org", " ada@example.org "])
def test_addresses_that_pass(email: str) -> None:
    assert rules.check_email(email) == email.strip()


@pytest.mark.parametrize(
    "email", ["ada", "@", "a@", "a b@c", "a@b@c", "a@b\r\nBcc: x@y", "a" * 65 + "@b", "a@" + "b" * 200]
)
def test_addresses_that_are_refused(email: str) -> None:
    with pytest.raises(Invalid):
        rules.check_email(email)


@pytest.mark.parametrize("path", ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:x", "",
                                  "x", "/\t/evil.example", "/a\r\nSet-Cookie: x=1", "/\\\\evil",
                                  "/" + "a" * 3000])  # fmt: skip
def test_never_sent_to_another_site(path: str) -> None:
    assert rules.safe_next(path) == "/"


def test_sent_back_to_a_page_of_this_site() -> None:
    assert rules.safe_next("/designs/x?page=2#top") == "/designs/x?page=2#top"


@given(st.text(max_size=400))
def test_any_text_passes_or_is_refused_with_a_sentence(text: str) -> None:
    for check in (rules.check_handle, rules.check_email, rules.check_token_name):
        try:
            kept = check(text)
            assert "\x00" not in kept and kept == kept.strip()
        except Invalid as error:
            assert error.message.endswith(".")
