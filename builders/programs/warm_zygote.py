"""A process that has imported CadQuery (or WeasyPrint) once and forks a sandboxed child for each job.

Runs inside bubblewrap.

Nothing of a job is touched before the child has gone into namespaces of its own, sees only that job's folders, and has
given up every privilege. The process itself only imports: forking after it had meshed would deadlock.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import gc
import importlib
import json
import os
import resource
import signal
import socket
import sys
import traceback
from typing import Any

from builders.contract import WARM_PROGRAMS

JOBS = "/jobs"  # where the host's work folder is seen; never visible to a job
TMP_BYTES = 1024**3
# What the programs' own imports leave for later.
LATE_IMPORTS = {
    "cad": ("trimesh.exchange.gltf", "trimesh.visual.material"),
    "pages": ("weasyprint", "PIL.PngImagePlugin", "PIL.JpegImagePlugin", "PIL.WebPImagePlugin", "PIL.ImageOps"),
}
SPARE_PROCESSES = 64  # beyond the limit that the host watches, so that it sees who goes past it

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWPID, CLONE_NEWNET = 0x20000, 0x8000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = (
    1,
    2,
    4,
    8,
    32,
    4096,
    16384,
    1 << 18,
)
MS_NOATIME, MS_NODIRATIME, MS_RELATIME, ST_RELATIME = 1024, 2048, 1 << 21, 4096
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 1, 4, 24, 38, 47
LINUX_CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    result = _libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), data.encode() or None)
    _checked(result, f"mount {target}")


def _bind(source: str, target: str, flags: int) -> None:
    _mount(source, target, "", MS_BIND)
    _remount(target, flags)


def _remount(target: str, flags: int) -> None:
    """Add flags to a mount; those it has stay, as an ordinary user may not take any away."""
    has = os.statvfs(target).f_flag
    kept = has & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME)
    kept |= MS_RELATIME if has & ST_RELATIME else 0
    _mount("", target, "", MS_REMOUNT | MS_BIND | kept | flags)


def _enclose(job: dict[str, Any]) -> None:
    """Show the job its own folders, processes and temporary files, and nothing of other jobs."""
    _mount("", "/", "", MS_REC | MS_PRIVATE)
    _bind(f"{JOBS}/{job['source']}", "/src", MS_RDONLY | MS_NOSUID | MS_NODEV)
    _bind(f"{JOBS}/{job['out']}", "/out", MS_NOSUID | MS_NODEV)
    _bind(f"{JOBS}/{job['scratch']}", "/scratch", MS_NOSUID | MS_NODEV)
    if _libc.umount2(JOBS.encode(), MNT_DETACH) != 0:
        # For an ordinary user bubblewrap makes two user namespaces, and locks what it mounted in the outer one: such a
        # mount can only be covered. The cover is locked in its turn in any namespace that the job could make.
        _mount("tmpfs", JOBS, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV, "mode=755,size=4k")
    _mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, f"mode=1777,size={TMP_BYTES}")
    _mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, f"mode=1777,size={TMP_BYTES // 4}")
    _mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    for place in ("/", "/dev"):
        _remount(place, MS_RDONLY | MS_NOSUID)


def _limit(limits: dict[str, Any]) -> None:
    for kind, value in (
        (resource.RLIMIT_NPROC, limits["processes"] + SPARE_PROCESSES),
        (resource.RLIMIT_FSIZE, limits["output_bytes"]),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 4096),
    ):
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("1000")  # if the machine runs out of memory, this goes first


def _give_up_privileges(uid: int) -> None:
    for capability in range(64):
        if _libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break  # past the last one that this kernel knows
    _libc.prctl(PR_CAP_AMBIENT, 4, 0, 0, 0)
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    header = (ctypes.c_uint32 * 2)(LINUX_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    _checked(_libc.capset(header, nothing), "capset")
    _checked(_libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    _libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)  # cleared by the change of user; without it /proc/self can't be read
    _libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    with open("/proc/self/status") as status:
        held = [line for line in status if line.startswith(("CapEff", "CapPrm", "CapBnd")) and int(line.split()[1], 16)]
    if held:
        raise OSError(f"privileges are left: {held}")


def _child(job: dict[str, Any], control: socket.socket, log: int) -> None:
    """The job itself, process 1 of its namespace: everything in it dies with this process."""
    status = 125
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        empty = os.open("/dev/null", os.O_RDONLY)
        os.dup2(empty, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.setsid()
        _enclose(job)
        _limit(job["limits"])
        _give_up_privileges(job["uid"])
        control.send(b"started")  # the kernel adds this process's id, as the host sees it
        if control.recv(2) != b"go":
            _leave(status)  # the host waits no more, and does this job another way
        control.close()
        os.closerange(3, 65536)
        os.environ.clear()
        os.environ.update(job["env"])
        os.makedirs(os.environ["HOME"], exist_ok=True)
        os.chdir(job["cwd"])
    except BaseException:
        traceback.print_exc()
        _leave(status)
    try:
        result = importlib.import_module(f"builders.programs.{job['entry']}").main(job["argv"])
        status = int(result or 0)
    except SystemExit as stop:
        status = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
    except BaseException:
        traceback.print_exc()
        status = 1
    _leave(status)


def _leave(status: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(status & 0xFF)


def _keeper(job: dict[str, Any], control: socket.socket, log: int) -> None:
    """Fork the job into new namespaces, wait for its end, tell the host how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    answer: dict[str, Any] = {"status": 125}
    try:
        _checked(_libc.unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWNET), "unshare")
        pid = os.fork()
        if pid == 0:
            _child(job, control, log)
        os.close(log)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        answer = {"status": code if code >= 0 else 128 - code}
    except BaseException as error:
        answer["error"] = f"{type(error).__name__}: {error}"
    with contextlib.suppress(OSError):
        control.send(json.dumps(answer).encode())
    os._exit(0)


def main(argv: list[str]) -> int:
    """`warm_zygote FD FAMILY`: answer requests on a socket until it closes."""
    # Text of the job's own may be in none of these: they are imported with a clean environment and an empty folder.
    for entry in WARM_PROGRAMS[argv[1]]:
        importlib.import_module(f"builders.programs.{entry}")
    for name in LATE_IMPORTS[argv[1]]:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # a collection in a child would touch, and so copy, every page
    # What the job must never inherit: an ignored SIGXFSZ would turn the output limit into an ordinary error.
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    host = socket.socket(fileno=int(argv[0]))
    host.send(b"ready")
    while True:
        message, ancillary, _, _ = host.recvmsg(1 << 20, socket.CMSG_SPACE(8))
        if not message:
            return 0
        handles = array.array("i")
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                handles.frombytes(data[: len(data) - len(data) % handles.itemsize])
        control, log = socket.socket(fileno=handles[0]), handles[1]
        if os.fork() == 0:
            host.close()
            _keeper(json.loads(message), control, log)
        control.close()
        os.close(log)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
