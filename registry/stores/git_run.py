"""Starts git: fixed argument lists, an environment of its own, and limits on time and size."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from registry import limits
from registry.errors import RegistryError, TooLarge, Unavailable
from registry.stores.watch import LogTail

_LOOK_EVERY_S = 0.05
_SIZE_EVERY_S = 0.25
_GIT_OLDEST = (2, 37)  # http.curloptResolve

# What every git here is told; nothing of a user's is ever among it.
_CONFIG: Mapping[str, str] = {
    "protocol.allow": "never",
    "http.followRedirects": "false",
    "http.lowSpeedLimit": "500",
    "http.lowSpeedTime": "30",
    "http.userAgent": "brickyard",
    "credential.helper": "",
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.bigFileThreshold": "16m",
    "core.precomposeUnicode": "false",
    "core.quotePath": "false",
    "submodule.recurse": "false",
    "fetch.recurseSubmodules": "false",
    "transfer.fsckObjects": "true",
    "transfer.credentialsInUrl": "die",
    "fetch.unpackLimit": "1",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "log.showSignature": "false",
    # Old tools wrote these; they harm nobody, and the designs are real.
    "fetch.fsck.zeroPaddedFilemode": "ignore",
    "fetch.fsck.missingSpaceBeforeDate": "ignore",
    "fetch.fsck.badTimezone": "ignore",
    "fetch.fsck.missingEmail": "ignore",
    "fetch.fsck.missingNameBeforeEmail": "ignore",
    # Nothing is ever checked out; GitTree refuses such paths one by one and says which, so that the rest still counts.
    "fetch.fsck.hasDot": "ignore",
    "fetch.fsck.hasDotdot": "ignore",
    "fetch.fsck.hasDotgit": "ignore",
    "fetch.fsck.fullPathname": "ignore",
}


@dataclass(frozen=True, slots=True)
class GitOutcome:
    """How a git ended: `said` is the end of what it printed for people, never shown unchecked."""

    status: int
    out: bytes
    said: str


class GitFailed(RegistryError):
    """git ended with a status other than 0."""

    def __init__(self, outcome: GitOutcome) -> None:
        super().__init__(
            "A git command failed on the registry's copy of the repository.", "Synchronise the design again."
        )
        self.outcome = outcome


@cache
def git_version() -> tuple[int, ...]:
    """git's version. Raises: Unavailable where git is missing or too old to pin a checked address."""
    try:
        text = subprocess.run(["git", "--version"], capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable("git is not installed here.", "Install git 2.37 or later.") from error
    found = tuple(int(part) for part in text.split()[2].split(".")[:3] if part.isdigit())
    if found < _GIT_OLDEST:
        raise Unavailable(f"git {'.'.join(map(str, found))} is too old here.", "Install git 2.37 or later.")
    return found


def _environment(home: str) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": home,
        "XDG_CONFIG_HOME": home,
        "LC_ALL": "C",
        "TZ": "UTC",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "/bin/false",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_CEILING_DIRECTORIES": "/",
        "GIT_PROTOCOL_FROM_USER": "0",
    }


def command(mirror: Path | None, arguments: Sequence[str], config: Mapping[str, str] | None = None) -> list[str]:
    """The full argument list of a git on a mirror."""
    settings = [part for key, value in {**_CONFIG, **(config or {})}.items() for part in ("-c", f"{key}={value}")]
    where = [f"--git-dir={mirror}"] if mirror is not None else []
    return ["git", "--no-pager", "--literal-pathspecs", *settings, *where, *arguments]


def folder_bytes(folder: Path) -> int:
    """What the files under a folder take. Units: bytes on disk as their sizes say; links are not followed."""
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):  # git renames and removes while we look
                total += os.lstat(os.path.join(where, name)).st_size
    return total


def run(
    mirror: Path | None,
    arguments: Sequence[str],
    *,
    config: Mapping[str, str] | None = None,
    env: Mapping[str, str] | None = None,
    timeout_s: float = limits.REPOSITORY_LIST_S,
    out_bytes: int = 64 * limits.MIB,
    watch: Callable[[], str] | None = None,
    file_bytes: int = limits.REPOSITORY_SIZE_BYTES,
    check: bool = True,
    given: bytes = b"",
) -> GitOutcome:
    """Run git to its end; `given` is its standard input.

    `watch` is asked now and then, and stops it by answering with a sentence.

    Raises: Unavailable after `timeout_s`, TooLarge past `out_bytes` or when `watch` speaks, GitFailed with `check`.
    """
    git_version()
    with (
        tempfile.TemporaryDirectory(prefix="brickyard-git-") as home,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as stdin,
    ):
        stdin.write(given)
        stdin.seek(0)
        # Only reaches a local repository's own upload-pack, which may belong to somebody else (BRICKYARD_GIT_LOCAL).
        Path(home, ".gitconfig").write_text("[safe]\n\tdirectory = *\n[uploadpack]\n\tallowFilter = false\n")
        process = subprocess.Popen(
            command(mirror, arguments, config),
            cwd=home,
            env={**_environment(home), **(env or {})},
            stdin=stdin if given else subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        _limit(process.pid, file_bytes)
        tail = LogTail(16 * limits.KIB)
        assert process.stderr is not None
        reader = threading.Thread(target=tail.drain, args=(process.stderr,), daemon=True)
        reader.start()
        try:
            stopped = _wait(process, timeout_s, out.fileno(), out_bytes, watch)
        finally:
            _end(process)
        reader.join(timeout=5)
        if stopped is not None:
            raise stopped
        out.seek(0)
        outcome = GitOutcome(process.returncode, out.read(), tail.text())
    if check and outcome.status != 0:
        raise GitFailed(outcome)
    return outcome


def _limit(pid: int, file_bytes: int) -> None:
    """Limits that the kernel keeps, also for git's children; set from outside, as this process has threads."""
    if hasattr(resource, "prlimit"):
        with contextlib.suppress(OSError, ValueError):  # it may have ended already
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
            resource.prlimit(pid, resource.RLIMIT_DATA, (limits.GIT_MEMORY_BYTES, limits.GIT_MEMORY_BYTES))
            resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))


def _wait(
    process: subprocess.Popen[bytes], timeout_s: float, out: int, out_bytes: int, watch: Callable[[], str] | None
) -> RegistryError | None:
    started = last_look = time.monotonic()
    while True:
        try:
            process.wait(_LOOK_EVERY_S)
            ended = True
        except subprocess.TimeoutExpired:
            ended = False
        now = time.monotonic()
        if os.fstat(out).st_size > out_bytes:
            return TooLarge(
                "The repository has more entries than the registry reads.", "Split it into smaller repositories."
            )
        if watch is not None and (ended or now - last_look > _SIZE_EVERY_S):
            last_look = now
            if why := watch():
                return TooLarge(why, "Move large files out of the repository, or split it.")
        if ended:
            return None
        if now - started > timeout_s:
            return Unavailable(
                f"Reading the repository took longer than {_duration(timeout_s)}.",
                "Try again later; if it happens again, make the repository smaller.",
            )


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} seconds"


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the whole process group: git's helpers (remote-https, index-pack) outlive it otherwise."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextlib.contextmanager
def opened(mirror: Path, arguments: Sequence[str], stdin: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    """A git whose output is read as it comes; ended when left. Its stderr is dropped."""
    git_version()
    home = tempfile.mkdtemp(prefix="brickyard-git-")
    process = subprocess.Popen(
        command(mirror, arguments),
        cwd=home,
        env=_environment(home),
        stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        bufsize=1 << 16,
    )
    _limit(process.pid, limits.MIB)
    try:
        yield process
    finally:
        _end(process)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        shutil.rmtree(home, ignore_errors=True)
