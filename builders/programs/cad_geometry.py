"""Triangles and edges that drawings, pictures and exchange files are made from; the same for solids and for meshes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Two triangles that meet at a sharper angle than this show an edge between them.
FEATURE_ANGLE_DEG = 25.0
TRIANGLES_MAX = 3_000_000


@dataclass
class Mesh:
    """Triangles with a normal for each corner, so that flat faces stay flat and round ones look round.

    Shape: vertices (n, 3) and normals (n, 3) in mm, faces (m, 3) indices.
    """

    vertices: Floats
    normals: Floats
    faces: Ints
    # Copies of a part share all work but their place.
    base: Mesh | None = None
    matrix: Floats | None = None

    def moved(self, matrix: Floats) -> Mesh:
        """This mesh in another place. Shape: matrix (3, 4), a rotation and a translation."""
        turned, shift = matrix[:, :3].T, matrix[:, 3]
        return Mesh(self.vertices @ turned + shift, self.normals @ turned, self.faces, self, matrix)

    @cached_property
    def merged(self) -> tuple[Floats, Ints]:
        """Vertices and faces with equal points made one: what decides whether the surface is closed."""
        if self.base is not None and self.matrix is not None:
            vertices, faces = self.base.merged
            return vertices @ self.matrix[:, :3].T + self.matrix[:, 3], faces
        size = float(np.ptp(self.vertices, axis=0).max()) if len(self.vertices) else 1.0
        keys = np.round(self.vertices / max(size * 1e-7, 1e-9)).astype(np.int64)
        _, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        faces = inverse.reshape(-1)[self.faces]
        proper = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
        return self.vertices[first], faces[proper]

    @cached_property
    def adjacency(self) -> tuple[Ints, Ints, Floats]:
        """Edges of the merged mesh: vertex pairs, the two faces beside each (-1: none), and face normals."""
        if self.base is not None and self.matrix is not None:
            edges, pairs, normals = self.base.adjacency
            return edges, pairs, normals @ self.matrix[:, :3].T
        vertices, faces = self.merged
        normals = face_normals(vertices, faces)
        edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
        owners = np.tile(np.arange(len(faces)), 3)
        order = np.lexsort((owners, edges[:, 1], edges[:, 0]))
        edges, owners = edges[order], owners[order]
        starts = np.ones(len(edges), dtype=bool)
        starts[1:] = (edges[1:] != edges[:-1]).any(axis=1)
        index = np.flatnonzero(starts)
        count = np.diff(np.append(index, len(edges)))
        pairs = np.full((len(index), 2), -1, dtype=np.int64)
        pairs[:, 0] = owners[index]
        pairs[count == 2, 1] = owners[index[count == 2] + 1]
        return edges[index], pairs, normals

    @cached_property
    def watertight(self) -> bool:
        """Every edge belongs to two triangles that run along it in opposite directions."""
        if self.base is not None:
            return self.base.watertight
        _, faces = self.merged
        if not len(faces):
            return False
        directed = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
        size = int(faces.max()) + 1
        forward = np.sort(directed[:, 0] * size + directed[:, 1])
        backward = np.sort(directed[:, 1] * size + directed[:, 0])
        return bool(np.array_equal(forward, backward))

    def measure(self) -> tuple[float, float, Floats]:
        """Volume, area and centre of the enclosed volume. Units: mm3, mm2, mm."""
        vertices, faces = self.merged
        origin = vertices.mean(axis=0) if len(vertices) else np.zeros(3)
        a, b, c = (vertices[faces[:, i]] - origin for i in range(3))
        cross = np.cross(b - a, c - a)
        volumes = np.einsum("ij,ij->i", a, np.cross(b, c)) / 6.0
        volume = float(volumes.sum())
        area = float(np.linalg.norm(cross, axis=1).sum() / 2.0)
        centre = ((a + b + c) / 4.0 * volumes[:, None]).sum(axis=0) / volume if abs(volume) > 1e-9 else np.zeros(3)
        return volume, area, origin + centre

    def feature_edges(self) -> list[Floats]:
        """Polylines along sharp and open edges, for meshes that know no edges of their own."""
        pairs, sides, normals = self.adjacency
        cosine = np.einsum("ij,ij->i", normals[sides[:, 0]], normals[sides[:, 1]])
        sharp = (sides[:, 1] < 0) | (cosine < np.cos(np.radians(FEATURE_ANGLE_DEG)))
        return chain(self.merged[0], pairs[sharp])


@dataclass
class Piece:
    """One body of a part or assembly, placed where it belongs.

    Attributes:
        shape: the boundary representation (an OCP shape), where there is one.
        box: the corners of its exact bounding box, where that is known better than from the triangles. Units: mm.
        colour: sRGB red, green, blue, alpha from 0 to 1.
        density: Units: g/cm3.
    """

    name: str
    mesh: Mesh
    edges: list[Floats]
    shape: Any = None
    colour: tuple[float, float, float, float] | None = None
    material: str = ""
    density: float | None = None
    box: tuple[Floats, Floats] | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def face_normals(vertices: Floats, faces: Ints) -> Floats:
    """Unit normals of triangles."""
    cross = np.cross(vertices[faces[:, 1]] - vertices[faces[:, 0]], vertices[faces[:, 2]] - vertices[faces[:, 0]])
    length = np.linalg.norm(cross, axis=1)
    return cross / np.where(length > 0, length, 1.0)[:, None]


def corner_normals(vertices: Floats, faces: Ints) -> Floats:
    """Normals at vertices, weighted by the triangles' areas: right inside one smooth face."""
    cross = np.cross(vertices[faces[:, 1]] - vertices[faces[:, 0]], vertices[faces[:, 2]] - vertices[faces[:, 0]])
    total = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(total, faces[:, corner], cross)
    length = np.linalg.norm(total, axis=1)
    return total / np.where(length > 0, length, 1.0)[:, None]


def soften(vertices: Floats, faces: Ints) -> Mesh:
    """A mesh whose corners share a normal only where triangles meet at a blunt angle."""
    flat = Mesh(vertices, np.zeros_like(vertices), faces)
    points, triangles = flat.merged
    normals = face_normals(points, triangles)
    corners = triangles.reshape(-1)
    per_corner = np.repeat(normals, 3, axis=0)
    # Round normals to a coarse grid of directions would tear soft surfaces; instead average per vertex, and keep the
    # average only where it stays close to the triangle's own normal.
    cross = np.cross(
        points[triangles[:, 1]] - points[triangles[:, 0]], points[triangles[:, 2]] - points[triangles[:, 0]]
    )
    total = np.zeros_like(points)
    np.add.at(total, corners, np.repeat(cross, 3, axis=0))
    length = np.linalg.norm(total, axis=1)
    average = (total / np.where(length > 0, length, 1.0)[:, None])[corners]
    close = np.einsum("ij,ij->i", average, per_corner) > np.cos(np.radians(FEATURE_ANGLE_DEG))
    chosen = np.where(close[:, None], average, per_corner)
    return Mesh(points[corners], chosen, np.arange(len(corners), dtype=np.int64).reshape(-1, 3))


def chain(vertices: Floats, pairs: Ints) -> list[Floats]:
    """Join segments that share end points into polylines, always in the same order."""
    at: dict[int, list[int]] = {}
    for number, (a, b) in enumerate(pairs.tolist()):
        at.setdefault(a, []).append(number)
        at.setdefault(b, []).append(number)
    ends = pairs.tolist()
    used = [False] * len(ends)
    lines: list[Floats] = []

    def walk(start: int) -> list[int]:
        path, here = [start], start
        while True:
            step = next((n for n in at[here] if not used[n]), -1)
            if step < 0:
                return path
            used[step] = True
            here = ends[step][1] if ends[step][0] == here else ends[step][0]
            path.append(here)
            if len(at[here]) != 2:
                return path

    # Start at corners first, so that a line ends where another begins; what is left are closed loops.
    for vertex in [v for v, numbers in at.items() if len(numbers) != 2] + list(at):
        while any(not used[n] for n in at[vertex]):
            lines.append(vertices[walk(vertex)])
    return lines


def bounds(pieces: list[Piece]) -> tuple[Floats, Floats]:
    """The corners of the box around all pieces. Units: mm."""
    boxes = [piece.box or (piece.mesh.vertices.min(axis=0), piece.mesh.vertices.max(axis=0)) for piece in pieces]
    return np.min([low for low, _ in boxes], axis=0), np.max([high for _, high in boxes], axis=0)
