"""Bring what KiCad made to its promised place, and write facts, components, parts table and checks.

Runs inside the sandbox: `kicad_finish.py REQUEST.json`, with the request as `builders.kicad.builder` writes it. What
could not be found is listed in `missing` of the answer, so that the builder can try it alone and learn the reason.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from builders.contract import safe_name
from builders.kicad import checks, components, facts, layers, sexpr
from builders.kicad.board_file import copper_layers, read_facts
from builders.kicad.jobs import PICTURE_LAYERS
from builders.kicad.smallest import smallest
from builders.programs.kicad_glb import settle_materials

OUT = Path("/out")
RAW = OUT / "raw"


def move(source: Path, place: Path) -> bool:
    """Move a file to its place; False if there is none."""
    if not source.is_file():
        return False
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(source, place)
    place.chmod(0o644)
    return True


def safe_file(name: str, stem: str) -> str:
    """A gerber's or drill file's name with nothing in it that a file system or a fab's form could trip over."""
    rest = name.removeprefix(stem + "-")
    return f"{safe_name(stem, 'board')}-{safe_name(rest)}" if rest != name else safe_name(name)


def take_gerbers(made: Path, stem: str) -> None:
    """Gerbers and drill files, with safe names in the job file too."""
    folder = made / "gerbers"
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        name = safe_file(path.name, stem)
        if path.suffix == ".gbrjob":
            job = json.loads(path.read_text(encoding="utf-8"))
            for entry in job.get("FilesAttributes", []):
                safe = safe_file(str(entry.get("Path", "")), stem)
                if safe != entry.get("Path"):
                    entry["Path"] = safe
                    path.write_text(json.dumps(job, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        move(path, OUT / "gerbers" / name)


def take_layers(made: Path, stem: str, names: dict[str, str], wanted: list[str]) -> list[dict[str, Any]]:
    """Layer pictures that show something, in the order of the board."""
    found = []
    for layer in wanted:
        name = names.get(layer, layer)
        part = layers.file_part(name)
        source = made / "layers" / f"{stem}-{part}.svg"
        if not source.is_file():
            part = layer.replace(".", "_")
            source = made / "layers" / f"{stem}-{part}.svg"
        place = f"layers/{safe_name(part)}.svg"
        if source.is_file() and layers.is_drawn(source.read_bytes()) and move(source, OUT / place):
            found.append(layers.describe(layer, name, place))
    return found


def take_pages(made: Path, stem: str) -> None:
    """Schematic pages: the root first, then by name."""
    folder = made / "schematic"
    for path in (
        sorted(folder.glob("*.svg"), key=lambda path: (path.stem != stem, path.name)) if folder.is_dir() else ()
    ):
        name = "page" if path.stem == stem else path.stem.removeprefix(stem + "-")
        number = len(list((OUT / "schematic").glob("*.svg"))) + 1 if (OUT / "schematic").is_dir() else 1
        move(path, OUT / "schematic" / f"{number:02d}-{safe_name(name, 'page')}.svg")


def take(request: dict[str, Any], made: Path) -> None:
    """Put what KiCad made where it was promised."""
    stem = request["stem"]
    take_gerbers(made, stem)
    for name in ("positions.csv", "positions-all-pos.csv"):
        move(made / name, OUT / "positions.csv")
    for name in ("ipc2581.xml", "erc.json", "netlist.net"):
        move(made / name, OUT / name)
    move(made / "drc.json", RAW / "drc.json")
    for name in ("schematic.pdf", f"{stem}.pdf"):
        move(made / name, OUT / "schematic.pdf")
    take_pages(made, stem)


def read_json(path: Path) -> Any:
    """What a JSON file holds; None if it can't be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def parts_of(request: dict[str, Any]) -> list[dict[str, Any]]:
    """The schematic's parts, from KiCad's netlist or the text of a KiCad 5 schematic."""
    if (OUT / "netlist.net").is_file():
        return components.from_netlist(sexpr.read((OUT / "netlist.net").read_text(encoding="utf-8", errors="replace")))
    texts = [Path(path).read_text(encoding="utf-8", errors="replace") for path in request["legacy"]]
    return components.from_legacy(texts)


def drop_unpopulated(rows: list[dict[str, Any]]) -> None:
    """Take parts out of positions.csv that only the schematic, or a KiCad 7 board's properties, call unpopulated."""
    path = OUT / "positions.csv"
    unpopulated = {row["reference"] for row in rows if row["dnp"]}
    if not path.is_file() or not unpopulated:
        return
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if next(iter(csv.reader([line])), [""])[0] not in unpopulated]
    path.write_text("".join(kept), encoding="utf-8")


def write(name: str, data: Any) -> None:
    """Write an output as JSON, in an order that depends on nothing else."""
    text = json.dumps(data, indent=1, ensure_ascii=False, sort_keys=isinstance(data, dict))
    (OUT / name).write_text(text + "\n", encoding="utf-8")


def main(request_path: str) -> None:
    """Place, read, complete, write; say what is missing."""
    request = json.loads(Path(request_path).read_text(encoding="utf-8"))
    made = Path(request["made"])
    RAW.mkdir(exist_ok=True)
    take(request, made)
    footprints: list[dict[str, Any]] = []
    merged: dict[str, Any] = {}
    file_facts: dict[str, Any] = {}
    known: list[dict[str, Any]] = []
    if request["board"]:
        board = sexpr.read(Path(request["board"]).read_text(encoding="utf-8", errors="replace"))
        file_facts, footprints = read_facts(board)
        file_facts["where"] = smallest(board)
        copper = copper_layers(board)
        wanted = [*copper, *PICTURE_LAYERS]
        pictures = take_layers(made, request["stem"], layers.user_names(board, copper), wanted)
        del board
        known = read_json(RAW / "layers.json") or pictures
        (RAW / "layers.json").write_text(json.dumps(known))
        job = next(iter(sorted((OUT / "gerbers").glob("*.gbrjob"))), None) if (OUT / "gerbers").is_dir() else None
        merged = facts.merge(
            file_facts,
            read_json(RAW / "api.json"),
            read_json(job) if job else None,
            read_json(RAW / "outline.json"),
            read_json(RAW / "nearest.json"),
        )
    rows = components.merge(parts_of(request), footprints)
    if request["board"]:
        merged["footprints"]["dnp"] = sum(row["dnp"] and row["on_board"] for row in rows)
        write("facts.json", merged | {"layers": known})
    drop_unpopulated(rows)
    write("components.json", rows)
    (OUT / "bom.csv").write_text(components.table(rows), encoding="utf-8")
    drc, erc = read_json(RAW / "drc.json"), read_json(OUT / "erc.json")
    if drc or erc:
        write("checks.json", {"drc": checks.summary(drc), "erc": checks.summary(erc)})
        if drc:
            # KiCad gives ids to all items since version 6.
            has_ids = str(file_facts.get("file_version", "")) > "20200000"
            write("drc.json", checks.canonical(drc, has_ids=has_ids))
    if (OUT / "board.glb").is_file():
        settle_materials(OUT / "board.glb")
    wanted_files = request["wanted"]
    missing = [name for name in wanted_files if not any(OUT.glob(name))]
    (RAW / "answer.json").write_text(
        json.dumps({"missing": missing, "parts": len(rows), "footprints": len(footprints)})
    )


if __name__ == "__main__":
    os.umask(0o022)
    main(sys.argv[1])
