"""Reads what has happened since it was read last, and writes notices and their mails, each in one transaction."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable
from typing import Any

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session, col, func, select

from registry.batches.clock import database_now
from registry.notices import mail_rules, rules
from registry.notices.sources import Events, Look, Told, all_sources
from registry.notices.tables import MailAddress, Notice, NoticeChoice, NoticeCursor, NoticeMail
from registry.stores.stores import Stores

_AT_ONCE = 200  # events in one transaction
_GAP_IDS = 1_000  # so many numbers at most are on their way at once
_GAP_LASTS = dt.timedelta(minutes=10)  # no transaction here is open for longer
_FIRST_LOOK = dt.timedelta(days=1)
_log = logging.getLogger(__name__)


def collect(stores: Stores) -> int:
    """Make notices of everything new. Returns: how many. Any number of workers may do so at once."""
    made = 0
    for source in all_sources():
        try:
            made += _read_on(stores, source) if isinstance(source, Events) else _look(stores, source)
        except IntegrityError:  # another worker was quicker; it told everybody
            continue
        except DBAPIError:
            raise
        except Exception:  # one source that fails must not silence the others, nor the worker
            _log.exception("Reading what has happened (%s) failed.", source.name)
    return made


# --- tables that are only added to


def _is_new(session: Session, source: Events) -> bool:
    """Whether it is worth holding the cursor: asked without holding anything."""
    cursor = session.get(NoticeCursor, source.name)
    newest = session.exec(select(func.max(source.table.id))).one()
    return newest is not None and (cursor is None or newest > cursor.last_id or bool(cursor.gaps))


def _read_on(stores: Stores, source: Events) -> int:
    made = 0
    while True:
        with stores.db.reading() as session:
            if not _is_new(session, source):
                return made
        with stores.db.transaction() as session:
            cursor = _held(session, source)
            if cursor is None:
                return made
            now = database_now(session)
            rows = _rows(session, source, cursor)
            told = [_tell(session, source, row) for row in rows]
            made += _write(session, source.name, [item for item in told if item], now)
            _move(cursor, [row.id for row in rows], now)
            session.add(cursor)
            if len(rows) < _AT_ONCE:
                return made


def _tell(session: Session, source: Events, row: Any) -> Told | None:
    """What is told of an event; an event that can't be told is left out, and those after it are told."""
    try:
        return source.tell(session, row)
    except DBAPIError:
        raise
    except Exception:
        _log.exception("Event %s of %s can't be told.", row.id, source.name)
        return None


def _held(session: Session, source: Events) -> NoticeCursor | None:
    """The cursor, with its row held; None while another worker reads. A new source begins with what is a day old."""
    row = session.exec(
        select(NoticeCursor).where(NoticeCursor.source == source.name).with_for_update(skip_locked=True)
    ).first()
    if row is None and session.get(NoticeCursor, source.name) is None:
        at = getattr(source.table, source.at)
        old = select(func.max(source.table.id)).where(at < database_now(session) - _FIRST_LOOK)
        row = NoticeCursor(source=source.name, last_id=session.exec(old).one() or 0)
        session.add(row)
        session.flush()
    return row


def _rows(session: Session, source: Events, cursor: NoticeCursor) -> list[Any]:
    """Late ones first, then the next ones."""
    ids = [gap[0] for gap in cursor.gaps]
    late = session.exec(select(source.table).where(col(source.table.id).in_(ids))).all() if ids else []
    after = select(source.table).where(source.table.id > cursor.last_id).order_by(source.table.id)
    return [*late, *session.exec(after.limit(_AT_ONCE - min(len(late), _AT_ONCE - 1))).all()]


def _move(cursor: NoticeCursor, read: list[int], now: dt.datetime) -> None:
    """Move on, and remember for a while which numbers were left out."""
    seen = set(read)
    last = max([cursor.last_id, *read])
    oldest = (now - _GAP_LASTS).isoformat()
    gaps = [gap for gap in cursor.gaps if gap[0] not in seen and gap[1] > oldest]
    missed = [id_ for id_ in range(max(cursor.last_id + 1, last - _GAP_IDS), last) if id_ not in seen]
    gaps += [[id_, now.isoformat()] for id_ in missed]
    cursor.last_id, cursor.gaps = last, gaps


# --- looks at the clock


def _look(stores: Stores, source: Look) -> int:
    with stores.db.reading() as session:
        if not any(item.recipients() for item in source.find(session, database_now(session))):
            return 0
    with stores.db.transaction() as session:
        now = database_now(session)
        return _write(session, source.name, source.find(session, now), now)


# --- notices and their mails


def _write(session: Session, name: str, told: Iterable[Told], now: dt.datetime) -> int:
    made = 0
    for item in told:
        recipients = item.recipients()
        known = set(
            session.exec(select(Notice.account_id).where(Notice.source == name, Notice.event_id == item.event_id))
        )
        for account_id, telling in recipients.items():
            if account_id in known:
                continue
            notice = Notice(
                account_id=account_id, source=name, event_id=item.event_id, kind=telling.kind,
                title=rules.line(telling.title, 200), text=rules.plain(telling.text),
                link=item.link_for(telling.audience), at=item.at, created_at=now,
            )  # fmt: skip
            notice.mail_id = _mail(session, account_id, telling.kind, now)
            session.add(notice)
            made += 1
    session.flush()
    return made


def _mail(session: Session, account_id: int, kind: str, now: dt.datetime) -> int | None:
    """The mail that tells it: one of its own, the day's, or none."""
    address = session.get(MailAddress, account_id)
    if address is None or address.confirmed_at is None:
        return None
    choice = session.get(NoticeChoice, (account_id, kind))
    how = rules.how_for(kind, {kind: choice.how} if choice else {})
    if how == "none":
        return None
    if how == "each":
        mail = NoticeMail(account_id=account_id, due_at=now, created_at=now)
    else:
        day, due_at = mail_rules.next_digest(now)
        of_the_day = select(NoticeMail).where(NoticeMail.account_id == account_id, NoticeMail.day == day)
        held = session.exec(of_the_day.with_for_update()).first()  # held, so that it isn't sent meanwhile without this
        if held is not None:
            return held.id if held.state == "waiting" else None
        mail = NoticeMail(account_id=account_id, form="digest", day=day, due_at=due_at, created_at=now)
    session.add(mail)
    session.flush()
    return mail.id
