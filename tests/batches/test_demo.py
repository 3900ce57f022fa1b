"""The examples that run on a new instance: made through the same rules as everything else, and in nobody's way."""

from __future__ import annotations

import pytest
from sqlmodel import select

from registry.accounts import service as accounts
from registry.batches import demo, queries, roles, service
from registry.batches.batch_schemas import BatchQuery
from registry.batches.tables import Quote
from registry.builds import demo as designs
from registry.errors import Invalid
from registry.fabricators import demo as fabricators
from registry.fabricators.tables import Fabricator
from registry.stores.stores import Stores


@pytest.fixture
def shown(stores: Stores) -> list[str]:
    """What the examples say they are, on an instance with nothing else."""
    fabricators.load(stores)
    designs.load(stores)
    return demo.load(stores)


def test_one_batch_is_made_one_fills_and_one_request_has_an_offer(stores: Stores, shown: list[str]) -> None:
    assert len(shown) == 3
    with stores.db.reading() as session:
        found = queries.list_batches(session, BatchQuery()).items
        batches = {item.design.removeprefix("example-"): item for item in found}
        states = session.exec(select(Quote.state)).all()
    assert batches["brick-one"].state == "made" and batches["brick-one"].reserved == batches["brick-one"].units_max
    assert batches["soil-sensor"].state == "open" and 0 < batches["soil-sensor"].reserved < 20
    assert sorted(states) == ["quoted", "requested"]
    with stores.db.reading() as session:
        done = service.counted(session, batches["brick-one"].number)
    assert (done["made"].good, done["made"].scrap, done["assembled"].good) == (40, 2, 26)


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
