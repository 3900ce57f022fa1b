"""A worker's own thread that looks after the builds, and the instance's secret."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from build_support import RecipeBuilder, make_design, submit
from git_support import eventually

import app
import builders
from builders.contract import Target, Tree
from registry import worker
from registry.builds import leases, service
from registry.stores.stores import Stores


def test_a_fault_while_looking_after_builds_is_not_the_end_of_it(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without that thread the worker would count as dead, and what others lost would stay lost."""
    monkeypatch.setattr(worker, "_LOOK_EVERY_S", 0.05)
    rounds: list[int] = []

    def redeliver(_: Stores) -> int:
        rounds.append(1)
        if len(rounds) < 3:
            raise RecursionError("nested deeper than Python goes")
        return 0

    monkeypatch.setattr(service, "redeliver", redeliver)
    ended = threading.Event()
    keeper = threading.Thread(target=worker._keep, args=(stores, ended), daemon=True)
    keeper.start()
    try:
        assert eventually(lambda: len(rounds) > 4, 20)
        with stores.db.reading() as session:
            assert leases.workers_alive(session) == 1
    finally:
        ended.set()
        keeper.join(timeout=10)
    assert not keeper.is_alive()


class _Broken(RecipeBuilder):
    name = "broken"

    def detect(self, tree: Tree) -> list[Target]:
        raise AssertionError("an odd file")


def test_a_builder_that_can_not_look_does_not_hide_what_others_find(
    sqlite_stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builders, "all_builders", lambda: (_Broken(), RecipeBuilder()))
    slug = submit(sqlite_stores, make_design(tmp_path / "thing", {"a.recipe": "#out a.txt first\necho 1 > a.txt\n"}))
    build_id = service.request_build(sqlite_stores, slug)
    service.run_build(sqlite_stores, build_id)
    with sqlite_stores.db.reading() as session:
        build = session.get_one(service.Build, build_id)
    assert build.state == "done"
    assert any("broken" in sentence for sentence in build.not_built)


def test_one_secret_for_all_who_start_at_once(sqlite_stores: Stores, tmp_path: Path) -> None:
    data = tmp_path / "other"
    data.mkdir()
    settings = replace(sqlite_stores.settings, data=data)
    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(lambda _: app._kept_secret(settings), range(16)))
    assert len(secrets) == 1 and len(secrets.pop()) == 64
    assert [path.name for path in data.iterdir()] == ["secret_key"]
    assert (data / "secret_key").stat().st_mode & 0o077 == 0
