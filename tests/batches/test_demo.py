"""The examples that run on a new instance: made through the same rules as everything else, and in nobody's way."""

from __future__ import annotations

import pytest
from sqlmodel import col, select

from registry.accounts import service as accounts
from registry.batches import demo, queries, roles, service, unit_queries
from registry.batches.batch_schemas import BatchQuery
from registry.batches.tables import Quote
from registry.builds import demo as designs
from registry.designs.tables import Design
from registry.errors import Invalid
from registry.fabricators import demo as fabricators
from registry.fabricators.tables import Fabricator
from registry.reports import demo as reports
from registry.reports.tables import BuildReport, ReportVersion
from registry.stores.stores import Stores


@pytest.fixture
def shown(stores: Stores) -> list[str]:
    """What the examples say they are, on an instance with nothing else."""
    fabricators.load(stores)
    designs.load(stores)
    return demo.load(stores)


def test_every_stage_is_shown(stores: Stores, shown: list[str]) -> None:
    assert len(shown) == 5
    with stores.db.reading() as session:
        found = queries.list_batches(session, BatchQuery()).items
        batches = {(item.design.removeprefix("example-"), item.state): item for item in found}
        states = session.exec(select(Quote.state)).all()
    assert set(batches) == {
        ("brick-one", "shipped"), ("brick-one", "made"), ("soil-sensor", "open"), ("soil-sensor", "filled"),
    }  # fmt: skip
    running = batches["brick-one", "made"]
    assert running.reserved == running.units_max and [one.leads for one in running.makers] == [True, False]
    assert running.makers[1].stages == ["assembled", "tested"]
    assert 0 < batches["soil-sensor", "open"].reserved < 20
    assert sorted(states) == ["quoted", "requested"]
    with stores.db.reading() as session:
        done = service.counted(session, running.number)
        units = unit_queries.all_units(session, batches["brick-one", "shipped"].number).states
        notes = [queries.get_batch(session, item.number).notes for item in found]
    assert (done["made"].good, done["made"].scrap, done["assembled"].good) == (40, 2, 26)
    assert units == {"scrap": 1, "shipped": 3, "received": 1, "delivered": 4, "replaced": 1}
    assert all("An example: nothing" in text for text in notes)


def test_a_standing_above_untried(stores: Stores, shown: list[str]) -> None:
    with stores.db.reading() as session:
        assert session.exec(select(Design.standing).where(Design.url == "example:brick-one")).one() == "untried"
    assert len(reports.load(stores)) == 1 and reports.load(stores) == []
    with stores.db.reading() as session:
        words = session.exec(select(Design.standing).where(Design.url == "example:brick-one")).one()
        told = session.exec(select(ReportVersion.words)).all()
        linked = session.exec(select(BuildReport.unit_id).where(col(BuildReport.unit_id).is_not(None))).all()
    assert words == "built by 2 others" and len(linked) == 1
    assert all("(An example: nobody has built" in text for text in told)


def test_a_second_time_adds_nothing(stores: Stores, shown: list[str]) -> None:
    assert shown and demo.load(stores) == []


def test_nobody_logs_in_as_an_example_and_the_first_person_is_the_steward(stores: Stores, shown: list[str]) -> None:
    for password in ("!", "", "example-operator"):
        with pytest.raises(Invalid):
            accounts.log_in(stores, demo.OPERATOR, password)
    first = accounts.sign_up(stores, "ada", "a long pass phrase")
    second = accounts.sign_up(stores, "ben", "a long pass phrase")
    assert first.is_steward and not second.is_steward
    with stores.db.reading() as session:
        examples = set(session.exec(select(Fabricator.id).where(Fabricator.is_example)))
        assert set(roles.fabricators_of(session, first.id)) == examples and len(examples) == 3
        assert roles.fabricators_of(session, second.id) == {}
        assert {roles.role_of(session, number or 0, first.id) for number in examples} == {"owner"}
        assert {roles.role_of(session, number or 0, second.id) for number in examples} == {""}
