"""Notices in a browser, without scripts too: choices are kept, a calendar is made, every page is readable and fits."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from registry.settings import PROJECT

pytestmark = pytest.mark.skipif(not (PROJECT / "node_modules" / "axe-core").is_dir(), reason="no front-end packages")


def test_choices_and_a_calendar_without_scripts(visit: Callable[..., Any]) -> None:
    window = visit(width=360, scripts=False)
    page = window.go("/signup")
    page.fill("#f-handle", "notary")
    page.fill("#f-password", "clay lime and straw")
    page.click("main button.primary")
    page.click(".site-nav .bell")
    assert "Nothing has happened yet" in page.inner_text("main")
    page.click("text=Choose what comes by mail")
    page.click("fieldset:has-text('Your designs') label:has-text('Never')")
    page.click("text=Keep these choices")
    assert page.is_checked("input[name=designs][value=none]")
    page.click("text=Make an address")
    url = page.inner_text(".calendars code")
    with urllib.request.urlopen(url) as answer:
        assert answer.read().startswith(b"BEGIN:VCALENDAR\r\n")
    cookies = page.context.cookies()
    for width, dark in ((360, True), (1280, False)):
        seen = visit(width=width, dark=dark)
        seen.page.context.add_cookies(cookies)
        for path in ("/account/notices", "/account/notices/choices", "/account"):
            seen.go(path)
            assert seen.overflow() == 0 and seen.axe() == [], (width, path)
        assert seen.complaints == []
