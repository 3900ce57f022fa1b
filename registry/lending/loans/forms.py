"""Forms of loans on their way back, made into the values that the schemas take."""

from __future__ import annotations

from collections.abc import Mapping

from registry.batches.forms import whole
from registry.ledger.money import iso_currency, parse_amount


def sale_values(form: Mapping[str, str], currency: str) -> dict[str, object]:
    """A sale. Raises: Invalid."""
    return {
        "price_minor": parse_amount(form.get("price", ""), iso_currency(currency), "price"),
        "serial": form.get("serial", ""), "sold_on": form.get("sold_on", ""), "key": form.get("key", ""),
    }  # fmt: skip


def goods_values(form: Mapping[str, str]) -> dict[str, object]:
    """Units asked for, or offered. Raises: Invalid."""
    return {
        "units": whole(form.get("units", ""), "units", "The number of units"),
        "lender": form.get("lender", ""), "words": form.get("words", ""),
    }  # fmt: skip


def excess_values(form: Mapping[str, str], currency: str) -> dict[str, object]:
    """What is given of an excess. Raises: Invalid."""
    return {
        "amount_minor": parse_amount(form.get("amount", ""), iso_currency(currency), "amount"),
        "why": form.get("why", ""), "key": form.get("key", ""),
    }  # fmt: skip
