"""Small values with rules of their own."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated

from pydantic import AfterValidator

from builders.contract import safe_name

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,78}[a-z0-9])?")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def _matches(pattern: re.Pattern[str], what: str):  # type: ignore[no-untyped-def]
    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(f"{value[:80]!r} is not {what}.")
        return value

    return AfterValidator(check)


Slug = Annotated[str, _matches(_SLUG, "a name of lower-case letters, digits, dots and dashes")]


def is_digest(text: str) -> bool:
    """Whether a text is a sha256 in hexadecimal."""
    return bool(_DIGEST.fullmatch(text))


def slugify(text: str, fallback: str = "design") -> str:
    """A slug from a name: lower case, ASCII, dashes between words."""
    slug = re.sub(r"[._-]*-[._-]*", "-", safe_name(text, fallback).lower().replace("_", "-"))
    return slug.strip(".-")[:80].rstrip(".-") or fallback


def utcnow() -> dt.datetime:
    """Now, in UTC: what the database holds."""
    return dt.datetime.now(dt.UTC)
