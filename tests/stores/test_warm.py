"""A warm process runs each job as the cold sandbox would: alone, without privileges, within its limits."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.contract import MIB, Limits, Outcome
from registry.stores import sandbox
from registry.stores import warm as warm_store
from registry.stores.warm import FORK_S, Warm

pytestmark = pytest.mark.skipif(bool(sandbox.why_not()), reason="bubblewrap does not work on this machine")
LIMITS = Limits(wall_s=60, memory_bytes=1500 * MIB, processes=40, output_bytes=20 * MIB, log_bytes=64 * 1024)


def pids_below(pid: int) -> list[int]:
    """A process and all that it started."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


class Jobs:
    """Runs Python text as a part's script, each in folders of its own."""

    def __init__(self, root: Path) -> None:
        self.warm = Warm(root)
        self.root = root
        self._number = itertools.count()

    def run(self, text: str, limits: Limits = LIMITS) -> tuple[Outcome, Path]:
        top = self.root / f"job-{next(self._number)}"
        for name in ("source", "out", "scratch"):
            (top / name).mkdir(parents=True)
        (top / "source" / "job.py").write_text(text)
        argv = ["/src/job.py", "/out", "--title", "Job", "--groups", "facts"]
        folders = (top / "source", top / "out", top / "scratch")
        return self.warm.run("cad_script", argv, *folders, limits), top


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    made = Jobs(tmp_path_factory.mktemp("warm"))
    assert made.warm.start(), made.warm.why_cold
    yield made
    made.warm.close()


BOX = "import cadquery as cq\nresult = cq.Workplane().box(1, 2, 3)\n"


def test_a_job_takes_a_fraction_of_the_import(jobs: Jobs) -> None:
    jobs.run(BOX)
    outcome, top = jobs.run(f"import sys\nassert 'cadquery' in sys.modules\n{BOX}")
    assert outcome.ok, outcome.log
    assert (top / "out" / "facts.json").is_file()
    assert outcome.seconds < 5, "an import takes longer than this on a busy machine"


def test_a_job_has_no_privileges_and_sees_nothing_else(jobs: Jobs) -> None:
    outcome, _ = jobs.run(
        "import os\n"
        "status = dict(line.split(':', 1) for line in open('/proc/self/status'))\n"
        "caps = {status[k].strip() for k in ('CapEff', 'CapPrm', 'CapInh', 'CapBnd', 'CapAmb')}\n"
        "print(caps, status['NoNewPrivs'].strip())\n"
        "print(os.getpid(), os.getuid() != 0, os.getgroups(), sorted(os.listdir('/proc/self/fd')))\n"
        "print('JOBS', os.listdir('/jobs'))\n"
        "for path in ('/', '/src', '/usr', '/dev', '/tools/builders'):\n"
        "    try:\n        open(path + '/x', 'w'); print('wrote', path)\n    except OSError: pass\n"
        "for path in ('/out', '/scratch', '/tmp', '/dev/shm'): open(path + '/x', 'w').write('x')\n"
        f"{BOX}"
    )
    assert outcome.ok, outcome.log
    assert "{'0000000000000000'} 1\n" in outcome.log
    assert "1 True [] ['0', '1', '2', '3']\nJOBS []" in outcome.log  # 3 is the listing itself
    assert "wrote" not in outcome.log
    after, _ = jobs.run(f"import os\nprint('LEFT', os.listdir('/tmp'), os.listdir('/dev/shm'))\n{BOX}")
    assert "LEFT ['home'] []" in after.log


def test_a_job_can_not_mount_its_way_to_others(jobs: Jobs) -> None:
    outcome, _ = jobs.run(
        "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "print('ALONE', libc.umount2(b'/jobs', 2), libc.umount2(b'/proc', 2), libc.setuid(0), libc.unshare(0x20000))\n"
        "print('OWN', libc.unshare(0x10000000 | 0x20000))\n"  # a user namespace of its own, where the kernel grants one
        "print('STILL', libc.umount2(b'/proc', 2), os.listdir('/jobs'), os.listdir('/src'))\n"
        f"{BOX}"
    )
    assert "ALONE -1 -1 -1 -1" in outcome.log
    assert "STILL -1 [] ['job.py']" in outcome.log


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("while True: pass", "time"),
        ("x = []\nwhile True: x.append(bytearray(10 << 20))", "memory"),
        ("import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", "processes"),
        ("with open('/out/big', 'wb') as f:\n    while True: f.write(bytes(1 << 20))", "output"),
        ("for i in range(10_000): open(f'/out/{i}', 'wb').write(bytes(1 << 20))", "output"),
    ],
)
def test_what_takes_too_much_is_stopped_and_the_next_job_is_untouched(jobs: Jobs, text: str, limit: str) -> None:
    wall_s = 3.0 if limit == "time" else 60.0
    limits = Limits(wall_s, LIMITS.memory_bytes, LIMITS.processes, LIMITS.output_bytes, LIMITS.log_bytes)
    outcome, _ = jobs.run(text, limits)
    # a fork of the warm process holds what it holds, so memory may run out before processes do
    assert outcome.stopped == limit or (limit, outcome.stopped) == ("processes", "memory"), outcome
    after, top = jobs.run(BOX)
    assert after.ok and (top / "out" / "facts.json").is_file()


def test_a_process_left_behind_ends_with_its_job(jobs: Jobs) -> None:
    outcome, _ = jobs.run(f"import subprocess\nsubprocess.Popen(['sleep', '4321'], start_new_session=True)\n{BOX}")
    assert outcome.ok
    time.sleep(0.2)
    commands = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            commands.append(path.read_bytes())
        except OSError:
            continue
    assert b"sleep\x004321\x00" not in commands


def test_a_log_without_end_is_cut(jobs: Jobs) -> None:
    outcome, _ = jobs.run(
        f"for i in range(200_000): print('\\x1b[31m\\0' + 'x' * 100)\nprint('the end', flush=True)\n{BOX}"
    )
    assert outcome.ok
    assert len(outcome.log) < 4 * LIMITS.log_bytes and "left out" in outcome.log and "the end" in outcome.log
    assert "\x1b" not in outcome.log and "\0" not in outcome.log


def test_two_jobs_at_once_do_not_meet(jobs: Jobs) -> None:
    text = (
        "import os, time\nopen('/tmp/mine', 'x').write('x'); open('/out/mine', 'x')\n"
        "started = time.time(); time.sleep(1)\n"
        "print('SEEN', sorted(os.listdir('/proc'))[0], os.listdir('/out'), started, time.time())\n"
        f"{BOX}"
    )
    ended: list[tuple[Outcome, Path]] = []
    threads = [threading.Thread(target=lambda: ended.append(jobs.run(text))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(outcome.ok for outcome, _ in ended), ended
    lines = [line for outcome, _ in ended for line in outcome.log.splitlines() if line.startswith("SEEN 1 ['mine']")]
    times = [line.split()[-2:] for line in lines]
    (start_a, end_a), (start_b, end_b) = (tuple(map(float, pair)) for pair in times)
    assert start_a < end_b and start_b < end_a, "they ran at the same time"


def test_it_outlives_the_thread_that_needed_it_first(tmp_path: Path) -> None:
    """Builds end, and their threads with them; what another build runs at that moment must not."""
    warm = Warm(tmp_path)
    thread = threading.Thread(target=warm.start)
    thread.start()
    thread.join()
    time.sleep(0.5)
    assert warm._process is not None and warm._process.poll() is None
    warm.close()


def test_a_process_that_does_not_fork_costs_half_a_minute_and_nothing_else(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert FORK_S <= 30
    monkeypatch.setattr(warm_store, "FORK_S", 2.0)
    jobs.run(BOX)
    process = jobs.warm._process
    assert process is not None
    stopped = pids_below(process.pid)
    for pid in stopped:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
    try:
        outcome, top = jobs.run(f"import os\nopen('/out/once', 'x')\n{BOX}")
        assert outcome.ok, "it started cold"
        (top / "out" / "once").unlink()
    finally:
        for pid in stopped:
            with contextlib.suppress(ProcessLookupError):  # what was left of the job before has ended meanwhile
                os.kill(pid, signal.SIGCONT)
    time.sleep(2)
    assert not (top / "out" / "once").exists(), "what was asked for too late is not done a second time"
    after, _ = jobs.run(BOX)
    assert after.ok and jobs.warm._process is process


def test_it_comes_back_after_it_was_killed(jobs: Jobs) -> None:
    process = jobs.warm._process
    assert process is not None
    process.kill()
    process.wait()
    outcome, top = jobs.run(BOX)
    assert outcome.ok and (top / "out" / "facts.json").is_file()
    assert jobs.warm._process is not process and not jobs.warm.why_cold
    jobs.warm.close()
    assert jobs.warm._process is None
