"""Web stiffener of a cross beam, 10 mm: welded between the flanges where the load comes in."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import press_params as p
from press_shapes import plate

MATERIAL = "S355 steel"
PROCESS = "laser cut"
FINISH = "blast, primer 80 um, top coat 80 um"
QUANTITY = 8

w, h, c = p.UPE_WIDTH - p.UPE_WEB - 3, p.UPE_HEIGHT - 2 * p.UPE_FLANGE - 1, p.UPE_ROOT_RADIUS + 1
part = plate([(0, c - h / 2), (c, -h / 2), (w, -h / 2), (w, h / 2), (c, h / 2), (0, h / 2 - c)], 10)

result = part
if "show_object" in globals():
    show_object(part, name="beam_stiffener")  # noqa: F821
