"""JSON of notices: the list, choices, address, calendars; the outbox for stewards."""

from __future__ import annotations

from flask import Blueprint, request

from registry.notices import queries, service
from registry.notices.collecting import collect
from registry.notices.schemas import (
    AddressWish,
    CalendarList,
    ChoiceWish,
    NoticeList,
    NoticeQuery,
    NoticeSettings,
    Outbox,
    ReadAnswer,
    ReadWish,
)
from registry.web import people
from registry.web.context import stores
from registry.web.openapi import operation
from registry.web.rates import submissions

blueprint = Blueprint("notices_api", __name__)


@operation(blueprint, "GET", "/notices", query=NoticeQuery, answers={200: NoticeList}, account=True)
def read_notices(query: NoticeQuery) -> NoticeList:
    """What has happened that concerns me, the newest first."""
    collect(stores())
    with stores().db.reading() as session:
        found = queries.list_notices(session, people.required().id, query)
    return found.model_copy(update={"next": request.path + found.next if found.next else None})


@operation(blueprint, "POST", "/notices/read", body=ReadWish, answers={200: ReadAnswer}, account=True)
def mark_notices_read(body: ReadWish) -> ReadAnswer:
    """Mark notices as read; with nothing named, all."""
    return service.mark_read(stores(), people.required().id, body)


@operation(blueprint, "GET", "/notices/choices", answers={200: NoticeSettings}, account=True)
def read_notice_choices() -> NoticeSettings:
    """What comes by mail, how, and where to."""
    return _settings()


def _settings() -> NoticeSettings:
    with stores().db.reading() as session:
        return queries.read_settings(session, stores().settings, people.required().id)


@operation(blueprint, "PUT", "/notices/choices", body=ChoiceWish, answers={200: NoticeSettings}, account=True)
def change_notice_choices(body: ChoiceWish) -> NoticeSettings:
    """Choose how kinds of notices come by mail: each, daily or none."""
    service.choose(stores(), people.required().id, body.choices)
    return _settings()


@operation(
    blueprint, "PUT", "/notices/address", body=AddressWish, answers={200: NoticeSettings}, faults=(409,), account=True
)
@submissions
def change_notice_address(body: AddressWish) -> NoticeSettings:
    """Have mail sent to an address, once the link in the first mail was followed; an empty one removes it."""
    if body.address.strip():
        service.set_address(stores(), people.required().id, body.address)
    else:
        service.remove_address(stores(), people.required().id)
    return _settings()


@operation(blueprint, "GET", "/notices/calendars", answers={200: CalendarList}, account=True)
def read_calendars() -> CalendarList:
    """The calendars that I may subscribe to, with their secret addresses."""
    return _calendars()


def _calendars() -> CalendarList:
    with stores().db.reading() as session:
        return queries.list_calendars(session, stores().settings, people.required().id)


@operation(blueprint, "POST", "/notices/calendars/<scope>", answers={200: CalendarList}, account=True)
def renew_calendar(scope: str) -> CalendarList:
    """A new secret address of a calendar (me, or a fabricator's slug); an older one ends."""
    service.make_calendar(stores(), people.required().id, scope)
    return _calendars()


@operation(blueprint, "DELETE", "/notices/calendars/<scope>", answers={200: CalendarList}, account=True)
def remove_calendar(scope: str) -> CalendarList:
    """End the secret address of a calendar."""
    service.remove_calendar(stores(), people.required().id, scope)
    return _calendars()


@operation(blueprint, "GET", "/notices/outbox", answers={200: Outbox}, account=True)
def read_outbox() -> Outbox:
    """For stewards: the mails that wait or went wrong."""
    people.required_steward()
    with stores().db.reading() as session:
        return queries.read_outbox(session, stores().settings)
