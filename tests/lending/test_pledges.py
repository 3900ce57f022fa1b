"""Pledges: hostile-inputs' rows 29 to 33, and what becomes of a pledge until its campaign is settled."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest
from lending_support import IBAN, World, open_world
from pydantic import ValidationError
from sqlmodel import func, select

from registry.errors import Conflict, Invalid, NotFound
from registry.ledger import checking
from registry.ledger import queries as ledger
from registry.lending import chart, paying
from registry.lending.campaigns import pledging, service
from registry.lending.campaigns.schemas import ChoiceWish, PayoutWish, PledgeWish
from registry.lending.campaigns.tables import Pledge, PledgeEvent
from registry.settings import PROJECT
from registry.stores.clock import database_now
from registry.stores.stores import Stores


@pytest.fixture
def world(stores: Stores) -> World:
    return open_world(stores)


def at_once(works: list[Callable[[], object]]) -> list[object]:
    """What each returned or raised; all begin together."""
    ready, answers = threading.Barrier(len(works)), [None] * len(works)

    def run(place: int) -> None:
        ready.wait()
        try:
            answers[place] = works[place]()  # type: ignore[call-overload]
        except Exception as error:
            answers[place] = error  # type: ignore[call-overload]

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers  # type: ignore[return-value]


@pytest.mark.parametrize("amount", [-1, 0, 1e9, float("nan"), 1.005, "12", 10**12 + 1, None])
def test_row_29_amounts_that_are_none(amount: object) -> None:
    with pytest.raises(ValidationError):
        PledgeWish.model_validate({"amount_minor": amount, "key": "k", "terms_sha256": "x"})


def test_row_30_a_newline_in_names(sqlite_stores: Stores) -> None:
    world = open_world(sqlite_stores)
    number = world.campaign()
    for name in ("North\nIBAN", "North\r", "North\u2028DE", " "):
        with pytest.raises(Invalid):
            world.draft(payee_name=name)
        with pytest.raises(Invalid):
            world.pledge("lea", number, 2_000, payout=PayoutWish(name=name, iban=IBAN))
    assert world.loan(number).held_minor == 0


def test_row_31_two_pledges_for_the_last_slot(world: World) -> None:
    """Eight at once for what one may have, five times over; then the book and the sums agree."""
    crowd = [world.market.person(f"crowd-{place}") for place in range(8)]
    for _ in range(3):
        number = world.campaign(pledge_minor_max=24_000)
        world.pledge("lea", number, 23_000)
        sha = world.terms(number).sha256

        def take(account_id: int, number: int = number, sha: str = sha) -> int:
            wish = PledgeWish(amount_minor=2_000, key=f"k{account_id}-{number}", terms_sha256=sha)
            return pledging.pledge(world.stores, account_id, number, wish)

        answers = at_once([lambda each=each: take(each) for each in crowd])  # type: ignore[misc]
        assert sum(isinstance(each, int) for each in answers) == 1
        assert {each.message for each in answers if isinstance(each, Conflict)} == {
            "This campaign has all that it asks for."
        }
        assert world.loan(number).held_minor == 25_000
        with world.stores.db.reading() as session:
            rows = session.exec(select(Pledge).where(Pledge.campaign_id == number)).all()
        assert sum(row.amount_minor for row in rows) == 25_000 and len({row.reference for row in rows}) == 2


def test_row_31_processes_for_the_last_slot(world: World) -> None:
    """Six processes, each on its own connection, for what one may have of four campaigns."""
    crowd = [world.market.person(f"crowd-{place}") for place in range(6)]
    numbers = [world.campaign(pledge_minor_max=24_000) for _ in range(4)]
    for number in numbers:
        world.pledge("lea", number, 23_000)
    told = json.dumps([[(number, world.terms(number).sha256, 2_000) for number in numbers], crowd])
    settings, support = world.stores.settings, PROJECT / "tests" / "support"
    done = subprocess.run(
        [sys.executable, str(support / "pledge_racers.py"), str(settings.data), settings.database_url, told],
        capture_output=True, text=True, check=False, timeout=300, env=os.environ | {"PYTHONPATH": str(PROJECT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    for place, number in enumerate(numbers):
        said = [one[place] for one in answers]
        assert sum(each.startswith("pledge ") for each in said) == 1, said
        assert said.count("This campaign has all that it asks for.") == 5, said
        assert world.loan(number).held_minor == 25_000


def test_row_32_the_very_deadline_by_the_databases_clock(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    number = world.campaign()
    late = world.pledge("lea", number, 20_000)
    with world.stores.db.reading() as session:
        now = database_now(session)
    # the host's clock is set back a year: the database's decides
    monkeypatch.setattr("registry.values.utcnow", lambda: now - dt.timedelta(days=365))
    world.shift("loan_campaign", number, deadline_at=now)
    with pytest.raises(Conflict, match="takes no pledges now"):
        world.pledge("luc", number, 2_000)
    with pytest.raises(Conflict, match="it takes no payments now"):
        world.pay(late)
    world.over(number)  # what the bank had booked by the deadline did not come either
    assert world.loan(number).state == "failed"
    # and one moment before it, everything goes
    number = world.campaign()
    mine = world.pledge("lea", number, 20_000)
    world.shift("loan_campaign", number, deadline_at=now + dt.timedelta(hours=1))
    world.pay(mine)
    assert world.row(mine).state == "paid"


def test_row_32_deadline_pledge_and_withdrawal_race(world: World) -> None:
    """Whoever comes first: the campaign is settled once, and every pledge ends in one way."""
    for turn in range(4):
        number = world.campaign()
        one, two = world.pledge("lea", number, 12_000), world.pledge("luc", number, 8_000)
        world.pay(one)
        world.pay(two)
        with world.stores.db.reading() as session:
            now = database_now(session)
        world.shift("loan_campaign", number, deadline_at=now + dt.timedelta(seconds=0.05 * turn))
        at_once([
            lambda: service.settle_due(world.stores), lambda number=number: world.pledge("lou", number, 2_000),
            lambda two=two: world.withdraw("luc", two), lambda: service.settle_due(world.stores),
        ])  # type: ignore[misc]  # fmt: skip
        world.over(number)
        state, ended = world.loan(number).state, world.row(two).state
        assert (state, ended) in [("failed", "withdrawn"), ("funded", "paid"), ("failed", "released")]
        due = 8_000 if ended != "paid" else 0
        assert world.balance("luc", number, "due") == due and world.balance("luc", number, "loan") == 8_000 - due
        assert world.balance("lea", number, "loan") == (12_000 if state == "funded" else 0)
    with world.stores.db.reading() as session:
        assert checking.check(session).ok


def test_row_33_the_same_wish_twice_with_one_key(world: World) -> None:
    number = world.campaign()
    answers = at_once([lambda: world.pledge("lea", number, 3_000, key="k")] * 6)
    assert len(set(map(str, answers))) == 1 and isinstance(answers[0], int)
    assert world.loan(number).held_minor == 3_000
    with pytest.raises(Conflict, match="used for another pledge"):
        world.pledge("lea", number, 4_000, key="k")
    with pytest.raises(Conflict, match="used for another pledge"):
        world.pledge("lea", world.campaign(), 3_000, key="k")
    for other in ({"repay": "gift"}, {"named": True}):
        with pytest.raises(Conflict, match="used for another pledge"):
            world.pledge("lea", number, 3_000, key="k", **other)
    assert world.pledge("luc", number, 3_000, key="k") != answers[0]  # keys are each person's own
    world.over(number)
    assert world.pledge("lea", number, 3_000, key="k") == answers[0], "the answer stays when the campaign is over"


def test_limits_of_a_pledge(world: World) -> None:
    number = world.campaign()
    with pytest.raises(Invalid, match="below the smallest"):
        world.pledge("lea", number, 999)
    world.pledge("lea", number, 15_000)
    with pytest.raises(Conflict, match="more than one person may lend"):
        world.pledge("lea", number, 5_001)
    with pytest.raises(Conflict, match="needs less than that"):
        world.pledge("luc", number, 10_001)
    world.pledge("luc", number, 9_500)
    world.pledge("lou", number, 500)  # what is left may be below the smallest
    with pytest.raises(Conflict, match="has all that it asks for"):
        world.pledge("lou", number, 500, key="again")
    with pytest.raises(Conflict, match="takes no pledges"):
        world.pledge("lea", world.campaign(), 2_000) and world.over(number)
        world.pledge("lea", number, 2_000, key="late")


def test_terms_that_are_not_the_ones_that_hold(world: World) -> None:
    number = world.campaign()
    wish = PledgeWish(amount_minor=2_000, terms_sha256="0" * 64, key="k")
    with pytest.raises(Conflict, match="are of version 1 now"):
        pledging.pledge(world.stores, world.people["lea"], number, wish)


def test_references_are_unique_and_found_in_what_people_write(world: World) -> None:
    number = world.campaign()
    made = [world.pledge(who, number, 2_000) for who in ("lea", "luc", "lou")]
    references = [world.row(each).reference or "" for each in made]
    assert len(set(references)) == 3 and all(paying.is_reference(each) for each in references)
    assert paying.find_references(f"for the benches {paying.spaced(references[1]).lower()} thanks") == [references[1]]


def test_only_the_whole_amount_in_its_currency_pays(world: World) -> None:
    number = world.campaign()
    mine = world.pledge("lea", number, 5_000)
    for wrong, said in (
        ({"amount_minor": 4_999}, "less than"), ({"amount_minor": 5_001}, "more than"), ({"currency": "USD"}, "in USD"),
    ):  # fmt: skip
        with pytest.raises(Conflict, match=said):
            world.pay(mine, **wrong)
    with world.stores.db.transaction() as session, pytest.raises(NotFound):
        pledging.credit_pledge(session, number, "RF18BY1P1", 5_000, "EUR", key="x")
    world.pay(mine)
    world.pay(mine)  # the same entry again books nothing
    with pytest.raises(Conflict, match="paid already"):
        world.pay(mine, key="entry-other")
    assert world.balance("lea", number, "loan") == 5_000
    with world.stores.db.reading() as session:
        bank = ledger.balance(session, chart.bank(number, "EUR"))
        acts = session.exec(select(PledgeEvent.action).where(PledgeEvent.pledge_id == mine)).all()
    assert bank.balance_minor == -5_000 and list(acts) == ["pledge", "pay"]


def test_unpaid_pledges_lapse_and_a_treasurer_may_take_a_late_one(world: World) -> None:
    number = world.campaign()
    mine = world.pledge("lea", number, 15_000)
    with world.stores.db.reading() as session:
        now = database_now(session)
    world.shift("pledge", mine, pay_by=now)
    other = world.pledge("luc", number, 20_000)  # has room at once
    assert world.row(mine).state == "lapsed" and world.loan(number).held_minor == 20_000
    with pytest.raises(Conflict, match="is lapsed"):
        world.pay(mine)
    with pytest.raises(Conflict, match="needs less than that"):
        world.pay(mine, late=True)
    world.withdraw("luc", other)
    world.pay(mine, late=True)
    assert world.row(mine).state == "paid" and world.loan(number).held_minor == 15_000


def test_withdrawal_until_funded_and_within_the_cooling_off(world: World) -> None:
    number = world.campaign()
    one, two = world.pledge("lea", number, 15_000), world.pledge("luc", number, 10_000)
    world.pay(one)
    world.pay(two)
    with pytest.raises(NotFound):
        world.withdraw("lea", two)
    world.withdraw("luc", two)
    world.withdraw("luc", two)
    assert world.row(two).state == "withdrawn" and world.balance("luc", number, "due") == 10_000
    three = world.pledge("lou", number, 9_000)
    world.pay(three)
    world.over(number)
    assert world.loan(number).state == "funded"
    # lea's cooling-off is over, lou's is not
    world.shift("pledge", one, made_at=world.row(one).made_at - dt.timedelta(days=14))
    with pytest.raises(Conflict, match="days for withdrawing are over"):
        world.withdraw("lea", one)
    world.withdraw("lou", three)
    assert world.loan(number).state == "failed", "all or nothing holds when the target is missed after all"
    assert world.balance("lea", number, "due") == 15_000
    with world.stores.db.reading() as session:
        assert checking.check(session).ok


def test_choices_may_change_and_are_told(world: World) -> None:
    number = world.campaign()
    mine = world.pledge("lea", number, 5_000)
    change = ChoiceWish(named=True, repay="gift", payout=PayoutWish(name="Lea", iban=IBAN))
    pledging.choose(world.stores, world.people["lea"], mine, change)
    row = world.row(mine)
    assert (row.named, row.repay, row.payout_iban) == (True, "gift", IBAN)
    pledging.choose(world.stores, world.people["lea"], mine, change)
    with pytest.raises(NotFound):
        pledging.choose(world.stores, world.people["luc"], mine, change)
    with pytest.raises(Invalid):
        pledging.choose(world.stores, world.people["lea"], mine, ChoiceWish(payout=PayoutWish(name="L", iban="DE00")))
    world.over(number)
    with pytest.raises(Conflict):
        pledging.choose(world.stores, world.people["lea"], mine, ChoiceWish(repay="money"))
    with world.stores.db.reading() as session:
        told = session.exec(select(func.count()).where(PledgeEvent.pledge_id == mine, PledgeEvent.action == "choose"))
        assert told.one() == 1


@pytest.mark.parametrize(("currency", "exponent"), [("JPY", 0), ("KWD", 3)])
def test_currencies_with_no_and_three_decimals(stores: Stores, currency: str, exponent: int) -> None:
    world = open_world(stores, currency)
    number = world.campaign()
    text = world.terms(number).text
    assert ("20000 JPY" in text) if exponent == 0 else ("20.000 KWD" in text)
    mine = world.pledge("lea", number, 20_000)
    world.pay(mine)
    world.over(number)
    assert world.loan(number).state == "funded" and world.balance("lea", number, "loan") == 20_000
    with world.stores.db.reading() as session:
        assert ledger.currency(session, currency).exponent == exponent
