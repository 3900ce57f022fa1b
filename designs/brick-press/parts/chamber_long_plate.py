"""Front and rear plate of the chamber, 20 mm: takes the soil's side thrust; its two tabs plug into the table."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import press_params as p
from press_shapes import plate

MATERIAL = "S355 steel"
PROCESS = "laser cut"
FINISH = "blast, primer 80 um, top coat 80 um"
QUANTITY = 2

w, h = p.CHAMBER_LONG / 2, p.CHAMBER_HEIGHT
a, b = p.TABLE_TAB_Y - p.TABLE_TAB / 2, p.TABLE_TAB_Y + p.TABLE_TAB / 2
t = p.TABLE_THICKNESS
# Local X is across the machine, local Y = 0 is the table's underside.
outline = [(-w, 0), (-b, 0), (-b, t), (-a, t), (-a, 0), (a, 0), (a, t), (b, t), (b, 0), (w, 0)]
outline += [(w, -h + 40), (w - 40, -h), (-w + 40, -h), (-w, -h + 40)]
holes = [(s * p.TIE_Y, -d, p.M16_HOLE) for s in (-1, 1) for d in p.TIE_DEPTHS]
holes += [(y, -d, p.M10_HOLE) for y in (-p.LINER_LONG_BOLT_Y, 0, p.LINER_LONG_BOLT_Y) for d in p.LINER_BOLT_DEPTHS[::2]]
side_y = p.CHAMBER_Y + p.CHAMBER_PLATE / 2
slots = [(s * side_y, -d, p.CHAMBER_PLATE + 0.5, p.SIDE_TAB + 0.5) for s in (-1, 1) for d in p.SIDE_TAB_DEPTHS]
part = plate(outline, p.CHAMBER_PLATE, holes, slots)

result = part
if "show_object" in globals():
    show_object(part, name="chamber_long_plate")  # noqa: F821
