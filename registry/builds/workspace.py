"""The host's side of a target's build: three folders, the sandbox, and a sharp eye on what comes out."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from builders.contract import MIB, PYTHON, SCRATCH, Limits, Outcome, Output, Target
from registry import limits as maxima
from registry.stores import leftovers, sandbox
from registry.stores.blobs import Blobs
from registry.stores.warm import WarmFamilies

_DEPTH_MAX = 12
_ENTRIES_MAX = 100_000
OnStep = Callable[[str, str, float | None], None]


@dataclass(frozen=True, slots=True)
class Kept:
    """An artifact that passed the checks and is in the store."""

    path: str
    output: Output
    digest: str
    size_bytes: int


@dataclass(slots=True)
class StepRecord:
    """A step of a build, as its page shows it."""

    name: str
    state: str
    seconds: float


@dataclass(slots=True)
class Log:
    """What the runs of a target said, in the order they ended; the newest survive a cut."""

    parts: list[str] = field(default_factory=list)

    def add(self, step: str, outcome: Outcome) -> None:
        """Add what a step said; one that ended well and said nothing is left out."""
        text = outcome.log.strip()
        if text or not outcome.ok:
            self.parts.append(f"== {step} ({outcome.seconds:.1f} s, status {outcome.status})\n{text}")

    def tail(self, limit_bytes: int) -> str:
        """The end of what all steps said."""
        return "\n".join(self.parts)[-limit_bytes:]


class HostWorkspace:
    """`builders.contract.Workspace` on this machine. Use as a context manager: the folders go when it ends."""

    def __init__(self, parent: Path, warm: WarmFamilies | None, on_step: OnStep | None = None) -> None:
        self._top = Path(tempfile.mkdtemp(prefix="target-", dir=parent))
        self._held = ExitStack()
        self._held.enter_context(leftovers.held(self._top))
        self.source, self.out, self.scratch = (self._top / name for name in ("source", "out", "scratch"))
        for folder in (self.source, self.out, self.scratch):
            folder.mkdir()
        self.room = sandbox.Room(self.source, self.out, self.scratch)
        self._warm = warm
        self._on_step = on_step or (lambda name, state, seconds: None)
        self._lock = threading.Lock()
        self.log = Log()
        self.steps: list[StepRecord] = []
        self.failures: dict[str, tuple[str, str]] = {}
        self.notes: list[str] = []
        self.environment_fault = False

    def __enter__(self) -> HostWorkspace:
        return self

    def __exit__(self, *_: object) -> None:
        leftovers.remove(self._top)
        self._held.close()

    # --- what builders use

    def run(
        self,
        argv: Sequence[str],
        *,
        step: str,
        limits: Limits = Limits(),
        env: Mapping[str, str] | None = None,
        cwd: str = SCRATCH,
        display: bool = False,
        fake_time: bool = True,
    ) -> Outcome:
        """Run a tool in the sandbox, recorded as a step."""
        with self._recorded(step) as record:
            outcome = sandbox.run(
                argv, self.room, limits=limits, env=env, cwd=cwd, display=display, fake_time=fake_time
            )
            self._take(record, outcome)
        return outcome

    def run_warm(
        self, entry: str, argv: Sequence[str], *, step: str, limits: Limits = Limits(), cwd: str = SCRATCH
    ) -> Outcome:
        """Run a program in a fork of its warm process, or cold where there is none."""
        with self._recorded(step) as record:
            if self._warm is None:
                command = [PYTHON, "-m", f"builders.programs.{entry}", *argv]
                outcome = sandbox.run(command, self.room, limits=limits, cwd=cwd, fake_time=False)
            else:
                outcome = self._warm.run(entry, argv, self.source, self.out, self.scratch, limits, cwd, self.room.uid)
            self._take(record, outcome)
        return outcome

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Record work of the builder's own as a step."""
        with self._recorded(name):
            yield

    def read_output(self, path: str, limit_bytes: int = 16 * MIB) -> bytes | None:
        """A file that a tool wrote; None if it is missing, a link or too large."""
        return read_plain(self.out, path, limit_bytes)

    def fail(self, group: str, reason: str, remedy: str = "") -> None:
        """Give up one group of outputs; the first reason counts."""
        with self._lock:
            self.failures.setdefault(group, (reason, remedy))

    def note(self, message: str) -> None:
        """Add a sentence for the target's page, once."""
        with self._lock:
            if message not in self.notes:
                self.notes.append(message)

    # --- what the engine uses

    @contextmanager
    def _recorded(self, name: str) -> Iterator[StepRecord]:
        record = StepRecord(name, "done", 0.0)
        started = time.monotonic()
        self._on_step(name, "running", None)
        try:
            yield record
        except BaseException:
            record.state = "failed"
            raise
        finally:
            record.seconds = round(time.monotonic() - started, 3)
            with self._lock:
                self.steps.append(record)
            self._on_step(name, record.state, record.seconds)

    def _take(self, record: StepRecord, outcome: Outcome) -> None:
        record.state = "done" if outcome.ok else "failed"
        with self._lock:
            self.log.add(record.name, outcome)
            if outcome.stopped or outcome.status in (-9, 137):
                self.environment_fault = True  # another machine, or a quieter one, may do it: never kept as a result

    def collect(self, target: Target, blobs: Blobs) -> list[Kept]:
        """Check, hash and store what the target promised; a group with a hole in it is given up with the reason."""
        found = list_plain(self.out)
        kept: list[Kept] = []
        broken = set(self.failures)
        chosen: list[tuple[str, Output]] = []
        for output in target.outputs:
            names = [name for name in found if fnmatchcase(name, output.path)]
            if not names and not output.optional:
                self.fail(
                    output.group, f"{output.path} was promised and not made.", "See the log for what the tool said."
                )
                broken.add(output.group)
            chosen += [(name, output) for name in names]
        total_bytes = 0
        taken: set[str] = set()
        for name, output in chosen:
            if output.group in broken or name in taken:
                continue
            taken.add(name)
            size_bytes = found[name]
            total_bytes += size_bytes
            too_much = (
                size_bytes > maxima.ARTIFACT_BYTES
                or total_bytes > maxima.TARGET_OUTPUT_BYTES
                or len(taken) > maxima.ARTIFACTS_PER_TARGET
            )
            if too_much:
                self.fail(
                    output.group, f"{name} is more than a target may make.", "Split the design, or simplify its models."
                )
                broken.add(output.group)
                continue
            with open_plain(self.out, name) as content:
                kept.append(Kept(name, output, blobs.put_stream(content), size_bytes))
        return [item for item in kept if item.output.group not in broken]


def list_plain(folder: Path) -> dict[str, int]:
    """Regular files below a folder with their sizes, sorted by path; links, devices and odd names are left out.

    What lies deeper than an artifact may, or beyond a number of entries that no target needs, is not looked at.
    """
    found: dict[str, int] = {}
    waiting, looked_at = [("", 1)], 0
    while waiting and looked_at < _ENTRIES_MAX:
        inside, depth = waiting.pop()
        with os.scandir(folder / inside) as entries:
            for entry in entries:
                looked_at += 1
                if not _plain_name(entry.name) or looked_at > _ENTRIES_MAX:
                    continue
                facts = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(facts.st_mode) and depth < _DEPTH_MAX:
                    waiting.append((os.path.join(inside, entry.name), depth + 1))
                elif stat.S_ISREG(facts.st_mode) and facts.st_nlink == 1:
                    found[os.path.join(inside, entry.name)] = facts.st_size
    return dict(sorted(found.items()))


def _plain_name(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return name.isprintable() and "\\" not in name and not name.startswith(".")


def open_plain(top: Path, path: str) -> BinaryIO:
    """A regular file below `top`, opened step by step without following a link, so that nothing can change on the way.

    Raises: OSError if there is no such file.
    """
    *folders, name = PurePosixPath(path).parts or ("",)
    if ".." in (*folders, name) or path.startswith("/"):
        raise OSError(errno.EINVAL, "leads out of its folder", path)
    handle = os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for folder in folders:
            inner = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=handle)
            os.close(handle)
            handle = inner
        stream = os.fdopen(
            os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=handle), "rb"
        )
    finally:
        os.close(handle)
    facts = os.fstat(stream.fileno())
    if not stat.S_ISREG(facts.st_mode) or facts.st_nlink != 1:
        stream.close()
        raise OSError(errno.EINVAL, "is no plain file", path)
    return stream


def read_plain(top: Path, path: str, limit_bytes: int) -> bytes | None:
    """The content of a regular file below `top`; None if there is none, or it is too large."""
    try:
        with open_plain(top, path) as stream:
            content = stream.read(limit_bytes + 1)
    except (OSError, ValueError):
        return None
    return content if len(content) <= limit_bytes else None
