"""Which triangle and which stretch of an edge is seen from a side: a depth buffer, filled by a compiled loop.

A graphics library would need a display or a driver on every host, and each renders a little differently.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from builders.programs.cad_geometry import Floats, Ints, Piece, bounds, chain

Depths = NDArray[np.float64]


@dataclass(frozen=True)
class View:
    """A direction to look from: rows of `axes` are right, up and towards the eye, in the part's coordinates."""

    name: str
    title: str
    axes: Floats


def looking(name: str, title: str, right: tuple[float, float, float], up: tuple[float, float, float]) -> View:
    """A view from its right and up directions."""
    r, u = np.array(right, dtype=float), np.array(up, dtype=float)
    r, u = r / np.linalg.norm(r), u / np.linalg.norm(u)
    return View(name, title, np.array([r, u, np.cross(r, u)]))


VIEWS = (
    looking("isometric", "Isometric", (1, 1, 0), (-1, 1, 2)),
    looking("front", "Front", (1, 0, 0), (0, 0, 1)),
    looking("top", "Top", (1, 0, 0), (0, 1, 0)),
    looking("right", "Right", (0, 1, 0), (0, 0, 1)),
)


@numba.njit(
    "void(float64[:, :], int64[:, :], float64[:, :], int32[:, :])", nogil=True, error_model="numpy"
)  # an explicit signature compiles on import: once for all forks of a warm process
def _fill(points, faces, depth, owner):  # type: ignore[no-untyped-def]
    height, width = depth.shape
    for f in range(faces.shape[0]):
        ax, ay, az = points[faces[f, 0], 0], points[faces[f, 0], 1], points[faces[f, 0], 2]
        bx, by, bz = points[faces[f, 1], 0], points[faces[f, 1], 1], points[faces[f, 1], 2]
        cx, cy, cz = points[faces[f, 2], 0], points[faces[f, 2], 1], points[faces[f, 2], 2]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if abs(area) < 1e-12:
            continue
        x0 = max(int(np.floor(min(ax, bx, cx) - 0.5)), 0)
        x1 = min(int(np.ceil(max(ax, bx, cx) + 0.5)), width - 1)
        y0 = max(int(np.floor(min(ay, by, cy) - 0.5)), 0)
        y1 = min(int(np.ceil(max(ay, by, cy) + 0.5)), height - 1)
        per_area = 1.0 / area
        for y in range(y0, y1 + 1):
            py = y + 0.5
            # u and v are linear along a row: where each is at least 0 is an interval
            u0 = ((bx - (x0 + 0.5)) * (cy - py) - (by - py) * (cx - (x0 + 0.5))) * per_area
            v0 = ((cx - (x0 + 0.5)) * (ay - py) - (cy - py) * (ax - (x0 + 0.5))) * per_area
            du, dv = (by - cy) * per_area, (cy - ay) * per_area
            first, last = 0.0, float(x1 - x0)
            for value, slope in ((u0, du), (v0, dv), (1.0 - u0 - v0, -du - dv)):
                if slope > 1e-15:
                    first = max(first, (-1e-9 - value) / slope)
                elif slope < -1e-15:
                    last = min(last, (-1e-9 - value) / slope)
                elif value < -1e-9:
                    last = -1.0
            for i in range(int(np.ceil(first)), int(np.floor(last)) + 1):
                u, v = u0 + i * du, v0 + i * dv
                z = u * az + v * bz + (1.0 - u - v) * cz
                if z > depth[y, x0 + i]:
                    depth[y, x0 + i] = z
                    owner[y, x0 + i] = f


@numba.njit("void(float64[:, :], float64[:, :])", nogil=True)
def _farthest(depth, far):  # type: ignore[no-untyped-def]
    """The farthest surface within one pixel of each; beyond the grid lies nothing."""
    height, width = depth.shape
    for y in range(height):
        for x in range(width):
            if x == 0 or y == 0 or x == width - 1 or y == height - 1:
                far[y, x] = -np.inf
                continue
            least = depth[y, x]
            for ny in range(y - 1, y + 2):
                for nx in range(x - 1, x + 2):
                    least = min(least, depth[ny, nx])
            far[y, x] = least


@numba.njit(
    "void(float64[:, :], int64[:, :], float64[:, :], float64[:, :], int32[:, :], float64[:, :], uint8[:, :, :])",
    nogil=True,
    error_model="numpy",
)
def shade(points, faces, normals, colours, owner, light_of, pixels):  # type: ignore[no-untyped-def]
    """Colour every pixel that shows a triangle. `colours` per triangle, `light_of` a factor for each second pixel."""
    height, width = owner.shape
    for y in range(height):
        for x in range(width):
            f = owner[y, x]
            if f < 0:
                continue
            i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
            ax, ay, bx, by, cx, cy = points[i, 0], points[i, 1], points[j, 0], points[j, 1], points[k, 0], points[k, 1]
            px, py = x + 0.5, y + 0.5
            area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
            u = ((bx - px) * (cy - py) - (by - py) * (cx - px)) / area
            v = ((cx - px) * (ay - py) - (cy - py) * (ax - px)) / area
            w = 1.0 - u - v
            nx = u * normals[i, 0] + v * normals[j, 0] + w * normals[k, 0]
            ny = u * normals[i, 1] + v * normals[j, 1] + w * normals[k, 1]
            nz = u * normals[i, 2] + v * normals[j, 2] + w * normals[k, 2]
            length = np.sqrt(nx * nx + ny * ny + nz * nz)
            if length > 0:
                nx, ny, nz = nx / length, ny / length, nz / length
            if nz < 0:  # inside-out triangles look right as well
                nx, ny, nz = -nx, -ny, -nz
            key = max(-0.45 * nx + 0.62 * ny + 0.64 * nz, 0.0)
            fill = max(0.80 * nx + 0.10 * ny + 0.58 * nz, 0.0)
            shine = max(-0.24 * nx + 0.34 * ny + 0.91 * nz, 0.0) ** 40 * 0.10
            light = (0.46 + 0.52 * key + 0.16 * fill) * light_of[y // 2, x // 2]
            for channel in range(3):
                pixels[y, x, channel] = np.uint8(min(max(colours[f, channel] * light + shine, 0.0), 1.0) * 255.0 + 0.5)
            pixels[y, x, 3] = 255


@numba.njit("void(uint8[:, :, :], uint8[:, :, :])", nogil=True)
def halve(large, small):  # type: ignore[no-untyped-def]
    """Average blocks of two by two pixels, without a dark rim where they turn transparent."""
    height, width, _ = small.shape
    for y in range(height):
        for x in range(width):
            red = green = blue = alpha = 0
            for sy in range(2 * y, 2 * y + 2):
                for sx in range(2 * x, 2 * x + 2):
                    a = int(large[sy, sx, 3])
                    alpha += a
                    red += int(large[sy, sx, 0]) * a
                    green += int(large[sy, sx, 1]) * a
                    blue += int(large[sy, sx, 2]) * a
            if alpha > 0:
                small[y, x, 0] = (red + alpha // 2) // alpha
                small[y, x, 1] = (green + alpha // 2) // alpha
                small[y, x, 2] = (blue + alpha // 2) // alpha
                small[y, x, 3] = (alpha + 2) // 4


class Frame:
    """Pieces seen from one side, on a grid of pixels.

    `project` gives pixel coordinates (y down) and depth (larger is nearer), depth in the same unit as the pixels.
    """

    def __init__(self, pieces: list[Piece], view: View, width_px: int, height_px: int, margin_px: float) -> None:
        self.view, self.pieces = view, pieces
        self.width_px, self.height_px = width_px, height_px
        flat = [piece.mesh.vertices @ view.axes.T for piece in pieces]
        low = np.min([points.min(axis=0) for points in flat], axis=0)
        high = np.max([points.max(axis=0) for points in flat], axis=0)
        self.low, self.high = low, high
        extent = np.maximum(high - low, 1e-6)
        room = np.array([width_px - 2 * margin_px, height_px - 2 * margin_px])
        self.px_per_mm = float((room / extent[:2]).min())
        self.centre = (low + high) / 2
        points, faces, pieces_of, first = [], [], [], 0
        for number, (piece, coordinates) in enumerate(zip(pieces, flat, strict=True)):
            points.append(self._pixels(coordinates))
            faces.append(piece.mesh.faces + first)
            pieces_of.append(np.full(len(piece.mesh.faces), number, dtype=np.int32))
            first += len(coordinates)
        self.points: Floats = np.ascontiguousarray(np.concatenate(points))
        self.faces: Ints = np.ascontiguousarray(np.concatenate(faces).astype(np.int64))
        self.piece_of = np.concatenate(pieces_of)
        self.depth: Depths = np.full((height_px, width_px), -np.inf)
        self.owner = np.full((height_px, width_px), -1, dtype=np.int32)
        _fill(self.points, self.faces, self.depth, self.owner)

    def _pixels(self, coordinates: Floats) -> Floats:
        moved = (coordinates - self.centre) * self.px_per_mm
        moved[:, 0] += self.width_px / 2
        moved[:, 1] = self.height_px / 2 - moved[:, 1]
        return moved

    def project(self, points: Floats) -> Floats:
        """Points in mm to pixels and depth."""
        return self._pixels(points @ self.view.axes.T)

    def edges(self) -> list[Floats]:
        """Edges that the pieces have, and outlines of their round faces, projected."""
        lines: list[Floats] = []
        for piece in self.pieces:
            lines += [self.project(line) for line in piece.edges]
            pairs, sides, normals = piece.mesh.adjacency
            facing = normals @ self.view.axes[2]
            outline = (sides[:, 1] >= 0) & ((facing[sides[:, 0]] > 1e-6) != (facing[sides[:, 1]] > 1e-6))
            # Sharp edges are in piece.edges; this adds where a smooth face turns away.
            smooth = np.einsum("ij,ij->i", normals[sides[:, 0]], normals[sides[:, 1]]) > 0.9
            if piece.edges:
                outline &= smooth
            lines += [self.project(line) for line in chain(piece.mesh.merged[0], pairs[outline])]
        return lines

    def visible(self, lines: list[Floats]) -> list[tuple[NDArray[np.float64], bool]]:
        """Cut lines into stretches that are seen (True) and that are behind something (False)."""
        # The farthest surface within one pixel decides, so that an edge isn't hidden by the very faces that meet in it.
        far = np.empty_like(self.depth)
        _farthest(self.depth, far)
        height, width = far.shape
        lines = [
            line for line in lines if len(line) > 1 and float(np.hypot(*(line[1:] - line[:-1])[:, :2].T).sum()) >= 0.6
        ]
        if not lines:
            return []
        # All lines at once: points along them, the line each belongs to, and which points are corners.
        whole = np.concatenate(lines)
        of_line = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
        ends = np.flatnonzero(np.append(of_line[1:] != of_line[:-1], True))
        steps = np.hypot(*(np.diff(whole[:, :2], axis=0, append=whole[-1:, :2])).T)
        counts = np.maximum(np.ceil(steps / 0.8).astype(np.int64), 1)
        counts[ends] = 1  # the last point of a line leads nowhere
        number = np.repeat(np.arange(len(whole)), counts)
        first = np.cumsum(counts) - counts
        within = ((np.arange(len(number)) - first[number]) / counts[number])[:, None]
        follow = np.minimum(number + 1, len(whole) - 1)
        samples = whole[number] * (1 - within) + whole[follow] * within
        corner = within[:, 0] == 0
        line_of = of_line[number]
        x = np.clip(samples[:, 0].astype(np.int64), 0, width - 1)
        y = np.clip(samples[:, 1].astype(np.int64), 0, height - 1)
        seen = samples[:, 2] >= far[y, x] - 1.2
        seen = _steady(seen, line_of)
        flat = samples[:, :2]
        runs = _runs(seen, line_of)
        pieces: list[tuple[NDArray[np.float64], bool]] = []
        for start, stop in zip(runs[:-1].tolist(), runs[1:].tolist(), strict=True):
            end = stop + 1 if stop < len(seen) and line_of[stop] == line_of[start] else stop
            keep = corner[start:end].copy()
            keep[0] = keep[-1] = True
            if end - start > 1:
                pieces.append((flat[start:end][keep], bool(seen[start])))
        return pieces


def _runs(seen: NDArray[np.bool_], line_of: Ints) -> Ints:
    """Where stretches of one state on one line begin, and the end of the last."""
    changes = np.flatnonzero((seen[1:] != seen[:-1]) | (line_of[1:] != line_of[:-1])) + 1
    return np.concatenate([[0], changes, [len(seen)]])


def _steady(seen: NDArray[np.bool_], line_of: Ints) -> NDArray[np.bool_]:
    """Drop flicker: a stretch of one to three samples inside a line takes the state around it."""
    runs = _runs(seen, line_of)
    starts, stops = runs[:-1], runs[1:]
    inside = np.zeros(len(starts), dtype=bool)
    inside[1:-1] = (line_of[starts[1:-1]] == line_of[starts[:-2]]) & (line_of[starts[1:-1]] == line_of[starts[2:]])
    short = inside & (stops - starts <= 3)
    short[1:] &= ~short[:-1]  # of two neighbours only one turns
    return seen ^ np.repeat(short, stops - starts)


def extent_mm(pieces: list[Piece]) -> Floats:
    """Width, depth and height of the box around all pieces."""
    low, high = bounds(pieces)
    return high - low
