"""Batches: never beyond the maximum, nor after the deadline, nor twice with one key; stages that can't be jumped."""

from __future__ import annotations

import datetime as dt
import threading
import time

import pytest
from batch_support import PRICES, Market, an_offer

from registry.batches import queries, quote_queries, quoting, rules, service
from registry.batches.batch_schemas import BatchDetail, BatchWish, CountWish, Move, ReservationWish
from registry.batches.schemas import Change
from registry.errors import Conflict, Forbidden, Invalid
from registry.values import utcnow


def read(market: Market, number: int) -> BatchDetail:
    with market.stores.db.reading() as session:
        return queries.get_batch(session, number)


def take(market: Market, handle: str, number: int, units: int, key: str, **more: bool) -> int:
    wish = ReservationWish(units=units, key=key, **more)
    return service.reserve(market.stores, market.people[handle], number, wish).number


def test_last_units_at_once(market: Market) -> None:
    """50 people reserve the last 10 units at once, 20 times over: exactly 10 are given each time."""
    crowd = [market.person(f"crowd-{place}") for place in range(50)]
    for _ in range(20):
        number = market.batch("olga", "north", least=10, most=30, units_per_person=20)
        take(market, "ada", number, 20, f"first-{number}")
        gate, told = threading.Barrier(50), []

        def run(account_id: int, number: int = number, gate: threading.Barrier = gate, told: list[str] = told) -> None:
            gate.wait()
            try:
                service.reserve(market.stores, account_id, number, ReservationWish(units=1, key=f"one-{number}"))
                told.append("done")
            except Conflict as error:
                told.append(error.message)

        threads = [threading.Thread(target=run, args=(account_id,)) for account_id in crowd]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(told) == ["This batch is full."] * 40 + ["done"] * 10
        batch = read(market, number)
        assert batch.reserved == 30 == sum(place.units for place in batch.queue)
        assert [place.number for place in batch.queue] == list(range(1, 12))


def test_a_key_reserves_once_even_at_once(market: Market) -> None:
    number = market.batch("olga", "north")
    told: list[int] = []
    threads = [threading.Thread(target=lambda: told.append(take(market, "ada", number, 2, "k1"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == [1] * 8 and read(market, number).reserved == 2
    with pytest.raises(Conflict, match="used for another reservation"):
        take(market, "ada", number, 3, "k1")
    other = market.batch("olga", "north")
    with pytest.raises(Conflict, match="used for another reservation"):
        take(market, "ada", other, 2, "k1")
    assert take(market, "sam", number, 3, "k1") == 2  # keys are each person's own
    with pytest.raises(Invalid):
        take(market, "ada", number, 1, "")


def test_the_queue_is_public_and_names_only_who_wants_it(market: Market) -> None:
    number = market.batch("olga", "north", units_per_person=5)
    take(market, "ada", number, 3, "a", named=True)
    take(market, "sam", number, 1, "b")
    with pytest.raises(Conflict, match="One person may reserve 5 of this batch; you hold 3"):
        take(market, "ada", number, 3, "c")
    with pytest.raises(Conflict, match="Only 16 of its 20"):
        take(market, "sam", number, 17, "d")
    service.cancel(market.stores, market.people["ada"], number, 1)
    service.cancel(market.stores, market.people["ada"], number, 1)  # asked twice, given back once
    take(market, "ada", number, 2, "e", named=True)
    assert [(place.number, place.who, place.units) for place in read(market, number).queue] == [
        (2, "somebody", 1), (3, "ada", 2),
    ]  # fmt: skip
    assert read(market, number).reserved == 3


@pytest.mark.parametrize("units", [9, 10])
def test_the_deadline_decides(market: Market, units: int) -> None:
    number = market.batch("olga", "north", least=10, in_s=1.0)
    take(market, "ada", number, units, "a")
    time.sleep(1.1)
    with pytest.raises(Conflict, match="deadline has passed"):
        take(market, "sam", number, 1, "b")
    assert take(market, "ada", number, units, "a") == 1  # the same key still gets its answer
    service.settle_due(market.stores)
    batch = read(market, number)
    assert batch.reserved == units
    assert (batch.state, batch.queue[0].state) == (("filled", "confirmed") if units == 10 else ("released", "released"))
    assert batch.events[-1].by == "" and str(units) in batch.events[-1].why
    with pytest.raises(Conflict):
        service.cancel(market.stores, market.people["ada"], number, 1)
    assert service.settle_due(market.stores) == 0


def test_the_worker_settles_what_nobody_looks_at(market: Market) -> None:
    number = market.batch("olga", "north", in_s=0.3)
    time.sleep(0.4)
    service.keep(market.stores)
    assert read(market, number).state == "released"


def test_from_filled_to_closed_with_scrap(market: Market) -> None:
    number = market.batch("olga", "north", least=10, most=10)
    olga = market.people["olga"]

    def move(action: str, why: str = "") -> None:
        service.move(market.stores, olga, number, Move(action=action, why=why))  # type: ignore[arg-type]

    def count(stage: str, good: int, scrap: int = 0, rework: int = 0, why: str = "") -> None:
        service.count(
            market.stores, olga, number, CountWish(stage=stage, good=good, scrap=scrap, rework=rework, why=why)
        )

    with pytest.raises(Conflict, match="waits for its deadline"):
        move("begin early")
    take(market, "ada", number, 10, "a")
    with pytest.raises(Conflict):
        move("made")
    with pytest.raises(Conflict, match="nothing to count"):
        count("made", 1)
    move("begin early")
    move("materials")
    with pytest.raises(Invalid, match="Only 0 of 10"):
        move("made")
    count("made", 8, scrap=1)
    count("made", 2, rework=1)
    move("made")
    with pytest.raises(Conflict, match="11 can't be assembled: 10 are made"):
        count("assembled", 11)
    count("assembled", 10)
    with pytest.raises(Conflict, match="Take those back first"):
        count("made", -1, why="Counted twice")
    with pytest.raises(Invalid, match="without a reason"):
        count("assembled", -1)
    count("assembled", -1, scrap=1, why="One cracked")
    with pytest.raises(Conflict):
        move("shipped")
    move("assembled", "One is made again")
    count("tested", 9)
    move("tested", "One less")
    count("shipped", 9)
    move("shipped", "One less")
    move("close")
    batch = read(market, number)
    assert batch.state == "closed"
    assert [(stage.good, stage.scrap, stage.rework) for stage in batch.stages] == [
        (0, 0, 0), (10, 1, 1), (9, 1, 0), (9, 0, 0), (9, 0, 0),
    ]  # fmt: skip
    with pytest.raises(Conflict):
        move("cancel", "Too late")


def test_who_may_move_a_batch(market: Market) -> None:
    number = market.batch("olga", "north")
    for handle in ("vera", "sam", "ada"):
        with pytest.raises(Forbidden):
            service.move(market.stores, market.people[handle], number, Move(action="cancel", why="x"))
    with pytest.raises(Invalid, match="without a reason"):
        service.move(market.stores, market.people["otto"], number, Move(action="cancel"))
    take(market, "ada", number, 2, "a")
    service.move(market.stores, market.people["otto"], number, Move(action="cancel", why="The laser is broken"))
    assert read(market, number).queue[0].state == "released"


def test_a_batch_of_an_accepted_quote_has_its_prices_once(market: Market) -> None:
    request = market.ask("ada", "north")
    with market.stores.db.reading() as session:
        quote = quote_queries.get_request(session, request, market.people["ada"]).quotes[0].id
    wish = BatchWish(quote=quote, units_min=10, units_max=60, deadline_at=utcnow() + dt.timedelta(days=3))
    quoting.offer(market.stores, market.people["olga"], quote, an_offer())
    with pytest.raises(Conflict, match="not accepted"):
        service.plan(market.stores, market.people["ada"], wish)
    quoting.change(market.stores, market.people["ada"], quote, Change(action="accept", version=1))
    number = service.plan(market.stores, market.people["ada"], wish)
    with pytest.raises(Conflict, match="a batch of this quote already"):
        service.plan(market.stores, market.people["ada"], wish)
    with pytest.raises(Forbidden):  # the workshop opens it, not the buyer
        service.move(market.stores, market.people["ada"], number, Move(action="open"))
    service.move(market.stores, market.people["olga"], number, Move(action="open"))
    batch = read(market, number)
    assert [(row.quantity, row.unit_minor) for row in batch.prices] == [(10, 2500), (50, 1600)]
    assert (batch.price_now_minor, batch.price_full_minor) == (2500, 1600)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"units_min": 30}, "minimum is above the maximum"),
        ({"units_min": 5}, "no price for 5 units"),
        ({"deadline_at": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}, "lies ahead"),
        ({"prices": [PRICES[0], PRICES[0]]}, "two prices for 10"),
        ({"prices": [{"quantity": 1, "unit_minor": 5}, {"quantity": 9, "unit_minor": 6}]}, "price rises at 9"),
        ({"currency": "EURO"}, "no currency"),
        ({"fabricators": []}, "somebody who makes it"),
    ],
)
def test_plans_that_can_not_be_right(market: Market, changes: dict[str, object], fault: str) -> None:
    values = {
        "design": market.design, "fabricators": ["north"], "currency": "EUR", "prices": PRICES, "units_min": 10,
        "units_max": 20, "deadline_at": utcnow() + dt.timedelta(days=1),
    } | changes  # fmt: skip
    with pytest.raises(Invalid, match=fault):
        service.plan(market.stores, market.people["olga"], BatchWish.model_validate(values))


def test_spread_setup_is_always_covered() -> None:
    for setup in (0, 1, 999, 5000):
        prices = [
            {"quantity": 3, "unit_minor": 10},
            {"quantity": 7, "unit_minor": 2000},
            {"quantity": 50, "unit_minor": 5},
        ]
        spread = rules.spread_setup(prices, setup)
        for quantity in range(3, 80):
            paid, asked = rules.unit_price(spread, quantity), rules.total_price(prices, setup, quantity)
            assert paid is not None and asked is not None and paid * quantity >= asked
        assert [row["unit_minor"] for row in spread] == sorted((row["unit_minor"] for row in spread), reverse=True)
