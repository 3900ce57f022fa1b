"""What comes into and goes out of the fabricators feature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """A machine as matching sees it.

    `materials` are (material, thinnest, thickest) with ids of the vocabulary; a thickness that is not stated is None.
    `parameters` holds only what the machine states. Money is in minor units of `currency`.
    """

    id: int
    fabricator_id: int
    name: str
    process: str
    count: int
    status: str
    work_x_mm: float | None
    work_y_mm: float | None
    work_z_mm: float | None
    materials: tuple[tuple[str, float | None, float | None], ...]
    parameters: Mapping[str, Any]
    setup_minor: int | None
    hour_minor: int | None
    currency: str
