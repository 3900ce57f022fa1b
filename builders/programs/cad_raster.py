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
        for y in range(y0, y1 + 1):
            py = y + 0.5
            for x in range(x0, x1 + 1):
                px = x + 0.5
                u = ((bx - px) * (cy - py) - (by - py) * (cx - px)) / area
                v = ((cx - px) * (ay - py) - (cy - py) * (ax - px)) / area
                w = 1.0 - u - v
                if u < -1e-9 or v < -1e-9 or w < -1e-9:
                    continue
                z = u * az + v * bz + w * cz
                if z > depth[y, x]:
                    depth[y, x] = z
                    owner[y, x] = f


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
        near = self.depth.copy()
        # A pixel's neighbourhood: the farthest surface within one pixel decides, so that an edge isn't hidden by the
        # very faces that meet in it.
        padded = np.pad(near, 1, constant_values=-np.inf)
        far = np.min(
            [padded[dy : dy + near.shape[0], dx : dx + near.shape[1]] for dy in range(3) for dx in range(3)], axis=0
        )
        height, width = near.shape
        pieces: list[tuple[NDArray[np.float64], bool]] = []
        for line in lines:
            steps = np.hypot(*(line[1:, :2] - line[:-1, :2]).T)
            if float(steps.sum()) < 0.6:
                continue
            counts = np.maximum(np.ceil(steps / 0.8).astype(int), 1)
            number = np.repeat(np.arange(len(steps)), counts)
            within = np.concatenate([np.arange(n) / n for n in counts])[:, None]
            samples = np.vstack([line[number] * (1 - within) + line[number + 1] * within, line[-1:]])
            corner = np.concatenate([np.concatenate([[True], np.zeros(n - 1, dtype=bool)]) for n in counts] + [[True]])
            x = np.clip(samples[:, 0].astype(int), 0, width - 1)
            y = np.clip(samples[:, 1].astype(int), 0, height - 1)
            seen = samples[:, 2] >= far[y, x] - 1.2
            seen = _steady(seen)
            cuts = np.flatnonzero(seen[1:] != seen[:-1]) + 1
            for start, stop in zip([0, *cuts], [*cuts, len(samples)], strict=True):
                end = min(stop + 1, len(samples))
                part, keep = samples[start:end], corner[start:end].copy()
                keep[0] = keep[-1] = True
                pieces.append((part[keep][:, :2], bool(seen[start])))
        return pieces


def _steady(seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Drop flicker: a stretch of one to three samples takes the state around it."""
    seen = seen.copy()
    cuts = np.flatnonzero(seen[1:] != seen[:-1]) + 1
    edges = [0, *cuts.tolist(), len(seen)]
    for start, stop in zip(edges, edges[1:], strict=False):
        if stop - start <= 3 and stop - start < len(seen) and 0 < start and stop < len(seen):
            seen[start:stop] = seen[start - 1]
    return seen


def extent_mm(pieces: list[Piece]) -> Floats:
    """Width, depth and height of the box around all pieces."""
    low, high = bounds(pieces)
    return high - low
