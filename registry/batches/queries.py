"""What pages, JSON and commands read of batches."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from registry.batches import rules
from registry.batches.batch_schemas import (
    BatchDetail,
    BatchItem,
    BatchList,
    BatchQuery,
    InvitationView,
    MakerView,
    QueueItem,
    ReservationView,
    StageView,
)
from registry.batches.clock import database_now
from registry.batches.makers import makers_of
from registry.batches.origin import origin_of
from registry.batches.quote_queries import event_views, handles
from registry.batches.roles import ACTING, role_of
from registry.batches.service import counted, reservation_view
from registry.batches.tables import Batch, BatchEvent, BatchInvitation, BatchMaker, Reservation
from registry.batches.unit_tables import Order
from registry.designs.tables import Design, Revision
from registry.errors import NotFound
from registry.fabricators.tables import Fabricator

_PUBLIC = ("open", *rules.MAKING, "released", "closed", "cancelled")


def _makers(session: Session, number: int | None) -> list[MakerView]:
    rows = session.exec(
        select(Fabricator, BatchMaker)
        .join(BatchMaker, col(BatchMaker.fabricator_id) == col(Fabricator.id))
        .where(BatchMaker.batch_id == number)
        .order_by(col(BatchMaker.leads).desc(), Fabricator.name)
    ).all()
    return [
        MakerView(slug=shop.slug, name=shop.name, **row.model_dump(include={"leads", "does", "stages"}))
        for shop, row in rows
    ]


def _invitations(session: Session, number: int, account_id: int | None) -> list[InvitationView]:
    """The questions that wait, for those who make the batch; for the others, those put to them."""
    rows = session.exec(
        select(BatchInvitation, Fabricator)
        .join(Fabricator, col(Fabricator.id) == col(BatchInvitation.fabricator_id))
        .where(BatchInvitation.batch_id == number, BatchInvitation.state == "open")
        .order_by(col(BatchInvitation.id))
    ).all()
    makes = any(role_of(session, row.fabricator_id, account_id) for row in makers_of(session, number))
    names = handles(session, [row.account_id for row, _ in rows])
    return [
        InvitationView(slug=shop.slug, name=shop.name, by=names[row.account_id],
                       **row.model_dump(include={"stages", "does", "at"}))
        for row, shop in rows
        if makes or role_of(session, row.fabricator_id, account_id)
    ]  # fmt: skip


def _values(session: Session, row: Batch) -> dict[str, Any]:
    design, revision = session.get_one(Design, row.design_id), session.get_one(Revision, row.revision_id)
    fields = {"state", "currency", "units_min", "units_max", "reserved", "deadline_at"}
    return {
        "number": row.id,
        "design": design.slug,
        "design_name": design.name,
        "picture": design.picture or None,
        "version": revision.name,
        "label": revision.label,
        "price_now_minor": rules.unit_price(row.prices, max(row.reserved, row.units_min)) or 0,
        "price_full_minor": rules.unit_price(row.prices, row.units_max) or 0,
        "makers": _makers(session, row.id),
        "origin": origin_of(session, row),
        **row.model_dump(include=fields),
    }


def list_batches(session: Session, query: BatchQuery) -> BatchList:
    """Batches that are public: those that fill first, by their deadline, then the newest."""
    chosen = select(Batch).where(col(Batch.state).in_([query.state] if query.state in _PUBLIC else _PUBLIC))
    # what is made for one buyer is nobody else's business
    chosen = chosen.where(col(Batch.id).not_in(select(Order.batch_id)))
    if query.design:
        chosen = chosen.join(Design, col(Design.id) == col(Batch.design_id)).where(Design.slug == query.design)
    total = session.exec(select(func.count()).select_from(chosen.subquery())).one()
    filling = col(Batch.state) == "open"
    order = (filling.desc(), col(Batch.deadline_at) if query.state == "open" else col(Batch.id).desc())
    rows = session.exec(chosen.order_by(*order).offset((query.page - 1) * query.per_page).limit(query.per_page)).all()
    more = query.page * query.per_page < total
    return BatchList(
        items=[BatchItem(**_values(session, row)) for row in rows],
        total=total,
        next=f"?page={query.page + 1}&per_page={query.per_page}" if more else None,
    )


def filling(session: Session, design_id: int | None = None, limit: int = 8) -> list[BatchItem]:
    """Open batches, the nearest deadline first."""
    chosen = select(Batch).where(Batch.state == "open", col(Batch.deadline_at) > database_now(session))
    if design_id is not None:
        chosen = chosen.where(Batch.design_id == design_id)
    rows = session.exec(chosen.order_by(col(Batch.deadline_at)).limit(limit)).all()
    return [BatchItem(**_values(session, row)) for row in rows]


def is_due(session: Session, number: int) -> bool:
    """Whether a batch's deadline has passed without having been settled."""
    row = session.get(Batch, number)
    return row is not None and row.state == "open" and row.deadline_at <= database_now(session)


def acts_for(session: Session, number: int, account_id: int | None) -> tuple[bool, bool]:
    """(whether this account leads the batch as operator, whether it counts for any of its makers)."""
    rows = makers_of(session, number)
    acting = [row.leads for row in rows if role_of(session, row.fabricator_id, account_id) in ACTING]
    return any(acting), bool(acting)


def get_batch(session: Session, number: int, account_id: int | None = None) -> BatchDetail:
    """A batch with its queue and history; a draft is shown to who makes or planned it. Raises: NotFound."""
    row = session.get(Batch, number)
    hidden = row is not None and (row.state == "draft" or session.get(Order, number) is not None)
    if row is None or (hidden and not _knows(session, row, account_id)):
        raise NotFound(f"There is no batch {number}.", "Look at the list of batches.")
    places = session.exec(
        select(Reservation).where(Reservation.batch_id == number, Reservation.state != "cancelled")
        .order_by(col(Reservation.number))
    ).all()  # fmt: skip
    names = handles(session, [place.account_id for place in places if place.named] + [row.opened_by])
    done = counted(session, number)
    events = session.exec(select(BatchEvent).where(BatchEvent.batch_id == number).order_by(col(BatchEvent.id))).all()
    return BatchDetail(
        **_values(session, row),
        quote=row.quote_id,
        opened_by=names[row.opened_by],
        stages=[
            StageView(stage=stage, label=rules.STAGE_WORDS[stage], good=held.good, scrap=held.scrap, rework=held.rework)
            for stage in rules.STAGES
            for held in [done.get(stage, rules.Count())]
        ],
        queue=[
            QueueItem(
                who=names[place.account_id] if place.named else "somebody",
                **place.model_dump(include={"number", "units", "state", "made_at"}),
            )
            for place in places
        ],
        events=event_views(session, events),
        invitations=_invitations(session, number, account_id),
        **row.model_dump(include={"commit", "prices", "units_per_person", "notes", "created_at"}),
    )


def _knows(session: Session, row: Batch, account_id: int | None) -> bool:
    order = session.get(Order, row.id)
    makers = [maker.fabricator_id for maker in makers_of(session, row.id or 0)]
    makers += session.exec(
        select(BatchInvitation.fabricator_id).where(BatchInvitation.batch_id == row.id, BatchInvitation.state == "open")
    ).all()
    return account_id is not None and (
        row.opened_by == account_id
        or (order is not None and order.buyer_id == account_id)
        or any(role_of(session, maker, account_id) for maker in makers)
    )


def own_reservations(session: Session, number: int, account_id: int | None) -> list[ReservationView]:
    """What an account holds, or held, of a batch."""
    rows = session.exec(
        select(Reservation).where(
            Reservation.batch_id == number, Reservation.account_id == account_id, Reservation.state != "cancelled"
        )
    ).all()
    return [reservation_view(row) for row in rows]
