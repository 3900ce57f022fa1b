"""Guide plate of the press foot, 12 mm: keeps the foot square in the chamber; the rod socket passes its middle."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import press_params as p
from press_shapes import plate

MATERIAL = "S355 steel"
PROCESS = "laser cut"
FINISH = "none: oil"
QUANTITY = 1

c = 2 * p.FOOT_CLEARANCE
drain = [(s * 48, t * 105, 30) for s in (-1, 1) for t in (-1, 1)]  # lets soil fall out of the foot
part = plate((p.BRICK_WIDTH - c, p.BRICK_LENGTH - c), 12, [(0, 0, 110.5), *drain])

result = part
if "show_object" in globals():
    show_object(part, name="foot_guide")  # noqa: F821
