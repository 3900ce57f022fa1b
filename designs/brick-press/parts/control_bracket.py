"""Control bracket, 10 mm: one carries the valve bank, one the motor starter with its emergency stop."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import press_params as p
from press_shapes import plate

MATERIAL = "S355 steel"
PROCESS = "laser cut"
FINISH = "blast, primer 80 um, top coat 80 um"
QUANTITY = 2

low, high = p.BRACKET_BOLT_Z
middle = (high - low) / 2
outline = [(-40, -40), (40, -40), (80, -60), (290, -60), (290, 140), (80, 140), (40, 110), (-40, 110)]
holes = [(0, 0, p.M16_HOLE), (0, high - low, p.M16_HOLE)]
holes += [(185 + a * 70, 40 + b * 45, p.M8_HOLE) for a in (-1, 1) for b in (-1, 1)]
part = plate(outline, 10, holes)

result = part
if "show_object" in globals():
    show_object(part, name="control_bracket")  # noqa: F821
