"""What errors of CadQuery's geometry kernel mean, in words for the person who wrote the script."""

from __future__ import annotations

import traceback

# The kernel's own errors, and texts of CadQuery that pass them on.
KERNEL_ERRORS = ("Standard_", "StdFail_", "gp_", "Geom", "BRep", "TopoDS_", "OSD_")
_NULL = ("Standard_NullObject", "Null TopoDS_Shape", "StdFail_UndefinedValue")
_NOT_THERE = ("Standard_NoSuchObject", "Standard_OutOfRange", "Standard_RangeError")
_NO_EXTENT = (
    "Standard_ConstructionError",
    "gp_VectorWithNullMagnitude",
    "Standard_DomainError",
    "Standard_NumericError",
)

# Operation -> (what could not be done, and why as a rule; what to do). Looked for in the calls that led to the error.
_OPERATIONS: dict[str, tuple[str, str]] = {
    "fillet": (
        "The fillet could not be made: as a rule its radius is too large for a face or edge beside it.",
        "Try a smaller radius, or fewer edges at once; a radius just under half of the thinnest wall often works.",
    ),
    "chamfer": (
        "The chamfer could not be made: as a rule it is too large for a face or edge beside it.",
        "Try a smaller chamfer, or fewer edges at once.",
    ),
    "shell": (
        "The body could not be hollowed: as a rule the wall is thicker than a radius or step of the outside.",
        "Try a thinner wall, hollow before rounding edges, or cut the inside out as a body of its own.",
    ),
    "loft": (
        "The loft could not be made: its outlines cross, or do not fit each other.",
        "Give all outlines the same direction, and as many corners as the others; or loft with ruled=True.",
    ),
    "sweep": (
        "The sweep could not be made: as a rule the outline is wider than the tightest bend of its path.",
        "Widen the bends, narrow the outline, or set transition='round'.",
    ),
    "revolve": (
        "The revolved body could not be made: the outline crosses its axis, or is not closed.",
        "Keep the outline on one side of the axis, and close it.",
    ),
    "extrude": (
        "The extrusion could not be made: the outline crosses itself, is not closed, or the distance is zero.",
        "Close the outline, look for lines that cross, and for a height that comes out as 0.",
    ),
    "offset2D": (
        "The offset could not be made: no outline is left at that distance.",
        "Try a smaller distance, or kind='intersection'.",
    ),
}
_TOUCHING = (
    "Two bodies could not be joined or cut: as a rule their faces touch without crossing.",
    "Let the tool reach a little beyond the face (0.01 mm is enough), or join the bodies in another order.",
)
_OPERATIONS |= {
    "offset2d": _OPERATIONS["offset2D"],
    "extrudeLinear": _OPERATIONS["extrude"],
    **dict.fromkeys(("cut", "union", "fuse", "intersect", "combine", "clean"), _TOUCHING),
}


def explain(error: BaseException) -> tuple[str, str] | None:
    """(what an error of the kernel means, what to do); None for errors that are not the kernel's."""
    name, text = type(error).__name__, str(error)
    if not name.startswith(KERNEL_ERRORS) and not any(word in text for word in (*_NULL, "BRep_API")):
        return None
    # The innermost call that has a name for people says most; calls of the script's own do not count.
    called = [frame.name for frame in traceback.extract_tb(error.__traceback__) if "/cadquery/" in frame.filename]
    known = next((_OPERATIONS[call] for call in reversed(called) if call in _OPERATIONS), None)
    if known and "NullObject" not in name:
        return known
    said = f"{name} {text}"
    if any(word in said for word in _NULL):
        return (
            "A step was given an empty shape: the one before it selected nothing, or left nothing over.",
            "Look at the shape just before this line, for example with show_object(...), and at what selectors find.",
        )
    if any(word in said for word in _NOT_THERE):
        return (
            "A step asked for a face, edge or point that is not there.",
            "Look at what the selectors before this line find, and at numbers of items, which begin with 0.",
        )
    if any(word in said for word in _NO_EXTENT):
        return (
            "A shape without extent was asked for: a length, radius or direction is zero, or points coincide.",
            "Look at the numbers of this line, and at those that it is reckoned from.",
        )
    return known or (
        "CadQuery's geometry kernel could not carry out this step.",
        "Simplify the step, try other measures, or split it into smaller ones to see which fails.",
    )
