"""IBANs, references and transfer codes, right ones and hostile ones."""

from __future__ import annotations

import io

import pytest
import segno
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from registry.errors import Invalid
from registry.lending import paying
from registry.lending.paying import Payee, Payment

IBAN = "DE89370400440532013000"
RF = paying.pledge_reference(12, 345)
BODIES = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=21)


def payment(name: str = "Brick campaign", iban: str = IBAN, amount: object = 1_005, reference: str = RF,
            currency: str = "EUR", bic: str = "") -> Payment:  # fmt: skip
    return Payment(Payee(name, iban, bic), amount, currency, reference)  # type: ignore[arg-type]


def test_the_example_of_the_standard() -> None:
    assert paying.make_reference("539007547034") == "RF18539007547034"
    assert paying.is_reference("RF18539007547034") and not paying.is_reference("RF18539007547035")


@given(BODIES, st.data())
def test_a_slip_of_one_character_is_noticed(body: str, data: st.DataObject) -> None:
    whole = paying.make_reference(body)
    assert paying.is_reference(whole) and len(whole) <= 25
    at = data.draw(st.integers(2, len(whole) - 1))
    other = data.draw(st.sampled_from("0123456789")).replace(whole[at], "")
    if other and whole[at].isdigit():
        assert not paying.is_reference(whole[:at] + other + whole[at + 1 :])


@given(st.integers(1, 10**7), st.integers(1, 10**7), st.integers(1, 10**7), st.integers(1, 10**7))
def test_two_pledges_have_two_references(a: int, b: int, c: int, d: int) -> None:
    assert (paying.pledge_reference(a, b) == paying.pledge_reference(c, d)) == ((a, b) == (c, d))


@pytest.mark.parametrize(
    "text",
    [RF, RF.lower(), paying.spaced(RF), "Pledge " + paying.spaced(RF) + " thank you", f"/{RF}/", "-".join(RF),
     f"loan {RF} and greetings", f"R F{RF[2:]}", f"{RF} 2028", f"EREF+1 SVWZ+{RF}"],
)  # fmt: skip
def test_a_reference_is_found_as_people_write_it(text: str) -> None:
    kept = {paying.pledge_reference(campaign, pledge) for campaign in range(1, 30) for pledge in range(1, 400)}
    assert [one for one in paying.find_references(text) if one in kept] == [RF]


def test_no_reference_is_found_where_none_is() -> None:
    assert paying.find_references("RF00 nothing; surf 2028; RF") == []
    other = paying.pledge_reference(12, 346)
    assert paying.find_references(f"{RF}; {other}; {RF}") == [RF, other]
    assert paying.find_references("R F 1 " * 5_000) == []


def test_the_code_reads_back_as_the_same_text() -> None:
    wanted = payment(name="Бірк & Söhne, Šibenik", bic="COBADEFFXXX")
    code = segno.make(paying.epc_text(wanted), error="m", boost_error=False, micro=False, mode="byte", encoding="utf-8")
    out = io.BytesIO()
    code.save(out, kind="png", scale=6)
    read = zxingcpp.read_barcodes(Image.open(out))[0].text
    assert read.split("\n") == ["BCD", "002", "1", "SCT", "COBADEFFXXX", "Бірк & Söhne, Šibenik", IBAN, "EUR10.05", "",
                                RF]  # fmt: skip
    assert "<svg" in paying.epc_svg(wanted)
    assert "EUR0.01" in paying.epc_text(payment(amount=1)) and "EUR999999999.99" in paying.epc_text(
        payment(amount=99_999_999_999)
    )


@pytest.mark.parametrize("name", ["A\nDE00", "A\rB", "A\u2028B", "A\x00", "", "  ", " A", "x" * 71, "A\u202eB"])
def test_a_name_that_could_move_a_line_is_refused(name: str) -> None:
    with pytest.raises(Invalid) as fault:
        paying.epc_text(payment(name=name))
    assert fault.value.status == 422


@pytest.mark.parametrize("amount", [-1, 0, 10**11, 10**18, 1.005, 10.05, float("nan"), True, "1e9"])
def test_an_amount_that_is_none_is_refused(amount: object) -> None:
    with pytest.raises(Invalid):
        paying.epc_text(payment(amount=amount))


@pytest.mark.parametrize(
    "iban", ["DE89370400440532013001", "", "DE89\n370400440532013000", "XX", "ＤＥ89370400440532013000"]
)
def test_an_iban_that_can_not_be_is_refused(iban: str) -> None:
    with pytest.raises(Invalid):
        paying.epc_text(payment(iban=iban))


def test_other_fields_are_checked_too() -> None:
    for wrong in (payment(reference="RF00BY1"), payment(reference=RF + "\n"), payment(currency="JPY"),
                  payment(bic="NOTABIC"), payment(bic="COBADEFF\n")):  # fmt: skip
        with pytest.raises(Invalid):
            paying.epc_svg(wrong)
    assert paying.check_iban("de89 3704 0044 0532 0130 00") == IBAN


def test_the_longest_name_still_makes_a_code() -> None:
    assert len(paying.epc_text(payment(name="漢" * 70)).encode()) <= 331 and paying.epc_svg(payment(name="漢" * 70))
