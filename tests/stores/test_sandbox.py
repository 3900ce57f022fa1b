"""The sandbox keeps tools from the network, secrets and other files, and ends those that take too much."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import threading
import time
from pathlib import Path

import pytest

from builders.contract import MIB, PYTHON, Limits, Outcome
from registry.stores import sandbox

pytestmark = pytest.mark.skipif(bool(sandbox.why_not()), reason="bubblewrap does not work on this machine")


@pytest.fixture
def room(tmp_path: Path) -> sandbox.Room:
    folders = [tmp_path / name for name in ("source", "out", "scratch")]
    for folder in folders:
        folder.mkdir()
    return sandbox.Room(*folders)


def run(room: sandbox.Room, code: str, **kept: float) -> Outcome:
    limits = Limits(wall_s=60, memory_bytes=400 * MIB, processes=40, output_bytes=20 * MIB, log_bytes=64 * 1024)
    changed = {name: type(getattr(limits, name))(value) for name, value in kept.items()}
    return sandbox.run([PYTHON, "-c", code], room, limits=dataclasses.replace(limits, **changed), fake_time=False)


def test_no_network_no_secrets_no_privileges(room: sandbox.Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRICKYARD_SECRET_KEY", "hush")
    code = """
import os, socket
print("hush" in repr(os.environ), os.getuid() != 0, os.path.exists("/etc/passwd"), os.path.exists("/home"))
try:
    socket.create_connection(("127.0.0.1", 80), 1)
except OSError as error:
    print("net", error.errno)
print(open("/proc/self/status").read().split("CapEff:")[1].split()[0])
"""
    outcome = run(room, code)
    assert outcome.ok, outcome.log
    lines = outcome.log.splitlines()
    assert lines[0] == "False True False False"
    assert lines[1].startswith("net")
    assert lines[2] == "0000000000000000"


def test_sources_are_read_only_and_only_out_and_scratch_can_be_written(room: sandbox.Room) -> None:
    (room.source / "board.kicad_pcb").write_text("x")
    code = """
import pathlib
for place in ("/src/board.kicad_pcb", "/usr/x", "/x", "/venv/x", "/tools/x"):
    try:
        pathlib.Path(place).write_text("y")
        print("written", place)
    except OSError:
        pass
pathlib.Path("/out/a").write_text("a"); pathlib.Path("/scratch/b").write_text("b"); pathlib.Path("/tmp/c").write_text("c")
"""
    outcome = run(room, code)
    assert outcome.ok and "written" not in outcome.log, outcome.log
    assert (room.out / "a").read_text() == "a" and (room.source / "board.kicad_pcb").read_text() == "x"


@pytest.mark.parametrize(
    ("code", "limit"),
    [
        ("x = [bytearray(10**7) for _ in range(10**4)]", "memory"),
        ("import time\nwhile True: time.sleep(1)", "time"),
        ("import os\nwhile True:\n  try: os.fork()\n  except OSError: pass", "processes"),
        ("f = open('/out/big', 'wb')\nwhile True: f.write(bytes(10**6))", "output"),
        ("import os\nfor n in range(10**6): open(f'/scratch/{n}', 'wb').write(bytes(10**6))", "output"),
    ],
)
def test_what_takes_too_much_is_stopped_with_the_reason(room: sandbox.Room, code: str, limit: str) -> None:
    outcome = run(room, code, wall_s=3 if limit == "time" else 60)
    assert not outcome.ok
    # where the kernel refuses more processes, a fork bomb goes on in vain until its time is up
    assert outcome.stopped in ({limit, "time"} if limit == "processes" else {limit})
    assert run(room, "print('next')").log.strip() == "next"


def test_a_process_left_behind_ends_with_the_run(room: sandbox.Room) -> None:
    marker = f"brickyard-left-{os.getpid()}"
    outcome = run(
        room,
        f"import subprocess; subprocess.Popen(['/bin/sh', '-c', 'exec -a {marker} sleep 300 || sleep 300'], start_new_session=True)",
    )
    assert outcome.status == 0
    time.sleep(0.3)
    seen = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert marker not in seen


def test_a_log_without_end_is_cut_and_shown_as_text(room: sandbox.Room) -> None:
    code = r"import sys; sys.stdout.write('\x1b[31mred\x1b[0m \x00 start\n'); [sys.stdout.write('x' * 1000 + '\n') for _ in range(30000)]; print('the end')"
    outcome = run(room, code)
    assert outcome.ok
    assert len(outcome.log) < 80_000
    assert "red \\x00 start" in outcome.log and "\x1b" not in outcome.log and "\0" not in outcome.log
    assert outcome.log.rstrip().endswith("the end") and "left out" in outcome.log


def test_runs_at_the_same_time_do_not_meet(tmp_path: Path) -> None:
    outcomes: list[Outcome] = []

    def one(number: int) -> None:
        top = tmp_path / str(number)
        folders = [top / name for name in ("source", "out", "scratch")]
        for folder in folders:
            folder.mkdir(parents=True)
        code = f"import os, time; open('/tmp/{number}', 'w'); time.sleep(0.5); print(sorted(n for n in os.listdir('/tmp') if n.isdigit()), os.listdir('/out'))"
        outcomes.append(run(sandbox.Room(*folders), code))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcome.log.strip() for outcome in outcomes) == [f"['{number}'] []" for number in range(3)]


def test_the_clock_stands_still_for_tools(room: sandbox.Room) -> None:
    if not sandbox.fake_clock():
        pytest.skip("libfaketime is not installed")
    outcome = sandbox.run(["date", "+%F"], room, limits=Limits())
    assert outcome.log.strip() == "2000-01-01"


def test_memory_that_looks_like_a_disk_is_bounded_too(room: sandbox.Room) -> None:
    """What a tool writes outside its folders lies in memory, and nobody counts it."""
    code = """
import os
for place in ("/a", "/dev/a", "/etc/a", "/tools/a"):
    try:
        open(place, "w")
        print(place, "can be written")
    except OSError:
        pass
facts = os.statvfs("/dev/shm")
print("shm", facts.f_blocks * facts.f_frsize)
open("/dev/null", "w").write("x"); open("/dev/shm/a", "w").write("x"); open("/tmp/a", "w").write("x")
"""
    outcome = run(room, code)
    assert outcome.status == 0, outcome.log
    assert outcome.log.strip() == f"shm {256 * 1024**2}"
