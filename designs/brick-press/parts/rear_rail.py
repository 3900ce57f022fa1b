"""Rear rail, square tube 80 x 80 x 6: two carry the table, two the power unit; Z = 0 is its front end."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import press_params as p
from press_shapes import square_tube

MATERIAL = "S355 steel"
PROCESS = "saw, drill"
FINISH = "blast, primer 80 um, top coat 80 um"
QUANTITY = 4

n = p.REAR_RAIL_LENGTH
bolts = p.RAIL_BOLTS + tuple(n - z for z in p.RAIL_BOLTS)
vertical = [(0, z) for z in p.RAIL_VERTICAL_BOLTS]  # local X is up or down in the machine
part = square_tube(n, along_x=vertical, along_y=[(0, z) for z in bolts], blind_y=[(0, z) for z in p.RAIL_GUARD_HOLES])

result = part
if "show_object" in globals():
    show_object(part, name="rear_rail")  # noqa: F821
