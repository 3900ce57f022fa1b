"""Routes whose addresses are written by code that is made when it is first needed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from werkzeug.routing import Rule


class LateRule(Rule):
    """A route that compiles what builds its address on first use.

    Werkzeug compiles two functions for each route when it is added; of hundreds of routes a process builds addresses of
    a few, and a command of none.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        made = cache(super()._compile_builder)

        def build(rule: Rule, **values: Any) -> tuple[str, str]:
            return made(append_unknown).__get__(rule, None)(**values)

        return build
