"""Cover over the drawer's tail and cylinder, 3 mm, as the flat pattern to cut; bolted to the upper rear rails."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import cadquery as cq
import press_params as p
from press_shapes import bend_deduction, bend_notches, plate, strip

MATERIAL = "S235 steel"
PROCESS = "laser cut, bend"
FINISH = "powder coat RAL 1003 signal yellow"
QUANTITY = 1

t, length = 3.0, 600.0
inner = p.OUTER_Y  # half width inside
z_low, z_top = p.RAIL_HIGH_Z - 25, p.TABLE_Z + p.DRAWER_HEIGHT + 17
wall = z_top - z_low
bend = bend_deduction(90, t)
flat = 2 * (wall + t) + 2 * (inner + t) - 2 * bend
bolt = flat / 2 - (p.RAIL_HIGH_Z - z_low)
xs = [z - p.RAIL_GUARD_HOLES[1] for z in p.RAIL_GUARD_HOLES]
line = inner + t - bend / 2
part = plate((length, flat), t, [(x, s * bolt, p.M8_HOLE) for x in xs for s in (-1, 1)], radius=10)
vents = [(-270 + 45 * i, s * (line + 75)) for i in range(13) for s in (-1, 1)]
vents += [(-270 + 45 * i, y) for i in range(13) for y in (-150, 0, 150)]
part = part.cut(cq.Workplane("XY").pushPoints(vents).slot2D(90, 10, 90).extrude(t))
for mark in bend_notches([((-length / 2, s * line), (length / 2, s * line)) for s in (-1, 1)], t):
    part = part.cut(cq.Workplane(mark))


def folded() -> cq.Workplane:
    """The bent cover: X along the machine from its middle, Z = 0 at the lower edges of its walls."""
    side = strip([(-inner, 0), (-inner, wall), (inner, wall), (inner, 0)], t)
    body = cq.Workplane("YZ").polyline(side).close().extrude(length / 2, both=True)
    places = [(x, p.RAIL_HIGH_Z - z_low) for x in xs]
    body = body.cut(cq.Workplane("XZ").pushPoints(places).circle(p.M8_HOLE / 2).extrude(400, both=True))
    walls = cq.Workplane("XZ").pushPoints([(-270 + 45 * i, wall - 75) for i in range(13)]).slot2D(90, 10, 90)
    roof = [(-270 + 45 * i, y) for i in range(13) for y in (-150, 0, 150)]
    body = body.cut(walls.extrude(400, both=True))
    return body.cut(cq.Workplane("XY").pushPoints(roof).slot2D(90, 10, 90).extrude(1000))


result = part
if "show_object" in globals():
    show_object(part, name="rear_guard")  # noqa: F821
