"""What a board carries, counted from KiCad's own files by a reader of its own, against the bill of materials.

Nothing here is shared with the builders: two readers that agree are worth more than one that is trusted.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(r'\(|\)|"(?:[^"\\]|\\.)*"|[^\s()"]+')


@dataclass(frozen=True)
class Piece:
    """One designator as the sources have it; `placed` is True for what a pick-and-place machine may be told of."""

    designator: str
    value: str
    footprint: str
    wanted: bool
    fitted: bool
    smd: bool
    placed: bool
    on_board: bool
    at: tuple[float, float, float, str]


def read(text: str) -> list[Any]:
    """The first s-expression of a text as nested lists."""
    stack: list[list[Any]] = [[]]
    for token in _TOKEN.findall(text):
        if token == "(":
            stack.append([])
        elif token == ")":
            done = stack.pop()
            stack[-1].append(done)
            if len(stack) == 1:
                return done
        else:
            stack[-1].append(re.sub(r"\\(.)", r"\1", token[1:-1]) if token[0] == '"' else token)
    raise ValueError("the text ends early")


def named(node: list[Any], *names: str) -> list[list[Any]]:
    return [item for item in node if isinstance(item, list) and item and item[0] in names]


def said(node: list[Any], name: str, default: str = "") -> str:
    found = named(node, name)
    return str(found[0][1]) if found and len(found[0]) > 1 else default


def footprints(board: str) -> dict[str, dict[str, Any]]:
    """Designator -> what the board file says of it; footprints without one are left out."""
    found: dict[str, dict[str, Any]] = {}
    for node in named(read(board), "footprint", "module"):
        texts = {item[1].lower(): item[2] for item in named(node, "fp_text") if item[1] in ("reference", "value")}
        texts |= {item[1].lower(): item[2] for item in named(node, "property") if len(item) > 2}
        flags = {word for item in named(node, "attr") for word in item[1:] if isinstance(word, str)}
        flags |= {name for name in ("dnp", "exclude_from_bom", "exclude_from_pos_files") if name in texts}
        place = [float(number) for number in named(node, "at")[0][1:] if number != "unlocked"]
        side = "bottom" if said(node, "layer").startswith("B") else "top"
        if texts.get("reference"):
            found[texts["reference"]] = {
                "value": texts.get("value", ""),
                "footprint": str(node[1]).rpartition(":")[2],
                "flags": flags,
                "at": (place[0], -place[1], place[2] if len(place) > 2 else 0.0, side),
            }
    return found


def symbols(schematics: Mapping[str, str], root: str) -> dict[str, dict[str, Any]]:
    """Designator -> what the sheets say of it, each sheet as often as it is used. Power symbols are left out."""
    found: dict[str, dict[str, Any]] = {}
    top = read(schematics[root])
    instances = {node[1].rpartition("/")[2]: node for part in named(top, "symbol_instances") for node in part[1:]}
    sheets = [(root, f"/{said(top, 'uuid')}")]
    while sheets:
        path, at = sheets.pop()
        tree = read(schematics[path])
        for sheet in named(tree, "sheet"):
            files = [item[2] for item in named(sheet, "property") if item[1] in ("Sheetfile", "Sheet file")]
            sheets += [(file, f"{at}/{said(sheet, 'uuid')}") for file in files]
        for node in named(tree, "symbol"):
            texts = {item[1].lower(): item[2] for item in named(node, "property")}
            nodes = [
                use
                for part in named(node, "instances")
                for project in named(part, "project")
                for use in named(project, "path")
                if use[1] == at  # a sheet keeps what it was called where it once was
            ] or [instances[uuid] for uuid in [said(node, "uuid")] if uuid in instances]
            for use in nodes:
                reference = said(use, "reference")
                known = found.get(reference, {"dnp": False, "in_bom": False})
                found[reference] = {
                    "value": said(use, "value") or texts.get("value", ""),
                    "footprint": (said(use, "footprint") or texts.get("footprint", "")).rpartition(":")[2],
                    "dnp": known["dnp"] or said(node, "dnp") == "yes",
                    "in_bom": known["in_bom"] or said(node, "in_bom", "yes") == "yes",
                }
    return {name: told for name, told in found.items() if not name.startswith("#")}


def old_symbols(text: str) -> dict[str, dict[str, Any]]:
    """The same of a schematic of KiCad 5."""
    found = {}
    for block in text.split("$Comp\n")[1:]:
        words = [line.split('"') for line in block.split("$EndComp")[0].splitlines() if re.match(r"F [012] ", line)]
        reference, value, footprint = (word[1] for word in words)
        if not reference.startswith("#"):
            found[reference] = {
                "value": value.strip("~"), "footprint": footprint.rpartition(":")[2], "dnp": False, "in_bom": True,
            }  # fmt: skip
    return found


def pieces(on_board: Mapping[str, dict[str, Any]], in_schematic: Mapping[str, dict[str, Any]]) -> dict[str, Piece]:
    """Every designator of a board and its schematic; what the schematic does not know is not bought."""
    found = {}
    for name in on_board.keys() | in_schematic.keys():
        place, symbol = on_board.get(name), in_schematic.get(name)
        flags = place["flags"] if place else set()
        left_out = {"virtual", "exclude_from_bom", "board_only"} & flags
        source = symbol or place or {}
        found[name] = Piece(
            designator=name,
            value=source["value"],
            footprint=source["footprint"] or (place or {}).get("footprint", ""),
            wanted=bool(symbol and symbol["in_bom"]) and not left_out,
            fitted=not (symbol and symbol["dnp"]) and "dnp" not in flags,
            smd="smd" in flags,
            placed=place is not None and not {"virtual", "exclude_from_pos_files"} & flags,
            on_board=place is not None,
            at=place["at"] if place else (0.0, 0.0, 0.0, ""),
        )
    return found


def rows_of(raw: bytes, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(raw.decode()), delimiter=delimiter))


def disagreements(files: Mapping[str, bytes], board: str, counted: Mapping[str, Piece]) -> Iterator[str]:
    """What the files of a bundle's bom folder say otherwise than the count."""
    fitted = {name for name, piece in counted.items() if piece.wanted and piece.fitted}
    unfitted = {name for name, piece in counted.items() if piece.wanted and not piece.fitted}
    lines = json.loads(files["bom.json"])["lines"]
    uses = [(line, use) for line in lines for use in line["uses"] if use["target"] == board and use["designators"]]
    for what, wanted, dnp in (("fitted", fitted, False), ("not fitted", unfitted, True)):
        told = Counter(name for line, use in uses if line["dnp"] is dnp for name in use["designators"])
        yield from _unlike(f"bom.json, {what}", told, wanted)
    for line, use in uses:
        if not line["dnp"] and use["quantity"] != len(use["designators"]):
            yield f"bom.json: {use['quantity']} of {use['designators']}"
        for name in use["designators"]:
            piece = counted.get(name)
            if piece and piece.value not in (*line["value"].split(" / "), ""):
                yield f"bom.json: {name} is {piece.value!r} in the schematic, {line['value']!r} in the bill"
            if piece and not line["mpn"] and piece.footprint != line["footprint"]:
                yield f"bom.json: {name} is {piece.footprint!r} in the schematic, {line['footprint']!r} in the bill"
    for line in lines:
        if not line["dnp"] and line["quantity"] != sum(use["quantity"] for use in line["uses"]):
            yield f"bom.json: {line['id']} is {line['quantity']}, but not the sum of its uses"
    yield from _csv(files["bom.csv"], lines)
    yield from _jlcpcb(files, board, counted, fitted)
    rows = rows_of(files[f"pcbway-{board}-bom.csv"])
    yield from _unlike("PCBWay", Counter(name for row in rows for name in row["*Designator"].split(",")), fitted)
    for row in rows:
        names = row["*Designator"].split(",")
        if int(row["*Qty"]) != len(names):
            yield f"PCBWay: {row['*Qty']} of {names}"
        if any(counted[name].smd != (row["Type"] == "SMD") for name in names if name in counted):
            yield f"PCBWay: {names} are said to be {row['Type']!r}"
    clicks = [row for row in rows_of(files["1-click-bom.tsv"], "\t") if {*row["References"].split(", ")} & fitted]
    yield from _unlike("1-click", Counter(name for row in clicks for name in row["References"].split(", ")), fitted)
    if sum(float(row["Qty"]) for row in clicks) != len(fitted):
        yield f"1-click: {sum(float(row['Qty']) for row in clicks):g} pieces, counted {len(fitted)}"


def _unlike(where: str, told: Counter[str], wanted: set[str]) -> Iterator[str]:
    if twice := sorted(name for name, times in told.items() if times > 1):
        yield f"{where}: told twice: {twice}"
    if more := sorted(told.keys() - wanted):
        yield f"{where}: not counted: {more}"
    if fewer := sorted(wanted - told.keys()):
        yield f"{where}: left out: {fewer}"


def _csv(raw: bytes, lines: list[dict[str, Any]]) -> Iterator[str]:
    told = {row["Id"]: (float(row["Qty"]), row["Designators"].split()) for row in rows_of(raw)}
    ours = {line["id"]: (line["quantity"], [n for use in line["uses"] for n in use["designators"]]) for line in lines}
    if told != ours:
        yield f"bom.csv: not the lines of bom.json: {sorted(name for name in ours if told.get(name) != ours[name])}"


def _jlcpcb(files: Mapping[str, bytes], board: str, counted: Mapping[str, Piece], fitted: set[str]) -> Iterator[str]:
    ordered = [name for row in rows_of(files[f"jlcpcb-{board}-bom.csv"]) for name in row["Designator"].split(",")]
    yield from _unlike("JLCPCB BOM", Counter(ordered), fitted)
    rows = rows_of(files[f"jlcpcb-{board}-cpl.csv"])
    placed = {name for name in fitted if counted[name].placed}
    yield from _unlike("JLCPCB CPL", Counter(row["Designator"] for row in rows), placed)
    if lost := sorted(
        n for n in ordered if n in counted and counted[n].smd and counted[n].on_board and n not in placed
    ):
        yield f"JLCPCB CPL: parts to be soldered by machine that the board keeps out of it: {lost}"
    for row in rows:
        piece = counted.get(row["Designator"])
        if piece is None:
            continue
        x_mm, y_mm, rotation_deg, side = piece.at
        told = [float(row[name].removesuffix("mm")) for name in ("Mid X", "Mid Y")]
        if abs(told[0] - x_mm) > 2e-4 or abs(told[1] - y_mm) > 2e-4 or row["Layer"].lower() != side:
            yield f"JLCPCB CPL: {row['Designator']} at {told} {row['Layer']}, on the board at {piece.at}"
        turned = (float(row["Rotation"]) - rotation_deg) % 360
        if min(turned, 360 - turned) > 1e-3 and side == "top":
            yield f"JLCPCB CPL: {row['Designator']} turned by {row['Rotation']}, on the board by {rotation_deg}"
