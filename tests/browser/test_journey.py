"""From signing up to a downloaded bundle, with a real design, the real tools and a real browser."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

DESIGN = "rotary-encoder-protection"
BUILD_MS = 300_000
Visit = Callable[..., Any]


@pytest.fixture(scope="module")
def built(browser: Any, served: Any, corpus: Path) -> str:
    """Sign up, submit, watch the build until it is done. Returns: the address of the version."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page: Page = context.new_page()
    page.goto(f"{served.url}/signup")
    page.get_by_label("Handle").fill("mira")
    page.get_by_label("Password").fill("four bricks and a press")
    page.get_by_role("button", name="Sign up").click()
    page.wait_for_url("**/")
    expect(page.get_by_role("link", name="mira")).to_be_visible()

    page.get_by_role("link", name="Add a design").first.click()
    page.get_by_label("Address of the repository").fill(str(corpus / DESIGN))
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_role("heading", name="Rotary Encoder Protection Board")).to_be_visible(timeout=60_000)
    expect(page.locator("#preview")).to_contain_text("CERN-OHL-S-2.0")
    page.get_by_role("button", name="Add this design").click()

    page.wait_for_url("**/builds/*", timeout=60_000)
    expect(page.get_by_role("heading", name="Build of Rotary Encoder Protection Board")).to_be_visible()
    expect(page.locator("#build .build-head .chip").first).to_have_text("Done", timeout=BUILD_MS)  # htmx brings it
    page.get_by_role("link", name="Go to the design").click()
    page.wait_for_url(f"**/designs/{DESIGN}/*")
    address = page.url.removeprefix(served.url)
    context.close()
    return address


def test_bundle_downloads(visit: Visit, built: str, tmp_path: Path) -> None:
    page = visit().go(built)
    with page.expect_download() as caught:
        page.get_by_role("link", name="Download bundle").click()
    caught.value.save_as(tmp_path / "bundle.zip")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as bundle:
        assert bundle.testzip() is None
        names = bundle.namelist()
    assert "SHA256SUMS" in names and any(name.endswith(".gbr") or "/gerbers/" in name for name in names)


def test_board_viewer(visit: Visit, built: str) -> None:
    visitor = visit()
    page = visitor.go(f"{built}/boards/RotaryEncoderProtection")
    bench = page.locator("[data-bench]")
    expect(bench).to_have_attribute("data-state", "shown")
    copper = bench.get_by_label("F.Cu")
    expect(copper).to_be_checked()
    shown = bench.locator(".world .layer:visible")
    before = shown.count()
    copper.uncheck()
    assert shown.count() == before - 1
    bench.get_by_role("button", name="Bottom").click()
    expect(bench.get_by_label("B.Silkscreen")).to_be_checked()
    wide = bench.locator(".world").bounding_box()["width"]
    bench.get_by_role("button", name="Zoom in").click()
    page.wait_for_function(
        "([old]) => document.querySelector('.world').getBoundingClientRect().width > old * 1.3", arg=[wide]
    )
    bench.get_by_label("Find a part on the board").fill("R2")
    bench.get_by_role("button", name="R2").click()
    expect(bench.locator(".told")).to_contain_text("R2 10k")
    assert page.url.endswith("#R2")
    bench.locator(".told").get_by_role("link", name="R2 in materials").click()
    page.wait_for_url("**/materials#line-*")
    row = page.locator("tr:target")
    expect(row).to_contain_text("R2, R3, R4, R5")
    row.get_by_role("link", name="R4").click()
    expect(bench.locator(".told")).to_contain_text("R4 10k")
    page.locator(".facts").get_by_role("link", name="mm").first.click()  # the smallest track is shown where it lies
    expect(bench.locator(".told")).to_contain_text(", ")
    assert "#at=" in page.url
    assert visitor.complaints == []


def test_parts_lie_where_the_pictures_show_them(visit: Visit, built: str) -> None:
    """The marks and the layer pictures share one origin: the plated pad of a part is under its mark."""
    page = visit().go(f"{built}/boards/RotaryEncoderProtection")
    expect(page.locator("[data-bench]")).to_have_attribute("data-state", "shown")
    data = page.evaluate("JSON.parse(document.querySelector('.bench-data').textContent)")
    holes = {part["name"]: part for part in data["parts"] if part["name"].startswith("H")}
    assert holes, "mounting holes have a place on the pictures"
    copper = next(layer for layer in data["layers"] if layer["layer"] == "F.Cu")
    circles = page.evaluate(
        """async (url) => {
            const drawing = new DOMParser().parseFromString(await (await fetch(url)).text(), "image/svg+xml");
            return [...drawing.querySelectorAll("circle")].map((c) => [+c.getAttribute("cx"), +c.getAttribute("cy")]);
        }""",
        copper["url"],
    )
    for hole in holes.values():
        assert any(abs(x - hole["x"]) < 0.01 and abs(y - hole["y"]) < 0.01 for x, y in circles), hole


def test_interactive_bom_runs_in_its_sandbox(visit: Visit, built: str) -> None:
    page = visit().go(f"{built}/boards/RotaryEncoderProtection/ibom")
    frame = page.frame_locator("iframe")
    expect(frame.locator("#bomtable, #bombody").first).to_contain_text("10k")
    origin = page.frames[1].evaluate("self.origin")
    assert origin == "null"


def test_model_turns_in_3d(visit: Visit, built: str) -> None:
    visitor = visit()
    page = visitor.go(f"{built}/boards/RotaryEncoderProtection")
    page.get_by_role("link", name="Turn it in 3D").click()
    expect(page.locator(".stage3d")).to_have_attribute("data-state", "shown", timeout=120_000)
    # The viewer also starts a decoder for compressed models, in WebAssembly, which the page's policy forbids: the
    # registry's own models are plain.
    assert [said for said in visitor.complaints if "WebAssembly" not in said] == []


def test_materials_filter_and_multiply(visit: Visit, built: str) -> None:
    page = visit().go(f"{built}/materials")
    page.get_by_label("Filter the lines").fill("10k")
    rows = page.locator("tr.line:visible")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("R2, R3, R4, R5")
    page.get_by_label("Units").first.fill("25")  # ten units on the log scale
    expect(rows.first.locator("[data-each]")).to_have_text("40")
    page.get_by_label("Filter the lines").fill("nothing like this")
    expect(page.get_by_role("heading", name="No line matches")).to_be_visible()


def test_search_while_typing(visit: Visit, built: str) -> None:
    page = visit().go("/")
    page.keyboard.press("/")
    page.keyboard.type("encoder")
    expect(page.locator("#rows #results, #rows .browse").first).to_contain_text("Rotary Encoder Protection Board")


def test_reading_works_without_scripts(visit: Visit, built: str) -> None:
    visitor = visit(scripts=False)
    page = visitor.go(built)
    expect(page.get_by_role("link", name="Download bundle")).to_be_visible()
    page.get_by_text("3D", exact=True).click()
    expect(page.get_by_role("link", name="Download 3D model")).to_be_visible()
    page.get_by_role("button", name="Show").click()
    page.wait_for_url(f"**{built}")
    visitor.go(f"{built}/materials?n=10")
    expect(page.locator("tr.line", has_text="R2, R3, R4, R5").locator("[data-each]")).to_have_text("40")


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (390, False), (360, True)])
def test_axe_finds_nothing_and_nothing_overflows(visit: Visit, built: str, width: int, dark: bool) -> None:
    visitor = visit(width=width, dark=dark)
    faults = {}
    for path in (
        *(
            "/",
            "/designs",
            "/designs?q=zzzz",
            "/login",
            "/signup",
            "/submit",
            "/designs/nowhere",
            f"/designs/{DESIGN}/versions",
            f"/designs/{DESIGN}/compare/v1.0.0...main",
        ),
        *(
            f"{built}{rest}"
            for rest in ("", "/boards", "/boards/RotaryEncoderProtection", "/parts", "/materials", "/book")
        ),
        *(f"{built}{rest}" for rest in ("/checks", "/files", "/build")),
    ):
        visitor.go(path)
        found = visitor.axe() + ([f"{over} px too wide"] if (over := visitor.overflow()) else [])
        if found:
            faults[path] = found
    assert faults == {}


def test_theme_is_remembered(visit: Visit, built: str) -> None:
    page = visit().go("/")
    page.get_by_role("button", name="Switch between light and dark").click()
    page.reload()
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(23, 20, 18)"
