"""The hopper's sheets: front and side are one shape, bent twice, and differ in their width alone."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
from math import atan2, degrees, hypot

import cadquery as cq
import press_params as p
from press_shapes import bend_deduction, bend_notches, plate, strip


def flat(low: float) -> cq.Workplane:
    """The flat pattern to cut, `low` wide to each side of its middle at the throat."""
    t = p.HOPPER_SHEET
    angle = degrees(atan2(p.FLARE_OUT, p.FLARE_HEIGHT))
    first, second = bend_deduction(angle, t), bend_deduction(90 - angle, t)
    slope = hypot(p.FLARE_OUT, p.FLARE_HEIGHT)
    # Bend lines, each deduction shared by both sides of its bend.
    s1 = p.THROAT_HEIGHT - first / 2
    s2 = s1 + slope - first / 2 - second / 2
    s3 = s2 + p.RIM - second / 2
    high = low + p.FLARE_OUT
    right = [(low, 0), (low, s1), (high, s2), (high, s3)]
    sheet = plate(right + [(-x, y) for x, y in reversed(right)], t)
    for mark in bend_notches([((-low, s1), (low, s1)), ((-high, s2), (high, s2))], t):
        sheet = sheet.cut(cq.Workplane(mark))
    return sheet


def folded(low: float) -> cq.Workplane:
    """The bent sheet: inner throat edge at the origin, leaning out to +Y, as wide as X; Z is up."""
    high = low + p.FLARE_OUT
    z1, z2 = p.THROAT_HEIGHT, p.THROAT_HEIGHT + p.FLARE_HEIGHT
    side = strip([(p.FLARE_OUT + p.RIM, z2), (p.FLARE_OUT, z2), (0, z1), (0, 0)], p.HOPPER_SHEET)
    body = cq.Workplane("YZ").polyline(side).close().extrude(high + 1, both=True)
    face = [(-low, -9), (low, -9), (low, z1), (high, z2), (high, z2 + 9), (-high, z2 + 9), (-high, z2), (-low, z1)]
    return body.intersect(cq.Workplane("XZ").polyline(face).close().extrude(-2 * p.FLARE_OUT, both=True))
