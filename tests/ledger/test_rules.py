from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import Invalid
from registry.ledger.money import check_own_code, iso_currency, parse_amount, plain
from registry.ledger.rules import part_of, share_out, waterfall
from registry.ledger.schemas import Currency

DUE = st.dictionaries(st.integers(0, 30), st.integers(0, 10**12), max_size=12)
AMOUNTS = st.integers(0, 10**13)


@given(AMOUNTS, DUE)
def test_sharing_out_conserves_every_unit(amount: int, due: dict[int, int]) -> None:
    shares, excess = share_out(amount, due)
    assert sum(shares.values()) + excess == amount
    assert shares.keys() == due.keys() and all(0 <= shares[who] <= due[who] for who in due)
    total = sum(due.values())
    assert (excess > 0) == (amount > total)
    if amount >= total:
        assert shares == due, "full repayment clears everyone"
    else:
        assert all(abs(shares[who] * total - amount * due[who]) < total for who in due), "within one unit of the quota"


@given(st.lists(AMOUNTS, min_size=1, max_size=8), DUE)
def test_shares_of_many_repayments_clear_everyone_and_nobody_twice(amounts: list[int], due: dict[int, int]) -> None:
    left = dict(due)
    over = 0
    for amount in amounts:
        shares, excess = share_out(amount, left)
        left = {who: left[who] - shares[who] for who in left}
        over += excess
    assert min(left.values(), default=0) >= 0
    assert sum(left.values()) - over == sum(due.values()) - sum(amounts)


def test_sharing_out_by_hand() -> None:
    assert share_out(100, {"a": 1, "b": 1, "c": 1}) == ({"a": 1, "b": 1, "c": 1}, 97)
    assert share_out(100, {"a": 100, "b": 100, "c": 100}) == ({"a": 34, "b": 33, "c": 33}, 0)
    assert share_out(5, {"a": 10, "b": 20, "c": 30}) == ({"a": 1, "b": 2, "c": 2}, 0)
    assert share_out(7, {}) == ({}, 7)
    assert share_out(0, {"a": 0}) == ({"a": 0}, 0)
    with pytest.raises(Invalid):
        share_out(-1, {"a": 1})
    with pytest.raises(Invalid):
        share_out(1, {"a": -1})


@given(AMOUNTS, st.lists(st.none() | st.integers(0, 10**12), max_size=8))
def test_a_waterfall_conserves_every_unit_and_fills_in_order(amount: int, wants: list[int | None]) -> None:
    got, excess = waterfall(amount, list(enumerate(wants)))
    assert sum(got.values()) + excess == amount
    for step, want in enumerate(wants):
        assert want is None or got[step] <= want
        if want is None or got[step] < want:
            assert excess == 0 and not any(got[later] for later in range(step + 1, len(wants)))


def test_a_share_is_rounded_down() -> None:
    assert [part_of(999, 500), part_of(1, 9_999), part_of(10**12, 10_000)] == [49, 0, 10**12]
    with pytest.raises(Invalid):
        part_of(1, 10_001)


@pytest.mark.parametrize(
    "text",
    ["-1", "0", "0.00", "1e9", "NaN", "1.005", "", " ", "1,000.00", "1_000", "+1", "٣", "1.", ".5", "0x1", "9" * 15],
)
def test_what_is_no_amount_is_refused_and_never_taken_for_nothing(text: str) -> None:
    with pytest.raises(Invalid):
        parse_amount(text, iso_currency("EUR"))


def test_amounts_by_the_decimals_of_their_currency() -> None:
    assert [parse_amount(text, iso_currency("EUR")) for text in ("12.50", "12,5", " 12 ", "0.01")] == [
        1250,
        1250,
        1200,
        1,
    ]
    assert parse_amount("1.005", iso_currency("KWD")) == 1005
    assert parse_amount("1200", iso_currency("JPY")) == 1200
    with pytest.raises(Invalid, match="0 decimals"):
        parse_amount("12.0", iso_currency("JPY"))
    hours = Currency(code="HOURS", exponent=1, name="Hours", community="riverside")
    assert parse_amount("2.5", hours) == 25
    assert [plain(-1250, 2), plain(5, 3), plain(-7, 0), plain(0, 2)] == ["-12.50", "0.005", "-7", "0.00"]


@pytest.mark.parametrize("code", ["EUR", "TRUE", "NULL", "hours", "A" * 13, "ÄÖÜÄ", "HOURS\n"])
def test_codes_of_own_currencies_meet_no_others(code: str) -> None:
    with pytest.raises(Invalid):
        check_own_code(code)
