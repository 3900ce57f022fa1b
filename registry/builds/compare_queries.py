"""What a comparison of two versions reads."""

from __future__ import annotations

import json
import logging
from typing import Any

from sqlmodel import Session

from registry.builds import queries, views
from registry.builds.compare_schemas import Comparison
from registry.builds.comparing import Files, Side, compare
from registry.builds.schemas import BuildView
from registry.designs import mirrors
from registry.designs.queries import find_design, find_revision, version_detail
from registry.designs.tables import Design, Revision
from registry.errors import NotFound, RegistryError
from registry.stores.stores import Stores

_log = logging.getLogger(__name__)


def read_comparison(stores: Stores, slug: str, old: str, new: str) -> Comparison:
    """What changed from one version of a design to another. Raises: NotFound for a version that is not there."""
    with stores.db.reading() as session:
        design = find_design(session, slug)
        revisions = [find_revision(session, design, label) for label in (old, new)]
        sides = [_side(stores, session, design, revision) for revision in revisions]
    if revisions[0].commit == revisions[1].commit:
        files: list[Files | None] = [{}, {}]  # the same tree: there is nothing to read
    else:
        files = [_files(stores, design, revision) for revision in revisions]
    whole = [
        Side(side.version, side.build, side.materials, side.reports, listed)
        for side, listed in zip(sides, files, strict=True)
    ]
    return compare(slug, whole[0], whole[1])


def _side(stores: Stores, session: Session, design: Design, revision: Revision) -> Side:
    build = queries.newest_build(session, revision.id or 0)
    return Side(
        version=version_detail(design, revision),
        build=build,
        materials=queries.get_materials(stores, session, build.id) if build else None,
        reports=_reports(stores, build) if build else {},
    )


def _reports(stores: Stores, build: BuildView) -> dict[str, Any]:
    """The rule reports of all boards; one that can't be read is left out."""
    found = {}
    for board in build.boards:
        artifact = board.first("checks")
        if artifact is None or artifact.size_bytes > views.JSON_BYTES:
            continue
        try:
            found[board.name] = json.loads(stores.blobs.read(artifact.sha256))
        except (ValueError, NotFound):
            continue
    return found


def _files(stores: Stores, design: Design, revision: Revision) -> Files | None:
    try:
        with mirrors.open_tree(stores, design, revision) as tree:
            return {path: (file.blob, file.size_bytes) for path, file in tree.files.items()}
    except RegistryError as error:
        _log.warning("The files of %s %s can't be compared: %s", design.slug, revision.name, error)
        return None
