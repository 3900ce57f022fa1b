"""What lenders get beyond their money: after the principal, to the last unit, and never a debt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lending_support import LENDERS, World, open_world
from loan_support import allow_reward, days_pass, due, figure, out, owed, pay_out, repay, sound, state, treasurers
from loan_support import funded as funded_loan

from app import create_app
from registry.errors import Conflict
from registry.lending.books.queries import get_behind, get_books
from registry.lending.campaigns import own
from registry.lending.loans import queries, rules, sales
from registry.lending.loans.schemas import LoanView, SaleWish
from registry.stores.stores import Stores


def lend(stores: Stores, kind: str, reward_bp: int, currency: str = "EUR") -> World:
    world = open_world(stores, currency)
    treasurers(world)
    allow_reward(world, kind, reward_bp)
    return world


def read(world: World, number: int) -> LoanView:
    with world.stores.db.reading() as session:
        return queries.get_loan(session, number)


def sell(world: World, number: int, price_minor: int, key: str) -> None:
    wish = SaleWish(price_minor=price_minor, sold_on=world.today(), key=key)
    sales.sell(world.stores, world.people["olga"], number, wish)


@given(
    lent=st.lists(st.integers(1, 10_000), min_size=1, max_size=6),
    rewards=st.lists(st.integers(0, 40_000), min_size=1, max_size=6),
    part_bp=st.integers(1, 10_000),
)
def test_shares_of_a_growing_reward_are_all_of_it_and_fair(lent: list[int], rewards: list[int], part_bp: int) -> None:
    owners, got, whole = dict(enumerate(lent)), dict.fromkeys(range(len(lent)), 0), 0
    for more in rewards:
        whole += more
        open_minor = whole - sum(got.values())
        for part in (open_minor * part_bp // 10_000, open_minor - open_minor * part_bp // 10_000):
            for who, share in rules.reward_shares(part, whole, owners, got).items():
                assert share >= 0
                got[who] += share
        assert sum(got.values()) == whole
    assert all(abs(got[who] - whole * amount / sum(lent)) < 2 for who, amount in owners.items())


def test_a_premium_comes_after_the_principal_and_is_shared_by_what_each_lent(stores: Stores) -> None:
    world = lend(stores, "fixed premium", 500)
    number = out(world, (3_334, 3_333, 3_334), reward_bp=500)
    told = read(world, number)
    assert (told.reward_minor, told.reward_paid.amount_minor, told.debt.amount_minor) == (500, 0, 10_001)
    assert sum(one.amount_minor for one in told.plan) == 10_001, "the plan knows no reward"
    repay(world, number, 9_000)
    assert (sum(due(world, number)), read(world, number).reward_paid.amount_minor) == (9_000, 0)
    repay(world, number, 1_101, "both")  # the rest, and 100 of the reward
    repay(world, number, 1_101, "both")
    assert (state(world, number), owed(world, number)) == ("repaid", [0] * 3)
    assert (sum(due(world, number)), figure(world, number, "excess")) == (10_101, 0)
    days_pass(world, number, 400)
    assert state(world, number) == "repaid", "no reward is ever late"
    repay(world, number, 450)  # late, and fifty too much
    told = read(world, number)
    assert due(world, number) == [3_334 + 167, 3_333 + 166, 3_334 + 167]
    assert (told.reward_paid.amount_minor, told.repaid_minor, told.excess.amount_minor) == (500, 10_001, 50)
    assert figure(world, number, "reward") == 0 and "reward" in told.books
    with pytest.raises(Conflict, match="owes nothing now"):
        repay(world, number, 1)
    sound(world, number)
    with stores.db.reading() as session:
        year = own.get_year(session, world.people["lea"], None)
        assert year.totals == {"EUR": {"lent": 3_334, "fell due": 3_334, "reward": 167}}
    with stores.db.reading() as session:
        month = get_books(session).months[-1]
        assert (month.figures["rewards"], month.figures["repaid"], month.figures["returned"]) == (500, 10_001, 0)
        assert month.figures["owed"] == 10_501
    with stores.db.reading() as session:
        behind = get_behind(session, "rewards", month.month)
        assert {line.words for line in behind.lines} == {"The maker pays a reward"} and behind.total == 2
    client = create_app(stores=stores).test_client()
    page = client.get(f"/lending/{number}/loan").get_data(as_text=True).replace("\u00a0", " ")
    assert "Reward of the lenders so far: 5.00 EUR" in page and f"/lending/{number}/loan/book/reward" in page
    assert client.get(f"/lending/{number}/loan/book/reward").status_code == 200
    assert client.get("/lending/books").get_data(as_text=True).count("Rewards") == 2
    found = client.get(f"/api/v1/lending/campaigns/{number}/loan").get_json()
    assert (found["reward_minor"], found["reward_paid"]) == (500, {"amount_minor": 500, "book": "reward"})


def test_a_share_of_sales_grows_with_them(stores: Stores) -> None:
    world = lend(stores, "share of sales", 1_000)
    number = out(world, reward_bp=1_000)
    assert read(world, number).reward_minor == 0
    sell(world, number, 2_509, "a")
    repay(world, number, 20_300)  # 250 of it is a reward, the rest is held
    assert (due(world, number), figure(world, number, "excess")) == ([8_100, 7_088, 5_062], 50)
    sell(world, number, 2_491, "b")
    assert (due(world, number), figure(world, number, "excess")) == ([8_120, 7_105, 5_075], 0), "what was held is used"
    sell(world, number, 2_491, "b")
    assert (state(world, number), read(world, number).reward_minor) == ("repaid", 500)
    repay(world, number, 250)
    assert (due(world, number), figure(world, number, "excess")) == ([8_200, 7_175, 5_125], 50)
    sound(world, number)


def test_a_reward_waits_until_all_principal_is_back(sqlite_stores: Stores) -> None:
    world = lend(sqlite_stores, "fixed premium", 500)
    number = funded_loan(world, reward_bp=500)
    pay_out(world, number, "materials")
    repay(world, number, 12_100)
    told = read(world, number)
    assert (told.reward_minor, told.reward_paid.amount_minor, told.excess.amount_minor) == (600, 0, 100)


def test_gifts_of_the_principal_give_the_reward_too_and_yen_are_whole(sqlite_stores: Stores) -> None:
    world = lend(sqlite_stores, "fixed premium", 333, "JPY")
    number = out(world, (7_001, 7_000, 6_000), reward_bp=333)  # 666 yen
    repay(world, number, 20_001)
    for amount in (1, 1, 1, 600, 63):
        repay(world, number, amount)
    assert due(world, number) == [7_001 + 233, 7_000 + 233, 6_000 + 200]
    given_loan = out(world, (7_001, 7_000, 6_000), reward_bp=333, repay="gift")
    for amount in (20_100, 567):
        repay(world, given_loan, amount)
    assert due(world, given_loan) == [0] * 3
    assert figure(world, given_loan, "fund") == 20_001 + 666
    sound(world, given_loan)
    with sqlite_stores.db.reading() as session:
        year = own.get_year(session, world.people[LENDERS[0]], None)
    assert year.totals["JPY"] == {"lent": 14_002, "fell due": 14_002, "reward": 466, "given": 7_234}


def test_without_a_reward_nothing_is_one(sqlite_stores: Stores) -> None:
    world = open_world(sqlite_stores)
    treasurers(world)
    number = out(world)
    sell(world, number, 2_500, "a")
    repay(world, number, 20_500)
    told = read(world, number)
    assert (told.reward_minor, told.reward_paid.amount_minor, told.excess.amount_minor) == (0, 0, 500)
    assert "reward" not in told.books
    sell(world, number, 2_500, "b")  # owes another 125 to the design's fund, and what is held pays both
    assert [figure(world, number, name) for name in ("excess", "fund", "fund_promised")] == [250, 250, 0]
    sound(world, number)
    assert "Reward" not in create_app(stores=sqlite_stores).test_client().get("/lending/books").get_data(as_text=True)
