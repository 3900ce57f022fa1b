"""Base pad, 12 mm: welded under each upright and rear leg, with two holes for ground anchors."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import press_params as p
from press_shapes import plate

MATERIAL = "S355 steel"
PROCESS = "laser cut"
FINISH = "blast, primer 80 um, top coat 80 um"
QUANTITY = 6

part = plate((110, 190), p.PAD_THICKNESS, [(0, s * 70, 18) for s in (-1, 1)], radius=12)

result = part
if "show_object" in globals():
    show_object(part, name="base_pad")  # noqa: F821
