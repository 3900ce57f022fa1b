"""The parts of a board: what its schematic says, completed from the board; and a plain table of them."""

from __future__ import annotations

import csv
import io
import re
import shlex
from collections.abc import Iterable
from typing import Any

from builders.kicad.sexpr import Node, child, children, text_at, value

FIELDS_MAX = 200
# How designers say in a field of their own that a part is left out; KiCad has a flag of its own since version 7.
_DNP_NAMES = re.compile(r"^(?:dnp|dnf|dns|do[ _-]?not[ _-]?(?:populate|fit|stuff|place))$", re.IGNORECASE)
_FITTED_NAMES = re.compile(r"^(?:population|populate|populated|fitted|fit|config|assembly|stuff)$", re.IGNORECASE)
_DNP_TEXT = re.compile(
    r"\b(?:dnp|dnf|dns|do not (?:populate|fit|stuff|place)|not (?:fitted|populated))\b", re.IGNORECASE
)
_NO = ("", "0", "no", "false", "~")
_HIDDEN = ("Footprint", "Datasheet", "Description", "Reference", "Value")
_LEGACY_FIELD = re.compile(r"^F\s+(\d+)\s+")
_UNSAFE_CELL = re.compile(r"^[=+\-@\t\r]")
_NUMBER = re.compile(r"^[+-]?[0-9.,]++\s*[\w%Ωµ°/]*$")


def natural(reference: str) -> list[Any]:
    """A sort key that puts R2 before R10."""
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in re.split(r"(\d+)", reference) if part]


def from_netlist(netlist: Node) -> list[dict[str, Any]]:
    """The components of a netlist that KiCad exported from a schematic."""
    found = []
    for node in children(child(netlist, "components") or [], "comp"):
        fields: dict[str, str] = {}
        for item in children(child(node, "fields") or [], "field"):
            name = text_at(child(item, "name"))
            texts = [part for part in item[2:] if isinstance(part, str)]
            if name and name not in _HIDDEN and not name.startswith("ki_") and len(fields) < FIELDS_MAX:
                fields[name] = texts[0] if texts else ""
        flags = {text_at(child(item, "name")) for item in children(node, "property") if child(item, "value") is None}
        found.append(
            {
                "reference": value(node, "ref"),
                "value": value(node, "value"),
                "footprint": value(node, "footprint"),
                "datasheet": value(node, "datasheet").strip("~"),
                "description": value(node, "description")
                or text_at(child(child(node, "libsource") or [], "description")),
                "fields": fields,
                "dnp": "dnp" in flags,
                "exclude_from_bom": "exclude_from_bom" in flags,
                "exclude_from_board": "exclude_from_board" in flags,
                "sheet": text_at(child(child(node, "sheetpath") or [], "names")),
            }
        )
    return found


def from_legacy(texts: Iterable[str]) -> list[dict[str, Any]]:
    """The components of KiCad 5 schematics, read from their text: KiCad's own export of them is empty."""
    found: dict[str, dict[str, Any]] = {}
    for text in texts:
        for block in re.findall(r"^\$Comp\s*$(.*?)^\$EndComp\s*$", text, re.DOTALL | re.MULTILINE):
            for part in _legacy_parts(block):
                known = found.setdefault(part["reference"], part)
                known["fields"] = part["fields"] | known["fields"]
    return list(found.values())


def _legacy_parts(block: str) -> list[dict[str, Any]]:
    """The parts of one block: more than one when its sheet is used several times."""
    texts: dict[int, str] = {}
    fields: dict[str, str] = {}
    references: list[str] = []
    for line in block.splitlines():
        if line.startswith("L "):
            references.insert(0, line.split()[-1])
        elif line.startswith("AR "):
            references += re.findall(r'Ref="([^"]*)"', line)
        elif match := _LEGACY_FIELD.match(line):
            try:
                words = shlex.split(line.replace("'", "\\'"), posix=True)
            except ValueError:
                continue
            number = int(match[1])
            texts[number] = words[2] if len(words) > 2 and words[2] != "~" else ""
            if number > 3 and len(fields) < FIELDS_MAX:
                # The user's name of a field comes last, after style and orientation.
                name = words[-1] if len(words) > 10 else f"Field{number}"
                fields[name] = texts[number]
    # With AR lines, the L line repeats one of them or shows the library's default.
    chosen = list(dict.fromkeys(references[1:] or references))
    return [
        {
            "reference": reference,
            "value": texts.get(1, ""),
            "footprint": texts.get(2, ""),
            "datasheet": texts.get(3, ""),
            "description": "",
            "fields": dict(fields),
            "dnp": False,
            "exclude_from_bom": False,
            "exclude_from_board": False,
            "sheet": "",
        }
        for reference in chosen
        if reference and not reference.startswith("#") and not reference.endswith("?")
    ]


def says_dnp(worth: str, fields: dict[str, str]) -> bool:
    """Whether a designer's own words say that a part is not populated."""
    if _DNP_TEXT.search(worth):
        return True
    for name, text in fields.items():
        if _DNP_NAMES.match(name) and text.strip().lower() not in _NO:
            return True
        if _FITTED_NAMES.match(name) and (_DNP_TEXT.search(text) or text.strip().lower() in ("no", "false")):
            return True
    return False


def merge(parts: list[dict[str, Any]], footprints: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every part once: the schematic's fields with the board's place; board-only footprints after their own say."""
    placed: dict[str, dict[str, Any]] = {}
    again: list[dict[str, Any]] = []  # of the same designator: parts all the same, where no schematic says otherwise
    for footprint in footprints:
        if placed.setdefault(footprint["reference"], footprint) is not footprint:
            again.append(footprint)
    rows = []
    for part in parts:
        rows.append(_row(part, placed.pop(part["reference"], None)))
    from_schematic = bool(parts)
    for reference, footprint in [
        *placed.items(),
        *((other["reference"], other) for other in again if not from_schematic),
    ]:
        if not reference or (from_schematic and footprint["exclude_from_bom"] and footprint["exclude_from_positions"]):
            continue
        row = _row(footprint | {"sheet": "", "exclude_from_board": False}, footprint)
        # A footprint that the schematic doesn't know is no part to buy: a logo, a fiducial, a tool's leftover.
        row["only_on_board"] = from_schematic and not row["exclude_from_bom"]
        row["exclude_from_bom"] = row["exclude_from_bom"] or from_schematic
        rows.append(row)
    return sorted(rows, key=lambda row: natural(row["reference"]))


def _row(part: dict[str, Any], footprint: dict[str, Any] | None) -> dict[str, Any]:
    fields = dict(part["fields"])
    for name, text in (footprint or {}).get("fields", {}).items():
        if name not in _HIDDEN and name not in fields:
            fields[name] = text
    extra = (footprint or {}).get("fields", {})
    return {
        "reference": part["reference"],
        "value": part["value"],
        "footprint": part["footprint"] or (footprint or {}).get("footprint", ""),
        "datasheet": part.get("datasheet") or fields.pop("Datasheet", "") or extra.get("Datasheet", "").strip("~"),
        "description": part.get("description") or fields.pop("Description", "") or extra.get("Description", ""),
        "fields": {name: text for name, text in fields.items() if name not in _HIDDEN},
        "dnp": part["dnp"] or bool(footprint and footprint["dnp"]) or says_dnp(part["value"], fields),
        "exclude_from_bom": part["exclude_from_bom"] or bool(footprint and footprint["exclude_from_bom"]),
        "exclude_from_positions": bool(footprint and footprint["exclude_from_positions"]),
        "on_board": footprint is not None,
        "side": footprint["side"] if footprint else "",
        "layer": footprint["layer"] if footprint else "",
        "x_mm": footprint["x_mm"] if footprint else None,
        "y_mm": footprint["y_mm"] if footprint else None,
        "rotation_deg": footprint["rotation_deg"] if footprint else None,
        "technology": footprint["technology"] if footprint else "",
        "sheet": part["sheet"],
    }


def safe_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if _UNSAFE_CELL.match(text) and not _NUMBER.match(text) else text


def table(components: list[dict[str, Any]]) -> str:
    """The plain bill of materials as CSV: like parts in one line, all fields of the designer's."""
    names = sorted({name for part in components for name in part["fields"]})
    groups: dict[tuple[Any, ...], list[str]] = {}
    for part in components:
        same = ("value", "footprint", "datasheet", "description", "dnp", "exclude_from_bom")
        key = tuple(part[name] for name in same)
        groups.setdefault((*key, *(part["fields"].get(name, "") for name in names)), []).append(part["reference"])
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    head = ["References", "Value", "Footprint", "Qty", "DNP", "Exclude from BOM", "Datasheet", "Description"]
    writer.writerow([safe_cell(cell) for cell in (*head, *names)])
    for key, references in groups.items():
        worth, footprint, datasheet, description, dnp, excluded, *fields = key
        marks = ["yes" if dnp else "", "yes" if excluded else ""]
        cells = [", ".join(references), worth, footprint, str(len(references)), *marks]
        writer.writerow([safe_cell(cell) for cell in (*cells, datasheet, description, *fields)])
    return text.getvalue()
