"""Front plate of the drawer, 12 mm: pushes the brick out."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import press_params as p
from press_shapes import plate

MATERIAL = "400 HB wear-resistant steel"
PROCESS = "laser cut"
FINISH = "none: oil"
QUANTITY = 1

part = plate((p.BRICK_LENGTH + 2 * p.DRAWER_PLATE, p.DRAWER_HEIGHT), p.DRAWER_PLATE)

result = part
if "show_object" in globals():
    show_object(part, name="drawer_front")  # noqa: F821
