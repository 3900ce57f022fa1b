"""Rib under the table's front, 10 mm: welded to the table and to the chamber's front plate."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import press_params as p
from press_shapes import plate

MATERIAL = "S355 steel"
PROCESS = "laser cut"
FINISH = "blast, primer 80 um, top coat 80 um"
QUANTITY = 2

x0 = p.CHAMBER_X + p.CHAMBER_PLATE
outline = [(x0, 0), (p.TABLE_X[1] - 20, 0), (p.TABLE_X[1] - 20, -30), (x0 + 60, -150), (x0, -150)]
part = plate(outline, 10, [(x0 + 70, -70, 60), (x0 + 165, -55, 45), (x0 + 245, -45, 30)])

result = part
if "show_object" in globals():
    show_object(part, name="table_rib")  # noqa: F821
