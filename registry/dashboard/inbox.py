"""The inbox of a fabricator: threads of requests, of batches' queues, and of words about batches."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import case, func, or_
from sqlmodel import Session, col

from registry.accounts.tables import Account
from registry.batches.tables import Batch, Quote, QuoteEvent, QuoteMessage, QuoteRequest, Reservation
from registry.dashboard.queries import own_batches
from registry.dashboard.schemas import InboxCounts, InboxItem, WordView
from registry.dashboard.sql import select, table
from registry.dashboard.tables import BatchMessage, ReadMark
from registry.designs.tables import Design, Revision
from registry.errors import NotFound

SHOWN = 200
_THREAD = re.compile(r"(quote|queue)-(\d{1,9})|batch-(\d{1,9})-(\d{1,9})")


@dataclass(frozen=True, slots=True)
class Thread:
    """Which thread: of a quote, of a batch's queue, or of words about a batch with one who reserved."""

    kind: Literal["quote", "queue", "batch"]
    number: int
    place: int = 0

    @property
    def name(self) -> str:
        """As addresses have it."""
        return f"{self.kind}-{self.number}" + (f"-{self.place}" if self.place else "")


def parse_thread(text: str) -> Thread:
    """A thread from its address. Raises: NotFound."""
    found = _THREAD.fullmatch(text)
    if not found:
        raise NotFound(f"There is no thread {text[:60]}.", "Look at the inbox.")
    if found[1]:
        return Thread("quote" if found[1] == "quote" else "queue", int(found[2]))
    return Thread("batch", int(found[3]), int(found[4]))


def _seen(account_id: int, kind: str, thread: Any, buyer: Any = 0) -> Any:
    return (
        (col(ReadMark.account_id) == account_id)
        & (col(ReadMark.kind) == kind)
        & (col(ReadMark.thread_id) == thread)
        & (col(ReadMark.buyer_id) == buyer)
    )


def _requests(fabricator_id: int, account_id: int) -> tuple[Any, Any, Any]:
    """(what to select from, when the buyer last did something, whether that is unread)."""
    own = select(Quote.id).where(col(Quote.fabricator_id) == fabricator_id)
    said = (
        select(
            QuoteMessage.quote_id, func.max(QuoteMessage.sent_at).label("at"),
            func.max(case((col(QuoteMessage.side) == "buyer", col(QuoteMessage.sent_at)))).label("theirs"),
        )
        .where(col(QuoteMessage.quote_id).in_(own)).group_by(QuoteMessage.quote_id).subquery("said")
    )  # fmt: skip
    did = (
        select(QuoteEvent.quote_id, func.max(QuoteEvent.at).label("theirs"))
        .where(
            col(QuoteEvent.quote_id).in_(own),
            col(QuoteEvent.action).in_(("ask", "accept", "decline", "call off", "lose")),
        )
        .group_by(QuoteEvent.quote_id).subquery("did")
    )  # fmt: skip
    source = (
        table(Quote).join(table(QuoteRequest), col(QuoteRequest.id) == col(Quote.request_id))
        .outerjoin(said, said.c.quote_id == col(Quote.id)).outerjoin(did, did.c.quote_id == col(Quote.id))
        .outerjoin(table(ReadMark), _seen(account_id, "quote", col(Quote.id)))
    )  # fmt: skip
    seen = col(ReadMark.seen_at)
    unread = or_(seen.is_(None), did.c.theirs > seen, said.c.theirs > seen)
    return source, (col(Quote.updated_at), said.c.at, did.c.theirs), unread


def _queues(fabricator_id: int, account_id: int) -> tuple[Any, Any]:
    taken = (
        select(
            Reservation.batch_id, func.max(Reservation.made_at).label("at"), func.count().label("count"),
            func.sum(Reservation.units).label("units"),
        )
        .where(col(Reservation.batch_id).in_(own_batches(fabricator_id)), col(Reservation.state) != "cancelled")
        .group_by(Reservation.batch_id).subquery("taken")
    )  # fmt: skip
    source = taken.outerjoin(table(ReadMark), _seen(account_id, "queue", taken.c.batch_id))
    return source, taken


def _words(fabricator_id: int, account_id: int) -> tuple[Any, Any]:
    said = (
        select(
            BatchMessage.batch_id, BatchMessage.buyer_id, func.max(BatchMessage.sent_at).label("at"),
            func.max(case((col(BatchMessage.side) == "buyer", col(BatchMessage.sent_at)))).label("theirs"),
            func.max(col(BatchMessage.id)).label("last"),
        )
        .where(col(BatchMessage.batch_id).in_(own_batches(fabricator_id)))
        .group_by(BatchMessage.batch_id, BatchMessage.buyer_id).subquery("words")
    )  # fmt: skip
    source = said.outerjoin(table(ReadMark), _seen(account_id, "batch", said.c.batch_id, said.c.buyer_id))
    return source, said


def _news(theirs: Any) -> Any:
    """Whether the other side has done something since it was read."""
    return (theirs.is_not(None)) & (col(ReadMark.seen_at).is_(None) | (theirs > col(ReadMark.seen_at)))


def _count(condition: Any) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def counts(session: Session, fabricator_id: int, account_id: int) -> InboxCounts:
    """How many threads, and how many of them hold something unread."""
    source, _, unread = _requests(fabricator_id, account_id)
    requests, new, waiting = session.execute(
        select(func.count(), _count(unread), _count(col(Quote.state) == "requested"))
        .select_from(source).where(col(Quote.fabricator_id) == fabricator_id)
    ).one()  # fmt: skip
    source, taken = _queues(fabricator_id, account_id)
    queues, new_queues = session.execute(select(func.count(), _count(_news(taken.c.at))).select_from(source)).one()
    source, said = _words(fabricator_id, account_id)
    words, new_words = session.execute(select(func.count(), _count(_news(said.c.theirs))).select_from(source)).one()
    return InboxCounts(
        all=requests + queues + words, unread=new + new_queues + new_words, requests=requests, queues=queues,
        words=words, to_answer=waiting,
    )  # fmt: skip


def items(session: Session, fabricator_id: int, account_id: int, only: str = "") -> list[InboxItem]:
    """The newest threads first; `only`: unread, request, queue or words."""
    found: list[InboxItem] = []
    if only in ("", "unread", "request"):
        found += _request_items(session, fabricator_id, account_id)
    if only in ("", "unread", "queue"):
        found += _queue_items(session, fabricator_id, account_id)
    if only in ("", "unread", "words"):
        found += _word_items(session, fabricator_id, account_id)
    if only == "unread":
        found = [item for item in found if item.unread]
    return sorted(found, key=lambda item: item.at, reverse=True)[:SHOWN]


def _request_items(session: Session, fabricator_id: int, account_id: int) -> list[InboxItem]:
    source, moments, unread = _requests(fabricator_id, account_id)
    source = (
        source.join(table(Design), col(Design.id) == col(QuoteRequest.design_id))
        .join(table(Revision), col(Revision.id) == col(QuoteRequest.revision_id))
        .join(table(Account), col(Account.id) == col(QuoteRequest.buyer_id))
    )
    rows = session.execute(
        select(
            Quote.id, Quote.state, Quote.last_by, QuoteRequest.quantities, QuoteRequest.wanted_by,
            Design.name, Revision.name, Account.handle, unread, *moments,
        )
        .select_from(source).where(col(Quote.fabricator_id) == fabricator_id)
        .order_by(col(Quote.updated_at).desc(), col(Quote.id).desc()).limit(SHOWN)
    ).all()  # fmt: skip
    return [
        InboxItem(
            thread=f"quote-{id_}", kind="request", title=f"{design} {version}", who=handle,
            line=f"{', '.join(map(str, quantities))} units, {state}"
            + (f", needed by {wanted_by:%-d %B}" if wanted_by else ""),
            at=max(moment for moment in told if moment), unread=bool(new),
            waits=state == "requested" or (state not in ("declined", "withdrawn", "expired") and last_by == "buyer"),
        )
        for id_, state, last_by, quantities, wanted_by, design, version, handle, new, *told in rows
    ]  # fmt: skip


def _queue_items(session: Session, fabricator_id: int, account_id: int) -> list[InboxItem]:
    source, taken = _queues(fabricator_id, account_id)
    source = (
        source.join(table(Batch), col(Batch.id) == taken.c.batch_id)
        .join(table(Design), col(Design.id) == col(Batch.design_id))
        .join(table(Revision), col(Revision.id) == col(Batch.revision_id))
    )
    rows = session.execute(
        select(
            Batch.id, Batch.state, Batch.units_max, Design.name, Revision.name, taken.c.at, taken.c.count,
            taken.c.units, _news(taken.c.at),
        )
        .select_from(source).order_by(taken.c.at.desc(), taken.c.batch_id.desc()).limit(SHOWN)
    ).all()  # fmt: skip
    return [
        InboxItem(
            thread=f"queue-{id_}", kind="queue", title=f"{design} {version}", who=f"Batch {id_}",
            line=f"{count} reservation{'s' if count != 1 else ''}, {units} of {most} units, {state}", at=at,
            unread=bool(new), waits=False,
        )
        for id_, state, most, design, version, at, count, units, new in rows
    ]  # fmt: skip


def _word_items(session: Session, fabricator_id: int, account_id: int) -> list[InboxItem]:
    source, said = _words(fabricator_id, account_id)
    first = (
        select(Reservation.batch_id, Reservation.account_id, func.min(Reservation.number).label("place"))
        .group_by(Reservation.batch_id, Reservation.account_id).subquery("first")
    )  # fmt: skip
    source = (
        source.join(table(BatchMessage), col(BatchMessage.id) == said.c.last)
        .join(first, (first.c.batch_id == said.c.batch_id) & (first.c.account_id == said.c.buyer_id))
        .join(table(Batch), col(Batch.id) == said.c.batch_id)
        .join(table(Design), col(Design.id) == col(Batch.design_id))
        .join(table(Account), col(Account.id) == said.c.buyer_id)
    )
    rows = session.execute(
        select(
            said.c.batch_id, first.c.place, said.c.at, said.c.theirs, _news(said.c.theirs), BatchMessage.side,
            BatchMessage.text, Design.name, Account.handle,
        )
        .select_from(source).order_by(said.c.at.desc()).limit(SHOWN)
    ).all()  # fmt: skip
    return [
        InboxItem(
            thread=f"batch-{batch}-{place}", kind="words", title=f"{design}, batch {batch}",
            who=handle if theirs else f"Number {place}", line=" ".join(text.split())[:120], at=at, unread=bool(new),
            waits=side == "buyer",
        )
        for batch, place, at, theirs, new, side, text, design, handle in rows
    ]  # fmt: skip


def buyer_at(session: Session, batch: int, place: int) -> int:
    """The account that holds a place of a batch's queue. Raises: NotFound."""
    found = session.execute(
        select(Reservation.account_id).where(col(Reservation.batch_id) == batch, col(Reservation.number) == place)
    ).scalar()
    if found is None:
        raise NotFound(f"There is no number {place} in the queue of batch {batch}.", "Look at its queue.")
    return int(found)


def words_about(session: Session, batch: int, buyer_id: int) -> list[WordView]:
    """What was said about a batch between one buyer and its makers, the oldest first."""
    rows = session.execute(
        select(BatchMessage.side, BatchMessage.text, BatchMessage.sent_at, Account.handle)
        .join(Account, col(Account.id) == col(BatchMessage.account_id))
        .where(col(BatchMessage.batch_id) == batch, col(BatchMessage.buyer_id) == buyer_id)
        .order_by(BatchMessage.id)
    ).all()
    return [WordView(by=handle, side=side, text=text, sent_at=at) for side, text, at, handle in rows]


def last_moment(session: Session, thread: Thread, buyer_id: int = 0) -> dt.datetime | None:
    """When something last happened in a thread: what a reader has seen up to."""
    if thread.kind == "queue":
        of = [select(func.max(Reservation.made_at)).where(col(Reservation.batch_id) == thread.number)]
    elif thread.kind == "batch":
        of = [
            select(func.max(BatchMessage.sent_at)).where(
                col(BatchMessage.batch_id) == thread.number, col(BatchMessage.buyer_id) == buyer_id
            )
        ]
    else:
        of = [
            select(func.max(QuoteMessage.sent_at)).where(col(QuoteMessage.quote_id) == thread.number),
            select(func.max(QuoteEvent.at)).where(col(QuoteEvent.quote_id) == thread.number),
        ]
    moments = [moment for one in of if (moment := session.execute(one).scalar()) is not None]
    return max(moments) if moments else None
