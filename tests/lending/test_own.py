"""What a lender reads of their own: what is owed and when, and their year, by the same book as everything else."""

from __future__ import annotations

import datetime as dt

import pytest
from lending_support import World, open_world
from loan_support import out, repay, treasurers

from registry.lending.campaigns import own
from registry.lending.campaigns.lender_schemas import PledgeDetail, YearView
from registry.lending.loans import goods
from registry.lending.loans.schemas import GoodsMove, GoodsWish
from registry.notices import dates, lending_dates
from registry.notices.tables import CalendarFeed
from registry.stores.stores import Stores


@pytest.fixture
def world(sqlite_stores: Stores) -> World:
    world = open_world(sqlite_stores)
    treasurers(world)
    return world


def read(world: World, who: str, pledge_id: int) -> PledgeDetail:
    with world.stores.db.reading() as session:
        return own.get_pledge(session, pledge_id, world.people[who])


def year(world: World, who: str, which: int | None = None) -> YearView:
    with world.stores.db.reading() as session:
        return own.get_year(session, world.people[who], which)


def test_what_is_owed_and_when(world: World) -> None:
    number = out(world)  # lea 80.00, luc 70.00, lou 50.00, in six instalments
    before = read(world, "lea", 1)
    assert (before.owed_minor, before.due_minor) == (8_000, 0)
    assert [sum(one.amount_minor for one in read(world, who, at).plan)
            for at, who in enumerate(("lea", "luc", "lou"), 1)] == [8_000, 7_000, 5_000]  # fmt: skip
    days = [one.due_on for one in before.plan]
    assert len(days) == 6 and before.next_due_on == days[0]
    repay(world, number, 10_000)  # two instalments, and all but a cent of the third
    after = read(world, "lea", 1)
    assert (after.owed_minor, after.due_minor, after.next_due_on) == (4_000, 4_000, days[2])
    with world.stores.db.reading() as session:
        listed = own.list_pledges(session, world.people["lea"])
    assert (listed.total, listed.items[0].owed_minor, listed.next) == (1, 4_000, None)
    told = year(world, "lea")
    assert told.totals == {"EUR": {"lent": 8_000, "fell due": 4_000}} and told.owed_minor == {"EUR": 4_000}
    assert year(world, "lea", told.year - 1).owed_minor == {"EUR": 0}


def test_gifts_and_goods_in_the_year(world: World) -> None:
    given = out(world, (8_000, 7_000, 5_000), repay="gift")
    repay(world, given, 10_000)
    assert year(world, "lea").totals == {"EUR": {"lent": 8_000, "fell due": 4_000, "given": 4_000}}
    asked = goods.ask(world.stores, world.people["lou"], given, GoodsWish(units=1))
    for who, action in (("olga", "agree"), ("lou", "receive")):
        goods.move(world.stores, world.people[who], given, asked, GoodsMove(action=action, words="Handed over"))  # type: ignore[arg-type]
    told = year(world, "lou")
    assert told.totals["EUR"]["goods"] == 2_000 and told.owed_minor == {"EUR": 500}
    assert all(one.at.tzinfo == dt.UTC for one in told.lines)


def test_dates_stand_in_calendars(world: World) -> None:
    lending_dates.install()
    out(world)
    number = world.campaign()
    world.pledge("lea", number, 3_000)
    with world.stores.db.reading() as session:
        mine = CalendarFeed(secret="s", account_id=world.people["lea"], scope="me")
        shop = CalendarFeed(secret="t", account_id=world.people["olga"], scope="north", fabricator_id=1)
        told, shops = dates.dates_of(session, mine)[1], dates.dates_of(session, shop)[1]
    titles = [one.title for one in told if one.link.startswith("/lending")]
    assert titles.count("Due to you for Garden bench v1.0") == 6
    assert titles.count("Your pledge for Garden bench v1.0 lapses") == 1
    assert titles.count("The loan for Garden bench v1.0 closes") == 1
    assert "13.33\u00a0EUR by the plan" in next(one.text for one in told if one.title.startswith("Due"))
    assert sum(one.title == "Instalment of the loan for Garden bench v1.0" for one in shops) == 6
    assert len({one.key for one in told}) == len(told)
