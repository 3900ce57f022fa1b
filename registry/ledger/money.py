"""Amounts of the book as people write and read them, by the decimals that the book keeps of each currency."""

from __future__ import annotations

import functools
import re
from decimal import Decimal, InvalidOperation

from babel.numbers import get_currency_name, get_currency_precision, list_currencies

from registry.errors import Invalid
from registry.ledger.schemas import AMOUNT_MINOR_MAX, Currency

_AMOUNT = re.compile(r"([0-9]{1,15})(?:[.,]([0-9]{1,6}))?")
_OWN = re.compile(r"[A-Z]{4,12}")
_TAKEN = ("TRUE", "FALSE", "NULL")  # words of beancount's own


@functools.cache
def _known() -> frozenset[str]:
    return frozenset(list_currencies())


def iso_currency(code: str) -> Currency:
    """A currency of ISO 4217. Raises: Invalid."""
    if code not in _known():
        raise Invalid(
            f"{code[:20] or 'Nothing'} is no currency.", "Write its three letters, such as EUR.", field="currency"
        )
    return Currency(code=code, exponent=get_currency_precision(code), name=get_currency_name(code, locale="en"),
                    community="")  # fmt: skip


def check_own_code(code: str) -> str:
    """The code of a community's own currency: longer than ISO's, so that the two never meet. Raises: Invalid."""
    if not _OWN.fullmatch(code) or code in _TAKEN:
        raise Invalid(
            f"{code[:20] or 'Nothing'} can't be a currency of your own.",
            "Take 4 to 12 capital letters, such as HOURS.",
            field="currency",
        )  # fmt: skip
    return code


def parse_amount(text: str, currency: Currency, field: str = "amount") -> int:
    """'12.50' (or '12,50') as 1250; plain digits alone, above zero, no more decimals than the currency has.

    Raises: Invalid.
    """
    found = _AMOUNT.fullmatch(text.strip())
    if not found:
        raise Invalid(f"{text[:40] or 'Nothing'} is no amount.", "Write it like 12.50.", field=field)
    whole, decimals = found[1], found[2] or ""
    if len(decimals) > currency.exponent:
        raise Invalid(
            f"{currency.code} has {currency.exponent} decimals, {text[:40]} has more.", "Round it.", field=field
        )
    minor = int(whole + decimals.ljust(currency.exponent, "0"))
    if not 0 < minor <= AMOUNT_MINOR_MAX:
        raise Invalid(
            f"{text[:40]} is not an amount to be moved.", "Give one above zero, and not a fortune.", field=field
        )
    return minor


def parse_percent(text: str) -> int:
    """'5' or '7.5' per cent as ten-thousandths. Raises: Invalid."""
    try:
        share = Decimal(text.strip().rstrip("%").strip().replace(",", ".")) * 100
    except InvalidOperation as error:
        raise Invalid(f"{text[:20] or 'Nothing'} is no share.", "Write it like 7.5.", field="share") from error
    if not share.is_finite() or share != share.to_integral_value() or not 0 <= share <= 10_000:
        raise Invalid(f"{text[:20]} is no share.", "Write per cent with two decimals at most.", field="share")
    return int(share)


def plain(minor: int, exponent: int) -> str:
    """An amount in digits, as files hold it: -12.50."""
    return f"{Decimal(minor).scaleb(-exponent):f}"
