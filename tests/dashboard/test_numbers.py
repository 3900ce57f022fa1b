"""Each number of the dashboard is what SQL of the test's own counts in the database."""

from __future__ import annotations

import datetime as dt

import pytest
from dashboard_support import Shop
from sqlalchemy.exc import DBAPIError

from registry.batches import orders
from registry.batches.unit_schemas import OrderWish
from registry.dashboard import service
from registry.dashboard.schemas import ClosedWish, MachineWish, PaymentWish, PlanWish
from registry.errors import Conflict, Invalid
from registry.fabricators.tables import Fabricator

OWN = "FROM batch b JOIN batch_maker m ON m.batch_id = b.id WHERE m.fabricator_id = :north"


@pytest.fixture
def busy(shop: Shop) -> Shop:
    """Seven batches: filling, to begin (2), materials, made with scrap, shipped, cancelled."""
    open_one = shop.market.batch("olga", "north", least=10, most=20)
    shop.reserve(open_one, "ada", 4)
    shop.full()
    shop.full(("ada", 30), ("vera", 30), most=60)
    buying = shop.full()
    shop.move(buying, "materials")
    made = shop.full()
    shop.move(made, "materials")
    shop.count(made, "made", 20, scrap=3)
    shop.move(made, "made")
    shop.count(made, "assembled", 7, scrap=1)
    shipped = shop.full()
    for stage in ("materials", "made", "assembled", "tested", "shipped"):
        if stage != "materials":
            shop.count(shipped, stage, 20)
        shop.move(shipped, stage)
    dropped = shop.full()
    shop.move(dropped, "cancel", "the mould broke")
    shop.market.batch("sam", "south")
    shop.market.ask("ada", "north", "south")
    shop.quote(days=3)
    shop.quote(days=20)
    shop.quote(accept=True)
    shop.quote(accept=True, quantities=(50,))
    shop.machine("Laser")
    shop.machine("Old laser", "broken")
    shop.machine("Printers", "busy", count=4)
    return shop


def test_jobs_and_stages(busy: Shop) -> None:
    found = busy.numbers()
    states = "'draft','open','filled','materials','made','assembled','tested','shipped'"
    by_state = dict(busy.rows(f"SELECT b.state, COUNT(*) {OWN} GROUP BY b.state"))
    units = dict(busy.rows(f"SELECT b.state, SUM(b.reserved) {OWN} GROUP BY b.state"))
    for state in found.stages:
        assert found.stages[state] == by_state.get(state, 0), state
        assert found.units_by_stage[state] == (units.get(state) or 0), state
    assert found.numbers.jobs == busy.sql(f"SELECT COUNT(*) {OWN} AND b.state IN ({states})") == 6
    assert sorted(job.number for job in found.jobs) == sorted(
        row[0] for row in busy.rows(f"SELECT b.id {OWN} AND b.state IN ({states})")
    )
    for job in found.jobs:
        scrap = busy.sql("SELECT COALESCE(SUM(scrap), 0) FROM batch_count WHERE batch_id = :id", id=job.number)
        assert job.scrap == scrap
    made = next(job for job in found.jobs if job.state == "made")
    assert made.good == busy.sql(
        "SELECT SUM(good) FROM batch_count WHERE batch_id = :id AND stage = 'assembled'", id=made.number
    )
    assert (made.good, made.scrap, made.next_step) == (7, 4, "Assemble")


def test_inbox_machines_and_quotes(busy: Shop) -> None:
    told = busy.numbers().numbers
    requests = busy.sql("SELECT COUNT(*) FROM quote WHERE fabricator_id = :north")
    queues = busy.sql(
        "SELECT COUNT(DISTINCT r.batch_id) FROM reservation r JOIN batch_maker m ON m.batch_id = r.batch_id "
        "WHERE m.fabricator_id = :north AND r.state <> 'cancelled'"
    )
    assert (told.inbox.requests, told.inbox.queues, told.inbox.words) == (requests, queues, 0) == (5, 7, 0)
    assert told.inbox.all == told.inbox.unread == requests + queues
    assert told.inbox.to_answer == 1
    for status in ("ready", "busy", "broken"):
        counted = busy.sql(
            "SELECT SUM(count) FROM machine WHERE fabricator_id = :north AND status = :status", status=status
        )
        assert told.machines[status] == counted
    today = busy.numbers().today
    near = busy.sql(
        "SELECT COUNT(*) FROM quote WHERE fabricator_id = :north AND state IN ('quoted', 'revised') "
        "AND valid_until BETWEEN :today AND :until", today=today, until=today + dt.timedelta(days=7),
    )  # fmt: skip
    assert told.quotes_near == near == 1


def test_money(busy: Shop) -> None:
    def sums() -> tuple[int, int, int, int, int]:
        row = next(row for row in busy.numbers().numbers.money if row.currency == "EUR")
        return row.agreed_minor, row.received_minor, row.due_minor, row.to_return_minor, row.reserved_minor

    confirmed = busy.rows(
        "SELECT b.reserved, r.units FROM reservation r JOIN batch b ON b.id = r.batch_id "
        "JOIN batch_maker m ON m.batch_id = b.id WHERE m.fabricator_id = :north AND r.state = 'confirmed'"
    )
    agreed = sum(units * (1500 if reserved >= 50 else 2000) for reserved, units in confirmed)
    agreed += 50 * 1500 + 5000  # the quote that was accepted for one quantity alone
    assert sums() == (agreed, 0, agreed, 0, 4 * 2000)
    assert busy.numbers().numbers.accepted_without_quantity == 1
    number = min(row[0] for row in busy.rows(f"SELECT b.id {OWN} AND b.state = 'filled'"))

    def see(minor: int, key: str = "", **more: object) -> None:
        wish = PaymentWish.model_validate(
            {"job": number, "place": 1, "amount_minor": minor, "currency": "EUR", "key": key} | more
        )
        service.see_payment(busy.stores, busy.who("olga"), "north", wish)

    see(10_000, "first")
    see(10_000, "first")  # sent again: counted once
    assert sums() == (agreed, 10_000, agreed - 10_000, 0, 8000)
    with pytest.raises(Conflict, match="more than agreed"):
        see(24_000)
    with pytest.raises(Conflict, match="agreed in EUR, not in CHF"):
        see(100, currency="CHF")
    with pytest.raises(Invalid, match="without a reason"):
        see(-100)
    see(-2_500, why="paid twice")
    assert sums()[1] == busy.sql("SELECT SUM(amount_minor) FROM payment_seen WHERE fabricator_id = :north") == 7_500
    quote = busy.sql("SELECT q.id FROM quote q JOIN quote_request r ON r.id = q.request_id WHERE q.state = 'accepted' "
                     "ORDER BY q.id DESC LIMIT 1")  # fmt: skip
    see(80_000, job=None, place=None, quote=quote)
    assert sums() == (agreed, 87_500, agreed - 87_500, 0, 8000)
    busy.move(number, "cancel", "no steel")
    lost = 20 * 2000
    assert sums() == (agreed - lost, 87_500, agreed - lost - 80_000, 7_500, 8000)
    with pytest.raises(DBAPIError), busy.stores.db.transaction() as session:
        session.connection().exec_driver_sql("UPDATE payment_seen SET amount_minor = 1")


def test_an_order_is_owed_to_the_last_cent(shop: Shop) -> None:
    quote = shop.quote(accept=True, quantities=(13,))
    number = orders.begin(shop.stores, shop.who("ada"), quote, OrderWish(units=13))
    row = shop.numbers().numbers.money[0]
    assert row.agreed_minor == row.due_minor == 13 * 2000 + 5000, "with its setup, though 13 does not divide it"
    wish = {"job": number, "place": 1, "currency": "EUR"}
    with pytest.raises(Conflict, match="more than agreed"):
        service.see_payment(shop.stores, shop.who("olga"), "north", PaymentWish(amount_minor=31_001, **wish))
    service.see_payment(shop.stores, shop.who("olga"), "north", PaymentWish(amount_minor=31_000, **wish))
    assert shop.numbers().numbers.money[0].due_minor == 0


def test_weeks_and_days(busy: Shop) -> None:
    with busy.stores.db.transaction() as session:
        row = session.get_one(Fabricator, busy.id)
        row.capacity_hours_week, row.lead_time_days = 40, 10
        session.add(row)
    found = busy.numbers()
    due = found.today + dt.timedelta(days=10)
    in_work = busy.sql(f"SELECT COUNT(*) {OWN} AND b.state IN ('filled','materials','made','assembled','tested')")
    assert sum(week.jobs for week in found.weeks) == in_work == 4
    assert {job.due_on for job in found.jobs if job.state == "filled"} == {due}
    late, soon = [job.number for job in found.jobs if job.state == "filled"]
    olga, yesterday = busy.who("olga"), found.today - dt.timedelta(days=1)
    service.plan_job(busy.stores, olga, "north", late, PlanWish(work_minutes=600, due_on=yesterday))
    service.plan_job(busy.stores, olga, "north", soon, PlanWish(work_minutes=90, due_on=found.today))
    monday = found.today - dt.timedelta(days=found.today.weekday())
    service.close_day(busy.stores, olga, "north", ClosedWish(day=monday))
    service.close_day(busy.stores, olga, "north", ClosedWish(day=monday + dt.timedelta(days=6)))
    found = busy.numbers()
    assert found.overdue == [late] and found.numbers.overdue == 1
    expected = busy.sql(
        "SELECT COUNT(*) FROM job_plan WHERE fabricator_id = :north AND due_on BETWEEN :monday AND :sunday",
        monday=monday, sunday=monday + dt.timedelta(days=6),
    )  # fmt: skip
    assert found.numbers.due_this_week == found.weeks[0].jobs == expected
    assert found.weeks[0].work_minutes == (690 if expected == 2 else 90)
    assert (found.weeks[0].closed_days, found.weeks[0].capacity_minutes) == (1, 32 * 60), "Sunday is closed anyway"
    assert found.weeks[1].capacity_minutes == 40 * 60


def test_figures(busy: Shop) -> None:
    found = busy.numbers().figures
    count = "FROM batch_count WHERE fabricator_id = :north AND stage"
    assert sum(week.shipped for week in found) == busy.sql(f"SELECT SUM(good) {count} = 'shipped'") == 20
    handled = "IN ('made', 'assembled', 'tested')"
    assert sum(week.good for week in found) == busy.sql(f"SELECT SUM(good) {count} {handled}")
    assert sum(week.scrap for week in found) == busy.sql(f"SELECT SUM(scrap) {count} {handled}") == 4
    assert [week.shipped for week in found[:-1]] == [0] * 11, "all of it was counted this week"
    shipped = busy.sql(f"SELECT b.id {OWN} AND b.state = 'shipped'")
    assert sum(week.on_time + week.late for week in found) == 0, "nobody said when it was due"
    today = busy.numbers().today
    for day, on_time, late in ((today, 1, 0), (today - dt.timedelta(days=1), 0, 1)):
        service.plan_job(busy.stores, busy.who("olga"), "north", shipped, PlanWish(due_on=day))
        last = busy.numbers().figures[-1]
        assert (last.on_time, last.late) == (on_time, late)


def test_a_machine_is_set_free(busy: Shop) -> None:
    machine = busy.sql("SELECT id FROM machine WHERE name = 'Old laser'")
    service.set_machine(busy.stores, busy.who("olga"), "north", machine, MachineWish(status="ready"))
    assert busy.numbers().numbers.machines == {"ready": 2, "busy": 4, "broken": 0}
