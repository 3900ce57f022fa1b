"""Pictures of a board in two versions at one scale, each where it lies on the designer's page: pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from registry.builds import views
from registry.builds.compare_schemas import PictureFrame, PicturePair
from registry.builds.schemas import TargetView

# KiCad's renderer fits a board's longer side to this length, around this point of the picture: measured on boards of
# all shapes (see builders/kicad/builder.py for the picture's size).
_WIDTH_PX, _HEIGHT_PX = 1280, 960
_LONGER_SIDE_PX = 926.5
_MIDDLE_PX = (631.5, 464.0)


@dataclass(frozen=True, slots=True)
class _Outline:
    """Where a board lies on the page. Units: mm; x to the right, y down."""

    x: float
    y: float
    width: float
    height: float


def board_pictures(before: TargetView | None, after: TargetView | None) -> list[PicturePair]:
    """Top and bottom of both versions."""
    old = {side: light for side, _, light in views.faces(before)} if before else {}
    new = {side: light for side, _, light in views.faces(after)} if after else {}
    pairs = []
    for side in ("Top", "Bottom"):
        if side in old or side in new:
            frames = _frames(before, after, mirrored=side == "Bottom") if side in old and side in new else None
            pairs.append(
                PicturePair(
                    view=side,
                    old_url=old[side].url if side in old else "",
                    new_url=new[side].url if side in new else "",
                    old_frame=frames[0] if frames else None,
                    new_frame=frames[1] if frames else None,
                    aligned=frames[2] if frames else "",
                )
            )
    return pairs


def _frames(
    before: TargetView | None, after: TargetView | None, *, mirrored: bool
) -> tuple[PictureFrame, PictureFrame, Any] | None:
    """(old, new, how they are laid on each other); None where a size is not known."""
    found = [_outline(target.facts) for target in (before, after) if target]
    if len(found) != 2 or found[0] is None or found[1] is None:
        return None
    old, new = found[0], found[1]
    places = [bool((target.facts.get("outline_centre_mm") or {}).get("x")) for target in (before, after) if target]
    # A board that was moved as a whole on its page is compared by its middle.
    by_page = (
        all(places)
        and abs(new.x - old.x) < (old.width + new.width) / 2
        and abs(new.y - old.y) < (old.height + new.height) / 2
    )
    if not by_page:
        new = _Outline(old.x, old.y, new.width, new.height)
    left = min(old.x - old.width / 2, new.x - new.width / 2)
    right = max(old.x + old.width / 2, new.x + new.width / 2)
    top = min(old.y - old.height / 2, new.y - new.height / 2)
    bottom = max(old.y + old.height / 2, new.y + new.height / 2)
    px_per_mm = _LONGER_SIDE_PX / max(right - left, bottom - top)
    frames = []
    for board in (old, new):
        scale = px_per_mm * max(board.width, board.height) / _LONGER_SIDE_PX
        off_x = (board.x - (left + right) / 2) * (-1 if mirrored else 1) * px_per_mm
        off_y = (board.y - (top + bottom) / 2) * px_per_mm
        frames.append(
            PictureFrame(
                x=round(_MIDDLE_PX[0] * (1 - scale) + off_x, 2),
                y=round(_MIDDLE_PX[1] * (1 - scale) + off_y, 2),
                width=round(_WIDTH_PX * scale, 2),
                height=round(_HEIGHT_PX * scale, 2),
            )
        )
    return frames[0], frames[1], "page" if by_page else "middle"


def _outline(facts: dict[str, Any]) -> _Outline | None:
    size, centre = facts.get("size_mm"), facts.get("outline_centre_mm") or {}
    if not isinstance(size, dict) or not size.get("width") or not size.get("height"):
        return None
    return _Outline(
        float(centre.get("x") or 0), float(centre.get("y") or 0), float(size["width"]), float(size["height"])
    )
