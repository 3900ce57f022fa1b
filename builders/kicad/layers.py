"""Layers of a board as the viewer wants them: which picture is which, from top to bottom."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from builders.kicad.sexpr import Node, child, text_at

# What KiCad calls a layer in file names, where it is not the layer's own name.
_SHOWN = {
    "F.SilkS": "F.Silkscreen",
    "B.SilkS": "B.Silkscreen",
    "F.CrtYd": "F.Courtyard",
    "B.CrtYd": "B.Courtyard",
    "F.Adhes": "F.Adhesive",
    "B.Adhes": "B.Adhesive",
    "Dwgs.User": "User.Drawings",
    "Cmts.User": "User.Comments",
}
_KINDS = {
    "Cu": "copper",
    "Mask": "mask",
    "Paste": "paste",
    "SilkS": "silkscreen",
    "Fab": "fabrication",
    "CrtYd": "courtyard",
    "Adhes": "adhesive",
    "Cuts": "outline",
}
_DRAWN = re.compile(rb"<(?:path|circle|rect|polyline|polygon|line|ellipse|text|use)\b")


def is_copper(number: int, name: str, use: str) -> bool:
    """Whether a row of a board's table of layers is copper.

    KiCad 9 gives uses to the designer's own layers, too; before KiCad 6 a copper layer may have any name.
    """
    return use in ("signal", "power", "mixed", "jumper") and (name.endswith(".Cu") or number <= 31)


def _number(row: Node) -> int:
    written = text_at(row, 0)
    return int(written) if re.fullmatch(r"\d{1,4}", written, re.ASCII) else 0


def _own_name(row: Node) -> str:
    """The designer's name for a layer; before KiCad 6, a layer that is switched off says `hide` in its place."""
    name = text_at(row, 3)
    return "" if name == "hide" else name


def user_names(board: Node, copper: Sequence[str]) -> dict[str, str]:
    """Layer -> the designer's name for it, as it shows up in file names."""
    names = dict(_SHOWN)
    rows = [row for row in (child(board, "layers") or [])[1:] if isinstance(row, list)]
    # KiCad 5 renames a copper layer in place; later versions keep the name and add the designer's after it.
    own = [row for row in rows if is_copper(_number(row), text_at(row, 1), text_at(row, 2))]
    own.sort(key=lambda row: (text_at(row, 1) == "B.Cu" or text_at(row, 0) == "31", _number(row)))
    for layer, row in zip(copper, own, strict=False):
        names[layer] = _own_name(row) or text_at(row, 1)
    for row in rows:
        if _own_name(row) and text_at(row, 1) not in copper:
            names[text_at(row, 1)] = _own_name(row)
    return names


def file_part(name: str) -> str:
    """How KiCad writes a layer's name in a file name."""
    return re.sub(r'[./\\:*?"<>|% ]', "_", name)


def describe(layer: str, name: str, path: str) -> dict[str, Any]:
    """One entry of the facts' list of layer pictures."""
    side = {"F": "top", "B": "bottom"}.get(layer.split(".")[0], "inner" if layer.startswith("In") else "both")
    return {
        "path": path,
        "layer": layer,
        "name": name,
        "kind": _KINDS.get(layer.split(".")[-1], "drawing"),
        "side": side,
    }


def is_drawn(svg: bytes) -> bool:
    """Whether a picture shows anything at all."""
    return bool(_DRAWN.search(svg))
