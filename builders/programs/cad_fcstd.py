"""FreeCAD documents: shapes read from the archive, without FreeCAD, and so without running what one could run."""

from __future__ import annotations

import re
import struct
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from OCP.BRep import BRep_Builder
from OCP.BRepTools import BRepTools
from OCP.gp import gp_Quaternion, gp_Trsf, gp_Vec
from OCP.TopAbs import TopAbs_FACE, TopAbs_SOLID
from OCP.TopLoc import TopLoc_Location
from OCP.TopoDS import TopoDS_Shape

from builders.programs import cad_archive, cad_brep
from builders.programs.cad_report import Refused, Report

WHAT = "FreeCAD"
OBJECTS_MAX = 20_000
# What helps to build other shapes, and is no part by itself.
HELPERS = tuple(
    "Sketcher:: App::Origin App::Line App::Plane App::Point PartDesign::Line PartDesign::Plane PartDesign::Point"
    " PartDesign::CoordinateSystem TechDraw:: Spreadsheet:: Drawing:: Part::Part2D".split()
)
# Properties that name what a shape is made from, as opposed to what it holds or is coloured with.
CONSUMING = frozenset(
    "Base Tool Shapes Source Sources Profile Objects Sections Spine Refine Originals BaseFeature".split()
)

Colour = tuple[float, float, float, float]


@dataclass
class Item:
    """An object of the document."""

    name: str
    kind: str
    label: str = ""
    shape_file: str = ""
    place: TopLoc_Location = field(default_factory=TopLoc_Location)
    children: list[str] = field(default_factory=list)
    uses: list[str] = field(default_factory=list)
    link: str = ""
    elsewhere: str = ""
    visible: bool = True
    colour: Colour | None = None


def read(path: Path, scratch: Path, report: Report) -> list[tuple[str, Any, Colour | None]]:
    """The final, visible bodies: name, shape in its place, colour. Raises: Refused."""
    archive = cad_archive.open_archive(path, WHAT)
    names = set(archive.namelist())
    if "Document.xml" not in names:
        raise Refused("The FreeCAD file holds no Document.xml.", "Save it with FreeCAD again and commit it.")
    document = cad_archive.parse_xml(cad_archive.read_entry(archive, "Document.xml", WHAT), "Document.xml")
    items = _items(document)
    _refer(document, items)
    seen_in_gui = False
    if "GuiDocument.xml" in names:
        gui = cad_archive.parse_xml(cad_archive.read_entry(archive, "GuiDocument.xml", WHAT), "GuiDocument.xml")
        seen_in_gui = _look(gui, items, archive, names)
    missing = sorted({item.elsewhere for item in items.values() if item.elsewhere})
    for name in missing[:5]:
        report.note(f"The FreeCAD file refers to {name!r}, another file: what is in there is missing here.")
    reader = _Shapes(archive, names, scratch, report)
    found = _bodies(items, reader, visible_only=seen_in_gui)
    if not found and seen_in_gui:
        found = _bodies(items, reader, visible_only=False)
        if found:
            report.note("Everything in the FreeCAD file is hidden, so all its final shapes are shown.")
    if not found:
        raise Refused(
            "The FreeCAD file holds no shape that can be read without FreeCAD.",
            "Recompute and save it in FreeCAD (File, Save), or commit a STEP export beside it.",
        )
    return found


def _items(document: Any) -> dict[str, Item]:
    items: dict[str, Item] = {}
    for one in document.iterfind("./Objects/Object"):
        if len(items) >= OBJECTS_MAX:
            raise Refused(f"The FreeCAD file holds more than {OBJECTS_MAX:,} objects.")
        items[str(one.get("name"))] = Item(str(one.get("name")), str(one.get("type")))
    return items


def _refer(document: Any, items: dict[str, Item]) -> None:
    """Fill in what the objects say about themselves and each other."""
    for data in document.iterfind("./ObjectData/Object"):
        item = items.get(str(data.get("name")))
        if item is None:
            continue
        for entry in data.iterfind("./Properties/Property"):
            name = entry.get("name")
            links = [str(e.get("value")) for e in entry.iter("Link")]
            links += [str(e.get("value") or e.get("obj") or "") for e in entry.iter("LinkSub")]
            if name == "Label" and (text := entry.find("String")) is not None:
                item.label = str(text.get("value") or "")
            elif name == "Shape" and (part := entry.find("Part")) is not None:
                item.shape_file = str(part.get("file") or "")
            elif name in ("Placement", "LinkPlacement") and (place := entry.find("PropertyPlacement")) is not None:
                if name == "Placement" or item.kind == "App::Link":
                    item.place = _place(place)
            elif name == "Group":
                item.children = [link for link in links if link in items]
            elif name == "LinkedObject" and (link := entry.find("XLink")) is not None:
                item.link = str(link.get("name") or "")
                item.elsewhere = str(link.get("file") or "")
            elif name in CONSUMING:
                item.uses += [link for link in links if link in items]


def _place(element: Any) -> TopLoc_Location:
    try:
        px, py, pz, q0, q1, q2, q3 = (
            float(element.get(key, "0")) for key in ("Px", "Py", "Pz", "Q0", "Q1", "Q2", "Q3")
        )
    except ValueError:
        return TopLoc_Location()
    moved = gp_Trsf()
    if q0 or q1 or q2 or q3:
        moved.SetRotation(gp_Quaternion(q0, q1, q2, q3))
    moved.SetTranslationPart(gp_Vec(px, py, pz))
    return TopLoc_Location(moved)


def _look(gui: Any, items: dict[str, Item], archive: Any, names: set[str]) -> bool:
    """Visibility and colours; True if the document says what is visible."""
    told = False
    for view in gui.iter("ViewProvider"):
        item = items.get(str(view.get("name")))
        if item is None:
            continue
        for entry in view.iterfind("./Properties/Property"):
            name = entry.get("name")
            if name == "Visibility" and (flag := entry.find("Bool")) is not None:
                item.visible, told = flag.get("value") == "true", True
            elif name == "ShapeColor" and (colour := entry.find("PropertyColor")) is not None:
                item.colour = item.colour or _unpack(int(colour.get("value") or 0))
            elif name in ("DiffuseColor", "ShapeAppearance"):
                file = next((str(e.get("file")) for e in entry if e.get("file")), "")
                if file in names:
                    data = cad_archive.read_entry(archive, file, WHAT, 16 * 1024**2)
                    item.colour = _usual(data, name == "ShapeAppearance") or item.colour
    return told


def _unpack(value: int) -> Colour:
    red, green, blue, transparency = value.to_bytes(4, "big") if 0 <= value < 1 << 32 else (200, 200, 200, 0)
    # The last byte is transparency, except in files that store opacity there.
    alpha = 1.0 if transparency in (0, 255) else 1 - transparency / 255
    return red / 255, green / 255, blue / 255, alpha


def _usual(data: bytes, appearance: bool) -> Colour | None:
    """The colour that most faces have."""
    if len(data) < 8:
        return None
    count = struct.unpack_from("<I", data)[0]
    size, offset = (24, 4) if appearance else (4, 0)
    if not 0 < count <= (len(data) - 4) // size:
        return None
    values = Counter(struct.unpack_from("<I", data, 4 + i * size + offset)[0] for i in range(count))
    return _unpack(values.most_common(1)[0][0])


class _Shapes:
    """Shapes by object, each file read once."""

    def __init__(self, archive: Any, names: set[str], scratch: Path, report: Report) -> None:
        self._archive, self._names, self._scratch, self._report = archive, names, scratch, report
        self._known: dict[str, TopoDS_Shape | None] = {}

    def of(self, item: Item) -> TopoDS_Shape | None:
        file = item.shape_file
        if not file:
            return None
        if file not in self._known:
            self._known[file] = self._read(file, item)
        return self._known[file]

    def _read(self, file: str, item: Item) -> TopoDS_Shape | None:
        if file not in self._names:
            self._report.note(f"The shape of {item.label or item.name} is missing in the FreeCAD file.")
            return None
        data = cad_archive.read_entry(self._archive, file, WHAT)
        if not data.strip():
            return None
        if not re.match(rb"\s*(DBRep|CASCADE)", data[:200]):
            self._report.note(f"The shape of {item.label or item.name} is not stored as text, and was left out.")
            return None
        place = self._scratch / "shape.brp"
        place.write_bytes(data)
        shape = TopoDS_Shape()
        if not BRepTools.Read_s(shape, str(place), BRep_Builder()) or shape.IsNull():
            return None
        return shape


def _bodies(items: dict[str, Item], reader: _Shapes, *, visible_only: bool) -> list[tuple[str, Any, Colour | None]]:
    parents: dict[str, str] = {}
    for item in items.values():
        for child in item.children:
            parents.setdefault(child, item.name)
    linked = {item.link for item in items.values() if item.link}
    consumed = {used for item in items.values() for used in item.uses}
    found: list[tuple[str, Any, Colour | None]] = []

    def shown(item: Item) -> bool:
        return item.visible or not visible_only

    def final(item: Item) -> bool:
        if item.kind.startswith(HELPERS):
            return False
        # What is made into something else is final only if its designer left it visible.
        return item.name not in consumed or (visible_only and item.visible)

    def visit(item: Item, place: TopLoc_Location, colour: Colour | None, label: str, depth: int, moved: bool) -> None:
        """`moved`: `place` takes the place of the object's own, as for a link's target."""
        if depth > 30 or len(found) >= OBJECTS_MAX:
            return
        name = label or item.label or item.name
        if item.kind == "App::Link" or item.link:
            target = items.get(item.link)
            if target is not None and not item.elsewhere:
                visit(target, place * item.place, item.colour or colour, name, depth + 1, True)
            return
        shape = reader.of(item)
        if shape is not None and not item.kind.startswith("App::"):
            body = shape.Located(place) if moved else shape.Moved(place)
            kind = TopAbs_SOLID if cad_brep.subshapes(body, TopAbs_SOLID) else TopAbs_FACE
            if cad_brep.subshapes(body, kind):
                found.append((name, body, item.colour or colour))
            return
        inside = place if moved else place * item.place
        for child in item.children:
            if shown(items[child]) and final(items[child]):
                visit(items[child], inside, colour, "", depth + 1, False)

    for item in items.values():
        top = item.name not in parents and (item.name not in linked or (visible_only and item.visible))
        if top and shown(item) and final(item):
            visit(item, TopLoc_Location(), None, "", 0, False)
    return found
