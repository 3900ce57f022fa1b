"""Cross plate between lid and soil box, 12 mm, with a tab into each side plate."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import press_params as p
from press_shapes import plate

MATERIAL = "S355 steel"
PROCESS = "laser cut"
FINISH = "blast, primer 80 um, top coat 80 um"
QUANTITY = 1

w, h, t, tab = p.BRICK_LENGTH / 2, p.DRAWER_HEIGHT / 2, p.DRAWER_PLATE, p.DRAWER_TAB / 2
right = [(w, h), (w, tab), (w + t, tab), (w + t, -tab), (w, -tab), (w, -h)]
part = plate(right + [(-x, y) for x, y in reversed(right)], t)

result = part
if "show_object" in globals():
    show_object(part, name="drawer_cross")  # noqa: F821
