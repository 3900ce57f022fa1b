"""The merged bill of materials in the forms that vendors and tools read.

Sources: tools.md, 'Bills of materials' (JLCPCB, PCBWay, 1-click-BOM); CycloneDX 1.6, component type `device`.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from cyclonedx.model import Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.contact import OrganizationalEntity
from cyclonedx.output.json import JsonV1Dot6

from registry.builds.made import Made
from registry.builds.schemas import BomLine, Materials
from registry.stores.stores import Stores

_RETAILERS = ("Digi-Key", "Mouser", "RS", "Newark", "Farnell", "LCSC")
_JLC_ROW_MAX = 200  # designators in one row of JLCPCB's form
_NAMESPACE = uuid.UUID("6b7ab0ad-0b6e-5f0e-9f6a-6272696b7964")
_ACTS = re.compile(r"^[=+\-@\t\r＝＋－＠]")
_NUMBER = re.compile(r"^[+-]?\d[\d.,]*+\s*[\w%Ωµ°/]*$")


def safe_cell(value: object) -> str:
    """Text that no spreadsheet takes for a formula. Numbers such as -12 V stay. Source: hostile-inputs, row 36."""
    text = f"{value:.12g}" if isinstance(value, float) else str(value)
    return f"'{text}" if _ACTS.match(text) and not _NUMBER.match(text) else text


def table(header: Sequence[str], rows: Iterable[Sequence[object]], *, delimiter: str = ",") -> bytes:
    """Rows as CSV (or TSV) in UTF-8, lines ended by LF, cells made harmless."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return out.getvalue().encode()


def vendor_files(stores: Stores, materials: Materials, made: list[Made]) -> dict[str, bytes]:
    """File name -> content of everything in the bundle's bom folder."""
    files = common_forms(materials)
    for item in made:
        components = item.first("components") if item.run.kind == "board" else None
        if components is None:
            continue
        positions = next((artifact for artifact in item.artifacts if artifact.path == "positions.csv"), None)
        files |= board_forms(
            materials,
            item.run.name,
            json.loads(stores.blobs.read(components.digest)),
            stores.blobs.read(positions.digest) if positions else None,
        )
    return files


def common_forms(materials: Materials) -> dict[str, bytes]:
    """File name -> content of the forms that tell the whole bill."""
    return {
        "bom.csv": bom_csv(materials),
        "bom.json": (json.dumps(materials.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n").encode(),
        "cyclonedx.json": cyclonedx(materials),
        "1-click-bom.tsv": one_click(materials),
    }


def board_forms(
    materials: Materials, name: str, components: list[dict[str, Any]], positions: bytes | None
) -> dict[str, bytes]:
    """File name -> content of the forms that order one board assembled; `positions` is KiCad's own file."""
    lines = [line for line in materials.lines if any(use.target == name for use in line.uses) and not line.dnp]
    electronic = [line for line in lines if line.kind == "electronic"]
    files = {f"jlcpcb-{name}-bom.csv": jlcpcb_bom(electronic, name)}
    if positions is not None:
        files[f"jlcpcb-{name}-cpl.csv"] = jlcpcb_cpl(electronic, name, positions)
    return files | {f"pcbway-{name}-bom.csv": pcbway_bom(electronic, name, components)}


def designators_on(line: BomLine, target: str) -> list[str]:
    """The designators of a line on one board."""
    return [name for use in line.uses if use.target == target for name in use.designators]


def bom_csv(materials: Materials) -> bytes:
    """The whole merged bill of materials."""
    header = (
        "Kind", "Qty", "Description", "Value", "Footprint", "Manufacturer", "MPN", "Suppliers", "Used in",
        "Designators", "DNP", "Material", "Process", "Finish", "Mass_g", "Licence", "Source", "Notes", "Id",
    )  # fmt: skip
    return table(
        header,
        (
            (
                line.kind, line.quantity, line.description, line.value, line.footprint, line.manufacturer, line.mpn,
                "; ".join(f"{name} {sku}" for name, sku in line.suppliers.items()),
                "; ".join(use.target for use in line.uses), " ".join(line.designators), "DNP" if line.dnp else "",
                line.material, line.process, line.finish, "" if line.mass_g is None else line.mass_g, line.licence,
                line.source, line.notes, line.id,
            )
            for line in materials.lines
        ),
    )  # fmt: skip


def one_click(materials: Materials) -> bytes:
    """1-click-BOM: References, Qty, Description, Part Number, then a column per retailer."""
    bought = [
        line for line in materials.lines if not line.dnp and line.kind in ("electronic", "off-the-shelf", "fastener")
    ]
    return table(
        ("References", "Qty", "Description", "Part Number", *_RETAILERS),
        (
            (
                ", ".join(line.designators) or line.description or line.value,
                line.quantity,
                " ".join(filter(None, (line.value, line.footprint or line.description))),
                line.mpn,
                *(line.suppliers.get(name, "") for name in _RETAILERS),
            )
            for line in bought
        ),
        delimiter="\t",
    )


def jlcpcb_bom(lines: list[BomLine], board: str) -> bytes:
    """Comment, Designator, Footprint, LCSC; never more than 200 designators in a row."""
    rows = []
    for line in lines:
        names = designators_on(line, board)
        for start in range(0, len(names), _JLC_ROW_MAX):
            part = ",".join(names[start : start + _JLC_ROW_MAX])
            rows.append((line.value or line.mpn, part, line.footprint, line.suppliers.get("LCSC", "")))
    return table(("Comment", "Designator", "Footprint", "LCSC"), rows)


def jlcpcb_cpl(lines: list[BomLine], board: str, positions: bytes) -> bytes:
    """Designator, Mid X, Mid Y, Layer, Rotation: the fitted parts of the BOM that have a place, named alike in both.

    `positions` is KiCad's own file, whose origin and axes are the gerbers'. Units: mm and degrees, counter-clockwise.
    """
    wanted = {name for line in lines for name in designators_on(line, board)}
    rows = []
    for place in csv.DictReader(io.StringIO(positions.decode("utf-8", errors="replace"))):
        if place.get("Ref") in wanted:
            side = "Bottom" if place["Side"] == "bottom" else "Top"
            x_mm, y_mm, rotation_deg = (float(place[name]) for name in ("PosX", "PosY", "Rot"))
            rows.append((place["Ref"], f"{x_mm:.4f}mm", f"{y_mm:.4f}mm", side, f"{rotation_deg % 360:g}"))
    return table(("Designator", "Mid X", "Mid Y", "Layer", "Rotation"), rows)


def pcbway_bom(lines: list[BomLine], board: str, components: list[dict[str, Any]]) -> bytes:
    """PCBWay's form, numbered."""
    kinds = {
        str(component.get("reference")): str(component.get("technology") or "").upper() for component in components
    }
    rows = []
    for number, line in enumerate(lines, 1):
        names = designators_on(line, board)
        technology = next((kinds[name] for name in names if kinds.get(name)), "")
        rows.append(
            (
                number, ",".join(names), len(names), line.manufacturer, line.mpn, line.value or line.description,
                line.footprint, {"SMD": "SMD", "THT": "Thru-Hole"}.get(technology, technology), line.notes,
            )
        )  # fmt: skip
    header = (
        "Item #", "*Designator", "*Qty", "Manufacturer", "*Mfg Part #", "Description / Value", "*Package/Footprint",
        "Type", "Your Instructions / Notes",
    )  # fmt: skip
    return table(header, rows)


def cyclonedx(materials: Materials) -> bytes:
    """A hardware bill of materials in CycloneDX 1.6; always the same bytes for the same lines."""
    bom = Bom(
        serial_number=uuid.uuid5(_NAMESPACE, materials.model_dump_json()),
        components=[_component(line) for line in materials.lines],
    )
    bom.metadata.timestamp = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
    told = json.loads(JsonV1Dot6(bom).output_as_string())
    return (json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _component(line: BomLine) -> Component:
    said = {
        "cdx:device:quantity": f"{line.quantity:.12g}",
        "cdx:device:function": line.kind,
        "cdx:device:location": " ".join(line.designators),
        "brickyard:value": line.value,
        "brickyard:footprint": line.footprint,
        "brickyard:dnp": "true" if line.dnp else "",
        "brickyard:material": line.material,
        "brickyard:process": line.process,
        **{f"brickyard:supplier:{name}": sku for name, sku in line.suppliers.items()},
    }
    return Component(
        type=ComponentType.DEVICE,
        bom_ref=line.id,
        name=line.mpn or line.value or line.description or line.id,
        description=line.description or None,
        manufacturer=OrganizationalEntity(name=line.manufacturer) if line.manufacturer else None,
        properties=[Property(name=name, value=value) for name, value in said.items() if value],
    )
