"""What pages, JSON and commands read of build reports."""

from __future__ import annotations

from sqlalchemy import func
from sqlmodel import Session, col, select

from registry.accounts.queries import handle_of
from registry.batches.tables import Batch, BatchMaker
from registry.batches.unit_tables import Unit
from registry.builds.compare_queries import read_comparison
from registry.commons import links
from registry.designs.queries import find_design, find_revision
from registry.designs.standing import standing_words
from registry.designs.tables import Design, Revision
from registry.errors import NotFound
from registry.fabricators import place
from registry.fabricators.tables import Fabricator
from registry.reports.schemas import (
    ChangeView,
    EventView,
    PhotoView,
    ReportDetail,
    ReportItem,
    ReportList,
    ReportWish,
    StandingView,
    TestView,
)
from registry.reports.service import find_report
from registry.reports.tables import BuildReport, ReportEvent, ReportVersion
from registry.stores.stores import Stores

_SENTENCES = 6


def builders_of(session: Session, design_id: int) -> list[int]:
    """Who told of building a design, in reports that are shown."""
    told = select(BuildReport.account_id).where(BuildReport.design_id == design_id, BuildReport.state == "shown")
    return sorted(session.exec(told.distinct()))


links.add_contributors("told of a build", builders_of)


def shown_place(said: ReportVersion) -> str:
    """A place as precisely as its report wants it seen."""
    parts = [said.region if said.precision in ("town", "region") else "", place.country_name(said.country)]
    return ", ".join(part for part in (said.town if said.precision == "town" else "", *parts) if part)


def _bought(session: Session, unit_id: int | None) -> tuple[str, str]:
    """(fabricator's name, serial number) of a delivered unit."""
    found = session.exec(
        select(Fabricator.name, Unit.serial)
        .join(BatchMaker, col(BatchMaker.fabricator_id) == col(Fabricator.id))
        .join(Batch, col(Batch.id) == col(BatchMaker.batch_id))
        .join(Unit, col(Unit.batch_id) == col(Batch.id))
        .where(Unit.id == unit_id, BatchMaker.leads)
    ).first()
    return (found[0], found[1]) if found else ("", "")


def _item(session: Session, design: Design, row: BuildReport, said: ReportVersion) -> ReportItem:
    revision = session.get_one(Revision, row.revision_id)
    bought_of, serial = _bought(session, row.unit_id)
    fields = {"outcome", "failed_step", "units", "words", "cost_minor", "currency", "minutes", "built_on", "why"}
    return ReportItem(
        **said.model_dump(include={*fields, "number", "made_at"}),
        id=row.id or 0,
        design=design.slug,
        version=revision.name,
        label=revision.label,
        by=handle_of(session, row.account_id),
        by_author=row.account_id == design.owner_id,
        place=shown_place(said),
        bought_of=bought_of,
        serial=serial,
        changes=[ChangeView(**one) for one in said.changes],
        tests=[TestView(**one) for one in said.tests],
        photos=[
            PhotoView(
                url=f"/reports/{row.id}/photos/{one['files']['1600']}-800.webp",
                **{name: one[name] for name in ("words", "width_px", "height_px")},
            )
            for one in said.photos
        ],
        state=row.state,
        wordings=row.version,
        created_at=row.created_at,
    )


def _wording(session: Session, row: BuildReport, number: int | None = None) -> ReportVersion:
    said = session.exec(
        select(ReportVersion).where(
            ReportVersion.report_id == row.id, ReportVersion.number == (row.version if number is None else number)
        )
    ).first()
    if said is None:
        raise NotFound(f"Report {row.id} has no wording {number}.", f"It has {row.version}.")
    return said


def get_report(
    session: Session, report_id: int, number: int | None = None, account_id: int | None = None, *, steward: bool = False
) -> ReportDetail:
    """A report in one of its wordings; what is hidden is shown to its author and stewards alone. Raises: NotFound."""
    row = find_report(session, report_id)
    if row.state != "shown" and not steward and row.account_id != account_id:
        last = session.exec(
            select(ReportEvent).where(ReportEvent.report_id == row.id).order_by(col(ReportEvent.id).desc())
        ).first()
        why = f" The reason: {last.why}" if last and last.why else ""
        raise NotFound(f"Report {report_id} is {row.state}.{why}", "Look at the other reports of the version.")
    design = session.get_one(Design, row.design_id)
    events = session.exec(
        select(ReportEvent).where(ReportEvent.report_id == row.id).order_by(col(ReportEvent.id))
    ).all()  # fmt: skip
    return ReportDetail(
        **_item(session, design, row, _wording(session, row, number)).model_dump(),
        events=[
            EventView(action=one.action, why=one.why, by=handle_of(session, one.account_id), at=one.at)
            for one in events
        ],
    )


def list_reports(stores: Stores, slug: str, label: str | None, page: int = 1, per_page: int = 50) -> ReportList:
    """A version's reports, the newest first, and how it stands. Raises: NotFound."""
    with stores.db.reading() as session:
        design = find_design(session, slug)
        revision = find_revision(session, design, label)
        shown = (BuildReport.revision_id == revision.id, BuildReport.state == "shown")
        total = session.exec(select(func.count(col(BuildReport.id))).where(*shown)).one()
        rows = session.exec(
            select(BuildReport)
            .where(*shown)
            .order_by(col(BuildReport.id).desc())
            .offset((page - 1) * per_page)
            .limit(per_page)
        ).all()
        items = [_item(session, design, row, _wording(session, row)) for row in rows]
    more = page * per_page < total
    return ReportList(
        standing=read_standing(stores, slug, label),
        items=items,
        total=total,
        next=f"?page={page + 1}&per_page={per_page}" if more else None,
    )


def count_reports(session: Session, revision_id: int) -> int:
    """How many reports of a version are shown."""
    return session.exec(
        select(func.count(col(BuildReport.id))).where(
            BuildReport.revision_id == revision_id, BuildReport.state == "shown"
        )
    ).one()


def last_proven(session: Session, design: Design, revision: Revision) -> Revision | None:
    """The last version before this one that somebody has built; None if this one is proven itself."""
    if revision.proven in ("author", "others"):
        return None
    return session.exec(
        select(Revision)
        .where(
            Revision.design_id == design.id,
            Revision.current,
            Revision.position > revision.position,
            col(Revision.proven).in_(("author", "others")),
        )
        .order_by(col(Revision.position))
    ).first()


def read_standing(stores: Stores, slug: str, label: str | None) -> StandingView:
    """How a version stands, and what changed since the last proven one. Raises: NotFound."""
    with stores.db.reading() as session:
        design = find_design(session, slug)
        revision = find_revision(session, design, label)
        before = last_proven(session, design, revision)
        old, new = before.label if before else "", revision.label
        values = {name: getattr(revision, name) for name in ("proven", "others", "failed")}
    sentences: list[str] = []
    if before is not None:
        sentences = read_comparison(stores, slug, old, new).sentences[:_SENTENCES] or ["Nothing in its files changed."]
    return StandingView(
        words=standing_words(revision.proven, revision.others, revision.failed),
        since=sentences,
        since_version=before.name if before else "",
        compare=f"/designs/{slug}/compare/{old}...{new}" if before else "",
        **values,
    )


def photo_digest(
    session: Session, report_id: int, name: str, width: int, account_id: int | None, *, steward: bool = False
) -> str:
    """The blob of a photo that any wording of a report shows. Raises: NotFound."""
    get_report(session, report_id, None, account_id, steward=steward)
    for said in session.exec(select(ReportVersion).where(ReportVersion.report_id == report_id)):
        for photo in said.photos:
            if photo["files"]["1600"] == name and str(width) in photo["files"]:
                return str(photo["files"][str(width)])
    raise NotFound("There is no such photo.", "Reload the page you came from.")


def wording_wish(session: Session, report_id: int) -> ReportWish:
    """The newest wording as its author told it, with the true place: for the author's own form alone."""
    row = find_report(session, report_id)
    said = _wording(session, row)
    fields = {"outcome", "failed_step", "units", "built_on", "country", "region", "town", "precision", "words"}
    return ReportWish(**said.model_dump(include=fields), unit=_bought(session, row.unit_id)[1])
