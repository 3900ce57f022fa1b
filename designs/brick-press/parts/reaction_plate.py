"""Reaction plate, 20 mm: bolted under the upper beams; the lid presses against it."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import press_params as p
from press_shapes import plate

MATERIAL = "S355 steel"
PROCESS = "laser cut"
FINISH = "blast, primer 80 um; lower face bare and greased"
QUANTITY = 1

holes = [(s * p.FLANGE_BOLT_X, t * p.REACTION_BOLT_Y, p.M16_HOLE) for s in (-1, 1) for t in (-1, 1)]
part = plate((2 * p.FACE_X, 2 * p.FACE_Y - 10), p.REACTION_THICKNESS, holes)

result = part
if "show_object" in globals():
    show_object(part, name="reaction_plate")  # noqa: F821
