"""What the targets of a build made, in one hand for everything that is put together from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, col, select

from registry.builds.tables import Artifact, Result, TargetRun


@dataclass(slots=True)
class Made:
    """A target with what it made: rows of the database, detached."""

    run: TargetRun
    facts: dict[str, Any] = field(default_factory=dict)
    tools: dict[str, str] = field(default_factory=dict)
    artifacts: list[Artifact] = field(default_factory=list)

    def first(self, role: str) -> Artifact | None:
        """The first artifact with a role; None if there is none."""
        return next((artifact for artifact in self.artifacts if artifact.role == role), None)


def gather(session: Session, build_id: int) -> list[Made]:
    """Every target of a build, in order, with its artifacts."""
    runs = session.exec(select(TargetRun).where(TargetRun.build_id == build_id).order_by(col(TargetRun.position))).all()
    keys = {run.key for run in runs if run.key}
    # Two questions for all targets, not two for each: a machine has a hundred parts.
    results = {result.key: result for result in session.exec(select(Result).where(col(Result.key).in_(keys)))}
    files: dict[str, list[Artifact]] = {}
    of_results = select(Artifact).where(col(Artifact.result_key).in_(results)).order_by(col(Artifact.path))
    for artifact in session.exec(of_results):
        files.setdefault(artifact.result_key, []).append(artifact)
    made = []
    for run in runs:
        item = Made(run)
        if result := results.get(run.key):
            item.facts, item.tools, item.artifacts = result.facts, result.tools, files.get(run.key, [])
        made.append(item)
    return made
