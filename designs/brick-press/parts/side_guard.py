"""Guard beside the press station, 3 mm, slotted so that one can see in."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import cadquery as cq
import press_params as p
from press_shapes import plate

MATERIAL = "S235 steel"
PROCESS = "laser cut"
FINISH = "powder coat RAL 1003 signal yellow"
QUANTITY = 2

# Local X = 0 is the press station; the long end covers the soil box on its way under the hopper.
front, back = p.UPRIGHT_X + p.TUBE / 2, -355.0
z0 = p.TABLE_Z + 5
h = p.REACTION_Z - z0
holes = [(s * p.UPRIGHT_X, z - z0 - h / 2, p.M8_HOLE) for s in (-1, 1) for z in p.GUARD_BOLT_Z]
part = plate([(front, -h / 2), (front, h / 2), (back, h / 2), (back, -h / 2)], 3, holes, radius=8)
places = [(i * 18, 0) for i in range(-5, 6)] + [(-205 - i * 18, 0) for i in range(8)]
slots = cq.Workplane("XY").pushPoints(places).slot2D(h - 50, 8, 90).extrude(3)
part = part.cut(slots)

result = part
if "show_object" in globals():
    show_object(part, name="side_guard")  # noqa: F821
