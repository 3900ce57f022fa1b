"""Shelf of the power unit, 6 mm: bolted across the two lower rear rails."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import press_params as p
from press_shapes import plate

MATERIAL = "S355 steel"
PROCESS = "laser cut"
FINISH = "blast, primer 80 um, top coat 80 um"
QUANTITY = 1

n = [-p.UPRIGHT_X - p.TUBE / 2 - d for d in p.RAIL_VERTICAL_BOLTS[1:]]
middle = sum(n) / 2
holes = [(x - middle, s * p.UPRIGHT_Y, p.M16_HOLE) for x in n for s in (-1, 1)]
holes += [(a * 200, b * p.TANK_BOLT_Y, p.M12_HOLE) for a in (-1, 1) for b in (-1, 1)]
part = plate((540, 2 * p.OUTER_Y), 6, holes, radius=15)

result = part
if "show_object" in globals():
    show_object(part, name="unit_shelf")  # noqa: F821
