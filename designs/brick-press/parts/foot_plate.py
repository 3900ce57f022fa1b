"""Press foot plate, 20 mm: the brick's lower mould face."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import press_params as p
from press_shapes import plate

MATERIAL = "400 HB wear-resistant steel"
PROCESS = "laser cut"
FINISH = "none: oil"
QUANTITY = 1

c = 2 * p.FOOT_CLEARANCE
part = plate((p.BRICK_WIDTH - c, p.BRICK_LENGTH - c), p.FOOT_PLATE_THICKNESS)

result = part
if "show_object" in globals():
    show_object(part, name="foot_plate")  # noqa: F821
