"""From a design to things in hands, by four people in four browsers: a designer, a fabricator, a buyer, a neighbour."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from registry.settings import PROJECT
from tests.support.git_support import git, make_repo

PASSWORD = "four people and a bench"
OKW = """name: Fred's Bench
access_type: Public
location:
  address: {city: Ghent, country: Belgium}
  gps_coordinates: 51.05, 3.72
equipment:
  - name: Fibre laser
    equipment_type: https://en.wikipedia.org/wiki/Laser_cutting
    manufacturing_process: https://en.wikipedia.org/wiki/Laser_cutting
    x_travel: 1500
    y_travel: 1000
    x_brickyard:
      parameters: {kerf_mm: 0.15, tolerance_mm: 0.1}
      materials: [{material: steel, thickness_min_mm: 0.5, thickness_max_mm: 6}]
      setup_minor: 1500
      hour_minor: 4500
  - name: Bench
    manufacturing_process: https://en.wikipedia.org/wiki/Assembly_line
x_brickyard:
  currency: EUR
"""
PLATE = """import cadquery as cq
result = cq.Workplane().box(120, 80, 3).edges("|Z").fillet(8).faces(">Z").workplane().hole(8)
"""
README = """# Boot scraper

Takes the mud off before the door.

## Steps

1. Deburr the plate.
2. Screw it to the step.
"""
BOM = """Item,Description,Qty,Material,Process,MPN
1,Plate,1,mild steel,laser cutting,
2,Wood screw 5 x 50,2,,,SPAX-5-50
"""


@dataclass(frozen=True)
class People:
    """Everybody with a browser of their own, logged in."""

    designer: Page
    fabricator: Page
    buyer: Page
    neighbour: Page
    url: str
    data: Path

    def numbers(self, sql: str, *values: Any) -> Any:
        """What the database says, asked without any of the registry's own reads."""
        import sqlite3

        with sqlite3.connect(self.data / "brickyard.sqlite3") as connection:
            return connection.execute(sql, values).fetchone()[0]


@pytest.fixture
def people(browser: Browser, served: Any) -> Iterator[People]:
    pages = {}
    contexts = []
    for handle in ("dora", "fred", "bea", "cem"):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.goto(f"{served.url}/signup")
        page.get_by_label("Handle").fill(handle)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign up").click()
        page.wait_for_url("**/")
        pages[handle] = page
    yield People(pages["dora"], pages["fred"], pages["bea"], pages["cem"], served.url, served.data)
    for context in contexts:
        context.close()


def test_from_a_repository_to_a_report(people: People, tmp_path: Path) -> None:
    slug = _designer_submits(people, tmp_path)
    _fabricator_sets_up(people)
    batch = _buyer_finds_asks_accepts(people, slug)
    _three_reserve_and_it_fills(people, batch)


def _designer_submits(people: People, folder: Path) -> str:
    repo = make_repo(
        folder / "boot-scraper",
        {"README.md": README, "LICENSE": (PROJECT / "LICENSE").read_bytes(), "plate.py": PLATE, "bom.csv": BOM},
    )
    git(repo, "tag", "v1.0.0")
    page = people.designer
    page.goto(f"{people.url}/submit")
    page.get_by_label("Address of the repository").fill(str(repo))
    page.get_by_role("button", name="Look at it").click()
    page.get_by_role("button", name="Add this design").click()
    page.wait_for_url("**/builds/*")
    expect(page.locator("#build .build-head .chip").first).to_have_text("Done", timeout=120_000)
    page.get_by_role("link", name="Go to the design").click()
    expect(page.get_by_role("heading", name="Boot scraper", level=1)).to_be_visible()
    return "boot-scraper"


def _fabricator_sets_up(people: People) -> None:
    page = people.fabricator
    page.goto(f"{people.url}/fabricators/import")
    page.get_by_label("File").set_input_files({"name": "bench.yaml", "mimeType": "text/yaml", "buffer": OKW.encode()})
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_role("heading", name="Fred's Bench")).to_be_visible()
    page.get_by_role("button", name="Add it").click()
    page.wait_for_url("**/fabricators/fred-s-bench**")
    expect(page.locator("#machines")).to_contain_text("Fibre laser")


def _buyer_finds_asks_accepts(people: People, slug: str) -> int:
    page = people.buyer
    page.goto(f"{people.url}/designs/{slug}")
    page.get_by_role("link", name="Makers").click()
    expect(page.locator("main")).to_contain_text("Fred's Bench")
    page.goto(f"{people.url}/designs/{slug}")
    page.get_by_role("link", name="Ask for quotes").click()
    page.get_by_label("Fred's Bench").check()
    page.get_by_label("Quantities").fill("10, 20")
    page.get_by_role("button", name="Ask them").click()
    page.wait_for_url("**/requests/*")

    shop = people.fabricator
    shop.goto(page.url)
    shop.get_by_role("link", name="Fred's Bench").click()
    for row, (quantity, price) in enumerate(((10, "12.00"), (20, "9.50")), 1):
        shop.locator(f"#f-quantity-{row}").fill(str(quantity))
        shop.locator(f"#f-price-{row}").fill(price)
    shop.get_by_label("Setup").fill("20.00")
    shop.get_by_label("Lead time in days").fill("14")
    shop.get_by_label("Valid until").fill(f"{dt.datetime.now(dt.UTC) + dt.timedelta(days=30):%Y-%m-%d}")
    shop.get_by_role("button", name="Send the quote").click()
    expect(shop.locator("main")).to_contain_text("Quoted")

    page.reload()
    expect(page.locator("main")).to_contain_text("9.50")
    page.get_by_role("link", name="Fred's Bench").first.click()
    page.get_by_role("button", name="Accept it").click()
    expect(page.locator("main")).to_contain_text("Accepted")

    shop.reload()
    shop.get_by_role("link", name="Plan a batch at these prices").click()
    shop.get_by_label("Minimum").fill("10")
    shop.get_by_label("Maximum").fill("20")
    shop.get_by_label("Deadline in UTC").fill(f"{dt.datetime.now(dt.UTC) + dt.timedelta(days=20):%Y-%m-%dT%H:%M}")
    shop.get_by_role("button", name="Plan it").click()
    shop.wait_for_url(re.compile(r"/batches/\d+"))
    shop.get_by_role("button", name="Open it to everyone").click()
    expect(shop.get_by_role("heading", name="Reserve", exact=True)).to_be_visible()
    return int(shop.url.rstrip("/").rpartition("/")[2])


def _three_reserve_and_it_fills(people: People, batch: int) -> None:
    for page, units in ((people.buyer, 12), (people.designer, 5), (people.neighbour, 3)):
        page.goto(f"{people.url}/batches/{batch}")
        page.get_by_label("Units", exact=True).fill(str(units))
        page.get_by_label("Show my handle in the queue").check()
        page.get_by_role("button", name="Reserve", exact=True).click()
        expect(page.get_by_role("heading", name="Your units")).to_be_visible()
    expect(people.neighbour.locator("main")).to_contain_text("20 of 20 units reserved")
    shop = people.fabricator
    shop.goto(f"{people.url}/batches/{batch}")
    shop.get_by_role("button", name="Begin early").click()
    expect(shop.locator("header .chips").first).to_contain_text("Filled")
    assert people.numbers("select sum(units) from reservation where batch_id = ? and state = 'confirmed'", batch) == 20
