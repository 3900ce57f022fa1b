"""The end of a build: one bill of materials, the build book, the bundle, and what lists show of the design."""

from __future__ import annotations

import json
from typing import Any

from sqlmodel import Session

from registry.builds import bundle, progress
from registry.builds.bom.merge import BoardParts, PartFacts, TableLines, merge
from registry.builds.documents import book_target
from registry.builds.made import Made, gather
from registry.builds.schemas import Materials
from registry.builds.tables import Artifact, Build, TargetRun
from registry.designs import service as designs
from registry.designs.tables import Design, Revision
from registry.stores.git import GitTree
from registry.stores.stores import Stores
from registry.stores.warm import WarmFamilies
from registry.values import utcnow


def merge_materials(stores: Stores, made: list[Made]) -> Materials:
    """The one bill of materials of a version, from its boards, parts and tables."""
    boards, tables, parts = [], [], []
    for item in made:
        if item.run.kind == "board" and (components := item.first("components")):
            boards.append(BoardParts(item.run.name, item.run.source, _json(stores, components), item.facts))
        elif item.run.kind == "bom" and (lines := item.first("lines")):
            tables.append(TableLines(item.run.name, item.run.source, _json(stores, lines)))
        elif item.run.kind == "part":
            parts.append(PartFacts(item.run.name, item.run.title, item.run.source, item.facts))
    return merge(boards, tables, parts)


def _json(stores: Stores, artifact: Artifact) -> Any:
    return json.loads(stores.blobs.read(artifact.digest))


def finish(
    stores: Stores, build: Build, design: Design, revision: Revision, tree: GitTree, warm: WarmFamilies | None
) -> None:
    """Merge, document, bundle; then say in one transaction that the build has ended."""
    build_id = build.id or 0
    with stores.db.reading() as session:
        made = gather(session, build_id)
    materials = merge_materials(stores, made)
    materials_digest = stores.blobs.put(materials.model_dump_json().encode())
    _make_book(stores, build, design, revision, tree, made, materials, warm)
    with stores.db.reading() as session:
        made = gather(session, build_id)
    packed = bundle.make(stores, design, revision, tree, made, materials)
    failed = [item.run for item in made if item.run.state != "done"]

    def end(session: Session) -> None:
        row = session.get_one(Build, build_id)
        if row.worker != build.worker:
            return  # another worker took it over, and says when it has ended
        row.materials_digest = materials_digest
        row.bundle_digest, row.bundle_bytes = packed.digest, packed.size_bytes
        row.state = "failed" if failed else "done"
        row.message = f"{len(failed)} of {len(made)} targets could not be built." if failed else ""
        row.finished_at, row.lease_until = utcnow(), None
        session.add(row)

    stores.db.retrying(end)
    _tell_design(stores, revision, made, materials)


def _make_book(
    stores: Stores,
    build: Build,
    design: Design,
    revision: Revision,
    tree: GitTree,
    made: list[Made],
    materials: Materials,
    warm: WarmFamilies | None,
) -> None:
    def plan(session: Session) -> int:
        run = TargetRun(
            build_id=build.id or 0,
            position=len(made),
            builder="book",
            kind="book",
            name="book",
            title="Build book",
            source=str(revision.about.get("readme", "")),
        )
        session.add(run)
        session.flush()
        return run.id or 0

    run_id = stores.db.retrying(plan)
    progress.start_run(stores, run_id)
    ended = book_target(
        stores, design, revision, tree, made, materials, progress.step_recorder(stores, run_id), warm, force=build.force
    )
    progress.end_run(stores, run_id, ended)


def _tell_design(stores: Stores, revision: Revision, made: list[Made], materials: Materials) -> None:
    targets = [item for item in made if item.run.kind in ("board", "part")]
    good = [item for item in targets if item.run.state == "done"]
    some = [item for item in targets if item.artifacts]
    readiness = "built" if len(good) == len(targets) else "partly" if some else "failed"
    book = next((item for item in made if item.run.kind == "book"), None)
    words = [
        " ".join((line.description, line.value, line.manufacturer, line.mpn, *line.suppliers.values()))
        for line in materials.lines
    ]
    designs.record_built(
        stores,
        revision.id or 0,
        boards=sum(item.run.kind == "board" for item in targets),
        parts=sum(item.run.kind == "part" for item in targets),
        tools=sorted({_TOOL_NAMES.get(item.run.builder, item.run.builder) for item in targets}),
        readiness=readiness,
        picture=picture_address(book),
        part_words=" ".join([item.run.title for item in targets] + words)[:400_000],
    )


_TOOL_NAMES = {
    "kicad": "KiCad",
    "cadquery": "CadQuery",
    "openscad": "OpenSCAD",
    "step": "STEP",
    "fcstd": "FreeCAD",
    "mesh": "STL",
}


def picture_address(book: Made | None) -> str:
    """Address of the middle one of the design's three pictures, or ''."""
    if book is None or not book.run.key or not any(a.path == "picture-800.webp" for a in book.artifacts):
        return ""
    return f"/artifacts/{book.run.key}/picture-800.webp"
