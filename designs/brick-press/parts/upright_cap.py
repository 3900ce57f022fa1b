"""Cap of a main upright, 6 mm: keeps rain out."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import press_params as p
from press_shapes import plate

MATERIAL = "S355 steel"
PROCESS = "laser cut"
FINISH = "blast, primer 80 um, top coat 80 um"
QUANTITY = 4

part = plate((p.TUBE, p.TUBE), 6, radius=8)

result = part
if "show_object" in globals():
    show_object(part, name="upright_cap")  # noqa: F821
