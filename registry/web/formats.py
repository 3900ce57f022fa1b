"""Values as people read them: each with its unit."""

from __future__ import annotations

import datetime as dt

from markupsafe import Markup

_SPANS = (
    (365 * 86400, "year"),
    (30 * 86400, "month"),
    (7 * 86400, "week"),
    (86400, "day"),
    (3600, "hour"),
    (60, "minute"),
)
NARROW = "\u202f"


def number(value: float, digits: int = 2) -> str:
    """A number without needless zeros, thousands apart: 12 500.5"""
    text = f"{value:,.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:,.0f}"
    return text.replace(",", NARROW) if text not in ("-0", "") else "0"


def unit(value: float | None, name: str, digits: int = 2) -> str:
    """A number with its unit, or nothing."""
    return "" if value is None else f"{number(value, digits)}{NARROW}{name}"


def size(size_bytes: int) -> str:
    """A file size: 812 B, 4.1 kB, 12 MB."""
    value = float(size_bytes)
    for name in ("B", "kB", "MB"):
        if value < 1000:
            return unit(value, name, 0 if name == "B" or value >= 10 else 1)
        value /= 1000
    return unit(value, "GB", 1)


def seconds(value: float | None) -> str:
    """A duration: 0.42 s, 12 s, 3 min 5 s."""
    if value is None:
        return ""
    if value < 60:
        return unit(value, "s", 2 if value < 1 else 1 if value < 10 else 0)
    minutes, rest = divmod(round(value), 60)
    return unit(minutes, "min", 0) + (f" {unit(rest, 's', 0)}" if rest else "")


def grams(value: float | None) -> str:
    """A mass: 12.5 g, 3.2 kg."""
    if value is None:
        return ""
    return unit(value / 1000, "kg", 2) if value >= 1000 else unit(value, "g", 1)


def dimensions(values: dict[str, float] | None) -> str:
    """Outer dimensions: 40 × 30 × 12 mm."""
    if not values:
        return ""
    ordered = [values[key] for key in ("width", "depth", "height") if key in values] or list(values.values())
    return " × ".join(number(value, 1) for value in ordered) + f"{NARROW}mm"


def amount(minor: int, exponent: int, code: str) -> str:
    """An amount of the book, whose currencies keep their own decimals: 1 234.50 HOURS."""
    whole, rest = divmod(abs(minor), 10**exponent)
    decimals = f".{rest:0{exponent}d}" if exponent else ""
    return f"{'−' if minor < 0 else ''}{f'{whole:,}'.replace(',', NARROW)}{decimals}\u00a0{code}"


def plural(count: int, one: str, many: str = "") -> str:
    """A count with its noun: 1 board, 3 boards."""
    return f"{number(count, 0)} {one if count == 1 else many or one + 's'}"


def relative(moment: dt.datetime, now: dt.datetime | None = None) -> str:
    """How long ago, in words."""
    now = now or dt.datetime.now(dt.UTC).replace(tzinfo=None)
    gone = (now - moment).total_seconds()
    for span, name in _SPANS:
        if gone >= span:
            return f"{plural(int(gone // span), name)} ago"
    return "just now" if gone > -60 else f"on {moment:%-d %B %Y}"


def when(moment: dt.datetime | None) -> Markup:
    """A moment: relative, with the exact one on hover and for machines."""
    if moment is None:
        return Markup("")
    if moment.tzinfo:
        moment = moment.astimezone(dt.UTC).replace(tzinfo=None)
    return Markup('<time datetime="{}Z" title="{}">{}</time>').format(
        moment.isoformat(timespec="seconds"), f"{moment:%-d %B %Y, %H:%M:%S} UTC", relative(moment)
    )


def breakable(name: str) -> Markup:
    """A long technical name that may go on in the next line after each underscore, and nowhere inside a word."""
    return Markup("_<wbr>").join(name.split("_"))


def short(digest: str) -> str:
    """The first characters of a hash: enough to recognise it."""
    return digest[:7] if len(digest) <= 40 else digest[:12]
