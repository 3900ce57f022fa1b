"""What people do with notices: read them, choose, give an address, subscribe to calendars; and the worker's part."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping

from sqlalchemy import delete, func, or_, update
from sqlmodel import Session, col, select

import registry.notices.leaving  # noqa: F401  it says what goes when an account is deleted
from registry.batches.clock import database_now
from registry.errors import Conflict, Invalid, NotFound
from registry.fabricators.queries import find_fabricator
from registry.fabricators.service import require_role
from registry.notices import (
    bank_sources,
    commons_sources,
    dashboard_sources,
    lending_dates,
    lending_sources,
    links,
    loan_sources,
    making_sources,
    outbox,
    report_sources,
    rules,
    unit_sources,
)
from registry.notices.collecting import collect
from registry.notices.mail_rules import check_address
from registry.notices.queries import count_unread
from registry.notices.schemas import ReadAnswer, ReadWish, Sent
from registry.notices.tables import CalendarFeed, MailAddress, Notice, NoticeChoice, NoticeMail
from registry.stores.stores import Stores

_CONFIRMS_PER_DAY = 5
_KEPT = dt.timedelta(days=365)
_FORGET_EVERY_S = 3600.0
_forgot_at_s = 0.0
_sender = outbox.Sender()


def keep(stores: Stores) -> None:
    """What a worker looks after between builds: what has happened, and what is due by mail."""
    global _forgot_at_s
    collect(stores)
    if time.monotonic() > _forgot_at_s + _FORGET_EVERY_S:
        forget_old(stores)
        _forgot_at_s = time.monotonic()
    if stores.settings.smtp is not None and outbox.is_due(stores):
        _sender.wake(stores)


def install(stores: Stores) -> None:
    """Let workers look after notices."""
    making_sources.install()
    dashboard_sources.install()
    unit_sources.install()
    report_sources.install()
    lending_sources.install()
    lending_dates.install()
    loan_sources.install()
    bank_sources.install()
    commons_sources.install()
    hooks = stores.hooks.setdefault("worker.keep", [])
    if keep not in hooks:
        hooks.append(keep)


def finish() -> None:
    """Let a mail that is on its way be answered, before the process ends."""
    _sender.wait(5)


def send_now(stores: Stores, *, failed: bool = False) -> Sent:
    """Tell what is new and send what waits, the day's mails when they are due. Raises: Conflict without a server."""
    told = collect(stores)
    if stores.settings.smtp is None:
        raise Conflict("This registry has no mail server, so nothing is sent.", "Set BRICKYARD_SMTP_URL.")
    with stores.db.transaction() as session:
        now = database_now(session)
        waits = (col(NoticeMail.state) == "waiting", col(NoticeMail.form) != "digest")
        session.execute(update(NoticeMail).where(*waits, col(NoticeMail.due_at) > now).values(due_at=now))
        if failed:
            _try_again(session, now, None)
    done = outbox.send_due(stores)
    return Sent(told=told, sent=done.sent, failed=done.failed, later=done.later, fault=done.fault)


def try_again(stores: Stores, number: int) -> None:
    """Send a mail that went wrong once more. Raises: NotFound."""
    with stores.db.transaction() as session:
        if not _try_again(session, database_now(session), number):
            raise NotFound(f"No mail {number} went wrong.", "It may be on its way already.")


def _try_again(session: Session, now: dt.datetime, number: int | None) -> int:
    wrong = update(NoticeMail).where(col(NoticeMail.state).in_(("failed", "unclear")))
    if number is not None:
        wrong = wrong.where(col(NoticeMail.id) == number)
    return session.exec(wrong.values(state="waiting", due_at=now, created_at=now, tries=0)).rowcount


def forget_old(stores: Stores) -> None:
    """Remove what is older than a year: notices, and mails that tell of none."""
    with stores.db.transaction() as session:
        before = database_now(session) - _KEPT
        session.execute(delete(Notice).where(col(Notice.created_at) < before))
        used = select(Notice.mail_id).where(col(Notice.mail_id).is_not(None))
        old = (col(NoticeMail.created_at) < before, col(NoticeMail.id).not_in(used))
        session.execute(delete(NoticeMail).where(*old))


# --- reading


def mark_read(stores: Stores, account_id: int, wish: ReadWish) -> ReadAnswer:
    """Mark notices as read; with nothing named, all. Returns: how many were, and are left."""
    mine = [col(Notice.account_id) == account_id, col(Notice.read_at).is_(None)]
    if wish.ids or wish.up_to is not None:
        named = col(Notice.id).in_(wish.ids)
        mine.append(named if wish.up_to is None else or_(named, col(Notice.id) <= wish.up_to))
    with stores.db.transaction() as session:
        marked = session.exec(update(Notice).where(*mine).values(read_at=database_now(session))).rowcount
        return ReadAnswer(marked=marked, unread=count_unread(session, account_id))


def open_notice(stores: Stores, account_id: int, notice_id: int) -> str:
    """Mark one as read. Returns: where it leads. Raises: NotFound."""
    with stores.db.transaction() as session:
        row = session.get(Notice, notice_id)
        if row is None or row.account_id != account_id:
            raise NotFound(f"You have no notice {notice_id}.", "Look at the list of your notices.")
        row.read_at = row.read_at or database_now(session)
        session.add(row)
        return row.link


def choose(stores: Stores, account_id: int, choices: Mapping[str, str]) -> None:
    """How kinds of notices come by mail. Raises: Invalid, and changes nothing."""
    for kind, how in choices.items():
        rules.check_choice(kind, how)
    with stores.db.transaction() as session:
        for kind, how in choices.items():
            session.merge(NoticeChoice(account_id=account_id, kind=kind, how=how))


# --- the address


def set_address(stores: Stores, account_id: int, text: str) -> None:
    """Have mail sent to an address, once the link in the first mail was followed. Raises: Invalid, Conflict."""
    if stores.settings.smtp is None:
        raise Conflict("This registry sends no mail: it has no mail server.", "Your notices are on this page.")
    plain = check_address(text)
    with stores.db.transaction() as session:
        now = database_now(session)
        row = session.get(MailAddress, account_id)
        if row is not None and row.address == plain and row.confirmed_at is not None:
            return
        asked = session.exec(
            select(func.count(col(NoticeMail.id))).where(
                NoticeMail.account_id == account_id, NoticeMail.form == "confirm",
                col(NoticeMail.created_at) > now - dt.timedelta(days=1),
            )
        ).one()  # fmt: skip
        if asked >= _CONFIRMS_PER_DAY:
            raise Conflict(f"{asked} addresses were asked for a confirmation within a day.", "Try again tomorrow.",
                           field="address")  # fmt: skip
        row = row or MailAddress(account_id=account_id, address=plain, stop_secret=links.new())
        row.address, row.confirmed_at, row.fault, row.changed_at = plain, None, "", now
        row.secret_hash, row.expires_at = "", None
        session.add(row)
        session.execute(_unsent_confirmations(account_id))
        session.add(NoticeMail(account_id=account_id, form="confirm", due_at=now, created_at=now))


def _unsent_confirmations(account_id: int):  # type: ignore[no-untyped-def]
    asks = (col(NoticeMail.account_id) == account_id, col(NoticeMail.form) == "confirm")
    return update(NoticeMail).where(*asks, col(NoticeMail.state) == "waiting").values(state="dropped")


def remove_address(stores: Stores, account_id: int) -> None:
    """Send nothing more to an account; what waits is dropped. The choices stay."""
    with stores.db.transaction() as session:
        waits = (col(NoticeMail.account_id) == account_id, col(NoticeMail.state) == "waiting")
        session.execute(update(NoticeMail).where(*waits).values(state="dropped"))
        session.execute(delete(MailAddress).where(col(MailAddress.account_id) == account_id))


def address_to_confirm(session: Session, secret: str) -> MailAddress:
    """The address that a link confirms. Raises: NotFound."""
    row = session.exec(select(MailAddress).where(MailAddress.secret_hash == links.hashed(secret))).first()
    if row is None or row.expires_at is None or row.expires_at < database_now(session):
        raise NotFound(
            "This link to confirm an address is too old, or there is a newer one.",
            "Open your notices, and have a new mail sent.",
        )
    return row


def confirm(stores: Stores, secret: str) -> str:
    """Confirm an address by its link; again changes nothing. Returns: the address. Raises: NotFound."""
    with stores.db.transaction() as session:
        row = address_to_confirm(session, secret)
        row.confirmed_at = row.confirmed_at or database_now(session)
        session.add(row)
        return row.address


def check_stop(session: Session, secret: str, kind: str) -> int:
    """Whose mails a link ends. Raises: NotFound."""
    account_id = session.exec(select(MailAddress.account_id).where(MailAddress.stop_secret == secret)).first()
    if account_id is None or (kind not in rules.KINDS and kind not in ("daily", "all")):
        raise NotFound("This link ends no mails any more.", "The address was removed, so nothing is sent to it.")
    return account_id


def stop(stores: Stores, secret: str, kind: str) -> None:
    """End mails of a kind, the daily ones, or all, by the link that stands in every mail. Raises: NotFound."""
    with stores.db.transaction() as session:
        account_id = check_stop(session, secret, kind)
        rows = session.exec(select(NoticeChoice).where(NoticeChoice.account_id == account_id)).all()
        chosen = {row.kind: row.how for row in rows}
        for name in rules.KINDS:
            if kind in (name, "all") or (kind == "daily" and rules.how_for(name, chosen) == "daily"):
                session.merge(NoticeChoice(account_id=account_id, kind=name, how="none"))


# --- calendars


def make_calendar(stores: Stores, account_id: int, scope: str) -> str:
    """A new secret address of a calendar (me, or a fabricator's slug); an older one ends. Raises: Forbidden, ..."""
    secret = links.new()
    with stores.db.transaction() as session:
        fabricator_id = _scope(session, account_id, scope)
        session.execute(_feed(account_id, scope))
        session.add(CalendarFeed(secret=secret, account_id=account_id, scope=scope, fabricator_id=fabricator_id))
    return secret


def _scope(session: Session, account_id: int, scope: str) -> int | None:
    if not scope:
        raise Invalid("It is not said which calendar is meant.", "Say me, or the slug of a fabricator.", field="scope")
    if scope == "me":
        return None
    fabricator = find_fabricator(session, scope)
    require_role(session, fabricator.id or 0, account_id, "viewer")
    return fabricator.id


def _feed(account_id: int, scope: str):  # type: ignore[no-untyped-def]
    mine = (col(CalendarFeed.account_id) == account_id, col(CalendarFeed.scope) == scope)
    return delete(CalendarFeed).where(*mine)


def remove_calendar(stores: Stores, account_id: int, scope: str) -> None:
    """End the secret address of a calendar."""
    with stores.db.transaction() as session:
        session.execute(_feed(account_id, scope))
