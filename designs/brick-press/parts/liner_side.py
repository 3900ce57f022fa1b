"""Wear liner of the chamber's side plates, 10 mm; countersink the holes 90 degrees to 21 mm on the brick's side."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import press_params as p
from press_shapes import plate

MATERIAL = "400 HB wear-resistant steel"
PROCESS = "laser cut, countersink"
FINISH = "none: oil"
QUANTITY = 2

h = p.CHAMBER_HEIGHT
holes = [(s * p.LINER_SIDE_BOLT_X, h / 2 - d, p.M10_HOLE) for s in (-1, 1) for d in p.LINER_BOLT_DEPTHS[::2]]
part = plate((p.BRICK_WIDTH, h), p.LINER, holes)

result = part
if "show_object" in globals():
    show_object(part, name="liner_side")  # noqa: F821
