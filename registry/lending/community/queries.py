"""What pages, JSON and commands read of community money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

import registry.lending.community.leaving  # noqa: F401  it says what goes when an account is deleted
from registry.accounts.queries import handle_of
from registry.batches.queries import acts_for
from registry.batches.roles import ACTING, fabricators_of
from registry.batches.tables import Batch, Reservation
from registry.batches.unit_tables import Order
from registry.designs.tables import Design
from registry.errors import NotFound
from registry.fabricators.tables import Fabricator
from registry.ledger import queries as ledger
from registry.ledger.money import iso_currency
from registry.lending.community import rules
from registry.lending.community.schemas import (
    CommunityView,
    CreditLine,
    CreditView,
    OfferView,
    OwnPart,
    PartView,
    TakingBatch,
)
from registry.lending.community.service import (
    Owner,
    credit_name,
    member_row,
    part_key,
    part_of_batch,
    policy_with_currency,
    split_reservation,
)
from registry.lending.community.tables import BatchCredit, CommunityMember
from registry.lending.queries import policy_now

LINES = 50
SHOWN = 100


def name_of(session: Session, owner: Owner) -> tuple[str, str]:
    """(handle or slug, name) of a member."""
    if owner[0] == "fabricator":
        shop = session.get(Fabricator, owner[1])
        return (shop.slug, shop.name) if shop else ("", "a workshop")
    handle = handle_of(session, owner[1])
    return handle, handle


def get_community(session: Session) -> CommunityView:
    """The community's currency, what members offer, and batches that take it. Raises: NotFound if there is none."""
    policy = policy_with_currency(session)
    own = policy.community
    members = session.exec(
        select(CommunityMember).where(col(CommunityMember.left_at).is_(None)).order_by(col(CommunityMember.id))
    ).all()
    held = ledger.balances(session, role="credit", currency=own.currency)
    offers: list[OfferView] = []
    for row in members:
        if row.offers and len(offers) < SHOWN:
            slug, name = name_of(session, (row.owner_kind, row.owner_id))
            offers.append(OfferView(member=slug, kind=row.owner_kind, name=name, offers=row.offers))
    return CommunityView(
        bank_currency=policy.bank.currency, members=len(members), offers=offers, batches=taking(session, own.currency),
        turnover_minor=sum(each.debits_minor for each in held),
        owed_minor=-sum(min(0, each.balance_minor) for each in held),
        **own.model_dump(),
    )  # fmt: skip


def taking(session: Session, currency: str) -> list[TakingBatch]:
    """Open batches that take part of their price in the currency."""
    rows = session.exec(
        select(Batch, Design)
        .join(Design, col(Design.id) == col(Batch.design_id))
        .where(
            Batch.state == "open", col(Batch.id).in_(select(BatchCredit.batch_id)),
            col(Batch.id).not_in(select(Order.batch_id)),
        )
        .order_by(col(Batch.deadline_at)).limit(SHOWN)
    ).all()  # fmt: skip
    found = []
    for batch, design in rows:
        part = part_of_batch(session, batch.id or 0)
        if part is not None and part.share_bp and part.currency == currency:
            found.append(TakingBatch(number=batch.id or 0, design=design.slug, design_name=design.name,
                                     share_bp=part.share_bp, state=batch.state))  # fmt: skip
    return found


def get_credit(session: Session, owner: Owner, after_seq: int = 0) -> CreditView:
    """A member's balance, limits and last payments. Raises: NotFound if they never joined."""
    own = policy_with_currency(session).community
    row = member_row(session, owner)
    if row is None:
        raise NotFound("You have no account in community money yet.", "Join: it opens one.")
    name = credit_name(owner, own.currency)
    held = ledger.balance(session, name)
    told = ledger.statement(session, name, after_seq=after_seq)
    while told.next_seq:  # the last part: what is new is read first
        told = ledger.statement(session, name, after_seq=told.next_seq)
    slug, _ = name_of(session, owner)
    lines = []
    for line in told.lines[-LINES:]:
        kind, who, *_ = line.other.split("/")
        lines.append(CreditLine(
            seq=line.seq, at=line.effective_at, other=name_of(session, (kind, int(who)))[1], purpose=line.purpose,
            amount_minor=line.amount_minor, balance_minor=line.balance_minor,
        ))  # fmt: skip
    highest = held.highest_minor or 0
    return CreditView(
        member=slug, kind=owner[0], currency=own.currency, exponent=own.exponent, active=row.left_at is None,
        offers=row.offers, balance_minor=held.balance_minor, lowest_minor=held.lowest_minor or 0, highest_minor=highest,
        available_minor=held.available_minor or 0,
        room_minor=highest - held.balance_minor - held.pending_credits_minor, lines=lines[::-1],
    )  # fmt: skip


def get_part(session: Session, number: int, account_id: int | None) -> PartView | None:
    """The part of a batch's price that may be paid in credit; None where there is none and nobody here could set it."""
    policy = policy_now(session)
    own = policy.community
    batch = session.get(Batch, number)
    if not own.currency or batch is None:
        return None
    part = part_of_batch(session, number)
    share = part.share_bp if part and part.currency == own.currency else 0
    leads, _ = acts_for(session, number, account_id)
    settable = leads and batch.state in rules.SETTABLE and batch.currency == policy.bank.currency
    if not share and not settable:
        return None
    unit, money, credit = split_reservation(batch, 1, share, own.exponent)
    return PartView(
        batch=number, share_bp=share, share_bp_max=own.price_share_bp_max, price_currency=batch.currency,
        price_exponent=iso_currency(batch.currency).exponent, currency=own.currency, exponent=own.exponent,
        unit_minor=unit, unit_money_minor=money, unit_credit_minor=credit, settable=settable,
        own=_own(session, batch, account_id, share, own.exponent) if share else [],
    )  # fmt: skip


def _own(session: Session, batch: Batch, account_id: int | None, share: int, exponent: int) -> list[OwnPart]:
    rows = session.exec(
        select(Reservation)
        .where(
            Reservation.batch_id == batch.id, Reservation.account_id == account_id,
            col(Reservation.state).in_(("held", "confirmed")),
        )
        .order_by(col(Reservation.number))
    ).all()  # fmt: skip
    paid = {entry.key for entry in ledger.transfers(session, keys=[part_key(row) for row in rows])}
    found = []
    for row in rows:
        total, money, credit = split_reservation(batch, row.units, share, exponent)
        found.append(OwnPart(
            number=row.number, units=row.units, total_minor=total, money_minor=money, credit_minor=credit,
            paid=part_key(row) in paid,
            payable=batch.state in rules.PAYABLE and row.state == "confirmed" and part_key(row) not in paid,
        ))  # fmt: skip
    return found


@dataclass(frozen=True, slots=True)
class CreditPart:
    """The part of a confirmed reservation that may be paid in credit, in the smallest units of the batch's currency."""

    batch: int
    units: int
    minor: int
    paid: bool


def credit_parts(session: Session, batches: Sequence[int]) -> dict[int, CreditPart]:
    """Reservation's id -> its part in credit, of the batches among these that take any."""
    own = policy_now(session).community
    if not own.currency or not batches:
        return {}
    set_last: dict[int, BatchCredit] = {}
    chosen = select(BatchCredit).where(col(BatchCredit.batch_id).in_(batches)).order_by(col(BatchCredit.number))
    for set_ in session.exec(chosen):
        set_last[set_.batch_id] = set_
    shares = {id_: set_.share_bp for id_, set_ in set_last.items() if set_.share_bp and set_.currency == own.currency}
    if not shares:
        return {}
    rows = session.exec(
        select(Reservation, Batch)
        .join(Batch, col(Batch.id) == col(Reservation.batch_id))
        .where(col(Reservation.batch_id).in_(list(shares)), col(Reservation.state) == "confirmed")
    ).all()
    paid = (
        {entry.key for entry in ledger.transfers(session, keys=[part_key(row) for row, _ in rows])} if rows else set()
    )
    found = {}
    for row, batch in rows:
        total, money, credit = split_reservation(batch, row.units, shares[row.batch_id], own.exponent)
        if credit:
            found[row.id or 0] = CreditPart(row.batch_id, row.units, total - money, part_key(row) in paid)
    return found


def shops_of(session: Session, account_id: int | None) -> list[tuple[str, str]]:
    """(slug, name) of the workshops that somebody may act for."""
    if account_id is None:
        return []

    acts = [shop for shop, role in fabricators_of(session, account_id).items() if role in ACTING]
    rows = session.exec(select(Fabricator.slug, Fabricator.name).where(col(Fabricator.id).in_(acts))).all()
    return sorted(rows, key=lambda row: row[1])
