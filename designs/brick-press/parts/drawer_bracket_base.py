"""Base plate of the drawer cylinder's bracket, 12 mm: bolted onto the upper rear cross tube."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import press_params as p
from press_shapes import plate

MATERIAL = "S355 steel"
PROCESS = "laser cut"
FINISH = "blast, primer 80 um, top coat 80 um"
QUANTITY = 1

holes = [(a * p.JOINT_Y, b * 60, p.M16_HOLE) for a in (-1, 1) for b in (-1, 1)]
part = plate((130, 180), p.DRAWER_PLATE, holes)

result = part
if "show_object" in globals():
    show_object(part, name="drawer_bracket_base")  # noqa: F821
