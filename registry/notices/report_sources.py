"""Events of reports and of official fabricators: who built a version and how it went; terms offered and answered."""

from __future__ import annotations

from sqlmodel import Session, col, select

from registry.accounts.queries import handle_of
from registry.batches.origin_tables import OfficialEvent, OfficialNaming
from registry.designs.tables import Design, Revision
from registry.fabricators.tables import Fabricator, Member
from registry.notices import rules, sources
from registry.notices.sources import Events, Told
from registry.reports.rules import OUTCOMES
from registry.reports.tables import BuildReport, ReportEvent, ReportVersion


def install() -> None:
    """Have notices made of them."""
    sources.add(Events("report", ReportVersion, _of_report, at="made_at"))
    sources.add(Events("report.state", ReportEvent, _of_report_state))
    sources.add(Events("official", OfficialEvent, _of_official))


def _of_report(session: Session, row: ReportVersion) -> Told | None:
    """The designer hears of a report that is shown."""
    report = session.get_one(BuildReport, row.report_id)
    if report.state != "shown":
        return None
    design, revision = session.get_one(Design, report.design_id), session.get_one(Revision, report.revision_id)
    tellings = rules.of_report(
        handle_of(session, report.account_id), f"{design.name} {revision.name}", OUTCOMES.get(row.outcome, row.outcome),
        row.units, row.words, revised=row.number > 1,
    )  # fmt: skip
    owner = sources.owner_of(session, report.design_id)
    link = f"/reports/{report.id}"
    return Told(row.id or 0, row.made_at, link, tellings, {"owner": owner}, report.account_id)


def _of_report_state(session: Session, row: ReportEvent) -> Told | None:
    """Who wrote a report hears that a steward has hidden it, or shows it again."""
    report = session.get_one(BuildReport, row.report_id)
    design, revision = session.get_one(Design, report.design_id), session.get_one(Revision, report.revision_id)
    tellings = rules.of_report_state(row.action, f"{design.name} {revision.name}", row.why)
    link = f"/reports/{report.id}"
    return Told(row.id or 0, row.at, link, tellings, {"writer": {report.account_id}}, row.account_id)


def _of_official(session: Session, row: OfficialEvent) -> Told | None:
    """Owners of the fabricator hear what the maintainers offer, and these what the owners answer."""
    naming = session.get_one(OfficialNaming, row.naming_id)
    design, shop = session.get_one(Design, naming.design_id), session.get_one(Fabricator, naming.fabricator_id)
    owners = set(
        session.exec(select(Member.account_id).where(Member.fabricator_id == shop.id, col(Member.role) == "owner"))
    )
    there = f"/designs/{design.slug}/official"
    return Told(
        row.id or 0, row.at, there, rules.of_official(row.action, design.name, shop.name, row.why),
        {"shop": owners, "owner": sources.owner_of(session, naming.design_id)}, row.account_id,
    )  # fmt: skip
