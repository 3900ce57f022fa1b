"""Building one target: reuse the result of its key, or make it in a workspace and record it whole."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Session, select

from builders.contract import Builder, BuildFailed, Target
from registry import limits
from registry.builds.keys import digest_of, target_key
from registry.builds.tables import Artifact, Result
from registry.builds.workspace import HostWorkspace, Kept, OnStep
from registry.errors import RegistryError, TooLarge
from registry.stores.git import GitTree
from registry.stores.stores import Stores
from registry.stores.warm import WarmFamilies

_log = logging.getLogger(__name__)
Fill = Callable[[HostWorkspace], None]


@dataclass(slots=True)
class Ended:
    """How a target ended. `key` is empty when the result is not kept (a fault of this machine, not of the design)."""

    state: str
    key: str = ""
    cached: bool = False
    seconds: float = 0.0
    message: str = ""
    remedy: str = ""
    notes: list[str] = field(default_factory=list)
    log_tail: str = ""


class _KeyLocks:
    """One build of a key at a time in this process; another worker that makes the same key merely comes second."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: dict[str, tuple[threading.Lock, int]] = {}

    def take(self, key: str) -> threading.Lock:
        with self._guard:
            lock, users = self._locks.get(key, (threading.Lock(), 0))
            self._locks[key] = (lock, users + 1)
        lock.acquire()
        return lock

    def give(self, key: str) -> None:
        with self._guard:
            lock, users = self._locks[key]
            lock.release()
            if users == 1:
                del self._locks[key]
            else:
                self._locks[key] = (lock, users - 1)


_locks = _KeyLocks()


def find_result(session: Session, key: str, *, force: bool) -> Result | None:
    """A result to reuse; a failed one only if nobody asked to try again."""
    result = session.get(Result, key)
    return None if result is None or (force and result.state == "failed") else result


def build_target(
    stores: Stores,
    builder: Builder,
    target: Target,
    tree: GitTree,
    warm: WarmFamilies | None,
    *,
    force: bool,
    on_step: OnStep,
) -> Ended:
    """Build or reuse one target of a tree. Raises: OperationalError when the database is away;
    any other fault of the registry is a state."""
    try:
        missing = builder.available()
        if missing:
            return Ended("failed", message=missing, remedy="Ask the people who run this registry to install it.")
        if len(target.inputs) > limits.TARGET_INPUTS:
            raise TooLarge(f"{target.source} reads {len(target.inputs)} files, more than a target may.")
        if sum(tree.files[path].size_bytes for path in target.inputs.values()) > limits.TARGET_INPUT_BYTES:
            gib = limits.TARGET_INPUT_BYTES // limits.GIB
            raise TooLarge(
                f"The files that {target.source} reads take more than {gib} GiB together.", "Make them smaller."
            )
        blobs = {path: tree.files[path].blob for path in target.inputs.values()}
        tools = dict(builder.tools())
        key = target_key(target, builder.version, tools, blobs)

        def fill(work: HostWorkspace) -> None:
            tree.copy_to(target.inputs, work.source)

        return reuse_or_make(stores, builder, target, key, tools, fill, warm, force=force, on_step=on_step)
    except RegistryError as error:
        return Ended("failed", message=error.message, remedy=error.remedy)
    except OperationalError:
        raise  # the database is away: no fault of the target, the build goes on when it is back
    except Exception as error:
        _log.exception("Building %s by %s ended with a fault of the registry.", target.source, target.builder)
        return Ended(
            "failed",
            message=f"The registry itself failed while building this ({type(error).__name__}).",
            remedy="Build again; if it stays, report it as a fault of the registry.",
        )


def reuse_or_make(
    stores: Stores,
    builder: Builder,
    target: Target,
    key: str,
    tools: dict[str, str],
    fill: Fill,
    warm: WarmFamilies | None,
    *,
    force: bool,
    on_step: OnStep,
) -> Ended:
    """The result of `key`, made now if need be; `fill` lays out the inputs in the workspace."""
    _locks.take(key)
    try:
        with stores.db.reading() as session:
            result = find_result(session, key, force=force)
            if result is not None and _whole(stores, session, result):
                return _reused(result)
        if warm and target.builder != "book":
            warm.prepare("pages")  # what is made now is shown in the build book soon
        with HostWorkspace(stores.settings.work, warm, on_step) as work:
            fill(work)
            return _make(stores, builder, target, key, tools, work)
    finally:
        _locks.give(key)


def _whole(stores: Stores, session: Session, result: Result) -> bool:
    return all(stores.blobs.has(row.digest) for row in _artifacts(session, result.key))


def _artifacts(session: Session, key: str) -> list[Artifact]:
    return list(session.exec(select(Artifact).where(Artifact.result_key == key)))


def _reused(result: Result) -> Ended:
    return Ended(
        state=result.state,
        key=result.key,
        cached=True,
        seconds=0.0,
        message=result.message,
        remedy=result.remedy,
        notes=list(result.notes),
        log_tail=result.log_tail,
    )


def _make(
    stores: Stores, builder: Builder, target: Target, key: str, tools: dict[str, str], work: HostWorkspace
) -> Ended:
    started = time.monotonic()
    environment = False
    try:
        builder.build(target, work)
        kept = work.collect(target, stores.blobs)
        message, remedy = _told(work)
    except BuildFailed as failure:
        kept, message, remedy, environment = [], str(failure), failure.remedy, failure.environment
    ended = Ended(
        state="failed" if message else "done",
        key=key,
        seconds=round(time.monotonic() - started, 3),
        message=message,
        remedy=remedy,
        notes=list(target.notes) + work.notes,
        log_tail=work.log.tail(limits.TARGET_LOG_BYTES) if message else "",
    )
    if environment or work.environment_fault:
        if message and not kept:
            ended.key = ""
            return ended
        ended.key = partial_key(key, kept)
    facts = _facts(work, kept)
    for last in (False, True):
        try:
            return stores.db.retrying(
                lambda session: _record(stores, session, builder, ended, tools, facts, work, kept)
            )
        except IntegrityError:  # another worker recorded the same key at this very moment: its result is found now
            if last:
                raise
    return ended


def partial_key(key: str, kept: list[Kept]) -> str:
    """The key of what a limit of this machine left of a target: served, but never found in place of the whole."""
    return digest_of({"part of": key, "files": {item.path: item.digest for item in kept}})


def _told(work: HostWorkspace) -> tuple[str, str]:
    if not work.failures:
        return "", ""
    message = " ".join(f"{group}: {reason}" for group, (reason, _) in sorted(work.failures.items()))
    remedies = dict.fromkeys(remedy for _, remedy in work.failures.values() if remedy)
    return message, " ".join(remedies)


def _facts(work: HostWorkspace, kept: list[Kept]) -> dict[str, Any]:
    if not any(item.path == "facts.json" for item in kept):
        return {}
    raw = work.read_output("facts.json")
    try:
        facts = json.loads(raw or b"{}")
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}


def _record(
    stores: Stores,
    session: Session,
    builder: Builder,
    ended: Ended,
    tools: dict[str, str],
    facts: dict[str, Any],
    work: HostWorkspace,
    kept: list[Kept],
) -> Ended:
    """Write a result with its artifacts in one piece; what was there under the key (a failure, lost files) makes room.

    A good result that another worker made meanwhile stays: bundles name its bytes already. Returns: how it ended then.
    """
    # One look, held until the commit: a second could find, and drop, what another worker recorded in between.
    first = session.get(Result, ended.key, with_for_update=True)
    if first is not None:
        before = _artifacts(session, first.key)
        if first.state == "done" and _whole(stores, session, first):
            if {row.path: row.digest for row in before} != {item.path: item.digest for item in kept}:
                return _reused(first)
        for old in before:
            session.delete(old)
        session.flush()
        session.delete(first)
        session.flush()
    session.add(
        Result(
            key=ended.key,
            builder=builder.name,
            state=ended.state,
            seconds=ended.seconds,
            message=ended.message,
            remedy=ended.remedy,
            notes=ended.notes,
            log_tail=ended.log_tail,
            steps=[{"name": step.name, "state": step.state, "seconds": step.seconds} for step in work.steps],
            tools=tools,
            facts=facts,
        )
    )
    session.flush()
    for item in kept:
        session.add(
            Artifact(
                result_key=ended.key,
                path=item.path,
                role=item.output.role,
                media_type=item.output.media_type,
                group=item.output.group,
                bundled=item.output.bundled,
                digest=item.digest,
                size_bytes=item.size_bytes,
            )
        )
    return ended
