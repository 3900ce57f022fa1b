"""Places on a page that other features fill, without being imported by the page's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from markupsafe import Markup

Filler = Callable[..., str]
_fillers: dict[str, dict[str, tuple[int, Filler]]] = {}


def register(slot: str, filler: Filler, *, place: int = 5) -> None:
    """Let `filler(**context)` add HTML to a slot, lower places first; asked for twice, it fills once."""
    _fillers.setdefault(slot, {})[f"{filler.__module__}.{filler.__qualname__}"] = (place, filler)


def fill(slot: str, **context: Any) -> Markup:
    """What the features put into a slot, by place and then in the order they registered."""
    fillers = sorted(_fillers.get(slot, {}).values(), key=lambda entry: entry[0])
    return Markup("").join(Markup(filler(**context)) for _, filler in fillers)
