"""Lid's top plate, 12 mm: slides under the reaction plate and hands the press force to it."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import press_params as p
from press_shapes import plate

MATERIAL = "S355 steel"
PROCESS = "laser cut"
FINISH = "none: grease"
QUANTITY = 1

part = plate((p.LID_LENGTH, p.BRICK_LENGTH), p.DRAWER_PLATE)

result = part
if "show_object" in globals():
    show_object(part, name="lid_top")  # noqa: F821
