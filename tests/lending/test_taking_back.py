"""A sale that was recorded wrongly, or whose unit came back, is taken back; what has reached lenders stays there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from lending_support import World, open_world
from loan_support import allow_reward, figure, out, repay, sound, state, treasurers
from plain_text_books import bean_transfers, month_by_beancount
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from web_support import bearer

from app import create_app
from registry.accounts import service as accounts
from registry.accounts.pages import COOKIE
from registry.cli import main
from registry.errors import Conflict, Forbidden, Invalid, NotFound
from registry.ledger.export import export
from registry.lending import chart
from registry.lending.books import queries as books
from registry.lending.loans import goods, payback, queries, rules, sales, taking_back
from registry.lending.loans.schemas import GoodsMove, GoodsWish, LoanView, SaleWish, WhyWish
from registry.stores.stores import Stores

WHY = WhyWish(why="25.99 was typed for 29.99")


@pytest.fixture
def world(stores: Stores) -> World:
    world = open_world(stores)
    treasurers(world)
    return world


def sell(world: World, number: int, price_minor: int, key: str, serial: str = "") -> int:
    wish = SaleWish(serial=serial, price_minor=price_minor, sold_on=world.today(), key=key)
    return sales.sell(world.stores, world.people["olga"], number, wish)


def back(world: World, number: int, sale: int, who: str = "olga") -> None:
    taking_back.take_back(world.stores, world.people[who], number, sale, WHY)


def told(world: World, number: int) -> dict[str, int]:
    names = ("sales", "fund_promised", "promised", "kept", "passed", "ahead", "fund_ahead")
    return {name: minor for name in names if (minor := figure(world, number, name))}


def view(world: World, number: int) -> LoanView:
    with world.stores.db.reading() as session:
        return queries.get_loan(session, number)


def test_what_is_only_promised_is_owed_no_longer(world: World, tmp_path: Path) -> None:
    number = out(world)  # 200.00 for ten units: 20.00 each
    sell(world, number, 2_599, "a")
    sell(world, number, 2_500, "b")
    for who in ("lea", "vera"):
        with pytest.raises(Forbidden):
            back(world, number, 1, who)
    with pytest.raises(NotFound):
        back(world, number, 3)
    with pytest.raises(Invalid, match="reason"):
        taking_back.take_back(world.stores, world.people["olga"], number, 1, WhyWish(why=" "))
    back(world, number, 1)
    with pytest.raises(Conflict, match="taken back already"):
        back(world, number, 1, "tom")
    assert told(world, number) == {"sales": -2_500, "fund_promised": 125, "promised": 2_000, "kept": 375}
    assert sell(world, number, 2_999, "c") == 3
    loan = view(world, number)
    assert (loan.sales.units, loan.sales.turnover.amount_minor, figure(world, number, "debt")) == (2, 5_499, -20_000)
    one = loan.sales.items[2]
    assert one.number == 1 and one.back and (one.back.why, one.back.by) == (WHY.why, "olga")
    for attempt in ("UPDATE loan_sale_back SET why = 'x'", "DELETE FROM loan_sale_back", "DELETE FROM loan_sale"):
        with pytest.raises(DBAPIError), world.stores.db.transaction() as session:
            session.execute(text(attempt))
    sound(world, number)
    path = tmp_path / "book.beancount"
    with world.stores.db.reading() as session:
        path.write_text("".join(export(session, "beancount")), encoding="utf-8")
    with world.stores.db.reading() as session:
        month = books.get_books(session).months[-1]
    theirs = month_by_beancount(bean_transfers(path), month.month)
    assert {name: month.figures[name] for name in theirs} == theirs and theirs["sold"] == 5_499


def test_what_was_passed_on_stays_with_whom_it_reached_and_fills_later_sales(world: World) -> None:
    number = out(world)
    sell(world, number, 2_600, "a")
    repay(world, number, 2_000)
    with world.stores.db.transaction() as session:
        row, _ = payback.held_loan(session, number)
        payback.commons_seen(session, row, 130, source=chart.bank(number, row.currency), key="commons-1")
    assert told(world, number) == {"sales": -2_600, "passed": 2_130, "kept": 470}
    back(world, number, 1)
    assert told(world, number) == {"passed": 2_130, "ahead": -2_000, "fund_ahead": -130}
    assert (figure(world, number, "debt"), figure(world, number, "fund")) == (-18_000, 130), "no money comes back"
    assert view(world, number).sales.items[0].back.ahead_minor == 2_130  # type: ignore[union-attr]
    sell(world, number, 1_000, "b")
    assert told(world, number) == {"sales": -1_000, "passed": 2_130, "ahead": -1_050, "fund_ahead": -80}
    sell(world, number, 3_000, "c")
    assert told(world, number) == {"sales": -4_000, "passed": 2_130, "promised": 950, "fund_promised": 70, "kept": 850}
    sound(world, number)


def test_the_last_repayment_and_a_sale_taken_back_leave_the_loan_repaid(world: World) -> None:
    number = out(world, (2_000, 1_000, 1_000), units_funded=2)
    sell(world, number, 3_000, "a")
    repay(world, number, 4_000)
    assert state(world, number) == "repaid"
    back(world, number, 1, "tom")
    assert state(world, number) == "repaid" and told(world, number) == {"passed": 2_000, "ahead": -2_000}
    sell(world, number, 3_000, "b")
    assert told(world, number) == {"sales": -3_000, "fund_promised": 150, "passed": 2_000, "kept": 850}
    sound(world, number)


def test_what_units_have_paid_instead_is_the_workshops(world: World) -> None:
    number = out(world, (8_000, 8_000, 4_000), units_funded=5)  # 40.00 each
    for at in range(3):
        sell(world, number, 5_000, f"k{at}")
    for lender in ("lea", "luc"):
        one = goods.ask(world.stores, world.people[lender], number, GoodsWish(units=2))
        goods.move(world.stores, world.people["olga"], number, one, GoodsMove(action="agree"))
        goods.move(world.stores, world.people[lender], number, one, GoodsMove(action="receive"))
    assert figure(world, number, "promised") == 4_000 and figure(world, number, "kept") == 3 * 750 + 8_000
    for sale in (1, 2, 3):
        back(world, number, sale)
    assert told(world, number) == {}
    sound(world, number)


def test_a_unit_that_came_back_is_sold_anew(world: World) -> None:
    from registry.batches.unit_tables import Unit

    number = out(world)
    with world.stores.db.transaction() as session:
        session.add(Unit(batch_id=world.loan(number).batch_id, position=1, serial="GB-1", state="delivered",
                         passed="tested"))  # fmt: skip
    for turn in range(3):
        sell(world, number, 2_500, f"k{turn}", "GB-1")
        with pytest.raises(Conflict, match="sold already"):
            sell(world, number, 2_500, f"twice-{turn}", "GB-1")
        assert view(world, number).sales.serials == []
        back(world, number, turn + 1)
        assert view(world, number).sales.serials == ["GB-1"]
    sound(world, number)


def test_a_share_of_sales_that_lenders_have_got_is_not_taken_from_them(world: World) -> None:
    allow_reward(world, "share of sales", 700)
    number = out(world, (2_000, 1_000, 1_000), units_funded=2, reward_bp=700)
    sell(world, number, 10_000, "a")
    sell(world, number, 10_000, "b")
    repay(world, number, 5_000)  # 40.00 of principal, 10.00 of 14.00 reward
    with pytest.raises(Conflict, match=r"10\.00\s?EUR of sales has gone to the lenders as their reward; .* 7\.00"):
        back(world, number, 1)
    sell(world, number, 10_000, "c")
    back(world, number, 1)
    sound(world, number)


def test_by_page_json_and_command(sqlite_stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(stores=sqlite_stores)
    world = open_world(sqlite_stores)
    treasurers(world)
    number = out(world)
    for key in "abc":
        sell(world, number, 2_500, key)
    page = f"/lending/{number}/loan"
    olga, anyone = app.test_client(), app.test_client()
    olga.set_cookie(COOKIE, accounts.start_session(sqlite_stores, world.people["olga"]).secret)
    assert "Take sale 1 back" in olga.get(page).text and "Take sale 1 back" not in anyone.get(page).text
    token = olga.get(page).text.split('name="csrf_token" value="')[1].split('"')[0]
    sent = {"csrf_token": token, "why": "<It> came back"}
    wrong = olga.post(f"{page}/sales/1/back", data=sent | {"why": " "})
    assert wrong.status_code == 422 and "A reason in one line" in wrong.text
    assert olga.post(f"{page}/sales/1/back", data=sent).status_code == 303
    again = olga.post(f"{page}/sales/1/back", data=sent)
    assert again.status_code == 409 and "taken back already" in again.text
    assert "&lt;It&gt; came back" in anyone.get(page).text and "2 sales" in anyone.get(page).text
    api = f"/api/v1/lending/campaigns/{number}/loan/sales/2/back"
    assert anyone.post(api, json={"why": "x"}).status_code == 401
    tia = bearer(accounts.make_token_for(sqlite_stores, "tia", "test").secret)
    assert anyone.post(api, json={"why": "Wrong price"}, headers=tia).json["sales"]["units"] == 1
    monkeypatch.setenv("BRICKYARD_DATA", str(sqlite_stores.settings.data))
    monkeypatch.delenv("BRICKYARD_DATABASE_URL", raising=False)
    words = ["loan", "take-back", str(number), "3", "--as", "olga", "--why", "It came back", "--json"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0 and json.loads(done.output)["sales"]["units"] == 0, done.output
    assert "No sale is recorded yet" in anyone.get(page).text


def test_the_parts_of_a_sale_are_found_where_they_are() -> None:
    parts = {"commons": 10, "lenders": 50, "kept": 40}
    for promised, fund, let_go in ((50, 10, 0), (20, 3, 0), (20, 10, 25), (0, 0, 0), (99, 99, 99)):
        found = rules.pour_back(parts, promised_minor=promised, fund_promised_minor=fund, let_go_minor=let_go)
        assert sum(found.values()) == 100 and min(found.values()) >= 0
        assert found["promised"] == min(50, promised) and found["kept"] == 40 + min(50 - found["promised"], let_go)
