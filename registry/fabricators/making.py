"""What a version needs, as it stands in the database: derived once per build, with designers' corrections over it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, delete, select

from registry.accounts.queries import handle_of
from registry.builds import queries as builds
from registry.builds.made import Made, gather
from registry.builds.schemas import Materials
from registry.builds.tables import Build
from registry.designs.queries import find_design, find_revision
from registry.designs.tables import Design, Revision
from registry.errors import Forbidden, Invalid
from registry.fabricators.deriving import VersionInput, derive
from registry.fabricators.making_schemas import CorrectionView, NeedsView
from registry.fabricators.needs import RULES_VERSION, Limit, Need, Needs
from registry.fabricators.needs_boards import BoardInput
from registry.fabricators.needs_parts import PartInput
from registry.fabricators.needs_tables import DesignNeed, VersionNeeds
from registry.fabricators.tables import Correction
from registry.fabricators.vocabulary import PARAMETERS, PROCESSES, find_process
from registry.stores.stores import Stores
from registry.values import utcnow

WHY_CHARS = 500
UNREAD_AT_ONCE = 25


def read_version(stores: Stores, slug: str, label: str | None) -> NeedsView:
    """What a version needs; derived now if no worker or reader did so before. Raises: NotFound."""
    with stores.db.reading() as session:
        design = find_design(session, slug)
        revision = find_revision(session, design, label)
        build_id = _build_of(session, revision.id or 0)
        kept = session.get(VersionNeeds, revision.id)
        needs = _kept(kept, build_id)
    if needs is None and build_id is not None:
        needs = derive_version(stores, design, revision, build_id)
    needs = needs or Needs(unknown=("This version has not been built yet: what it needs is not known.",))
    with stores.db.reading() as session:
        corrections = _corrections(session, revision.id or 0)
    return NeedsView(
        design=design.slug,
        version=revision.name,
        build_id=build_id,
        needs=list(corrected(needs.needs, corrections)),
        unknown=list(needs.unknown),
        derived=list(needs.needs),
        corrections=corrections,
    )


def _kept(kept: VersionNeeds | None, build_id: int | None) -> Needs | None:
    if kept is None or kept.build_id != build_id or kept.rules != RULES_VERSION:
        return None
    return Needs.model_validate(kept.data)


def _build_of(session: Session, revision_id: int) -> int | None:
    """The last build of a version that ended with materials."""
    return session.exec(
        select(Build.id)
        .where(Build.revision_id == revision_id, Build.materials_digest != "")
        .order_by(col(Build.id).desc())
    ).first()


def derive_version(stores: Stores, design: Design, revision: Revision, build_id: int) -> Needs:
    """Derive what a version needs from a build, and keep it: whole, and in rows if it is the newest."""
    with stores.db.reading() as session:
        version = _gathered(stores, session, revision, build_id)
        corrections = _corrections(session, revision.id or 0)
    needs = derive(version)

    def keep(session: Session) -> None:
        row = session.get(VersionNeeds, revision.id) or VersionNeeds(
            revision_id=revision.id or 0, design_id=design.id or 0, build_id=build_id, rules=RULES_VERSION
        )
        row.build_id, row.rules, row.data = build_id, RULES_VERSION, needs.model_dump(mode="json")
        row.derived_at = utcnow()
        session.add(row)
        if revision.newest and revision.current:
            _keep_rows(session, design.id or 0, revision.id or 0, corrected(needs.needs, corrections))

    stores.db.retrying(keep)
    return needs


def _keep_rows(session: Session, design_id: int, revision_id: int, needs: tuple[Need, ...]) -> None:
    session.exec(delete(DesignNeed).where(col(DesignNeed.design_id) == design_id))
    for need in needs:
        if need.by_yourself:
            continue
        hull = need.hull_mm or (0.0, 0.0, 0.0)
        session.add(
            DesignNeed(
                design_id=design_id,
                revision_id=revision_id,
                need=need.id,
                way="-".join(need.processes) or "other",
                x_mm=hull[0],
                y_mm=hull[1],
            )
        )


def _gathered(stores: Stores, session: Session, revision: Revision, build_id: int) -> VersionInput:
    """What was built and read of a version, as plain data."""
    made = gather(session, build_id)
    materials = builds.get_materials(stores, session, build_id) or Materials(lines=[])
    boards = [item for item in made if item.run.kind == "board"]
    own = [line for line in materials.lines if line.kind == "board"]
    rows: list[dict[str, Any]] = []
    for item in made:
        if item.run.kind == "bom" and (lines := item.first("lines")):
            rows += json.loads(stores.blobs.read(lines.digest))
    return VersionInput(
        boards=[
            BoardInput(
                name=item.run.name,
                title=item.run.title,
                source=item.run.source,
                facts=item.facts,
                lines=[line for line in materials.lines if _is_on(line.uses, item.run.name) and line.kind != "board"],
                placed=_placed(stores, item),
                own_line=next((line for line in own if _names(line, item.run.name, len(boards))), None),
            )
            for item in boards
        ],
        parts=[
            PartInput(item.run.name, item.run.title, item.run.source, item.run.builder, item.facts)
            for item in made
            if item.run.kind == "part"
        ],
        rows=rows,
        lines=materials.lines,
        about=revision.about,
    )


def _placed(stores: Stores, item: Made) -> dict[str, int] | None:
    """How many parts are placed on each side of a board, and how they are mounted."""
    artifact = item.first("components")
    if artifact is None:
        return None
    counts = {"top": 0, "bottom": 0, "smd": 0, "tht": 0}
    for part in json.loads(stores.blobs.read(artifact.digest)):
        left_out = part.get("dnp") or part.get("exclude_from_bom")
        if part.get("on_board") and not left_out and part.get("technology") in ("smd", "tht"):
            counts[part["technology"]] += 1
            counts["bottom" if part.get("side") == "bottom" else "top"] += 1
    return counts if counts["top"] or counts["bottom"] else None


def _is_on(uses: list[Any], board: str) -> bool:
    return any(use.target == board and use.designators for use in uses)


def _names(line: Any, board: str, boards: int) -> bool:
    """Whether a line of the bill is the bare board of this name."""
    return boards == 1 or any(use.target == board for use in line.uses) or board in f"{line.description} {line.notes}"


def derive_unread(stores: Stores) -> int:
    """Derive the needs of some designs that nobody looked at yet. Returns: how many are left."""
    newest = (
        select(Revision.id)
        .join(Design, col(Design.id) == col(Revision.design_id))
        .join(VersionNeeds, col(VersionNeeds.revision_id) == col(Revision.id), isouter=True)
        .where(col(Revision.newest), col(Revision.current), col(Design.readiness).in_(("built", "partly")))
        .where((col(VersionNeeds.revision_id).is_(None)) | (col(VersionNeeds.rules) != RULES_VERSION))
        .order_by(col(Revision.id).desc())
    )
    with stores.db.reading() as session:
        waiting = list(session.exec(newest))
    done = 0
    for revision_id in waiting[:UNREAD_AT_ONCE]:
        with stores.db.reading() as session:
            revision = session.get_one(Revision, revision_id)
            design = session.get_one(Design, revision.design_id)
            build_id = _build_of(session, revision_id or 0)
        if build_id is not None:
            derive_version(stores, design, revision, build_id)
        done += 1
    return len(waiting) - done


def follow_newest(stores: Stores) -> int:
    """Put the needs of the version that is the newest now in place of those of one that was. Returns: of how many.

    A tag that is taken away, or a branch that is followed instead, makes another version the newest without a build.
    """
    now, was = aliased(Revision), aliased(Revision)
    left: Any = (
        select(VersionNeeds.revision_id, VersionNeeds.design_id)
        .join(now, col(now.id) == col(VersionNeeds.revision_id))
        .join(DesignNeed, col(DesignNeed.design_id) == col(VersionNeeds.design_id))
        .join(was, col(was.id) == col(DesignNeed.revision_id))
        .where(col(now.newest), col(now.current), ~(col(was.newest) & col(was.current)))
        .distinct()
    )
    with stores.db.reading() as session:
        moved = [(revision_id, design_id) for revision_id, design_id in session.exec(left)]

    def follow(session: Session, revision_id: int, design_id: int) -> bool:
        row = session.get_one(VersionNeeds, revision_id)
        needs = corrected(Needs.model_validate(row.data).needs, _corrections(session, revision_id))
        if all(need.by_yourself for need in needs):
            return False  # nothing to compare: the old rows stay for when their version comes back, and are not shown
        _keep_rows(session, design_id, revision_id, needs)
        row.derived_at = utcnow()  # who keeps what designs need in memory reads it again
        session.add(row)
        return True

    return sum(stores.db.retrying(partial(follow, revision_id=one, design_id=of)) for one, of in moved)


def keep_read(stores: Stores) -> None:
    """What a worker looks after between builds: nobody's first look waits for needs to be derived."""
    follow_newest(stores)
    derive_unread(stores)


def install(stores: Stores) -> None:
    """Let workers derive the needs of what was built."""
    hooks = stores.hooks.setdefault("worker.keep", [])
    if keep_read not in hooks:
        hooks.append(keep_read)


# --- corrections


@dataclass(frozen=True)
class Said:
    """A correction as it comes in: a need's id or 'new', a parameter or 'drop' or 'keep', and words."""

    need: str
    parameter: str
    value: str
    why: str


def correct(stores: Stores, account_id: int, is_steward: bool, slug: str, label: str | None, said: Said) -> None:
    """Say what a version needs in place of what was derived: set a limit, drop a need, or add one (the value is its
    process). Raises: NotFound, Forbidden, Invalid."""
    view = read_version(stores, slug, label)
    with stores.db.reading() as session:
        design = find_design(session, slug)
        revision = find_revision(session, design, label)
    if not (is_steward or (design.owner_id is not None and design.owner_id == account_id)):
        raise Forbidden("Only who submitted a design, or a steward, may correct its needs.", "Ask one of them.")
    why = " ".join(said.why.split())
    if not why or len(why) > WHY_CHARS:
        raise Invalid(f"why: say in a sentence of at most {WHY_CHARS} letters why.", "Others rely on it.", field="why")
    need = said.need
    if need == "new":
        process = find_process(said.value)
        if process is None:
            raise Invalid(f"value: {said.value[:80]!r} is no process that is known here.", "Choose one.", field="value")
        need, value = f"{process.id}-said", {"what": "add", "parameter": process.id, "value": True}
    else:
        known = {one.id for one in [*view.derived, *view.needs]}
        if need not in known:
            raise Invalid("need: this version has no such need.", "Choose one of its needs.", field="need")
        value = _checked(said.parameter, said.value)

    def keep(session: Session) -> None:
        session.add(Correction(revision_id=revision.id or 0, account_id=account_id, need=need, value=value, why=why))
        session.flush()
        if revision.newest and revision.current:
            after = corrected(tuple(view.derived), _corrections(session, revision.id or 0))
            _keep_rows(session, design.id or 0, revision.id or 0, after)
            if (row := session.get(VersionNeeds, revision.id)) is not None:
                row.derived_at = utcnow()  # who keeps what designs need in memory reads it again
                session.add(row)

    stores.db.retrying(keep)


def _checked(parameter: str, said: str) -> dict[str, Any]:
    """A correction's value, as the vocabulary understands it. Raises: Invalid."""
    if parameter in ("drop", "keep"):
        return {"what": parameter, "parameter": "", "value": None}
    known = PARAMETERS.get(parameter)
    if known is None:
        raise Invalid(f"parameter: {parameter[:80]!r} is nothing that limits a machine.", field="parameter")
    text = said.strip()
    if not text:
        return {"what": "set", "parameter": parameter, "value": None}
    if known.kind in ("number", "integer"):
        try:
            number = float(text.replace(",", ".").removesuffix(known.unit).strip())
        except ValueError:
            raise Invalid(
                f"value: {text[:40]!r} is no number.", f"Write it in {known.unit or 'digits'}.", field="value"
            ) from None
        if not 0 <= number < 1e7:
            raise Invalid(
                f"value: {text[:40]} is out of range.", "Write a length or count that can be made.", field="value"
            )
        return {"what": "set", "parameter": parameter, "value": int(number) if known.kind == "integer" else number}
    if known.kind == "bool":
        return {"what": "set", "parameter": parameter, "value": text.lower() in ("yes", "true", "1", "on")}
    if known.choices and text not in known.choices:
        raise Invalid(f"value: {text[:40]!r} is not one of {', '.join(known.choices)}.", field="value")
    return {"what": "set", "parameter": parameter, "value": text}


def _corrections(session: Session, revision_id: int) -> list[CorrectionView]:
    rows = session.exec(select(Correction).where(Correction.revision_id == revision_id).order_by(col(Correction.id)))
    return [
        CorrectionView(
            need=row.need,
            what=str((row.value or {}).get("what", "drop")),
            parameter=str((row.value or {}).get("parameter", "")),
            value=(row.value or {}).get("value"),
            why=row.why,
            by=handle_of(session, row.account_id) or "",
            made_at=row.made_at,
        )
        for row in rows
    ]


def corrected(needs: tuple[Need, ...], corrections: list[CorrectionView]) -> tuple[Need, ...]:
    """Needs as designers corrected them; of several corrections of one thing the last counts."""
    found = {need.id: need for need in needs}
    dropped: set[str] = set()
    for one in corrections:
        if one.what == "add" and one.parameter in PROCESSES:
            found.setdefault(
                one.need,
                Need(
                    id=one.need,
                    process=one.parameter,
                    processes=(one.parameter,),
                    subject="whole",
                    title=PROCESSES[one.parameter].name,
                    evidence=(f"said by {one.by or 'a designer'}",),
                    corrected=True,
                ),
            )
        elif one.need not in found:
            continue
        elif one.what == "drop":
            dropped.add(one.need)
        elif one.what == "keep":
            dropped.discard(one.need)
        else:
            found[one.need] = _set(found[one.need], one)
    return tuple(need for id_, need in found.items() if id_ not in dropped)


def _set(need: Need, one: CorrectionView) -> Need:
    limits = [limit for limit in need.limits if limit.parameter != one.parameter]
    if one.value is not None:
        said = f"said by {one.by or 'a designer'}: {one.why}"
        limits.append(Limit(parameter=one.parameter, value=one.value, evidence=said))
    return need.model_copy(update={"limits": tuple(limits), "corrected": True})
