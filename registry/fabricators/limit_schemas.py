"""What goes out of checks of boards against a fabricator's limits."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

CheckState = Literal["never", "queued", "running", "done", "failed", "unstated", "unbuilt"]
GOING_ON = ("queued", "running")


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class LimitRow(_Out):
    """One limit of a machine, and how a board fares under it."""

    parameter: str
    label: str
    limit_mm: float
    broken: int | None = Field(default=None, description="places below the limit; null while nobody knows")
    at_least: bool = Field(default=False, description="more places may be below it: listing stopped there")
    least_mm: float | None = Field(default=None, description="the smallest that was found below the limit")


class BoardCheck(_Out):
    """A board under the limits of the machine that suits it best."""

    board: str
    title: str
    machine: str = Field(description="whose limits these are; empty if no machine makes boards")
    state: CheckState = Field(
        description="never: nobody asked yet; unstated: the machine states none of these limits; unbuilt: no board"
    )
    limits: list[LimitRow]
    unstated: list[str] = Field(description="labels of limits that the machine does not state")
    findings: list[dict[str, Any]] = Field(description="as in checks.json: text, items with x_mm and y_mm on the page")
    message: str = ""
    remedy: str = ""

    @property
    def errors(self) -> int:
        """Places below a limit."""
        return sum(row.broken or 0 for row in self.limits)


class LimitChecks(_Out):
    """The boards of a version under the limits of one fabricator."""

    design: str
    version: str
    fabricator: str
    name: str
    boards: list[BoardCheck]

    @property
    def going_on(self) -> bool:
        """Whether a worker has it, or will have it."""
        return any(board.state in GOING_ON for board in self.boards)

    @property
    def to_ask(self) -> bool:
        """Whether there is something to ask for."""
        return any(board.state in ("never", "failed") for board in self.boards)
