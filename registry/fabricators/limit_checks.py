"""Boards of a version checked against a fabricator's own limits, with KiCad's rule check, kept by what was checked."""

from __future__ import annotations

import datetime as dt
import json
import logging
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from builders.kicad.limit_check import CHECK, REPORT
from builders.kicad.rules import RULES
from registry import limits as maxima
from registry.builds import engine
from registry.builds.keys import RECIPE, digest_of
from registry.builds.leases import is_gone, worker_name
from registry.builds.tables import Artifact, Build, Result, TargetRun
from registry.builds.workspace import HostWorkspace
from registry.designs import mirrors
from registry.designs.queries import find_design, find_revision
from registry.designs.tables import Design, Revision
from registry.errors import Invalid, RegistryError
from registry.fabricators import making
from registry.fabricators.finding import best_machine
from registry.fabricators.fleet import read_machines
from registry.fabricators.limit_schemas import BoardCheck, LimitChecks, LimitRow
from registry.fabricators.limit_tables import LimitCheck
from registry.fabricators.needs import Need
from registry.fabricators.queries import find_fabricator
from registry.fabricators.schemas import MachineFacts
from registry.fabricators.vocabulary import PARAMETERS
from registry.stores.stores import Stores
from registry.values import utcnow

_log = logging.getLogger(__name__)
JOB = "limit_check"
LEASE = dt.timedelta(seconds=360)  # longer than the check itself may run


@dataclass(frozen=True)
class _Wish:
    """A board, and the limits of the machine that suits it best."""

    board: str
    title: str
    source: str
    run_key: str
    machine: str = ""
    limits: dict[str, float] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Names the result: what the board's own key says of files and tools, and the limits."""
        said = {"recipe": RECIPE, "check": CHECK.version, "board": self.run_key, "limits": self.limits}
        return digest_of(said) if self.run_key and self.limits else ""


def install(stores: Stores) -> None:
    """Wire this feature: workers do what was asked for, and look after what was left behind."""
    stores.jobs.define(JOB, lambda key: run(stores, key))
    hooks = stores.hooks.setdefault("worker.keep", [])
    if redeliver not in hooks:
        hooks.append(redeliver)


def read_checks(stores: Stores, slug: str, label: str | None, fabricator: str) -> LimitChecks:
    """How the boards of a version fare under a fabricator's limits, as far as it is known. Raises: NotFound."""
    needs = making.read_version(stores, slug, label)
    with stores.db.reading() as session:
        shop = find_fabricator(session, fabricator)
        boards = [_shown(stores, session, wish) for wish in _wishes(session, slug, label, shop.id or 0, needs.needs)]
    return LimitChecks(design=needs.design, version=needs.version, fabricator=shop.slug, name=shop.name, boards=boards)


def _wishes(session: Session, slug: str, label: str | None, fabricator_id: int, needs: list[Need]) -> list[_Wish]:
    revision = find_revision(session, find_design(session, slug), label)
    build_id = session.exec(
        select(Build.id)
        .where(Build.revision_id == revision.id, Build.materials_digest != "")
        .order_by(col(Build.id).desc())
    ).first()
    runs = session.exec(
        select(TargetRun)
        .where(TargetRun.build_id == build_id, TargetRun.kind == "board", TargetRun.builder == "kicad")
        .order_by(col(TargetRun.position))
    )
    machines = read_machines(session, [fabricator_id]).get(fabricator_id, {})
    bare = [need for need in needs if need.process == "pcb_fabrication"]
    return [_wish(run, _machine_for(run, bare, machines)) for run in runs]


def _machine_for(run: TargetRun, needs: list[Need], machines: Any) -> MachineFacts | None:
    need = next((need for need in needs if any(piece.target == run.name for piece in need.pieces)), None)
    need = need or Need(
        id="board", process="pcb_fabrication", processes=("pcb_fabrication",), subject="board", title=run.title
    )
    return best_machine(need, machines)


def _wish(run: TargetRun, machine: MachineFacts | None) -> _Wish:
    stated = machine.parameters if machine else {}
    limits = {name: float(stated[name]) for name in RULES if isinstance(stated.get(name), int | float)}
    # a limit of nothing is kept by every board
    limits = {name: value for name, value in limits.items() if value > 0}
    made = run.key if run.state in ("done", "failed") else ""
    return _Wish(run.name, run.title, run.source, made, machine.name if machine else "", limits)


def _shown(stores: Stores, session: Session, wish: _Wish) -> BoardCheck:
    told = BoardCheck(
        board=wish.board,
        title=wish.title,
        machine=wish.machine,
        state="unstated" if not wish.limits else "never" if wish.key else "unbuilt",
        limits=[_row(name, value) for name, value in wish.limits.items()],
        unstated=[PARAMETERS[name].label for name in RULES if name not in wish.limits] if wish.machine else [],
        findings=[],
    )
    if not wish.key:
        return told
    result, row = session.get(Result, wish.key), session.get(LimitCheck, wish.key)
    if result is not None and result.state == "done" and (report := _report(stores, session, wish.key)) is not None:
        fared = {one["parameter"]: one for one in report["limits"]}
        rows = [_row(name, value, fared.get(name)) for name, value in wish.limits.items()]
        return told.model_copy(update={"state": "done", "limits": rows, "findings": report["drc"]["findings"]})
    if row is None:
        return told
    state = "failed" if row.state == "done" else row.state  # the result has gone: it may be asked for again
    return told.model_copy(update={"state": state, "message": row.message, "remedy": row.remedy})


def _row(name: str, value: float, fared: dict[str, Any] | None = None) -> LimitRow:
    more = {key: fared[key] for key in ("broken", "at_least", "least_mm")} if fared else {}
    return LimitRow(parameter=name, label=PARAMETERS[name].label, limit_mm=value, **more)


def _report(stores: Stores, session: Session, key: str) -> Any:
    artifact = session.exec(select(Artifact).where(Artifact.result_key == key, Artifact.path == REPORT)).first()
    if artifact is None or not stores.blobs.has(artifact.digest):
        return None
    return json.loads(stores.blobs.read(artifact.digest))


def ask(stores: Stores, account_id: int | None, slug: str, label: str | None, fabricator: str) -> LimitChecks:
    """Have the boards of a version checked; what is known already is not checked again. Raises: NotFound, Invalid."""
    for key in _queue(stores, account_id, slug, label, fabricator):
        stores.jobs.enqueue(JOB, key)
    return read_checks(stores, slug, label, fabricator)


def check_here(stores: Stores, slug: str, label: str | None, fabricator: str) -> LimitChecks:
    """As `ask`, but do it in this process before answering. Raises: NotFound, Invalid."""
    for key in _queue(stores, None, slug, label, fabricator):
        run(stores, key)
    return read_checks(stores, slug, label, fabricator)


def _queue(stores: Stores, account_id: int | None, slug: str, label: str | None, fabricator: str) -> list[str]:
    known = read_checks(stores, slug, label, fabricator)
    if not known.boards:
        raise Invalid(
            f"{known.design} {known.version} has no KiCad board that was built here.", "Ask for a build of it first."
        )
    if all(board.state == "unstated" for board in known.boards):
        raise Invalid(
            f"{known.name} states no limits for boards: no smallest track, clearance, drill or ring.",
            "Ask its people to add them to their machine.",
        )
    open_boards = {board.board for board in known.boards if board.state in ("never", "failed")}
    needs = making.read_version(stores, slug, label).needs
    with stores.db.reading() as session:
        shop_id = find_fabricator(session, fabricator).id or 0
        wishes = [wish for wish in _wishes(session, slug, label, shop_id, needs) if wish.board in open_boards]
        revision_id = find_revision(session, find_design(session, slug), label).id or 0
    return [wish.key for wish in wishes if _keep(stores, wish, revision_id, account_id)]


def _keep(stores: Stores, wish: _Wish, revision_id: int, account_id: int | None) -> bool:
    """Write a wish down; false if somebody else's waits or runs already."""

    def keep(session: Session) -> bool:
        row = session.exec(select(LimitCheck).where(LimitCheck.key == wish.key).with_for_update()).first()
        if row is not None and row.state in ("queued", "running") and not _abandoned(row):
            return False
        row = row or LimitCheck(
            key=wish.key, revision_id=revision_id, board=wish.board, title=wish.title, source=wish.source
        )
        row.limits, row.state, row.tries, row.lease_until = wish.limits, "queued", 0, None
        row.asked_by, row.asked_at, row.message, row.remedy = account_id, utcnow(), "", ""
        session.add(row)
        session.flush()
        return True

    try:
        return stores.db.retrying(keep)
    except IntegrityError:  # two asked at once: the other's wish is as good
        return False


def _abandoned(row: LimitCheck) -> bool:
    return row.state == "running" and (row.lease_until is None or row.lease_until < utcnow() or is_gone(row.worker))


def run(stores: Stores, key: str) -> None:
    """Do a check to its end. Safe to call twice: the second finds it claimed or done."""
    row = stores.db.retrying(lambda session: _claim(session, key))
    if row is None:
        return
    try:
        ended = _checked(stores, row)
    except RegistryError as error:
        ended = engine.Ended("failed", message=error.message, remedy=error.remedy)
    except Exception as error:
        _log.exception("Checking %s against limits ended with a fault of the registry.", row.source)
        ended = engine.Ended("failed", message=f"The registry itself failed ({type(error).__name__}). Ask again.")

    def end(session: Session) -> None:
        kept = session.get_one(LimitCheck, key)
        if kept.worker == worker_name() and kept.state == "running":
            kept.state, kept.message, kept.remedy, kept.lease_until = ended.state, ended.message, ended.remedy, None
            session.add(kept)

    stores.db.retrying(end)


def _claim(session: Session, key: str) -> LimitCheck | None:
    row = session.exec(select(LimitCheck).where(LimitCheck.key == key).with_for_update()).first()
    if row is None or not (row.state == "queued" or _abandoned(row)):
        return None
    if row.tries >= maxima.BUILD_TRIES:
        row.state, row.message = "failed", "This check stopped its worker again and again; it is not tried any more."
        session.add(row)
        return None
    row.state, row.worker, row.tries, row.lease_until = "running", worker_name(), row.tries + 1, utcnow() + LEASE
    session.add(row)
    return row


def _checked(stores: Stores, row: LimitCheck) -> engine.Ended:
    if missing := CHECK.available():
        return engine.Ended("failed", message=missing, remedy="Ask the people who run this registry to install it.")
    with stores.db.reading() as session:
        revision = session.get_one(Revision, row.revision_id)
        design = session.get_one(Design, revision.design_id)
    target = CHECK.target(**row.wish())
    with mirrors.open_tree(stores, design, revision) as tree:
        if row.source not in tree.files:
            return engine.Ended("failed", message=f"{row.source} is not in this version any more.")

        def fill(work: HostWorkspace) -> None:
            tree.copy_to(target.inputs, work.source)

        return engine.reuse_or_make(
            stores, CHECK, target, row.key, dict(CHECK.tools()), fill, None, force=True, on_step=lambda *_: None
        )


def redeliver(stores: Stores) -> None:
    """Queue again what the queue lost, or a dead worker left."""
    with stores.db.reading() as session:
        rows = session.exec(select(LimitCheck).where(col(LimitCheck.state).in_(("queued", "running")))).all()
        left = [row.key for row in rows if _abandoned(row)]
        waiting = [row.key for row in rows if row.state == "queued"]
    lost = waiting if stores.jobs.waiting() < len(waiting) else []
    for key in [*left, *lost]:
        stores.jobs.enqueue(JOB, key)
