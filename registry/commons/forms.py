"""Forms of commons funds, made into what the schemas take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry.errors import Invalid
from registry.ledger.money import iso_currency, parse_amount


def money_of(form: Mapping[str, str]) -> dict[str, Any]:
    """Amount and currency of a form. Raises: Invalid."""
    currency = iso_currency(form.get("currency", "").strip().upper())
    return {"currency": currency.code, "amount_minor": parse_amount(form.get("amount", ""), currency)}


def proposal_values(form: Mapping[str, str]) -> dict[str, Any]:
    """A proposal. Raises: Invalid."""
    days = form.get("days", "").strip()
    if not (days.isascii() and days.isdigit() and len(days) < 4):
        raise Invalid("The number of days is missing.", "Write it in digits.", field="days")
    values = {name: form.get(name, "") for name in ("kind", "title", "text", "payee", "key")}
    return values | money_of(form) | {"days": int(days), "things_only": "things_only" in form}


def move_values(form: Mapping[str, str], currency: str) -> dict[str, Any]:
    """A step of a proposal. Raises: Invalid."""
    values: dict[str, Any] = {"action": form.get("action", ""), "words": form.get("words", "")}
    if form.get("amount", "").strip():
        values["amount_minor"] = parse_amount(form["amount"], iso_currency(currency))
    return values | {"paid_on": form.get("paid_on") or None}
