"""Hood over the brick's way out, 3 mm, as the flat pattern to cut; keeps hands 160 mm from the drawer."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import cadquery as cq
import press_params as p
from press_shapes import bend_deduction, bend_notches, plate, strip

MATERIAL = "S235 steel"
PROCESS = "laser cut, bend"
FINISH = "powder coat RAL 1003 signal yellow"
QUANTITY = 1

t = 3.0
length = p.HOOD_X[1] - p.HOOD_X[0]
inner, wall, foot = p.HOOD_Y, p.DRAWER_HEIGHT + 17, 38.0
bend = bend_deduction(90, t)
roof = inner + t - bend / 2  # bend lines of the flat pattern, from its middle
knee = roof + wall + t - bend
flat = 2 * (knee + foot - bend / 2)
xs = [x - sum(p.HOOD_X) / 2 for x in p.HOOD_BOLT_X]
bolt = flat / 2 - (inner + foot - p.HOOD_BOLT_Y)
part = plate((length, flat), t, [(x, s * bolt, p.M8_HOLE) for x in xs for s in (-1, 1)], radius=8)
slots = [(-105 + 35 * i, y) for i in range(7) for y in (-95, 95)]
part = part.cut(cq.Workplane("XY").pushPoints(slots).slot2D(140, 10, 90).extrude(t))
for mark in bend_notches([((-length / 2, s * y), (length / 2, s * y)) for s in (-1, 1) for y in (roof, knee)], t):
    part = part.cut(cq.Workplane(mark))


def folded() -> cq.Workplane:
    """The bent hood: X along the machine from its middle, Z = 0 on the table."""
    right = [(inner, wall), (inner, 0), (inner + foot, 0)]
    side = strip([(-x, y) for x, y in reversed(right)] + right, t)
    body = cq.Workplane("YZ").polyline(side).close().extrude(length / 2, both=True)
    feet = [(x, s * p.HOOD_BOLT_Y) for x in xs for s in (-1, 1)]
    body = body.cut(cq.Workplane("XY").pushPoints(feet).circle(p.M8_HOLE / 2).extrude(10))
    return body.cut(cq.Workplane("XY").pushPoints(slots).slot2D(140, 10, 90).extrude(400))


result = part
if "show_object" in globals():
    show_object(part, name="front_hood")  # noqa: F821
