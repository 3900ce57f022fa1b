"""Who can make a design, among 10,000 fabricators with 50,000 machines; what one of them could make of 20,000 designs.

    .venv/bin/python benchmarks/matching.py [--fabricators N] [--machines N] [--designs N] [--asked N] [--data DIR]

Makes one seeded instance (SQLite unless BRICKYARD_DATABASE_URL says otherwise) and times what pages call, without the
page's HTML. Prints medians and 99th percentiles.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlmodel import insert

from registry.designs.tables import Design, Revision
from registry.fabricators import finding
from registry.fabricators.making_schemas import Near
from registry.fabricators.needs import RULES_VERSION, Limit, Need, Needs, Piece, box_of, need_id
from registry.fabricators.needs_tables import DesignNeed, VersionNeeds
from registry.fabricators.tables import Fabricator, Machine, MachineMaterial
from registry.settings import Settings
from registry.stores.stores import Stores, open_stores
from registry.values import utcnow
from registry.web import memory

METALS = ("mild_steel", "steel", "stainless_steel", "aluminium")
PLASTICS = ("pla", "petg", "abs", "acrylic")
WOODS = ("plywood", "mdf", "softwood")
# process, how many of a hundred machines, what it takes
SHARES = (
    ("laser_cutting", 14, METALS + WOODS + ("acrylic",)),
    ("fdm_printing", 22, PLASTICS),
    ("cnc_milling", 9, METALS),
    ("turning", 6, METALS),
    ("sawing", 6, METALS + WOODS),
    ("drilling", 6, METALS + WOODS),
    ("welding", 6, METALS),
    ("sheet_bending", 5, METALS),
    ("pcb_fabrication", 3, ()),
    ("pcb_assembly", 5, ()),
    ("assembly", 8, ()),
    ("painting", 3, ()),
    ("powder_coating", 2, ()),
    ("waterjet_cutting", 2, METALS),
    ("sandblasting", 2, ()),
    ("electroplating", 1, ()),
)


def machine_of(dice: random.Random, process: str) -> dict[str, Any]:
    """Table and parameters of a machine, a tenth of them not stated."""
    sides = [dice.choice((200, 300, 600, 1000, 1500, 3000)) for _ in range(3)]
    parameters: dict[str, Any] = {}
    if process == "pcb_fabrication":
        parameters = {
            "layers_max": dice.choice((2, 4, 8)),
            "track_mm_min": dice.choice((0.09, 0.127, 0.15, 0.2)),
            "clearance_mm_min": dice.choice((0.09, 0.127, 0.15, 0.2)),
            "drill_mm_min": dice.choice((0.15, 0.2, 0.3)),
            "ring_mm_min": dice.choice((0.075, 0.1, 0.15)),
            "thickness_mm_min": 0.4,
            "thickness_mm_max": 3.2,
            "finishes": dice.sample(["ENIG", "HASL", "HASL lead-free", "OSP"], 2),
            "castellation": dice.random() < 0.5,
        }
    elif process == "pcb_assembly":
        parameters = {
            "sides_max": dice.choice((1, 2)),
            "pitch_mm_min": dice.choice((0.35, 0.5, 0.8)),
            "package_min": dice.choice(("0201", "0402", "0603")),
            "tht": dice.random() < 0.8,
            "bga": dice.random() < 0.5,
        }
    elif process == "turning":
        parameters = {"swing_mm": dice.choice((200, 400)), "centres_mm": dice.choice((500, 1000))}
    elif process in ("sawing", "sheet_bending"):
        parameters = {"length_mm_max": dice.choice((1000, 2000, 3000, 6000))}
    elif process == "drilling":
        parameters = {"drill_mm_min": 1.0, "drill_mm_max": dice.choice((13, 20, 32))}
    stated = {name: value for name, value in parameters.items() if dice.random() < 0.9}
    known = dice.random() < 0.9
    return {
        "work_x_mm": sides[0] if known else None,
        "work_y_mm": sides[1] if known else None,
        "work_z_mm": sides[2] if known else None,
        "parameters": stated,
    }


def board_needs(dice: random.Random, name: str) -> list[Need]:
    values = {
        "layers_max": dice.choice((2, 2, 4)),
        "track_mm_min": dice.choice((0.127, 0.15, 0.2, 0.25)),
        "clearance_mm_min": dice.choice((0.127, 0.15, 0.2)),
        "drill_mm_min": dice.choice((0.2, 0.3, 0.4)),
        "ring_mm_min": dice.choice((0.1, 0.15)),
        "thickness_mm_min": 1.6,
        "thickness_mm_max": 1.6,
    }
    piece = Piece(name=name, quantity=1, box_mm=box_of((dice.randint(20, 160), dice.randint(20, 120), 1.6)))
    placed = {"sides_max": dice.choice((1, 2)), "package_min": dice.choice(("0402", "0603")), "tht": True}
    return [
        Need(
            id=need_id(process, name),
            process=process,
            processes=(process,),
            subject="board",
            title=f"{process}, {name}",
            pieces=(piece,),
            limits=tuple(Limit(parameter=key, value=value) for key, value in asked.items()),
        )
        for process, asked in (("pcb_fabrication", values), ("pcb_assembly", placed))
    ]


def part_needs(dice: random.Random, count: int) -> list[Need]:
    """Needs of a machine: cut, sawn, drilled, turned, printed."""
    found: dict[str, Need] = {}
    for number in range(count):
        process, material = dice.choice(
            [("laser_cutting", m) for m in METALS + WOODS]
            + [("fdm_printing", m) for m in ("pla", "petg")] * 3
            + [("sawing", "mild_steel"), ("drilling", "mild_steel"), ("turning", "steel"), ("welding", "mild_steel")]
        )
        thick = dice.choice((2.0, 3.0, 4.0, 6.0, 10.0)) if process == "laser_cutting" else None
        box = box_of((dice.randint(30, 900), dice.randint(20, 500), thick or dice.randint(10, 200)))
        id_ = need_id(process, material, thick)
        others = {"laser_cutting": ("waterjet_cutting", "plasma_cutting"), "fdm_printing": ("3d_printing",)}
        known = found.get(id_)
        pieces = (*(known.pieces if known else ()), Piece(name=f"part {number}", quantity=1, box_mm=box))
        found[id_] = Need(
            id=id_,
            process=process,
            processes=(process, *others.get(process, ())),
            subject="part",
            title=f"{process}, {material}",
            material=material,
            thickness_mm=thick,
            pieces=pieces,
        )
    return list(found.values())


def needs_for(dice: random.Random, number: int) -> list[Need]:
    """Half boards, a third printed or cut things, the rest whole machines."""
    kind = dice.random()
    if kind < 0.5:
        needs = board_needs(dice, f"board {number}")
    elif kind < 0.85:
        needs = part_needs(dice, dice.randint(1, 3))
    else:
        needs = part_needs(dice, dice.randint(10, 40)) + (
            board_needs(dice, f"b{number}") if dice.random() < 0.4 else []
        )
    whole = Need(
        id="assembly", process="assembly", processes=("assembly",), subject="whole", title="Assembly", by_yourself=True
    )
    return [*needs, whole]


def fill(stores: Stores, fabricators: int, machines: int, designs: int) -> list[list[Need]]:
    """One instance, the same from run to run. Returns: the needs of every design."""
    dice = random.Random(20261123)
    now = utcnow()
    processes = [process for process, share, _ in SHARES for _ in range(share)]
    takes = {process: materials for process, _, materials in SHARES}
    rows_f, rows_m, rows_t = [], [], []
    for number in range(1, fabricators + 1):
        lat, lon = dice.uniform(36, 60), dice.uniform(-9, 28)
        rows_f.append(
            {
                "id": number,
                "slug": f"f{number}",
                "name": f"Workshop {number}",
                "kind": "workshop",
                "status": "active",
                "summary": "",
                "description": "",
                "languages": [],
                "access": "orders",
                "certifications": [],
                "opening_hours": "",
                "lead_time_days": dice.randint(2, 60),
                "currency": "EUR",
                "website": "",
                "email": "",
                "country": "DE",
                "region": "",
                "town": f"Town {number % 500}",
                "postcode": "",
                "street": "",
                "precision": "town",
                "lat_deg": lat,
                "lon_deg": lon,
                "shown_lat_deg": lat,
                "shown_lon_deg": lon,
                "extra": {},
                "is_example": False,
                "created_at": now,
                "updated_at": now,
            }
        )
    for number in range(1, machines + 1):
        process = dice.choice(processes)
        rows_m.append(
            {
                "id": number,
                "fabricator_id": dice.randint(1, fabricators),
                "position": 0,
                "name": f"Machine {number}",
                "process": process,
                "maker": "",
                "model": "",
                "count": 1,
                "status": "ready",
                "setup_minor": 2000,
                "hour_minor": dice.choice((None, 3000, 6000, 9000)),
                "notes": "",
                "extra": {},
                **machine_of(dice, process),
            }
        )
        of = takes[process]
        for material in dice.sample(of, min(len(of), dice.randint(1, 4))) if of else ():
            rows_t.append(
                {
                    "machine_id": number,
                    "material": material,
                    "thickness_min_mm": 0.5,
                    "thickness_max_mm": dice.choice((None, 4.0, 8.0, 20.0)),
                }
            )
    rows_d, rows_r, rows_v, rows_n = [], [], [], []
    every = []
    for number in range(1, designs + 1):
        needs = needs_for(dice, number)
        every.append(needs)
        rows_d.append(
            {
                "id": number,
                "slug": f"d{number}",
                "url": f"https://example.org/{number}",
                "subdir": "",
                "tracked_ref": "",
                "name": f"Design {number}",
                "summary": "",
                "kind": "both",
                "licence": "CERN-OHL-S-2.0",
                "readiness": "built",
                "standing": "untried",
                "newest_version": "v1",
                "picture": "",
                "boards": 1,
                "parts": 1,
                "built_count": 0,
                "tags": [],
                "tools": [],
                "sync_message": "",
                "created_at": now,
                "updated_at": now,
                "synced_at": now,
            }
        )
        rows_r.append(
            {
                "id": number,
                "design_id": number,
                "name": "v1",
                "label": "v1",
                "kind": "tag",
                "commit": f"{number:040x}",
                "committed_at": now,
                "prerelease": False,
                "newest": True,
                "current": True,
                "position": 0,
                "licence": "",
                "about": {},
                "created_at": now,
            }
        )
        rows_v.append(
            {
                "revision_id": number,
                "design_id": number,
                "build_id": 1,
                "rules": RULES_VERSION,
                "derived_at": now,
                "data": Needs(needs=tuple(needs)).model_dump(mode="json"),
            }
        )
        for need in needs:
            if not need.by_yourself:
                hull = need.hull_mm or (0.0, 0.0, 0.0)
                rows_n.append(
                    {
                        "design_id": number,
                        "revision_id": number,
                        "need": need.id,
                        "way": "-".join(need.processes),
                        "x_mm": hull[0],
                        "y_mm": hull[1],
                    }
                )
    tables = (
        (Fabricator, rows_f),
        (Machine, rows_m),
        (MachineMaterial, rows_t),
        (Design, rows_d),
        (Revision, rows_r),
        (VersionNeeds, rows_v),
        (DesignNeed, rows_n),
    )
    for table, rows in tables:
        for start in range(0, len(rows), 5000):
            part = rows[start : start + 5000]
            stores.db.retrying(lambda session, table=table, part=part: session.execute(insert(table), part))
    if not stores.db.on_sqlite:
        with stores.db.engine.connect() as connection:
            connection.exec_driver_sql("ANALYZE")
            connection.commit()
    print(f"{len(rows_f)} fabricators, {len(rows_m)} machines with {len(rows_t)} materials")
    print(f"{designs} designs with {len(rows_n)} needs")
    return every


def timed(name: str, asks: list[Callable[[], Any]]) -> dict[str, float]:
    """Milliseconds of each ask, in a line."""
    asks[0]()
    took = []
    for ask in asks:
        started = time.perf_counter()
        ask()
        took.append((time.perf_counter() - started) * 1000)
    took.sort()
    p99 = took[min(len(took) - 1, int(len(took) * 0.99))]
    middle = statistics.median(took)
    print(f"{name}: median {middle:.0f} ms, p99 {p99:.0f} ms, longest {took[-1]:.0f} ms, {len(took)} asked")
    return {"median_ms": statistics.median(took), "p99_ms": p99, "longest_ms": took[-1], "asked": len(took)}


def main() -> None:
    """Fill, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--fabricators", type=int, default=10_000)
    parser.add_argument("--machines", type=int, default=50_000)
    parser.add_argument("--designs", type=int, default=20_000)
    parser.add_argument("--asked", type=int, default=200)
    parser.add_argument("--database", default="", help="postgresql://... of an empty database; SQLite without it")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = chosen.database or f"sqlite:///{folder}/brickyard.sqlite3"
        stores = open_stores(Settings(data=Path(folder), database_url=url, secret_key="benchmark", tests=True))
        every = fill(stores, chosen.fabricators, chosen.machines, chosen.designs)
        dice = random.Random(7)
        picked = [dice.randrange(len(every)) for _ in range(chosen.asked)]
        # a server holds no needs of 20,000 designs as objects, which its collector of garbage would walk through
        asked = {number: every[number] for number in picked}
        del every
        memory.settle()

        def match(number: int, near: Near) -> Any:
            with stores.db.reading() as session:
                return finding.find_matches(session, f"d{number + 1}", "v1", asked[number], near)

        def count(number: int) -> Any:
            with stores.db.reading() as session:
                return finding.count_makers(session, asked[number])

        def could(number: int) -> Any:
            with stores.db.reading() as session:
                return finding.find_makeable(session, f"f{number}")

        here = Near(lat=52.5, lon=13.4, km=100)
        anywhere = Near(lat=52.5, lon=13.4)
        figures = {
            "match, anywhere": timed("match, anywhere", [lambda n=n: match(n, Near()) for n in picked]),
            "match, nearest first": timed("match, nearest first", [lambda n=n: match(n, anywhere) for n in picked]),
            "match, within 100 km": timed("match, within 100 km", [lambda n=n: match(n, here) for n in picked]),
            "count for the box": timed("count for the box", [lambda n=n: count(n) for n in picked]),
            "what could I make": timed(
                "what could I make",
                [lambda n=n: could(n) for n in dice.sample(range(1, chosen.fabricators + 1), chosen.asked)],
            ),
        }
        stores.close()
    if chosen.json:
        print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
