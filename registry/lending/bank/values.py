"""Amounts, days, words and accounts as banks write them: read exactly, or refused."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Sequence

from schwifty import IBAN
from schwifty.exceptions import SchwiftyException

from registry import limits
from registry.errors import Invalid, TooLarge
from registry.ledger.money import iso_currency, plain
from registry.ledger.schemas import AMOUNT_MINOR_MAX
from registry.lending.bank.schemas import BankLine, BankStatement

_AMOUNT = re.compile(r"([+-]?)([0-9]{1,15})(?:\.([0-9]{1,10}))?")
# What banks write where they have no reference of their own.
_NO_REFERENCE = {"NONREF", "NOTPROVIDED", "NOTAVAILABLE", "NONE", "STARTUMS", "KREF"}


def minor_of(text: str, currency: str, where: str) -> int:
    """'-12.5' of a currency in its smallest unit. Raises: Invalid, never a guess."""
    found = _AMOUNT.fullmatch(text.strip())
    exponent = iso_currency(currency).exponent
    decimals = (found[3] or "").rstrip("0") if found else ""
    if not found or len(decimals) > exponent:
        raise Invalid(
            f"{where}: {text.strip()[:40] or 'nothing'} is no amount in {currency}.",
            "Nothing of the file was taken. Ask the bank for it anew.", field="file",
        )  # fmt: skip
    minor = int(found[2] + decimals.ljust(exponent, "0"))
    if minor > AMOUNT_MINOR_MAX:
        raise Invalid(f"{where}: {text.strip()[:40]} is more than the book takes.", "Look at the file.", field="file")
    return -minor if found[1] == "-" else minor


def told(minor: int, currency: str) -> str:
    """An amount for sentences: -12.50 EUR."""
    return f"{plain(minor, iso_currency(currency).exponent)} {currency}"


def day_of(text: str, where: str) -> dt.date:
    """A day as ISO 8601, with or without a time. Raises: Invalid."""
    try:
        return dt.date.fromisoformat(text.strip()[:10])
    except ValueError as error:
        raise Invalid(f"{where}: {text.strip()[:40] or 'nothing'} is no day.", "Look at the file.",
                      field="file") from error  # fmt: skip


def words(text: str | None, chars_max: int = limits.STATEMENT_TEXT_CHARS) -> str:
    """Words in one line; what is no letter, digit or sign is left out."""
    line = "".join(char if char.isprintable() else " " for char in unicodedata.normalize("NFC", text or ""))
    line = " ".join(line.split())
    return line if len(line) <= chars_max else line[: chars_max - 1] + "…"


def reference(text: str | None) -> str:
    """A bank's reference; '' for the words that banks write instead of one."""
    line = words(text, 80)
    return "" if line.upper() in _NO_REFERENCE else line


def known_iban(text: str | None) -> str:
    """An IBAN without spaces, or '' if it is none."""
    try:
        return str(IBAN((text or "").replace(" ", "")[:40]))
    except (SchwiftyException, ValueError):
        return ""


def same_account(written: str, iban: str) -> bool:
    """Whether what a bank writes is the account of an IBAN: the IBAN itself, or bank code and account number."""
    plain_text = re.sub(r"[^A-Z0-9/]", "", written.upper())
    for end in ("", iban_currency(plain_text)):
        if plain_text.removesuffix(end).replace("/", "") == iban:
            return True
    own = IBAN(iban)
    parts = re.fullmatch(r"([0-9]{5,12})/([0-9]{4,18})(?:[A-Z]{3})?", plain_text)
    if not parts or not own.bank_code or not own.account_code:
        return False
    return parts[1] == own.bank_code and parts[2].lstrip("0") == own.account_code.lstrip("0")


def iban_currency(text: str) -> str:
    """The currency that some banks write after the account, or ''."""
    return text[-3:] if text[-3:].isalpha() else ""


def checked(
    statement: BankStatement, own_iban: str, own_currency: str, where: str = "The statement"
) -> BankStatement:  # fmt: skip
    """The statement, if it is of this account and adds up. Raises: Invalid, with the sentence why."""
    if not same_account(statement.account, own_iban):
        raise Invalid(
            f"{where} is of another account: {statement.account[:40] or 'it names none'}.",
            f"This campaign's account is {own_iban}.", field="file",
        )  # fmt: skip
    if statement.currency != own_currency:
        raise Invalid(f"{where} is in {statement.currency[:12]}, this account in {own_currency}.",
                      "Take the statement of the campaign's own account.", field="file")  # fmt: skip
    total = sum(line.amount_minor for line in statement.lines)
    if statement.opening_minor + total != statement.closing_minor:
        raise Invalid(
            f"{where} does not add up: {told(statement.opening_minor, own_currency)} and bookings of "
            f"{told(total, own_currency)} don't make {told(statement.closing_minor, own_currency)}.",
            "Nothing of the file was taken. Ask the bank for it anew.", field="file",
        )  # fmt: skip
    return statement


def check_count(lines: Sequence[BankLine] | int) -> None:
    """Raises: TooLarge for more bookings than one file may hold."""
    count = lines if isinstance(lines, int) else len(lines)
    if count > limits.STATEMENT_LINES:
        raise TooLarge(f"The file holds more than {limits.STATEMENT_LINES} bookings.",
                       "Take statements of a shorter time.", field="file")  # fmt: skip
