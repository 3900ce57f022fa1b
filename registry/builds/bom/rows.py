"""A row before merging: one component of a board, one line of a table, or one made part."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from builders.programs.bom_columns import column_of, retailer_of
from registry import limits
from registry.builds.bom.kinds import kind_of
from registry.builds.schemas import Alternate, LineKind

_CHARS = limits.BOM_CELL_CHARS
# Things on a board that nobody buys: fiducials, logos, holes, test points, solder jumpers, net ties.
_NOT_BOUGHT = re.compile(r"^(?:#|FID\d|LOGO|MH\d|H\d+$|TP\d|JP\d+$|NT\d|KIBUZZARD|REF\*\*|G\*\*\*)", re.IGNORECASE)
# ... unless JP1 or H1 is a header with pins, as it was called before there were solder jumpers, and still is elsewhere.
_HEADER = re.compile(
    r"header|(?:^|[_-])hdr|conn(?!ected)|socket|pin_?strip|pinhd|molex|jst|(?:^|[_-])[12]x\d\d(?!\d)", re.IGNORECASE
)
# (A connector may have `MountingHoles` further on in its footprint's name.)
_NOT_BOUGHT_FOOTPRINT = re.compile(
    r"fiducial|(?:^|:)mounting_?hole|testpoint|solderjumper|nettie|logo|symbol:|mouse-?bite|toolinghole", re.IGNORECASE
)


@dataclass(slots=True)
class Row:
    """See `BomLine` for the fields; `wanted` is False for what is on the board but never bought."""

    kind: LineKind
    target: str
    source: str
    quantity: float
    designator: str = ""
    references: list[str] = field(default_factory=list)
    number: int = 0
    description: str = ""
    value: str = ""
    footprint: str = ""
    manufacturer: str = ""
    mpn: str = ""
    suppliers: dict[str, str] = field(default_factory=dict)
    alternates: list[Alternate] = field(default_factory=list)
    dnp: bool = False
    excluded: bool = False
    wanted: bool = True
    stray: bool = False  # a part of the board that its schematic does not know
    material: str = ""
    process: str = ""
    finish: str = ""
    mass_g: float | None = None
    licence: str = ""
    notes: str = ""
    part: str = ""
    file: str = ""

    def complete(self, line: dict[str, Any], source: str) -> None:
        """Take from a table what the schematic left open; where both speak, the schematic holds and the other is
        an alternate."""
        mpn = _text(line.get("mpn"))
        if mpn and self.manufacturer.casefold() == mpn.casefold():
            self.manufacturer = ""  # a field named `Manufacturer` that holds the maker's number
        for name in ("manufacturer", "description", "notes"):
            if not getattr(self, name):
                setattr(self, name, _text(line.get(name)))
        if mpn and not self.mpn:
            self.mpn = mpn
        elif mpn and mpn.casefold() != self.mpn.casefold():
            self.alternates.append(Alternate(manufacturer=_text(line.get("manufacturer")), mpn=mpn))
        for name, sku in _suppliers(line.get("suppliers")).items():
            if self.suppliers.setdefault(name, sku) != sku:
                self.alternates.append(Alternate(supplier=name, sku=sku))
        if line.get("dnp"):
            self.dnp = True
        if not self.value:
            self.value = _text(line.get("value"))
        self.wanted = self.wanted or not self.excluded


def _text(value: Any) -> str:
    text = str(value or "").strip()
    return "" if text in ("~", "-", "n/a", "N/A") else "".join(c for c in text if c.isprintable() or c == " ")[:_CHARS]


def _suppliers(value: Any) -> dict[str, str]:
    return (
        {_text(name)[:60]: _text(sku) for name, sku in value.items() if _text(sku)} if isinstance(value, dict) else {}
    )


def row_of_component(board: str, source: str, component: dict[str, Any]) -> Row:
    """A row from one entry of components.json. Fields of the schematic are named as freely as columns of a table."""
    raw_fields = component.get("fields")
    fields: dict[str, Any] = raw_fields if isinstance(raw_fields, dict) else {}
    known: dict[str, str] = {}
    suppliers: dict[str, str] = {}
    spare: dict[str, str] = {}
    for name, raw in fields.items():
        meaning, text = column_of(str(name)), _text(raw)
        if not text:
            continue
        if meaning.startswith("supplier:"):
            suppliers.setdefault(meaning.partition(":")[2], text)
        elif meaning in ("mpn", "manufacturer", "description", "supplier", "supplier_part", "notes"):
            known.setdefault(meaning, text)
        elif re.fullmatch(r"alt(?:ernat(?:e|ive))?s?[ _-]*(?:mpn|part)?\d*", str(name), re.IGNORECASE):
            spare[str(name)] = text
    if known.get("supplier_part"):
        shop = known.get("supplier", "supplier")
        suppliers.setdefault(retailer_of(shop) or shop, known["supplier_part"])
    reference = _text(component.get("reference"))
    footprint = _text(component.get("footprint"))
    excluded = bool(component.get("exclude_from_bom"))
    header = re.match(r"JP?\d|H\d", reference, re.IGNORECASE) and _HEADER.search(footprint.rpartition(":")[2])
    nothing = (_NOT_BOUGHT.match(reference) and not header) or _NOT_BOUGHT_FOOTPRINT.search(footprint)
    bought = not nothing or bool(known.get("mpn"))
    return Row(
        kind="electronic",
        target=board,
        source=source,
        quantity=1,
        designator=reference,
        description=known.get("description") or _text(component.get("description")),
        value=_text(component.get("value")),
        footprint=footprint.rpartition(":")[2],
        manufacturer=known.get("manufacturer", ""),
        mpn=known.get("mpn", ""),
        suppliers=suppliers,
        alternates=[Alternate(mpn=text) for text in spare.values()],
        dnp=bool(component.get("dnp")),
        excluded=excluded,
        wanted=bought and not excluded and bool(reference),
        stray=bought and bool(component.get("only_on_board")),
        notes=known.get("notes", ""),
    )


def row_of_line(table: str, source: str, line: dict[str, Any]) -> Row:
    """A row from one entry of lines.json."""
    references = [_text(reference) for reference in line.get("references", ())]
    words = {name: _text(line.get(name)) for name in ("description", "value", "part", "material", "process", "notes")}
    kind = kind_of(
        _text(line.get("kind")), words["process"], " ".join(words.values()), has_designators=bool(references)
    )
    dnp = bool(line.get("dnp"))
    return Row(
        kind=kind,
        target=table,
        source=source,
        quantity=float(line.get("quantity") or 0),
        references=references,
        number=int(line.get("row") or 0),
        description=words["description"] or words["part"],
        value=words["value"],
        footprint=_text(line.get("footprint")).rpartition(":")[2],
        manufacturer=_text(line.get("manufacturer")),
        mpn=_text(line.get("mpn")),
        suppliers=_suppliers(line.get("suppliers")),
        dnp=dnp,
        excluded=bool(line.get("excluded")),
        material=words["material"],
        process=words["process"],
        finish=_text(line.get("finish")),
        mass_g=line.get("mass_g") if isinstance(line.get("mass_g"), int | float) else None,
        licence=_text(line.get("licence")),
        notes=words["notes"],
        part=words["part"],
        file=_text(line.get("source")),
    )


def row_of_part(name: str, title: str, source: str, facts: dict[str, Any]) -> Row:
    """A row for a part that has files but is in no table; one of it, since nothing says more."""
    process = _text(facts.get("process"))
    flat = isinstance(facts.get("flat_thickness_mm"), int | float)
    mesh = source.lower().endswith((".stl", ".3mf", ".scad"))
    kind = (
        kind_of("", process, "", has_designators=False)
        if process
        else "sheet"
        if flat
        else "printed"
        if mesh
        else "machined"
    )
    mass = facts.get("mass_g")
    quantity = facts.get("quantity")
    return Row(
        kind=kind,
        target=name,
        source=source,
        quantity=float(quantity) if isinstance(quantity, int | float) and quantity > 0 else 1,
        description=title,
        material=_text(facts.get("material")),
        process=process,
        finish=_text(facts.get("finish")),
        mass_g=float(mass) if isinstance(mass, int | float) else None,
        part=name,
    )
