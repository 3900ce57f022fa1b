"""Crush sleeve, precision tube 22 x 2.5: welded flush into both walls of a tube wherever an M16 bolt crosses it."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import cadquery as cq
import press_params as p

MATERIAL = "E235 steel"
PROCESS = "saw"
FINISH = "with its weldment"
QUANTITY = 102

part = cq.Workplane("XY").circle(p.SLEEVE_DIAMETER / 2).circle(p.SLEEVE_BORE / 2).extrude(p.TUBE)

result = part
if "show_object" in globals():
    show_object(part, name="sleeve")  # noqa: F821
