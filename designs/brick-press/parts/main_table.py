"""Main table, 12 mm: carries the chamber, the drawer and the bricks; notched round the four uprights."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import cadquery as cq
import press_params as p
from press_shapes import plate

MATERIAL = "S355 steel"
PROCESS = "laser cut"
FINISH = "blast, primer 80 um; sliding faces bare and oiled"
QUANTITY = 1

x0, x1 = p.TABLE_X
n0, n1, ny = p.FACE_X - 1, p.FACE_X + p.TUBE + 1, p.FACE_Y - 1
half, front, y = p.OUTER_Y, p.TABLE_FRONT_HALF, []
upper = [(x0, half), (-n1, half), (-n1, ny), (-n0, ny), (-n0, half), (n0, half), (n0, ny), (n1, ny), (n1, front)]
upper += [(x1 - 40, front), (x1, front - 40)]
outline = upper + [(px, -py) for px, py in reversed(upper)]
tab_x = p.CHAMBER_X + p.CHAMBER_PLATE / 2
slots = [(0, 0, p.BRICK_WIDTH, p.BRICK_LENGTH)]
slots += [(a * tab_x, b * p.TABLE_TAB_Y, p.CHAMBER_PLATE + 0.5, p.TABLE_TAB + 0.5) for a in (-1, 1) for b in (-1, 1)]
holes = [(x, s * p.UPRIGHT_Y, p.M16_HOLE) for x in p.TABLE_BOLT_X for s in (-1, 1)]
holes += [(x, s * (p.GUIDE_Y + p.GUIDE_WIDTH / 2), p.M12_HOLE) for x in p.GUIDE_BOLT_X for s in (-1, 1)]
holes += [(x, s * p.HOOD_BOLT_Y, p.M8_HOLE) for x in p.HOOD_BOLT_X for s in (-1, 1)]
part = plate(outline, p.TABLE_THICKNESS, holes, slots)
# Spilt soil falls through here instead of jamming the drawer.
spill = cq.Workplane("XY").center(-525, 0).rect(340, 210).extrude(p.TABLE_THICKNESS).edges("|Z").fillet(30)
part = part.cut(spill)

result = part
if "show_object" in globals():
    show_object(part, name="main_table")  # noqa: F821
