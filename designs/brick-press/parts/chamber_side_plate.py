"""Side plate of the chamber, 20 mm: four tabs go through the long plates and are welded from outside."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import press_params as p
from press_shapes import plate

MATERIAL = "S355 steel"
PROCESS = "laser cut"
FINISH = "blast, primer 80 um, top coat 80 um"
QUANTITY = 2

x, h, t = p.CHAMBER_X, p.CHAMBER_HEIGHT, p.CHAMBER_PLATE
right = [(x, 0)]
for depth in p.SIDE_TAB_DEPTHS:
    top, low = -depth + p.SIDE_TAB / 2, -depth - p.SIDE_TAB / 2
    right += [(x, top), (x + t, top), (x + t, low), (x, low)]
right += [(x, -h)]
outline = right + [(-px, py) for px, py in reversed(right)]
holes = [(s * p.LINER_SIDE_BOLT_X, -d, p.M10_HOLE) for s in (-1, 1) for d in p.LINER_BOLT_DEPTHS[::2]]
part = plate(outline, t, holes)

result = part
if "show_object" in globals():
    show_object(part, name="chamber_side_plate")  # noqa: F821
