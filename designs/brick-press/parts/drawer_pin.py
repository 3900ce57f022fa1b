"""Pin of the drawer cylinder, 20 mm, with a groove at each end for a retaining ring."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import cadquery as cq
import press_params as p

MATERIAL = "C45 steel"
PROCESS = "turn"
FINISH = "zinc plate"
QUANTITY = 2

length = 2 * (p.LUG_Y + p.DRAWER_PLATE) + 2 * 7
body = cq.Workplane("XY").circle(p.DRAWER_PIN / 2 - 0.03).extrude(length).edges("%CIRCLE").chamfer(1)
for z in (4.5, length - 4.5 - 1.3):
    body = body.cut(cq.Workplane("XY").workplane(offset=z).circle(20).circle(p.DRAWER_PIN / 2 - 0.5).extrude(1.3))
part = body

result = part
if "show_object" in globals():
    show_object(part, name="drawer_pin")  # noqa: F821
