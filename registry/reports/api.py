"""JSON of build reports and of how versions stand."""

from __future__ import annotations

from flask import Blueprint, request

from registry import limits
from registry.fabricators import pictures
from registry.reports import queries, service
from registry.reports.schemas import PhotoQuery, ReportDetail, ReportList, ReportWish, StateWish
from registry.web import people
from registry.web.context import stores
from registry.web.files import read_body
from registry.web.openapi import Paging, operation

blueprint = Blueprint("reports_api", __name__)
_VERSION = "/designs/<slug>/versions/<ref>/reports"
_NUMBER = "/reports/<int(max=2147483647):number>"


@operation(blueprint, "GET", _VERSION, query=Paging, answers={200: ReportList})
def read_reports(slug: str, ref: str, query: Paging) -> ReportList:
    """A version's build reports, its standing, and what changed since the last proven version."""
    found = queries.list_reports(stores(), slug, ref.replace("~", "/"), query.page, query.per_page)
    return found.model_copy(update={"next": request.path + found.next if found.next else None})


@operation(blueprint, "POST", _VERSION, body=ReportWish, answers={201: ReportDetail}, faults=(409,), account=True)
def report_build(slug: str, ref: str, body: ReportWish) -> tuple[ReportDetail, int]:
    """Tell how building a version went (photos are added one by one)."""
    return _report(service.report(stores(), people.required().id, slug, ref.replace("~", "/"), body)), 201


def _report(number: int) -> ReportDetail:
    person = people.current()
    with stores().db.reading() as session:
        return queries.get_report(
            session, number, None, person.id if person else None, steward=bool(person and person.is_steward)
        )


@operation(blueprint, "GET", _NUMBER, answers={200: ReportDetail})
def read_report(number: int) -> ReportDetail:
    """A build report with its history."""
    return _report(number)


@operation(
    blueprint, "POST", f"{_NUMBER}/revisions", body=ReportWish, answers={201: ReportDetail}, faults=(409,), account=True
)
def reword_report(number: int, body: ReportWish) -> tuple[ReportDetail, int]:
    """Word one's own report anew; the old wording stays."""
    service.revise(stores(), people.required().id, number, body)
    return _report(number), 201


@operation(
    blueprint, "POST", f"{_NUMBER}/photos", query=PhotoQuery, answers={201: ReportDetail}, faults=(409, 413),
    account=True,
)  # fmt: skip
def add_report_photo(number: int, query: PhotoQuery) -> tuple[ReportDetail, int]:
    """Add a photo to one's own report: the photo itself is the body; what the camera wrote into it is left out."""
    content = read_body(limits.PHOTO_BYTES)
    if content is None:
        pictures.refuse_size(request.content_length or 0)
    service.add_photo(stores(), people.required().id, number, (content or b"", query.words))
    return _report(number), 201


@operation(
    blueprint, "POST", f"{_NUMBER}/state", body=StateWish, answers={200: ReportDetail}, faults=(409,), account=True
)
def set_report_state(number: int, body: StateWish) -> ReportDetail:
    """Withdraw one's own report; as a steward, hide one or show it again."""
    service.change_state(stores(), people.required().id, number, body)
    return _report(number)
