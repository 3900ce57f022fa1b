"""What banks write is read exactly, or the whole file is refused with the sentence why."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statement_support import DAY, IBAN, MAPPING, PAYER, Booked, camt, mt940, table

from registry.errors import Invalid, TooLarge
from registry.lending.bank.reading import read
from registry.lending.bank.schemas import BankLine, BankStatement, CsvMapping

LINES = (
    Booked(2_500, "RF26 BY12 P345 from Zoë", ref="B1", e2e="E1"),
    Booked(-1_005, "Refund", ref="B2", e2e="REFUND1"),
    Booked(1, "A cent", iban="", name="", ref="B3"),
)
MAPPED = CsvMapping.model_validate(MAPPING)


def one(content: bytes, currency: str = "EUR", mapping: CsvMapping | None = MAPPED) -> BankStatement:
    (found,) = read(content, IBAN, currency, mapping)
    return found


@pytest.mark.parametrize("write", [camt, mt940, table])
def test_each_form_is_read_to_the_cent(write: object) -> None:
    found = one(write(LINES, 10_000))  # type: ignore[operator]
    assert (found.opening_minor, found.closing_minor, found.since, found.until) == (10_000, 11_496, DAY, DAY)
    assert [line.amount_minor for line in found.lines] == [2_500, -1_005, 1]
    assert [line.bank_reference for line in found.lines] == ["B1", "B2", "B3"]
    first = found.lines[0]
    assert (first.name, first.iban, first.text, first.booked_on) == ("Zoë Müller", PAYER, LINES[0].text, DAY)
    assert found.lines[1].end_to_end == ("" if write is table else "REFUND1")


@pytest.mark.parametrize(
    ("currency", "amount", "said"), [("JPY", 5_000, "5000"), ("KWD", 1_234_567, "1234.567"), ("EUR", 5, "0.05")]
)
@pytest.mark.parametrize("write", [camt, mt940, table])
def test_currencies_with_no_and_three_decimals(write: object, currency: str, amount: int, said: str) -> None:
    content = write([Booked(amount)], currency=currency)  # type: ignore[operator]
    assert said.replace(".", ",").encode() in content or said.encode() in content
    assert one(content, currency).lines[0].amount_minor == amount
    with pytest.raises(Invalid, match=f"in {currency}"):
        one(content, "USD")


def test_a_structured_reference_and_the_reason_of_a_return() -> None:
    sent = Booked(-1_005, "Refund", e2e="REFUND1", structured="RF18539007547034")
    back = Booked(1_005, "Closed", e2e="REFUND1", returned="AC04")
    found = one(camt([sent, back]))
    assert found.lines[0].structured == "RF18539007547034"
    assert [line.return_code for line in found.lines] == ["", "AC04"]
    assert [line.name for line in found.lines] == ["Zoë Müller", "Zoë Müller"]


def test_payments_that_a_bank_puts_together_are_told_apart() -> None:
    part = lambda amount, e2e: (  # noqa: E731
        f"<TxDtls><Refs><EndToEndId>{e2e}</EndToEndId></Refs><Amt Ccy='EUR'>{amount}</Amt>"
        "<RltdPties><Cdtr><Nm>Ann</Nm></Cdtr></RltdPties></TxDtls>"
    )
    whole = camt([Booked(-3_000, ref="SUM")])
    start, end = whole.index(b"<TxDtls>"), whole.index(b"</NtryDtls>")
    apart = whole[:start] + (part("10.00", "A1") + part("20.00", "A2")).encode() + whole[end:]
    assert [(line.amount_minor, line.end_to_end) for line in one(apart).lines] == [(-1_000, "A1"), (-2_000, "A2")]
    wrong = whole[:start] + (part("10.00", "A1") + part("20.01", "A2")).encode() + whole[end:]
    assert [(line.amount_minor, line.end_to_end) for line in one(wrong).lines] == [(-3_000, "")]


def test_row_24_xml_with_document_types_or_entities_is_refused() -> None:
    good = camt(LINES)
    for kind in (
        b'<!DOCTYPE x [<!ENTITY a "b">]>', b'<!DOCTYPE x SYSTEM "file:///etc/passwd">', b"<!DOCTYPE x>",
        b'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1/x"> %p;]>',
    ):  # fmt: skip
        with pytest.raises(Invalid, match="document type"):
            one(good.replace(b"?><", b"?>" + kind + b"<", 1))
    for broken in (good[:-20], b"<a/>", good.replace(b"camt.053", b"camt.054"), b"<" * 500):
        with pytest.raises(Invalid):
            one(broken)


@pytest.mark.parametrize("write", [camt, mt940])
def test_row_27_what_does_not_add_up_is_refused_whole(write: object) -> None:
    with pytest.raises(Invalid, match="does not add up"):
        one(write(LINES, closing=1_495))  # type: ignore[operator]
    with pytest.raises(Invalid, match="in USD, this account in EUR"):
        one(write(LINES, currency="USD"))  # type: ignore[operator]


def test_a_statement_of_another_account_is_refused() -> None:
    for content in (camt(LINES, iban="DE02120300000000202051"), camt(LINES, iban=""), mt940(LINES, account="1/2"),
                    mt940(LINES, account="37040044/0532013001")):  # fmt: skip
        with pytest.raises(Invalid, match="another account"):
            one(content)
    for account in ("37040044/0532013000EUR", "37040044/532013000", IBAN, f"{IBAN}EUR"):
        assert one(mt940(LINES, account=account)).closing_minor == 1_496
    rows = table(LINES).replace(b"Referenz", b"Eigenes").replace(b'"B1"', b'"DE02120300000000202051"')
    with pytest.raises(Invalid, match="another account"):
        one(rows, mapping=MAPPED.model_copy(update={"account": "Eigenes", "reference": ""}))


@pytest.mark.parametrize("wrong", ["", "NaN", "1e9", "1.005", "-25.00", "1,00", "25.00 EUR", "99999999999999.00"])
def test_an_unreadable_amount_is_never_nothing(wrong: str) -> None:
    with pytest.raises(Invalid, match=r"no amount|more than the book|came or went"):
        one(camt(LINES).replace(b">25.00<", f">{wrong}<".encode()))
    with pytest.raises(Invalid):
        one(mt940(LINES).replace(b"C25,00N", f"C{wrong.replace('.', ',')}N".encode()))
    # The table's decimal sign is the comma: these are mistakes there as well, or thousands in the wrong place.
    if wrong not in ("-25.00", "1,00"):
        with pytest.raises(Invalid, match=r"no amount|more than the book|don't follow"):
            one(table(LINES).replace(b'"25,00"', f'"{wrong}"'.encode()))


def test_a_booking_without_direction_or_with_another_currency_is_refused() -> None:
    for was, becomes in ((b"CRDT</CdtDbtInd><Sts>", b"</CdtDbtInd><Sts>"), (b"<Amt Ccy='EUR'>25", b"<Amt Ccy='USD'>25"),
                         (b"<BookgDt><Dt>2026-11-03", b"<BookgDt><Dt>2026-13-03"), (b"CLBD", b"ITBD")):  # fmt: skip
        with pytest.raises(Invalid):
            one(camt(LINES).replace(was, becomes, 1))


def test_tables_tell_what_does_not_fit() -> None:
    good = table(LINES)
    for change in ({"amount": "Summe"}, {"decimal": "."}, {"date_form": "YYYY-MM-DD"}, {"delimiter": ","},
                   {"skip_rows": 0}, {"encoding": "utf-8"}, {"balance": ""}, {"balance": "Betrag"}):  # fmt: skip
        with pytest.raises(Invalid):
            one(good, mapping=MAPPED.model_copy(update=change))
    with pytest.raises(Invalid, match="which column"):
        one(good, mapping=None)
    typed = read(good, IBAN, "EUR", MAPPED.model_copy(update={"balance": ""}), closing_minor=1_496)[0]
    assert (typed.opening_minor, typed.closing_minor) == (0, 1_496)
    assert sorted(line.amount_minor for line in typed.lines) == [-1_005, 1, 2_500]
    with pytest.raises(Invalid):
        read(good, IBAN, "EUR", MAPPED, closing_minor=1_497)


def test_columns_for_money_in_and_out_or_a_direction() -> None:
    text = b'Day,In,Out,Way,Sum\n2026-11-03,25.00,,C,25.00\n2026-11-04,,"1,010.05",D,"1,010.05"\n'
    both = CsvMapping(delimiter=",", date_form="YYYY-MM-DD", decimal=".", booked_on="Day", paid_in="In",
                      paid_out="3")  # fmt: skip
    way = CsvMapping(delimiter=",", date_form="YYYY-MM-DD", decimal=".", booked_on="1", amount="Sum", direction="way")
    for mapping in (both, way):
        found = read(text, IBAN, "EUR", mapping, closing_minor=0)[0]
        assert [line.amount_minor for line in found.lines] == [2_500, -101_005]
        assert found.opening_minor == 98_505


def test_limits_of_size_and_number(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TooLarge):
        one(b"<" + b" " * 1_100_000)
    monkeypatch.setattr("registry.limits.STATEMENT_LINES", 2)
    for write in (camt, mt940, table):
        with pytest.raises(TooLarge):
            one(write(LINES))


def test_nothing_on_the_host_is_opened(tmp_path: Path) -> None:
    """The library would read a file if the text were its name."""
    secret = tmp_path / "secret"
    secret.write_bytes(mt940(LINES))
    with pytest.raises(Invalid):
        one(str(secret).encode())


def test_control_characters_and_endless_words_are_taken_out() -> None:
    found = one(camt([dataclasses.replace(LINES[0], text="a\nb\u202e" + "x" * 5_000, name="<b>\u0085Bob")]))
    assert found.lines[0].text.startswith("a b x") and len(found.lines[0].text) == 1_000
    assert found.lines[0].name == "<b> Bob"


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_files_with_a_damaged_place_are_read_or_refused(data: st.DataObject) -> None:
    content = data.draw(st.sampled_from([camt(LINES), mt940(LINES), table(LINES)]))
    at = data.draw(st.integers(0, len(content) - 1))
    cut = data.draw(st.integers(0, 12))
    broken = content[:at] + data.draw(st.binary(max_size=8)) + content[at + cut :]
    try:
        found = read(broken, IBAN, "EUR", MAPPED)
    except (Invalid, TooLarge):
        return
    for each in found:
        assert each.opening_minor + sum(line.amount_minor for line in each.lines) == each.closing_minor
        assert all(isinstance(line, BankLine) and line.amount_minor and line.booked_on > dt.date.min
                   for line in each.lines)  # fmt: skip
