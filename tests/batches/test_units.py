"""Serial numbers and stages: the pure rules, and units in step with counts, on each database."""

from __future__ import annotations

import pytest
from batch_support import Market, begun
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import select

from registry.batches import service, unit_queries, unit_rules, units
from registry.batches.batch_schemas import CountWish
from registry.batches.unit_rules import Standing
from registry.batches.unit_schemas import NoteWish, NumberWish
from registry.batches.unit_tables import Unit, UnitEvent
from registry.errors import Conflict, Forbidden, Invalid, NotFound


def test_patterns_of_serials() -> None:
    assert unit_rules.serial(unit_rules.check_pattern(" BK1-{year}-{number:04} "), 2026, 7) == "BK1-2026-0007"
    assert unit_rules.default_pattern("brick-one", 7) == "BO7-{year}-{number:04}"
    assert unit_rules.default_pattern("lamp", 12) == "LA12-{year}-{number:04}"
    for bad in ("", "BK", "{number}{number}", "{number.__class__}", "a b{number}", "{year}", "{number:99}", "x" * 50):
        with pytest.raises(Invalid, match="Serial numbers"):
            unit_rules.check_pattern(bad)


def test_every_step_of_a_delivered_unit_has_one_actor_and_says_so() -> None:
    assert unit_rules.after("shipped", "accept", "buyer", "A1", "") == "delivered"
    for state, action, actor in (
        ("shipped", "accept", "fabricator"), ("planned", "ship", "fabricator"), ("scrap", "ship", "fabricator"),
        ("delivered", "accept", "buyer"), ("faulty", "repair", "buyer"), ("refunded", "report", "buyer"),
    ):  # fmt: skip
        with pytest.raises(Conflict, match="A1 is"):
            unit_rules.after(state, action, actor, "A1", "words")
    for state, action, actor in (("shipped", "report", "buyer"), ("faulty", "refuse", "fabricator")):
        with pytest.raises(Invalid, match="Words are missing on A1"):
            unit_rules.after(state, action, actor, "A1", "  ")


def test_units_pass_in_order_and_scrap_is_named() -> None:
    row = [Standing(1, "A1", "made", "made"), Standing(2, "A2", "scrap", "made"), Standing(3, "A3", "planned", "")]
    assert [unit.serial for unit in unit_rules.passes(row, "assembled", 1)] == ["A1"]
    with pytest.raises(Conflict, match="only 1 with a serial number"):
        unit_rules.passes(row, "assembled", 2)
    with pytest.raises(Conflict, match="A3 is planned"):
        unit_rules.passes(row, "assembled", 1, ["A3"])
    with pytest.raises(Invalid, match="none is named as scrap"):
        unit_rules.scraps(row, "made", [])


def listed(market: Market, number: int) -> list[tuple[str, str]]:
    with market.stores.db.reading() as session:
        return [(unit.serial[-4:], unit.state) for unit in unit_queries.all_units(session, number).units]


def test_units_are_in_step_with_counts(market: Market) -> None:
    number, olga = begun(market, 3), market.people["olga"]
    count = CountWish(stage="made", good=1)
    service.count(market.stores, olga, number, count)  # before there are numbers
    with pytest.raises(Forbidden):
        units.number(market.stores, market.people["vera"], number, NumberWish())
    assert units.number(market.stores, olga, number, NumberWish()) == 3
    assert listed(market, number) == [("0001", "made"), ("0002", "planned"), ("0003", "planned")]
    with market.stores.db.reading() as session:
        names = [unit.serial for unit in unit_queries.all_units(session, number).units]
    service.count(market.stores, olga, number, CountWish(stage="made", good=1, serials=[names[2]]))
    assert listed(market, number)[1:] == [("0002", "planned"), ("0003", "made")]
    with pytest.raises(Invalid, match="none is named as scrap"):
        service.count(market.stores, olga, number, CountWish(stage="made", scrap=1))
    service.count(
        market.stores, olga, number, CountWish(stage="made", scrap=1, serials=[names[1]], why="drilled twice")
    )
    assert listed(market, number)[1] == ("0002", "scrap"), "scrap keeps its number"
    with pytest.raises(Conflict, match="only 0 with a serial number"):
        service.count(market.stores, olga, number, CountWish(stage="made", good=1))
    assert units.number(market.stores, olga, number, NumberWish(units=1)) == 4, "a further one takes its place"
    service.count(market.stores, olga, number, CountWish(stage="made", good=1))
    assert listed(market, number)[3] == ("0004", "made")
    service.count(market.stores, olga, number, CountWish(stage="made", good=-1, why="not deburred"))
    assert listed(market, number)[3] == ("0004", "planned")
    service.count(market.stores, olga, number, CountWish(stage="made", scrap=-1, serials=[names[1]], why="wrong one"))
    assert listed(market, number)[1] == ("0002", "planned")
    with market.stores.db.reading() as session:
        done = service.counted(session, number)
        rows = session.exec(select(Unit).where(Unit.batch_id == number)).all()
    assert done["made"].good == sum(row.passed == "made" for row in rows) == 2
    with pytest.raises(Conflict, match="not counted by hand"):
        done_all(market, number, olga)
        service.count(market.stores, olga, number, CountWish(stage="shipped", good=1))


def done_all(market: Market, number: int, operator: int) -> None:
    for stage in ("made", "assembled", "tested"):
        with market.stores.db.reading() as session:
            left = service.counted(session, number)
            total = len(unit_queries.all_units(session, number).units)
        good = total - (left[stage].good if stage in left else 0)
        if good:
            service.count(market.stores, operator, number, CountWish(stage=stage, good=good))


def test_numbers_are_given_once(market: Market) -> None:
    number, olga = begun(market, 2), market.people["olga"]
    draft = market.batch("olga", "north")
    with pytest.raises(Conflict, match="This batch is open"):
        units.number(market.stores, olga, draft, NumberWish())
    units.number(market.stores, olga, number, NumberWish(pattern="X{number}"))
    with pytest.raises(Invalid, match="No number of units"):
        units.number(market.stores, olga, number, NumberWish())
    with market.stores.db.transaction() as session:
        session.add(Unit(batch_id=number, position=99, serial="X4"))
    with pytest.raises(Conflict, match="X4 is taken"):
        units.number(market.stores, olga, number, NumberWish(pattern="X{number}", units=1))


def test_who_sees_what_of_a_unit_and_notes_are_sealed(market: Market) -> None:
    number, olga, ada = begun(market, 1), market.people["olga"], market.people["ada"]
    units.number(market.stores, olga, number, NumberWish(pattern="T{number}"))
    units.note(market.stores, olga, number, "T1", NoteWish(text="second crystal fitted"))
    with pytest.raises(Forbidden, match="who owns a unit"):
        units.note(market.stores, market.people["sam"], number, "T1", NoteWish(text="hello"))
    with pytest.raises(Forbidden):
        units.note(market.stores, market.people["vera"], number, "T1", NoteWish(text="a viewer reads"))
    with market.stores.db.reading() as session:
        assert unit_queries.get_unit(session, number, "T1", olga).notes[0].text == "second crystal fitted"
        assert unit_queries.get_unit(session, number, "T1", market.people["vera"]).side == "fabricator"
        for stranger in (None, market.people["sam"], ada):  # ada reserved, but it is not hers before it is sent
            seen = unit_queries.get_unit(session, number, "T1", stranger)
            assert seen.notes == [] and seen.side == "" and all(not event.by for event in seen.events)
        with pytest.raises(NotFound, match="no unit T9"):
            unit_queries.get_unit(session, number, "T9")
    for table in ("unit_event", "unit_note"):
        for change in (f"UPDATE {table} SET side = 'x'", f"DELETE FROM {table}"):
            with pytest.raises(DBAPIError, match="only added to"), market.stores.db.transaction() as session:
                session.execute(text(change))
    with market.stores.db.reading() as session:
        assert session.exec(select(UnitEvent)).all()
