"""One thread of the inbox, opened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, col

from registry.accounts.tables import Account
from registry.batches import quote_queries
from registry.batches.schemas import QuoteDetail
from registry.batches.tables import BatchMaker, Quote, QuoteRequest, Reservation
from registry.dashboard import inbox
from registry.dashboard.inbox import Thread
from registry.dashboard.queries import get_job
from registry.dashboard.schemas import Place, ThreadView, WordView
from registry.dashboard.sql import select
from registry.dashboard.tables import BatchMessage
from registry.designs.tables import Design, Revision
from registry.errors import NotFound
from registry.fabricators.tables import Fabricator


@dataclass(frozen=True, slots=True)
class Opened:
    """A thread with all that stands in it."""

    kind: str
    title: str
    who: str
    words: list[WordView]
    quote: QuoteDetail | None = None
    request: QuoteRequest | None = None
    design: str = ""
    label: str = ""
    batch: int = 0
    place: int = 0
    queue: list[Place] = field(default_factory=list)
    writable: bool = True


def allowed(session: Session, fabricator: Fabricator, thread: Thread) -> int:
    """The buyer of a thread of words, or 0. Raises: NotFound for threads of others."""
    if thread.kind == "quote":
        owner = session.execute(select(Quote.fabricator_id).where(col(Quote.id) == thread.number)).scalar()
        mine = owner == fabricator.id
    else:
        mine = session.get(BatchMaker, (thread.number, fabricator.id)) is not None
    if not mine:
        raise NotFound(f"{fabricator.name} has no thread {thread.name}.", "Look at the inbox.")
    return inbox.buyer_at(session, thread.number, thread.place) if thread.kind == "batch" else 0


def queue(session: Session, batch: int) -> list[Place]:
    """The places of a batch's queue that are not cancelled."""
    wrote = set(
        session.execute(
            select(BatchMessage.buyer_id)
            .where(col(BatchMessage.batch_id) == batch, col(BatchMessage.side) == "buyer").distinct()
        ).scalars()
    )  # fmt: skip
    rows = session.execute(
        select(
            Reservation.number, Reservation.account_id, Reservation.named, Reservation.units, Reservation.state,
            Reservation.made_at, Account.handle,
        )
        .join(Account, col(Account.id) == col(Reservation.account_id))
        .where(col(Reservation.batch_id) == batch, col(Reservation.state) != "cancelled")
        .order_by(Reservation.number)
    ).all()  # fmt: skip
    return [
        Place(number=number, who=handle if named or account in wrote else "somebody", units=units, state=state,
              made_at=made_at, wrote=account in wrote)
        for number, account, named, units, state, made_at, handle in rows
    ]  # fmt: skip


def open_thread(session: Session, fabricator: Fabricator, thread: Thread) -> Opened:
    """What stands in a thread. Raises: NotFound."""
    buyer = allowed(session, fabricator, thread)
    if thread.kind == "quote":
        return _quote(session, thread.number)
    job = get_job(session, fabricator, thread.number)
    title = f"{job.design_name} {job.version}"
    told: dict[str, Any] = {"design": job.design, "label": job.label, "batch": thread.number}
    if thread.kind == "queue":
        places = queue(session, thread.number)
        return Opened("queue", title, f"Batch {thread.number}", [], queue=places, writable=False, **told)
    words = inbox.words_about(session, thread.number, buyer)
    who = next((word.by for word in words if word.side == "buyer"), f"Number {thread.place}")
    return Opened("words", f"{title}, batch {thread.number}", who, words, place=thread.place, **told)


def _quote(session: Session, quote_id: int) -> Opened:
    quote = quote_queries.get_quote(session, quote_id)
    asked = session.get_one(QuoteRequest, quote.request)
    design, revision = session.get_one(Design, asked.design_id), session.get_one(Revision, asked.revision_id)
    who = session.get_one(Account, asked.buyer_id).handle
    words = [WordView(**word.model_dump()) for word in quote.messages]
    return Opened(
        "request", f"{design.name} {revision.name}", who, words, quote=quote, request=asked, design=design.slug,
        label=revision.label,
    )  # fmt: skip


def view(opened: Opened, thread: Thread) -> ThreadView:
    """The same as JSON tells it."""
    return ThreadView(
        thread=thread.name, kind=opened.kind, title=opened.title, who=opened.who, words=opened.words,
        quote=opened.quote.id if opened.quote else None, job=opened.batch or None, queue=opened.queue,
    )  # fmt: skip
