"""Half of the depth collar: two halves clip round the rod and keep the foot from going lower than the chosen fill."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import cadquery as cq
import press_params as p

MATERIAL = "S355 steel"
PROCESS = "turn, saw"
FINISH = "zinc plate"
QUANTITY = 2

ring = cq.Workplane("XY").circle(58).circle(p.MAIN_ROD / 2 + 0.5).extrude(p.COLLAR_LENGTH)
half = ring.cut(cq.Workplane("XY").box(200, 100, 200).translate((0, -49.5, 0)))
# M8 x 50 screws through ears would need a spanner at every change: a hose clip in a groove is enough.
groove = cq.Workplane("XY").circle(59).circle(56).extrude(14).translate((0, 0, (p.COLLAR_LENGTH - 14) / 2))
part = half.cut(groove)

result = part
if "show_object" in globals():
    show_object(part, name="depth_collar")  # noqa: F821
