"""Use cases of the dashboard. Every one asks for the part that an account has in the fabricator."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func
from sqlmodel import Session, col, select

from registry.batches import money as amounts
from registry.batches import quoting
from registry.batches import rules as batch_rules
from registry.batches import service as batches
from registry.batches.batch_schemas import CountWish, Move
from registry.batches.clock import database_now
from registry.batches.orders import buyer_of
from registry.batches.schemas import Word
from registry.batches.tables import Batch, BatchMaker, Quote, QuoteRequest, QuoteVersion, Reservation
from registry.dashboard import inbox, rules
from registry.dashboard.once import once
from registry.dashboard.schemas import (
    ClosedWish,
    CountedWish,
    Done,
    MachineOnce,
    MachineWish,
    MoveWish,
    PaymentWish,
    PlanWish,
    WordView,
    WordWish,
)
from registry.dashboard.tables import BatchMessage, ClosedDay, JobPlan, PaymentSeen, ReadMark
from registry.errors import Conflict, Invalid, NotFound
from registry.fabricators.queries import find_fabricator
from registry.fabricators.schemas import MACHINE_STATUS_LABELS, Role
from registry.fabricators.service import require_role
from registry.fabricators.tables import Fabricator, Machine
from registry.lending.community.queries import credit_parts
from registry.stores.stores import Stores
from registry.values import utcnow

_CLOSED_DAYS_MAX = 400


def enter(session: Session, slug: str, account_id: int, role: Role = "viewer") -> tuple[Fabricator, str]:
    """A fabricator and the part that an account has in it. Raises: NotFound, Forbidden."""
    row = find_fabricator(session, slug)
    return row, require_role(session, row.id or 0, account_id, role)


def _own_batch(session: Session, fabricator: Fabricator, number: int, *, leads: bool = False) -> None:
    """Raises: NotFound, Conflict. The batch itself is not read here: who holds its row must be the first to read it."""
    maker = session.get(BatchMaker, (number, fabricator.id))
    if maker is None:
        raise NotFound(f"{fabricator.name} has no job {number}.", "Look at its board.")
    if leads and not maker.leads:
        raise Conflict(
            f"{fabricator.name} makes a share of batch {number}, but does not lead it.", "Ask who leads it to do that."
        )


def move(stores: Stores, account_id: int, slug: str, wish: MoveWish) -> Done:
    """Move a job on, by the rules of batches. Raises: Conflict, Forbidden, Invalid, NotFound."""

    def work(inner: Stores, session: Session) -> str:
        fabricator, _ = enter(session, slug, account_id, "operator")
        _own_batch(session, fabricator, wish.job, leads=True)
        batch, _ = batches.held(session, wish.job)
        if wish.was and batch.state != wish.was:
            raise Conflict(
                f"Batch {wish.job} was '{wish.was}' when you moved it, and is '{batch.state}' by now.",
                "Somebody moved it meanwhile: look at it again.", field="was",
            )  # fmt: skip
        batches.move(inner, account_id, wish.job, Move(action=wish.action, why=wish.why))
        return f"Batch {wish.job}: {(rules.COLUMNS | rules.ENDS)[batch.state][0].lower()}."

    return once(stores, account_id, wish, work)


def count(stores: Stores, account_id: int, slug: str, wish: CountedWish) -> Done:
    """Add what was counted of a job, by the rules of batches. Raises: Conflict, Forbidden, Invalid, NotFound."""

    def work(inner: Stores, session: Session) -> str:
        fabricator, _ = enter(session, slug, account_id, "operator")
        _own_batch(session, fabricator, wish.job)
        batches.count(inner, account_id, wish.job, CountWish(**wish.model_dump(exclude={"job", "key"})))
        numbers = (("good", wish.good), ("scrap", wish.scrap), ("done again", wish.rework))
        told = ", ".join(f"{number} {name}" for name, number in numbers if number)
        return f"Batch {wish.job}, {batch_rules.STAGE_WORDS[wish.stage].lower()}: {told}."

    return once(stores, account_id, wish, work)


def answer(stores: Stores, account_id: int, slug: str, wish: WordWish) -> Done:
    """Write in a thread of the inbox, as the fabricator. Raises: Conflict, Forbidden, Invalid, NotFound."""
    thread = inbox.parse_thread(wish.thread)
    text = _told(wish.text)

    def work(inner: Stores, session: Session) -> str:
        fabricator, _ = enter(session, slug, account_id, "operator")
        if thread.kind == "quote":
            _own_quote(session, fabricator, thread.number)
            quoting.write(inner, account_id, thread.number, Word(text=text))
        elif thread.kind == "batch":
            _own_batch(session, fabricator, thread.number)
            buyer = inbox.buyer_at(session, thread.number, thread.place)
            _say(session, thread.number, buyer, account_id, "fabricator", text)
        else:
            raise Conflict("A queue is written to one by one.", "Choose somebody in it.", field="thread")
        return "Sent."

    return once(stores, account_id, wish, work)


def _told(text: str) -> str:
    if not text.strip():
        raise Invalid("The message is empty.", "Write a word.", field="text")
    return text.strip()


def _say(session: Session, batch: int, buyer_id: int, account_id: int, side: str, text: str) -> None:
    session.add(
        BatchMessage(batch_id=batch, buyer_id=buyer_id, account_id=account_id, side=side, text=text,
                     sent_at=database_now(session))
    )  # fmt: skip


def ask_about(stores: Stores, account_id: int, number: int, text: str) -> Done:
    """Write to those who make a batch, as somebody who reserved of it. Raises: Forbidden, Invalid, NotFound."""
    text = _told(text)
    with stores.db.transaction() as session:
        _require_place(session, account_id, number)
        _say(session, number, account_id, account_id, "buyer", text)
    return Done(said="Sent.")


def _require_place(session: Session, account_id: int, number: int) -> None:
    own = session.exec(
        select(Reservation.id).where(Reservation.batch_id == number, Reservation.account_id == account_id)
    ).first()
    if own is None:
        raise NotFound(f"You have no reservation in batch {number}.", "Reserve units, then you can write about them.")


def words_with_makers(session: Session, account_id: int, number: int) -> list[WordView]:
    """What somebody who reserved and those who make a batch have said. Raises: NotFound."""
    _require_place(session, account_id, number)
    return inbox.words_about(session, number, account_id)


def _own_quote(session: Session, fabricator: Fabricator, quote_id: int) -> None:
    """Raises: NotFound."""
    owner = session.exec(select(Quote.fabricator_id).where(Quote.id == quote_id)).first()
    if owner is None or owner != fabricator.id:
        raise NotFound(f"{fabricator.name} has no quote {quote_id}.", "Look at the inbox.")


def mark_read(stores: Stores, account_id: int, thread: inbox.Thread, buyer_id: int = 0) -> bool:
    """Remember that a person has read a thread up to what it holds now. Returns: whether that is news."""
    with stores.db.reading() as session:
        moment = inbox.last_moment(session, thread, buyer_id)
        row = session.get(ReadMark, (account_id, thread.kind, thread.number, buyer_id))
        if moment is None or (row is not None and row.seen_at >= moment):
            return False
    with stores.db.transaction() as session:
        session.merge(
            ReadMark(
                account_id=account_id, kind=thread.kind, thread_id=thread.number, buyer_id=buyer_id, seen_at=moment
            )
        )
    return True


def set_machine(stores: Stores, account_id: int, slug: str, machine_id: int, wish: MachineWish) -> Done:
    """Say whether a machine is free. Raises: Forbidden, NotFound."""

    def work(inner: Stores, session: Session) -> str:
        fabricator, _ = enter(session, slug, account_id, "operator")
        machine = session.get(Machine, machine_id)
        if machine is None or machine.fabricator_id != fabricator.id:
            raise NotFound(f"{fabricator.name} has no such machine.", "It may have been removed.")
        machine.status = wish.status
        fabricator.updated_at = utcnow()
        session.add_all((machine, fabricator))
        return f"{machine.name}: {MACHINE_STATUS_LABELS[wish.status].lower()}."

    return once(stores, account_id, MachineOnce(machine=machine_id, **wish.model_dump()), work)


def plan_job(stores: Stores, account_id: int, slug: str, number: int, wish: PlanWish) -> Done:
    """Say how long a job takes and when it is promised. Raises: Forbidden, NotFound."""
    with stores.db.transaction() as session:
        fabricator, _ = enter(session, slug, account_id, "operator")
        _own_batch(session, fabricator, number)
        session.merge(
            JobPlan(fabricator_id=fabricator.id or 0, batch_id=number, account_id=account_id, updated_at=utcnow(),
                    **wish.model_dump())
        )  # fmt: skip
        return Done(said=f"The plan of batch {number} is kept.")


def set_day(stores: Stores, account_id: int, slug: str, wish: ClosedWish) -> Done:
    """Close a day or open it again. Raises: Conflict, Forbidden, NotFound."""
    if wish.do == "open":
        return open_day(stores, account_id, slug, wish.day)
    return close_day(stores, account_id, slug, wish)


def close_day(stores: Stores, account_id: int, slug: str, wish: ClosedWish) -> Done:
    """Say that nobody works on a day. Raises: Conflict, Forbidden, NotFound."""
    with stores.db.transaction() as session:
        fabricator, _ = enter(session, slug, account_id, "operator")
        count = session.exec(select(func.count()).where(ClosedDay.fabricator_id == fabricator.id)).one()
        if count >= _CLOSED_DAYS_MAX:
            raise Conflict(f"{_CLOSED_DAYS_MAX} days are closed already.", "Open old ones first.")
        session.merge(ClosedDay(fabricator_id=fabricator.id or 0, day=wish.day, words=" ".join(wish.words.split())))
        return Done(said=f"Closed on {wish.day:%-d %B %Y}.")


def open_day(stores: Stores, account_id: int, slug: str, day: dt.date) -> Done:
    """Say that a day is a working day after all. Raises: Forbidden, NotFound."""
    with stores.db.transaction() as session:
        fabricator, _ = enter(session, slug, account_id, "operator")
        row = session.get(ClosedDay, (fabricator.id, day))
        if row is not None:
            session.delete(row)
        return Done(said=f"Open on {day:%-d %B %Y}.")


def see_payment(stores: Stores, account_id: int, slug: str, wish: PaymentWish) -> Done:
    """Record money that was seen, or given back. Raises: Conflict, Forbidden, Invalid, NotFound."""
    currency = amounts.check_currency(wish.currency)
    if wish.amount_minor == 0:
        raise Invalid("No money is no payment.", "Give the amount.", field="amount")
    if wish.amount_minor < 0 and not wish.why.strip():
        raise Invalid("Money is given back without a reason.", "Say why.", field="why")
    if (wish.quote is None) == (wish.job is None or wish.place is None):
        raise Invalid("A payment is for one reservation or one quote.", "Name the job and the place, or the quote.",
                      field="place")  # fmt: skip

    def work(inner: Stores, session: Session) -> str:
        fabricator, _ = enter(session, slug, account_id, "operator")
        day = database_now(session).date()
        seen_on = wish.seen_on or day
        if seen_on > day:
            raise Invalid("That day is still to come.", "Record money when it is there.", field="seen_on")
        row = PaymentSeen(
            fabricator_id=fabricator.id or 0, amount_minor=wish.amount_minor, currency=currency, seen_on=seen_on,
            why=wish.why.strip(), account_id=account_id, at=database_now(session),
        )  # fmt: skip
        if wish.quote is not None:
            agreed_in, due = _quote_due(session, fabricator, wish.quote)
            row.quote_id = wish.quote
            of = PaymentSeen.quote_id == wish.quote
        else:
            agreed_in, due, row.reservation_id = _place_due(session, fabricator, wish.job or 0, wish.place or 0)
            of = PaymentSeen.reservation_id == row.reservation_id
        if currency != agreed_in:
            raise Conflict(f"This was agreed in {agreed_in}, not in {currency}.", "Record it as it was agreed.",
                           field="currency")  # fmt: skip
        paid = session.exec(select(func.coalesce(func.sum(PaymentSeen.amount_minor), 0)).where(of)).one()
        _check_amount(wish.amount_minor, due, int(paid), currency)
        session.add(row)
        told = amounts.money(abs(wish.amount_minor), currency)
        return f"{told} received." if wish.amount_minor > 0 else f"{told} given back."

    return once(stores, account_id, wish, work)


def _check_amount(minor: int, due: int, paid: int, currency: str) -> None:
    if minor > 0 and due >= 0 and paid + minor > due:
        left = amounts.money(max(0, due - paid), currency)
        raise Conflict(f"That is more than agreed: {left} is still open.", "Record what belongs to it.", field="amount")
    if paid + minor < 0:
        raise Conflict(
            f"Only {amounts.money(paid, currency)} was received.", "No more can be given back.", field="amount"
        )


def _place_due(session: Session, fabricator: Fabricator, number: int, place: int) -> tuple[str, int, int]:
    """(currency, what is agreed, the reservation) of a place in a queue, its batch held."""
    _own_batch(session, fabricator, number, leads=True)
    batch, _ = batches.held(session, number)
    row = session.exec(select(Reservation).where(Reservation.batch_id == number, Reservation.number == place)).first()
    if row is None:
        raise NotFound(f"There is no number {place} in the queue of batch {number}.", "Look at its queue.")
    owed = row.state == "confirmed" and batch.state in rules.OWED
    price = rules.price_of(batch.prices, batch.units_min, batch.reserved)
    rest = 0
    if buyer_of(session, number) is not None:
        offer = session.exec(
            select(QuoteVersion)
            .join(Quote, (col(Quote.id) == col(QuoteVersion.quote_id)) & (col(Quote.version) == QuoteVersion.number))
            .where(Quote.id == batch.quote_id)
        ).one()
        rest = rules.order_rest(offer.prices, offer.setup_minor, row.units, price)
    part = credit_parts(session, [number]).get(row.id or 0) if owed else None
    in_credit = part.minor if part and part.paid else 0  # the community's money came already
    return batch.currency, price * row.units + rest - in_credit if owed else 0, row.id or 0


def _quote_due(session: Session, fabricator: Fabricator, quote_id: int) -> tuple[str, int]:
    """(currency, what is agreed; below zero where its quantity is not settled) of an accepted quote, held."""
    _own_quote(session, fabricator, quote_id)
    request, quote = quoting.held(session, quote_id)
    if quote.state != "accepted":
        raise Conflict(f"Quote {quote_id} is {quote.state}, not accepted.", "Money is due for accepted ones.")
    batch = session.exec(select(Batch.id).where(col(Batch.quote_id) == quote_id)).first()
    if batch is not None:
        raise Conflict(f"Quote {quote_id} became batch {batch}.", "Record what each reservation brings.")
    offer = session.exec(
        select(QuoteVersion).where(QuoteVersion.quote_id == quote_id, QuoteVersion.number == quote.version)
    ).one()
    return offer.currency, _total(request, offer)


def _total(request: QuoteRequest, offer: QuoteVersion) -> int:
    if len(request.quantities) != 1:
        return -1
    return batch_rules.total_price(offer.prices, offer.setup_minor, request.quantities[0]) or -1
