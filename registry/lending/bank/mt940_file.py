"""Statements of SWIFT MT940, read by the mt-940 library, whose sums are checked here."""

from __future__ import annotations

import datetime as dt
import decimal
import logging
import re
from typing import Any

from mt940 import Options
from mt940.models import Amount, Balance, Transactions

from registry import limits
from registry.errors import Invalid, TooLarge
from registry.ledger.money import iso_currency
from registry.lending.bank.schemas import BankLine, BankStatement
from registry.lending.bank.values import check_count, known_iban, minor_of, reference, words

# The library says at length what it can't read; the sentence for people is made here.
logging.getLogger("mt940").setLevel(logging.CRITICAL)
_CODED = re.compile(r"/(TRTP|IBAN|BIC|NAME|REMI|EREF|MARF|CSID|RTRN|ORDP|BENM|PREF)/")
_BLOCK = re.compile(r"(?m)^(?=:20:)")


def looks_like_it(content: bytes) -> bool:
    """Whether a file begins as MT940 does."""
    return bool(re.search(rb"(?m)^:20:", content[:4_000])) and bool(re.search(rb"(?m)^:60[FM]?:", content))


def read(content: bytes) -> list[BankStatement]:
    """The statements of a file. Raises: Invalid, TooLarge."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = "\n".join(line for line in text.split("\n") if not line.startswith(("-}", "{")))
    blocks = [block for block in _BLOCK.split(text) if block.startswith(":20:")]
    if not blocks:
        raise Invalid("The file holds no statement.", "Ask the bank for MT940.", field="file")
    if len(blocks) > limits.STATEMENTS_PER_FILE:
        raise TooLarge(f"The file holds more than {limits.STATEMENTS_PER_FILE} statements.", "Split it.", field="file")
    check_count(text.count("\n:61:"))
    return [_statement(block, number) for number, block in enumerate(blocks, 1)]


def _statement(block: str, number: int) -> BankStatement:
    where = f"Statement {number}"
    made = Transactions(options=Options.all())
    try:
        made.parse(block)
    except (RuntimeError, ValueError, TypeError, KeyError, AttributeError, decimal.InvalidOperation) as error:
        what = words(str(error.args[2]) if len(error.args) > 2 else str(error), 80)
        raise Invalid(f"{where} has a line that can't be read: {what}.",
                      "Nothing of the file was taken. Ask the bank for it anew.", field="file") from error  # fmt: skip
    said: dict[str, Any] = made.data
    _, opens = _balance(said, "opening", where)
    closing, closes = _balance(said, "closing", where)
    currency = str(closes.currency)
    if opens.currency != currency:
        raise Invalid(f"{where} has balances in two currencies.", "Ask the bank for it anew.", field="file")
    rows = [row.data for row in made.transactions if row.data.get("id")]
    if len(rows) != len(re.findall(r"(?m)^:61:", block)):
        raise Invalid(f"{where} has a booking that can't be read.", "Nothing of the file was taken.", field="file")
    lines = [_line(row, currency, f"{where}, booking {at}") for at, row in enumerate(rows, 1)]
    moving = [line for line in lines if line.amount_minor]
    until = _day(closing.date, where)
    days = [line.booked_on for line in lines] + [until]
    found = [f"{where}: bookings of 0 were left out. They move nothing."] if len(moving) < len(lines) else []
    return BankStatement(
        form="mt940", account=words(said.get("account_identification"), 60), currency=currency,
        number=words(said.get("statement_number"), 60), opening_minor=_minor(opens, currency, where),
        closing_minor=_minor(closes, currency, where), since=min(days), until=max(days), lines=moving,
        findings=found,
    )  # fmt: skip


def _balance(said: dict[str, Any], which: str, where: str) -> tuple[Balance, Amount]:
    for name in (f"final_{which}_balance", f"{which}_balance", f"intermediate_{which}_balance"):
        found = said.get(name)
        if isinstance(found, Balance) and isinstance(found.amount, Amount):
            return found, found.amount
    raise Invalid(f"{where} lacks its {which} balance.", "Ask the bank for the whole statement.", field="file")


def _minor(amount: Any, currency: str, where: str) -> int:
    if not isinstance(amount, Amount) or not amount.amount.is_finite() or not iso_currency(currency):
        raise Invalid(f"{where} has no amount that can be read.", "Nothing of the file was taken.", field="file")
    return minor_of(f"{amount.amount:f}", currency, where)


def _day(value: Any, where: str) -> dt.date:
    if not isinstance(value, dt.date):
        raise Invalid(f"{where} has no day that can be read.", "Nothing of the file was taken.", field="file")
    return dt.date(value.year, value.month, value.day)


def _line(row: dict[str, Any], currency: str, where: str) -> BankLine:
    valued = _day(row.get("date"), where)
    coded = _codes(str(row.get("transaction_details") or ""))
    reversal = str(row.get("status") or "").upper().startswith("R")
    returned = coded.get("RTRN") or row.get("return_debit_notes") or ""
    if not returned and str(row.get("id") or "").upper() == "NRTI":
        returned = "RETURN"
    return BankLine(
        booked_on=_day(row.get("entry_date") or valued, where), valued_on=valued,
        amount_minor=_minor(row.get("amount"), currency, where),
        bank_reference=reference(row.get("bank_reference")),
        name=words(row.get("applicant_name") or coded.get("NAME"), 140),
        iban=known_iban(row.get("applicant_iban") or row.get("gvc_applicant_iban") or coded.get("IBAN")),
        text=words(row.get("purpose") or coded.get("REMI") or row.get("transaction_details")
                   or row.get("extra_details")),
        end_to_end=reference(row.get("end_to_end_reference") or coded.get("EREF") or row.get("customer_reference")),
        return_code=words(returned, 20) or ("REVERSAL" if reversal else ""),
    )  # fmt: skip


def _codes(details: str) -> dict[str, str]:
    """'/IBAN/NL91.../REMI/...' by its codes."""
    pieces = _CODED.split(details.replace("\n", ""))
    return {code: value.strip() for code, value in zip(pieces[1::2], pieces[2::2], strict=False)}
