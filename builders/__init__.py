"""Builders: one room per tool. `all_builders` is the one list of them."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from builders.contract import Builder

_ROOMS = ("kicad", "cadquery_script", "step", "mesh", "openscad", "bom_table")


@cache
def all_builders() -> tuple[Builder, ...]:
    """Every builder, in the order in which they look at a tree."""
    found: list[Builder] = []
    for room in _ROOMS:
        module = import_module(f"builders.{room}")
        found += getattr(module, "BUILDERS", None) or [module.BUILDER]
    return tuple(found)
