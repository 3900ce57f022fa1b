"""Bought fasteners, modelled simply: what an assembly needs to show where they sit and that they fit.

A fastener's origin lies on the face under its washer; it runs to +Z through `grip` millimetres of parts.
"""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import cadquery as cq

# diameter: (across flats, head height, nut height, washer diameter, washer thickness)
HEX = {
    8: (13.0, 5.3, 6.8, 16.0, 1.6),
    10: (16.0, 6.4, 8.4, 20.0, 2.0),
    12: (18.0, 7.5, 10.8, 24.0, 2.5),
    16: (24.0, 10.0, 14.8, 30.0, 3.0),
}


def _hex(flats: float, height: float, z: float) -> cq.Workplane:
    return cq.Workplane("XY", origin=(0, 0, z)).polygon(6, flats / 0.866025).extrude(height)


def _washer(d: int, z: float) -> cq.Workplane:
    return cq.Workplane("XY", origin=(0, 0, z)).circle(HEX[d][3] / 2).extrude(HEX[d][4])


def bolt(d: int, length: float, grip: float, nut: bool = True) -> cq.Workplane:
    """Hexagon bolt (ISO 4014, ISO 4017) with washers (ISO 7089) and, unless it is screwed in, a nut (ISO 4032)."""
    flats, head, nut_height, _, w = HEX[d]
    body = _washer(d, -w).union(_hex(flats, head, -w - head))
    body = body.union(cq.Workplane("XY", origin=(0, 0, -w)).circle(d / 2).extrude(length))
    if nut:
        body = body.union(_washer(d, grip)).union(_hex(flats, nut_height, grip + w))
    return body


def countersunk(d: int, length: float, grip: float) -> cq.Workplane:
    """Countersunk screw (ISO 10642), its head flush with the liner, with a washer and a nut."""
    _, _, nut_height, _, w = HEX[d]
    body = cq.Workplane("XY").circle(d / 2).extrude(length).union(_washer(d, grip))
    return body.union(_hex(HEX[d][0], nut_height, grip + w))


def threaded_rod(d: int, length: float, grip: float) -> cq.Workplane:
    """Threaded rod (DIN 976-1) with a washer and a nut at each end."""
    flats, _, nut_height, _, w = HEX[d]
    body = cq.Workplane("XY", origin=(0, 0, (grip - length) / 2)).circle(d / 2).extrude(length)
    body = body.union(_washer(d, -w)).union(_hex(flats, nut_height, -w - nut_height))
    return body.union(_washer(d, grip)).union(_hex(flats, nut_height, grip + w))


def retaining_ring(shaft: float) -> cq.Workplane:
    """External retaining ring (DIN 471) about Z, from Z = 0."""
    ring = cq.Workplane("XY").circle(shaft / 2 + 3).circle(shaft / 2 - 1.2).extrude(1.2)
    return ring.cut(cq.Workplane("XY").center(shaft / 2, 0).rect(8, 5).extrude(2))


def make(kind: str, d: int, length: float, grip: float) -> cq.Workplane:
    """A fastener: "bolt" with a nut, "screw" without one, "flush" countersunk, "rod" threaded from end to end."""
    if kind == "rod":
        return threaded_rod(d, length, grip)
    if kind == "flush":
        return countersunk(d, length, grip)
    return bolt(d, length, grip, nut=kind == "bolt")
