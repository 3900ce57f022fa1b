"""The dashboard on a shop floor: keys, drag, news without reloading, and a network that goes away for a while."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlmodel import select

from registry.accounts import service as accounts
from registry.accounts.pages import COOKIE
from registry.accounts.tables import Account
from registry.settings import Settings
from registry.stores.stores import open_stores
from tests.support import build_support
from tests.support.dashboard_support import Market, Shop

Visit = Callable[..., Any]
HERE = "/fabricators/north/dashboard"


@pytest.fixture(scope="module")
def shop(served: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    from registry.designs import service as designs
    from registry.designs.schemas import Submission

    data: Path = served.data
    settings = Settings(data=data, database_url=f"sqlite:///{data / 'brickyard.sqlite3'}", git_local=True, tests=True)
    stores = open_stores(settings)
    source = build_support.make_design(tmp_path_factory.mktemp("bench") / "bench", {"bom.csv": "Item,Qty\nPlank,4\n"})
    market = Market(stores, designs.submit(stores, None, Submission(url=str(source))).slug)
    with stores.db.reading() as session:
        known = {row.handle: row.id or 0 for row in session.exec(select(Account))}
    market.people |= known
    for handle in {"ada", "sam", "olga", "vera"} - known.keys():
        market.people[handle] = accounts.add_example(stores, handle)  # whoever signs up first stays the steward
    market.shop("north", olga="operator", vera="viewer")
    yield Shop(market)
    stores.close()


def enter(visit: Visit, shop: Shop, handle: str, **window: Any) -> Any:
    """A window in which somebody is logged in."""
    visitor = visit(**window)
    secret = accounts.start_session(shop.stores, shop.who(handle)).secret
    visitor.page.context.add_cookies([{"name": COOKIE, "value": secret, "url": visitor.url}])
    return visitor


def column(page: Any, state: str) -> Any:
    return page.locator(f".col[data-state={state}]")


def test_moves_wait_for_the_network_and_say_what_became_of_them(visit: Visit, shop: Shop) -> None:
    first, second, third = shop.full(), shop.full(), shop.full()
    worker = enter(visit, shop, "olga")
    page = worker.go(HERE)
    assert worker.axe() == [] and worker.overflow() == 0
    card = page.locator(f"#job-{first} .job-open")
    card.focus()
    page.keyboard.press("m")
    page.keyboard.press("4")
    expect(column(page, "materials").locator(f"#job-{first}")).to_be_visible()
    expect(page.locator("#told")).to_contain_text(f"Batch {first}: materials.")
    assert shop.sql("SELECT state FROM batch WHERE id = :id", id=first) == "materials"

    page.context.set_offline(True)
    page.locator(f"#job-{second}").drag_to(column(page, "materials"))
    page.locator(f"#job-{third} .job-open").focus()
    page.keyboard.press("m")
    page.keyboard.press("7")  # tested can't follow on 'to begin': the rules of batches say so later
    expect(page.locator("#wire")).to_have_text(re.compile("Offline: 2 moves wait"))
    assert shop.sql("SELECT state FROM batch WHERE id = :id", id=second) == "filled"
    shop.move(third, "materials")  # a colleague was quicker
    page.context.set_offline(False)
    expect(page.locator("#told")).to_contain_text(f"Batch {second}: materials.")
    refused = page.locator("#told .red")
    expect(refused).to_contain_text("was refused. Batch")
    expect(refused).to_contain_text("is 'materials' by now")
    expect(column(page, "materials").locator(f"#job-{third}")).to_be_visible()
    expect(page.locator("#wire")).to_be_hidden()
    moved = "SELECT COUNT(*) FROM batch_event WHERE batch_id = :id AND became = 'materials'"
    assert shop.sql(moved, id=second) == shop.sql(moved, id=third) == 1

    page.context.set_offline(True)  # an answer that never arrived: the move is made, and sent again all the same
    page.locator(f"#job-{first} .job-open").focus()
    page.keyboard.press("m")
    page.locator("#move-why").fill("a half for now")
    page.locator(".move-to [data-to=made]").click()
    expect(page.locator("#wire")).to_contain_text("Offline: 1 move waits")
    kept = page.evaluate("JSON.parse(localStorage.getItem(Object.keys(localStorage).find(k => k.includes('waiting'))))")
    from registry.dashboard import service
    from registry.dashboard.schemas import MoveWish

    service.move(shop.stores, shop.who("olga"), "north", MoveWish.model_validate(kept[0]["body"]))
    page.context.set_offline(False)
    expect(page.locator("#told")).to_contain_text("It had arrived before")
    assert shop.sql("SELECT COUNT(*) FROM batch_event WHERE batch_id = :id AND became = 'made'", id=first) == 1


def test_news_do_not_take_a_card_from_under_the_hand_that_drags_it(visit: Visit, shop: Shop) -> None:
    first, second = shop.full(), shop.full()
    page = enter(visit, shop, "olga").go(HERE)
    looks: list[Any] = []
    page.route(re.compile(f"{HERE}$"), lambda route: looks.append(route))
    page.locator(f"#job-{first} .job-open").focus()
    page.keyboard.press("m")
    page.keyboard.press("4")
    expect(page.locator("#told")).to_contain_text(f"Batch {first}: materials.")
    deadline = time.monotonic() + 30
    while not looks and time.monotonic() < deadline:  # the page asks for what the move has changed
        page.wait_for_timeout(50)
    page.locator(f"#job-{second}").hover()
    page.mouse.down()
    column(page, "materials").hover()
    with page.expect_response(re.compile(f"{HERE}$")):
        for route in looks:
            route.continue_()
    page.unroute_all()
    column(page, "materials").hover()
    page.mouse.up()
    expect(page.locator("#told")).to_contain_text(f"Batch {second}: materials.")
    expect(column(page, "materials").locator(f"#job-{first}")).to_be_visible()
    assert shop.sql("SELECT state FROM batch WHERE id = :id", id=second) == "materials"


def test_the_inbox_is_read_with_keys_and_is_live(visit: Visit, shop: Shop) -> None:
    quote, job = shop.quote(), shop.full()
    worker = enter(visit, shop, "olga", width=1024, dark=True)
    page = worker.go(f"{HERE}/inbox?only=request")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/inbox/quote-{quote}*")
    assert worker.axe() == []
    page.keyboard.press("r")
    page.keyboard.type("Zinc or paint?")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#words .words li")).to_contain_text("Zinc or paint?")
    shop.ask_word(quote, "Zinc, please")
    expect(page.locator("#words")).to_contain_text("Zinc, please")  # nobody reloads
    expect(page.locator("#words li")).to_have_count(2)

    looker = enter(visit, shop, "vera", width=360)
    page = looker.go(HERE)
    expect(page.locator(f"#job-{job}")).to_be_attached()
    assert page.locator("main form, main [data-move], main [draggable]").count() == 0
    assert looker.axe() == [] and looker.overflow() == 0
    shop.move(job, "materials")
    expect(column(page, "materials").locator(f"#job-{job}")).to_be_attached()
    assert looker.complaints == []


def test_machines_and_a_jobs_own_page_wait_too_and_keys_do_it_all(visit: Visit, shop: Shop) -> None:
    job, laser = shop.full(), shop.machine("Laser")
    mill = shop.machine("Mill")
    worker = enter(visit, shop, "olga", width=820)
    page = worker.go(f"{HERE}/machines")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    assert worker.axe() == []
    page.keyboard.press("Escape")
    page.context.set_offline(True)
    page.keyboard.press("j")
    page.keyboard.press("2")
    expect(page.locator("#wire")).to_contain_text("Offline: 1 change waits")
    page.locator(".dash-who a").dispatch_event("click")
    expect(page.locator("#told")).to_contain_text("Offline: this page can't be opened now.")
    assert shop.sql("SELECT status FROM machine WHERE id = :id", id=laser) == "ready"
    page.context.set_offline(False)
    expect(page.locator("#told")).to_contain_text("Laser: busy")
    assert shop.sql("SELECT status FROM machine WHERE id = :id", id=laser) == "busy"
    expect(page.locator(f"#machine-{laser} [aria-pressed=true]")).to_be_focused()  # the list is a new one by now
    page.locator(f"#machine-{mill} button").first.focus()
    from registry.dashboard import service
    from registry.dashboard.schemas import MachineWish

    service.set_machine(shop.stores, shop.who("olga"), "north", mill, MachineWish(status="broken"))  # at another screen
    expect(page.locator(f"#machine-{mill} [aria-pressed=true]")).to_contain_text("Broken")
    expect(page.locator(f"#machine-{mill} button").first).to_be_focused()
    assert worker.overflow() == 0
    small = """[...document.querySelectorAll('.dash a, .dash button')].filter((one) => one.offsetParent
      && one.getBoundingClientRect().height < 43.5).map((one) => one.outerHTML.slice(0, 120))"""
    assert page.evaluate(small) == []

    page.keyboard.press("g")
    page.keyboard.press("b")
    page.wait_for_url(f"**{HERE}")
    expect(page.locator(f"#job-{job}")).to_be_visible()
    assert page.evaluate(small) == []
    page = worker.go(f"{HERE}/jobs/{job}")
    page.context.set_offline(True)
    stopped = """selector => {
      const click = new MouseEvent('click', {bubbles: true, cancelable: true});
      let was;
      addEventListener('click', (event) => { was = event.defaultPrevented; event.preventDefault(); }, {once: true});
      document.querySelector(selector).dispatchEvent(click);
      return was; }"""
    assert page.evaluate(stopped, ".dash-who a") is True
    assert page.evaluate(stopped, "a[download]") is False  # a download leaves the page where it is
    page.get_by_role("button", name="Materials").click()
    expect(page.locator("#wire")).to_contain_text("Offline: 1 move waits")
    page.keyboard.press("c")
    page.keyboard.type("3")
    page.get_by_label("Scrap").fill("1")
    page.get_by_role("button", name="Add the count").click()
    expect(page.locator("#wire")).to_contain_text("Offline: 1 move and 1 change wait")
    expect(page.get_by_label("Good")).to_have_value("")
    page.context.set_offline(False)
    expect(page.locator("#told")).to_contain_text(f"Batch {job}: materials.")
    expect(page.locator("#told")).to_contain_text(f"Batch {job}, materials bought: 3 good, 1 scrap.")
    assert shop.rows("SELECT stage, good, scrap FROM batch_count WHERE batch_id = :id", id=job) == [("materials", 3, 1)]
    expect(page.locator("#job-count h2")).to_have_text("Count: made")
    moved = "SELECT COUNT(*) FROM batch_event WHERE batch_id = :id AND became = 'materials'"
    assert shop.sql(moved, id=job) == 1


def test_it_opens_again_without_a_network_and_leaves_nothing_after_logging_out(visit: Visit, shop: Shop) -> None:
    job = shop.full()
    worker = enter(visit, shop, "olga", width=1024)
    page = worker.go(HERE)
    kept = "path => caches.match(path, {ignoreVary: true}).then(Boolean)"

    def until(path: str, wanted: bool) -> None:
        for _ in range(150):
            ruled = not wanted or page.evaluate("Boolean(navigator.serviceWorker.controller)")
            if ruled and page.evaluate(kept, path) is wanted:
                return
            page.wait_for_timeout(200)
        raise AssertionError(f"{path} kept: {not wanted}")

    until(f"{HERE}/figures", True)  # the last view of the rail is kept last
    page.context.set_offline(True)
    page.reload()
    expect(page.locator("#wire")).to_contain_text("Offline. What you see may be old")
    page.keyboard.press("g")
    page.keyboard.press("w")
    page.wait_for_url(f"**{HERE}/weeks")
    expect(page.get_by_role("heading", name="Weeks", level=1)).to_be_visible()
    page.locator("#rail").get_by_role("link", name="Board").click()
    page.wait_for_url(f"**{HERE}")
    page.locator(f"#job-{job} .next").click()
    expect(page.locator("#wire")).to_contain_text("Offline: 1 move waits")
    page.reload()  # a tablet that was put away and taken up again
    expect(column(page, "materials").locator(f"#job-{job}")).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("#told")).to_contain_text(f"Batch {job}: materials.")
    assert shop.sql("SELECT state FROM batch WHERE id = :id", id=job) == "materials"
    page = worker.go("/account")
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url(worker.url + "/")
    until(HERE, False)
