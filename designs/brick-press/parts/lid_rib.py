"""Rib of the lid, 12 mm: carries the press force from the lid plate to its top plate."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import press_params as p
from press_shapes import plate

MATERIAL = "S355 steel"
PROCESS = "laser cut"
FINISH = "blast, primer 80 um, top coat 80 um"
QUANTITY = 4

part = plate((p.LID_LENGTH, p.DRAWER_HEIGHT - p.LID_PLATE - p.DRAWER_PLATE), p.DRAWER_PLATE)

result = part
if "show_object" in globals():
    show_object(part, name="lid_rib")  # noqa: F821
