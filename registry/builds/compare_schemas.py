"""What a comparison of two versions tells, as pages and JSON show it."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from registry.builds.schemas import LineKind

Sort = Literal["added", "removed", "changed"]


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class SideView(_Out):
    """One of the two versions."""

    version: str
    label: str
    commit: str
    committed_at: dt.datetime
    licence: str
    build_id: int | None = Field(description="the build whose results are compared; null if it was never built")
    build_state: str = Field(description="queued, running, done, failed, or empty if never built")


class FieldChange(_Out):
    """A value in both versions, in words with units; empty where a version has none."""

    name: str
    old: str
    new: str


class LineChange(_Out):
    """A line of the merged bill of materials that is not the same in both versions."""

    change: Sort
    kind: LineKind
    what: str
    designators: list[str] = Field(description="of the new version, or of the old one where the line is gone")
    old_quantity: float | None = Field(description="null where the line was added")
    new_quantity: float | None = Field(description="null where the line was removed")
    fields: list[FieldChange] = Field(description="what changed in it, quantity first")


class PictureFrame(_Out):
    """Where a picture goes in a field of 1280 by 960, so that both show the same scale."""

    x: float
    y: float
    width: float
    height: float


class PicturePair(_Out):
    """The same view of a board or part in both versions; an empty address where a version has no such picture."""

    view: str
    old_url: str
    new_url: str
    old_frame: PictureFrame | None = None
    new_frame: PictureFrame | None = None
    aligned: Literal["", "page", "middle"] = Field(
        default="", description="what both pictures have in common: their place on the designer's page, or the middle"
    )


class TargetChange(_Out):
    """A board or part that is not the same in both versions."""

    change: Sort
    kind: Literal["board", "part"]
    name: str
    title: str
    words: list[str] = Field(description="the change in few words, the weightiest first")
    facts: list[FieldChange] = Field(description="all facts of both sides, changed or not")
    pictures: list[PicturePair]
    same_size: bool = Field(description="pictures of both sides show the same size, and can be laid on each other")


class CheckChange(_Out):
    """A rule that is broken more often, or less often, than before."""

    board: str
    check: Literal["drc", "erc"]
    rule: str
    text: str
    severity: str
    old: int
    new: int


class FileChange(_Out):
    """A file of the repository that is not the same in both versions."""

    change: Literal["added", "removed", "changed", "moved"]
    path: str
    old_path: str = Field(default="", description="where it was, if it moved")
    old_bytes: int | None
    new_bytes: int | None


class Comparison(_Out):
    """What changed from one version to another."""

    design: str
    old: SideView
    new: SideView
    same: bool = Field(description="both stand for the same commit")
    sentences: list[str] = Field(description="the changes in short, the weightiest first")
    missing: list[str] = Field(description="sentences: what could not be compared, and why")
    lines: list[LineChange]
    lines_same: int
    lines_left_out: int = Field(description="changed lines past the first, which are not listed")
    boards: list[TargetChange]
    parts: list[TargetChange]
    targets_same: int = Field(description="boards and parts whose files are the same, byte for byte")
    targets_left_out: int
    checks: list[CheckChange]
    files: list[FileChange]
    files_same: int
    files_left_out: int
