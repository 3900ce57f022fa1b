"""The queue delivers, in order, on both databases; a job that fails ends no worker."""

from __future__ import annotations

import os
import subprocess
import sys

from git_support import eventually

from registry.settings import PROJECT
from registry.stores.jobs import Jobs
from registry.stores.stores import Stores

WORKER = """
import sys
from pathlib import Path
from registry.stores.jobs import Jobs
jobs = Jobs(sys.argv[1], Path(sys.argv[2]))
def work(number):
    if number == 2:
        raise ZeroDivisionError("job 2 is broken")
    with open(Path(sys.argv[2]) / "done", "a") as out:
        out.write(f"{number}\\n")
jobs.define("test", work)
jobs.consume(1)
"""


def test_jobs_wait_for_a_worker_of_another_process_and_outlive_a_broken_one(stores: Stores) -> None:
    jobs = Jobs(stores.settings.database_url, stores.settings.data)
    jobs.define("test", lambda number: None)
    for number in range(1, 5):
        jobs.enqueue("test", number)
    assert jobs.waiting() == 4
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, stores.settings.database_url, str(stores.settings.data)],
        cwd=PROJECT, env=os.environ, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        done = stores.settings.data / "done"
        assert eventually(lambda: done.exists() and done.read_text() == "1\n3\n4\n", 60)
        assert jobs.waiting() == 0
        jobs.enqueue("test", 5)
        assert eventually(lambda: done.read_text().endswith("5\n"), 20)
    finally:
        worker.terminate()
        assert worker.wait(timeout=30) is not None


def test_a_queue_survives_its_processes(stores: Stores) -> None:
    jobs = Jobs(stores.settings.database_url, stores.settings.data)
    jobs.define("test", lambda number: None)
    jobs.enqueue("test", 1)
    assert Jobs(stores.settings.database_url, stores.settings.data).waiting() == 1
