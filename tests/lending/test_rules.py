"""What may happen to loans: states, deadlines, plans, sharing out."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import Conflict, Invalid
from registry.lending import rules
from registry.lending.rules import Asking, Instalment

NOW = dt.datetime(2028, 2, 20, 12, tzinfo=dt.UTC)
LENT = st.dictionaries(st.text("abcdef", min_size=1, max_size=4), st.integers(0, 10**7), min_size=1, max_size=12)


def test_a_loan_goes_from_draft_to_repaid_by_every_state() -> None:
    state = "draft"
    seen = [state]
    for action, actor in (("open", "operator"), ("fund", "registry"), ("disburse materials", "treasurer"),
                          ("disburse made", "treasurer"), ("disburse shipped", "treasurer"),
                          ("begin repayment", "registry"), ("repay in full", "registry")):  # fmt: skip
        state = rules.step_loan(state, action, actor, "as planned")  # type: ignore[arg-type]
        seen.append(state)
    assert seen == ["draft", "open", "funded", "materials paid", "made paid", "disbursed", "repaying", "repaid"]


def test_nothing_else_can_follow_whoever_asks() -> None:
    states = {was for was, _ in rules.LOAN_STEPS} | {after for after, _ in rules.LOAN_STEPS.values()}
    actions = {action for _, action in rules.LOAN_STEPS}
    for state, action, actor in itertools.product(states, actions, ("operator", "treasurer", "registry")):
        after, who = rules.LOAN_STEPS.get((state, action), ("", ""))
        if who == actor:
            assert rules.step_loan(state, action, actor, "x") == after
        else:
            with pytest.raises(Conflict):
                rules.step_loan(state, action, actor, "x")  # type: ignore[arg-type]


def test_money_leaves_in_the_order_of_the_stages_and_default_needs_arrears() -> None:
    into = {after: {was for (was, _), (then, _) in rules.LOAN_STEPS.items() if then == after}
            for after in ("made paid", "disbursed", "defaulted", "written off", "failed")}  # fmt: skip
    assert into["made paid"] == {"materials paid"} and into["disbursed"] == {"made paid"}
    assert into["defaulted"] == {"in arrears"} and into["written off"] == {"defaulted"}
    assert into["failed"] == {"open", "funded"}, "money that was paid out is owed, not called off"


def test_a_batch_cancelled_after_disbursement_owes_the_money() -> None:
    assert rules.step_loan("made paid", "batch cancelled", "registry", "the workshop closed") == "repaying"
    with pytest.raises(Conflict):
        rules.step_loan("made paid", "call off", "operator", "the workshop closed")


def test_a_change_has_its_reason() -> None:
    with pytest.raises(Invalid):
        rules.step_loan("draft", "open", "operator", "  ")


def test_one_person_alone_lets_no_payment_leave() -> None:
    with pytest.raises(Conflict):
        rules.judge_approval(1, [], 1, 2)
    with pytest.raises(Conflict):
        rules.judge_approval(1, [2], 2, 3)
    assert rules.judge_approval(1, [], 2, 1), "never fewer than two"
    assert not rules.judge_approval(1, [], 2, 3) and rules.judge_approval(1, [2], 3, 3)


def test_a_leap_day_ends_when_it_ends_there() -> None:
    leap = dt.date(2028, 2, 29)
    assert rules.deadline_of(leap, "Pacific/Kiritimati") == dt.datetime(2028, 2, 29, 10, tzinfo=dt.UTC)
    assert rules.deadline_of(leap, "Pacific/Honolulu") == dt.datetime(2028, 3, 1, 10, tzinfo=dt.UTC)
    assert rules.deadline_of(leap, "Asia/Kathmandu") == dt.datetime(2028, 2, 29, 18, 15, tzinfo=dt.UTC)
    assert rules.months_after(leap, 12) == dt.date(2029, 2, 28) and rules.months_after(leap, 48) == dt.date(2032, 2, 29)
    for wrong in ("", "../etc/passwd", "Mars/Base", "/etc/passwd"):
        with pytest.raises(Invalid):
            rules.deadline_of(leap, wrong)
    with pytest.raises(Invalid):
        rules.deadline_of(dt.date.max, "Europe/Lisbon")


def test_all_or_nothing_at_the_deadline() -> None:
    assert (rules.settle_campaign(100, 100), rules.settle_campaign(100, 99)) == ("fund", "fail")
    nothing_more = rules.Seen(covered=False, coming=False, undecided=False)
    assert not rules.may_judge(NOW, 0, nothing_more, NOW - dt.timedelta(microseconds=1))
    assert rules.may_judge(NOW, 0, nothing_more, NOW) and rules.may_judge(NOW, 5, nothing_more, NOW)


@pytest.mark.parametrize(
    ("covered", "coming", "undecided", "days", "judged"),
    [
        (False, True, False, 0, False),  # its money may lie in the bank: wait for the statement
        (True, True, False, 0, True),  # the statement is here, without it
        (True, True, True, 0, False),  # a treasurer looks at a booking first
        (False, False, True, 0, False),
        (False, True, True, 5, True),  # the days are over
    ],
)
def test_a_deadline_waits_for_its_statement(
    covered: bool, coming: bool, undecided: bool, days: int, judged: bool
) -> None:  # fmt: skip
    seen = rules.Seen(covered, coming, undecided)
    assert rules.may_judge(NOW, 5, seen, NOW + dt.timedelta(days=days)) is judged


def test_a_payment_counts_by_the_day_of_its_booking() -> None:
    day, before = NOW.date(), NOW - dt.timedelta(microseconds=1)
    assert rules.in_time(NOW, day, before, day + dt.timedelta(days=1)), "it is here before the deadline"
    assert rules.in_time(NOW, day, NOW, day) and rules.in_time(NOW, day, before, None)
    assert not rules.in_time(NOW, day, NOW, day + dt.timedelta(days=1)) and not rules.in_time(NOW, day, NOW, None)


def asking(**other: object) -> Asking:
    told = {"state": "open", "deadline_at": NOW, "optimum_minor": 1_000, "held_minor": 900, "pledge_minor_min": 50,
            "pledge_minor_max_per_person": 300} | other  # fmt: skip
    return Asking(**told)  # type: ignore[arg-type]


def test_pledges_are_judged() -> None:
    early = NOW - dt.timedelta(microseconds=1)
    rules.judge_pledge(asking(), 100, 200, early)
    rules.judge_pledge(asking(held_minor=980), 20, 0, early)  # the last slot may be smaller than the smallest pledge
    for wrong, amount, own, at in (
        (asking(), 100, 0, NOW), (asking(state="funded"), 100, 0, early), (asking(), 101, 0, early),
        (asking(), 49, 0, early), (asking(), 100, 201, early), (asking(held_minor=1_000), 50, 0, early),
        (asking(), 0, 0, early), (asking(), -1, 0, early),
    ):  # fmt: skip
        with pytest.raises((Conflict, Invalid)):
            rules.judge_pledge(wrong, amount, own, at)


def test_cooling_off_and_lapse() -> None:
    later = NOW + dt.timedelta(days=14)
    assert rules.may_withdraw("open", NOW, 0, later)
    assert rules.may_withdraw("funded", NOW, 14, later - dt.timedelta(seconds=1))
    assert not rules.may_withdraw("funded", NOW, 14, later)
    assert not rules.may_withdraw("materials paid", NOW, 14, NOW)
    assert rules.may_disburse(NOW, 14, later) and not rules.may_disburse(NOW, 14, later - dt.timedelta(seconds=1))
    assert rules.lapses(False, NOW, 7, NOW + dt.timedelta(days=7)) and not rules.lapses(True, NOW, 7, later)


@given(st.integers(1, 10**12), st.dates(dt.date(2000, 1, 1), dt.date(2100, 1, 1)), st.integers(1, 120))
def test_a_plan_adds_up_and_is_even(principal: int, first: dt.date, months: int) -> None:
    plan = rules.schedule(principal, first, months)
    amounts = [row.amount_minor for row in plan]
    assert sum(amounts) == principal and max(amounts) - min(amounts) <= 1 and min(amounts) > 0
    assert all(a.due_on < b.due_on for a, b in itertools.pairwise(plan)) and plan[0].due_on == first
    assert rules.overdue_since(plan, principal) is None and rules.overdue_since(plan, principal - 1) == plan[-1].due_on
    assert rules.due_by(plan, first) == 0 and rules.due_by(plan, plan[-1].due_on + dt.timedelta(days=1)) == principal


def test_arrears_and_default_by_dates() -> None:
    due = dt.date(2028, 2, 29)
    plan = [Instalment(due, 100), Instalment(dt.date(2028, 3, 29), 100)]

    def judged(state: str, paid: int, last: dt.date | None, days: int) -> str:
        return rules.judge_arrears(state, plan, paid, last, due + dt.timedelta(days=days), arrears_after_days=14,
                                   default_after_days=180)  # fmt: skip

    assert judged("repaying", 0, None, 14) == "" and judged("repaying", 0, None, 15) == "fall behind"
    assert judged("in arrears", 0, None, 179) == "" and judged("in arrears", 0, None, 180) == "default"
    assert judged("in arrears", 99, due + dt.timedelta(days=100), 180) == "", "a part payment ends the silence"
    assert judged("in arrears", 99, due + dt.timedelta(days=100), 280) == "default"
    assert judged("in arrears", 100, due + dt.timedelta(days=20), 20) == "catch up"
    assert judged("repaying", 200, due, 1) == judged("defaulted", 200, due, 999) == "repay in full"
    assert judged("written off", 200, due, 999) == "repay in full" and judged("repaid", 200, due, 999) == ""


@given(LENT, st.integers(0, 10**8), st.integers(0, 10_000), st.integers(0, 10**7))
def test_a_sale_is_poured_to_the_last_unit(lent: dict[str, int], price: int, commons_bp: int, unit_debt: int) -> None:
    poured = rules.pour_sale(price, commons_bp, unit_debt, lent)
    assert poured.commons_minor + sum(poured.lenders.values()) + poured.fabricator_minor == price
    assert sum(poured.lenders.values()) <= unit_debt
    assert all(0 <= share <= lent[who] for who, share in poured.lenders.items())
    assert poured.commons_minor * 10_000 <= price * commons_bp and poured.excess_minor == 0


@given(LENT, st.lists(st.integers(0, 10**7), max_size=8))
def test_repayments_clear_everyone_and_excess_is_held(lent: dict[str, int], payments: list[int]) -> None:
    owed, held = dict(lent), 0
    for amount in [*payments, sum(lent.values())]:
        poured = rules.pour_repayment(amount, owed)
        assert sum(poured.lenders.values()) + poured.excess_minor == amount
        owed = {who: due - poured.lenders[who] for who, due in owed.items()}
        assert min(owed.values()) >= 0
        held += poured.excess_minor
    assert not any(owed.values()) and held == sum(payments)


@given(LENT, st.integers(0, 10**6), st.integers(0, 1_000))
def test_unsold_units_are_shared_by_what_each_lent(lent: dict[str, int], unit: int, unsold: int) -> None:
    missed = rules.unsold(lent, unit, unsold)
    assert sum(missed.values()) == min(unit * unsold, sum(lent.values()))
    assert all(missed[who] <= lent[who] for who in lent)


def test_doubling_says_what_both_cost() -> None:
    alone, doubled = rules.double_batch(20, 5_000, 3_900)
    assert (alone.units, alone.loan_minor, doubled.units, doubled.loan_minor) == (20, 0, 40, 78_000)
