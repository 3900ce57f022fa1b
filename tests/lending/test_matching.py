"""Which bookings are new, and what they are for."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statement_support import DAY, IBAN, Booked

from registry.errors import Invalid
from registry.lending.bank.rules import (
    CARRIED,
    Expected,
    Known,
    Ordered,
    Part,
    Period,
    Seen,
    Verdict,
    codes_in,
    judge,
    plan,
)
from registry.lending.bank.schemas import BankLine, BankStatement
from registry.lending.paying import pledge_reference


def brought(known: Known, lines: list[Booked], opening: int = 0, day: dt.date | None = None) -> Part:
    """What a statement adds; it is known afterwards."""
    days = [one.day for one in lines] + ([day] if day else [])
    statement = BankStatement(
        form="camt.053", account=IBAN, currency="EUR", opening_minor=opening, since=min(days), until=max(days),
        closing_minor=opening + sum(one.amount for one in lines),
        lines=[BankLine(booked_on=one.day, valued_on=one.day, amount_minor=one.amount, text=one.text,
                        bank_reference=one.ref) for one in lines],
    )  # fmt: skip
    (part,) = plan([statement], known, IBAN)
    known.entries += [Seen(each.key, each.line.amount_minor) for each in part.new]
    told = part.statement
    if part.tells:
        known.periods.append(Period(told.form, told.since, told.until, told.closing_minor))
    if any(each.key == CARRIED for each in part.new):
        known.carried_on = told.since
    return part


def amounts(part: Part) -> list[int]:
    return [each.line.amount_minor for each in part.new]


A, B, C = Booked(1_000, "A"), Booked(2_000, "B"), Booked(-500, "C", day=DAY + dt.timedelta(days=1))


def test_row_25_the_same_statement_twice_or_overlapping_adds_nothing() -> None:
    known = Known()
    assert amounts(brought(known, [A, B])) == [1_000, 2_000]
    again = brought(known, [A, B])
    assert (amounts(again), again.known, again.gap) == ([], 2, False)
    over = brought(known, [B, C], 1_000)
    assert (amounts(over), over.known, over.gap) == ([-500], 1, False)
    assert "overlaps" in over.findings[0]


def test_row_26_two_identical_genuine_payments_both_count() -> None:
    known = Known()
    assert amounts(brought(known, [A, A])) == [1_000, 1_000]
    assert amounts(brought(known, [A, A])) == []
    # In two statements of one day, the balance alone tells that these are others.
    assert amounts(brought(known, [A, A], 2_000)) == [1_000, 1_000]
    assert amounts(brought(known, [A, A, B], 2_000)) == [2_000]
    assert [each.occurrence for each in brought(known, [B, A], 4_000).new] == [5]


def test_a_reference_of_the_banks_that_comes_twice_does_not_hide_a_payment() -> None:
    lines = [Booked(1_000, "A", ref="DAY1"), Booked(2_000, "B", ref="DAY1"), Booked(1_000, "A", ref="DAY1")]
    known = Known()
    assert amounts(brought(known, lines)) == [1_000, 2_000, 1_000]
    assert amounts(brought(known, lines)) == []


def test_gaps_are_told() -> None:
    known = Known()
    brought(known, [A])
    late = brought(known, [C], 3_000)
    assert late.gap and "10.00 EUR" not in late.findings[0] and "5.00 EUR" in late.findings[0]
    assert "25.00 EUR" in late.findings[0]
    filled = brought(known, [B], 1_000)
    assert (amounts(filled), filled.gap) == ([2_000], False)


def test_what_lay_there_before_is_asked_about_and_nothing_goes_back_beyond_it() -> None:
    known = Known()
    first = brought(known, [C], 3_000)
    assert amounts(first) == [3_000, -500] and first.new[0].key == CARRIED
    with pytest.raises(Invalid, match="goes back beyond"):
        brought(known, [A, B])


def test_the_same_days_in_another_form_are_refused() -> None:
    known = Known(periods=[Period("csv", DAY, DAY, 0)])
    with pytest.raises(Invalid, match="imported as CSV already"):
        brought(known, [A])
    assert amounts(brought(known, [C])) == [-500]


bookings = st.lists(
    st.tuples(st.sampled_from([500, 1_000, -500]), st.sampled_from("AB"), st.integers(0, 4)), min_size=1, max_size=14
).map(lambda rows: [Booked(amount, text, day=DAY + dt.timedelta(days=day)) for amount, text, day in
                    sorted(rows, key=lambda row: row[2])])  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(bookings, st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=6), st.booleans())
def test_overlapping_files_of_whole_days_come_to_what_the_bank_booked(
    booked: list[Booked], spans: list[tuple[int, int]], signed: bool
) -> None:
    """Files of any days, one over the other, the whole last: every booking counts once."""
    known = Known()
    whole = (0, 4)
    begun = False
    for start, end in [(0, 0), *spans, whole, *spans]:
        first, last = DAY + dt.timedelta(days=min(start, end)), DAY + dt.timedelta(days=max(start, end))
        lines = [one for one in booked if first <= one.day <= last]
        opening = sum(one.amount for one in booked if one.day < first)
        if begun or not opening:
            brought(known, lines, opening, day=last)
            begun = True
    assert Counter(each.amount_minor for each in known.entries) == Counter(one.amount for one in booked)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([500, 1_000]), st.sampled_from("AB")), min_size=1, max_size=12), st.data())
def test_files_that_begin_and_end_within_one_day_come_to_what_the_bank_booked(
    rows: list[tuple[int, str]], data: st.DataObject
) -> None:
    """Equal payments, cut anywhere: the balance tells which of them a file begins with."""
    booked = [Booked(amount, text) for amount, text in rows]
    known, here = Known(), 0
    while here < len(booked):
        start = data.draw(st.integers(0, here))
        end = data.draw(st.integers(here + 1, len(booked)))
        part = brought(known, booked[start:end], sum(one.amount for one in booked[:start]))
        assert (amounts(part), part.gap) == ([one.amount for one in booked[here:end]], False)
        here = end


# --- what a booking is for

REFERENCE = pledge_reference(12, 345)
OPEN = Expected(345, 12, REFERENCE, "unpaid", 2_500, DAY)


def said(amount: int = 2_500, day: dt.date = DAY, returned: str = "") -> BankLine:
    return BankLine(booked_on=day, valued_on=day, amount_minor=amount, return_code=returned)


def decided(line: BankLine, *pledges: Expected, order: Ordered | None = None, is_open: bool = True) -> Verdict:
    return judge(line, 12, "EUR", is_open, pledges, [each.reference for each in pledges], order)


def changed(**more: object) -> Expected:
    return Expected(**{name: getattr(OPEN, name) for name in Expected.__slots__} | more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        REFERENCE, REFERENCE.lower(), f"thank you {REFERENCE[:4]} {REFERENCE[4:8]} {REFERENCE[8:]} for the bricks",
        f"x/{REFERENCE}/y", REFERENCE.replace("0", "O"), "-".join(REFERENCE),
    ],
)  # fmt: skip
def test_codes_are_found_however_they_are_written(text: str) -> None:
    assert REFERENCE in codes_in("", text)


def test_o_and_0_are_one_only_where_the_check_digits_prove_it() -> None:
    with_zero = pledge_reference(10, 20)
    assert with_zero in codes_in("", with_zero.replace("0", "O"))
    assert codes_in("", with_zero[:-2].replace("0", "O") + "3O") == [], "other digits are other digits"
    assert codes_in(with_zero, REFERENCE) == [with_zero], "the field for it comes first"
    assert codes_in("NOTPROVIDED", REFERENCE) == [REFERENCE]


def test_an_exact_payment_of_an_open_pledge_in_time_is_matched() -> None:
    assert decided(said(), OPEN) == Verdict("matched", pledge_id=345)


@pytest.mark.parametrize(
    ("line", "pledge", "state", "reason"),
    [
        (said(2_400), OPEN, "invalid", "25.00 EUR: 1.00 EUR is missing"),
        (said(2_600), OPEN, "invalid", "1.00 EUR too much"),
        (said(day=DAY + dt.timedelta(days=1)), OPEN, "invalid", "the last day for this pledge"),
        (said(), changed(state="withdrawn"), "invalid", "was withdrawn"),
        (said(), changed(state="lapsed"), "invalid", "has lapsed"),
        (said(), changed(state="released"), "invalid", "has ended"),
        (said(), changed(state="paid"), "already", "is paid already"),
        (said(), changed(campaign_id=13), "invalid", "to campaign 13"),
        (said(returned="AC04"), OPEN, "invalid", "the account is closed"),
        (said(-2_500), OPEN, "no match", "No payment of ours"),
        (said(-2_500, returned="FOCR"), OPEN, "invalid", "taken a payment back"),
    ],
)  # fmt: skip
def test_row_28_all_else_is_asked_about(line: BankLine, pledge: Expected, state: str, reason: str) -> None:
    found = decided(line, pledge)
    assert found.state == state and reason in " ".join(found.reasons)


def test_row_28_unknown_codes_several_codes_and_closed_campaigns() -> None:
    assert decided(said()).reasons == ("No code of a pledge stands in it.",)
    assert "is of no pledge" in judge(said(), 12, "EUR", True, [], [REFERENCE], None).reasons[0]
    assert "several" in decided(said(), OPEN, changed(pledge_id=2, reference="RF12X")).reasons[0]
    assert "takes no payments" in decided(said(), OPEN, is_open=False).reasons[0]


def test_payments_of_ours() -> None:
    order = Ordered(7, "BY7", "filed", 2_500)
    assert decided(said(-2_500), order=order) == Verdict("matched", order_id=7)
    assert "is 25.00 EUR" in decided(said(-2_400), order=order).reasons[0]
    for state in ("proposed", "approved", "paid"):
        assert "should not have left" in decided(said(-2_500), order=Ordered(7, "BY7", state, 2_500)).reasons[0]
    back = decided(said(2_500, returned="AC04"), order=Ordered(7, "BY7", "paid", 2_500))
    assert back == Verdict("invalid", ("The bank has returned payment BY7: the account is closed.",), order_id=7)
