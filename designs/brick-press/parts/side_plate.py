"""Side plate, 10 mm: joins front upright, middle rail, rear upright and rear rail; two above, two below upside down."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import press_params as p
from press_shapes import plate

MATERIAL = "S355 steel"
PROCESS = "laser cut"
FINISH = "blast, primer 80 um, top coat 80 um"
QUANTITY = 4

h, leg = p.TUBE / 2, -p.GUSSET_LEG - 40
front, back, x = p.UPRIGHT_X + h, -p.UPRIGHT_X - h, p.FACE_X
outline = [(front, h), (front, leg), (x, leg), (x, -h - 30), (x - 30, -h), (-x + 30, -h), (-x, -h - 30), (-x, leg)]
outline += [(back, leg), (back - 60, -h), (back - 160, -h), (back - 160, h)]
xs = (p.UPRIGHT_X, p.MID_RAIL_BOLT_X, -p.MID_RAIL_BOLT_X, -p.UPRIGHT_X, *tuple(back - d for d in p.RAIL_BOLTS))
holes = [(x, 0, p.M16_HOLE) for x in xs] + [(s * p.UPRIGHT_X, -p.GUSSET_LEG, p.M16_HOLE) for s in (-1, 1)]
part = plate(outline, 10, holes)

result = part
if "show_object" in globals():
    show_object(part, name="side_plate")  # noqa: F821
