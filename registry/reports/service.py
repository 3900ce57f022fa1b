"""Use cases of build reports. Whoever writes holds the design's row, so that standing is counted by one at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session, col, func, select

from registry import limits
from registry.accounts.tables import Account
from registry.batches import steps
from registry.batches.delivery_queries import delivered_unit
from registry.batches.money import check_currency
from registry.batches.tables import Batch, BatchMaker
from registry.batches.unit_tables import Unit
from registry.builds import queries as builds
from registry.builds.schemas import BomLine
from registry.designs import files as version_files
from registry.designs.queries import find_design, find_revision
from registry.designs.schemas import VersionDetail
from registry.designs.standing import set_standing
from registry.designs.tables import Design, Revision
from registry.errors import Conflict, Forbidden, Invalid, NotFound, RegistryError
from registry.fabricators import pictures, place
from registry.fabricators.tables import Fabricator, Member
from registry.fabricators.vocabulary import fold
from registry.reports import rules
from registry.reports.schemas import ChangeWish, ReportWish, StateWish
from registry.reports.tables import BuildReport, ReportEvent, ReportVersion
from registry.stores.stores import Stores
from registry.values import utcnow

_DOCS, _STEPS = 8, 60
Upload = tuple[bytes, str]  # a photo as it came, and words on it


def report(
    stores: Stores, account_id: int, slug: str, label: str, wish: ReportWish, photos: Sequence[Upload] = ()
) -> int:
    """Tell how building a version went. Returns: the report's id. Raises: Invalid, TooLarge, Conflict, NotFound."""
    with stores.db.reading() as session:
        design = find_design(session, slug)
        revision = find_revision(session, design, label or None)
    told = _understood(stores, revision, wish)
    told["photos"] = _kept_photos(stores, photos)
    with stores.db.transaction() as session:
        held = _held(session, design.id or 0)
        count = select(func.count(col(BuildReport.id))).where(
            BuildReport.account_id == account_id, BuildReport.revision_id == revision.id
        )
        if session.exec(count).one() >= limits.REPORTS_PER_PERSON:
            raise Conflict(
                f"You have told of this version {limits.REPORTS_PER_PERSON} times.", "Revise one of your reports."
            )
        row = BuildReport(design_id=held.id or 0, revision_id=revision.id or 0, account_id=account_id)
        row.unit_id = _unit(session, account_id, row, wish.unit)
        session.add(row)
        session.flush()
        session.add(ReportVersion(report_id=row.id or 0, number=1, **told))
        session.add(ReportEvent(report_id=row.id or 0, action="written", account_id=account_id))
        _settle(session, held, row.revision_id)
        return row.id or 0


def revise(
    stores: Stores, account_id: int, report_id: int, wish: ReportWish, photos: Sequence[Upload] = (),
    dropped: Sequence[str] = (),
) -> int:  # fmt: skip
    """Word one's own report anew; the old wording stays to be read. `dropped` names photos that are left out.

    Returns: the number of the wording. Raises: Forbidden, Conflict, Invalid, NotFound.
    """
    if not wish.why:
        raise Invalid("A new wording says what it changes.", "Say it in a few words.", field="why")
    with stores.db.reading() as session:
        revision = session.get_one(Revision, _own(session, account_id, report_id).revision_id)
    told = _understood(stores, revision, wish)
    added = _kept_photos(stores, photos)
    with stores.db.transaction() as session:
        design = _held(session, revision.design_id)
        row = _own(session, account_id, report_id)
        if row.state != "shown":
            raise Conflict(f"This report is {row.state}.", "Write a new one.")
        before = session.exec(
            select(ReportVersion).where(ReportVersion.report_id == row.id, ReportVersion.number == row.version)
        ).one()
        kept = [photo for photo in before.photos if photo["files"]["1600"] not in dropped]
        told["photos"] = [*kept, *added]
        if len(told["photos"]) > limits.REPORT_PHOTOS:
            raise Conflict(f"A report has at most {limits.REPORT_PHOTOS} photos.", "Leave some out.")
        row.unit_id = _unit(session, account_id, row, wish.unit)
        row.version += 1
        row.updated_at = utcnow()
        session.add(row)
        session.add(ReportVersion(report_id=row.id or 0, number=row.version, **told))
        session.add(ReportEvent(report_id=row.id or 0, action="revised", why=wish.why, account_id=account_id))
        session.flush()
        _settle(session, design, row.revision_id)
        return row.version


def add_photo(stores: Stores, account_id: int, report_id: int, photo: Upload) -> int:
    """Add a photo to one's own report, as a new wording of the same words.

    Returns: the number of the wording. Raises: Conflict, Forbidden, Invalid, NotFound, TooLarge.
    """
    with stores.db.reading() as session:
        design_id = _own(session, account_id, report_id).design_id  # before a photo of 50 megapixels is looked at
    added = _kept_photos(stores, [photo])
    with stores.db.transaction() as session:
        _held(session, design_id)
        row = _own(session, account_id, report_id)
        session.refresh(row)
        if row.state != "shown":
            raise Conflict(f"This report is {row.state}.", "Write a new one.")
        before = session.exec(
            select(ReportVersion).where(ReportVersion.report_id == row.id, ReportVersion.number == row.version)
        ).one()
        if len(before.photos) >= limits.REPORT_PHOTOS:
            raise Conflict(f"A report has at most {limits.REPORT_PHOTOS} photos.", "Leave some out.")
        row.version, row.updated_at, why = row.version + 1, utcnow(), "A photo was added."
        told = before.model_dump(exclude={"id", "number", "photos", "why", "made_at"})
        session.add(row)
        session.add(ReportVersion(number=row.version, photos=[*before.photos, *added], why=why, **told))
        session.add(ReportEvent(report_id=report_id, action="revised", why=why, account_id=account_id))
        return row.version


def change_state(stores: Stores, account_id: int, report_id: int, wish: StateWish) -> None:
    """Withdraw one's own report; as a steward, hide one with a reason, or show it again. Raises: Forbidden, ..."""
    with stores.db.reading() as session:
        design_id = find_report(session, report_id).design_id
    with stores.db.transaction() as session:
        design = _held(session, design_id)
        row = find_report(session, report_id)
        session.refresh(row)
        if wish.action == "withdraw":
            _own(session, account_id, report_id)
            was, becomes = "shown", "withdrawn"
        else:
            if not session.get_one(Account, account_id).is_steward:
                raise Forbidden("Only the stewards of this registry hide reports.", "Tell one of them what is wrong.")
            if not wish.why.strip():
                raise Invalid("A report is hidden or shown again with a reason.", "Say why.", field="why")
            was, becomes = ("shown", "hidden") if wish.action == "hide" else ("hidden", "shown")
        if row.state != was:
            raise Conflict(f"This report is {row.state}.", "Look at its history.")
        row.state, row.updated_at = becomes, utcnow()
        session.add(row)
        action = {"withdraw": "withdrawn", "hide": "hidden", "show": "shown again"}[wish.action]
        session.add(ReportEvent(report_id=report_id, action=action, why=wish.why.strip(), account_id=account_id))
        session.flush()
        _settle(session, design, row.revision_id)


def find_report(session: Session, report_id: int) -> BuildReport:
    """The row of a report. Raises: NotFound."""
    row = session.get(BuildReport, report_id)
    if row is None:
        raise NotFound(f"There is no report {report_id}.", "Look at the reports of the version.")
    return row


def _own(session: Session, account_id: int, report_id: int) -> BuildReport:
    row = find_report(session, report_id)
    if row.account_id != account_id:
        raise Forbidden("Only who wrote a report changes it.", "Write one of your own.")
    return row


def _held(session: Session, design_id: int) -> Design:
    return session.exec(select(Design).where(Design.id == design_id).with_for_update()).one()


def _unit(session: Session, account_id: int, row: BuildReport, serial: str) -> int | None:
    if not serial.strip():
        return None
    unit = delivered_unit(session, account_id, serial)
    if unit.revision_id != row.revision_id:
        raise Invalid(
            f"Unit {unit.serial} is of {unit.design} {unit.version}.", "Tell how it went there.", field="unit"
        )
    return unit.unit_id


def _kept_photos(stores: Stores, photos: Sequence[Upload]) -> list[dict[str, Any]]:
    if len(photos) > limits.REPORT_PHOTOS:
        raise Invalid(f"A report has at most {limits.REPORT_PHOTOS} photos.", "Choose the best.", field="photo")
    made = [(pictures.read_photo(content), words) for content, words in photos]  # all of them, before any is kept
    return [
        {
            "files": {str(width): stores.blobs.put(data) for width, data in photo.files.items()},
            "words": " ".join(words.split())[: limits.SUMMARY_CHARS],
            "width_px": photo.width_px,
            "height_px": photo.height_px,
        }
        for photo, words in made
    ]


def _understood(stores: Stores, revision: Revision, wish: ReportWish) -> dict[str, Any]:
    """A wish as a wording's columns. Raises: Invalid."""
    country = place.find_country(wish.country)
    if not country:
        raise Invalid(f"{wish.country[:60]} is no country.", "Write its name, such as Belgium.", field="country")
    if wish.precision == "town" and not wish.town:
        raise Invalid("No town is named that could be shown.", "Name it, or show less.", field="town")
    if wish.outcome == "failed" and not wish.failed_step:
        raise Invalid("Where it failed is not said.", "Name the step.", field="failed_step")
    if wish.outcome == "changed" and not wish.changes and not wish.words:
        raise Invalid("No change is told.", "Say what was built otherwise.", field="changes")
    if wish.built_on and wish.built_on > utcnow().date():
        raise Invalid("That day has not come yet.", "Write the day it was built.", field="built_on")
    told = wish.model_dump(exclude={"unit", "changes", "tests", "currency", "country", "failed_step"})
    return told | {
        "country": country,
        "failed_step": wish.failed_step if wish.outcome == "failed" else "",
        "currency": check_currency(wish.currency) if wish.cost_minor is not None else "",
        "changes": _changes(stores, revision, wish.changes),
        "tests": [test.model_dump() for test in wish.tests],
    }


def lines_of(stores: Stores, revision_id: int) -> list[BomLine]:
    """The merged bill of materials of a version; empty if there is none."""
    with stores.db.reading() as session:
        build = builds.newest_build(session, revision_id)
        materials = builds.get_materials(stores, session, build.id) if build else None
    return list(materials.lines) if materials else []


def steps_of(stores: Stores, slug: str, version: VersionDetail) -> tuple[list[str], list[str]]:
    """(steps, checks) that a version's own documents list; each empty where they list none."""
    making: list[str] = []
    checks: list[str] = []
    for path in dict.fromkeys([version.readme_path, *version.docs[:_DOCS]]):
        if not path.lower().endswith((".md", ".markdown")):
            continue
        try:
            found = steps.chapters(version_files.read_text(stores, slug, version.label, path))
        except RegistryError:
            continue  # a document that can't be read tells no steps
        for chapter in found:
            (checks if chapter.checks else making).extend(chapter.steps)
    return [_cut(text) for text in making[:_STEPS]], [_cut(text) for text in checks[:_STEPS]]


def _cut(text: str) -> str:
    return text if len(text) <= 120 else text[:119].rsplit(" ", 1)[0] + "…"


def _changes(stores: Stores, revision: Revision, wishes: Sequence[ChangeWish]) -> list[dict[str, str]]:
    """Changes, each beside the line of the bill that it names; what the bill does not know stays a free word."""
    if not wishes:
        return []
    lines = lines_of(stores, revision.id or 0)
    named: dict[str, BomLine] = {}
    for line in lines:
        for name in (line.id, *line.designators, line.mpn, line.description, line.value):
            if name:
                named.setdefault(fold(name), line)
    found = []
    for wish in wishes:
        line_or_none = named.get(fold(wish.line))
        what = ""
        if line_or_none is not None:
            parts = (line_or_none.manufacturer, line_or_none.mpn or line_or_none.value or line_or_none.description)
            what = " ".join(part for part in parts if part)
        found.append({**wish.model_dump(), "line_id": line_or_none.id if line_or_none else "", "what": what})
    return found


def told_of(session: Session, design: Design, revision_id: int) -> list[rules.Told]:
    """What the reports that are shown say, as standing asks for it."""
    rows = session.exec(
        select(BuildReport, ReportVersion)
        .join(
            ReportVersion,
            (col(ReportVersion.report_id) == col(BuildReport.id))
            & (col(ReportVersion.number) == col(BuildReport.version)),
        )
        .where(BuildReport.revision_id == revision_id, BuildReport.state == "shown")
    ).all()
    authors = set(session.exec(select(Member.fabricator_id).where(Member.account_id == (design.owner_id or -1))))
    told = []
    for row, said in rows:
        builder, country, town = row.account_id, said.country, fold(said.town)
        shop = _maker(session, row.unit_id) if row.unit_id else None
        if shop is not None:
            builder = (design.owner_id or 0) if shop.id in authors else -(shop.id or 0)
            country, town = shop.country or country, fold(shop.town)
        told.append(rules.Told(row.account_id, builder, country, town, said.outcome))
    return told


def _maker(session: Session, unit_id: int) -> Fabricator | None:
    return session.exec(
        select(Fabricator)
        .join(BatchMaker, col(BatchMaker.fabricator_id) == col(Fabricator.id))
        .join(Batch, col(Batch.id) == col(BatchMaker.batch_id))
        .join(Unit, col(Unit.batch_id) == col(Batch.id))
        .where(Unit.id == unit_id, BatchMaker.leads)
    ).first()


def _settle(session: Session, design: Design, revision_id: int) -> None:
    """Count the standing of a version anew, from its reports alone."""
    session.flush()
    found = rules.standing(told_of(session, design, revision_id), design.owner_id)
    newest = None
    if found.proven in ("others", "author"):
        newest = session.exec(
            select(func.max(BuildReport.created_at)).where(
                BuildReport.revision_id == revision_id, BuildReport.state == "shown"
            )
        ).one()
    set_standing(session, revision_id, found.proven, found.others, found.failed, newest)
