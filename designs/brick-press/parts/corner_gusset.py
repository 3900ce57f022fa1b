"""Corner gusset, 10 mm: joins a rear leg and a rear rail; the lower pair is turned upside down."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import press_params as p
from press_shapes import plate

MATERIAL = "S355 steel"
PROCESS = "laser cut"
FINISH = "blast, primer 80 um, top coat 80 um"
QUANTITY = 4

h, leg = p.TUBE / 2, -p.GUSSET_LEG - 40
outline = [(-h, h), (-h, leg), (h, leg), (h + 60, -h), (h + 160, -h), (h + 160, h)]
holes = [(0, 0, p.M16_HOLE), (0, -p.GUSSET_LEG, p.M16_HOLE)] + [(h + d, 0, p.M16_HOLE) for d in p.RAIL_BOLTS]
part = plate(outline, 10, holes)

result = part
if "show_object" in globals():
    show_object(part, name="corner_gusset")  # noqa: F821
