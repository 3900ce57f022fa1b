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
        return next((artifact for artifact in self.artifacts if artifact.role == role), None)


def gather(session: Session, build_id: int) -> list[Made]:
    """Every target of a build, in order, with its artifacts."""
    made = []
    for run in session.exec(select(TargetRun).where(TargetRun.build_id == build_id).order_by(col(TargetRun.position))):
        item = Made(run)
        result = session.get(Result, run.key) if run.key else None
        if result is not None:
            item.facts, item.tools = result.facts, result.tools
            item.artifacts = list(
                session.exec(select(Artifact).where(Artifact.result_key == run.key).order_by(col(Artifact.path)))
            )
        made.append(item)
    return made
