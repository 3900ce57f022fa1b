"""Use cases of batches. Whoever reserves, moves or settles holds the batch's row: nothing goes beyond its maximum."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from registry.batches import quoting, rules, unit_counts
from registry.batches.batch_schemas import BatchWish, CountWish, Move, ReservationView, ReservationWish
from registry.batches.clock import database_now
from registry.batches.makers import require_lead, require_maker
from registry.batches.money import check_currency
from registry.batches.origin import record_origin
from registry.batches.roles import ACTING, require_operator, role_of
from registry.batches.tables import (
    Batch,
    BatchCount,
    BatchEvent,
    BatchInvitation,
    BatchMaker,
    Quote,
    QuoteRequest,
    QuoteVersion,
    Reservation,
)
from registry.designs.queries import find_design, find_revision
from registry.errors import Conflict, Invalid, NotFound
from registry.fabricators.tables import Fabricator
from registry.stores.stores import Stores

_DEADLINE_DAYS_MAX = 730


def plan(stores: Stores, account_id: int, wish: BatchWish) -> int:
    """A batch in draft, of an accepted quote or of a version. Returns: its number. Raises: Invalid, Forbidden, ..."""
    deadline_at = wish.deadline_at if wish.deadline_at.tzinfo else wish.deadline_at.replace(tzinfo=dt.UTC)
    deadline_at = deadline_at.astimezone(dt.UTC)
    if wish.units_min > wish.units_max:
        raise Invalid("The minimum is above the maximum.", "Lower the one or raise the other.", field="units_min")
    try:
        with stores.db.transaction() as session:
            now = database_now(session)
            if not now < deadline_at <= now + dt.timedelta(days=_DEADLINE_DAYS_MAX):
                raise Invalid(
                    "A deadline lies ahead, within two years.", "Choose another (it is in UTC).", field="deadline_at"
                )
            batch = _of_quote(session, account_id, wish) if wish.quote else _of_version(session, account_id, wish)
            batch.deadline_at, batch.opened_by = deadline_at, account_id
            for name in ("units_min", "units_max", "units_per_person", "notes"):
                setattr(batch, name, getattr(wish, name))
            if batch.prices[0]["quantity"] > wish.units_min:
                raise Invalid(
                    f"There is no price for {wish.units_min} units: the first is for {batch.prices[0]['quantity']}.",
                    "Raise the minimum, or add a price.", field="units_min",
                )  # fmt: skip
            makers, asked = _makers(session, account_id, wish)
            session.add(batch)
            session.flush()
            for place, fabricator_id in enumerate(makers):
                session.add(BatchMaker(batch_id=batch.id or 0, fabricator_id=fabricator_id, leads=place == 0))
            for fabricator_id in asked:
                session.add(BatchInvitation(batch_id=batch.id or 0, fabricator_id=fabricator_id, account_id=account_id,
                                            at=now))  # fmt: skip
            record_origin(session, batch, makers)
            session.add(BatchEvent(batch_id=batch.id or 0, action="plan", was="", became="draft",
                                   account_id=account_id, at=now))  # fmt: skip
            return batch.id or 0
    except IntegrityError as error:
        raise Conflict("There is a batch of this quote already.", "Look for it among the batches.") from error


def _of_quote(session: Session, account_id: int, wish: BatchWish) -> Batch:
    request, quote = quoting.held(session, wish.quote or 0)
    quoting.side_of(session, request, quote, account_id)
    if quote.state != "accepted":
        raise Conflict(f"Quote {quote.id} is {quote.state}, not accepted.", "Accept it first.", field="quote")
    offer = session.exec(
        select(QuoteVersion).where(QuoteVersion.quote_id == quote.id, QuoteVersion.number == quote.version)
    ).one()
    return Batch(
        design_id=request.design_id, revision_id=request.revision_id, commit=request.commit, quote_id=quote.id,
        currency=offer.currency, prices=rules.spread_setup(offer.prices, offer.setup_minor),
    )  # type: ignore[call-arg]  # fmt: skip


def _of_version(session: Session, account_id: int, wish: BatchWish) -> Batch:
    design = find_design(session, wish.design)
    revision = find_revision(session, design, wish.version or None)
    return Batch(
        design_id=design.id or 0, revision_id=revision.id or 0, commit=revision.commit,
        currency=check_currency(wish.currency),
        prices=rules.check_prices([row.model_dump() for row in wish.prices], falling=True),
    )  # type: ignore[call-arg]  # fmt: skip


def _makers(session: Session, account_id: int, wish: BatchWish) -> tuple[list[int], list[int]]:
    """(makers, the leading one first; those that are asked): who plans acts for the first, and asks the others."""
    if wish.quote:
        quote = session.get_one(Quote, wish.quote)
        buyer = session.get_one(QuoteRequest, quote.request_id).buyer_id == account_id
        if not buyer:
            require_operator(session, quote.fabricator_id, account_id)
        return [quote.fabricator_id], []
    if not wish.fabricators:
        raise Invalid("A batch needs somebody who makes it.", "Name a fabricator.", field="fabricators")
    found: list[int] = []
    asked: list[int] = []
    for slug in dict.fromkeys(wish.fabricators):
        fabricator_id = session.exec(select(Fabricator.id).where(Fabricator.slug == slug)).first()
        if fabricator_id is None:
            raise NotFound(f"There is no fabricator called {slug[:80]}.", "Look at the list of fabricators.")
        if found and role_of(session, fabricator_id, account_id) not in ACTING:
            asked.append(fabricator_id)
            continue
        require_operator(session, fabricator_id, account_id)
        found.append(fabricator_id)
    return found, asked


def held(session: Session, number: int) -> tuple[Batch, dt.datetime]:
    """A batch with its row held until the transaction ends, settled if that is due; and the time. Raises: NotFound."""
    batch = session.exec(select(Batch).where(Batch.id == number).with_for_update()).first()
    if batch is None:
        raise NotFound(f"There is no batch {number}.", "Look at the list of batches.")
    now = database_now(session)  # asked after the wait for the row
    if batch.state == "open" and now >= batch.deadline_at:
        _go(session, batch, rules.settle(batch.units_min, batch.reserved), "registry", None, now, _settled_words(batch))
    return batch, now


def _settled_words(batch: Batch) -> str:
    reached = batch.reserved >= batch.units_min
    return (
        f"{batch.reserved} units were reserved, {batch.units_min} needed: "
        f"{'the batch is made' if reached else 'everything is released, nobody owes anything'}."
    )


def _go(
    session: Session, batch: Batch, action: str, actor: str, account_id: int | None, now: dt.datetime, why: str = ""
) -> None:
    was = batch.state
    batch.state = rules.step(rules.BATCH_STEPS, "This batch", was, action, actor)
    batch.updated_at = now
    session.add(batch)
    session.add(BatchEvent(batch_id=batch.id or 0, action=action, was=was, became=batch.state,
                           account_id=account_id, why=why.strip(), at=now))  # fmt: skip
    ends = {"filled": ("held", "confirmed"), "released": ("held", "released"), "cancelled": ("", "released")}
    if batch.state not in ends:
        return
    only, then = ends[batch.state]
    states = (only,) if only else ("held", "confirmed")
    for row in session.exec(
        select(Reservation).where(Reservation.batch_id == batch.id, col(Reservation.state).in_(states))
    ).all():
        row.state = then
        row.ended_at = None if then == "confirmed" else now
        session.add(row)


def reserve(stores: Stores, account_id: int, number: int, wish: ReservationWish) -> ReservationView:
    """Reserve units; the same key answers the same again. Raises: Conflict, Invalid, NotFound."""
    rules.check_key(wish.key)
    try:
        return _reserve(stores, account_id, number, wish)
    except IntegrityError:  # the same key was used for another batch in the same moment
        return _reserve(stores, account_id, number, wish)


def _reserve(stores: Stores, account_id: int, number: int, wish: ReservationWish) -> ReservationView:
    settled = False
    with stores.db.transaction() as session:
        batch, now = held(session, number)
        before = session.exec(
            select(Reservation).where(Reservation.account_id == account_id, Reservation.key == wish.key)
        ).first()
        if before is not None:
            if (before.batch_id, before.units, before.named) != (number, wish.units, wish.named):
                raise Conflict("This key was used for another reservation.", "Make a new key for a new one.",
                               field="key")  # fmt: skip
            return reservation_view(before)
        settled = batch.state in ("filled", "released")
        if not settled:
            return _take(session, batch, now, account_id, wish)
    # left without a fault, so that what the deadline decided stays written
    raise Conflict("This batch takes no more reservations: its deadline has passed.", "Look for another batch.")


def _take(session: Session, batch: Batch, now: dt.datetime, account_id: int, wish: ReservationWish) -> ReservationView:
    own = session.exec(
        select(func.coalesce(func.sum(Reservation.units), 0)).where(
            Reservation.batch_id == batch.id, Reservation.account_id == account_id, Reservation.state == "held"
        )
    ).one()
    filling = rules.Filling(batch.state, batch.units_max, batch.units_per_person, batch.reserved, batch.deadline_at)
    rules.judge_reservation(filling, wish.units, own, now)
    batch.reserved += wish.units
    batch.last_number += 1
    row = Reservation(
        batch_id=batch.id or 0, account_id=account_id, number=batch.last_number, units=wish.units, named=wish.named,
        key=wish.key, made_at=now,
    )  # fmt: skip
    session.add_all((batch, row))
    session.flush()
    return reservation_view(row)


def reservation_view(row: Reservation) -> ReservationView:
    """A reservation for who made it."""
    return ReservationView(batch=row.batch_id, number=row.number, units=row.units, named=row.named, state=row.state,
                           made_at=row.made_at)  # fmt: skip


def cancel(stores: Stores, account_id: int, number: int, place: int) -> ReservationView:
    """Give one's reserved units back, until the deadline. Raises: Conflict, NotFound."""
    with stores.db.transaction() as session:
        batch, now = held(session, number)
        row = session.exec(
            select(Reservation).where(
                Reservation.batch_id == number, Reservation.number == place, Reservation.account_id == account_id
            )
        ).first()
        if row is None:
            raise NotFound(f"You have no reservation {place} in batch {number}.", "Look at its queue.")
        if row.state == "cancelled":
            return reservation_view(row)
        if batch.state == "open":
            batch.reserved -= row.units
            row.state, row.ended_at = "cancelled", now
            session.add_all((batch, row))
            return reservation_view(row)
    raise Conflict(f"This reservation is {row.state}: the deadline has passed.", "Ask the workshop.")


def move(stores: Stores, account_id: int, number: int, wish: Move) -> None:
    """Move a batch on. Raises: Conflict, Forbidden, Invalid, NotFound."""
    with stores.db.transaction() as session:
        batch, now = held(session, number)
        require_lead(session, number, account_id)
        if wish.action == "open" and now >= batch.deadline_at:
            raise Conflict("Its deadline has passed already.", "Plan a new batch with a later one.")
        if wish.action == "open" and (waits := _unanswered(session, number)):
            raise Conflict(
                f"{waits} has not said yet whether it makes its share.",
                "Wait for the answer, or take the question back.",
            )
        if wish.action == "begin early" and batch.reserved < batch.units_max:
            raise Conflict(
                f"{batch.units_max - batch.reserved} units are not reserved yet, so the batch waits for its deadline.",
                "A batch begins early only when it is full.",
            )
        if wish.action == "cancel" and not wish.why.strip():
            raise Invalid("A batch is cancelled without a reason.", "Say why to those who reserved.", field="why")
        if wish.action in rules.STAGES:
            rules.step(rules.BATCH_STEPS, "This batch", batch.state, wish.action, "operator")
            rules.check_move(counted(session, number), wish.action, batch.reserved, wish.why)
        _go(session, batch, wish.action, "operator", account_id, now, wish.why)


def _unanswered(session: Session, number: int) -> str:
    """The name of a fabricator that was asked for a share and has not answered, or ''."""
    return (
        session.exec(
            select(Fabricator.name)
            .join(BatchInvitation, col(BatchInvitation.fabricator_id) == col(Fabricator.id))
            .where(BatchInvitation.batch_id == number, BatchInvitation.state == "open")
            .order_by(Fabricator.name)
        ).first()
        or ""
    )


def counted(session: Session, number: int) -> dict[str, rules.Count]:
    """stage -> what is counted there so far."""
    sums = (func.sum(BatchCount.good), func.sum(BatchCount.scrap), func.sum(BatchCount.rework))
    rows = session.exec(
        select(BatchCount.stage, *sums).where(BatchCount.batch_id == number).group_by(BatchCount.stage)
    ).all()
    return {stage: rules.Count(int(good), int(scrap), int(rework)) for stage, good, scrap, rework in rows}


def count(stores: Stores, account_id: int, number: int, wish: CountWish) -> None:
    """Add what was counted at a stage. Raises: Conflict, Forbidden, Invalid, NotFound."""
    with stores.db.transaction() as session:
        batch, now = held(session, number)
        fabricator_id = require_maker(session, number, account_id, wish.stage)
        if batch.state not in rules.MAKING:
            raise Conflict(
                f"This batch is {batch.state}: there is nothing to count.", "Counting begins when it is made."
            )
        rules.check_count(counted(session, number), wish.stage, rules.Count(wish.good, wish.scrap, wish.rework),
                          wish.why)  # fmt: skip
        unit_counts.follow(session, number, wish, account_id, now)
        session.add(BatchCount(batch_id=number, fabricator_id=fabricator_id, account_id=account_id, at=now,
                               **wish.model_dump(exclude={"serials"})))  # fmt: skip


def settle_due(stores: Stores) -> int:
    """Settle the batches whose deadline has passed. Returns: how many."""
    with stores.db.reading() as session:
        due = session.exec(
            select(Batch.id).where(Batch.state == "open", col(Batch.deadline_at) <= database_now(session))
        ).all()
    for number in due:
        with stores.db.transaction() as session:
            held(session, number or 0)
    return len(due)


def keep(stores: Stores) -> None:
    """What a worker looks after between builds: deadlines and offers that have run out."""
    settle_due(stores)
    quoting.expire_due(stores)


def install(stores: Stores) -> None:
    """Let workers look after batches."""
    hooks = stores.hooks.setdefault("worker.keep", [])
    if keep not in hooks:
        hooks.append(keep)
