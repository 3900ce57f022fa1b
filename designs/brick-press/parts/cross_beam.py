"""Cross beam, UPE 160: two below carry the main cylinder, two above take the press force; all four are alike."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import press_params as p
from press_shapes import channel

MATERIAL = "S355 steel"
PROCESS = "saw, drill"
FINISH = "blast, primer 80 um, top coat 80 um"
QUANTITY = 4

web = [(a * p.JOINT_Z, s * p.UPRIGHT_Y + b * p.JOINT_Y) for s in (-1, 1) for a in (-1, 1) for b in (-1, 1)]
flange_x = p.FACE_X - p.FLANGE_BOLT_X
flange = [(flange_x, s * y) for s in (-1, 1) for y in (p.BASE_BOLT_Y, p.REACTION_BOLT_Y)]
part = channel(p.BEAM_LENGTH, web, flange)

result = part
if "show_object" in globals():
    show_object(part, name="cross_beam")  # noqa: F821
