"""What kind of thing a line of a bill of materials is. Kinds as in tools.md, 'Bills of materials'."""

from __future__ import annotations

import re

from registry.builds.schemas import LineKind

# A stated kind or process decides before the words of a description do.
_STATED: tuple[tuple[LineKind, str], ...] = (
    ("board", r"\b(?:pcb|pcba|circuit board|printed circuit|board)\b"),
    ("printed", r"\b(?:3d[- ]?print\w*|printed|fdm|fff|sla|sls|mjf|additive)\b"),
    (
        "sheet",
        r"\b(?:sheet|plate|laser[- ]?cut\w*|laser|plasma[- ]?cut\w*|water[- ]?jet|bent|folded|flat|acrylic panel)\b",
    ),
    (
        "machined",
        r"\b(?:machined|turned|milled|cnc|lathe|drilled|sawn|welded|weldment|profile|tube|made|fabricated|custom)\b",
    ),
    ("fastener", r"\b(?:fasteners?|screws?|bolts?|nuts?|washers?|rivets?|inserts?|standoffs?|hardware)\b"),
    (
        "consumable",
        r"\b(?:consumables?|oil|paint|glue|adhesive|solder|wire feed|welding wire|grease|tape|lubricant|primer)\b",
    ),
    ("electronic", r"\b(?:electronics?|electronic components?|electrical|component|smd|smt|tht|ic|semiconductor)\b"),
    ("off-the-shelf", r"\b(?:off[- ]the[- ]shelf|bought|purchased|cots|standard part|hydraulics?|vendor|stock)\b"),
)
_WORDS: tuple[tuple[LineKind, str], ...] = (
    ("fastener", r"\bM\d+(?:\.\d+)?\s*[x×]\s*\d+|\b(?:ISO|DIN)\s*(?:4762|4014|4017|4032|7380|7089|7091|912|933|934|125|985|10642)\b|\b(?:screw|bolt|nut|washer|rivet|threaded insert|heat[- ]set insert|standoff|schraube|mutter)s?\b"),
    ("consumable", r"\b(?:glue|epoxy|hydraulic oil|oil|grease|paint|solder|welding wire|tape|loctite|silicone sealant|primer)\b"),
    ("printed", r"\b(?:PLA|PETG|ABS|ASA|TPU|3d[- ]?printed)\b"),
    ("sheet", r"\b(?:steel plate|sheet metal|laser[- ]cut|plywood|acrylic sheet|MDF)\b"),
)  # fmt: skip
_MADE: tuple[LineKind, ...] = ("printed", "machined", "sheet")


def is_made(kind: LineKind) -> bool:
    """True for what is made from stock for this design."""
    return kind in _MADE


def kind_of(stated: str, process: str, text: str, *, has_designators: bool) -> LineKind:
    """The kind of a line, from its own column, its process, its designators, then its words."""
    for said in (stated, process):
        for kind, pattern in _STATED:
            if said and re.search(pattern, said, re.IGNORECASE):
                return kind
    if has_designators:
        return "electronic"
    for kind, pattern in _WORDS:
        if re.search(pattern, text, re.IGNORECASE):
            return kind
    return "off-the-shelf"
