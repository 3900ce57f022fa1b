"""Side plate of the drawer, 12 mm: holds lid, soil box and tail together."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import press_params as p
from press_shapes import plate

MATERIAL = "S355 steel"
PROCESS = "laser cut"
FINISH = "blast, primer 80 um, top coat 80 um"
QUANTITY = 2

x0, x1, h = p.DRAWER_REAR, p.LID_FRONT, p.DRAWER_HEIGHT
outline = [(x0, 60), (x0 + 60, 0), (x1, 0), (x1, h), (x0, h)]
cross = [p.SOIL_FRONT + p.DRAWER_PLATE / 2, p.SOIL_REAR - p.DRAWER_PLATE / 2]
slots = [(x, h / 2, p.DRAWER_PLATE + 0.4, p.DRAWER_TAB + 0.5) for x in cross]
part = plate(outline, p.DRAWER_PLATE, [(p.SOIL_REAR - 115, h / 2, 70)], slots)

result = part
if "show_object" in globals():
    show_object(part, name="drawer_side")  # noqa: F821
