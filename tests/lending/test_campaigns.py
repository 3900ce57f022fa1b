"""Campaigns: drafted for a batch, opened after proof, all or nothing at the deadline."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from lending_support import IBAN, World, open_world
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import select

from registry.batches import service as batches
from registry.batches.batch_schemas import Move
from registry.errors import Conflict, Forbidden, Invalid
from registry.ledger import checking
from registry.lending.campaigns import service
from registry.lending.campaigns.schemas import CampaignMove, MessageWish, Purpose, TermsWish
from registry.lending.campaigns.tables import SEALED, LoanEvent, LoanTerms, LoanTranche
from registry.stores.clock import database_now
from registry.stores.stores import Stores


@pytest.fixture
def world(stores: Stores) -> World:
    return open_world(stores)


def move(world: World, who: str, number: int, action: str, why: str = "") -> None:
    service.move(world.stores, world.people[who], number, CampaignMove(action=action, why=why))  # type: ignore[arg-type]


def events(world: World, number: int) -> list[tuple[str, str, int | None]]:
    with world.stores.db.reading() as session:
        rows = session.exec(select(LoanEvent).where(LoanEvent.campaign_id == number).order_by(LoanEvent.id)).all()  # type: ignore[arg-type]
        return [(row.action, row.became, row.account_id) for row in rows]


def test_capital_comes_after_proof(world: World) -> None:
    batch = world.batch(reserved=9)
    number = world.draft(batch=batch)
    world.shift("revision", 1, others=0)
    with pytest.raises(Conflict, match=r"1 independent build report of v1\.0: needed\. 0 people have built it"):
        move(world, "olga", number, "open")
    world.shift("revision", 1, others=1)
    with pytest.raises(Conflict, match=r"50 % of the batch reserved: 10 of 20: needed\. 9 units reserved"):
        move(world, "olga", number, "open")
    assert world.loan(number).state == "draft"
    with pytest.raises(Forbidden):
        move(world, "vera", number, "open")
    world.shift("batch", batch, reserved=10)
    move(world, "olga", number, "open")
    row = world.loan(number)
    assert (row.state, row.terms_version, row.policy["terms"]["cooling_off_days"]) == ("open", 1, 14)
    assert events(world, number) == [("draft", "draft", world.people["olga"]), ("open", "open", world.people["olga"])]
    assert "200.00 EUR" in world.terms(number).text and "Garden bench v1.0" in world.terms(number).text


def test_the_steward_may_ask_for_less_proof(world: World) -> None:
    world.change_policy(reserved_share_bp="reserved_share_bp = 0", build_reports="build_reports = 0")
    world.shift("revision", 1, others=0)
    number = world.campaign(batch=world.batch(reserved=0))
    world.change_policy(cooling_off_days="cooling_off_days = 3")
    assert world.loan(number).policy["terms"]["cooling_off_days"] == 14, "an open campaign keeps its policy"
    assert world.loan(number).policy_number == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"optimum_minor": 5_000_001}, "takes 50000.00 EUR at most"),
        ({"pledge_minor_min": 999}, "10.00 EUR at least"),
        ({"pledge_minor_max": 100_001}, "lends 1000.00 EUR at most"),
        ({"pledge_minor_max": 900}, "above the largest"),
        ({"optimum_minor": 19_999}, "target is above"),
        ({"purposes": [Purpose(words="Oak", amount_minor=19_999)]}, "comes to 199.99 EUR"),
        ({"deadline_zone": "Mars/Olympus"}, "no time zone"),
        ({"repayment_months": 12}, "within 12 months"),
        ({"units_funded": 21}, "20 units at most"),
        ({"reward_bp": 1}, "lenders get nothing here"),
        ({"tranches": {"materials": 9_999}}, "100 %"),
        ({"payee_iban": "DE89370400440532013001"}, "no IBAN"),
        ({"payee_name": "North\nDE00"}, "one line"),
        ({"about": "a\x00b"}, "nobody can see"),
    ],
)
def test_a_draft_keeps_to_the_policy(sqlite_stores: Stores, changes: dict[str, Any], said: str) -> None:
    world = open_world(sqlite_stores)
    with pytest.raises(Invalid, match=said):
        world.draft(**changes)


def test_a_draft_is_changed_and_an_open_campaign_is_not(world: World) -> None:
    number = world.draft()
    batch = world.loan(number).batch_id
    service.edit(world.stores, world.people["otto"], number, world.wish(batch, target_minor=21_000))
    assert world.loan(number).target_minor == 21_000
    with pytest.raises(Conflict, match="has a campaign already"):
        world.draft(batch=batch)
    move(world, "olga", number, "open")
    with pytest.raises(Conflict, match="can't be changed any more"):
        service.edit(world.stores, world.people["olga"], number, world.wish(batch))
    move(world, "olga", number, "call off", "The oak is sold")
    assert world.loan(number).state == "failed" and events(world, number)[-1][0] == "call off"
    world.campaign(batch=batch)  # a batch may try again


def test_terms_are_amended_for_pledges_to_come_alone(world: World) -> None:
    number = world.campaign()
    first = world.terms(number)
    old = world.pledge("lea", number, 2_000)
    wish = TermsWish(own_terms="Benches are oiled.", why="A lender asked")
    with pytest.raises(Forbidden):
        service.amend_terms(world.stores, world.people["lea"], number, wish)
    service.amend_terms(world.stores, world.people["olga"], number, wish)
    second = world.terms(number)
    assert (second.version, "Benches are oiled." in second.text) == (2, True) and second.sha256 != first.sha256
    assert world.row(old).terms_sha256 == first.sha256 and world.row(old).terms_id == first.id
    new = world.pledge("luc", number, 2_000)
    assert world.row(new).terms_sha256 == second.sha256
    with world.stores.db.reading() as session:
        kept = session.get_one(LoanTerms, world.row(old).terms_id)
    assert kept.text == first.text and "oiled" not in kept.text


def test_all_or_nothing_by_what_is_paid_in(world: World) -> None:
    number = world.campaign()
    one, two = world.pledge("lea", number, 12_000), world.pledge("luc", number, 8_000)
    late = world.pledge("lou", number, 5_000)
    world.pay(one)
    world.pay(two)
    world.over(number)
    row = world.loan(number)
    assert (row.state, row.held_minor) == ("funded", 20_000) and row.funded_at is not None
    assert [world.row(each).state for each in (one, two, late)] == ["paid", "paid", "lapsed"]
    with world.stores.db.reading() as session:
        parts = session.exec(select(LoanTranche).where(LoanTranche.campaign_id == number)).all()
    with world.stores.db.reading() as session:
        assert checking.check(session).ok
    assert {part.stage: part.amount_minor for part in parts} == {"materials": 12_000, "made": 6_000, "shipped": 2_000}
    assert world.balance("lea", number, "loan") == 12_000


def test_below_the_target_everything_is_sent_back(world: World) -> None:
    number = world.campaign()
    one, two = world.pledge("lea", number, 12_000), world.pledge("luc", number, 8_000)
    world.pay(one)
    world.over(number)
    assert (world.loan(number).state, world.loan(number).held_minor) == ("failed", 0)
    assert [world.row(each).state for each in (one, two)] == ["released", "released"]
    assert (world.balance("lea", number, "loan"), world.balance("lea", number, "due")) == (0, 12_000)
    assert events(world, number)[-1] == ("fail", "failed", None)


@pytest.mark.parametrize("funded", [False, True])
def test_a_batch_that_is_cancelled_sends_everything_back(world: World, funded: bool) -> None:
    number = world.campaign()
    mine = world.pledge("lea", number, 20_000)
    world.pay(mine)
    if funded:
        world.over(number)
    batch = world.loan(number).batch_id
    batches.move(world.stores, world.people["olga"], batch, Move(action="cancel", why="The saw broke"))
    service.settle_due(world.stores)
    assert world.loan(number).state == "failed" and world.row(mine).state == "released"
    assert world.balance("lea", number, "due") == 20_000
    assert events(world, number)[-1][:2] == ("batch cancelled", "failed")


def test_a_leap_day_in_another_zone(world: World) -> None:
    """29 February ends in Auckland 13 hours before it ends in UTC."""
    from registry.lending.rules import deadline_of

    at = deadline_of(dt.date(2028, 2, 29), "Pacific/Auckland")
    assert at == dt.datetime(2028, 2, 29, 11, 0, tzinfo=dt.UTC)
    assert deadline_of(dt.date(2028, 2, 29), "America/Los_Angeles") == dt.datetime(2028, 3, 1, 8, 0, tzinfo=dt.UTC)
    today = world.today()
    number = world.campaign(deadline_on=today + dt.timedelta(days=9), deadline_zone="Pacific/Auckland")
    row = world.loan(number)
    assert row.deadline_at == deadline_of(today + dt.timedelta(days=9), "Pacific/Auckland")
    with world.stores.db.reading() as session:
        now = database_now(session)
    # the leap day's end is now; whatever the day is called here, the campaign is over
    world.shift("loan_campaign", number, deadline_on=dt.date(2028, 2, 29), deadline_at=now)
    with pytest.raises(Conflict, match="takes no pledges now"):
        world.pledge("lea", number, 2_000)
    assert world.loan(number).state == "failed"


def test_nobody_rewrites_what_was(world: World) -> None:
    number = world.campaign()
    world.pledge("lea", number, 2_000)
    service.send_message(world.stores, world.people["olga"], number, MessageWish(text="The oak is here."))
    from registry.lending.campaigns import treasurers
    from registry.lending.campaigns.schemas import TreasurerWish

    treasurers.name(world.stores, world.people["sue"], TreasurerWish(handle="tom", why="He keeps books"))
    with world.stores.db.transaction() as session:
        session.execute(text(
            "INSERT INTO loan_instalment (campaign_id, plan, number, due_on, amount_minor)"
            f" VALUES ({number}, 1, 1, '2027-01-01', 5)"
        ))  # fmt: skip
    columns = {"lending_treasurer": "why", "loan_instalment": "amount_minor", "loan_message": "text"}
    for table in SEALED:
        column = columns.get(table, "why")
        attempts = [f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"]
        if world.stores.db.on_sqlite:
            attempts.append(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
        else:
            attempts.append(f"TRUNCATE {table} CASCADE")
        for attempt in attempts:
            with pytest.raises(DBAPIError), world.stores.db.transaction() as session:
                session.execute(text(attempt))


def test_a_bank_account_is_one_campaigns_at_a_time(world: World) -> None:
    first = world.campaign()
    second = world.draft(batch=world.batch(), payee_iban=IBAN)
    with pytest.raises(Conflict, match=f"Campaign {first} uses this bank account"):
        service.move(world.stores, world.people["olga"], second, CampaignMove(action="open"))
    assert world.loan(second).state == "draft"
    service.move(
        world.stores, world.people["olga"], first, CampaignMove(action="call off", why="Another way was found")
    )
    service.move(world.stores, world.people["olga"], second, CampaignMove(action="open"))
    assert world.loan(second).state == "open"
