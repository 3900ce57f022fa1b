"""Every benchmark runs, on its smallest input, and its numbers are measurements."""

from __future__ import annotations

import json
import os
import shlex
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from registry.settings import PROJECT

FOLDER = PROJECT / "benchmarks"


def run(name: str, json_file: Path, *arguments: str) -> tuple[str, dict[str, Any]]:
    """A benchmark's table and its measurements."""
    argv = [sys.executable, str(FOLDER / f"{name}.py"), "--quick", "--json", str(json_file), *arguments]
    env = {name: value for name, value in os.environ.items() if name != "BRICKYARD_TEST_POSTGRES_URL"}
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False, env=env)
    assert ended.returncode == 0, ended.stderr[-2000:]
    return ended.stdout, json.loads(json_file.read_text())


def test_listing_measures_every_kind_of_request(tmp_path: Path) -> None:
    table, facts = run("listing", tmp_path / "facts.json", "--designs", "60")
    found = facts["backends"]["SQLite"]
    assert len(found) == table.count("| SQLite: ") == 10
    for kind, one in found.items():
        assert len(one["page_s"]) == 5, kind
        assert min(one["sql_s"]) > 0 and len(one["sql_s"]) == 5, kind
        assert statistics.median(one["sql_s"]) < statistics.median(one["page_s"]), kind


@pytest.mark.parametrize(("words", "seen"), [((), ["programs.cad_"]), (("--version",), [])])
def test_the_watcher_of_rebuilds_sees_tools_but_not_questions_for_versions(
    words: tuple[str, ...], seen: list[str]
) -> None:
    sys.path.insert(0, str(FOLDER))
    try:
        from corpus import watching
    finally:
        sys.path.remove(str(FOLDER))
    found: dict[int, str] = {}
    tool = f"{shlex.quote(sys.executable)} -c 'import time; time.sleep(0.6)' programs.cad_step {' '.join(words)}; true"
    shell = subprocess.Popen(["/bin/sh", "-c", tool])  # this process may have warm processes that other tests left
    with watching(shell.pid, found):
        assert shell.wait(timeout=60) == 0
    assert list(found.values()) == seen


BENCHMARKS = ["corpus_builds", "rebuild", "cadquery_part", "kibot", "listing", "dashboard", "ledger"]


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_tells_its_options(name: str) -> None:
    ended = subprocess.run(
        [sys.executable, str(FOLDER / f"{name}.py"), "--help"], capture_output=True, text=True, check=True
    )
    assert "--runs" in ended.stdout and "--quick" in ended.stdout and "--json" in ended.stdout


def test_a_design_that_the_corpus_lacks_is_named(corpus: Path) -> None:
    argv = [sys.executable, str(FOLDER / "rebuild.py"), "--quick", "no-such-design"]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert ended.returncode != 0 and "The corpus has no no-such-design." in ended.stderr
