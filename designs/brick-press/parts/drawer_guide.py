"""Guide bar of the drawer, 20 mm: bolted to the table, adjustable 1 mm in its holes."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import press_params as p
from press_shapes import plate

MATERIAL = "S355 steel"
PROCESS = "laser cut"
FINISH = "none: oil"
QUANTITY = 2

x0, x1 = p.GUIDE_X
middle = (x0 + x1) / 2
holes = [(x - middle, 0, p.M12_HOLE + 0.5) for x in p.GUIDE_BOLT_X]
part = plate((x1 - x0, p.GUIDE_WIDTH), p.GUIDE_HEIGHT, holes)

result = part
if "show_object" in globals():
    show_object(part, name="drawer_guide")  # noqa: F821
