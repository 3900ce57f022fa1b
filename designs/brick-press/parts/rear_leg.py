"""Rear leg, square tube 80 x 80 x 6."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import press_params as p
from press_shapes import square_tube

MATERIAL = "S355 steel"
PROCESS = "saw, drill"
FINISH = "blast, primer 80 um, top coat 80 um"
QUANTITY = 2

rows = (p.RAIL_LOW_Z, p.RAIL_LOW_Z + p.GUSSET_LEG, p.RAIL_HIGH_Z - p.GUSSET_LEG, p.RAIL_HIGH_Z)
part = square_tube(p.REAR_LEG_LENGTH, along_y=[(0, z - p.PAD_THICKNESS) for z in rows])

result = part
if "show_object" in globals():
    show_object(part, name="rear_leg")  # noqa: F821
