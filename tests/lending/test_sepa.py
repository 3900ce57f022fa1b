"""Files for the bank: valid against the schema, nothing lost, nothing hostile let through."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import pytest
import sepaxml
import xmlschema
from defusedxml import ElementTree

from registry.errors import Invalid
from registry.lending.paying import Payee
from registry.lending.sepa import SCHEMAS, Outgoing, pain001

CAMPAIGN = Payee("Brick campaign", "DE89370400440532013000", "COBADEFFXXX")
FIRST = Outgoing(Payee("Zoë Müller & Co", "NL91ABNA0417164300"), 1_005, "Refund of RF26BY12P345", "REFUND12P345")
SECOND = dataclasses.replace(FIRST, amount_minor=99_999_999_999, end_to_end="REFUND12P346")


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_file_is_valid_and_holds_every_cent(schema: str, tmp_path: Path) -> None:
    written = pain001(CAMPAIGN, [FIRST, SECOND], dt.date(2028, 2, 29), schema)
    (tmp_path / "out.xml").write_bytes(written)
    xmlschema.XMLSchema(Path(sepaxml.__file__).parent / "schemas" / f"{schema}.xsd").validate(tmp_path / "out.xml")
    tree = ElementTree.fromstring(written)
    at = {"p": f"urn:iso:std:iso:20022:tech:xsd:{schema}"}
    assert [one.text for one in tree.iterfind(".//p:InstdAmt", at)] == ["10.05", "999999999.99"]
    assert {one.get("Ccy") for one in tree.iterfind(".//p:InstdAmt", at)} == {"EUR"}
    assert [one.text for one in tree.iterfind(".//p:EndToEndId", at)] == ["REFUND12P345", "REFUND12P346"]
    assert tree.findtext(".//p:GrpHdr/p:CtrlSum", "", at) == "1000000010.04"
    assert tree.findtext(".//p:CdtrAcct/p:Id/p:IBAN", "", at) == FIRST.payee.iban


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount_minor": 0}, {"amount_minor": -1}, {"amount_minor": 10**11}, {"amount_minor": 1.005},
        {"message": "x" * 141}, {"message": "ß" * 71}, {"payee": Payee("漢" * 70, CAMPAIGN.iban)},
        {"message": "ﷺ"}, {"message": "two\nlines"}, {"end_to_end": ""}, {"end_to_end": "A\nB"},
        {"end_to_end": "x" * 36}, {"payee": Payee("Zoë", "NL91ABNA0417164301")},
        {"payee": Payee("A\nB", CAMPAIGN.iban)},
    ],
)  # fmt: skip
def test_what_a_bank_would_refuse_is_refused_here(wrong: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        pain001(CAMPAIGN, [dataclasses.replace(FIRST, **wrong)], dt.date(2028, 2, 29))  # type: ignore[arg-type]


def test_no_payment_stands_twice_and_none_is_no_file() -> None:
    for payments in ([], [FIRST, FIRST]):
        with pytest.raises(Invalid):
            pain001(CAMPAIGN, payments, dt.date(2028, 2, 29))
    with pytest.raises(Invalid):
        pain001(CAMPAIGN, [FIRST], dt.date(2028, 2, 29), "pain.008.001.02")
