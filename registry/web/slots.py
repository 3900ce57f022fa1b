"""Places on a page that other features fill, without being imported by the page's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from markupsafe import Markup

Filler = Callable[..., str]
_fillers: dict[str, dict[str, Filler]] = {}


def register(slot: str, filler: Filler) -> None:
    """Let `filler(**context)` add HTML to a slot; asked for twice, it fills once."""
    _fillers.setdefault(slot, {})[f"{filler.__module__}.{filler.__qualname__}"] = filler


def fill(slot: str, **context: Any) -> Markup:
    """What the features put into a slot, in the order they registered."""
    return Markup("").join(Markup(filler(**context)) for filler in _fillers.get(slot, {}).values())
