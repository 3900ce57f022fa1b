"""What is kept in memory of machines and needs answers as the pure rules do, and follows every change."""

from __future__ import annotations

import datetime as dt
import random
import sys
from pathlib import Path

from sqlmodel import col, delete, select, update

from registry.fabricators import finding
from registry.fabricators.fleet import Asks, asks_of, fleet_of, likely, machines_of, read_machines
from registry.fabricators.making_schemas import Near
from registry.fabricators.matching import best, judge
from registry.fabricators.needs import Need
from registry.fabricators.needs_tables import DesignNeed, VersionNeeds
from registry.fabricators.tables import Fabricator, Machine, MachineMaterial
from registry.stores.stores import Stores
from registry.values import utcnow

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
import matching as benchmark

SHOPS, MACHINES, DESIGNS = 120, 700, 60


def filled(stores: Stores) -> list[list[Need]]:
    return benchmark.fill(stores, SHOPS, MACHINES, DESIGNS)


def by_the_rules(stores: Stores, needs: list[Need]) -> dict[str, str]:
    """Every need against every machine of every fabricator: the worst of the best answers."""
    said = {}
    with stores.db.reading() as session:
        slugs = dict(session.exec(select(Fabricator.id, Fabricator.slug)).all())
        every = read_machines(session, list(slugs))
    for id_, slug in slugs.items():
        machines = [machine for these in every.get(id_, {}).values() for machine in these]
        answers = [
            best([judge(need, machine).answer for machine in machines]) for need in needs if not need.by_yourself
        ]
        said[slug] = min(answers, key=("no", "unknown", "yes").index)
    return said


def test_first_look_loses_nobody_whom_the_rules_would_choose(stores: Stores) -> None:
    every = filled(stores)
    surely = 0
    for number, needs in enumerate(every):
        said = by_the_rules(stores, needs)
        with stores.db.reading() as session:
            found = finding.find_matches(session, f"d{number + 1}", "v1", needs, Near())
            counted = finding.count_makers(session, needs)
        can = sum(answer == "yes" for answer in said.values())
        perhaps = sum(answer == "unknown" for answer in said.values())
        assert (found.can, found.perhaps) == (can, perhaps) == counted[:2], number
        for item in found.items:
            assert item.answer == said[item.slug]
        surely += can
    assert surely > 0, "random data in which nobody can make anything proves nothing"


def test_whatever_could_be_made_by_the_rules_is_found(stores: Stores) -> None:
    every = filled(stores)
    made = 0
    with stores.db.reading() as session:
        for number in range(1, SHOPS + 1):
            machines = [one for these in read_machines(session, [number]).get(number, {}).values() for one in these]
            today = {one.design for one in finding.find_makeable(session, f"f{number}").today}
            right = set()
            for place, needs in enumerate(every, start=1):
                asked = [need for need in needs if not need.by_yourself]
                answers = [best([judge(need, machine).answer for machine in machines]) for need in asked]
                if answers and "no" not in answers:
                    right.add(f"d{place}")
            assert today == right, number
            made += len(right)
    assert made > 0


def test_a_changed_machine_a_closed_shop_and_a_new_need_are_seen_at_once(stores: Stores) -> None:
    filled(stores)
    old = utcnow() - dt.timedelta(days=2)
    stores.db.retrying(lambda session: session.exec(update(Fabricator).values(updated_at=old)))
    with stores.db.reading() as session:
        before = fleet_of(session)
        assert fleet_of(session) is before, "nothing changed: nothing is read again"
    seven = next(iter(before.sizes["sawing"]))

    def change(session) -> None:  # type: ignore[no-untyped-def]
        session.exec(
            update(Machine).where(col(Machine.fabricator_id) == seven).values(process="sewing", work_x_mm=None)
        )
        session.exec(update(Fabricator).where(col(Fabricator.id) == seven).values(updated_at=utcnow()))

    stores.db.retrying(change)
    with stores.db.reading() as session:
        after = fleet_of(session)
    assert seven in after.sizes["sewing"] and all(seven not in have for p, have in after.sizes.items() if p != "sewing")
    assert after.sizes["sawing"].keys() == before.sizes["sawing"].keys() - {seven}

    def close(session) -> None:  # type: ignore[no-untyped-def]
        ids = select(Machine.id).where(col(Machine.fabricator_id) == seven)
        session.exec(delete(MachineMaterial).where(col(MachineMaterial.machine_id).in_(ids)))
        session.exec(delete(Machine).where(col(Machine.fabricator_id) == seven))
        session.exec(delete(Fabricator).where(col(Fabricator.id) == seven))

    stores.db.retrying(close)
    with stores.db.reading() as session:
        assert seven not in fleet_of(session).shops and not fleet_of(session).sizes["sewing"]
        asks = asks_of(session)
    sewn = DesignNeed(design_id=5, revision_id=5, need="sewing-1", way="sewing")

    def need(session) -> None:  # type: ignore[no-untyped-def]
        session.exec(delete(DesignNeed).where(col(DesignNeed.design_id) == 5))
        session.add(sewn)
        session.exec(update(VersionNeeds).where(col(VersionNeeds.design_id) == 5).values(derived_at=utcnow()))

    stores.db.retrying(need)
    with stores.db.reading() as session:
        again = asks_of(session)
    assert again.designs[5] == (5, (("sewing", 0.0, 0.0),)) and len(again.designs) == len(asks.designs)
    assert likely(again, {"sewing": None}) == ([(5, 0)], [])
    two_short = Asks((), {1: (1, (("a", 0.0, 0.0), ("b", 9.0, 9.0), ("c", 0.0, 0.0)))}, frozenset("abc"))
    assert likely(two_short, {"a": None, "b": (8.0, 8.0)}, 5) == ([], [(1, 2)]) == likely(two_short, {"a": None}, 5)
    assert likely(two_short, {}, 5) == ([], []), "what has nothing to do here is no part either"


def test_distance_across_the_date_line_and_over_the_pole_is_seen(stores: Stores) -> None:
    dice = random.Random(1)
    every = filled(stores)
    needs = next(needs for needs in every if len(needs) > 3)

    def move(session) -> None:  # type: ignore[no-untyped-def]
        for number in range(1, SHOPS + 1):
            lat, lon = dice.choice([(-17.8, 178.9), (-17.7, -179.6), (89.9, 100.0), (52.5, 13.4)])
            session.exec(
                update(Fabricator)
                .where(col(Fabricator.id) == number)
                .values(shown_lat_deg=lat, shown_lon_deg=lon, updated_at=utcnow())
            )

    stores.db.retrying(move)
    with stores.db.reading() as session:
        near = finding.find_matches(session, "d", "v1", needs, Near(lat=-17.8, lon=179.5, km=200))
        polar = finding.find_matches(session, "d", "v1", needs, Near(lat=89.9, lon=-80.0, km=50))
        shops = fleet_of(session).shops.values()
        able = set(fleet_of(session).scores([need for need in needs if not need.by_yourself]))
    assert near.total == sum(shop.lat_deg < -17 for shop in shops if shop.id in able and shop.lat_deg is not None)
    assert polar.total == sum(shop.lat_deg > 89 for shop in shops if shop.id in able and shop.lat_deg is not None)
    assert near.total and polar.total


def touch(stores: Stores, number: int, at: dt.datetime, **values: object) -> None:
    """A change of a fabricator's machines as a process makes it whose clock says `at`."""

    def change(session) -> None:  # type: ignore[no-untyped-def]
        if values:
            session.exec(update(Machine).where(col(Machine.fabricator_id) == number).values(**values))
        session.exec(update(Fabricator).where(col(Fabricator.id) == number).values(updated_at=at))

    stores.db.retrying(change)


def test_a_change_by_a_clock_that_is_behind_is_seen(stores: Stores) -> None:
    benchmark.fill(stores, 12, 60, 3)
    now = utcnow()
    stores.db.retrying(lambda session: session.exec(update(Fabricator).values(updated_at=now - dt.timedelta(days=2))))
    touch(stores, 1, now - dt.timedelta(seconds=20))
    touch(stores, 2, now)
    with stores.db.reading() as session:
        shops = fleet_of(session)
        before = machines_of(session, [shops.shops[1]])[1]
    # older than the newest, among the last ones before and after: neither how many nor the newest tells of it
    touch(stores, 1, now - dt.timedelta(seconds=10), process="sewing", work_x_mm=None)
    with stores.db.reading() as session:
        after = fleet_of(session)
        machines = machines_of(session, [after.shops[1]])[1]
    assert 1 in after.sizes["sewing"] and set(machines) == {"sewing"} != set(before)
    # and one whose clock is behind what this very fabricator had before
    touch(stores, 1, now - dt.timedelta(seconds=30), process="casting")
    with stores.db.reading() as session:
        last = fleet_of(session)
        assert set(machines_of(session, [last.shops[1]])[1]) == {"casting"}
    assert 1 not in last.sizes["sewing"] and 1 in last.sizes["casting"]


def test_what_an_older_session_reads_is_not_kept_as_the_newest(sqlite_stores: Stores) -> None:
    stores = sqlite_stores
    benchmark.fill(stores, 12, 60, 3)
    with stores.db.reading() as older:
        fleet_of(older)  # from here on it sees this state
        touch(stores, 3, utcnow() + dt.timedelta(seconds=1), process="sewing")
        with stores.db.reading() as session:
            newest = fleet_of(session).shops[3]
        assert "sewing" not in machines_of(older, [newest])[3], "a snapshot stays what it is"
    with stores.db.reading() as session:
        assert set(machines_of(session, [fleet_of(session).shops[3]])[3]) == {"sewing"}


def test_paused_added_and_removed_at_once(stores: Stores) -> None:
    benchmark.fill(stores, 12, 60, 3)
    with stores.db.reading() as session:
        assert 5 in fleet_of(session).shops

    def pause(session) -> None:  # type: ignore[no-untyped-def]
        session.exec(update(Fabricator).where(col(Fabricator.id) == 5).values(status="paused", updated_at=utcnow()))

    stores.db.retrying(pause)
    with stores.db.reading() as session:
        found = fleet_of(session)
    assert 5 not in found.shops and all(5 not in have for have in found.sizes.values())
    assert all(5 not in rooms.ids for rooms in found.rooms.values())

    def swap(session) -> None:  # type: ignore[no-untyped-def]
        ids = select(Machine.id).where(col(Machine.fabricator_id) == 6)
        session.exec(delete(MachineMaterial).where(col(MachineMaterial.machine_id).in_(ids)))
        session.exec(delete(Machine).where(col(Machine.fabricator_id) == 6))
        session.exec(delete(Fabricator).where(col(Fabricator.id) == 6))
        session.add(Fabricator(id=500, slug="new", name="New"))

    stores.db.retrying(swap)
    with stores.db.reading() as session:
        swapped = fleet_of(session)
    assert 6 not in swapped.shops and "new" in {shop.slug for shop in swapped.shops.values()}
