"""What pages, JSON and commands read of notices."""

from __future__ import annotations

from sqlalchemy import func
from sqlmodel import Session, col, select

from registry.accounts.queries import handle_of
from registry.accounts.tables import Account
from registry.errors import NotFound
from registry.fabricators.queries import fabricators_of
from registry.fabricators.service import role_of
from registry.fabricators.tables import Fabricator
from registry.notices import rules
from registry.notices.schemas import (
    CalendarList,
    CalendarView,
    ChoiceView,
    MailView,
    NoticeList,
    NoticeQuery,
    NoticeSettings,
    NoticeView,
    Outbox,
)
from registry.notices.tables import CalendarFeed, MailAddress, Notice, NoticeChoice, NoticeMail
from registry.settings import Settings

_FORM_TITLES = {"confirm": "Confirmation of an address", "digest": "What happened in a day"}


def count_unread(session: Session, account_id: int) -> int:
    """How many notices an account has not read."""
    mine = (Notice.account_id == account_id, col(Notice.read_at).is_(None))
    return session.exec(select(func.count(col(Notice.id))).where(*mine)).one()


def list_notices(session: Session, account_id: int, query: NoticeQuery) -> NoticeList:
    """An account's notices, the newest first."""
    mine = [Notice.account_id == account_id]
    if query.unread:
        mine.append(col(Notice.read_at).is_(None))  # type: ignore[arg-type]
    total = session.exec(select(func.count(col(Notice.id))).where(*mine)).one()
    rows = session.exec(
        select(Notice).where(*mine).order_by(col(Notice.id).desc()).offset((query.page - 1) * query.per_page)
        .limit(query.per_page)
    ).all()  # fmt: skip
    more = query.page * query.per_page < total
    rest = "&unread=true" if query.unread else ""
    return NoticeList(
        items=[NoticeView.model_validate(row, from_attributes=True) for row in rows],
        total=total,
        unread=count_unread(session, account_id),
        next=f"?page={query.page + 1}&per_page={query.per_page}{rest}" if more else None,
    )


def read_settings(session: Session, settings: Settings, account_id: int) -> NoticeSettings:
    """What an account has chosen."""
    address = session.get(MailAddress, account_id)
    rows = session.exec(select(NoticeChoice).where(NoticeChoice.account_id == account_id)).all()
    chosen = {row.kind: row.how for row in rows}
    return NoticeSettings(
        mail=settings.smtp is not None,
        address=address.address if address else "",
        confirmed=bool(address and address.confirmed_at),
        fault=address.fault if address else "",
        suggested=session.exec(select(Account.email).where(Account.id == account_id)).one(),
        choices=[
            ChoiceView(kind=kind.name, label=kind.label, about=kind.about, how=rules.how_for(kind.name, chosen))
            for kind in rules.KINDS.values()
        ],
    )


def list_calendars(session: Session, settings: Settings, account_id: int) -> CalendarList:
    """The calendars that an account may subscribe to."""
    made = {row.scope: row for row in session.exec(select(CalendarFeed).where(CalendarFeed.account_id == account_id))}
    names = [("me", "Your reservations, requests and quotes")]
    names += [(slug, name) for slug, name, _ in fabricators_of(session, account_id)]
    items = []
    for scope, name in names:
        row = made.get(scope)
        url = f"{settings.public_url}/calendar/{row.secret}.ics" if row else ""
        items.append(CalendarView(scope=scope, name=name, url=url, made_at=row.made_at if row else None))
    return CalendarList(items=items, total=len(items))


def find_feed(session: Session, secret: str) -> CalendarFeed:
    """The calendar at a secret address, as long as its owner may see it. Raises: NotFound."""
    row = session.get(CalendarFeed, secret)
    if row is not None and row.fabricator_id is not None:
        gone = session.get(Fabricator, row.fabricator_id) is None
        if gone or not role_of(session, row.fabricator_id, row.account_id):
            row = None
    if row is None:
        raise NotFound("There is no calendar at this address.", "It may have been renewed: look at your notices.")
    return row


def read_outbox(session: Session, settings: Settings, limit: int = 100) -> Outbox:
    """The mails of this registry."""
    by_state = select(NoticeMail.state, func.count(col(NoticeMail.id))).group_by(NoticeMail.state)
    counts = dict(session.exec(by_state).all())
    wanted = col(NoticeMail.state).in_(("waiting", "sending", "failed", "unclear"))
    rows = session.exec(select(NoticeMail).where(wanted).order_by(col(NoticeMail.id).desc()).limit(limit)).all()
    server = settings.smtp
    return Outbox(
        configured=server is not None,
        server=f"{server.host}:{server.port}" if server else "",
        sender=settings.mail_from,
        counts={
            state: counts.get(state, 0) for state in ("waiting", "sending", "sent", "failed", "unclear", "dropped")
        },
        items=[_mail_view(session, row) for row in rows],
        total=sum(counts.get(state, 0) for state in ("waiting", "sending", "failed", "unclear")),
    )


def _mail_view(session: Session, row: NoticeMail) -> MailView:
    address = session.get(MailAddress, row.account_id)
    title = session.exec(select(Notice.title).where(Notice.mail_id == row.id).order_by(col(Notice.id)).limit(1)).first()
    names = {"id", "form", "state", "tries", "due_at", "fault", "created_at"}
    return MailView(
        handle=handle_of(session, row.account_id),
        address=address.address if address else "",
        title=_FORM_TITLES.get(row.form) or title or "",
        **row.model_dump(include=names),
    )
