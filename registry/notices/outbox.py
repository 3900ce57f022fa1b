"""Sends what is due. A mail is claimed in the database before it is sent, so that it goes out at most once."""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
import threading

from sqlalchemy import update
from sqlmodel import Session, col, select

from registry.accounts.queries import handle_of
from registry.batches.clock import database_now
from registry.notices import links, mail_rules, rules
from registry.notices.mail_rules import Item, Letter
from registry.notices.mailing import (
    MailDelayed,
    MailFault,
    MailRefused,
    MailUnclear,
    Post,
    ServerAway,
    connection,
)
from registry.notices.tables import MailAddress, Notice, NoticeChoice, NoticeMail
from registry.settings import Settings, SmtpServer
from registry.stores.stores import Stores

_LEASE = dt.timedelta(minutes=5)  # far longer than the steps of one mail may take
_ROUND = 100  # mails through one connection
_log = logging.getLogger(__name__)


@dataclasses.dataclass
class Round:
    """What a round of sending did."""

    sent: int = 0
    failed: int = 0
    later: int = 0
    fault: str = ""


def is_due(stores: Stores) -> bool:
    """Whether there is something to send, or to be found unclear."""
    with stores.db.reading() as session:
        now = database_now(session)
        waiting = select(NoticeMail.id).where(NoticeMail.state == "waiting", col(NoticeMail.due_at) <= now)
        if session.exec(waiting.limit(1)).first() is not None:
            return True
        lost = select(NoticeMail.id).where(NoticeMail.state == "sending", col(NoticeMail.lease_until) < now)
        return session.exec(lost.limit(1)).first() is not None


def send_due(stores: Stores) -> Round:
    """Send what is due, one after another, until nothing is left or the server is away."""
    done = Round()
    server = stores.settings.smtp
    if server is None:
        return done
    _find_lost(stores)
    try:
        while _round(stores, server, done):
            pass
    except ServerAway as fault:
        done.fault = str(fault)
        _log.warning("Mail: %s", fault)
    return done


def _round(stores: Stores, server: SmtpServer, done: Round) -> bool:
    """One connection. Returns: whether there may be more."""
    letter = _claim(stores)
    if letter is None:
        return False
    try:
        with connection(server) as post:
            for _ in range(_ROUND):
                _send(stores, post, letter, done)
                letter = _claim(stores)
                if letter is None:
                    return False
            _give_back(stores, letter.number, dt.timedelta(0))
            return True
    except ServerAway as fault:
        if letter is not None:
            done.later += 1
            _server_away(stores, letter.number, fault)
        raise


def _send(stores: Stores, post: Post, letter: Letter, done: Round) -> None:
    """Send one, and keep what became of it. Raises: ServerAway."""
    fault: MailFault | None = None
    try:
        post.send(mail_rules.compose(letter))
    except ServerAway:
        raise
    except MailFault as error:
        fault = error
    except Exception as error:  # one mail that can't be written must not hold up the others
        _log.exception("Mail %d can't be composed.", letter.number)
        fault = MailRefused(f"The mail can't be composed: {rules.line(str(error), 200)}.")
    state = stores.db.retrying(lambda session: _settle(session, letter, fault))
    done.sent += state == "sent"
    done.later += state == "waiting"
    done.failed += state in ("failed", "unclear")


# --- the database's side


def _claim(stores: Stores) -> Letter | None:
    """The next mail that is due, claimed; those that nobody wants any more are dropped on the way."""
    while True:
        with stores.db.transaction() as session:
            now = database_now(session)
            row = session.exec(
                select(NoticeMail)
                .where(NoticeMail.state == "waiting", col(NoticeMail.due_at) <= now)
                .order_by(col(NoticeMail.due_at), col(NoticeMail.id))
                .limit(1)
                .with_for_update(skip_locked=True)
            ).first()
            if row is None:
                return None
            letter = _letter(session, stores.settings, row, now)
            session.add(row)
            if letter is None:
                row.state = "dropped"
                continue
            row.state, row.lease_until = "sending", now + _LEASE
            row.tries += 1
            return letter


def _letter(session: Session, settings: Settings, row: NoticeMail, now: dt.datetime) -> Letter | None:
    """What is to be sent; None where it is not wanted any more."""
    address = session.get(MailAddress, row.account_id)
    if address is None or (row.form == "confirm") != (address.confirmed_at is None):
        return None
    site = settings.public_url
    letter = Letter(
        number=row.id or 0, sender=settings.mail_from, address=address.address, site=site, form=row.form, made_at=now,
        handle=handle_of(session, row.account_id),
    )  # fmt: skip
    if row.form == "confirm":  # its secret is made now: only the hash is ever kept
        secret = links.new()
        address.secret_hash, address.expires_at = links.hashed(secret), now + links.CONFIRM_LASTS
        session.add(address)
        return dataclasses.replace(letter, confirm=f"{site}/notices/confirm/{secret}")
    notices = session.exec(select(Notice).where(Notice.mail_id == row.id).order_by(col(Notice.id))).all()
    if row.form == "digest":
        notices = [notice for notice in notices if notice.read_at is None]
    chosen = {
        choice.kind: choice.how
        for choice in session.exec(select(NoticeChoice).where(NoticeChoice.account_id == row.account_id))
    }
    items = tuple(
        Item(notice.kind, notice.title, notice.text, notice.link)
        for notice in notices
        if rules.how_for(notice.kind, chosen) != "none"
    )
    if not items:
        return None
    stop = f"{site}/notices/stop/{address.stop_secret}/{items[0].kind if row.form == 'each' else 'daily'}"
    return dataclasses.replace(letter, items=items, stop=stop)


def _settle(session: Session, letter: Letter, fault: MailFault | None) -> str:
    """Keep what became of a mail. Returns: its state."""
    row = session.get_one(NoticeMail, letter.number)
    address = session.get(MailAddress, row.account_id)
    now = database_now(session)
    row.lease_until, row.fault = None, str(fault or "")
    if fault is None:
        row.state, row.sent_at = "sent", now
    elif isinstance(fault, MailUnclear):
        row.state = "unclear"
    elif isinstance(fault, MailDelayed) and not mail_rules.gives_up(row.created_at, now):
        row.state, row.due_at = "waiting", now + dt.timedelta(seconds=mail_rules.pause_s(row.tries))
    else:
        row.state = "failed"
    if address is not None and address.address == letter.address:
        address.fault = fault.message if isinstance(fault, MailRefused) else "" if fault is None else address.fault
        session.add(address)
    session.add(row)
    return row.state


def _give_back(stores: Stores, number: int, pause: dt.timedelta) -> None:
    with stores.db.transaction() as session:
        row = session.get_one(NoticeMail, number)
        row.state, row.lease_until, row.due_at = "waiting", None, database_now(session) + pause
        session.add(row)


def _server_away(stores: Stores, number: int, fault: ServerAway) -> None:
    """The claimed mail waits, and all others with it: longer each time; after days, it has failed."""

    def wait(session: Session) -> None:
        row, now = session.get_one(NoticeMail, number), database_now(session)
        again_at = now + dt.timedelta(seconds=mail_rules.pause_s(row.tries))
        row.state, row.lease_until, row.due_at, row.fault = "waiting", None, again_at, str(fault)
        if mail_rules.gives_up(row.created_at, now):
            row.state = "failed"
        session.add(row)
        session.execute(
            update(NoticeMail)
            .where(col(NoticeMail.state) == "waiting", col(NoticeMail.due_at) < again_at)
            .values(due_at=again_at)
        )

    stores.db.retrying(wait)


def _find_lost(stores: Stores) -> None:
    """Mails whose sender died: nobody knows whether they went out, so they are kept and shown, and not sent again."""
    with stores.db.transaction() as session:
        now = database_now(session)
        session.execute(
            update(NoticeMail)
            .where(col(NoticeMail.state) == "sending", col(NoticeMail.lease_until) < now)
            .values(state="unclear", lease_until=None,
                    fault="The worker ended while it sent this mail: it may have arrived.")
        )  # fmt: skip


# --- beside the worker's other duties


class Sender:
    """Sends in a thread of its own, one at a time: a slow mail server never holds up the worker."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None

    def wake(self, stores: Stores) -> None:
        """Begin to send, unless that is under way."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, args=(stores,), name="mail", daemon=True)
            self._thread.start()

    def wait(self, timeout_s: float) -> None:
        """Wait for what is under way."""
        if self._thread is not None:
            self._thread.join(timeout=timeout_s)

    @staticmethod
    def _run(stores: Stores) -> None:
        try:
            send_due(stores)
        except Exception:  # the next round tries again
            _log.exception("Sending mail failed; trying again.")
