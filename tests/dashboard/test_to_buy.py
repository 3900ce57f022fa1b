"""What to buy this week: chosen and summed as SQL of the test's own does, the same by page, JSON, table and command."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import pytest
from batch_support import a_line, give
from click.testing import CliRunner
from dashboard_support import Shop, open_shop
from web_support import bearer, make_token, sign_up

from app import create_app
from registry.accounts.queries import find_account
from registry.cli import main
from registry.dashboard import buying, queries, rules, service
from registry.dashboard.schemas import ClosedWish, PlanWish, ToBuy
from registry.fabricators.queries import find_fabricator
from registry.fabricators.tables import Fabricator, Member
from registry.stores.stores import Stores

PLANKS, HOSES = 4, 2
HERE = "/fabricators/north/dashboard"
FRIDAY = dt.date(2026, 11, 27)
SUNDAY = dt.date(2026, 11, 29)


@pytest.mark.parametrize(
    ("due_in", "days", "closed_in", "week"),
    [
        (None, 1, (), "undated"), (-400, 1, (), "week"), (0, 1, (), "week"), (1, 1, (), "next"), (1, 2, (), "week"),
        (4, 5, (), "week"), (5, 5, (), "next"), (6, 5, (), "next"), (5, 5, (1,), "week"), (5, 5, (6, 7), "next"),
        (8, 1, (), "later"), (8, 2, (), "next"), (8, 2, (8,), "next"), (8, 1, (8,), "next"), (70, 50, (), "next"),
        (70, 51, (), "week"), (70, 45, (), "later"),
    ],
)  # fmt: skip
def test_the_week_in_which_work_must_begin(
    due_in: int | None, days: int, closed_in: tuple[int, ...], week: str
) -> None:
    """Days count from Sunday: 1 is the Monday after it."""
    due = None if due_in is None else SUNDAY + dt.timedelta(days=due_in)
    closed = {SUNDAY + dt.timedelta(days=day) for day in closed_in}
    assert rules.week_to_begin(FRIDAY, due, days, closed) == week
    assert rules.week_to_begin(SUNDAY, due, days, closed) == week, "Sunday is of the same week"


def test_working_days_and_days_of_work() -> None:
    last = dt.date.max
    assert rules.working_days(last - dt.timedelta(days=7), last, ()) == 5 and rules.working_days(last, last, ()) == 0
    counted = sum((FRIDAY + dt.timedelta(days=day)).weekday() < 5 for day in range(1, 101))
    assert rules.working_days(FRIDAY, FRIDAY + dt.timedelta(days=100), ()) == counted
    told = [rules.work_days(*pair) for pair in ((None, 40), (480, None), (480, 0), (0, 40), (480, 40), (481, 40))]
    assert told == [5, 5, 5, 1, 1, 2]


@pytest.fixture
def waiting(shop: Shop) -> Shop:
    return fill(shop)


def fill(shop: Shop) -> Shop:
    """Jobs that wait: late, due Sunday, next week with little and much work, far off, without a day; one that fills."""
    give(shop.market, shop.market.design, a_line("Plank", PLANKS), a_line("Hose", HOSES, value="EN 853 DN12"))
    with shop.stores.db.transaction() as session:
        session.get_one(Fabricator, shop.id).capacity_hours_week = 40
    sunday = sunday_of(shop)
    plans = ((-20, 60), (0, 60), (3, 480), (3, 1921), (4, None), (5, None), (40, 60), (None, 60))
    olga = shop.who("olga")
    for place, (days, minutes) in enumerate(plans):
        number = shop.full(("ada", 10 + place), most=10 + place)
        due = None if days is None else sunday + dt.timedelta(days=days)
        service.plan_job(shop.stores, olga, "north", number, PlanWish(work_minutes=minutes, due_on=due))
    shop.move(shop.full(), "materials")  # has them
    shop.reserve(shop.market.batch("olga", "north", least=10, most=20), "ada", 3)
    return shop


def sunday_of(shop: Shop) -> dt.date:
    with shop.stores.db.reading() as session:
        today = queries.today(session)
    return today + dt.timedelta(days=6 - today.weekday())


def read(shop: Shop, when: str = "") -> ToBuy:
    with shop.stores.db.reading() as session:
        fabricator, day = find_fabricator(session, "north"), queries.today(session)
        return buying.to_buy(
            shop.stores, session, fabricator, queries.list_jobs(session, fabricator, day), day, when
        )  # fmt: skip


def begin_in(shop: Shop, weeks: int) -> tuple[int, int]:
    """(jobs, units) whose work begins by the Sunday of some week, by SQL: eight hours are a day."""
    sunday = sunday_of(shop) + dt.timedelta(weeks=weeks)
    days = {name: sunday + dt.timedelta(days=count) for name, count in (("none", 0), ("four", 4))}
    # 60 and 480 minutes are one day: due by Sunday; 1921 are five, as is what nobody told: due by Thursday
    row = shop.rows(
        "SELECT COUNT(*), COALESCE(SUM(b.reserved), 0) FROM batch b JOIN job_plan p ON p.batch_id = b.id "
        "WHERE p.fabricator_id = :north AND b.state = 'filled' AND p.due_on <= "
        "CASE WHEN p.work_minutes <= 480 THEN :none ELSE :four END", **days,
    )[0]  # fmt: skip
    return int(row[0]), int(row[1])


def quantities(found: ToBuy) -> dict[str, float]:
    return {line.description: line.quantity for line in found.buy.lines}


def test_numbers_of_each_week(waiting: Shop) -> None:
    whole = waiting.rows("SELECT COUNT(*), SUM(reserved) FROM batch WHERE state = 'filled'")[0]
    undated = waiting.sql("SELECT COUNT(*) FROM job_plan WHERE due_on IS NULL")
    (now, now_units), (by_next, next_units) = begin_in(waiting, 0), begin_in(waiting, 1)
    assert (now, by_next, whole[0], undated) == (4, 6, 8, 1), "the fixture has each kind"
    expected = {
        "": (now, now_units), "week": (now, now_units), "next": (by_next - now, next_units - now_units),
        "all": tuple(whole), "full": (whole[0] + 1, whole[1] + 10),
    }  # fmt: skip
    for when, (jobs, units) in expected.items():
        found = read(waiting, when)
        assert (len(found.jobs), sum(job.units for job in found.jobs)) == (jobs, units), when
        assert quantities(found) == {"Plank": units * PLANKS, "Hose": units * HOSES}, when
        assert found.rest_jobs == max(0, whole[0] - jobs) and (found.rest_lines > 0) == (found.rest_jobs > 0), when
    counts = read(waiting).counts
    assert (counts.week, counts.next, counts.later, counts.undated, counts.all, counts.fills) == (
        now, by_next - now, whole[0] - by_next - undated, undated, whole[0], 1,
    )  # fmt: skip
    assert waiting.numbers().to_buy == counts and waiting.numbers().numbers.to_buy_jobs == counts.all
    monday = sunday_of(waiting) + dt.timedelta(days=1)
    service.close_day(waiting.stores, waiting.who("olga"), "north", ClosedWish(day=monday))
    assert read(waiting).counts.week == now + 1, "a closed Monday brings the next one forward"


def test_all_where_nothing_is_for_this_week(shop: Shop) -> None:
    assert (read(shop).when, read(shop).jobs, read(shop).rest_jobs) == ("all", [], 0)
    job = shop.full()
    assert [(found.number, found.begins) for found in read(shop).jobs] == [(job, "undated")]
    assert read(shop).when == "all" and read(shop, "week").rest_jobs == 1
    service.plan_job(shop.stores, shop.who("olga"), "north", job, PlanWish(due_on=sunday_of(shop)))
    assert (read(shop).when, len(read(shop).jobs)) == ("week", 1)


def test_by_page_json_table_and_command(sqlite_stores: Stores, tmp_path: Path) -> None:
    shop = fill(open_shop(sqlite_stores, tmp_path / "thing"))
    client = create_app(stores=sqlite_stores).test_client()
    assert sign_up(client, "wim").status_code == 303
    with sqlite_stores.db.transaction() as session:
        account = find_account(session, "wim")
        assert account and account.id
        session.add(Member(fabricator_id=shop.id, account_id=account.id, role="viewer"))
    token = bearer(make_token(client))
    jobs, units = begin_in(shop, 0)
    page = client.get(f"{HERE}/buy").text
    assert (
        'buy?when=week" aria-current="page">This week <span class="num">4</span>' in page
        and buying.RULE in page.replace("&#39;", "'")
    )
    assert "Not in this list: 2 lines for 4 jobs, 2 next week, 1 later, 1 without a day." in page
    assert "1 job has no day yet" in page and "EN 853 DN12" in page and f">{units * PLANKS}</td>" in page
    later = client.get(f"{HERE}/buy?when=next").text
    assert 'buy?when=next" aria-current="page"' in later and "4 this week, 1 later, 1 without a day." in later
    assert "Not in this list" not in client.get(f"{HERE}/buy?when=all").text
    assert client.get(f"{HERE}/buy?when=never").status_code == 422
    rows = list(csv.DictReader(io.StringIO(client.get(f"{HERE}/buy.csv?when=week").text)))
    assert {row["Description"]: row["Quantity"] for row in rows} == {
        "Plank": str(units * PLANKS), "Hose": str(units * HOSES),
    }  # fmt: skip
    answer: Any = client.get(f"/api/v1{HERE}/buy?when=week", headers=token).json
    assert (answer["when"], len(answer["jobs"]), answer["rest_jobs"]) == ("week", jobs, 4)
    assert client.get(f"/api/v1{HERE}/buy", headers=token).json == answer
    assert client.get(f"/api/v1{HERE}/buy?when=never", headers=token).status_code == 422
    assert client.get(f"/api/v1{HERE}", headers=token).json["to_buy"] == answer["counts"]
    env = {"BRICKYARD_DATA": str(shop.stores.settings.data), "BRICKYARD_DATABASE_URL": ""}
    said = CliRunner().invoke(main, ["fabricators", "buy", "north"], env=env)
    assert said.exit_code == 0 and "EN 853 DN12, Hose" in said.stdout and "2 lines for 4 jobs" in said.stdout
    assert "8 jobs: 4 this week, 2 next week, 1 later, 1 without a day" in said.stdout
    told = CliRunner().invoke(main, ["fabricators", "buy", "north", "--when", "week", "--json"], env=env)
    assert json.loads(told.stdout) == answer
    plain = CliRunner().invoke(main, ["fabricators", "dashboard", "north"], env=env)
    assert "4 this week, 2 next week" in plain.stdout
