"""Front and rear sheet of the hopper, 4 mm, as the flat pattern to cut; also covers the edges of the side sheets."""

# SPDX-License-Identifier: CERN-OHL-S-2.0
import cadquery as cq
import press_hopper
import press_params as p

MATERIAL = "S235 steel"
PROCESS = "laser cut, bend"
FINISH = "blast, primer 80 um, top coat 80 um"
QUANTITY = 2

low = p.BRICK_LENGTH / 2 + p.HOPPER_SHEET
part = press_hopper.flat(low)


def folded() -> cq.Workplane:
    """The bent sheet, see `press_hopper.folded`."""
    return press_hopper.folded(low)


result = part
if "show_object" in globals():
    show_object(part, name="hopper_front")  # noqa: F821
