"""Shapes that many parts are made of: flat plates, square tube, channel, folded sheet; and how they are placed.

A plate lies in XY with its underside on Z = 0, as it lies on the cutting table.
"""

# SPDX-License-Identifier: CERN-OHL-S-2.0
from collections.abc import Sequence
from itertools import pairwise
from math import hypot, radians, tan

import cadquery as cq
import press_params as p

Point = tuple[float, float]
Hole = tuple[float, float, float]  # x, y, diameter
Slot = tuple[float, float, float, float]  # centre x, centre y, width, height


def plate(
    outline: list[Point] | Point,
    thickness: float,
    holes: Sequence[Hole] = (),
    slots: Sequence[Slot] = (),
    radius: float = 0.0,
) -> cq.Workplane:
    """A flat plate, cut from a sheet; an outline of two numbers is a rectangle about the origin."""
    if isinstance(outline, tuple):
        body = cq.Workplane("XY").rect(*outline).extrude(thickness)
    else:
        body = cq.Workplane("XY").polyline(outline).close().extrude(thickness)
    if radius:
        body = body.edges("|Z").fillet(radius)
    tools = [cq.Solid.makeCylinder(d / 2, thickness, cq.Vector(x, y, 0)) for x, y, d in holes]
    tools += [cq.Solid.makeBox(w, h, thickness, cq.Vector(x - w / 2, y - h / 2, 0)) for x, y, w, h in slots]
    return body.newObject([body.val().cut(*tools)]) if tools else body


def square_tube(
    length: float,
    along_x: Sequence[Point] = (),
    along_y: Sequence[Point] = (),
    blind_y: Sequence[Point] = (),
) -> cq.Workplane:
    """Square hollow section along Z from 0, with sleeve holes through it and small holes in its +Y wall only.

    `along_x` lists (y, z), `along_y` lists (x, z), `blind_y` (x, z) for M8 rivet nuts.
    """
    outer = cq.Workplane("XY").rect(p.TUBE, p.TUBE).extrude(length).edges("|Z").fillet(1.5 * p.TUBE_WALL)
    inside = p.TUBE - 2 * p.TUBE_WALL
    body = outer.cut(cq.Workplane("XY").rect(inside, inside).extrude(length).edges("|Z").fillet(0.5 * p.TUBE_WALL))
    r, reach = p.SLEEVE_HOLE / 2, p.TUBE / 2 + 1
    tools = [cq.Solid.makeCylinder(r, 2 * reach, cq.Vector(-reach, y, z), cq.Vector(1, 0, 0)) for y, z in along_x]
    tools += [cq.Solid.makeCylinder(r, 2 * reach, cq.Vector(x, -reach, z), cq.Vector(0, 1, 0)) for x, z in along_y]
    tools += [cq.Solid.makeCylinder(5.5, reach, cq.Vector(x, 1, z), cq.Vector(0, 1, 0)) for x, z in blind_y]
    return body.newObject([body.val().cut(*tools)])


def channel(length: float, web: list[Point], flange: list[Point]) -> cq.Workplane:
    """UPE 160 along Z, centred; back of the web at X = 0, flanges to +X.

    `web` lists holes (y, z); `flange` (x, z) in the +Y flange.
    """
    h, b, t = p.UPE_HEIGHT / 2, p.UPE_WIDTH, p.UPE_FLANGE
    body = (
        cq.Workplane("XY")
        .polyline([(0, -h), (b, -h), (b, t - h), (p.UPE_WEB, t - h), (p.UPE_WEB, h - t), (b, h - t), (b, h), (0, h)])
        .close()
        .extrude(length / 2, both=True)
    )
    inner = cq.selectors.BoxSelector((p.UPE_WEB - 1, t - h - 1, -1), (p.UPE_WEB + 1, h - t + 1, 1))
    body = body.edges("|Z").edges(inner).fillet(p.UPE_ROOT_RADIUS)
    r = p.M16_HOLE / 2
    tools = [cq.Solid.makeCylinder(r, 20, cq.Vector(-5, y, z), cq.Vector(1, 0, 0)) for y, z in web]
    tools += [cq.Solid.makeCylinder(r, 20, cq.Vector(x, h - 15, z), cq.Vector(0, 1, 0)) for x, z in flange]
    return body.newObject([body.val().cut(*tools)])


def strip(points: list[Point], thickness: float) -> list[Point]:
    """The closed outline of a folded sheet: its inner face follows `points`, the sheet grows to the left."""
    normals = []
    for (ax, ay), (bx, by) in pairwise(points):
        size = hypot(bx - ax, by - ay)
        normals.append((-(by - ay) / size, (bx - ax) / size))
    outer = []
    for i, (x, y) in enumerate(points):
        n, m = normals[max(i - 1, 0)], normals[min(i, len(normals) - 1)]
        scale = thickness / (1 + n[0] * m[0] + n[1] * m[1])
        outer.append((x + (n[0] + m[0]) * scale, y + (n[1] + m[1]) * scale))
    return points + outer[::-1]


def bend_deduction(angle_deg: float, thickness: float) -> float:
    """How much shorter the flat sheet is than the sum of its outside lengths, for one bend.

    Source: inside radius equal to the thickness, neutral fibre at 0.42 of the thickness.
    """
    angle = radians(angle_deg)
    return 2 * (2 * thickness) * tan(angle / 2) - angle * (thickness + 0.42 * thickness)


def bend_notches(places: list[tuple[Point, Point]], thickness: float, size: float = 3.0) -> list[cq.Solid]:
    """Small diamonds to cut at both ends of each bend line, so that the brake operator sees where to bend."""
    marks = []
    for line in places:
        for x, y in line:
            diamond = cq.Workplane("XY").polyline([(x - size, y), (x, y - size), (x + size, y), (x, y + size)]).close()
            marks.append(diamond.extrude(thickness).val())
    return marks


def flat_at(x: float, y: float, z: float) -> cq.Location:
    """A plate that stays lying: its underside at z."""
    return cq.Location(cq.Vector(x, y, z))


def facing_x(x: float, y: float, z: float) -> cq.Location:
    """A plate stood up across the machine: local X runs to +Y, local Y up; it fills x to x + thickness."""
    return cq.Location(cq.Plane((x, y, z), (0, 1, 0), (1, 0, 0)))


def facing_y(x: float, y: float, z: float) -> cq.Location:
    """A plate stood up along the machine: local X runs to +X, local Y up; it fills y - thickness to y."""
    return cq.Location(cq.Plane((x, y, z), (1, 0, 0), (0, -1, 0)))


def pointing(x: float, y: float, z: float, way: tuple[float, float, float]) -> cq.Location:
    """A place whose local Z points along `way`."""
    return cq.Location(cq.Plane((x, y, z), normal=way))
