"""Ear of the hopper, 8 mm: welded to the throat, bolted onto the bearer angle."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import press_params as p
from press_shapes import plate

MATERIAL = "S355 steel"
PROCESS = "laser cut"
FINISH = "blast, primer 80 um, top coat 80 um"
QUANTITY = 2

# Local X along the machine from the hopper's centre, local Y outwards from the throat's side.
w = p.SOIL_BOX_LENGTH / 2
y0 = p.BRICK_LENGTH / 2 + p.HOPPER_SHEET
holes = [(x - p.HOPPER_X, p.EAR_BOLT_Y - y0, p.M12_HOLE) for x in p.EAR_BOLT_X]
part = plate([(-w - 30, 0), (w, 0), (w - 55, 61), (-w - 30, 61)], p.EAR_THICKNESS, holes)

result = part
if "show_object" in globals():
    show_object(part, name="hopper_ear")  # noqa: F821
