"""Rows 16 and 18 through the real builders: small files that want all memory, tools that never stop talking."""

from __future__ import annotations

import dataclasses
import shutil
import time
from pathlib import Path

import bombs
import pytest
from build_support import RecipeBuilder, make_design, recipe_tree, submit
from sqlmodel import select

from builders import openscad
from builders.contract import MIB
from builders.programs.cad_step_size import instances
from registry import limits
from registry.builds import engine, queries, service
from registry.builds.tables import Result
from registry.designs import service as designs
from registry.designs.schemas import Submission
from registry.stores import sandbox
from registry.stores.stores import Stores

needs_sandbox = pytest.mark.skipif(bool(sandbox.why_not()), reason="bubblewrap does not work on this machine")
PART = "import cadquery as cq\nresult = cq.Workplane().box(1, 2, 3)\n"


@needs_sandbox
@pytest.mark.skipif(not shutil.which("openscad"), reason="OpenSCAD is not installed")
def test_memory_bombs_fail_alone_with_a_sentence_and_the_worker_lives(
    sqlite_stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores = sqlite_stores
    monkeypatch.setattr(openscad, "LIMITS", dataclasses.replace(openscad.LIMITS, memory_bytes=400 * MIB))
    files = {
        "lists.scad": bombs.SCAD_OF_LISTS,
        "bodies.scad": bombs.SCAD_OF_BODIES,
        "endless.scad": bombs.SCAD_WITHOUT_END,
        "instances.step": bombs.step_of_instances(str(tmp_path), 30),
        "good.py": PART,
    }
    slug = submit(stores, make_design(tmp_path / "bombs", files))
    build_id = service.request_build(stores, slug)
    started = time.monotonic()
    service.run_build(stores, build_id)
    assert time.monotonic() - started < 300
    with stores.db.reading() as session:
        view = queries.get_build(session, build_id)
        kept = session.exec(select(Result).where(Result.builder == "openscad")).all()
    said = {target.source: (target.state, target.message) for target in view.targets}
    for name in ("lists", "bodies"):
        assert said[f"{name}.scad"] == (
            "failed",
            f"{name}.scad: OpenSCAD was stopped: it used more memory than a build may.",
        )
    assert said["endless.scad"][0] == "failed" and "Recursion detected" in said["endless.scad"][1]
    assert said["instances.step"] == ("failed", "The file places 1,073,741,824 parts; at most 5,000 are drawn.")
    assert said["good.py"][0] == "done" and view.bundle
    assert [result.message for result in kept] == [said["endless.scad"][1]], "what a limit ended is not kept"
    assert list(stores.settings.work.iterdir()) == []

    after = submit_another(stores, tmp_path)
    service.run_build(stores, after)
    with stores.db.reading() as session:
        assert queries.get_build(session, after).state == "done"
    service.close_warm()


def submit_another(stores: Stores, tmp_path: Path) -> int:
    folder = make_design(tmp_path / "next", {"cube.scad": "cube([1, 2, 3]);\n", "small.step": small_step(tmp_path)})
    return service.request_build(stores, designs.submit(stores, None, Submission(url=str(folder))).slug)


def small_step(tmp_path: Path) -> str:
    """The same kind of assembly, with eight cubes."""
    return bombs.step_of_instances(str(tmp_path), 3)


def test_placed_parts_are_counted_without_reading_them(tmp_path: Path) -> None:
    for levels in (1, 3, 30, 400):
        assert instances(bombs.step_of_instances(str(tmp_path), levels).encode()) == 2**levels
    assert instances(b"no assembly at all") == 0
    loop = b"#1=NEXT_ASSEMBLY_USAGE_OCCURRENCE('a','','',#%d,#%d,$);\n"
    assert instances(loop % (5, 6) + loop % (6, 5)) is None
    assert instances(loop % (4, 5) + loop % (5, 6) + loop % (6, 5)) is None
    wide = b"".join(loop % (1, part) for part in range(2, 200_000))
    started = time.monotonic()
    assert instances(wide) == 199_998 and time.monotonic() - started < 5


@needs_sandbox
def test_a_gigabyte_of_output_is_cut_escaped_and_stored(stores: Stores, tmp_path: Path) -> None:
    script = """#out a.txt g
printf 'first \\033[31mred\\033[0m a\\000b\\n'
head -c 1073741824 /dev/zero
printf '\\033]0;title\\007\\377 last\\n'; exit 1
"""
    started = time.monotonic()
    with recipe_tree(tmp_path / "r", stores, script) as tree:
        builder = RecipeBuilder()
        (target,) = builder.detect(tree)
        ended = engine.build_target(
            stores, builder, target, tree, None, force=False, on_step=lambda name, state, seconds: None
        )
    assert time.monotonic() - started < 60
    with stores.db.reading() as session:
        log = session.get_one(Result, ended.key).log_tail
    assert ended.state == "failed" and len(log) <= limits.TARGET_LOG_BYTES
    assert "\0" not in log and "\033" not in log and "\\x00" in log
    assert log.rstrip().endswith("\N{REPLACEMENT CHARACTER} last")
