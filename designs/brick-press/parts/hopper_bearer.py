"""Bearer of the hopper, angle 60 x 60 x 6: bolted to the inner face of a rear upright; the other one is its mirror."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import cadquery as cq
import press_params as p

MATERIAL = "S355 steel"
PROCESS = "saw, drill"
FINISH = "blast, primer 80 um, top coat 80 um"
QUANTITY = 2

# Local X runs along the machine from the upright's axis to the rear, Y inwards, Z up; the heel is at Y = Z = 0.
profile = [(0, 0), (60, 0), (60, -6), (6, -6), (6, -60), (0, -60)]
part = cq.Workplane("YZ").polyline(profile).close().extrude(200).translate((-38, 0, 0))
for x in (-p.HOPPER_BOLT_X, p.HOPPER_BOLT_X):
    part = part.cut(cq.Workplane("XZ").center(x, p.HOPPER_BOLT_Z - p.BEARER_Z).circle(p.M16_HOLE / 2).extrude(-10))
for x in p.EAR_BOLT_X:
    y = p.FACE_Y - p.EAR_BOLT_Y
    part = part.cut(cq.Workplane("XY").center(-p.UPRIGHT_X - x, y).circle(p.M12_HOLE / 2).extrude(-10))

result = part
if "show_object" in globals():
    show_object(part, name="hopper_bearer")  # noqa: F821
