"""Forms as browsers send them, made into the values that the schemas take."""

from __future__ import annotations

import re
from collections.abc import Mapping

from werkzeug.datastructures import MultiDict

from registry.batches.money import check_currency, parse_amount
from registry.errors import Invalid

BREAK_ROWS = 5


def whole(text: str, field: str, name: str) -> int:
    """A whole number. Raises: Invalid."""
    plain = text.strip().replace(" ", "")
    if not re.fullmatch(r"-?\d{1,9}", plain):
        raise Invalid(f"{name} is not a whole number.", "Write it in digits.", field=field)
    return int(plain)


def quantities(text: str) -> list[int]:
    """'10, 50 100' as numbers. Raises: Invalid."""
    return [
        whole(part, "quantities", f"The quantity {part[:20]}") for part in re.split(r"[,;\s]+", text.strip()) if part
    ]


def breaks(form: Mapping[str, str], currency: str) -> list[dict[str, int]]:
    """The rows of price breaks that are filled in. Raises: Invalid."""
    rows = []
    for place in range(1, BREAK_ROWS + 1):
        quantity, price = form.get(f"quantity-{place}", "").strip(), form.get(f"price-{place}", "").strip()
        if quantity and price:
            rows.append(
                {
                    "quantity": whole(quantity, "prices", f"The quantity {quantity[:20]}"),
                    "unit_minor": parse_amount(price, currency, "prices"),
                }
            )
        elif price:
            raise Invalid(f"The price {price[:20]} has no quantity.", "Say from how many units on.", field="prices")
    return rows


def request_values(form: MultiDict[str, str]) -> dict[str, object]:
    """A request for quotation."""
    values: dict[str, object] = {key: form[key] for key in ("design", "version", "place", "notes") if key in form}
    values |= {"fabricators": form.getlist("fabricators"), "quantities": quantities(form.get("quantities", ""))}
    values |= {"wanted_by": form.get("wanted_by") or None, "panel": "panel" in form}
    if not values["fabricators"]:
        raise Invalid("Nobody is asked.", "Tick at least one fabricator.", field="fabricators")
    if not values["quantities"]:
        raise Invalid("The quantities are missing.", "Write one or several, such as 10, 50.", field="quantities")
    return values | {"vendor_form": form.get("vendor_form") or "plain"}


def offer_values(form: Mapping[str, str]) -> dict[str, object]:
    """A quote."""
    currency = check_currency(form.get("currency", ""))
    return {
        "currency": currency,
        "other_currency": "other_currency" in form,
        "prices": breaks(form, currency),
        "setup_minor": parse_amount(form.get("setup") or "0", currency, "setup"),
        "lead_days": whole(form.get("lead_days", ""), "lead_days", "The lead time"),
        **{key: form.get(key, "") for key in ("valid_until", "excluded", "terms", "why")},
    }


def batch_values(form: MultiDict[str, str]) -> dict[str, object]:
    """A batch."""
    values: dict[str, object] = {
        "units_min": whole(form.get("units_min", ""), "units_min", "The minimum"),
        "units_max": whole(form.get("units_max", ""), "units_max", "The maximum"),
        "units_per_person": whole(form["units_per_person"], "units_per_person", "The number for each person")
        if form.get("units_per_person")
        else None,
        "deadline_at": form.get("deadline_at", ""),
        "notes": form.get("notes", ""),
    }
    if form.get("quote"):
        return values | {"quote": whole(form["quote"], "quote", "The quote")}
    currency = check_currency(form.get("currency", ""))
    values |= {"design": form.get("design", ""), "version": form.get("version", ""), "currency": currency}
    return values | {"fabricators": form.getlist("fabricators"), "prices": breaks(form, currency)}
