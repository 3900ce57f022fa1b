"""Rear plate of the soil box, 12 mm: as the cross plate, with slots for the two clevis lugs."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import cadquery as cq
import drawer_cross
import press_params as p

MATERIAL = "S355 steel"
PROCESS = "laser cut"
FINISH = "blast, primer 80 um, top coat 80 um"
QUANTITY = 1

t = p.DRAWER_PLATE
slots = [(s * (p.LUG_Y + t / 2), 0, t + 0.4, 40.5) for s in (-1, 1)]
part = drawer_cross.part
for x, y, w, h in slots:
    part = part.cut(cq.Workplane("XY").center(x, y).rect(w, h).extrude(t))

result = part
if "show_object" in globals():
    show_object(part, name="drawer_drive")  # noqa: F821
