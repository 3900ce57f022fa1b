"""Clevis plate of the main cylinder, 20 mm: welded upright on the base plate."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import cadquery as cq
import press_params as p

MATERIAL = "S355 steel"
PROCESS = "laser cut"
FINISH = "blast, primer 80 um, top coat 80 um"
QUANTITY = 2

h, r = p.MAIN_PIN_HEIGHT, 48.0
body = cq.Workplane("XY").polyline([(-95, 0), (95, 0), (95, 15), (r, h), (-r, h), (-95, 15)]).close().extrude(20)
body = body.union(cq.Workplane("XY").center(0, h).circle(r).extrude(20))
part = body.cut(cq.Workplane("XY").center(0, h).circle(p.MAIN_PIN / 2 + 0.15).extrude(20))

result = part
if "show_object" in globals():
    show_object(part, name="cylinder_clevis")  # noqa: F821
