"""Drawings with overall dimensions, and the shaded picture on a design's card."""

from __future__ import annotations

import io
from html import escape
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.ndimage import uniform_filter

from builders.programs.cad_geometry import Piece
from builders.programs.cad_raster import VIEWS, Frame, View, extent_mm, halve, shade

DRAWING_PX = 900  # the raster that decides what is hidden
SHEET_WIDTH, SHEET_HEIGHT, MARGIN = 800.0, 600.0, 78.0
INK, FAINT, MEASURE = "#1d2733", "#9aa7b4", "#2867a8"
PICTURE_WIDTH_PX, PICTURE_HEIGHT_PX, OVERSAMPLING = 960, 720, 2
HIDDEN_LINES_MAX = 400  # more than these make a drawing harder to read, not easier
STEEL = (0.62, 0.68, 0.74, 1.0)


def millimetres(value: float) -> str:
    """A length as a drawing shows it."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value < 1000 else f"{value:.0f}"


def svg_view(pieces: list[Piece], view: View, title: str) -> str:
    """One view of the part as an SVG sheet: visible edges, hidden ones dashed, overall dimensions."""
    scale = DRAWING_PX / SHEET_WIDTH
    frame = Frame(pieces, view, DRAWING_PX, round(SHEET_HEIGHT * scale), MARGIN * scale)
    stretches = frame.visible(frame.edges())
    hidden = [line for line, seen in stretches if not seen]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SHEET_WIDTH:g} {SHEET_HEIGHT:g}" role="img"'
        f' font-family="Inter, Helvetica, Arial, sans-serif" font-size="26">',
        f"<title>{escape(title)}: {escape(view.title.lower())} view</title>",
        f'<rect width="{SHEET_WIDTH:g}" height="{SHEET_HEIGHT:g}" fill="#ffffff"/>',
    ]
    if view.name != "isometric" and len(hidden) <= HIDDEN_LINES_MAX:
        parts.append(
            f'<path fill="none" stroke="{FAINT}" stroke-width="0.8" stroke-dasharray="5 3" d="{_path(hidden, scale)}"/>'
        )
    thick = 1.3 if len(stretches) < 1500 else 0.8
    visible = _path([line for line, seen in stretches if seen], scale)
    parts.append(
        f'<path fill="none" stroke="{INK}" stroke-width="{thick}" stroke-linecap="round" stroke-linejoin="round"'
        f' d="{visible}"/>'
    )
    width, depth, height = (millimetres(float(v)) for v in extent_mm(pieces))
    if view.name == "isometric":
        parts.append(
            f'<text x="{SHEET_WIDTH / 2:g}" y="{SHEET_HEIGHT - 22:g}" text-anchor="middle" fill="{MEASURE}">'
            f"{width} × {depth} × {height} mm</text>"
        )
    else:
        parts += _dimensions(frame, scale)
    parts.append(f'<text x="20" y="38" fill="{FAINT}" font-size="22">{escape(view.title)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _path(lines: list[NDArray[np.float64]], scale: float) -> str:
    """SVG path data; points on the way between their neighbours are left out."""
    out = []
    for line in lines:
        points = np.round(line / scale, 1).tolist()
        kept = points[:1]
        for here, after in pairwise(points[1:]):
            (ax, ay), (bx, by), (cx, cy) = kept[-1], here, after
            bends = abs((bx - ax) * (cy - by) - (by - ay) * (cx - bx)) > 0.02
            if bends or (bx - ax) * (cx - bx) + (by - ay) * (cy - by) < 0:  # a circle seen from its edge turns back
                kept.append(here)
        kept.append(points[-1])
        text = "L".join(f"{x:g} {y:g}" for x, y in kept)
        out.append(f"M{text}")
    return "".join(out)


def _dimensions(frame: Frame, scale: float) -> list[str]:
    """Overall width below and overall height to the right, with extension lines and arrows."""
    half = (frame.high - frame.low)[:2] * frame.px_per_mm / 2 / scale
    cx, cy = SHEET_WIDTH / 2, SHEET_HEIGHT / 2
    left, right, top, bottom = cx - half[0], cx + half[0], cy - half[1], cy + half[1]
    y, x = bottom + 32, right + 32
    size = np.abs(frame.view.axes) @ extent_mm(frame.pieces)
    across, upright = millimetres(float(size[0])), millimetres(float(size[1]))
    lines = (
        f"M{left:.1f} {bottom + 6:.1f}V{y + 6:.1f}M{right:.1f} {bottom + 6:.1f}V{y + 6:.1f}"
        f"M{left:.1f} {y:.1f}H{right:.1f}M{right + 6:.1f} {top:.1f}H{x + 6:.1f}"
        f"M{right + 6:.1f} {bottom:.1f}H{x + 6:.1f}M{x:.1f} {top:.1f}V{bottom:.1f}"
    )
    arrows = "".join(
        f"M{px:.1f} {py:.1f}l{ax} {ay}l{bx} {by}z"
        for px, py, ax, ay, bx, by in (
            (left, y, 9, -3, 0, 6),
            (right, y, -9, -3, 0, 6),
            (x, top, -3, 9, 6, 0),
            (x, bottom, -3, -9, 6, 0),
        )
    )
    return [
        f'<path fill="none" stroke="{MEASURE}" stroke-width="0.8" d="{lines}"/>',
        f'<path fill="{MEASURE}" d="{arrows}"/>',
        f'<text x="{cx:g}" y="{y + 30:.1f}" text-anchor="middle" fill="{MEASURE}">{across} mm</text>',
        f'<text x="{x + 30:.1f}" y="{cy:g}" text-anchor="middle" fill="{MEASURE}"'
        f' transform="rotate(-90 {x + 30:.1f} {cy:g})">{upright} mm</text>',
    ]


def picture(pieces: list[Piece]) -> bytes:
    """A shaded picture on a transparent ground, as PNG."""
    frame = Frame(
        pieces, VIEWS[0], PICTURE_WIDTH_PX * OVERSAMPLING, PICTURE_HEIGHT_PX * OVERSAMPLING, 28.0 * OVERSAMPLING
    )
    normals = np.concatenate([piece.mesh.normals for piece in pieces]) @ frame.view.axes.T
    colours = np.array([(piece.colour or STEEL)[:3] for piece in pieces], dtype=np.float64)[frame.piece_of]
    pixels = np.zeros((*frame.owner.shape, 4), dtype=np.uint8)
    light = _crevices(frame.depth[::2, ::2], frame.owner[::2, ::2] >= 0)
    shade(
        frame.points,
        frame.faces,
        np.ascontiguousarray(normals),
        np.ascontiguousarray(colours),
        frame.owner,
        light,
        pixels,
    )
    image = Image.fromarray(pixels)
    draw = ImageDraw.Draw(image)
    for line, seen in frame.visible(frame.edges()):
        if seen and len(line) > 1:
            draw.line([tuple(point) for point in line.tolist()], fill=(29, 39, 51, 255), width=OVERSAMPLING + 1)
    small = np.zeros((PICTURE_HEIGHT_PX, PICTURE_WIDTH_PX, 4), dtype=np.uint8)
    halve(np.array(image), small)
    buffer = io.BytesIO()
    Image.fromarray(small).save(buffer, "PNG", optimize=False, compress_level=6)
    return buffer.getvalue()


def _crevices(depth: NDArray[np.float64], hit: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Darken what lies deeper than its surroundings: corners and pockets read as such."""
    filled = np.where(hit, depth, 0.0)
    weight = hit.astype(float)
    dark = np.zeros_like(filled)
    for size in (13, 41):
        around = uniform_filter(filled, size) / np.maximum(uniform_filter(weight, size), 1e-3)
        dark += np.clip((around - filled) / (2 * size) - 0.38, 0, 0.5)
    return 1.0 - np.clip(dark, 0, 0.35)
