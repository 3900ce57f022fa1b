"""How a target's course gets into the database while it runs, for the live page."""

from __future__ import annotations

from sqlmodel import Session

from registry.builds.engine import Ended, OnStep
from registry.builds.tables import Step, TargetRun
from registry.stores.stores import Stores
from registry.values import utcnow


def start_run(stores: Stores, run_id: int) -> None:
    """Record that a target's run has begun."""

    def begin(session: Session) -> None:
        run = session.get_one(TargetRun, run_id)
        run.state, run.started_at = "running", utcnow()
        session.add(run)

    stores.db.retrying(begin)


def end_run(stores: Stores, run_id: int, ended: Ended) -> None:
    """Record how a target's run ended."""

    def write(session: Session) -> None:
        run = session.get_one(TargetRun, run_id)
        run.state, run.key, run.cached, run.seconds = ended.state, ended.key, ended.cached, ended.seconds
        run.message, run.remedy, run.log_tail = ended.message, ended.remedy, ended.log_tail
        run.notes = list(dict.fromkeys([*run.notes, *ended.notes]))
        session.add(run)

    stores.db.retrying(write)


def step_recorder(stores: Stores, run_id: int) -> OnStep:
    """What writes a target's steps, as they begin and end."""
    ids: dict[str, int] = {}

    def on_step(name: str, state: str, seconds: float | None) -> None:
        def write(session: Session) -> int:
            step = session.get(Step, ids[name]) if name in ids and state != "running" else None
            step = step or Step(target_run_id=run_id, name=name)
            step.state, step.seconds = state, seconds
            session.add(step)
            session.flush()
            return step.id or 0

        ids[name] = stores.db.retrying(write)

    return on_step
