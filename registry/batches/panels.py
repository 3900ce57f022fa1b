"""Panels of a version's boards, made when somebody wants them and kept by what went into them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import PurePosixPath

from sqlmodel import col, select

from builders.kicad.panel import PANEL
from registry.builds import engine
from registry.builds.keys import RECIPE, digest_of
from registry.builds.tables import Artifact, Build, TargetRun
from registry.builds.workspace import HostWorkspace
from registry.designs.mirrors import open_tree
from registry.designs.queries import find_design, find_revision
from registry.errors import RegistryError
from registry.stores.git import GitTree
from registry.stores.stores import Stores

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Panel:
    """A board's panel: path -> digest of its files, or why there is none."""

    board: str
    files: dict[str, str]
    fault: str = ""


def panels_of(stores: Stores, slug: str, commit: str) -> list[Panel]:
    """The panels of a version's KiCad boards, made now where they are not there yet. Raises: NotFound."""
    with stores.db.reading() as session:
        design = find_design(session, slug)
        revision = find_revision(session, design, commit)
        build_id = session.exec(
            select(Build.id)
            .where(Build.revision_id == revision.id, Build.bundle_digest != "")
            .order_by(col(Build.id).desc())
        ).first()
        runs = session.exec(
            select(TargetRun)
            .where(TargetRun.build_id == build_id, TargetRun.kind == "board", TargetRun.builder == "kicad")
            .order_by(col(TargetRun.position))
        ).all()
    if not runs:
        return []
    if missing := PANEL.available():
        return [Panel(run.name, {}, missing) for run in runs]
    with open_tree(stores, design, revision) as tree:
        return [_panel(stores, tree, run) for run in runs if run.source.endswith(".kicad_pcb")]


def _panel(stores: Stores, tree: GitTree, run: TargetRun) -> Panel:
    project = str(PurePosixPath(run.source).with_suffix(".kicad_pro"))
    files = {"board.kicad_pcb": run.source}
    if project in tree.files:
        files["board.kicad_pro"] = project
    if run.source not in tree.files:
        return Panel(run.name, {}, f"{run.source} is not in this version.")
    target = PANEL.target(run.name, run.title, run.source, files)
    tools = dict(PANEL.tools())
    key = digest_of({"recipe": RECIPE, "builder": PANEL.name, "version": PANEL.version, "tools": tools,
                     "name": run.name, "blobs": [tree.files[path].blob for path in files.values()]})  # fmt: skip

    def fill(work: HostWorkspace) -> None:
        tree.copy_to(target.inputs, work.source)

    ended = engine.reuse_or_make(
        stores, PANEL, target, key, tools, fill, None, force=False, on_step=lambda name, state, seconds: None
    )
    if ended.state != "done":
        return Panel(run.name, {}, f"{ended.message} {ended.remedy}".strip())
    with stores.db.reading() as session:
        rows = session.exec(select(Artifact).where(Artifact.result_key == ended.key)).all()
    return Panel(run.name, {row.path: row.digest for row in rows})


def make_ready(stores: Stores, slug: str, commit: str) -> None:
    """As `panels_of`, for a worker: what is made now need not be waited for later."""
    try:
        panels_of(stores, slug, commit)
    except RegistryError as error:
        _log.warning("No panels of %s were made: %s", slug, error.message)
