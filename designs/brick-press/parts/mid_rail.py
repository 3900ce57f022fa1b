"""Middle rail, square tube 80 x 80 x 6, between front and rear uprights."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import press_params as p
from press_shapes import square_tube

MATERIAL = "S355 steel"
PROCESS = "saw, drill"
FINISH = "blast, primer 80 um, top coat 80 um"
QUANTITY = 4

n = p.MID_RAIL_LENGTH
bolts = [(0, n / 2 - p.MID_RAIL_BOLT_X), (0, n / 2 + p.MID_RAIL_BOLT_X)]
part = square_tube(n, along_x=[(0, n / 2)], along_y=bolts)

result = part
if "show_object" in globals():
    show_object(part, name="mid_rail")  # noqa: F821
