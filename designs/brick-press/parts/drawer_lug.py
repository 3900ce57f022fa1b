"""Clevis lug of the drawer, 12 mm: takes the drawer rod's eye; its tab goes through the drive plate."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import cadquery as cq
import press_params as p

MATERIAL = "S355 steel"
PROCESS = "laser cut"
FINISH = "blast, primer 80 um, top coat 80 um"
QUANTITY = 2

t = p.DRAWER_PLATE
reach = p.SOIL_REAR - t - p.LUG_PIN_X  # from the drive plate to the pin
body = cq.Workplane("XY").polyline(
    [(-t, -20), (0, -20), (0, -40), (reach, -22), (reach, 22), (0, 40), (0, 20), (-t, 20)]
)
body = body.close().extrude(t).union(cq.Workplane("XY").center(reach, 0).circle(22).extrude(t))
part = body.cut(cq.Workplane("XY").center(reach, 0).circle(p.DRAWER_PIN / 2 + 0.1).extrude(t))

result = part
if "show_object" in globals():
    show_object(part, name="drawer_lug")  # noqa: F821
