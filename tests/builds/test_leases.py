"""Who works on what: one claim wins, the dead lose theirs, and nothing that was asked for is forgotten."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from build_support import make_design, submit
from git_support import eventually
from sqlmodel import select

from registry import limits
from registry.builds import leases, service
from registry.builds.tables import Build, Worker
from registry.settings import PROJECT
from registry.stores.stores import Stores
from registry.values import utcnow

PAST = dt.timedelta(seconds=-1)


@pytest.fixture
def build_id(stores: Stores, tmp_path: Path) -> int:
    """A build that waits in the queue."""
    slug = submit(stores, make_design(tmp_path / "thing", {}))
    return service.request_build(stores, slug)


def state(stores: Stores, build_id: int) -> Build:
    with stores.db.reading() as session:
        return session.get_one(Build, build_id)


def set_build(stores: Stores, build_id: int, **values: object) -> None:
    with stores.db.transaction() as session:
        build = session.get_one(Build, build_id)
        for name, value in values.items():
            setattr(build, name, value)
        session.add(build)


def dead_worker() -> str:
    """The name of a process of this machine that has ended."""
    code = "from registry.builds.leases import worker_name; print(worker_name())"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_of_many_threads_one_gets_the_build(stores: Stores, build_id: int) -> None:
    start = threading.Barrier(8)
    got: list[int] = []

    def take() -> None:
        start.wait()
        if stores.db.retrying(lambda session: leases.claim(session, build_id)) is not None:
            got.append(1)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [1]
    build = state(stores, build_id)
    assert (build.state, build.tries, build.worker) == ("running", 1, leases.worker_name())


CLAIM = """
import sys, time
from pathlib import Path
import registry.migrations.model
from registry.builds import leases
from registry.stores.db import Database
db = Database(sys.argv[1])
db.answers()
print("ready", flush=True)
sys.stdin.readline()
build = db.retrying(lambda session: leases.claim(session, int(sys.argv[2])))
print("got" if build else "left", flush=True)
sys.stdin.readline()
"""


def test_of_several_processes_one_gets_the_build(stores: Stores, build_id: int) -> None:
    url = stores.settings.database_url
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", CLAIM, url, str(build_id)],
            cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(3)
    ]  # fmt: skip
    try:
        for worker in workers:
            assert worker.stdout and worker.stdout.readline() == "ready\n"
        for worker in workers:
            assert worker.stdin
            worker.stdin.write("\n")
            worker.stdin.flush()
        said = [worker.stdout.readline().strip() for worker in workers if worker.stdout]
        assert sorted(said) == ["got", "left", "left"]
        # the winner lives: nobody else may have it; once it is killed, somebody else has it at once
        assert stores.db.retrying(lambda session: leases.claim(session, build_id)) is None
        workers[said.index("got")].kill()
        workers[said.index("got")].wait()
        assert stores.db.retrying(lambda session: leases.claim(session, build_id)) is not None
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()


def test_an_ended_lease_and_a_dead_worker_free_a_build(stores: Stores, build_id: int) -> None:
    def claim() -> Build | None:
        return stores.db.retrying(lambda session: leases.claim(session, build_id))

    assert claim() is not None and claim() is None
    set_build(stores, build_id, worker="elsewhere:12:345")
    assert claim() is None, "another host's worker is believed while its lease runs"
    set_build(stores, build_id, lease_until=utcnow() + PAST)
    again = claim()
    assert again is not None and again.tries == 2
    set_build(stores, build_id, worker=dead_worker())
    assert claim() is not None
    set_build(stores, build_id, state="done")
    assert claim() is None


def test_a_pid_that_is_used_again_is_not_the_old_worker() -> None:
    host, pid, born = leases.worker_name().rsplit(":", 2)
    assert not leases.is_gone(leases.worker_name())
    assert leases.is_gone(f"{host}:{pid}:{int(born) - 1}")
    assert not leases.is_gone(f"elsewhere:{pid}:1") and not leases.is_gone("") and not leases.is_gone("nonsense")


def test_a_zombie_is_gone() -> None:
    child = subprocess.Popen(["/bin/sleep", "60"])
    host = leases.worker_name().rsplit(":", 2)[0]
    name = f"{host}:{child.pid}:{leases._start_time(child.pid)}"
    assert not leases.is_gone(name)
    os.kill(child.pid, signal.SIGKILL)
    assert eventually(lambda: leases.is_gone(name))
    child.wait()


def test_a_lease_is_renewed_while_the_work_runs(
    sqlite_stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "_RENEW_S", 0.1)
    stores = sqlite_stores
    slug = submit(stores, make_design(tmp_path / "thing", {}))
    build_id = service.request_build(stores, slug)
    stores.db.retrying(lambda session: leases.claim(session, build_id))
    first = state(stores, build_id).lease_until
    with leases.keeping(stores.db, build_id):
        assert eventually(lambda: (state(stores, build_id).lease_until or first) > first)
    last = state(stores, build_id).lease_until
    time.sleep(0.3)
    assert state(stores, build_id).lease_until == last


def test_workers_announce_themselves_and_the_dead_are_forgotten(stores: Stores) -> None:
    gone = dead_worker()
    with stores.db.transaction() as session:
        session.add(Worker(id=gone, host="here", pid=1, lease_until=utcnow() + dt.timedelta(minutes=1)))
        session.add(Worker(id="elsewhere:1:1", host="elsewhere", pid=1, lease_until=utcnow() + PAST))
        session.add(Worker(id="elsewhere:2:2", host="elsewhere", pid=2, lease_until=utcnow() + dt.timedelta(minutes=1)))
    with stores.db.reading() as session:
        assert leases.workers_alive(session) == 1
    for _ in range(2):
        stores.db.retrying(leases.announce)
    with stores.db.reading() as session:
        assert sorted(session.exec(select(Worker.id))) == sorted(["elsewhere:2:2", leases.worker_name()])
        assert leases.workers_alive(session) == 2
    stores.db.retrying(leases.leave)
    with stores.db.reading() as session:
        assert leases.workers_alive(session) == 1


def test_lost_builds_are_delivered_again(stores: Stores, build_id: int) -> None:
    assert stores.jobs.waiting() >= 1
    assert service.redeliver(stores) == 0, "it waits in the queue: nothing is lost"
    stores.jobs._huey.flush()
    with stores.db.reading() as session:
        waiting = len(leases.lost_builds(session))
    assert service.redeliver(stores) == waiting and stores.jobs.waiting() == waiting
    stores.jobs._huey.flush()
    for row in range(1, build_id):
        set_build(stores, row, state="done")
    set_build(stores, build_id, state="running", worker=leases.worker_name(), lease_until=utcnow() + dt.timedelta(60))
    assert service.redeliver(stores) == 0, "its worker lives"
    set_build(stores, build_id, worker=dead_worker())
    assert service.redeliver(stores) == 1


def test_a_build_that_kills_its_workers_is_given_up(stores: Stores, build_id: int) -> None:
    set_build(stores, build_id, state="running", worker=dead_worker(), tries=limits.BUILD_TRIES, lease_until=utcnow())
    service.run_build(stores, build_id)
    build = state(stores, build_id)
    assert build.state == "failed" and "stopped its worker" in build.message and build.finished_at
    assert build.bundle_digest == ""
    assert service.redeliver(stores) <= build_id - 1, "it is not tried again"


def test_a_worker_that_lost_its_build_changes_nothing_of_it(sqlite_stores: Stores, tmp_path: Path) -> None:
    """It stood still past its lease, and somebody else has the build now."""
    stores = sqlite_stores
    slug = submit(stores, make_design(tmp_path / "thing", {}))
    build_id = service.request_build(stores, slug)
    stores.db.retrying(lambda session: leases.claim(session, build_id))
    set_build(stores, build_id, worker="elsewhere:12:345")
    stores.db.retrying(lambda session: service._end(session, build_id, "failed", "The first worker says so."))
    assert state(stores, build_id).state == "running" and state(stores, build_id).message == ""


def test_asking_twice_joins_the_build_that_waits(stores: Stores, build_id: int) -> None:
    with stores.db.reading() as session:
        slug = "thing"
        before = len(session.exec(select(Build)).all())
    assert service.request_build(stores, slug) == build_id
    with stores.db.reading() as session:
        assert len(session.exec(select(Build)).all()) == before
