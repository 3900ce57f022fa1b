"""STEP files: written so that the same model gives the same bytes, and read with names and colours."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

# What says how things look. OCCT writes these in an order that depends on addresses in memory.
STYLE_TYPES = frozenset(
    "STYLED_ITEM OVER_RIDING_STYLED_ITEM CONTEXT_DEPENDENT_OVER_RIDING_STYLED_ITEM PRESENTATION_STYLE_ASSIGNMENT"
    " PRESENTATION_STYLE_BY_CONTEXT SURFACE_STYLE_USAGE SURFACE_SIDE_STYLE SURFACE_STYLE_FILL_AREA FILL_AREA_STYLE"
    " FILL_AREA_STYLE_COLOUR COLOUR_RGB DRAUGHTING_PRE_DEFINED_COLOUR CURVE_STYLE DRAUGHTING_PRE_DEFINED_CURVE_FONT"
    " SURFACE_STYLE_TRANSPARENT SURFACE_STYLE_RENDERING SURFACE_STYLE_RENDERING_WITH_PROPERTIES"
    " MECHANICAL_DESIGN_GEOMETRIC_PRESENTATION_REPRESENTATION".split()
)
STYLED = frozenset({"STYLED_ITEM", "OVER_RIDING_STYLED_ITEM", "CONTEXT_DEPENDENT_OVER_RIDING_STYLED_ITEM"})
SHOWN = "MECHANICAL_DESIGN_GEOMETRIC_PRESENTATION_REPRESENTATION"
REFERENCE = re.compile(r"#(\d+)")
FIXED_TIME = "1970-01-01T00:00:00"


def canonical(text: str) -> str:
    """A STEP file with a fixed time and its style entities in an order of their own.

    Everything that is not a style keeps its order; styles follow it, sorted by what they colour.
    """
    head, found, rest = text.partition("DATA;\n")
    if not found:
        return text
    data, _, tail = rest.partition("ENDSEC;")
    head = re.sub(
        r"FILE_NAME\s*\((\s*'(?:[^']|'')*'\s*),\s*'(?:[^']|'')*'", rf"FILE_NAME(\1,'{FIXED_TIME}'", head, count=1
    )
    entities: dict[int, str] = {}
    for match in re.finditer(r"#(\d+)\s*=\s*((?:[^;']|'(?:[^']|'')*')*);", data):
        entities[int(match[1])] = " ".join(match[2].split("\n")).strip()
    kinds = {number: body[: body.find("(")].strip() for number, body in entities.items()}
    # `( GEOMETRIC_REPRESENTATION_CONTEXT... )`: complex entities have no single name, and none of them is a style.
    styles = {number for number, kind in kinds.items() if kind in STYLE_TYPES}
    order = [number for number in entities if number not in styles]
    rank = {number: index for index, number in enumerate(order)}

    def subject(number: int) -> tuple[int, str]:
        """Where a styled item's subject stands: the same in every run."""
        references = [int(reference) for reference in REFERENCE.findall(entities[number])]
        plain = [rank[reference] for reference in references if reference in rank]
        return (max(plain, default=-1), kinds[number])

    for number in sorted(n for n in styles if kinds[n] == SHOWN):
        listed = [int(r) for r in REFERENCE.findall(entities[number]) if kinds.get(int(r)) in STYLED]
        arranged = iter(sorted(listed, key=subject))
        wanted = set(listed)
        entities[number] = REFERENCE.sub(
            lambda m, w=wanted, a=arranged: f"#{next(a)}" if int(m[1]) in w else m[0],  # type: ignore[misc]
            entities[number],
        )
    seen: set[int] = set()

    def visit(number: int) -> None:
        if number not in styles or number in seen:
            return
        seen.add(number)
        order.append(number)
        for reference in REFERENCE.findall(entities[number]):
            visit(int(reference))

    shown = [n for n in styles if kinds[n] == SHOWN]
    for number in sorted(
        shown, key=lambda n: min((rank[int(r)] for r in REFERENCE.findall(entities[n]) if int(r) in rank), default=0)
    ):
        visit(number)
    for number in sorted((n for n in styles if kinds[n] in STYLED), key=subject):
        visit(number)
    for number in sorted(styles):
        visit(number)
    place = {number: index + 1 for index, number in enumerate(order)}
    lines = []
    for number in order:
        body = REFERENCE.sub(lambda m: f"#{place[int(m[1])]}" if int(m[1]) in place else m[0], entities[number])
        lines.append(f"#{place[number]} = {body};\n")
    return f"{head}DATA;\n{''.join(lines)}ENDSEC;{tail}"


def write(assembly: Any, path: Path) -> None:
    """Write a CadQuery assembly with its names and colours; one without children is written as the part it is."""
    from cadquery.occ_impl.exporters.assembly import exportAssembly

    written = exportAssembly(assembly, str(path)) if assembly.children else _write_part(assembly, path)
    if not written:
        raise RuntimeError("The STEP file could not be written.")
    path.write_text(canonical(path.read_text("latin-1")), "latin-1")


def _write_part(assembly: Any, path: Path) -> bool:
    from OCP.IFSelect import IFSelect_RetDone
    from OCP.STEPCAFControl import STEPCAFControl_Writer
    from OCP.STEPControl import STEPControl_AsIs
    from OCP.TCollection import TCollection_ExtendedString
    from OCP.TDataStd import TDataStd_Name
    from OCP.TDocStd import TDocStd_Document
    from OCP.XCAFApp import XCAFApp_Application
    from OCP.XCAFDoc import XCAFDoc_ColorGen, XCAFDoc_DocumentTool

    document = TDocStd_Document(TCollection_ExtendedString("XmlXCAF"))
    XCAFApp_Application.GetApplication_s().InitDocument(document)
    whole = assembly.toCompound().wrapped
    bodies = [solid.wrapped for solid in assembly.toCompound().Solids()]
    label = XCAFDoc_DocumentTool.ShapeTool_s(document.Main()).AddShape(bodies[0] if len(bodies) == 1 else whole, False)
    TDataStd_Name.Set_s(label, TCollection_ExtendedString(assembly.name))
    if assembly.color:
        XCAFDoc_DocumentTool.ColorTool_s(document.Main()).SetColor(label, assembly.color.wrapped, XCAFDoc_ColorGen)
    writer = STEPCAFControl_Writer()
    writer.SetColorMode(True)
    writer.SetNameMode(True)
    return bool(writer.Transfer(document, STEPControl_AsIs)) and writer.Write(str(path)) == IFSelect_RetDone


def read(path: Path) -> list[tuple[str, Any, tuple[float, float, float, float] | None]]:
    """Bodies of a STEP file: name, shape in its place, colour. Raises: ValueError if nothing can be read."""
    from OCP.IFSelect import IFSelect_RetDone
    from OCP.STEPCAFControl import STEPCAFControl_Reader
    from OCP.TCollection import TCollection_ExtendedString
    from OCP.TDF import TDF_LabelSequence
    from OCP.TDocStd import TDocStd_Document
    from OCP.XCAFApp import XCAFApp_Application
    from OCP.XCAFDoc import XCAFDoc_DocumentTool

    document = TDocStd_Document(TCollection_ExtendedString("XmlXCAF"))
    XCAFApp_Application.GetApplication_s().InitDocument(document)
    reader = STEPCAFControl_Reader()
    reader.SetColorMode(True)
    reader.SetNameMode(True)
    if reader.ReadFile(str(path)) != IFSelect_RetDone or not reader.Transfer(document):
        raise ValueError("The file is not a STEP file that can be read.")
    shapes = XCAFDoc_DocumentTool.ShapeTool_s(document.Main())
    colours = XCAFDoc_DocumentTool.ColorTool_s(document.Main())
    free = TDF_LabelSequence()
    shapes.GetFreeShapes(free)
    found: list[tuple[str, Any, tuple[float, float, float, float] | None]] = []
    for number in range(1, free.Length() + 1):
        _collect(shapes, colours, free.Value(number), None, None, found, 0)
    return found


def _collect(shapes: Any, colours: Any, label: Any, location: Any, colour: Any, found: list[Any], depth: int) -> None:
    from OCP.TDF import TDF_Label, TDF_LabelSequence
    from OCP.TopLoc import TopLoc_Location

    location = location or TopLoc_Location()
    if depth > 50 or len(found) > 20_000:
        return
    if shapes.IsAssembly_s(label):
        parts = TDF_LabelSequence()
        shapes.GetComponents_s(label, parts)
        for number in range(1, parts.Length() + 1):
            component = parts.Value(number)
            original = TDF_Label()
            if not shapes.GetReferredShape_s(component, original):
                continue
            placed = location * shapes.GetLocation_s(component)
            own = _colour(colours, component, None) or colour
            before = len(found)
            _collect(shapes, colours, original, placed, own, found, depth + 1)
            if len(found) == before + 1 and not found[-1][0]:
                found[-1] = (_name(component), *found[-1][1:])
        return
    shape = shapes.GetShape_s(label)
    if shape is None or shape.IsNull():
        return
    own = _colour(colours, label, shape)
    found.append((_name(label), shape.Moved(location), colour or own))


def _name(label: Any) -> str:
    from OCP.TDataStd import TDataStd_Name

    attribute = TDataStd_Name()
    if not label.FindAttribute(TDataStd_Name.GetID_s(), attribute):
        return ""
    return str(attribute.Get().ToExtString())


def _colour(colours: Any, label: Any, shape: Any) -> tuple[float, float, float, float] | None:
    """The colour of a label, or the one that most of its faces have."""
    from OCP.Quantity import Quantity_ColorRGBA, Quantity_TOC_sRGB
    from OCP.TopAbs import TopAbs_FACE, TopAbs_SOLID
    from OCP.XCAFDoc import XCAFDoc_ColorCurv, XCAFDoc_ColorGen, XCAFDoc_ColorSurf

    from builders.programs.cad_brep import subshapes

    def plain(value: Any) -> tuple[float, float, float, float]:
        red, green, blue = value.GetRGB().Values(Quantity_TOC_sRGB)
        return (red, green, blue, value.Alpha())

    value = Quantity_ColorRGBA()
    for kind in (XCAFDoc_ColorSurf, XCAFDoc_ColorGen, XCAFDoc_ColorCurv):
        if colours.GetColor_s(label, kind, value):
            return plain(value)
    if shape is None:
        return None
    counted: dict[tuple[float, float, float, float], int] = {}
    for part in (*subshapes(shape, TopAbs_SOLID), *subshapes(shape, TopAbs_FACE)[:2000]):
        if colours.GetColor(part, XCAFDoc_ColorSurf, value) or colours.GetColor(part, XCAFDoc_ColorGen, value):
            counted[plain(value)] = counted.get(plain(value), 0) + 1
    return max(counted, key=lambda key: counted[key]) if counted else None
