"""Payments out: refunds, disbursements, repayments as pain.001 files, valid against the schema or not made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from sepaxml import SepaTransfer
from sepaxml.validation import ValidationError
from text_unidecode import unidecode

from registry.errors import Invalid
from registry.lending.paying import Payee, check_name, check_payee

Schema = Literal["pain.001.001.03", "pain.001.001.09"]
SCHEMAS: tuple[Schema, ...] = get_args(Schema)
PAYMENTS_MAX = 5_000
AMOUNT_MINOR_MAX = 99_999_999_999
MESSAGE_CHARS = 140  # sepaxml would cut what is longer without a word


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A payment that leaves. `end_to_end` is ours alone, and comes back on the statement. Units: cents of the euro."""

    payee: Payee
    amount_minor: int
    message: str
    end_to_end: str


def pain001(payer: Payee, payments: Sequence[Outgoing], on: dt.date, schema: str = SCHEMAS[0]) -> bytes:
    """The file for the bank. Raises: Invalid; nothing is cut, rounded or left out."""
    if schema not in SCHEMAS:
        raise Invalid(f"There is no form {schema[:30]}.", f"Choose one of {', '.join(SCHEMAS)}.", field="schema")
    if not 1 <= len(payments) <= PAYMENTS_MAX:
        raise Invalid(f"A file holds 1 to {PAYMENTS_MAX} payments.", "Make several.", field="payments")
    if len({one.end_to_end for one in payments}) != len(payments):
        raise Invalid("A payment stands twice in the file.", "Give each its own reference.", field="payments")
    payer = check_payee(payer)
    _check_plain(payer.name, 70, "name")
    # Each payment is booked by itself: then the statement shows it with its own reference.
    told = {"name": payer.name, "IBAN": payer.iban, "batch": False, "currency": "EUR"}
    if payer.bic:
        told["BIC"] = payer.bic
    made = SepaTransfer(told, schema=schema, clean=True)
    for one in payments:
        payee = check_outgoing(one)
        row = {
            "name": payee.name,
            "IBAN": payee.iban,
            "amount": one.amount_minor,
            "execution_date": on,
            "description": one.message,
            "endtoend_id": one.end_to_end,
        }
        if payee.bic:
            row["BIC"] = payee.bic
        made.add_payment(row)
    try:
        written: bytes = made.export(validate=True)
    except ValidationError as error:
        raise Invalid("The file would not be valid for a bank.", "Look at names and messages.") from error
    return written


def check_outgoing(one: Outgoing) -> Payee:
    """The payee of a payment that a bank would take. Raises: Invalid."""
    payee = check_payee(one.payee)
    if type(one.amount_minor) is not int or not 1 <= one.amount_minor <= AMOUNT_MINOR_MAX:
        raise Invalid("A payment is 0.01 to 999999999.99 euros, in whole cents.", "Change it.", field="amount")
    if not (one.end_to_end.isascii() and one.end_to_end.isalnum() and len(one.end_to_end) <= 35):
        raise Invalid("A payment's reference is 1 to 35 letters and digits.", "Change it.", field="reference")
    _check_plain(payee.name, 70, "name")
    _check_plain(check_name(one.message, MESSAGE_CHARS, "message"), MESSAGE_CHARS, "message")
    return payee


def _check_plain(text: str, chars_max: int, field: str) -> None:
    """Banks take plain letters: sepaxml writes them so, and cuts what has grown too long. Raises: Invalid."""
    plain = unidecode(text)
    if not plain.strip() or len(plain) > chars_max:
        raise Invalid(
            f"{text[:40]} is empty or longer than {chars_max} characters in the plain letters that banks take.",
            "Write it shorter, in Latin letters.",
            field=field,
        )
