"""Row 19 on several hosts: a web host without a worker, two workers that share nothing but database and bucket."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import s3_support
from build_support import make_design
from git_support import eventually
from sqlmodel import col, select

from registry.builds import service
from registry.builds.tables import Artifact, Build, Result, Step, TargetRun
from registry.designs import service as designs
from registry.designs.schemas import Submission
from registry.settings import PROJECT, Settings
from registry.stores import sandbox
from registry.stores.stores import Stores, open_stores

DRIVER = PROJECT / "tests" / "support" / "recipe_worker.py"
LEASE_S = 6
pytestmark = [
    pytest.mark.skipif(bool(sandbox.why_not()), reason="bubblewrap does not work on this machine"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can give processes host names of their own"),
]


@contextmanager
def host(name: str, env: Mapping[str, str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process on a host of its own: its name, and a data folder that nobody else sees."""
    command = ["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', name, sys.executable, str(DRIVER)]
    process = subprocess.Popen([*command, *arguments], cwd=PROJECT, env=env, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def of_worker(stores: Stores, name: str) -> list[int]:
    """Builds of a host whose tool runs at this moment."""
    with stores.db.reading() as session:
        rows = session.exec(
            select(Build.id)
            .join(TargetRun, col(TargetRun.build_id) == Build.id)
            .join(Step, col(Step.target_run_id) == TargetRun.id)
            .where(col(Build.worker).startswith(name), Build.state == "running")
            .where(Step.name == "Recipe", Step.state == "running")
        )
        return [row or 0 for row in rows]


def builds(stores: Stores) -> list[Build]:
    with stores.db.reading() as session:
        return list(session.exec(select(Build)))


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_what_a_killed_host_left_is_taken_up_by_another(
    database_url: str, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("unshare") is None:
        pytest.skip("unshare is not installed")
    with ExitStack() as stack:
        for name, value in stack.enter_context(s3_support.s3_server()).items():
            monkeypatch.setenv(name, value)
        bucket = s3_support.new_bucket()
        settings = replace(settings, database_url=database_url, blobs_url=f"s3://{bucket}/a", tests=False)
        stores = open_stores(settings)
        stack.callback(stores.close)
        env = {
            **os.environ,
            "PYTHONPATH": f"{PROJECT}:{DRIVER.parent}",
            "BRICKYARD_DATABASE_URL": database_url,
            "BRICKYARD_BLOBS_URL": settings.blobs_url,
            "BRICKYARD_GIT_LOCAL": "1",
            "BRICKYARD_SECRET_KEY": "tests",
            "BRICKYARD_WORKER_SLOTS": "2",
            "RECIPE_LEASE_S": str(LEASE_S),
        }
        web = stack.enter_context(
            host("web", {**env, "BRICKYARD_DATA": str(tmp_path / "web")}, "serve", "--no-worker", "--port", "0")
        )
        assert web.stdout
        address = web.stdout.readline().split()[2]
        doomed, other = (
            stack.enter_context(host(name, {**env, "BRICKYARD_DATA": str(tmp_path / name)}, "worker"))
            for name in ("doomed", "other")
        )
        service.install(stores)
        slugs = []
        for number in range(5):
            files = {f"{name}.recipe": f"#out a.txt g\nsleep 1.5; echo {name} {number} > a.txt\n" for name in "xy"}
            folder = make_design(tmp_path / f"thing-{number}", files)
            slugs.append(designs.submit(stores, None, Submission(url=str(folder))).slug)
        assert eventually(lambda: of_worker(stores, "doomed") != [], 30)
        os.kill(doomed.pid, signal.SIGKILL)
        lost = {build.id for build in builds(stores) if build.state == "running" and build.worker.startswith("doomed")}
        assert lost and other.poll() is None
        assert eventually(lambda: all(build.state in ("done", "failed") for build in builds(stores)), 60)

        with stores.db.reading() as session:
            results = session.exec(select(Result).where(Result.builder == "recipe")).all()
            artifacts = session.exec(select(Artifact)).all()
            runs = session.exec(select(TargetRun)).all()
        assert [run.message for run in runs if run.state != "done"] == [] and len(runs) == 15 and len(results) == 10
        for build in builds(stores):
            assert (build.state, build.tries) == ("done", 2 if build.id in lost else 1), build.message
            assert build.id not in lost or build.worker.startswith("other")
        in_bucket = {key.rsplit("/", 1)[1] for key in s3_support.keys(bucket)}
        assert {artifact.digest for artifact in artifacts} <= in_bucket
        for number, slug in enumerate(slugs):
            with urllib.request.urlopen(f"{address}/designs/{slug}/main/bundle.zip", timeout=30) as answer:
                content = answer.read()
                assert answer.headers["ETag"].strip('"') == hashlib.sha256(content).hexdigest()
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                assert archive.testzip() is None
                assert archive.read("parts/x/a.txt") == f"x {number}\n".encode()
