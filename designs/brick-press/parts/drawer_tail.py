"""Tail plate of the drawer, 6 mm: closes the hopper while the soil box is over the chamber."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import press_params as p
from press_shapes import plate

MATERIAL = "S355 steel"
PROCESS = "laser cut"
FINISH = "blast, primer 80 um, top coat 80 um"
QUANTITY = 1

part = plate((p.SOIL_REAR - p.DRAWER_PLATE - p.DRAWER_REAR, p.BRICK_LENGTH), 6)

result = part
if "show_object" in globals():
    show_object(part, name="drawer_tail")  # noqa: F821
