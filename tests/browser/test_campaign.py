"""A loan from proof to last repayment, played by its people in their browsers.

One payment that nobody can match, a lender who withdraws, an instalment that is late, units in place of money, and a
repayment above the debt. At the end other people's programs read the book.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from bank_support import Desk
from lending_support import IBAN, LENDERS, World, open_world
from loan_support import days_pass, go_to, owed, sound, state, treasurers
from plain_text_books import (
    bean_balances,
    bean_check,
    bean_transfers,
    hledger,
    hledger_balances,
    is_,
    is_till,
    month_by_beancount,
)
from playwright.sync_api import Browser, BrowserContext, Page, expect
from statement_support import Booked, camt
from werkzeug.serving import make_server

from app import create_app
from registry.accounts.service import start_session
from registry.batches import service as batches
from registry.batches.batch_schemas import ReservationWish
from registry.ledger.export import path_of
from registry.lending.bank.importing import repayment_reference
from registry.lending.loans import payback, queries
from registry.stores.stores import Stores

NUMBER = 1
LOAN = f"/lending/{NUMBER}/loan"
BANK = f"/lending/{NUMBER}/bank"


class Play:
    """The small world of lending, with a browser for each of its people."""

    def __init__(self, browser: Browser, stores: Stores, url: str, folder: Path) -> None:
        self.browser, self.stores, self.url, self.folder = browser, stores, url, folder
        self.world: World = open_world(stores)
        treasurers(self.world)
        self.desk = Desk(self.world, NUMBER)
        self.windows: dict[str, tuple[BrowserContext, Page]] = {}

    def page(self, who: str, path: str = "") -> Page:
        """The window of somebody who is logged in."""
        if who not in self.windows:
            context = self.browser.new_context(viewport={"width": 1280, "height": 900})
            secret = start_session(self.stores, self.world.people[who]).secret
            context.add_cookies([{"name": "brickyard_session", "value": secret, "url": self.url}])
            page = context.new_page()
            page.set_default_timeout(30_000)
            self.windows[who] = (context, page)
        page = self.windows[who][1]
        if path:
            page.goto(self.url + path)
        return page

    def statement(self, *lines: Booked) -> None:
        """tom looks at the bank's next statement, then imports it."""
        told = [self.desk.today(one) for one in lines]
        file = {"name": "statement.xml", "mimeType": "application/xml", "buffer": camt(told, self.desk.balance)}
        page = self.page("tom", f"{BANK}/statements")
        page.get_by_label("File", exact=True).set_input_files(file)  # type: ignore[arg-type]
        page.get_by_role("button", name="Look at it").click()
        page.get_by_role("button", name=re.compile("Import [0-9]+ booking")).click()
        page.wait_for_url(re.compile(f"{BANK}(/statements)?$"))
        self.desk.balance += sum(one.amount for one in lines)

    def approve_and_pay(self) -> None:
        """tia approves all that is proposed, tom makes the file, and the bank carries it out."""
        page = self.page("tia", f"{BANK}/payments")
        for _ in [order for order in self.desk.orders() if order.state == "proposed"]:
            page.get_by_role("button", name="Approve").first.click()
        page = self.page("tom", f"{BANK}/payments")
        page.get_by_role("button", name="Make the file").click()
        expect(page.get_by_text("is ready: download it")).to_be_visible()
        filed = [order for order in self.desk.orders() if order.state == "filed"]
        self.statement(*(Booked(-one.amount_minor, one.message, one.payee_name, one.payee_iban, e2e=one.end_to_end)
                         for one in filed))  # fmt: skip
        assert all(order.state == "paid" for order in self.desk.orders())

    def close(self) -> None:
        for context, _ in self.windows.values():
            context.close()


@pytest.fixture
def play(browser: Browser, sqlite_stores: Stores, tmp_path: Path) -> Iterator[Play]:
    server = make_server("127.0.0.1", 0, create_app(stores=sqlite_stores), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    played = Play(browser, sqlite_stores, f"http://127.0.0.1:{server.server_port}", tmp_path)
    yield played
    played.close()
    server.shutdown()


def test_from_proof_to_the_last_repayment(play: Play) -> None:
    _opened_after_proof(play)
    _pledged_paid_and_withdrawn(play)
    _paid_out_by_stages(play)
    _sold_late_and_paid_back(play)
    _settled_in_goods_and_repaid(play)
    _every_figure_is_theirs(play)


def _opened_after_proof(play: Play) -> None:
    batch = play.world.batch(reserved=9)
    page = play.page("olga", f"/lending/new?batch={batch}")
    page.get_by_label("For, row 1").fill("Oak")
    page.get_by_label("Amount, row 1").fill("200.00")
    for label, value in (("Takes at most", "200"), ("Units it pays for", "10"), ("Of one person at most", "150"),
                         ("Monthly instalments", "2"), ("Months before the first", "1"), ("IBAN", IBAN)):  # fmt: skip
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_label("Last day").fill(str(play.world.wish(batch).deadline_on))
    page.get_by_label("Each lender chooses").check()
    page.get_by_role("button", name="Keep as a draft").click()
    page.wait_for_url(f"**/lending/{NUMBER}")
    page.get_by_role("button", name="Open it to everyone").click()
    expect(page.get_by_role("alert")).to_contain_text("Capital comes after proof")
    batches.reserve(play.stores, play.world.people["ada"], batch, ReservationWish(units=1, key="one-more"))
    page.goto(f"{play.url}/lending/{NUMBER}")
    page.get_by_role("button", name="Open it to everyone").click()
    expect(page.get_by_role("heading", name="0.00 EUR of 200.00 EUR paid in")).to_be_visible()


def _pledge(play: Play, who: str, amount: str, choice: str = "In money") -> str:
    """Somebody pledges. Returns: the reference that they are told to pay with."""
    page = play.page(who, f"/lending/{NUMBER}/pledge")
    page.get_by_label("Amount in EUR").fill(amount)
    page.get_by_label(choice).check()
    page.get_by_label("I have read the terms").check()
    page.get_by_role("button", name="Pledge").click()
    page.wait_for_url("**/lending/pledges/*")
    reference = play.world.row(int(page.url.rsplit("/", 1)[1])).reference or ""
    expect(page.locator("body")).to_contain_text(reference[:4])
    return reference


def _pledged_paid_and_withdrawn(play: Play) -> None:
    lea, vera = _pledge(play, "lea", "100"), _pledge(play, "vera", "20")
    _pledge(play, "luc", "60", "In units at cost")
    play.statement(Booked(10_000, lea, "Lea"), Booked(2_000, f"loan {vera.lower()}", "Vera"),
                   Booked(6_000, "for the benches", "Luc Example"))  # fmt: skip
    page = play.page("tom", BANK)
    page.get_by_role("link", name=re.compile("Luc Example")).click()
    page.get_by_label("Assign it to a pledge").check()
    page.get_by_label("Pledge", exact=True).select_option(label="3: luc, 60.00 EUR, unpaid")
    page.get_by_label("Why").fill("Luc says on the telephone that it is his")
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_text("Nothing waits")).to_be_visible()
    page = play.page("vera")
    page.get_by_role("button", name="Withdraw the pledge").click()
    expect(page.get_by_text("Withdrawn").first).to_be_visible()
    page = play.page("tom", f"{BANK}/payments")
    page.get_by_role("region", name="Due to lenders").get_by_label("Why").fill("Vera withdrew in time")
    page.get_by_role("button", name="Propose payments").click()
    play.approve_and_pay()
    lou = _pledge(play, "lou", "40")
    _pages_are_theirs(play, {1: 10_000, 3: 6_000}, promised=4_000)
    play.statement(Booked(4_000, lou, "Lou"))
    expect(
        play.page("lou", f"/lending/{NUMBER}").get_by_role("heading", name="200.00 EUR of 200.00 EUR")
    ).to_be_visible()
    play.desk.fund()  # days go by: the deadline, and everybody's cooling-off


def _paid_out_by_stages(play: Play) -> None:
    page = play.page("otto", "/fabricators/north/payout")
    page.get_by_label("Name of the account's owner").fill("North workshop")
    page.get_by_label("IBAN").fill("NL91ABNA0417164300")
    page.get_by_role("button", name="Keep it").click()
    for stage in ("materials", "made", "shipped"):
        page = play.page("tom", LOAN)
        if stage != "materials":
            expect(page.get_by_text(f"The batch is not {stage} yet.").first).to_be_visible()
            go_to(play.world, NUMBER, stage)
            page.reload()
        page.get_by_label("Why").fill("It is its turn")
        page.get_by_role("button", name="Propose the payment").click()
        expect(play.page("tia", LOAN).get_by_text("The payment is ordered").first).to_be_visible()
        play.approve_and_pay()
    assert state(play.world, NUMBER) == "disbursed"


def _sold_late_and_paid_back(play: Play) -> None:
    page = play.page("olga", LOAN)
    for price in ("25.00", "26.50"):
        page.get_by_label("Price paid, EUR").fill(price)
        page.get_by_label("Sold on").fill(str(play.world.today()))
        page.get_by_role("button", name="Record the sale").click()
        expect(page.get_by_text("Recorded.")).to_be_visible()
    with play.stores.db.reading() as session:
        first = payback.plan_of(session, NUMBER)[0].due_on
    days_pass(play.world, NUMBER, (first - play.world.today()).days + 15)
    expect(play.page("lea", LOAN).get_by_text("The loan is in arrears: 100.00 EUR")).to_be_visible()
    play.statement(Booked(10_000, f"first part {repayment_reference(NUMBER)}", "North workshop"))
    page.goto(play.url + LOAN)
    expect(page.get_by_role("heading", name="100.00 EUR of 200.00 EUR paid back")).to_be_visible()
    assert state(play.world, NUMBER) == "repaying" and owed(play.world, NUMBER) == [5_000, 3_000, 2_000]
    _pages_are_theirs(play, {1: 10_000, 3: 6_000, 4: 4_000})


def _settled_in_goods_and_repaid(play: Play) -> None:
    luc = play.page("luc", LOAN)
    luc.get_by_text("Ask for units").click()
    luc.get_by_label("How many").fill("1")
    luc.get_by_role("button", name="Ask", exact=True).click()
    play.page("olga", LOAN).get_by_role("button", name="Agree").click()
    luc.goto(play.url + LOAN)
    luc.get_by_role("button", name="The units are received").click()
    expect(luc.get_by_text("1 unit was taken so far")).to_be_visible()
    play.statement(Booked(8_500, repayment_reference(NUMBER), "North workshop"))  # five more than is owed
    page = play.page("tom", LOAN)
    expect(page.get_by_text("All of it is paid back.")).to_be_visible()
    page.get_by_label("Send back, EUR").fill("5.00")
    page.get_by_label("Why").fill("Paid above the debt")
    page.get_by_role("button", name="Propose the payment").click()
    page = play.page("tom", f"{BANK}/payments")
    page.get_by_role("region", name="Due to lenders").get_by_label("Why").fill("Repaid by the workshop")
    page.get_by_role("button", name="Propose payments").click()
    play.approve_and_pay()
    assert (state(play.world, NUMBER), play.desk.balance, owed(play.world, NUMBER)) == ("repaid", 0, [0] * 3)
    sound(play.world, NUMBER)


def _every_figure_is_theirs(play: Play) -> None:
    """The book as it is downloaded, read by beancount and hledger, beside what the pages say."""
    page = play.page("lea", "/lending/books")
    files = {}
    for form in ("beancount", "journal"):
        files[form] = play.folder / f"book.{form}"
        files[form].write_bytes(page.request.get(f"{play.url}/lending/books.{form}").body())
    checked = bean_check(files["beancount"])
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert hledger(files["journal"], "check", "--strict").returncode == 0
    theirs = {at: amount for at, amount in bean_balances(files["beancount"]).items() if amount}
    assert theirs == {at: amount for at, amount in hledger_balances(files["journal"]).items() if amount}
    with play.stores.db.reading() as session:
        found = queries.get_loan(session, NUMBER)
        row = queries.find_campaign(session, NUMBER)
        loan = payback.loan_of(row)
        names = {name: path_of(getattr(loan, name)) for name in ("owes", "bank", "sales", "kept", "passed", "promised",
                                                                  "fund_promised", "excess")}  # fmt: skip
    exact = {name: theirs.get((at, "EUR"), Decimal(0)) for name, at in names.items()}
    told = {
        "owes": found.debt.amount_minor, "bank": play.desk.balance, "sales": found.sales.turnover.amount_minor,
        "kept": -found.sales.kept.amount_minor, "passed": -found.sales.passed.amount_minor,
        "promised": -found.sales.promised.amount_minor, "fund_promised": -found.sales.fund_promised.amount_minor,
        "excess": -found.excess.amount_minor,
    }  # fmt: skip
    assert exact == {name: Decimal(minor) / 100 for name, minor in told.items()}
    shown = play.page("lea", LOAN).locator("main").inner_text().replace("\u00a0", " ")
    for minor in (found.lent_minor, found.repaid_minor, found.sales.turnover.amount_minor, found.goods_minor):
        assert f"{minor // 100}.{minor % 100:02d} EUR" in shown
    for book, at in (("sales", names["sales"]), ("owes", names["owes"]), ("bank", names["bank"])):
        last = play.page("lea", f"{LOAN}/book/{book}").locator("tbody tr").last.locator("td").last.inner_text()
        assert Decimal(last.replace("−", "-").replace("+", "")) == -theirs.get((at, "EUR"), Decimal(0))
    for who in LENDERS:
        assert play.world.balance(who, NUMBER, "due") == 0
    _pages_are_theirs(play, {1: 10_000, 3: 6_000, 4: 4_000})


def _cents(text: str) -> int:
    """An amount as a page writes it."""
    return int(Decimal(re.sub(r"[^0-9.−-]", "", text).replace("−", "-")) * 100)


def _pages_are_theirs(play: Play, lent: dict[int, int], *, promised: int = 0) -> None:
    """Open books, every month, and the campaign's own page, beside the transfers as beancount reads the download.

    `lent` is what was paid in by the numbers of pledges; the book knows nothing of what is only promised.
    """
    page = play.page("lea", "/lending/books")
    path = play.folder / "now.beancount"
    path.write_bytes(page.request.get(f"{play.url}/lending/books.beancount").body())
    rows = bean_transfers(path)
    shown: dict[str, dict[str, int]] = {}
    links = page.eval_on_selector_all("a[href*='figure=']", "all => all.map(one => [one.href, one.textContent])")
    for href, text in links:
        query = parse_qs(urlsplit(href).query)
        name, figure = query["month"][0], query["figure"][0]
        assert shown.setdefault(name, {}).setdefault(figure, _cents(text)) == _cents(text), (name, figure)
    assert shown and {row[0] for row in rows} <= set(shown)
    for month, figures in shown.items():
        theirs = month_by_beancount(rows, month)
        assert set(theirs) - set(figures) <= {"rewards"} and theirs["rewards"] == figures.get("rewards", 0)
        assert {name: theirs[name] for name in figures if name in theirs} == {
            name: minor for name, minor in figures.items() if name in theirs
        }, month
    paid_in = {
        number: sum(amount for _, gives, takes, amount in rows
                    if is_till(gives) and is_(takes, "Person", "Loan") and takes[1] == f"Lender-{number}")
        for number in lent
    }  # fmt: skip
    assert paid_in == lent
    page = play.page("lea", f"/lending/{NUMBER}")
    heading = page.get_by_role("heading", name="paid in").inner_text()
    assert [_cents(part) for part in heading.split(" of ")] == [sum(paid_in.values()), 20_000]
    of_each = page.get_by_role("region", name="What unsold units would mean").locator("tbody tr")
    told = {row.locator("th").inner_text(): _cents(row.locator("td").first.inner_text()) for row in of_each.all()}
    assert told.pop("All together") == sum(paid_in.values())
    assert {int(name.split(":")[0]): minor for name, minor in told.items()} == paid_in
    legend = page.locator(".legend").first.inner_text()
    assert _cents(re.search(r"Promised: (.*)", legend)[1]) == promised  # type: ignore[index]
    missing = re.search(r"Missing: (.*)", legend)
    assert (_cents(missing[1]) if missing else 0) == 20_000 - sum(paid_in.values())
    if state(play.world, NUMBER) != "open":
        owed_now = sum((is_(takes, "Person", "Loan") - is_(gives, "Person", "Loan")) * amount
                       for _, gives, takes, amount in rows)  # fmt: skip
        words = play.page("lea", LOAN).get_by_text(re.compile("owed .* together")).inner_text()
        assert _cents(re.search(r"owed (.*?) together", words)[1]) == owed_now  # type: ignore[index]
