"""Wear liner of the front and rear chamber plates, 10 mm; countersink 90 degrees to 21 mm on the brick's side."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import press_params as p
from press_shapes import plate

MATERIAL = "400 HB wear-resistant steel"
PROCESS = "laser cut, countersink"
FINISH = "none: oil"
QUANTITY = 2

h = p.CHAMBER_HEIGHT
holes = [
    (y, h / 2 - d, p.M10_HOLE) for y in (-p.LINER_LONG_BOLT_Y, 0, p.LINER_LONG_BOLT_Y) for d in p.LINER_BOLT_DEPTHS[::2]
]
part = plate((2 * p.CHAMBER_Y, h), p.LINER, holes)

result = part
if "show_object" in globals():
    show_object(part, name="liner_long")  # noqa: F821
