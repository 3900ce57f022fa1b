"""Rib of the press foot, 12 mm, welded between foot plate, guide plate and rod socket."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import press_params as p
from press_shapes import plate

MATERIAL = "S355 steel"
PROCESS = "laser cut"
FINISH = "blast, primer 80 um, top coat 80 um"
QUANTITY = 4

# Two a side, at X = +-30; the end that meets the round socket is cut to its curve with 1 mm to weld.
length, height = 88.0, p.SOCKET_LENGTH - 12 - 20
part = plate([(0, 0), (length - 25, 0), (length, 25), (length, height), (0, height)], 12)

result = part
if "show_object" in globals():
    show_object(part, name="foot_rib")  # noqa: F821
