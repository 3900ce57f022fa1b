"""Rear cross tube, square tube 80 x 80 x 6, welded between the rear legs; the upper one carries the drawer cylinder."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import press_params as p
from press_shapes import square_tube

MATERIAL = "S355 steel"
PROCESS = "saw, drill"
FINISH = "blast, primer 80 um, top coat 80 um"
QUANTITY = 2

n = 2 * p.FACE_Y
bolts = [(a * p.JOINT_Y, n / 2 + b * 60) for a in (-1, 1) for b in (-1, 1)]  # local Y runs along the machine
part = square_tube(n, along_x=bolts)

result = part
if "show_object" in globals():
    show_object(part, name="rear_cross_tube")  # noqa: F821
