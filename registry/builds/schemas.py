"""What comes into and goes out of the builds feature."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

BuildState = Literal["queued", "running", "done", "failed"]
TargetState = Literal["waiting", "running", "done", "failed"]
LineKind = Literal["electronic", "board", "printed", "machined", "sheet", "fastener", "off-the-shelf", "consumable"]


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class StepView(_Out):
    """One run of a tool, or a piece of the builder's own work."""

    name: str
    state: Literal["running", "done", "failed"]
    seconds: float | None


class ArtifactView(_Out):
    """A file that a target made."""

    path: str
    role: str
    media_type: str
    group: str
    size_bytes: int
    sha256: str
    url: str


class TargetView(_Out):
    """A board, part or table of a version, and how its build went."""

    id: int
    name: str
    title: str
    kind: Literal["board", "part", "bom", "book"]
    builder: str
    source: str
    state: TargetState
    cached: bool
    seconds: float | None
    message: str
    remedy: str
    notes: list[str]
    log_tail: str
    steps: list[StepView]
    artifacts: list[ArtifactView]
    facts: dict[str, Any] = Field(description="facts.json of the target, {} if there is none")
    key: str = Field(default="", description="names the result; the same key means the same inputs and tools")
    tools: dict[str, str] = Field(default_factory=dict, description="tool -> version, of what was made or tried")

    def by_role(self, role: str) -> list[ArtifactView]:
        """The artifacts with a role."""
        return [artifact for artifact in self.artifacts if artifact.role == role]

    def first(self, role: str) -> ArtifactView | None:
        """The first artifact with a role; None if there is none."""
        return next(iter(self.by_role(role)), None)


class BundleView(_Out):
    """A bundle to download."""

    url: str
    size_bytes: int
    sha256: str


class BuildView(_Out):
    """A build of a version: its state, its targets, its bundle."""

    id: int
    design: str
    design_name: str
    version: str
    label: str
    commit: str
    state: BuildState
    requested_at: dt.datetime
    started_at: dt.datetime | None
    finished_at: dt.datetime | None
    seconds: float | None = Field(description="how long it took, or has taken so far")
    queue_position: int | None = Field(description="1 = next; null once it runs")
    message: str
    not_built: list[str] = Field(description="sentences: what is not built on this instance, and why")
    targets: list[TargetView]
    bundle: BundleView | None

    @property
    def boards(self) -> list[TargetView]:
        """The targets that are boards."""
        return [target for target in self.targets if target.kind == "board"]

    @property
    def parts(self) -> list[TargetView]:
        """The targets that are parts."""
        return [target for target in self.targets if target.kind == "part"]

    @property
    def book(self) -> TargetView | None:
        """The build book's target; None if there is none."""
        return next((target for target in self.targets if target.kind == "book"), None)


class Use(_Out):
    """Where a line of the merged bill of materials is used."""

    target: str = Field(description="board path, part or table it comes from")
    designators: list[str]
    quantity: float


class Alternate(_Out):
    """Another article that may stand in for a line's own."""

    manufacturer: str = ""
    mpn: str = ""
    supplier: str = ""
    sku: str = ""


class BomLine(_Out):
    """A row of the merged bill of materials (Source: tools.md, 'Bills of materials')."""

    id: str = Field(description="stable within the version")
    kind: LineKind
    quantity: float = Field(description="per unit of the design; 0 for lines that are not fitted")
    description: str = ""
    value: str = ""
    footprint: str = ""
    manufacturer: str = ""
    mpn: str = ""
    suppliers: dict[str, str] = Field(default_factory=dict, description="supplier -> SKU")
    alternates: list[Alternate] = Field(default_factory=list)
    uses: list[Use]
    dnp: bool = False
    excluded_from_bom: bool = False
    source: str = Field(default="", description="file the row was read from")
    file: str = Field(default="", description="model or drawing of the thing, as the row names it")
    material: str = ""
    process: str = ""
    finish: str = ""
    mass_g: float | None = None
    licence: str = ""
    notes: str = ""

    @property
    def designators(self) -> list[str]:
        """The designators of all its uses."""
        return [designator for use in self.uses for designator in use.designators]


class Materials(_Out):
    """The merged bill of materials of a version."""

    lines: list[BomLine]
    findings: list[str] = Field(default_factory=list, description="sentences: what was doubtful while merging")


class TargetReport(_Out):
    """One target in the short report of a build."""

    name: str
    builder: str
    status: str
    cached: bool
    seconds: float | None
    artifacts: int
    message: str


class BuildReport(_Out):
    """What `brickyard build --json` prints and `/api/v1/builds/ID` answers."""

    id: int
    design: str
    version: str
    commit: str
    status: BuildState
    seconds: float | None
    message: str
    targets: list[TargetReport]
    bundle: BundleView | None
