"""Use cases of batches that several fabricators make: one leads, and asks others for a share of the stages."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func
from sqlmodel import Session, col, select

from registry.batches import rules, service
from registry.batches.batch_schemas import PartnerAnswer, PartnerWish
from registry.batches.makers import makers_of, require_lead, words_of
from registry.batches.origin import record_origin
from registry.batches.roles import ACTING, require_operator, role_of
from registry.batches.tables import Batch, BatchCount, BatchEvent, BatchInvitation, BatchMaker
from registry.errors import Conflict, Invalid, NotFound
from registry.fabricators.tables import Fabricator
from registry.stores.stores import Stores

MAKERS_MAX = 10
OPEN_TO_PARTNERS = ("draft", "open", *rules.MAKING)


def find_shop(session: Session, name: str) -> Fabricator:
    """A fabricator by the last part of its address, or by its name where only one is called so.

    Raises: Invalid, NotFound.
    """
    told = " ".join(name.split())
    row = session.exec(select(Fabricator).where(Fabricator.slug == told.lower())).first()
    if row is not None:
        return row
    rows = session.exec(select(Fabricator).where(func.lower(Fabricator.name) == told.lower()).limit(2)).all()
    if len(rows) == 1:
        return rows[0]
    if rows:
        raise Invalid(f"Several fabricators are called {told[:80]}.", "Write the last part of its address instead.",
                      field="fabricator")  # fmt: skip
    raise NotFound(f"There is no fabricator called {told[:80]}.", "Look at the list of fabricators.",
                   field="fabricator")  # fmt: skip


def ask(stores: Stores, account_id: int, number: int, wish: PartnerWish) -> None:
    """Ask a fabricator to make a share; one that the asker acts for joins at once.

    Raises: Conflict, Forbidden, Invalid, NotFound.
    """
    if strange := [stage for stage in wish.stages if stage not in rules.STAGES]:
        raise Invalid(f"There is no stage {strange[0][:40]}.", f"Choose among {', '.join(rules.STAGES)}.",
                      field="stages")  # fmt: skip
    if not wish.stages:
        raise Invalid("No stage is named.", "Say which of them they would make.", field="stages")
    with stores.db.transaction() as session:
        batch, now = service.held(session, number)
        require_lead(session, number, account_id)
        if batch.state not in OPEN_TO_PARTNERS:
            raise Conflict(f"This batch is {batch.state}: nobody can join it any more.", "Plan a new one.")
        shop = find_shop(session, wish.fabricator)
        made_by = {row.fabricator_id for row in makers_of(session, number)}
        if shop.id in made_by:
            raise Conflict(f"{shop.name} makes this batch already.", "Look at who makes it.", field="fabricator")
        if shop.status != "active":
            raise Conflict(f"{shop.name} takes no orders now.", "Ask another.", field="fabricator")
        if _asked(session, number, shop.id or 0):
            raise Conflict(f"{shop.name} was asked already, and has not answered.", "Wait, or take it back.",
                           field="fabricator")  # fmt: skip
        if len(made_by) >= MAKERS_MAX:
            raise Conflict(f"A batch has at most {MAKERS_MAX} makers.", "Leave it at those.", field="fabricator")
        row = BatchInvitation(batch_id=number, fabricator_id=shop.id or 0, account_id=account_id, at=now,
                              does=" ".join(wish.does.split()), stages=_in_order(wish.stages))  # fmt: skip
        session.add(row)
        if role_of(session, shop.id or 0, account_id) in ACTING:
            _join(session, batch, row, account_id, now)
        else:
            _tell(session, batch, "invite", f"{shop.name}: {_share(row)}", account_id, now)


def _in_order(stages: list[str]) -> list[str]:
    return [stage for stage in rules.STAGES if stage in stages]


def _share(row: BatchInvitation | BatchMaker) -> str:
    return words_of(row.stages) + (f" ({row.does})" if row.does else "")


def _asked(session: Session, number: int, fabricator_id: int) -> BatchInvitation | None:
    return session.exec(
        select(BatchInvitation).where(
            BatchInvitation.batch_id == number, BatchInvitation.fabricator_id == fabricator_id,
            BatchInvitation.state == "open",
        )
    ).first()  # fmt: skip


def _tell(session: Session, batch: Batch, action: str, why: str, account_id: int, now: dt.datetime) -> None:
    batch.updated_at = now
    session.add(batch)
    session.add(BatchEvent(batch_id=batch.id or 0, action=action, was=batch.state, became=batch.state,
                           account_id=account_id, why=why, at=now))  # fmt: skip


def _join(session: Session, batch: Batch, row: BatchInvitation, account_id: int, now: dt.datetime) -> None:
    row.state = "agreed"
    session.add(row)
    session.add(BatchMaker(batch_id=row.batch_id, fabricator_id=row.fabricator_id, does=row.does, stages=row.stages))
    session.flush()
    record_origin(session, batch, [row.fabricator_id])
    shop = session.get_one(Fabricator, row.fabricator_id)
    _tell(session, batch, "join", f"{shop.name}: {_share(row)}", account_id, now)


def answer(stores: Stores, account_id: int, number: int, slug: str, wish: PartnerAnswer) -> None:
    """Agree or decline as the one who is asked, take the question back as who leads, or end a share that has not begun.

    Raises: Conflict, Forbidden, NotFound.
    """
    with stores.db.transaction() as session:
        batch, now = service.held(session, number)
        shop = find_shop(session, slug)
        if wish.action == "leave":
            _leave(session, batch, shop, account_id, wish.why, now)
            return
        row = _asked(session, number, shop.id or 0)
        if row is None:
            raise NotFound(f"{shop.name} is not being asked to make a share of batch {number}.", "Look at it again.")
        if wish.action == "take back":
            require_lead(session, number, account_id)
        else:
            require_operator(session, shop.id or 0, account_id)
        if wish.action == "agree":
            if batch.state not in OPEN_TO_PARTNERS:
                raise Conflict(f"This batch is {batch.state}: nobody can join it any more.", "Look at its history.")
            _join(session, batch, row, account_id, now)
            return
        declines = wish.action == "decline"
        row.state = "declined" if declines else "taken back"
        session.add(row)
        _tell(session, batch, "decline a share" if declines else "take back", _why(shop, wish.why), account_id, now)


def _why(shop: Fabricator, why: str) -> str:
    return f"{shop.name}: {why.strip()}" if why.strip() else shop.name


def _leave(session: Session, batch: Batch, shop: Fabricator, account_id: int, why: str, now: dt.datetime) -> None:
    row = session.get(BatchMaker, (batch.id, shop.id))
    if row is None:
        raise NotFound(f"{shop.name} does not make batch {batch.id}.", "Look at who makes it.")
    if row.leads:
        raise Conflict(f"{shop.name} leads this batch.", "Who leads cancels the batch, or makes it.")
    if role_of(session, shop.id or 0, account_id) not in ACTING:
        require_lead(session, batch.id or 0, account_id)
    counted = select(BatchCount.id).where(BatchCount.batch_id == batch.id, col(BatchCount.fabricator_id) == shop.id)
    if session.exec(counted.limit(1)).first() is not None:
        raise Conflict(f"{shop.name} has counted units of this batch: it stays one of its makers.", "Write a message.")
    if batch.state not in OPEN_TO_PARTNERS:
        raise Conflict(f"This batch is {batch.state}.", "Look at its history.")
    session.delete(row)
    _tell(session, batch, "leave", _why(shop, why), account_id, now)
