"""Pin of the main cylinder, 45 mm, with a groove at each end for a retaining ring."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import cadquery as cq
import press_params as p

MATERIAL = "42CrMo4 steel"
PROCESS = "turn"
FINISH = "zinc plate"
QUANTITY = 1

length = p.MAIN_EYE_WIDTH + 2 * 20 + 2 + 2 * 10
body = cq.Workplane("XY").circle(p.MAIN_PIN / 2 - 0.05).extrude(length).edges("%CIRCLE").chamfer(2)
for z in (6.0, length - 6 - 2.0):
    body = body.cut(cq.Workplane("XY").workplane(offset=z).circle(30).circle(p.MAIN_PIN / 2 - 1.5).extrude(1.9))
part = body

result = part
if "show_object" in globals():
    show_object(part, name="main_pin")  # noqa: F821
