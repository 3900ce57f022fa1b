"""Solids: triangles and edges from them, facts about them, and flat outlines to cut."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
from OCP.Bnd import Bnd_Box
from OCP.BRep import BRep_Tool
from OCP.BRepAdaptor import BRepAdaptor_Surface
from OCP.BRepBndLib import BRepBndLib
from OCP.BRepGProp import BRepGProp
from OCP.BRepLib import BRepLib
from OCP.BRepMesh import BRepMesh_IncrementalMesh
from OCP.GeomAbs import GeomAbs_C0, GeomAbs_Cylinder, GeomAbs_Plane
from OCP.gp import gp_Ax3, gp_Dir, gp_Pnt, gp_Trsf, gp_Vec
from OCP.GProp import GProp_GProps
from OCP.TopAbs import TopAbs_EDGE, TopAbs_FACE, TopAbs_REVERSED, TopAbs_SHELL, TopAbs_SOLID
from OCP.TopExp import TopExp
from OCP.TopLoc import TopLoc_Location
from OCP.TopoDS import TopoDS, TopoDS_Shape
from OCP.TopTools import TopTools_IndexedDataMapOfShapeListOfShape, TopTools_IndexedMapOfShape

from builders.programs.cad_geometry import TRIANGLES_MAX, Floats, Mesh, corner_normals
from builders.programs.cad_report import Refused

# How far a triangle may lie from the true surface. Fine enough to print, coarse enough to look at in a browser.
ANGULAR_RAD = 0.3
LINEAR_MIN_MM, LINEAR_MAX_MM = 0.01, 0.2
FLAT_THICKNESS_MAX_MM = 30.0


class TooFine(Refused):
    """A model has more detail than a build may draw."""

    def __init__(self) -> None:
        super().__init__(
            f"The model needs more than {TRIANGLES_MAX:,} triangles.",
            "Leave out threads, knurls and other fine detail, or split the part.",
        )


def subshapes(shape: TopoDS_Shape, kind: Any) -> list[TopoDS_Shape]:
    """The distinct faces, edges, solids of a shape, in its own order."""
    found = TopTools_IndexedMapOfShape()
    TopExp.MapShapes_s(shape, kind, found)
    return [found.FindKey(number) for number in range(1, found.Extent() + 1)]


def box(shape: TopoDS_Shape, exact: bool = True) -> tuple[Floats, Floats]:
    """The corners of a shape's bounding box. Units: mm."""
    bounds = Bnd_Box()
    if exact:
        BRepBndLib.AddOptimal_s(shape, bounds, False, False)
    else:
        BRepBndLib.Add_s(shape, bounds)
    if bounds.IsVoid():
        return np.zeros(3), np.zeros(3)
    bounds.SetGap(0.0)
    x0, y0, z0, x1, y1, z1 = bounds.Get()
    return np.array([x0, y0, z0]), np.array([x1, y1, z1])


def tessellate(shape: TopoDS_Shape) -> tuple[Mesh, list[Floats]]:
    """Triangles of a shape, and polylines along its sharp edges. Raises: TooFine."""
    low, high = box(shape, exact=False)
    linear = float(np.clip(np.linalg.norm(high - low) / 2000.0, LINEAR_MIN_MM, LINEAR_MAX_MM))
    BRepLib.EncodeRegularity_s(shape)
    BRepMesh_IncrementalMesh(shape, linear, False, ANGULAR_RAD, False)
    vertices: list[Floats] = []
    normals: list[Floats] = []
    faces: list[Any] = []
    first = triangles = 0
    for item in subshapes(shape, TopAbs_FACE):
        face = TopoDS.Face_s(item)
        location = TopLoc_Location()
        grid = BRep_Tool.Triangulation_s(face, location)
        if grid is None:
            continue
        triangles += grid.NbTriangles()
        if triangles > TRIANGLES_MAX:
            raise TooFine()
        points = _moved(
            np.array([_xyz(grid.Node(i)) for i in range(1, grid.NbNodes() + 1)], dtype=float).reshape(-1, 3), location
        )
        corners = np.array([grid.Triangle(i).Get() for i in range(1, grid.NbTriangles() + 1)], dtype=np.int64) - 1
        if not len(corners):
            continue
        if face.Orientation() == TopAbs_REVERSED:
            corners = corners[:, ::-1]
        vertices.append(points)
        normals.append(corner_normals(points, corners))
        faces.append(corners + first)
        first += len(points)
    if not faces:
        return Mesh(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros((0, 3), dtype=np.int64)), []
    mesh = Mesh(np.concatenate(vertices), np.concatenate(normals), np.ascontiguousarray(np.concatenate(faces)))
    return mesh, _sharp_edges(shape)


class Tessellator:
    """Triangles of many placed shapes; copies of one shape are worked out once."""

    def __init__(self) -> None:
        self._known: dict[Any, tuple[Mesh, list[Floats]]] = {}

    def __call__(self, shape: TopoDS_Shape) -> tuple[Mesh, list[Floats], bool]:
        """Triangles and edges in place, and whether this is a copy of a shape seen before. Raises: TooFine."""
        place = shape.Location()
        key = (shape.TShape(), shape.Orientation())
        known = key in self._known
        if not known:
            self._known[key] = tessellate(shape.Located(TopLoc_Location()))
        mesh, edges = self._known[key]
        if place.IsIdentity():
            return mesh, edges, known
        matrix = matrix_of(place)
        return mesh.moved(matrix), [line @ matrix[:, :3].T + matrix[:, 3] for line in edges], known


def matrix_of(location: TopLoc_Location) -> Floats:
    """Shape: (3, 4), a rotation and a translation."""
    moved = location.Transformation()
    return np.array([[moved.Value(row, column) for column in range(1, 5)] for row in range(1, 4)])


def _xyz(point: gp_Pnt) -> tuple[float, float, float]:
    return point.X(), point.Y(), point.Z()


def _moved(points: Floats, location: TopLoc_Location) -> Floats:
    if location.IsIdentity():
        return points
    matrix = matrix_of(location)
    return points @ matrix[:, :3].T + matrix[:, 3]


def _sharp_edges(shape: TopoDS_Shape) -> list[Floats]:
    """Polylines along edges where the surface bends, on the points of the triangulation."""
    owners = TopTools_IndexedDataMapOfShapeListOfShape()
    TopExp.MapShapesAndAncestors_s(shape, TopAbs_EDGE, TopAbs_FACE, owners)
    lines: list[Floats] = []
    for number in range(1, owners.Extent() + 1):
        edge = TopoDS.Edge_s(owners.FindKey(number))
        beside = owners.FindFromIndex(number)  # walking such a list from Python takes a millisecond
        around = [TopoDS.Face_s(face) for face in (beside.First(), beside.Last())[: beside.Size()]]
        if BRep_Tool.Degenerated_s(edge) or not around:
            continue
        if len(around) == 1 and BRep_Tool.IsClosed_s(edge, around[0]):
            continue  # the seam of a cylinder
        if beside.Size() == 2:
            if around[0].IsSame(around[1]):
                continue
            if BRep_Tool.Continuity_s(edge, around[0], around[1]) != GeomAbs_C0:
                continue  # where a fillet meets its face
        location = TopLoc_Location()
        grid = BRep_Tool.Triangulation_s(around[0], location)
        polygon = BRep_Tool.PolygonOnTriangulation_s(edge, grid, location) if grid is not None else None
        if polygon is None:
            continue
        indices = polygon.Nodes()
        points = [_xyz(grid.Node(indices.Value(i))) for i in range(indices.Lower(), indices.Upper() + 1)]
        lines.append(_moved(np.array(points, dtype=float), location))
    return lines


def measure(shape: TopoDS_Shape) -> tuple[float, float, Floats]:
    """Volume, area and centre of mass. Units: mm3, mm2, mm."""
    inside, surface = GProp_GProps(), GProp_GProps()
    BRepGProp.SurfaceProperties_s(shape, surface)
    solids = subshapes(shape, TopAbs_SOLID)
    for solid in solids:
        one = GProp_GProps()
        BRepGProp.VolumeProperties_s(solid, one)
        inside.Add(one)
    centre = (inside if solids else surface).CentreOfMass()
    return inside.Mass(), surface.Mass(), np.array(_xyz(centre))


def closed(shape: TopoDS_Shape) -> bool:
    """Every face belongs to a closed shell of a solid."""
    solids = subshapes(shape, TopAbs_SOLID)
    shells = [shell for solid in solids for shell in subshapes(solid, TopAbs_SHELL)]
    inside = sum(len(subshapes(solid, TopAbs_FACE)) for solid in solids)
    return bool(solids) and inside >= len(subshapes(shape, TopAbs_FACE)) and all(map(BRep_Tool.IsClosed_s, shells))


def holes(shape: TopoDS_Shape) -> dict[float, int]:
    """Diameters of round holes, with how many there are. Units: mm."""
    spans: dict[tuple[float, ...], float] = {}
    for item in subshapes(shape, TopAbs_FACE):
        face = TopoDS.Face_s(item)
        surface = BRepAdaptor_Surface(face)
        if surface.GetType() != GeomAbs_Cylinder:
            continue
        cylinder = surface.Cylinder()
        # The surface's own normal points away from its axis, unless its frame is left-handed.
        if (face.Orientation() == TopAbs_REVERSED) != cylinder.Position().Direct():
            continue
        axis = cylinder.Axis()
        direction = np.array([axis.Direction().X(), axis.Direction().Y(), axis.Direction().Z()])
        if tuple(np.round(direction, 6) + 0.0) < (0.0, 0.0, 0.0):
            direction = -direction
        foot = np.array(_xyz(axis.Location()))
        foot = foot - direction * float(foot @ direction)
        key = (round(cylinder.Radius(), 4), *(np.round(direction, 4) + 0.0), *(np.round(foot, 2) + 0.0))
        # Stacked faces of one hole share its axis: the widest span along one height is what matters, so height joins.
        height = round(surface.FirstVParameter() + float(np.array(_xyz(axis.Location())) @ direction), 2)
        spans[(*key, height)] = spans.get((*key, height), 0.0) + surface.LastUParameter() - surface.FirstUParameter()
    axes = {key[:-1] for key, angle in spans.items() if angle > 2 * math.pi - 0.02}
    counts: dict[float, int] = {}
    for key in sorted(axes):
        diameter = round(2 * key[0], 3)
        counts[diameter] = counts.get(diameter, 0) + 1
    return counts


def flat(shape: TopoDS_Shape) -> tuple[float, TopoDS_Shape] | None:
    """The thickness of a flat part and one of its two flat sides, or None. Units: mm."""
    solids = subshapes(shape, TopAbs_SOLID)
    if len(solids) != 1:
        return None
    planes: list[tuple[float, gp_Dir, gp_Pnt, TopoDS_Shape]] = []
    for item in subshapes(solids[0], TopAbs_FACE):
        surface = BRepAdaptor_Surface(TopoDS.Face_s(item))
        if surface.GetType() == GeomAbs_Plane:
            properties = GProp_GProps()
            BRepGProp.SurfaceProperties_s(item, properties)
            planes.append((properties.Mass(), surface.Plane().Axis().Direction(), surface.Plane().Location(), item))
    if len(planes) < 2:
        return None
    _, normal, start, _ = max(planes, key=lambda plane: round(plane[0], 6))
    levels: dict[float, list[tuple[float, TopoDS_Shape]]] = {}
    for area, direction, point, item in planes:
        if direction.IsParallel(normal, 1e-6):
            level = round(gp_Vec(start, point).Dot(gp_Vec(normal)), 4) + 0.0
            levels.setdefault(level, []).append((area, item))
    if len(levels) != 2:
        return None
    low, high = sorted(levels)
    thickness = high - low
    areas = [sum(area for area, _ in levels[level]) for level in (low, high)]
    volume = measure(solids[0])[0]
    if abs(areas[0] - areas[1]) > 1e-3 * areas[0] or abs(volume - areas[0] * thickness) > 1e-3 * volume:
        return None
    side = levels[high]
    flat_side = side[0][1]
    if len(side) != 1 or thickness > FLAT_THICKNESS_MAX_MM:
        return None
    x0, x1 = box(laid_down(flat_side), exact=False)
    if thickness > min((x1 - x0)[:2]) / 3:
        return None
    return round(thickness, 4), flat_side


def laid_down(face: TopoDS_Shape) -> TopoDS_Shape:
    """A flat face, moved into the XY plane with its lower left corner at the origin."""
    plane = BRepAdaptor_Surface(TopoDS.Face_s(face)).Plane()
    direction = plane.Axis().Direction()
    turned = gp_Trsf()
    if abs(direction.Z()) < 1 - 1e-9:
        # The frame that gp_Ax3 chooses depends on the direction alone, so drawings stay the same between runs.
        turned.SetTransformation(gp_Ax3(gp_Pnt(0, 0, 0), direction))
    flat_face = face.Moved(TopLoc_Location(turned))
    low, _ = box(flat_face)
    moved = gp_Trsf()
    moved.SetTranslation(gp_Vec(*(-low).tolist()))
    return flat_face.Moved(TopLoc_Location(moved))


def outline_dxf(face: TopoDS_Shape) -> bytes:
    """The outline of a flat face with its holes as DXF, ready to cut. Units: mm."""
    import cadquery
    import ezdxf
    from cadquery.occ_impl.exporters.dxf import DxfDocument

    ezdxf.options.write_fixed_meta_data_for_testing = True  # dates and GUIDs, else different in each run
    document = DxfDocument(doc_units=ezdxf.units.MM)
    document.add_layer("cut")
    edges = [cadquery.Edge(edge) for edge in subshapes(laid_down(face), TopAbs_EDGE)]
    document.add_shape(cadquery.Workplane("XY").newObject(edges), layer="cut")
    text = io.StringIO()
    document.document.write(text)
    return text.getvalue().encode()
