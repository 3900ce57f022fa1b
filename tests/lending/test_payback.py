"""From loan to payback: tranches by the batch's stages, repayments to the last unit, arrears, default, write-off."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from lending_support import World, open_world
from loan_support import (
    days_pass,
    due,
    events,
    figure,
    funded,
    go_to,
    now,
    out,
    owed,
    pay_out,
    repay,
    sound,
    state,
    treasurers,
)
from sqlmodel import select

from registry.batches import service as batches
from registry.batches.batch_schemas import Move
from registry.errors import Conflict, Forbidden, Invalid
from registry.lending.bank import ordering
from registry.lending.campaigns.state import held
from registry.lending.campaigns.tables import LoanCampaign
from registry.lending.loans import payback, service, tranches
from registry.lending.loans.schemas import ExcessWish, SendBackWish, WhyWish
from registry.lending.paying import Payee
from registry.stores.stores import Stores


@pytest.fixture
def world(stores: Stores) -> World:
    world = open_world(stores)
    treasurers(world)
    return world


def may(world: World, number: int, stage: str) -> str:
    with world.stores.db.reading() as session:
        return tranches.why_not(session, session.get_one(LoanCampaign, number), stage, now(world))


def test_a_tranche_leaves_when_the_batch_has_come_that_far(world: World) -> None:
    number = funded(world)
    assert may(world, number, "made") == "The money for 'materials' comes first."
    world.shift("pledge", 1, made_at=now(world))
    assert may(world, number, "materials").startswith("Lenders may still withdraw, until ")
    world.shift("pledge", 1, made_at=now(world) - dt.timedelta(days=14))
    assert may(world, number, "materials") == ""
    pay_out(world, number, "materials")
    assert (state(world, number), figure(world, number, "debt")) == ("materials paid", -12_000)
    assert may(world, number, "made") == "The batch is not made yet."
    pay_out(world, number, "made")
    go_to(world, number, "tested")
    assert may(world, number, "shipped") == "The batch is not shipped yet."
    pay_out(world, number, "shipped")
    assert (state(world, number), figure(world, number, "debt")) == ("disbursed", -20_000)
    assert events(world, number)[-3:] == [
        ("disburse materials", "materials paid", "tom"), ("disburse made", "made paid", "tom"),
        ("disburse shipped", "disbursed", "tom"),
    ]  # fmt: skip
    with world.stores.db.reading() as session:
        plan = payback.plan_of(session, number)
    assert len(plan) == 6 and sum(one.amount_minor for one in plan) == 20_000 and plan[0].due_on > world.today()
    sound(world, number)


def test_a_stage_at_which_nothing_is_paid_out_is_passed_by_a_treasurer(world: World) -> None:
    number = funded(world, tranches={"materials": 10_000, "made": 0, "shipped": 0})
    with pytest.raises(Conflict, match="Money is paid out"):
        service.go_on(world.stores, world.people["tom"], number, WhyWish(why="On"))
    pay_out(world, number, "materials")
    with pytest.raises(Conflict, match="not made yet"):
        service.go_on(world.stores, world.people["tom"], number, WhyWish(why="On"))
    go_to(world, number, "shipped")
    with pytest.raises(Forbidden):
        service.go_on(world.stores, world.people["olga"], number, WhyWish(why="On"))
    for _ in range(2):
        service.go_on(world.stores, world.people["tom"], number, WhyWish(why="Nothing is paid out here"))
    assert state(world, number) == "disbursed"


def test_repayments_reach_lenders_by_what_is_outstanding_to_the_last_cent(world: World) -> None:
    number = out(world, (3_334, 3_333, 3_333))
    repay(world, number, 100)
    assert state(world, number) == "repaying" and due(world, number) == [34, 33, 33]
    for amount in (1, 1, 1, 3_331):
        repay(world, number, amount)
        sound(world, number)
    assert sum(due(world, number)) == 3_434 == 10_000 - sum(owed(world, number))
    repay(world, number, 6_566)
    assert (state(world, number), owed(world, number), due(world, number)) == ("repaid", [0] * 3, [3_334, 3_333, 3_333])
    assert events(world, number)[-2:] == [("begin repayment", "repaying", ""), ("repay in full", "repaid", "")]
    sound(world, number)


@pytest.mark.parametrize("currency", ["JPY", "KWD"])
def test_currencies_with_no_and_three_decimals_are_shared_out_to_the_last_unit(
    sqlite_stores: Stores, currency: str
) -> None:
    world = open_world(sqlite_stores, currency)
    treasurers(world)
    number = out(world, (7_001, 7_000, 6_000))
    repay(world, number, 10_000)
    assert due(world, number) == [3_500, 3_500, 3_000] and sum(owed(world, number)) == 10_001
    repay(world, number, 10_001)
    assert (state(world, number), due(world, number)) == ("repaid", [7_001, 7_000, 6_000])
    sound(world, number)


def test_row_35_a_repayment_above_the_debt_is_held_and_flagged(world: World) -> None:
    number = out(world)
    repay(world, number, 20_500, "back-1")
    assert (figure(world, number, "excess"), due(world, number)) == (500, [8_000, 7_000, 5_000])
    assert state(world, number) == "repaid"
    with pytest.raises(Conflict, match="owes nothing now"):
        repay(world, number, 1)
    repay(world, number, 20_500, "back-1")  # the same again
    with pytest.raises(Conflict, match="used for something else"):
        repay(world, number, 20_400, "back-1")
    assert figure(world, number, "excess") == 500
    wish = ExcessWish(amount_minor=200, why="For the next prototype", key="a")
    with pytest.raises(Forbidden):
        service.give_excess(world.stores, world.people["tom"], number, wish)
    for _ in range(2):
        service.give_excess(world.stores, world.people["olga"], number, wish)
    for other in ({"amount_minor": 100}, {"why": "For another one"}):
        with pytest.raises(Conflict, match="key"):
            service.give_excess(world.stores, world.people["olga"], number, wish.model_copy(update=other))
    assert (figure(world, number, "excess"), figure(world, number, "fund")) == (300, 200)
    back = SendBackWish(amount_minor=250, why="Paid twice")
    with pytest.raises(Forbidden):
        service.send_excess_back(world.stores, world.people["olga"], number, back)
    with pytest.raises(Conflict, match="where it receives money"):
        service.send_excess_back(world.stores, world.people["tom"], number, back)
    ordering.set_fabricator_payee(world.stores, world.people["otto"], 1, Payee("North", "NL91ABNA0417164300"))
    service.send_excess_back(world.stores, world.people["tom"], number, back)
    with pytest.raises(Conflict, match="and is free"):
        service.send_excess_back(world.stores, world.people["tia"], number, back)
    assert figure(world, number, "excess") == 300, "held until the statement shows it"
    with pytest.raises(Conflict, match="Less than that"):
        service.give_excess(
            world.stores, world.people["olga"], number, wish.model_copy(update={"amount_minor": 301, "key": "b"})
        )
    sound(world, number)


def test_gifts_go_on_to_the_commons_fund_whole(world: World) -> None:
    number = out(world, (3_333, 3_334, 3_333), repay="gift")
    for amount in (1_000, 1, 4_999):
        repay(world, number, amount)
        assert due(world, number) == [0, 0, 0]
    repay(world, number, 4_000)
    assert (figure(world, number, "fund"), owed(world, number), state(world, number)) == (10_000, [0] * 3, "repaid")


def test_two_pledges_of_one_lender_are_given_and_paid_back_each(world: World) -> None:
    number = world.campaign(target_minor=10_000, optimum_minor=10_000, pledge_minor_max=10_000)
    for key, choice in (("a", "gift"), ("b", "money")):
        made = world.pledge("lea", number, 5_000, key, repay=choice)
        world.pay(made)
        world.shift("pledge", made, made_at=now(world) - dt.timedelta(days=20))
    world.over(number)
    world.shift("batch", world.loan(number).batch_id, deadline_at=now(world))
    batches.settle_due(world.stores)
    for stage in ("materials", "made", "shipped"):
        pay_out(world, number, stage)
    for amount in (3_333, 3_333, 3_334):
        repay(world, number, amount)
    assert (figure(world, number, "fund"), world.balance("lea", number, "due")) == (5_000, 5_000)


def test_two_repayments_at_once_are_both_booked_and_one_key_once(world: World) -> None:
    number = out(world)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda each: repay(world, number, 4_000, each), ["a", "b", "c", "c"]))
    assert sum(due(world, number)) == 12_000 and figure(world, number, "debt") == -8_000
    sound(world, number)


# --- late


def test_a_late_instalment_is_arrears_and_180_days_without_payment_are_default(world: World) -> None:
    number = out(world, repayment_months=2)
    first = (payback_plan(world, number)[0].due_on - world.today()).days
    days_pass(world, number, first - 1)
    assert state(world, number) == "disbursed"
    days_pass(world, number, 1)
    assert state(world, number) == "repaying", "its first day has come"
    days_pass(world, number, 14)
    assert state(world, number) == "repaying", "14 days late are not more than 14"
    days_pass(world, number, 1)
    assert state(world, number) == "in arrears"
    repay(world, number, 10_000)
    assert state(world, number) == "repaying" and events(world, number)[-1][0] == "catch up"
    second = (payback_plan(world, number)[1].due_on - world.today()).days
    days_pass(world, number, second + 15)
    assert state(world, number) == "in arrears"
    repay(world, number, 1, on=now(world))
    days_pass(world, number, 179 - 15)
    assert state(world, number) == "in arrears", "179 days since the instalment was due, and a payment today"
    days_pass(world, number, 30)
    assert state(world, number) == "in arrears", "the payment began the days anew"
    assert sum(owed(world, number)) == 9_999
    sound(world, number)


def test_default_by_dates_then_written_off_and_what_comes_late_still_reaches_its_lenders(world: World) -> None:
    number = out(world, repayment_months=1)
    first = (payback_plan(world, number)[0].due_on - world.today()).days
    days_pass(world, number, first + 179)
    assert state(world, number) == "in arrears"
    with pytest.raises(Conflict, match="in arrears"):
        service.write_off(world.stores, world.people["tom"], number, WhyWish(why="Hopeless"))
    days_pass(world, number, 1)
    assert state(world, number) == "defaulted"
    with pytest.raises(Invalid, match="reason"):
        service.write_off(world.stores, world.people["tom"], number, WhyWish(why=" "))
    with pytest.raises(Forbidden):
        service.write_off(world.stores, world.people["olga"], number, WhyWish(why="We can't"))
    service.write_off(world.stores, world.people["tom"], number, WhyWish(why="The workshop burned down"))
    assert (state(world, number), figure(world, number, "owes"), figure(world, number, "debt")) == (
        "written off",
        0,
        -20_000,
    )
    assert owed(world, number) == [8_000, 7_000, 5_000], "the claims stay"
    repay(world, number, 2_000)
    assert (due(world, number), state(world, number)) == ([800, 700, 500], "written off")
    repay(world, number, 18_100)
    assert (state(world, number), owed(world, number), figure(world, number, "excess")) == ("repaid", [0] * 3, 100)
    assert [one for one, *_ in events(world, number)][-5:] == [
        "begin repayment", "fall behind", "default", "write off", "repay in full",
    ]  # fmt: skip
    sound(world, number)


def payback_plan(world: World, number: int) -> list[payback.lending.Instalment]:
    with world.stores.db.reading() as session:
        return payback.plan_of(session, number)


def test_a_batch_cancelled_after_a_tranche_owes_it_at_once_and_the_rest_goes_back(world: World) -> None:
    number = funded(world)
    pay_out(world, number, "materials")
    batches.move(world.stores, world.people["olga"], world.loan(number).batch_id, Move(action="cancel", why="Worms"))
    assert service.look_after(world.stores) == 1
    assert state(world, number) == "repaying" and due(world, number) == [3_200, 2_800, 2_000]
    assert [(one.due_on, one.amount_minor) for one in payback_plan(world, number)] == [(world.today(), 12_000)]
    sound(world, number)
    assert service.look_after(world.stores) == 0
    repay(world, number, 12_000)
    assert (state(world, number), due(world, number)) == ("repaid", [8_000, 7_000, 5_000])
    sound(world, number)


def test_whoever_holds_the_row_first_does_what_the_batch_asks_for(world: World) -> None:
    number = funded(world)
    pay_out(world, number, "materials")
    batches.move(world.stores, world.people["olga"], world.loan(number).batch_id, Move(action="cancel", why="Worms"))
    with world.stores.db.transaction() as session:
        held(session, number)
    repay(world, number, 5_000)
    assert state(world, number) == "repaying" and sum(owed(world, number)) == 7_000
    with world.stores.db.reading() as session:
        assert session.exec(select(LoanCampaign.state)).one() == "repaying"
