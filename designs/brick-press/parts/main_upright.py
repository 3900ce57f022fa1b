"""Main upright, square tube 80 x 80 x 6: four alike, turned half round on the other side of the machine."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import press_params as p
from press_shapes import square_tube

MATERIAL = "S355 steel"
PROCESS = "saw, drill"
FINISH = "blast, primer 80 um, top coat 80 um"
QUANTITY = 4

z0 = p.PAD_THICKNESS
beams = (p.BEAM_LOW_Z + p.UPE_HEIGHT / 2, p.BEAM_HIGH_Z + p.UPE_HEIGHT / 2)
along_x = [(a * p.JOINT_Y, z + b * p.JOINT_Z - z0) for z in beams for a in (-1, 1) for b in (-1, 1)]
rows = (p.RAIL_LOW_Z, p.RAIL_LOW_Z + p.GUSSET_LEG, p.RAIL_HIGH_Z - p.GUSSET_LEG, p.RAIL_HIGH_Z, *p.BRACKET_BOLT_Z)
along_y = [(0, z - z0) for z in rows] + [(s * p.HOPPER_BOLT_X, p.HOPPER_BOLT_Z - z0) for s in (-1, 1)]
part = square_tube(p.UPRIGHT_LENGTH, along_x, along_y, [(0, z - z0) for z in p.GUARD_BOLT_Z])

result = part
if "show_object" in globals():
    show_object(part, name="main_upright")  # noqa: F821
