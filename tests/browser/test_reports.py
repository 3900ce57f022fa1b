"""Somebody builds a design, tells so with a photo, and its card says it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.support.reports_support import a_photo
from tests.support.web_support import PASSWORD, make_design


def test_a_report_with_a_photo_changes_the_card(visit: Callable[..., Any], tmp_path: Path) -> None:
    author = visit()
    page = author.go("/signup")
    page.get_by_label("Handle").fill("rosa")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    source = make_design(tmp_path / "trellis", "Bean trellis")
    page = author.go("/submit")
    page.locator("input[name=url]").fill(str(source))
    page.get_by_role("button", name="Look at it").click()
    page.get_by_role("button", name="Add this design").click()
    page.wait_for_url("**/builds/*")
    card = author.go("/designs?q=trellis").locator(".card")
    expect(card).to_contain_text("Untried")

    maker = visit(width=390, dark=True, scripts=False)
    page = maker.go("/signup")
    page.get_by_label("Handle").fill("bruno")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    page = maker.go("/designs?q=trellis")
    page.locator(".card a").first.click()
    page.get_by_role("link", name="Report a build").click()
    page.get_by_label("Works", exact=True).check()
    page.get_by_label("In your words").fill("The beans like it.")
    page.get_by_label("Country").fill("Belgium")
    page.get_by_label("Town", exact=True).fill("Ghent")
    page.locator("input[name=photo]").set_input_files(
        {"name": "drawing.jpg", "mimeType": "image/jpeg", "buffer": b"<svg/>"}
    )
    page.get_by_role("button", name="Send the report").click()
    expect(page.get_by_role("alert")).to_contain_text("no photo")
    expect(page.get_by_label("In your words")).to_have_value("The beans like it.")
    page.locator("input[name=photo]").set_input_files(
        {"name": "trellis.jpg", "mimeType": "image/jpeg", "buffer": a_photo()}
    )
    page.get_by_role("button", name="Send the report").click()
    expect(page.locator(".report-photos img")).to_be_visible()
    address = page.url.removeprefix(maker.url).split("?")[0]
    here = page.get_by_role("link", name="Reports", exact=False).first.get_attribute("href") or ""

    expect(author.go("/designs?q=trellis").locator(".card")).to_contain_text("Built by 1 other")
    for path in (address, here, f"{here}/new", here.rsplit("/", 2)[0] + "/official"):
        for width in (1280, 360):
            author.page.set_viewport_size({"width": width, "height": 900})
            author.go(path)
            assert author.overflow() == 0, (path, width)
            assert author.axe() == [], (path, width)
    assert author.complaints == []
