"""Warm processes: the import of CadQuery or WeasyPrint is paid once per worker; each job runs in a forked, sandboxed
child."""

from __future__ import annotations

import array
import contextlib
import json
import logging
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from builders.contract import PYTHON, SCRATCH, WARM_PROGRAMS, Limits, Outcome
from registry.stores import sandbox
from registry.stores.watch import LogTail, Watch

START_S = 300.0  # importing on a busy machine takes 5 to 15 s
FORK_S = 30.0  # a fork takes 0.1 s; a process that needs longer is stuck, and the job starts cold
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
_log = logging.getLogger(__name__)


class Warm:
    """Runs CAD programs of `builders.programs` in forks of one process. Safe to use from several threads.

    `root` is the folder below which all jobs have their folders (by default, what the first job's workspace lies in).
    Where namespaces can't be made inside the sandbox, each job starts cold, through the ordinary sandbox; `why_cold`
    says why.
    """

    def __init__(self, root: Path | None = None, family: str = "cad") -> None:
        self._family = family
        self._root = root.resolve() if root else None
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        # The kernel ends bubblewrap with the thread that started it, so that one has to outlive every build.
        self._parent = ThreadPoolExecutor(1, thread_name_prefix="warm")
        self.why_cold = ""

    def start(self) -> bool:
        """Start the process if it isn't there; False if jobs have to run cold. Takes as long as the import."""
        with self._lock:
            if self.why_cold or self._root is None:
                return False
            if self._process is not None and self._process.poll() is None:
                return True
            self._stop()
            self.why_cold = sandbox.why_not() or self._spawn() or self._try_out()
            if self.why_cold:
                self._stop()
                _log.warning("Programs of the kind %r import anew for each job here: %s", self._family, self.why_cold)
            return not self.why_cold

    def run(
        self,
        entry: str,
        argv: Sequence[str],
        source: Path,
        out: Path,
        scratch: Path,
        limits: Limits = Limits(),
        cwd: str = SCRATCH,
        uid: int | None = None,
    ) -> Outcome:
        """Run `builders.programs.<entry>.main(argv)` to its end, or to its limit; as `uid` where another lane works in
        the same folders."""
        room = sandbox.Room(source, out, scratch) if uid is None else sandbox.Room(source, out, scratch, uid)
        if self._root is None:
            self._root = source.resolve().parent.parent
        below = all(folder.resolve().is_relative_to(self._root) for folder in (source, out, scratch))
        if below and self.start():
            sandbox.hand_over(room, room.uid)
            with contextlib.suppress(_Gone):
                return self._fork(entry, argv, room, limits, cwd)
        command = [PYTHON, "-m", f"builders.programs.{entry}", *argv]
        return sandbox.run(command, room, limits=limits, env=_ONE_THREAD, cwd=cwd, fake_time=False)

    def close(self) -> None:
        """End the process and all jobs in it."""
        with self._lock:
            self._stop()

    def _stop(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _spawn(self) -> str:
        """Start the process and wait until it has imported; '' or why it could not."""
        assert self._root is not None
        self._root.mkdir(parents=True, exist_ok=True)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        handle = theirs.fileno()
        command = sandbox.wrap()[:-1]
        # Root keeps its capabilities in bubblewrap; others get them in the sandbox's own user namespace only.
        command += ["--cap-add", "ALL", "--bind", str(self._root), "/jobs"]
        for folder in ("/src", "/out", "/scratch"):
            command += ["--perms", "0755", "--dir", folder]
        command += ["--chdir", "/tmp", "--", "/usr/bin/env", "-i"]
        command += [f"{name}={value}" for name, value in (sandbox.base_env() | _ONE_THREAD).items()]
        command += [PYTHON, "-m", "builders.programs.warm_zygote", str(handle), self._family]
        with tempfile.TemporaryFile() as said:
            self._process = self._parent.submit(
                subprocess.Popen,
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
                env={"PATH": "/usr/bin:/bin"},
                pass_fds=(handle,),
            ).result()
            theirs.close()
            self._socket = ours
            ours.settimeout(START_S)
            with contextlib.suppress(OSError):
                if ours.recv(16) == b"ready":
                    ours.settimeout(FORK_S)
                    return ""
            said.seek(0)
            last = said.read()[-2000:].decode(errors="replace").strip().splitlines()
        return f"it does not start ({last[-1] if last else 'no reason given'})."

    def _try_out(self) -> str:
        """Let one empty job run: whether namespaces can be made is known only by making them."""
        assert self._root is not None
        with tempfile.TemporaryDirectory(dir=self._root, prefix="warm-") as top:
            folders = [Path(top, name) for name in ("source", "out", "scratch")]
            for folder in folders:
                folder.mkdir()
            os.chmod(top, 0o755)
            room = sandbox.Room(folders[0], folders[1], folders[2])
            sandbox.hand_over(room, room.uid)
            try:
                ended = self._fork("warm_probe", [], room, Limits(wall_s=30), SCRATCH)
            except _Gone:
                return "it ended at its first job."
            said = ended.log.strip().splitlines()
            return "" if ended.ok else f"no sandbox inside a sandbox ({said[-1] if said else ended.why('The trial')})."

    def _fork(self, entry: str, argv: Sequence[str], room: sandbox.Room, limits: Limits, cwd: str) -> Outcome:
        assert self._root is not None
        job = {
            "entry": entry,
            "argv": list(argv),
            "limits": asdict(limits),
            "cwd": cwd,
            "uid": room.uid,
            "env": sandbox.base_env() | _ONE_THREAD,
            **{
                name: str(getattr(room, name).resolve().relative_to(self._root))
                for name in ("source", "out", "scratch")
            },
        }
        started = time.monotonic()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        log_read, log_write = os.pipe()
        tail = LogTail(limits.log_bytes)
        reader = threading.Thread(target=_drain, args=(log_read, tail), daemon=True)
        with contextlib.closing(ours):
            try:
                channel = self._socket
                if channel is None:
                    raise _Gone
                socket.send_fds(channel, [json.dumps(job).encode()], [theirs.fileno(), log_write])
            except OSError as error:
                os.close(log_read)
                raise _Gone from error
            finally:
                theirs.close()
                os.close(log_write)
            reader.start()
            state = _State(ours)
            pid = state.first(FORK_S)
            watch = Watch(pid or os.getpid(), limits, (room.out, room.scratch))
            status = state.status if pid is None else watch.until(state.poll, started)
            if status is None:
                state.kill()
                status = state.wait(10.0)
            state.close()
        reader.join(timeout=5)
        stopped = watch.stopped if pid else ""
        stopped = stopped or ("output" if status == 128 + signal.SIGXFSZ else "")
        log = tail.text() + (f"\n{state.error}" if state.error else "")
        return Outcome(status=status, log=log, seconds=time.monotonic() - started, stopped=stopped)


class _Gone(Exception):
    """The warm process is not there any more, or does not answer."""


class _State:
    """How one job stands, as its keeper tells it."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._handle = -1
        self.status: int = 137
        self.error = ""

    def first(self, timeout_s: float) -> int | None:
        """Wait for the job's start, and let it go on: its process id as this process sees it; None if it never started.

        Raises: _Gone if nothing is heard in time. A job that is ready only after that finds nobody, and leaves.
        """
        self._channel.settimeout(timeout_s)
        try:
            message, ancillary, _, _ = self._channel.recvmsg(65536, socket.CMSG_SPACE(12))
        except TimeoutError as error:
            raise _Gone from error
        except OSError:
            return None
        if message != b"started":
            self._ended(message)
            return None
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
                pid = array.array("i", data[:4])[0]
                with contextlib.suppress(OSError):
                    self._handle = os.pidfd_open(pid)
                with contextlib.suppress(OSError):  # it has ended already, and its keeper says how
                    self._channel.send(b"go")
                return int(pid)
        return None

    def poll(self) -> int | None:
        """The exit status, if it has ended."""
        return self._receive(0.0)

    def wait(self, timeout_s: float) -> int:
        """The exit status after it was told to end."""
        status = self._receive(timeout_s)
        return 137 if status is None else status

    def _receive(self, timeout_s: float) -> int | None:
        self._channel.settimeout(timeout_s or 1e-6)
        try:
            message = self._channel.recv(65536)
        except (BlockingIOError, TimeoutError):
            return None
        except OSError:
            message = b""
        self._ended(message)
        return self.status

    def _ended(self, message: bytes) -> None:
        answer: dict[str, Any] = {"status": 137, "error": "The warm process ended before the job did."}
        if message:
            with contextlib.suppress(ValueError):
                answer = json.loads(message)
        self.status, self.error = int(answer["status"]), str(answer.get("error", ""))

    def kill(self) -> None:
        """End the job: with the first process of its namespace all others go."""
        if self._handle >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)


def _drain(handle: int, tail: LogTail) -> None:
    with os.fdopen(handle, "rb", buffering=0) as stream:
        tail.drain(stream)


class WarmFamilies:
    """The warm processes of a worker, one for each kind of program, each started when first needed."""

    def __init__(self, root: Path | None = None) -> None:
        self._by_family = {family: Warm(root, family) for family in WARM_PROGRAMS}

    def run(
        self,
        entry: str,
        argv: Sequence[str],
        source: Path,
        out: Path,
        scratch: Path,
        limits: Limits = Limits(),
        cwd: str = SCRATCH,
        uid: int | None = None,
    ) -> Outcome:
        """Run `builders.programs.<entry>.main(argv)` to its end, or to its limit; as `uid` where another lane works in
        the same folders."""
        family = next(family for family, entries in WARM_PROGRAMS.items() if entry in entries)
        return self._by_family[family].run(entry, argv, source, out, scratch, limits, cwd, uid)

    def prepare(self, family: str) -> None:
        """Start a process that will be wanted soon, beside other work."""
        threading.Thread(target=self._by_family[family].start, daemon=True).start()

    def close(self) -> None:
        """End all processes and all jobs in them."""
        for warm in self._by_family.values():
            warm.close()
