"""Grate of the hopper: a flat-bar frame and round bars 50 mm apart; keeps stones, and hands, out."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import cadquery as cq
import press_params as p

MATERIAL = "S235 steel"
PROCESS = "saw, weld"
FINISH = "blast, primer 80 um, top coat 80 um"
QUANTITY = 1

# It hangs inside the flare, its frame's upper edge 45 mm under the rim; Z = 0 is the bars' axis.
w = p.SOIL_BOX_LENGTH / 2 + p.FLARE_OUT - 49.5
d = p.BRICK_LENGTH / 2 + p.FLARE_OUT - 49.5
frame = cq.Workplane("XY").rect(2 * w, 2 * d).rect(2 * w - 12, 2 * d - 12).extrude(20, both=True).translate((0, 0, -4))
bars = [cq.Solid.makeCylinder(6, 2 * w - 8, cq.Vector(4 - w, y, 0), cq.Vector(1, 0, 0)) for y in range(-350, 351, 50)]
ties = [cq.Solid.makeCylinder(6, 2 * d - 8, cq.Vector(x, 4 - d, -12), cq.Vector(0, 1, 0)) for x in (-120, 120)]
part = frame.newObject([frame.val().fuse(*bars, *ties)])

result = part
if "show_object" in globals():
    show_object(part, name="hopper_grate")  # noqa: F821
