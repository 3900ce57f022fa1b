"""Use cases of builds: ask for one, do it, wait for it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Session, col, select

import builders
from builders.contract import Builder, Target
from registry import limits
from registry.builds import engine, finishing, leases, progress
from registry.builds.tables import Build, Step, TargetRun
from registry.designs import events, mirrors
from registry.designs import service as designs
from registry.designs.tables import Design, Revision
from registry.errors import RegistryError, Unavailable
from registry.stores.git import GitTree
from registry.stores.stores import Stores
from registry.stores.warm import WarmFamilies
from registry.values import utcnow

_log = logging.getLogger(__name__)
JOB = "build"
BUILDS_ON_SUBMIT = 10


def install(stores: Stores) -> None:
    """Wire this feature: builds follow submissions, and the queue delivers them."""
    stores.jobs.define(JOB, lambda build_id: run_build(stores, build_id))
    events.on_synced(stores, _build_new)
    events.on_look(stores, _found_in)


def _found_in(tree: GitTree) -> list[tuple[str, str, str]]:
    """(kind, title, source) of what would be built from a tree."""
    return [(target.kind, target.title, target.source) for _, target in find_targets(tree)[0]]


def _build_new(stores: Stores, design_id: int, new_revisions: list[int]) -> None:
    """Queue the new versions, the newest first; old ones past the first few are built when somebody asks."""
    with stores.db.reading() as session:
        rows = session.exec(
            select(Revision).where(col(Revision.id).in_(new_revisions)).order_by(col(Revision.position))
        )
        ordered = sorted(rows, key=lambda row: (not row.newest, row.kind != "head", row.position))
    for row in ordered[:BUILDS_ON_SUBMIT]:
        _queue(stores, row.id or 0, force=False)


def request_build(stores: Stores, slug: str, ref: str = "", *, force: bool = False) -> int:
    """Ask for a build of SLUG (newest version) or of a tag, branch or commit of it.

    A build that waits or runs already is joined; one that is done is asked for again only with `force`, or if
    targets failed.
    Raises: NotFound, Invalid.
    """
    return _queue(stores, designs.take_commit(stores, slug, ref), force=force)


def build_commit(stores: Stores, slug: str, commit: str, *, name: str) -> int:
    """Ask for a build of one commit under a version's name. Raises: NotFound, Invalid."""
    return _queue(stores, designs.take_commit(stores, slug, commit, name=name), force=False)


def _queue(stores: Stores, revision_id: int, *, force: bool) -> int:
    for _ in range(3):  # of two who ask at once, one writes the build, and the other finds it the second time
        try:
            with stores.db.transaction() as session:
                design_id = session.get_one(Revision, revision_id).design_id
                waiting = session.exec(
                    select(Build).where(Build.revision_id == revision_id, col(Build.state).in_(("queued", "running")))
                ).first()
                if waiting is not None:
                    return waiting.id or 0
                build = Build(design_id=design_id, revision_id=revision_id, force=force)
                session.add(build)
                session.flush()
                build_id = build.id or 0
        except IntegrityError:
            continue
        stores.jobs.enqueue(JOB, build_id)
        return build_id
    raise Unavailable("The build could not be asked for.", "Try again in a moment.")


def redeliver(stores: Stores) -> int:
    """Queue again what a dead worker left, or the queue lost. Returns: how many."""
    with stores.db.reading() as session:
        lost = leases.lost_builds(session)
        left = [build_id for build_id in lost if session.get_one(Build, build_id).state == "running"]
    # a build too many in the queue does no harm (it finds itself claimed), one too few would wait for ever
    again = lost if stores.jobs.waiting() < len(lost) - len(left) else left
    for build_id in again:
        stores.jobs.enqueue(JOB, build_id)
    return len(again)


_warm_lock = threading.Lock()
_warm: WarmFamilies | None = None


def warm_processes(stores: Stores) -> WarmFamilies:
    """This worker's warm processes, each started when first needed."""
    global _warm
    with _warm_lock:
        if _warm is None:
            _warm = WarmFamilies(stores.settings.work)
        return _warm


def close_warm() -> None:
    """End the warm processes of this process, if there are any."""
    global _warm
    with _warm_lock:
        if _warm is not None:
            _warm.close()
            _warm = None


def run_build(stores: Stores, build_id: int) -> None:
    """Do a build to its end. Safe to call twice: the second finds it claimed, or the results already there."""
    build = stores.db.retrying(lambda session: leases.claim(session, build_id))
    if build is None:
        return
    if build.tries > limits.BUILD_TRIES:
        message = (
            f"This build stopped its worker {limits.BUILD_TRIES} times and is not tried again by itself. "
            "Press 'build again', and report it as a fault of the registry if it stays."
        )
        stores.db.retrying(lambda session: _end(session, build_id, "failed", message))
        return
    try:
        with leases.keeping(stores.db, build_id):
            _build_patiently(stores, build)
    except RegistryError as error:
        message = str(error)
        stores.db.retrying(lambda session: _end(session, build_id, "failed", message))
    except Exception as error:
        _log.exception("Build %d ended with a fault of the registry.", build_id)
        message = f"The registry itself failed ({type(error).__name__}). Build again; if it stays, report it."
        stores.db.retrying(lambda session: _end(session, build_id, "failed", message))


def _end(session: Session, build_id: int, state: str, message: str) -> None:
    build = session.get_one(Build, build_id)
    if build.worker != leases.worker_name() or build.state != "running":
        return  # another worker took it over, or has ended it
    build.state, build.message, build.finished_at, build.lease_until = state, message, utcnow(), None
    session.add(build)
    for run in session.exec(select(TargetRun).where(TargetRun.build_id == build_id)):
        if run.state in ("waiting", "running"):
            run.state, run.message = "failed", run.message or "The build ended before this was made."
            session.add(run)


def _build_patiently(stores: Stores, build: Build) -> None:
    """Build; when the database goes away meanwhile, wait for it and go on: what is made is not made again."""
    deadline = time.monotonic() + limits.DATABASE_PATIENCE_S
    while True:
        try:
            _build(stores, build)
            return
        except OperationalError:
            if time.monotonic() > deadline:
                raise
        _log.warning("The database does not answer; build %s goes on when it does.", build.id)
        while not stores.db.answers() and time.monotonic() < deadline:
            time.sleep(0.5)


def _build(stores: Stores, build: Build) -> None:
    with stores.db.reading() as session:
        revision = session.get_one(Revision, build.revision_id)
        design = session.get_one(Design, build.design_id)
    with mirrors.open_tree(stores, design, revision) as tree:
        found, not_built = find_targets(tree)
        runs = stores.db.retrying(lambda session: _plan(session, build.id or 0, found, not_built))
        with ThreadPoolExecutor(stores.settings.worker_slots, thread_name_prefix="target") as pool:
            jobs = [
                pool.submit(_run_target, stores, run_id, builder, target, tree, build.force)
                for run_id, (builder, target) in zip(runs, found, strict=True)
            ]
            for job in jobs:
                job.result()
        finishing.finish(stores, build, design, revision, tree, warm_processes(stores))


def find_targets(tree: GitTree) -> tuple[list[tuple[Builder, Target]], list[str]]:
    """(what every builder finds in a tree, sentences about what is not built here). Bounded; boards first."""
    found: list[tuple[Builder, Target]] = []
    said: list[str] = []
    for builder in builders.all_builders():
        try:
            targets = builder.detect(tree)
        except RegistryError:
            raise  # the tree itself can't be read
        except Exception as error:  # one builder's fault with one odd file must not hide what the others find
            _log.exception("Looking for targets of %s ended with a fault of the registry.", builder.name)
            said.append(f"Looking for what {builder.name} builds failed ({type(error).__name__}): report it, please.")
            continue
        if targets and (missing := builder.available()):
            said.append(missing)
        found += [(builder, target) for target in targets]
    found.sort(key=lambda pair: ("board", "part", "bom").index(pair[1].kind))
    if len(found) > limits.TARGETS_PER_VERSION:
        said.append(
            f"The repository holds {len(found)} boards, parts and tables; "
            f"{limits.TARGETS_PER_VERSION} are built: boards and tables, then the parts nearest to the top. "
            "Submit its folders as designs of their own to get the rest."
        )
    for refused in tree.refused[:20]:
        said.append(f"{refused.path} was left out: {refused.reason}")
    return _unique(_weightiest(found)), said


def _weightiest(found: list[tuple[Builder, Target]]) -> list[tuple[Builder, Target]]:
    """As many as a version may have: boards and tables before parts, and of these the ones nearest to the top."""

    def weight(pair: tuple[Builder, Target]) -> tuple[bool, int]:
        return pair[1].kind == "part", pair[1].source.count("/")

    kept = {id(pair) for pair in sorted(found, key=weight)[: limits.TARGETS_PER_VERSION]}
    return [pair for pair in found if id(pair) in kept]


def _unique(found: list[tuple[Builder, Target]]) -> list[tuple[Builder, Target]]:
    """Give every target of a kind a name of its own: two builders may find namesakes."""
    taken: set[tuple[str, str]] = set()
    result = []
    for builder, target in found:
        name, number = target.name, 2
        while (target.kind, name.lower()) in taken:
            name, number = f"{target.name}-{number}", number + 1
        taken.add((target.kind, name.lower()))
        result.append((builder, target if name == target.name else replace(target, name=name)))
    return result


def _plan(session: Session, build_id: int, found: list[tuple[Builder, Target]], not_built: list[str]) -> list[int]:
    """Rows for the targets, in place of those that an earlier try left. Returns: their ids."""
    old = session.exec(select(TargetRun).where(TargetRun.build_id == build_id)).all()
    for run in old:
        for step in session.exec(select(Step).where(Step.target_run_id == run.id)):
            session.delete(step)
    session.flush()
    for run in old:
        session.delete(run)
    session.flush()
    build = session.get_one(Build, build_id)
    build.not_built = not_built
    session.add(build)
    ids = []
    for position, (_, target) in enumerate(found):
        run = TargetRun(
            build_id=build_id,
            position=position,
            builder=target.builder,
            kind=target.kind,
            name=target.name,
            title=target.title,
            source=target.source,
            notes=list(target.notes),
        )
        session.add(run)
        session.flush()
        ids.append(run.id or 0)
    return ids


def _run_target(stores: Stores, run_id: int, builder: Builder, target: Target, tree: GitTree, force: bool) -> None:
    progress.start_run(stores, run_id)
    warm, on_step = warm_processes(stores), progress.step_recorder(stores, run_id)
    ended = engine.build_target(stores, builder, target, tree, warm, force=force, on_step=on_step)
    progress.end_run(stores, run_id, ended)


def wait(
    stores: Stores, build_id: int, *, on_look: Callable[[], None] = lambda: None, worker_grace_s: float = 1.0
) -> None:
    """Return when a build has ended; if no worker is about, do it here."""
    started = time.monotonic()
    while True:
        with stores.db.reading() as session:
            build = session.get_one(Build, build_id)
            alone = leases.workers_alive(session) == 0
            state = build.state
            idle = state == "queued" or leases.abandoned(build)
        if state in ("done", "failed"):
            return
        if alone and idle and time.monotonic() - started >= worker_grace_s:
            runner = threading.Thread(target=run_build, args=(stores, build_id))
            runner.start()
            while runner.is_alive():
                on_look()
                runner.join(timeout=0.25)
        else:
            on_look()
            time.sleep(0.25)
