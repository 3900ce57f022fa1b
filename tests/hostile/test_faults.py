"""Rows 19 and 40: killed workers, full disks, databases that are locked or gone. Nothing is lost or half there."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from build_support import RecipeBuilder, make_design, submit
from git_support import eventually, processes
from sqlalchemy import create_engine, text
from sqlmodel import select

import builders
from registry.builds import queries, service
from registry.builds.schemas import BuildView
from registry.builds.tables import Artifact, Build, Result, Step, TargetRun
from registry.errors import Unavailable
from registry.settings import PROJECT
from registry.stores import sandbox
from registry.stores.blobs import Blobs
from registry.stores.stores import Stores

needs_sandbox = pytest.mark.skipif(bool(sandbox.why_not()), reason="bubblewrap does not work on this machine")
DRIVER = PROJECT / "tests" / "support" / "recipe_worker.py"


@contextmanager
def worker(stores: Stores) -> Iterator[subprocess.Popen[bytes]]:
    """A real worker process on the same data, of which nothing stays."""
    env = {
        **os.environ,
        "PYTHONPATH": f"{PROJECT}:{DRIVER.parent}",
        "BRICKYARD_DATA": str(stores.settings.data),
        "BRICKYARD_DATABASE_URL": stores.settings.database_url,
        "BRICKYARD_GIT_LOCAL": "1",
    }
    process = subprocess.Popen([sys.executable, str(DRIVER), "worker"], cwd=PROJECT, env=env)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def view(stores: Stores, build_id: int) -> BuildView:
    with stores.db.reading() as session:
        return queries.get_build(session, build_id)


def tool_runs(stores: Stores) -> bool:
    with stores.db.reading() as session:
        return session.exec(select(Step).where(Step.name == "Recipe", Step.state == "running")).first() is not None


def book_runs(stores: Stores) -> bool:
    with stores.db.reading() as session:
        return (
            session.exec(select(TargetRun).where(TargetRun.kind == "book", TargetRun.state == "running")).first()
            is not None
        )


@needs_sandbox
@pytest.mark.parametrize("moment", [tool_runs, book_runs])
def test_a_killed_worker_loses_nothing(moment: Callable[[Stores], bool], stores: Stores, tmp_path: Path) -> None:
    marker = f"marker{os.getpid()}{time.monotonic_ns()}"
    script = f"#out a.txt g\n: {marker}\nsh -c 'sleep 3; : {marker}'\necho made > a.txt\n"
    slug = submit(stores, make_design(tmp_path / "thing", {"thing.recipe": script}))
    build_id = service.request_build(stores, slug)
    with worker(stores) as first:
        assert eventually(lambda: moment(stores), 60)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
    assert eventually(lambda: processes(marker) == []), "the sandbox went with its worker"
    half = view(stores, build_id)
    assert half.state == "running" and half.bundle is None
    with stores.db.reading() as session:
        for artifact in session.exec(select(Artifact)):
            assert session.get(Result, artifact.result_key) and stores.blobs.has(artifact.digest)
    with worker(stores):
        assert eventually(lambda: view(stores, build_id).state in ("done", "failed"), 90)
        ended = view(stores, build_id)
        assert eventually(lambda: list((stores.settings.blobs / "incoming").iterdir()) == [], 20)
        assert eventually(lambda: list(stores.settings.work.iterdir()) == [], 20)
    assert ended.state == "done" and ended.bundle, [target.message for target in ended.targets]
    assert [(target.name, target.state) for target in ended.targets] == [("thing", "done"), ("book", "done")]
    assert ended.targets[0].cached == (moment is book_runs), "what was made is not made again"
    with zipfile.ZipFile(stores.blobs.path(ended.bundle.sha256)) as archive:
        assert archive.testzip() is None and archive.read("parts/thing/a.txt") == b"made\n"
    with stores.db.reading() as session:
        assert session.get_one(Build, build_id).tries == 2


SLOW_PUT = """
import sys, time
from pathlib import Path
from registry.stores.blobs import Blobs
def chunks():
    yield b"x" * 1_000_000
    print("half", flush=True)
    time.sleep(60)
Blobs(Path(sys.argv[1]))._store(chunks())
"""


def test_a_file_half_stored_is_never_seen_and_is_swept_once_its_worker_is_dead(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "blobs")
    with subprocess.Popen(
        [sys.executable, "-c", SLOW_PUT, str(tmp_path / "blobs")], cwd=PROJECT, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout and process.stdout.readline() == b"half\n"
        time.sleep(2.1)
        assert blobs.sweep() == 0, "its worker lives"
        assert len(list((tmp_path / "blobs" / "incoming").iterdir())) == 1
        process.kill()
    assert list((tmp_path / "blobs").glob("??/*")) == []
    assert blobs.sweep() == 1
    assert list((tmp_path / "blobs" / "incoming").iterdir()) == []


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from registry.errors import Unavailable
from registry.stores.blobs import Blobs
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
blobs = Blobs(Path(sys.argv[1]))
try:
    blobs.put(b"x" * 200_000)
except Unavailable as error:
    print(error)
print(blobs.put(b"small"))
"""


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path / "blobs")],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    sentence, digest = done.stdout.strip().splitlines()
    assert sentence.startswith("A file could not be stored: File too large.") and "Make room" in sentence
    files = [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
    assert [path.name for path in files] == [digest]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip("this user may not mount a small disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@needs_sandbox
def test_a_full_disk_fails_the_target_and_the_work_goes_on_once_there_is_room(
    small_disk: Path, sqlite_stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores = sqlite_stores
    builder = RecipeBuilder()
    monkeypatch.setattr(builders, "all_builders", lambda: (builder,))
    object.__setattr__(stores, "blobs", Blobs(small_disk / "blobs"))
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 6_000_000)
    script = "#out a.bin g\nhead -c 4000000 /dev/urandom > a.bin\n"
    slug = submit(stores, make_design(tmp_path / "thing", {"thing.recipe": script}))
    build_id = service.request_build(stores, slug)
    service.run_build(stores, build_id)
    failed = view(stores, build_id)
    assert failed.state == "failed"
    assert "A file could not be stored: No space left on device" in failed.targets[0].message
    assert list((small_disk / "blobs" / "incoming").iterdir()) == []
    with stores.db.reading() as session:
        assert session.exec(select(Result).where(Result.builder == "recipe")).all() == []
    ballast.unlink()
    again = service.request_build(stores, slug)
    service.run_build(stores, again)
    assert view(stores, again).targets[0].state == "done", view(stores, again).targets[0].message


@contextmanager
def database_away(stores: Stores) -> Iterator[None]:
    """SQLite locked by somebody else; PostgreSQL gone: connections cut, new ones refused."""
    url = stores.settings.database_url
    if stores.db.on_sqlite:
        other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=30)
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
        other.close()
        return
    own = stores.db.engine.url
    name = own.database
    engine = create_engine(own.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false'))
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :n"), {"n": name}
        )
        yield
        connection.execute(text(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true'))
    engine.dispose()


@needs_sandbox
def test_a_database_that_is_away_for_ten_seconds_costs_time_alone(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder = RecipeBuilder()
    monkeypatch.setattr(builders, "all_builders", lambda: (builder,))
    script = "#out a.txt g\nsleep 2; echo made > a.txt\n"
    slug = submit(stores, make_design(tmp_path / "thing", {"thing.recipe": script}))
    build_id = service.request_build(stores, slug)
    runner = threading.Thread(target=service.run_build, args=(stores, build_id))
    runner.start()
    assert eventually(lambda: tool_runs(stores), 30)
    with database_away(stores):
        time.sleep(10)
    runner.join(timeout=90)
    assert not runner.is_alive()
    ended = view(stores, build_id)
    assert ended.state == "done", (ended.message, [target.message for target in ended.targets])
    assert ended.bundle and stores.blobs.has(ended.bundle.sha256)


def test_a_database_that_stays_locked_is_told_after_a_while(sqlite_stores: Stores) -> None:
    stores = sqlite_stores
    with stores.db.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=200")
    with database_away(stores), pytest.raises(Unavailable, match="did not answer"):
        stores.db.retrying(lambda session: session.execute(text("SELECT 1")), patience_s=0.5)
