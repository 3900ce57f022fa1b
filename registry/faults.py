"""What pydantic refuses, as a sentence for people: the field in their words, and what it should be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

_UNITS = {"mm": "mm", "km": "km", "kg": "kg", "deg": "degrees", "um": "µm", "c": "°C", "bar": "bar", "kn": "kN",
          "rpm": "rpm", "w": "W", "g": "g", "s": "seconds"}  # fmt: skip
# Of a field that may be one of several types, pydantic names the type too.
_TYPES = frozenset(("int", "float", "str", "bool", "constrained-str", "constrained-int", "list", "dict", "none"))
_WORDS = {
    "missing": "it is missing",
    "int_parsing": "a whole number is expected",
    "int_type": "a whole number is expected",
    "int_from_float": "a whole number is expected",
    "float_parsing": "a number is expected",
    "float_type": "a number is expected",
    "finite_number": "a number is expected",
    "bool_parsing": "yes or no is expected",
    "bool_type": "yes or no is expected",
    "string_type": "words are expected",
    "list_type": "a list is expected",
    "extra_forbidden": "nothing is known by this name",
}


def field_words(path: Iterable[str | int]) -> str:
    """The place of a fault in people's words, lists counted from one.

    ('materials', 0, 'thickness_max_mm') is 'materials 1, thickness max (mm)'.
    """
    told: list[str] = []
    for part in path:
        if isinstance(part, int):
            told[-1:] = [f"{told[-1] if told else 'line'} {part + 1}"]
        elif re.fullmatch(r"\w+", part) and part not in _TYPES:
            told.append(_name(part))
    return ", ".join(told)


def _name(part: str) -> str:
    words = part.split("_")
    if "minor" in words:
        words.remove("minor")
        return f"{' '.join(words) or 'amount'} (in the currency's smallest unit)"
    if "id" in words[1:]:
        words.remove("id")
    unit = next((word for word in words[1:] if word in _UNITS), "")
    if unit:
        words.remove(unit)
    return " ".join(words) + (f" ({_UNITS[unit]})" if unit else "")


def field_name(path: Iterable[str | int]) -> str:
    """The place of a fault as programs and forms name it."""
    return ".".join(str(part) for part in path if re.fullmatch(r"\w+", str(part)) and part not in _TYPES)


def what_is_wrong(fault: Any) -> str:
    """What one of pydantic's errors says, without its terms; no full stop."""
    if known := _WORDS.get(fault["type"]):
        return known
    context = fault.get("ctx") or {}
    if fault["type"] == "string_too_long":
        return f"at most {context['max_length']} letters are taken"
    if fault["type"] == "string_too_short":
        least = context["min_length"]
        return "it is empty" if least == 1 else f"at least {least} letters are needed"
    if fault["type"] == "literal_error":
        return f"one of {context['expected']} is expected".replace(" or ", ", ")
    what = str(fault["msg"]).removeprefix("Value error, ").rstrip(".")
    return re.sub(r"^Input should be ", "it should be ", what)


def told(error: ValidationError, whole: str = "The input") -> tuple[str, str]:
    """(field, sentence) of the first thing that pydantic refused; `whole` names what has no field."""
    first = error.errors()[0]
    words = field_words(first["loc"]) or whole
    return field_name(first["loc"]), f"{words}: {what_is_wrong(first)}."
