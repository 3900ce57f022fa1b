"""Units that are sold pay a loan back; units that lenders take do so too."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from lending_support import World, open_world
from loan_support import days_pass, events, figure, now, out, owed, repay, sound, state, treasurers
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from app import create_app
from registry.accounts import service as accounts
from registry.accounts.pages import COOKIE
from registry.errors import Conflict, Forbidden, Invalid, NotFound, RegistryError
from registry.ledger import queries as ledger
from registry.lending import chart
from registry.lending.loans import goods, payback, queries, rules, sales, service
from registry.lending.loans.schemas import GoodsMove, GoodsWish, SaleWish
from registry.lending.loans.tables import LoanGoods, LoanGoodsEvent, LoanSale
from registry.notices import loan_sources
from registry.stores.stores import Stores


@pytest.fixture
def world(stores: Stores) -> World:
    world = open_world(stores)
    treasurers(world)
    return world


def sell(world: World, number: int, price_minor: int, key: str, serial: str = "", who: str = "olga") -> int:
    wish = SaleWish(serial=serial, price_minor=price_minor, sold_on=world.today(), key=key)
    return sales.sell(world.stores, world.people[who], number, wish)


def ask(world: World, who: str, number: int, units: int, lender: str = "", words: str = "") -> int:
    wish = GoodsWish(units=units, lender=lender, words=words)
    return goods.ask(world.stores, world.people[who], number, wish)


def answer(world: World, who: str, number: int, one: int, action: str, words: str = "") -> None:
    wish = GoodsMove(action=action, words=words)  # type: ignore[arg-type]
    goods.move(world.stores, world.people[who], number, one, wish)


def test_each_sold_unit_is_poured_once_over_commons_lenders_and_maker(world: World) -> None:
    number = out(world)  # 200.00 for ten units: 20.00 each
    with pytest.raises(Forbidden):
        sell(world, number, 2_599, "a", who="lea")
    assert sell(world, number, 2_599, "a") == 1
    assert sell(world, number, 2_599, "a") == 1, "the same key books once"
    with pytest.raises(Conflict, match="used for another sale"):
        sell(world, number, 2_600, "a")
    told = {name: figure(world, number, name) for name in ("sales", "fund_promised", "promised", "kept", "passed")}
    assert told == {"sales": -2_599, "fund_promised": 129, "promised": 2_000, "kept": 470, "passed": 0}
    assert figure(world, number, "debt") == -20_000, "a promise is no payment"
    sell(world, number, 1_000, "b")  # too cheap: the commons fund first, the lenders what is left
    assert figure(world, number, "promised") == 2_950 and figure(world, number, "kept") == 470
    repay(world, number, 2_500)
    assert figure(world, number, "promised") == 450 and figure(world, number, "passed") == 2_500
    with world.stores.db.transaction() as session:
        row, _ = payback.held_loan(session, number)
        bank = chart.bank(number, row.currency)
        payback.commons_seen(session, row, 200, source=bank, key="commons-1")
        payback.commons_seen(session, row, 200, source=bank, key="commons-1")
    assert (figure(world, number, "fund"), figure(world, number, "excess"), figure(world, number, "fund_promised")) == (
        179,
        21,
        0,
    )
    sound(world, number)
    with world.stores.db.reading() as session:
        first = session.exec(select(LoanSale)).first()
        assert first and [one.amount_minor for one in ledger.together(session, first.seq)] == [129, 2_000, 470]
    with pytest.raises(DBAPIError, match="added to"), world.stores.db.transaction() as session:
        session.execute(text("UPDATE loan_sale SET price_minor = price_minor"))


def test_sold_units_never_promise_more_than_is_owed_and_are_no_more_than_were_shipped(world: World) -> None:
    number = out(world, (3_334, 3_333, 3_333), units_funded=3)
    for at in range(4):
        sell(world, number, 4_000, f"k{at}")
    assert figure(world, number, "promised") == 10_000, "3334, 3334, 3332, 0"
    for at in range(4, 10):
        sell(world, number, 4_000, f"k{at}")
    with pytest.raises(Conflict, match="sold or with lenders"):
        sell(world, number, 4_000, "k10")
    repay(world, number, 10_000)
    assert (state(world, number), figure(world, number, "promised"), figure(world, number, "passed")) == (
        "repaid",
        0,
        10_000,
    )
    sound(world, number)


def test_a_numbered_unit_is_sold_once_whoever_asks_at_the_same_moment(world: World) -> None:
    number = out(world)
    batch = world.loan(number).batch_id
    with world.stores.db.transaction() as session:
        from registry.batches.unit_tables import Unit

        for at, state_ in enumerate(("delivered", "shipped", "tested"), 1):
            session.add(Unit(batch_id=batch, position=at, serial=f"GB-{at}", state=state_, passed="tested"))

    def one(key: str) -> str:
        try:
            return str(sell(world, number, 2_500, key, "GB-1"))
        except RegistryError as error:
            return error.message

    with ThreadPoolExecutor(3) as pool:
        told = sorted(pool.map(one, ["a", "b", "b"]))
    assert told.count("GB-1 is sold already.") in (1, 2) and "1" in told and figure(world, number, "sales") == -2_500
    with pytest.raises(Conflict, match="GB-3 is tested"):
        sell(world, number, 2_500, "c", "GB-3")
    with pytest.raises(Invalid, match="have numbers"):
        sell(world, number, 2_500, "d")
    with pytest.raises(NotFound):
        sell(world, number, 2_500, "e", "GB-9")


# --- goods


def test_a_lender_takes_units_at_cost_and_the_odd_cents_stay_money(world: World) -> None:
    number = out(world, (10_000, 6_000, 4_001), units_funded=3)  # 66.67 each
    with pytest.raises(Forbidden):
        ask(world, "ada", number, 1)
    with pytest.raises(Conflict, match=r"A unit costs 66\.67 EUR, and 60\.00 EUR is owed"):
        ask(world, "luc", number, 1)
    one = ask(world, "lea", number, 1, words="I would like one for my garden")
    with pytest.raises(Conflict, match=r"33\.33 EUR is owed and free"):
        ask(world, "lea", number, 1)  # what is asked for already is not free
    with pytest.raises(NotFound):
        answer(world, "luc", number, one, "agree")
    with pytest.raises(Conflict, match="'receive' can't follow"):
        answer(world, "lea", number, one, "receive")
    answer(world, "olga", number, one, "agree", "It is set aside")
    with pytest.raises(Conflict):
        answer(world, "olga", number, one, "receive")
    assert owed(world, number) == [10_000, 6_000, 4_001]
    answer(world, "lea", number, one, "receive")
    assert owed(world, number) == [3_333, 6_000, 4_001] and figure(world, number, "debt") == -13_334
    assert state(world, number) == "disbursed"
    with pytest.raises(Conflict, match="received"):
        answer(world, "lea", number, one, "call off", "No")
    sound(world, number)
    repay(world, number, 13_334)
    assert state(world, number) == "repaid"
    with world.stores.db.reading() as session:
        told = [(row.action, row.side, row.words) for row in session.exec(select(LoanGoodsEvent))]
    assert told == [("ask", "lender", "I would like one for my garden"), ("agree", "fabricator", "It is set aside"),
                    ("receive", "lender", "")]  # fmt: skip


def test_at_maturity_the_fabricator_offers_and_the_last_units_settle_the_loan(world: World) -> None:
    number = out(world, (8_000, 8_000, 4_000), units_funded=5, repayment_months=1)
    for at in range(3):
        sell(world, number, 5_000, f"k{at}")
    with world.stores.db.reading() as session:
        due_on = payback.plan_of(session, number)[0].due_on
    days_pass(world, number, (due_on - world.today()).days + 20)
    assert state(world, number) == "in arrears"
    refused = ask(world, "olga", number, 1, "lou", "Three are unsold")
    with pytest.raises(Invalid, match="word is missing"):
        answer(world, "lou", number, refused, "refuse")
    answer(world, "lou", number, refused, "refuse", "I have no garden")
    for lender, units in (("lea", 2), ("luc", 2), ("lou", 1)):
        one = ask(world, "otto", number, units, lender)
        answer(world, lender, number, one, "agree")
        with pytest.raises(Invalid, match="word is missing"):
            answer(world, "tom", number, one, "receive")
        answer(world, "tom", number, one, "receive", "The carrier's receipt")
    assert (state(world, number), owed(world, number), figure(world, number, "debt")) == (
        "settled in goods",
        [0] * 3,
        0,
    )
    assert figure(world, number, "promised") == 0, "what sales promised is owed no longer"
    assert events(world, number)[-1] == ("settle in goods", "settled in goods", "")
    sound(world, number)


def offers(world: World, number: int) -> list[tuple[str, int, str]]:
    """Who was offered how many units, and what became of it."""
    names = {account_id: name for name, account_id in world.people.items()}
    with world.stores.db.reading() as session:
        rows = session.exec(select(LoanGoods).where(LoanGoods.campaign_id == number).order_by(col(LoanGoods.id))).all()
    return [(names[one.account_id], one.units, one.state) for one in rows]


def test_where_the_terms_say_goods_unsold_units_are_offered_at_the_end_of_the_plan(world: World) -> None:
    number = out(world, (8_000, 8_000, 4_000), units_funded=5, repayment_months=1, unsold="goods")  # 40.00 each
    assert "offered the day after the last instalment was due" in world.terms(number).text
    for at in range(2):
        sell(world, number, 5_000, f"k{at}")
    with world.stores.db.reading() as session:
        due_on = payback.plan_of(session, number)[0].due_on
    days_pass(world, number, (due_on - world.today()).days)
    service.look_after(world.stores)
    assert offers(world, number) == [], "the last day is not over"
    days_pass(world, number, 1)
    for _ in range(2):  # a worker looks again and again
        service.look_after(world.stores)
    assert offers(world, number) == [("lea", 1, "offered"), ("luc", 1, "offered"), ("lou", 1, "offered")], "3 unsold"
    with world.stores.db.reading() as session:
        one, two, three = session.exec(select(LoanGoods.id).order_by(col(LoanGoods.id))).all()
        told = session.exec(select(LoanGoodsEvent)).first()
        assert told and (told.action, told.side, told.account_id) == ("offer", "registry", None)
        (notice,) = queries.get_loan(session, number, world.people["lea"]).goods
        assert notice.until is not None and notice.actions == ["agree", "refuse"]
        heard = loan_sources._of_goods(session, told)
    assert heard and heard.tellings[0].text.startswith("The plan is over"), "in the registry's words"
    assert heard.tellings[0].title.startswith("North offers you 1 unit of ")
    client = create_app(stores=world.stores).test_client()
    client.set_cookie(COOKIE, accounts.start_session(world.stores, world.people["lea"]).secret)
    page = client.get(f"/lending/{number}/loan").text
    assert "The registry offers them to lea" in page and "The offer stands until" in page
    answer(world, "lea", number, one, "agree")
    answer(world, "luc", number, two, "refuse", "I have one")
    days_pass(world, number, 30)
    world.shift("loan_goods", three, until=now(world))
    with pytest.raises(Conflict, match="This offer stood until"):
        answer(world, "lou", number, three, "agree")
    service.look_after(world.stores)
    assert [state_ for _, _, state_ in offers(world, number)] == ["agreed", "refused", "lapsed"]
    answer(world, "lea", number, one, "receive")
    assert owed(world, number) == [4_000, 8_000, 4_000]
    sound(world, number)


def test_units_that_cost_more_than_is_still_owed_are_asked_for_anew(world: World) -> None:
    number = out(world, (8_000, 7_000, 5_000))
    one = ask(world, "lou", number, 2)
    answer(world, "olga", number, one, "agree")
    repay(world, number, 15_000)
    with pytest.raises(Conflict, match=r"12\.50 EUR is owed, these units cost 40\.00 EUR"):
        answer(world, "lou", number, one, "receive")
    answer(world, "lou", number, one, "call off", "Money came")
    with world.stores.db.reading() as session:
        assert session.get_one(LoanGoods, one).state == "called off" and now(world)
    sound(world, number)


def test_rules_of_goods_and_pouring() -> None:
    assert rules.goods_actions("agreed", "lender") == ["receive", "call off"]
    assert rules.goods_actions("received", "lender") == []
    assert rules.pour(100, 10_000, 50, 50) == {"commons": 100, "lenders": 0, "kept": 0}
    assert rules.pour(100, 500, 50, 20) == {"commons": 5, "lenders": 20, "kept": 75}
    assert rules.unsold_offers(3, 40, {1: 80, 2: 80, 3: 39}) == {1: 2, 2: 1}
    assert rules.unsold_offers(9, 40, {1: 80, 2: 45}) == {1: 2, 2: 1} and rules.unsold_offers(-1, 40, {1: 80}) == {}
    assert rules.unsold_offers(3, 0, {1: 80}) == {}
    assert rules.unit_debt(10_000, 3) * 3 >= 10_000 >= rules.unit_cost(10_000, 3) * 3
    assert not rules.reached("open", "materials") and rules.reached("filled", "materials")
    assert rules.reached("assembled", "made") and not rules.reached("assembled", "shipped")
    assert not rules.reached("cancelled", "materials")
