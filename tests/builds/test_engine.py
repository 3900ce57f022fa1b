"""Building one target: reuse by key, what is kept of a tool's output, and what never is."""

from __future__ import annotations

import dataclasses
import hashlib
import threading
from pathlib import Path

import git_support
import pytest
from build_support import RecipeBuilder, recipe_tree, tree_of
from sqlmodel import select

from builders.contract import MIB, SRC, Artifact, BuildFailed, Limits, Target, Workspace
from registry import limits
from registry.builds import engine
from registry.builds.engine import Ended
from registry.builds.service import find_targets
from registry.builds.tables import Artifact as ArtifactRow
from registry.builds.tables import Result
from registry.stores import sandbox
from registry.stores.git import GitTree
from registry.stores.stores import Stores

pytestmark = pytest.mark.skipif(bool(sandbox.why_not()), reason="bubblewrap does not work on this machine")


def build(
    stores: Stores, builder: RecipeBuilder, tree: GitTree, *, force: bool = False, **options: object
) -> tuple[Ended, list[str]]:
    """How the tree's one recipe ended, and the steps that began."""
    steps: list[str] = []
    target = dataclasses.replace(builder.detect(tree)[0], options=options)
    ended = engine.build_target(
        stores, builder, target, tree, None, force=force,
        on_step=lambda name, state, seconds: steps.append(name) if state == "running" else None,
    )  # fmt: skip
    return ended, steps


def kept(stores: Stores, ended: Ended) -> dict[str, bytes]:
    with stores.db.reading() as session:
        rows = session.exec(select(ArtifactRow).where(ArtifactRow.result_key == ended.key)).all()
        for row in rows:
            assert row.size_bytes == len(stores.blobs.read(row.digest))
        return {row.path: stores.blobs.read(row.digest) for row in rows}


def stored_digests(stores: Stores) -> set[str]:
    return {path.name for path in stores.settings.blobs.glob("??/*")}


def test_a_second_build_starts_no_tool(stores: Stores, tmp_path: Path) -> None:
    builder = RecipeBuilder()
    with recipe_tree(tmp_path / "r", stores, "#out a.txt g\necho made > a.txt\n") as tree:
        first, steps = build(stores, builder, tree)
        assert (first.state, first.cached, steps) == ("done", False, ["Recipe"])
        assert kept(stores, first) == {"a.txt": b"made\n"}
        again, steps = build(stores, builder, tree, force=True)
    assert (again.state, again.cached, again.key, steps) == ("done", True, first.key, [])
    assert builder.started == ["thing"]


def test_the_commit_and_the_folder_do_not_matter_but_the_content_does(stores: Stores, tmp_path: Path) -> None:
    builder = RecipeBuilder()
    script = "#out a.txt g\necho made > a.txt\n"
    repo = git_support.make_repo(tmp_path / "r", {"thing.recipe": script})
    with tree_of(repo, stores) as tree:
        first, _ = build(stores, builder, tree)
    git_support.commit(repo, {"README.md": "only words"})
    with tree_of(repo, stores) as tree:
        assert build(stores, builder, tree)[0].cached
    other = git_support.make_repo(tmp_path / "other", {"deep/er/thing.recipe": script})
    with tree_of(other, stores) as tree:
        moved, _ = build(stores, builder, tree)
        assert moved.cached and moved.key == first.key
    git_support.commit(repo, {"thing.recipe": script + "# changed\n"})
    with tree_of(repo, stores) as tree:
        changed, _ = build(stores, builder, tree)
        assert not changed.cached and changed.key != first.key
        assert not build(stores, RecipeBuilder(version="2"), tree)[0].cached
        assert not build(stores, RecipeBuilder(tool="sh 2"), tree)[0].cached
        assert not build(stores, builder, tree, quality="high")[0].cached


def test_a_failed_result_is_reused_until_somebody_asks_again(stores: Stores, tmp_path: Path) -> None:
    builder = RecipeBuilder()
    with recipe_tree(tmp_path / "r", stores, "#out a.txt g\necho it hurts here; exit 3\n") as tree:
        first, _ = build(stores, builder, tree)
        assert first.state == "failed" and "status 3" in first.message and first.remedy == "Mend the recipe."
        assert "it hurts here" in first.log_tail
        again, steps = build(stores, builder, tree)
        assert again.cached and steps == [] and again.message == first.message and "it hurts" in again.log_tail
        forced, steps = build(stores, builder, tree, force=True)
        assert not forced.cached and steps == ["Recipe"]
    assert len(builder.started) == 2
    with stores.db.reading() as session:
        assert len(session.exec(select(Result)).all()) == 1


@pytest.mark.parametrize(
    ("script", "allowed", "word"),
    [
        ("sleep 30", Limits(wall_s=0.5), "time"),
        # grows a shell variable until the limit
        ('x=0123456789abcdef; while :; do x="$x$x"; done', Limits(wall_s=30, memory_bytes=60 * MIB), "memory"),
        ("kill -9 $$", Limits(wall_s=30), "status"),
    ],
)
def test_faults_of_the_machine_are_not_kept(
    script: str, allowed: Limits, word: str, sqlite_stores: Stores, tmp_path: Path
) -> None:
    builder = RecipeBuilder(limits=allowed)
    with recipe_tree(tmp_path / "r", sqlite_stores, f"#out a.txt g\n{script}\n") as tree:
        ended, _ = build(sqlite_stores, builder, tree)
        assert ended.state == "failed" and word in ended.message and ended.key == ""
        ended, steps = build(sqlite_stores, builder, tree)
        assert not ended.cached and steps == ["Recipe"]
    with sqlite_stores.db.reading() as session:
        assert session.exec(select(Result)).all() == []


class _InParts(RecipeBuilder):
    """Two runs: the second may be stopped by a limit, which costs its group alone."""

    def build(self, target: Target, work: Workspace) -> list[Artifact]:
        self.started.append(target.name)
        work.run(["/bin/sh", "-c", "echo made > /out/a.txt"], step="First")
        outcome = work.run(["/bin/sh", f"{SRC}/recipe.sh"], step="Recipe", limits=self._limits, cwd="/out")
        if not outcome.ok:
            work.fail("slow", outcome.why("The recipe"))
        return []


def test_what_a_limit_ended_in_part_is_served_but_tried_again(sqlite_stores: Stores, tmp_path: Path) -> None:
    """A quieter machine may make the whole; and a file that is cached for ever never changes under its key."""
    stores = sqlite_stores
    hurried, patient = _InParts(limits=Limits(wall_s=0.5)), _InParts(limits=Limits(wall_s=60))
    with recipe_tree(tmp_path / "r", stores, "#out a.txt quick\n#out b.txt slow\nsleep 2; echo late > b.txt\n") as tree:
        first, _ = build(stores, hurried, tree)
        assert first.state == "failed" and "more time" in first.message
        assert first.key and kept(stores, first) == {"a.txt": b"made\n"}
        again, steps = build(stores, hurried, tree)
        assert not again.cached and steps == ["First", "Recipe"] and again.key == first.key
        whole, steps = build(stores, patient, tree)
        assert (whole.state, whole.cached, steps) == ("done", False, ["First", "Recipe"])
        assert whole.key != first.key and kept(stores, whole) == {"a.txt": b"made\n", "b.txt": b"late\n"}
        assert kept(stores, first) == {"a.txt": b"made\n"}, "the page of the first build still shows its files"
        assert build(stores, hurried, tree)[0].cached


def test_a_promise_not_kept_fails_its_group_alone(stores: Stores, tmp_path: Path) -> None:
    script = """#out gerbers/*.gbr gerbers
#out drill.txt gerbers
#out step.txt step
#out extra.txt step optional
mkdir gerbers; echo 1 > gerbers/top.gbr; echo 2 > gerbers/bottom.gbr; echo 3 > step.txt; echo 4 > undeclared.txt
"""
    builder = RecipeBuilder()
    with recipe_tree(tmp_path / "r", stores, script) as tree:
        ended, _ = build(stores, builder, tree)
        assert ended.state == "failed" and ended.key
        assert ended.message == "gerbers: drill.txt was promised and not made."
        assert kept(stores, ended) == {"step.txt": b"3\n"}
        again, _ = build(stores, builder, tree)
    assert again.cached and again.state == "failed" and kept(stores, again) == {"step.txt": b"3\n"}


def test_a_pattern_takes_all_its_files_and_needs_one(sqlite_stores: Stores, tmp_path: Path) -> None:
    script = "#out p/*.txt g\nmkdir p; echo 1 > p/b.txt; echo 2 > p/a.txt\n"
    with recipe_tree(tmp_path / "r", sqlite_stores, script) as tree:
        ended, _ = build(sqlite_stores, RecipeBuilder(), tree)
    assert ended.state == "done" and sorted(kept(sqlite_stores, ended)) == ["p/a.txt", "p/b.txt"]


@pytest.mark.parametrize(
    "trick",
    [
        "ln -s /etc/passwd a.txt",
        "ln -s ../../../../etc/passwd a.txt",
        "echo x > hidden; ln hidden a.txt",
        "mkfifo a.txt",
        "mkdir a.txt",
        "mkdir real; echo x > real/a.txt; ln -s real p",
        "printf x > .a.txt; mkdir .git; printf x > .git/a.txt",
    ],
)
def test_links_devices_and_hidden_names_are_never_stored(trick: str, sqlite_stores: Stores, tmp_path: Path) -> None:
    script = f"#out a.txt g\n#out p/a.txt g optional\n#out .*a.txt g optional\n#out hidden h optional\n{trick}\n"
    with recipe_tree(tmp_path / "r", sqlite_stores, script) as tree:
        ended, _ = build(sqlite_stores, RecipeBuilder(), tree)
    assert ended.state == "failed" and "a.txt was promised and not made" in ended.message
    assert kept(sqlite_stores, ended) == {} and stored_digests(sqlite_stores) == set()


def test_odd_names_are_left_out_and_the_rest_is_kept(sqlite_stores: Stores, tmp_path: Path) -> None:
    script = """#out *.txt g
printf 1 > 'fine name ü.txt'; printf 2 > "$(printf 'bad\\377.txt')"; printf 3 > "$(printf 'li\\nne.txt')"
printf 4 > 'back\\slash.txt'; printf 5 > "$(printf 'turn\\342\\200\\256.txt')"
"""
    with recipe_tree(tmp_path / "r", sqlite_stores, script) as tree:
        ended, _ = build(sqlite_stores, RecipeBuilder(), tree)
    assert ended.state == "done" and kept(sqlite_stores, ended) == {"fine name ü.txt": b"1"}


def test_too_large_an_output_costs_its_group(
    sqlite_stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ARTIFACT_BYTES", 1000)
    script = "#out big.txt big\n#out small.txt small\nhead -c 1001 /dev/zero > big.txt; echo 1 > small.txt\n"
    with recipe_tree(tmp_path / "r", sqlite_stores, script) as tree:
        ended, _ = build(sqlite_stores, RecipeBuilder(), tree)
    assert ended.state == "failed" and ended.message == "big: big.txt is more than a target may make."
    assert kept(sqlite_stores, ended) == {"small.txt": b"1\n"}


def test_too_many_outputs_cost_their_group(
    sqlite_stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ARTIFACTS_PER_TARGET", 5)
    script = "#out a.txt first\n#out n/*.txt many\necho 1 > a.txt; mkdir n; for i in 1 2 3 4 5 6; do echo $i > n/$i.txt; done\n"  # noqa: E501
    with recipe_tree(tmp_path / "r", sqlite_stores, script) as tree:
        ended, _ = build(sqlite_stores, RecipeBuilder(), tree)
    assert ended.state == "failed" and "is more than a target may make" in ended.message
    assert kept(sqlite_stores, ended) == {"a.txt": b"1\n"}


def test_a_tool_that_fills_the_disk_is_stopped_and_nothing_is_kept(sqlite_stores: Stores, tmp_path: Path) -> None:
    builder = RecipeBuilder(limits=Limits(wall_s=30, output_bytes=4 * MIB))
    script = (
        "#out a.txt g\nfor i in 1 2 3 4 5 6 7 8; do head -c 3000000 /dev/zero > f$i; done; sleep 5; echo 1 > a.txt\n"
    )
    with recipe_tree(tmp_path / "r", sqlite_stores, script) as tree:
        ended, _ = build(sqlite_stores, builder, tree)
    assert ended.state == "failed" and "output" in ended.message and ended.key == ""
    assert list(sqlite_stores.settings.work.iterdir()) == []


def test_lost_content_is_made_again(stores: Stores, tmp_path: Path) -> None:
    builder = RecipeBuilder()
    with recipe_tree(tmp_path / "r", stores, "#out a.txt g\n#out b.txt g\necho a > a.txt; echo b > b.txt\n") as tree:
        first, _ = build(stores, builder, tree)
        stores.blobs.path(hashlib.sha256(b"a\n").hexdigest()).unlink()
        again, steps = build(stores, builder, tree)
    assert not again.cached and steps == ["Recipe"] and again.key == first.key
    assert kept(stores, again) == {"a.txt": b"a\n", "b.txt": b"b\n"}


def test_two_at_once_build_once(stores: Stores, tmp_path: Path) -> None:
    builder = RecipeBuilder()
    ended: list[Ended] = []
    with recipe_tree(tmp_path / "r", stores, "#out a.txt g\nsleep 0.5; echo made > a.txt\n") as tree:
        threads = [threading.Thread(target=lambda: ended.append(build(stores, builder, tree)[0])) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert builder.started == ["thing"]
    assert sorted(one.cached for one in ended) == [False, True, True, True]
    assert {one.state for one in ended} == {"done"} and len({one.key for one in ended}) == 1


def test_two_workers_that_make_the_same_key_keep_the_first_result(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hosts don't share the lock. What the tool makes differs from run to run: bundles may name the first already."""  # noqa: E501
    both = threading.Barrier(2)

    class Meeting(RecipeBuilder):
        def build(self, target: Target, work: Workspace) -> list[Artifact]:
            made = super().build(target, work)
            both.wait(timeout=30)
            return made

    class NoLocks(engine._KeyLocks):
        def take(self, key: str) -> threading.Lock:
            return threading.Lock()

        def give(self, key: str) -> None:
            pass

    monkeypatch.setattr(engine, "_locks", NoLocks())
    builder = Meeting()
    ended: list[Ended] = []
    script = "#out a.txt g\nhead -c 16 /dev/urandom > a.txt\n"
    with recipe_tree(tmp_path / "r", stores, script) as tree:
        threads = [threading.Thread(target=lambda: ended.append(build(stores, builder, tree)[0])) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [one.state for one in ended] == ["done", "done"], [one.message for one in ended]
    assert sorted(one.cached for one in ended) == [False, True]
    assert len(kept(stores, ended[0])["a.txt"]) == 16


def test_a_builder_that_raises_is_a_failed_target(sqlite_stores: Stores, tmp_path: Path) -> None:
    class Broken(RecipeBuilder):
        def build(self, target: Target, work: Workspace) -> list[Artifact]:
            raise ZeroDivisionError("oops")

    with recipe_tree(tmp_path / "r", sqlite_stores, "#out a.txt g\n") as tree:
        ended, _ = build(sqlite_stores, Broken(), tree)
    assert ended.state == "failed" and "registry itself failed" in ended.message and ended.key == ""
    assert list(sqlite_stores.settings.work.iterdir()) == []


def test_a_missing_tool_is_said_and_not_kept(sqlite_stores: Stores, tmp_path: Path) -> None:
    class Missing(RecipeBuilder):
        def available(self) -> str:
            return "The shell is not installed. Install it."

    with recipe_tree(tmp_path / "r", sqlite_stores, "#out a.txt g\n") as tree:
        ended, steps = build(sqlite_stores, Missing(), tree)
        assert ended.message == "The shell is not installed. Install it." and ended.key == "" and steps == []
        assert build(sqlite_stores, RecipeBuilder(), tree)[1] == ["Recipe"]


def test_an_environment_fault_told_by_the_builder_is_not_kept(sqlite_stores: Stores, tmp_path: Path) -> None:
    class Unlucky(RecipeBuilder):
        def build(self, target: Target, work: Workspace) -> list[Artifact]:
            raise BuildFailed("The screen did not come up.", environment=True)

    with recipe_tree(tmp_path / "r", sqlite_stores, "#out a.txt g\n") as tree:
        assert build(sqlite_stores, Unlucky(), tree)[0].key == ""


def test_a_log_with_nul_and_escapes_is_stored_on_both_databases(stores: Stores, tmp_path: Path) -> None:
    script = "#out a.txt g\nprintf 'a\\000b\\033[31mred\\033[0m\\377\\n'; head -c 3000000 /dev/zero | tr '\\0' x; echo; echo last; exit 1\n"  # noqa: E501
    with recipe_tree(tmp_path / "r", stores, script) as tree:
        ended, _ = build(stores, RecipeBuilder(), tree)
        again, _ = build(stores, RecipeBuilder(), tree)
    assert again.cached and again.log_tail == ended.log_tail
    assert "\0" not in again.log_tail and "\033" not in again.log_tail
    assert again.log_tail.rstrip().endswith("last") and len(again.log_tail) <= limits.TARGET_LOG_BYTES


def test_closed_folders_that_a_tool_leaves_are_removed(sqlite_stores: Stores, tmp_path: Path) -> None:
    script = "#out a.txt g\necho 1 > a.txt; mkdir -p /scratch/deep/er; echo x > /scratch/deep/er/f; chmod 000 /scratch/deep/er /scratch/deep\n"  # noqa: E501
    with recipe_tree(tmp_path / "r", sqlite_stores, script) as tree:
        assert build(sqlite_stores, RecipeBuilder(), tree)[0].state == "done"
    assert list(sqlite_stores.settings.work.iterdir()) == []


def test_of_too_many_targets_boards_and_tables_stay_and_parts_near_the_top(stores: Stores, tmp_path: Path) -> None:
    many = {f"all/of/them/part{number}.stl": "solid x" for number in range(limits.TARGETS_PER_VERSION + 20)}
    git_support.make_repo(tmp_path / "r", many | {"zz.stl": "solid x", "bom.csv": "Qty,Name\n3,Screw\n"})
    with tree_of(tmp_path / "r", stores) as tree:
        found, said = find_targets(tree)
    sources = [target.source for _, target in found]
    assert len(sources) == limits.TARGETS_PER_VERSION and {"bom.csv", "zz.stl"} <= set(sources)
    assert any("82 boards, parts and tables" in sentence for sentence in said)
