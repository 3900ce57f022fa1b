"""Travellers: the paper that goes with a batch or with one unit through the workshop, and is signed there."""

from __future__ import annotations

import json
import logging
from pathlib import PurePosixPath
from typing import Any

from sqlmodel import Session, select

from registry import limits
from registry.batches import rules, service, steps, unit_queries, unit_rules, units
from registry.batches.makers import makers_of, words_of
from registry.batches.papers import Paper, lay_out, make_pdf
from registry.batches.tables import Batch
from registry.batches.unit_schemas import UnitItem
from registry.builds import checking
from registry.builds.made import Made, gather
from registry.builds.queries import get_materials
from registry.builds.schemas import BomLine
from registry.builds.tables import Build
from registry.designs.mirrors import open_tree
from registry.designs.tables import Design, Revision
from registry.errors import NotFound, RegistryError
from registry.fabricators.tables import Fabricator
from registry.stores.stores import Stores

_DRAWN_MAX = 24
_LINES_MAX = 400
_DOCS_MAX = 12
_log = logging.getLogger(__name__)


def batch_traveller(stores: Stores, batch_id: int) -> bytes:
    """The PDF for a whole batch, with a line for each unit. Raises: NotFound, Unavailable."""
    return make_pdf(stores, lay_out_batch(stores, batch_id))


def unit_traveller(stores: Stores, batch_id: int, serial: str) -> bytes:
    """The PDF for one unit. Raises: NotFound, Unavailable."""
    return make_pdf(stores, lay_out_batch(stores, batch_id, serial))


def told_steps(stores: Stores, batch_id: int) -> list[steps.Chapter]:
    """Steps and checks that a batch's papers print. Raises: NotFound."""
    with stores.db.reading() as session:
        batch = session.get(Batch, batch_id)
        if batch is None:
            raise NotFound(f"There is no batch {batch_id}.", "Look at the list of batches.")
        design, revision = session.get_one(Design, batch.design_id), session.get_one(Revision, batch.revision_id)
    return _told(stores, design, revision)


def lay_out_batch(stores: Stores, batch_id: int, serial: str = "") -> Paper:
    """The traveller as a page: of the batch, or of the unit with this serial. Raises: NotFound."""
    paper = Paper()
    with stores.db.reading() as session:
        batch = session.get(Batch, batch_id)
        if batch is None:
            raise NotFound(f"There is no batch {batch_id}.", "Look at the list of batches.")
        design, revision = session.get_one(Design, batch.design_id), session.get_one(Revision, batch.revision_id)
        maker = session.get_one(Fabricator, units.lead_of(session, batch))
        listed = unit_queries.all_units(session, batch_id).units
        unit = unit_queries.unit_item(units.find(session, batch_id, serial)) if serial else None
        done = service.counted(session, batch_id)
        made, lines = _built(stores, session, revision)
        shares = [
            (session.get_one(Fabricator, row.fabricator_id).name, words_of(row.stages))
            for row in makers_of(session, batch_id)
            if not row.leads
        ]
    told = _told(stores, design, revision)
    alive = sum(row.state != "scrap" for row in listed)
    number = 1 if unit else max(batch.reserved, alive) or batch.units_max
    address = f"{stores.settings.public_url}/batches/{batch_id}" + (f"/units/{serial}" if serial else "")
    paper.html = lay_out(
        "traveller.html",
        batch=batch, design=design, revision=revision, maker=maker, unit=unit, units=[] if unit else listed,
        number=number, address=address, done=done, stages=rules.STAGES, stage_words=rules.STAGE_WORDS,
        passing=unit_rules.PASSING, has_passed=_has_passed, lines=lines[:_LINES_MAX],
        left_out=max(0, len(lines) - _LINES_MAX),
        chapters=[chapter for chapter in told if not chapter.checks],
        checks=[chapter for chapter in told if chapter.checks], nothing=rules.Count(),
        boards=[_board(stores, paper, item) for item in made if item.run.kind == "board" and item.artifacts],
        shares=shares, reached=_reached(batch, unit),
        parts=[_part(paper, item) for item in made if item.run.kind == "part" and item.artifacts][:_DRAWN_MAX],
    )  # fmt: skip
    return paper


def _has_passed(unit: UnitItem, stage: str) -> bool:
    passed = unit.passed
    return bool(passed) and unit_rules.PASSING.index(passed) >= unit_rules.PASSING.index(stage)


def _reached(batch: Batch, unit: UnitItem | None) -> set[str]:
    """The stages of a unit that are not its own count: its batch has its materials, and it has left."""
    found = {"materials"} if batch.state in (*rules.STAGES, "closed") else set()
    left = unit is not None and unit.state not in ("planned", "scrap", *unit_rules.PASSING)
    return found | ({"shipped"} if left else set())


def _built(stores: Stores, session: Session, revision: Revision) -> tuple[list[Made], list[BomLine]]:
    """What the version's last build with files made; nothing before there is one."""
    build = session.exec(
        select(Build.id).where(Build.revision_id == revision.id, Build.bundle_digest != "").order_by(Build.id.desc())  # type: ignore[union-attr]
    ).first()
    if build is None:
        return [], []
    materials = get_materials(stores, session, build)
    return gather(session, build), [line for line in materials.lines if line.quantity] if materials else []


def _told(stores: Stores, design: Design, revision: Revision) -> list[steps.Chapter]:
    """Steps and checks of the design's own documents; a repository that is away gives none."""
    about: dict[str, Any] = revision.about
    paths = list(dict.fromkeys([str(about.get("readme", "")), *map(str, about.get("docs", []))]))
    found: list[steps.Chapter] = []
    try:
        with open_tree(stores, design, revision) as tree:
            for path in paths[:_DOCS_MAX]:
                if path in tree.files and PurePosixPath(path).suffix.lower() in (".md", ".markdown", ".mkd", ""):
                    found += steps.chapters(tree.read(path, limits.README_BYTES).decode("utf-8", errors="replace"))
    except RegistryError as error:
        _log.warning("A traveller of %s is made without the steps of its documents: %s", design.slug, error.message)
    room = steps.STEPS_MAX
    for chapter in found:
        chapter.steps = chapter.steps[:room]
        room -= len(chapter.steps)
    return [chapter for chapter in found if chapter.steps]


def _show(paper: Paper, item: Made, path: str) -> str:
    """The place beside the page of a made file, or ''."""
    artifact = next((row for row in item.artifacts if row.path == path), None)
    if artifact is None:
        return ""
    at = f"made/{item.run.kind}-{item.run.position:03d}-{PurePosixPath(path).name}"
    paper.from_store[at] = artifact.digest
    return at


def _board(stores: Stores, paper: Paper, item: Made) -> dict[str, Any]:
    report = item.first("checks")
    groups = checking.checks(json.loads(stores.blobs.read(report.digest))) if report else []
    return {
        "title": item.run.title,
        "facts": item.facts,
        "top": _show(paper, item, "top.png"),
        "bottom": _show(paper, item, "bottom.png"),
        "groups": groups,
    }


def _part(paper: Paper, item: Made) -> dict[str, Any]:
    views = [
        view for name in ("isometric", "front", "top", "right") if (view := _show(paper, item, f"view-{name}.svg"))
    ]
    return {
        "title": item.run.title,
        "facts": item.facts,
        "views": views or [view for view in [_show(paper, item, "picture.png")] if view],
    }
