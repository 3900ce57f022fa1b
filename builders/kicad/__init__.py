"""KiCad projects and boards, built with KiCad's own programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from builders.kicad.builder import BUILDER

__all__ = ["BUILDER"]


def __getattr__(name: str) -> Any:
    # Programs in the sandbox import this package for its readers, and have no need of the builder.
    if name == "BUILDER":
        from builders.kicad.builder import BUILDER

        return BUILDER
    raise AttributeError(name)
