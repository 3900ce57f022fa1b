"""From a design to things in hands, by four people in four browsers: a designer, a fabricator, a buyer, a neighbour."""

from __future__ import annotations

import datetime as dt
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from registry.settings import PROJECT
from tests.support.four_people_dashboard import Dashboard
from tests.support.git_support import git, make_repo
from tests.support.reports_support import a_photo

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
  capacity_hours_week: 40
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

    def rows(self, sql: str, *values: Any) -> list[Any]:
        """What the database says, asked without any of the registry's own reads."""
        with sqlite3.connect(self.data / "brickyard.sqlite3") as connection:
            return connection.execute(sql, values).fetchall()

    def numbers(self, sql: str, *values: Any) -> Any:
        """One of its numbers; nothing counts as 0."""
        return self.rows(sql, *values)[0][0] or 0


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
    _plan(people, batch)
    dashboard = Dashboard(people, batch)
    dashboard.check()
    _made_with_scrap_and_rework(people, batch)
    dashboard.check()
    _tested_and_shipped(people, batch)
    serial = _received_accepted_and_one_faulty(people)
    _reported(people, slug, serial)
    dashboard.check()


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


def _move(shop: Page, url: str, to: str) -> None:
    shop.goto(url)
    shop.get_by_role("button", name=f"Now: {to}").click()
    expect(shop.locator("header .chips").first).to_contain_text(to.capitalize().removesuffix(" bought"))


def _count(shop: Page, url: str, stage: str, good: int) -> None:
    shop.goto(url)
    shop.get_by_label("Count at").select_option(label=stage)
    shop.get_by_label("Good", exact=True).fill(str(good))
    shop.get_by_role("button", name="Add the count").click()
    expect(shop.locator("#stages + .scroll tr", has_text=stage).locator("td").first).to_have_text(str(good))


def _plan(people: People, batch: int) -> None:
    """How long it takes and when it is promised; and what the first in the queue has paid."""
    shop = people.fabricator
    shop.goto(f"{people.url}/fabricators/fred-s-bench/dashboard/jobs/{batch}")
    shop.get_by_label("Hours of work").fill("7.5")
    shop.get_by_label("Promised for").fill(f"{dt.datetime.now(dt.UTC) + dt.timedelta(days=9):%Y-%m-%d}")
    shop.get_by_role("button", name="Keep it").click()
    shop.wait_for_load_state()
    shop.get_by_label("Amount in EUR").fill("100.50")
    shop.get_by_role("button", name="Received").click()
    expect(shop.locator("#job-queue")).to_contain_text("100.50")


def _made_with_scrap_and_rework(people: People, batch: int) -> None:
    shop, here = people.fabricator, f"{people.url}/batches/{batch}"
    _move(shop, here, "materials bought")
    shop.goto(f"{here}/units")
    shop.get_by_label("How many").fill("21")
    shop.get_by_role("button", name="Give numbers").click()
    expect(shop.locator(".units-list .unit")).to_have_count(21)
    _count(shop, here, "Made", 20)
    for stage, what, place in (("Made", "scrap", 20), ("Assembled", "rework", 0)):
        shop.goto(f"{here}/units")
        shop.locator("input[name=serials]").nth(place).check()
        shop.get_by_label("At the stage").select_option(label=stage)
        shop.get_by_label("They are").select_option(label=what)
        shop.get_by_role("button", name="Count them").click()
        shop.wait_for_load_state()
    _move(shop, here, "made")
    _count(shop, here, "Assembled", 20)
    _move(shop, here, "assembled")
    assert people.rows("select sum(scrap), sum(rework) from batch_count where batch_id = ?", batch) == [(1, 1)]
    assert people.numbers("select count(*) from unit where batch_id = ? and state = 'assembled'", batch) == 20


def _tested_and_shipped(people: People, batch: int) -> None:
    shop, here = people.fabricator, f"{people.url}/batches/{batch}"
    _count(shop, here, "Tested", 20)
    _move(shop, here, "tested")
    for place, units in ((1, 12), (2, 5), (3, 3)):
        shop.goto(f"{here}/units")
        shop.get_by_label("To", exact=True).first.select_option(label=f"Number {place}: {units} units to come")
        shop.get_by_label("Carrier").fill("Bicycle")
        shop.get_by_role("button", name="Send them").click()
        expect(shop.get_by_role("heading", level=1)).to_have_text(re.compile(rf"^{units} × Boot scraper"))
    _move(shop, here, "shipped")


def _received_accepted_and_one_faulty(people: People) -> str:
    """Three units arrive at the neighbour's: one is faulty, is answered for and settled."""
    page, shop = people.neighbour, people.fabricator
    page.goto(f"{people.url}/deliveries")
    page.locator("main a[href^='/deliveries/']").first.click()
    units = page.locator(".units-list .unit")
    serials = page.locator(".units-list a.mono").all_inner_texts()

    def say(action: str, *chosen: str, words: str = "", photo: bytes = b"") -> None:
        for serial in chosen:
            page.get_by_label(f"Choose {serial}").check()
        page.get_by_label("Words").fill(words)
        if photo:
            file = {"name": "rust.jpg", "mimeType": "image/jpeg", "buffer": photo}
            page.get_by_label("Photo", exact=True).set_input_files(file)
        page.get_by_role("button", name=action).click()
        expect(page.locator("main")).to_contain_text("Written down.")

    say("They are here", *serials)
    expect(units.first).to_contain_text("Received")
    say("They are well", *serials[:2])
    say("They are faulty", serials[2], words="One corner is bent.", photo=a_photo())
    expect(page.locator("img.fault-photo")).to_be_visible()
    shop.goto(page.url)
    shop.get_by_label(f"Choose {serials[2]}").check()
    shop.get_by_label("Words").fill("Sorry: you get your money back for it.")
    shop.get_by_role("button", name="We refund").click()
    page.reload()
    expect(page.locator("main")).to_contain_text("you get your money back")
    say("That settles it", serials[2])
    states = [people.numbers("select state from unit where serial = ?", serial) for serial in serials]
    assert states == ["delivered", "delivered", "refunded"]
    return serials[0]


def _reported(people: People, slug: str, serial: str) -> None:
    """The neighbour tells how it went, of the unit that was bought; the version's page and card say so."""
    page = people.neighbour
    page.goto(f"{people.url}/designs?q=scraper")
    expect(page.locator(".card", has_text="Boot scraper")).to_contain_text("Untried")
    page.goto(f"{people.url}/designs/{slug}")
    page.get_by_role("link", name="Report a build").click()
    page.get_by_label("Works", exact=True).check()
    page.get_by_label("In your words").fill("The hall stays clean.")
    page.get_by_label("Unit that you bought").fill(serial)
    page.get_by_label("Country").fill("Belgium")
    page.get_by_role("button", name="Send the report").click()
    expect(page.locator("main")).to_contain_text(serial)
    page.goto(f"{people.url}/designs/{slug}")
    expect(page.locator(".proof")).to_contain_text("Built by 1 other")
    page.goto(f"{people.url}/designs?q=scraper")
    expect(page.locator(".card", has_text="Boot scraper")).to_contain_text("Built by 1 other")
    linked = "select u.serial from build_report r join unit u on u.id = r.unit_id"
    assert people.rows(linked) == [(serial,)]
    said = page.request.get(f"{people.url}/api/v1/designs/{slug}").json()
    assert said["standing"] == "built by 1 other"
