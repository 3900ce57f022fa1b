"""Bought hydraulics, modelled simply but to the sizes that matter: pins, eyes, strokes, mountings, ports."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
from math import cos, pi, sin

import cadquery as cq
import press_params as p

Shape = cq.Workplane


def _rod(d: float, length: float, z: float, x: float = 0.0, y: float = 0.0) -> Shape:
    return cq.Workplane("XY", origin=(x, y, z)).circle(d / 2).extrude(length)


def _block(side: float, length: float, z: float, chamfer: float) -> Shape:
    return cq.Workplane("XY", origin=(0, 0, z)).rect(side, side).extrude(length).edges("|Z").chamfer(chamfer)


def _eye(pin: float, radius: float, width: float, reach: float) -> Shape:
    """An eye about the Y axis whose shank goes up to `reach`."""
    body = cq.Workplane("XZ").circle(radius).extrude(width / 2, both=True)
    body = body.union(cq.Workplane("XY").rect(2 * radius * 0.9, width).extrude(reach))
    return body.cut(cq.Workplane("XZ").circle(pin / 2).extrude(width, both=True))


def _tie_rod_cylinder(
    side: float,
    barrel: float,
    tie: float,
    eye: tuple[float, float, float],
    ends: tuple[float, float, float, float],
    port: float,
) -> Shape:
    """Eye, cap, barrel, head, four tie rods and two ports on the -Y side; the pin is at the origin, the axis is +Z."""
    cap0, cap1, head0, head1 = ends
    body = _eye(*eye, cap0 + 1)
    body = body.union(_block(side, cap1 - cap0, cap0, side * 0.04)).union(
        _block(side, head1 - head0, head0, side * 0.04)
    )
    body = body.union(_rod(barrel, head0 - cap1, cap1))
    offset = side / 2 - tie * 0.85
    for x in (-offset, offset):
        for y in (-offset, offset):
            body = body.union(_rod(tie, head0 - cap1, cap1, x, y))
            body = body.union(_rod(tie * 1.6, tie * 0.8, head1, x, y)).union(
                _rod(tie * 1.6, tie * 0.8, cap0 - tie * 0.8, x, y)
            )
    for z in ((cap0 + cap1) / 2, (head0 + head1) / 2):
        fitting = cq.Workplane("XZ", origin=(0, -side / 2, z)).circle(port / 2).extrude(port * 0.7)
        body = body.union(fitting)
    return body


MAIN_PORTS = (97.5, 405.0)  # along the axis, from the pin
DRAWER_PORTS = (57.5, 527.5)


def main_cylinder() -> Shape:
    """Body of the main cylinder, ISO 6020-2 125/70 x 200 with a plain eye; its pin lies along Y."""
    body = _tie_rod_cylinder(165, 150, 22, (p.MAIN_PIN, 50, p.MAIN_EYE_WIDTH), (60, 135, 365, 445), 38)
    return body.union(_rod(98, 14, 445)).cut(_rod(p.MAIN_ROD, 460, 136)).cut(_rod(p.MAIN_BORE, 229, 136))


def main_rod() -> Shape:
    """Rod of the main cylinder, its shoulder at Z = 0 and its M48 x 2 thread above."""
    return _rod(p.MAIN_ROD, 150 + p.MAIN_STROKE, -150 - p.MAIN_STROKE).union(_rod(46, 63, 0)).faces(">Z").chamfer(2)


def drawer_cylinder() -> Shape:
    """Body of the drawer cylinder, ISO 6020-2 50/28 x 400 with an eye; its pin lies along Y."""
    body = _tie_rod_cylinder(75, 60, 12, (p.DRAWER_PIN, 20, p.DRAWER_EYE_WIDTH), (35, 80, 500, 555), 26)
    return body.union(_rod(42, 10, 555)).cut(_rod(p.DRAWER_ROD, 500, 80)).cut(_rod(p.DRAWER_BORE, 420, 80))


def drawer_rod() -> Shape:
    """Rod of the drawer cylinder with its rod eye; the eye's pin is the origin, the rod goes down."""
    eye = _eye(p.DRAWER_PIN, 21, p.DRAWER_EYE_WIDTH, 0.5).union(_rod(30, 44, -52))
    eye = eye.cut(cq.Workplane("XZ").circle(p.DRAWER_PIN / 2).extrude(60, both=True))
    return eye.union(_rod(p.DRAWER_ROD, 50 + p.DRAWER_STROKE + 60, -100 - p.DRAWER_STROKE - 60))


def tank() -> Shape:
    """Tank of the power unit, 60 litre, on two feet; the origin is the middle of its feet."""
    body = cq.Workplane("XY", origin=(0, 0, 30)).rect(460, 350).extrude(310).edges("|Z").fillet(18)
    body = body.union(cq.Workplane("XY", origin=(0, 0, 340)).rect(490, 380).extrude(10).edges("|Z").fillet(14))
    for x in (-200, 200):
        foot = cq.Workplane("XY", origin=(x, 0, 0)).rect(50, 340).extrude(30)
        foot = foot.union(cq.Workplane("XY", origin=(x, 0, 0)).rect(50, 420).extrude(8))
        foot = foot.cut(
            cq.Workplane("XY").pushPoints([(x, -p.TANK_BOLT_Y), (x, p.TANK_BOLT_Y)]).circle(p.M12_HOLE / 2).extrude(40)
        )
        body = body.union(foot)
    gauge = cq.Workplane("XZ", origin=(-150, -175, 180)).rect(28, 127).extrude(16).edges("|Y").fillet(8)
    cover = cq.Workplane("XZ", origin=(70, -175, 180)).circle(75).extrude(8)
    return body.union(gauge).union(cover).union(_rod(60, 35, 350, 165, 125)).union(_rod(80, 18, 385, 165, 125))


def filter_and_breather() -> Shape:
    """Return filter and pressure gauge on the tank's lid, in the tank's coordinates."""
    body = _rod(95, 60, 350, 165, -120).union(_rod(75, 12, 410, 165, -120))
    return body.union(cq.Workplane("XZ", origin=(-110, -140, 400)).circle(32).extrude(28)).union(
        _rod(12, 30, 350, -110, -150)
    )


def motor() -> Shape:
    """7.5 kW four-pole motor, frame 132 M, axis along X, in the tank's coordinates."""
    fins = []
    for i in range(36):
        for r, da in ((110, -0.045), (128, -0.035), (128, 0.035), (110, 0.045)):
            a = 2 * pi * i / 36 + da
            fins.append((r * cos(a), r * sin(a)))
    z = 350 + 132
    body = cq.Workplane("YZ", origin=(-150, 0, z)).polyline(fins).close().extrude(230)
    body = body.union(cq.Workplane("YZ", origin=(80, 0, z)).circle(132).extrude(18))
    fan = cq.Workplane("YZ", origin=(-225, 0, z)).circle(130).extrude(76).faces("<X").edges().fillet(20)
    body = body.union(fan)
    for y in (-108, 108):
        body = body.union(cq.Workplane("XY", origin=(-35, y, 350)).rect(200, 56).extrude(14))
        body = body.union(cq.Workplane("XY", origin=(-35, y, 364)).rect(180, 26).extrude(60))
    return body.union(cq.Workplane("XY", origin=(-30, 0, z + 115)).rect(130, 120).extrude(62).edges("|Z").fillet(8))


def bell_and_pump() -> Shape:
    """Bell housing and 16 cm3 gear pump on the motor's shaft, in the tank's coordinates."""
    z = 350 + 132
    body = cq.Workplane("YZ", origin=(98, 0, z)).circle(125).workplane(offset=85).circle(70).loft()
    body = body.union(cq.Workplane("YZ", origin=(183, 0, z)).rect(95, 130).extrude(24).edges("|X").fillet(12))
    body = body.union(cq.Workplane("YZ", origin=(207, 0, z)).rect(85, 115).extrude(62).edges("|X").fillet(25))
    body = body.union(cq.Workplane("YZ", origin=(269, 0, z)).rect(95, 122).extrude(22).edges("|X").fillet(12))
    suction = cq.Workplane("XY", origin=(238, 0, 350)).circle(16).extrude(80)
    return body.union(suction).union(cq.Workplane("XZ", origin=(238, -40, z)).circle(15).extrude(20))


def valve_bank() -> Shape:
    """Two-spool manual valve bank; its back is Y = 0, the middle of its mounting holes the origin, levers stand up."""
    body = cq.Workplane("XY", origin=(0, -40, -55)).rect(170, 80).extrude(110).edges("|Z").chamfer(4)
    flange = cq.Workplane("XZ").rect(180, 116).extrude(12)
    flange = flange.cut(
        cq.Workplane("XZ").pushPoints([(a * 70, b * 45) for a in (-1, 1) for b in (-1, 1)]).circle(4.5).extrude(12)
    )
    clear = cq.Workplane("XZ", origin=(0, -12, 0)).pushPoints([(a * 70, b * 45) for a in (-1, 1) for b in (-1, 1)])
    body = body.cut(clear.circle(11).extrude(200)).cut(cq.Workplane("XZ").rect(200, 130).extrude(12)).union(flange)
    for x in (-30, 30):
        body = body.union(_rod(36, 30, 55, x, -42)).union(_rod(34, 50, -105, x, -42))
    for x in (-85, 85):
        body = body.union(cq.Workplane("YZ", origin=(x, -42, 12)).circle(14).extrude(30 if x > 0 else -30))
    for x in (-65, -30, 30, 65):
        body = body.union(cq.Workplane("XZ", origin=(x, -80, -20 if abs(x) == 30 else 10)).circle(12).extrude(16))
    return body


def levers() -> Shape:
    """The valve bank's two hold-to-run levers, with knobs."""
    body = cq.Workplane("XY")
    for i, x in enumerate((-30, 30)):
        stick = cq.Workplane("XY", origin=(x, -42, 80)).transformed(rotate=(18 - 4 * i, 0, 0)).circle(6).extrude(210)
        top = stick.faces(">Z").val().Center()
        body = body.union(stick).union(cq.Workplane("XY", origin=top.toTuple()).sphere(19))
    return body


def starter() -> Shape:
    """Motor starter's box; its back is Y = 0, the middle of its mounting holes the origin."""
    body = cq.Workplane("XZ").rect(200, 190).extrude(110).edges("|Y").fillet(8)
    body = body.cut(
        cq.Workplane("XZ").pushPoints([(a * 70, b * 45) for a in (-1, 1) for b in (-1, 1)]).circle(4.5).extrude(20)
    )
    for x in (-60, -20, 20, 60):
        body = body.union(_rod(20, 14, -109, x, -55))
    return body


def emergency_stop() -> Shape:
    """The red mushroom button on the starter's box."""
    body = cq.Workplane("XZ", origin=(45, -110, 30)).circle(11).extrude(24)
    return body.union(cq.Workplane("XZ", origin=(45, -134, 30)).circle(21).extrude(16).faces("<Y").edges().fillet(6))


def hose(points: list[tuple[float, float, float]], diameter: float = 22.0) -> Shape:
    """A hose along a smooth line through `points`, with a crimped fitting at each end."""
    spline = cq.Edge.makeSpline([cq.Vector(*q) for q in points])
    start, end = spline.startPoint(), spline.endPoint()
    profile = cq.Wire.makeCircle(diameter / 2, start, spline.tangentAt(0))
    body = cq.Solid.sweep(profile, [], cq.Wire.assembleEdges([spline]), True, True)
    ends = [cq.Solid.makeCylinder(diameter * 0.62, 40, start, spline.tangentAt(0))]
    ends.append(cq.Solid.makeCylinder(diameter * 0.62, 40, end, -spline.tangentAt(1)))
    return cq.Workplane(cq.Compound.makeCompound([body, *ends]))
