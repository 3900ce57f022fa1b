"""Lid's pressing plate, 20 mm: the brick's upper mould face."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import press_params as p
from press_shapes import plate

MATERIAL = "400 HB wear-resistant steel"
PROCESS = "laser cut"
FINISH = "none: oil"
QUANTITY = 1

part = plate((p.LID_LENGTH, p.BRICK_LENGTH), p.LID_PLATE)

result = part
if "show_object" in globals():
    show_object(part, name="lid_plate")  # noqa: F821
