"""Rod socket: takes the main rod's M48 x 2 thread, its face the rod's shoulder; welded under the foot plate."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import cadquery as cq
import press_params as p

MATERIAL = "C45 steel"
PROCESS = "turn, thread M48 x 2"
FINISH = "none: oil"
QUANTITY = 1

body = cq.Workplane("XY").circle(55).extrude(p.SOCKET_LENGTH).faces("<Z").edges().chamfer(2)
part = body.cut(cq.Workplane("XY").circle(23).extrude(66))

result = part
if "show_object" in globals():
    show_object(part, name="rod_socket")  # noqa: F821
