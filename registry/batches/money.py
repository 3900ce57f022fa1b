"""Amounts of money: integers in the currency's smallest unit (ISO 4217), in and out as people write them."""

from __future__ import annotations

import functools
from decimal import Decimal, InvalidOperation

from babel.numbers import format_decimal, get_currency_precision, list_currencies

from registry.errors import Invalid

AMOUNT_MINOR_MAX = 10**12


@functools.cache
def _known() -> frozenset[str]:
    return frozenset(list_currencies())


def check_currency(code: str) -> str:
    """A currency's code in capitals. Raises: Invalid."""
    code = code.strip().upper()
    if len(code) != 3 or code not in _known():
        raise Invalid(
            f"{code[:20] or 'Nothing'} is no currency.", "Write its three letters, such as EUR.", field="currency"
        )
    return code


def parse_amount(text: str, currency: str, field: str = "price") -> int:
    """'12.50' as 1250 of the currency's smallest unit. Raises: Invalid."""
    digits = get_currency_precision(currency)
    plain = text.strip().replace("\u202f", "").replace(" ", "")
    if plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")  # 12,50 is how half of Europe writes it
    try:
        amount = Decimal(plain)
    except InvalidOperation as error:
        raise Invalid(f"{text[:40] or 'Nothing'} is no amount.", "Write it like 12.50.", field=field) from error
    if not amount.is_finite() or amount < 0 or amount > AMOUNT_MINOR_MAX:
        raise Invalid(f"{text[:40]} is no price that anybody pays.", "Write it like 12.50.", field=field)
    minor = amount.scaleb(digits)
    if minor != minor.to_integral_value():
        raise Invalid(f"{currency} has {digits} decimals, {text[:40]} has more.", "Round it.", field=field)
    return int(minor)


def plain_amount(minor: int, currency: str) -> str:
    """An amount as a form field holds it: 12.50."""
    return f"{Decimal(minor).scaleb(-get_currency_precision(currency)):f}"


def money(minor: int | None, currency: str) -> str:
    """An amount for people: 12.50 EUR; empty for None."""
    if minor is None:
        return ""
    digits = get_currency_precision(currency)
    value = Decimal(minor).scaleb(-digits)
    shape = "#,##0." + "0" * digits if digits else "#,##0"
    return format_decimal(value, format=shape, locale="en").replace(",", "\u202f") + f"\u00a0{currency}"
