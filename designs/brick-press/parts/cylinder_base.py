"""Base plate of the main cylinder, 20 mm: lies on the lower beams, carries the clevis plates."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import press_params as p
from press_shapes import plate

MATERIAL = "S355 steel"
PROCESS = "laser cut"
FINISH = "blast, primer 80 um, top coat 80 um"
QUANTITY = 1

holes = [(s * p.FLANGE_BOLT_X, t * p.BASE_BOLT_Y, p.M16_HOLE) for s in (-1, 1) for t in (-1, 1)]
part = plate((2 * p.FACE_X, 240), p.CYLINDER_BASE_THICKNESS, holes)

result = part
if "show_object" in globals():
    show_object(part, name="cylinder_base")  # noqa: F821
