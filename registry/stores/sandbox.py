"""Tools run here: bubblewrap, without network, with a read-only view of little, and limits on all they could use up."""

from __future__ import annotations

import functools
import itertools
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from builders.contract import OUT, SCRATCH, SRC, Limits, Outcome
from registry.settings import PROJECT
from registry.stores.watch import LogTail, Watch

NOBODY = 65534
_FIRST_UID = 1_000_000_000
_count = itertools.count()
FIXED_TIME = "2000-01-01 00:00:00"
_FAKETIME_PLACES = (
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
)
# A screen of its own inside the sandbox's own network and /tmp; ends with the sandbox.
_WITH_DISPLAY = (
    "mkdir -p -m 1777 /tmp/.X11-unix; Xvfb :99 -screen 0 1280x1024x24 -nolisten tcp -ac >/dev/null 2>&1 & "
    'i=0; while [ ! -S /tmp/.X11-unix/X99 ] && [ $i -lt 200 ]; do sleep 0.05; i=$((i+1)); done; DISPLAY=:99 exec "$@"'
)


def own_uid() -> int:
    """A user for one target alone: the kernel counts processes by user, and one target's must not use up another's.

    Only root can become somebody else; in a container that maps few users, all targets share `nobody`.
    """
    wanted = _FIRST_UID + (os.getpid() % 4_000_000) * 256 + next(_count) % 256
    with open("/proc/self/uid_map", encoding="ascii") as uid_map:
        fields = uid_map.readline().split()
    return wanted if int(fields[0]) + int(fields[2]) > wanted else NOBODY


@dataclass(frozen=True, slots=True)
class Room:
    """The three folders of the host that a tool sees: inputs (read-only), artifacts, and scratch; and its user,
    under root."""

    source: Path
    out: Path
    scratch: Path
    uid: int = field(default_factory=own_uid)


@functools.cache
def why_not() -> str:
    """'' if bubblewrap works on this machine, else a sentence that says why not. Runs it once."""
    if shutil.which("bwrap") is None:
        return (
            "bubblewrap is not installed, so no tool is run on files from repositories. Install the package bubblewrap."
        )
    argv = [*wrap(), "/usr/bin/true"]
    try:
        ended = subprocess.run(argv, capture_output=True, timeout=20, check=False, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap does not start on this machine ({error}), so no tool is run on files from repositories."
    if ended.returncode != 0:
        said = ended.stderr.decode(errors="replace").strip().splitlines()
        return (
            f"bubblewrap can't make a sandbox on this machine ({said[-1] if said else 'no reason given'}), "
            "so no tool is run on files from repositories. Allow unprivileged user namespaces, "
            "or run the worker on a machine that has them."
        )
    return ""


def wrap(room: Room | None = None, *, tmp_bytes: int = 1024**3) -> list[str]:
    """The bwrap command up to and including `--`: what every sandboxed process sees of this machine."""
    argv = [
        "bwrap",
        "--die-with-parent",
        "--new-session",
        "--unshare-ipc",
        "--unshare-pid",
        "--unshare-net",
        "--unshare-uts",
    ]
    argv += ["--unshare-cgroup-try", "--hostname", "brickyard", "--clearenv"]
    if os.geteuid() != 0:
        argv += ["--unshare-user", "--uid", str(NOBODY), "--gid", str(NOBODY)]
    # bwrap makes missing parents with mode 0700, which the unprivileged user could not pass
    parents = ["/etc", "/var", "/var/cache", "/tools"]
    if not sys.base_prefix.startswith("/usr"):
        parents += [str(parent) for parent in reversed(Path(sys.base_prefix).parents)][1:]
    for parent in parents:
        argv += ["--perms", "0755", "--dir", parent]
    argv += ["--ro-bind", "/usr", "/usr"]
    for top in ("bin", "sbin", "lib", "lib64"):
        if Path("/", top).is_symlink():
            argv += ["--symlink", os.readlink(f"/{top}"), f"/{top}"]
        elif Path("/", top).exists():
            argv += ["--ro-bind", f"/{top}", f"/{top}"]
    for place in ("/etc/fonts", "/etc/alternatives", "/etc/ld.so.cache", "/var/cache/fontconfig"):
        argv += ["--ro-bind-try", place, place]
    argv += ["--ro-bind", sys.prefix, "/venv", "--ro-bind", str(PROJECT / "builders"), "/tools/builders"]
    if not sys.base_prefix.startswith("/usr"):
        argv += ["--ro-bind", sys.base_prefix, sys.base_prefix]
    argv += ["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--size", str(tmp_bytes), "--tmpfs", "/tmp"]
    argv += ["--perms", "1777", "--size", str(tmp_bytes // 4), "--tmpfs", "/dev/shm"]
    if room:
        argv += ["--ro-bind", str(room.source), SRC, "--bind", str(room.out), OUT, "--bind", str(room.scratch), SCRATCH]
        argv += ["--remount-ro", "/", "--remount-ro", "/dev"]  # both are memory, without a limit of their own
    return [*argv, "--"]


def drop(limits: Limits, uid: int = NOBODY) -> list[str]:
    """The command prefix that sets limits and gives up every privilege, inside the sandbox."""
    prefix = [
        "/usr/bin/prlimit",
        f"--nproc={limits.processes}",
        f"--fsize={limits.output_bytes}",
        "--core=0",
        "--nofile=4096",
    ]
    if os.geteuid() == 0:
        prefix += ["/usr/bin/setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--bounding-set=-all"]
        prefix += ["--inh-caps=-all", "--no-new-privs"]
    return prefix


def base_env() -> dict[str, str]:
    """The environment of every tool: nothing of the host's."""
    return {
        "PATH": "/usr/bin:/bin:/venv/bin",
        "HOME": "/tmp/home",
        "TMPDIR": "/tmp",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONPATH": "/tools",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "SOURCE_DATE_EPOCH": "946684800",
    }


def fake_clock() -> dict[str, str]:
    """What makes a tool's clock stand still; nothing if libfaketime is not installed."""
    library = next((place for place in _FAKETIME_PLACES if Path(place).exists()), "")
    return {"LD_PRELOAD": library, "FAKETIME": FIXED_TIME, "FAKETIME_DONT_FAKE_MONOTONIC": "1"} if library else {}


def hand_over(room: Room, uid: int = NOBODY) -> None:
    """Let the sandboxed user write to out and scratch, when the worker is root."""
    if os.geteuid() != 0:
        return
    for top in (room.out, room.scratch):
        if next(top.iterdir(), None) is None:
            os.chown(top, uid, uid)
        else:
            # A tool in another lane may put a link where a folder was: this program walks by handles, follows none, and
            # goes as deep as it gets. What is taken away meanwhile is no fault.
            command = ["chown", "-R", "-P", "--no-dereference", f"{uid}:{uid}", "--", str(top)]
            subprocess.run(command, capture_output=True, check=False)


def run(
    argv: Sequence[str],
    room: Room,
    *,
    limits: Limits,
    env: Mapping[str, str] | None = None,
    cwd: str = SCRATCH,
    display: bool = False,
    fake_time: bool = True,
) -> Outcome:
    """Run one tool to its end, or to its limit. Its standard input is empty. Raises: nothing for what the tool does."""
    hand_over(room, room.uid)
    inner = base_env() | dict(env or {}) | (fake_clock() if fake_time else {})
    command = [*wrap(room)[:-1], "--chdir", cwd, "--", *drop(limits, room.uid), "/usr/bin/env", "-i"]
    command += [f"{name}={value}" for name, value in inner.items()]
    command += ["/bin/sh", "-c", 'mkdir -p "$HOME"; exec "$@"', "sh"]
    if display:
        command += ["/bin/sh", "-c", _WITH_DISPLAY, "sh"]
    started = time.monotonic()
    process = subprocess.Popen(
        [*command, *argv],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        env={"PATH": "/usr/bin:/bin"},
        pass_fds=(),
    )
    tail = LogTail(limits.log_bytes)
    assert process.stdout is not None
    reader = threading.Thread(target=tail.drain, args=(process.stdout,), daemon=True)
    reader.start()
    watch = Watch(process.pid, limits, (room.out, room.scratch))
    status = watch.until(process.poll, started)
    if status is None:
        _end(process)
        status = process.wait()
    reader.join(timeout=5)
    stopped = watch.stopped or ("output" if status == 128 + signal.SIGXFSZ else "")
    return Outcome(status=status, log=tail.text(), seconds=time.monotonic() - started, stopped=stopped)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill bwrap; the sandbox's init dies with its parent, and all its processes with it."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
