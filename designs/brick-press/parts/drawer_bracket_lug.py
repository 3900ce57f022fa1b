"""Lug of the drawer cylinder's bracket, 12 mm: welded on the bracket's base plate."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import cadquery as cq
import press_params as p

MATERIAL = "S355 steel"
PROCESS = "laser cut"
FINISH = "blast, primer 80 um, top coat 80 um"
QUANTITY = 2

h, r, t = p.DRAWER_AXIS_Z - p.TABLE_Z, 22.0, p.DRAWER_PLATE
body = cq.Workplane("XY").polyline([(-60, 0), (24, 0), (24, 20), (r, h), (-r, h), (-60, 12)]).close().extrude(t)
body = body.union(cq.Workplane("XY").center(0, h).circle(r).extrude(t))
part = body.cut(cq.Workplane("XY").center(0, h).circle(p.DRAWER_PIN / 2 + 0.1).extrude(t))

result = part
if "show_object" in globals():
    show_object(part, name="drawer_bracket_lug")  # noqa: F821
