"""Official fabricators: a design's maintainers name them under written terms; and what that makes of a batch."""

from __future__ import annotations

import hashlib

from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, or_, select

from registry.accounts.queries import handle_of
from registry.batches.money import check_currency, money
from registry.batches.origin_schemas import (
    OfficialAnswer,
    OfficialEventView,
    OfficialView,
    OfficialWish,
    OriginView,
    TermsView,
)
from registry.batches.origin_tables import BatchOrigin, OfficialEvent, OfficialNaming, OfficialTerms
from registry.batches.tables import Batch, BatchMaker
from registry.designs.maintainers import is_maintainer, require_maintainer
from registry.designs.queries import find_design
from registry.designs.tables import Design
from registry.errors import Conflict, Forbidden, Invalid, NotFound
from registry.fabricators.service import require_role, role_of
from registry.fabricators.tables import Fabricator
from registry.stores.stores import Stores
from registry.values import utcnow

NAMES_MAX = 1_000


def canonical(wish: OfficialWish) -> str:
    """Terms as one text: what their sha256 is of."""
    paid = f"Contribution per unit: {wish.contribution_minor} {wish.currency} (smallest units)"
    return f"Mark\n{wish.mark}\n\nChecks\n{wish.checks}\n\nFurther conditions\n{wish.text}\n\n{paid}\n"


def name_official(stores: Stores, account_id: int, slug: str, wish: OfficialWish) -> int:
    """Name a fabricator, or offer it new terms. Returns: the naming's id. Raises: Forbidden, Invalid, NotFound."""
    wish = wish.model_copy(update={"currency": check_currency(wish.currency)})
    if not (wish.mark or wish.checks or wish.text):
        raise Invalid(
            "There are no conditions.", "Write which mark may be used, what is checked, or anything else.", field="mark"
        )
    try:
        with stores.db.transaction() as session:
            design = find_design(session, slug)
            require_maintainer(session, design, account_id)
            shop = _called(session, wish.fabricator.strip())
            row = session.exec(
                select(OfficialNaming)
                .where(OfficialNaming.design_id == design.id, OfficialNaming.fabricator_id == shop.id)
                .with_for_update()
            ).first() or OfficialNaming(design_id=design.id or 0, fabricator_id=shop.id or 0)
            row.version += 1
            if row.state != "active":
                row.state, row.accepted_version = "offered", None
            row.updated_at = utcnow()
            session.add(row)
            session.flush()
            told = wish.model_dump(exclude={"fabricator"})
            digest = hashlib.sha256(canonical(wish).encode()).hexdigest()
            session.add(OfficialTerms(naming_id=row.id or 0, number=row.version, sha256=digest,
                                      account_id=account_id, **told))  # fmt: skip
            _note(session, row, "offer", account_id)
            return row.id or 0
    except IntegrityError as error:
        raise Conflict("Somebody named this fabricator at the same moment.", "Look again.") from error


def _note(session: Session, row: OfficialNaming, action: str, account_id: int, why: str = "") -> None:
    session.add(OfficialEvent(naming_id=row.id or 0, action=action, version=row.version, why=why.strip(),
                              account_id=account_id))  # fmt: skip


def answer(stores: Stores, account_id: int, naming_id: int, wish: OfficialAnswer) -> None:
    """Accept or decline as the fabricator, or end as either side. Raises: Conflict, Forbidden, NotFound."""
    with stores.db.transaction() as session:
        row = session.exec(select(OfficialNaming).where(OfficialNaming.id == naming_id).with_for_update()).first()
        if row is None:
            raise NotFound(f"There is no naming {naming_id}.", "Look at the design's makers.")
        ours = is_maintainer(session, session.get_one(Design, row.design_id), account_id)
        if wish.action == "end":
            if not ours:
                _require_owner(session, row, account_id)
            if row.state not in ("active", "offered"):
                raise Conflict(f"This naming is {row.state}: there is nothing to end.", "Look at its history.")
            row.state, row.accepted_version = "ended", None
        else:
            _require_owner(session, row, account_id)
            if row.state not in ("offered", "active") or row.accepted_version == row.version:
                raise Conflict("No terms wait for an answer.", "Look at its history.")
            if wish.terms != row.version:
                raise Conflict(
                    f"These are not the newest terms: they are number {row.version}.", "Read those, and answer again."
                )
            if wish.action == "accept":
                row.state, row.accepted_version = "active", row.version
            elif row.state == "offered":
                row.state = "declined"
            else:  # what was agreed before goes on
                row.updated_at = utcnow()
        row.updated_at = utcnow()
        session.add(row)
        _note(session, row, wish.action, account_id, wish.why)


def _require_owner(session: Session, row: OfficialNaming, account_id: int) -> None:
    try:
        require_role(session, row.fabricator_id, account_id, "owner")
    except Forbidden as error:
        raise Forbidden("That is for the owners of the fabricator.", "Ask one of them.") from error


def _view(session: Session, row: OfficialNaming) -> OfficialView:
    design, shop = session.get_one(Design, row.design_id), session.get_one(Fabricator, row.fabricator_id)
    terms = session.exec(
        select(OfficialTerms).where(OfficialTerms.naming_id == row.id).order_by(col(OfficialTerms.number).desc())
    ).all()
    events = session.exec(
        select(OfficialEvent).where(OfficialEvent.naming_id == row.id).order_by(col(OfficialEvent.id))
    ).all()
    fields = {"number", "mark", "checks", "text", "contribution_minor", "currency", "sha256", "made_at"}
    return OfficialView(
        id=row.id or 0, design=design.slug, design_name=design.name, fabricator=shop.slug, fabricator_name=shop.name,
        state=row.state, accepted=row.accepted_version, since=row.updated_at,
        terms=[TermsView(**one.model_dump(include=fields), by=handle_of(session, one.account_id)) for one in terms],
        events=[OfficialEventView(action=one.action, terms=one.version, why=one.why, at=one.at,
                                  by=handle_of(session, one.account_id)) for one in events],
    )  # fmt: skip


def officials_of(session: Session, slug: str, *, active: bool = False) -> list[OfficialView]:
    """The fabricators that a design's maintainers named, those that hold first. Raises: NotFound."""
    chosen = select(OfficialNaming).where(OfficialNaming.design_id == find_design(session, slug).id)
    if active:
        chosen = chosen.where(OfficialNaming.state == "active")
    rows = session.exec(chosen.order_by(col(OfficialNaming.id))).all()
    return [_view(session, row) for row in sorted(rows, key=lambda row: row.state != "active")]


def namings_of(session: Session, fabricator_id: int, *, active: bool) -> list[OfficialView]:
    """The designs that a fabricator is named for; `active` leaves out what waits, was declined or is over."""
    chosen = select(OfficialNaming).where(OfficialNaming.fabricator_id == fabricator_id)
    if active:
        chosen = chosen.where(OfficialNaming.state == "active")
    return [_view(session, row) for row in session.exec(chosen.order_by(col(OfficialNaming.id)))]


def may_name(session: Session, slug: str, account_id: int | None) -> bool:
    """Whether an account speaks for a design."""
    return is_maintainer(session, find_design(session, slug), account_id)


def _called(session: Session, words: str) -> Fabricator:
    """The fabricator of this name, or at this address here. Raises: Invalid, NotFound."""
    named = col(Fabricator.slug) == words, func.lower(col(Fabricator.name)) == words.lower()
    found = session.exec(select(Fabricator).where(or_(*named)).order_by(col(Fabricator.id)).limit(5)).all()
    if exact := next((shop for shop in found if shop.slug == words), None):
        return exact
    if not found:
        raise NotFound(f"There is no fabricator called {words[:80]}.", "Look at the list.", field="fabricator")
    if len(found) > 1:
        which = ", ".join(shop.slug for shop in found)
        raise Invalid(f"Several are called {words[:80]}.", f"Write which: {which}.", field="fabricator")
    return found[0]


def nameable(session: Session) -> list[str]:
    """Names of fabricators, for who names one as official."""
    chosen = select(Fabricator.name).where(Fabricator.status == "active").order_by(Fabricator.name).limit(NAMES_MAX)
    return list(dict.fromkeys(session.exec(chosen)))


def may_answer(session: Session, fabricator: str, account_id: int | None) -> bool:
    """Whether an account owns a fabricator."""
    shop = session.exec(select(Fabricator.id).where(Fabricator.slug == fabricator)).first()
    return shop is not None and role_of(session, shop, account_id) == "owner"


def record_origin(session: Session, batch: Batch, makers: list[int]) -> None:
    """Keep with a new batch which of its makers are official then; what is agreed or ended later changes nothing."""
    rows = session.exec(
        select(OfficialNaming).where(
            OfficialNaming.design_id == batch.design_id,
            OfficialNaming.state == "active",
            col(OfficialNaming.fabricator_id).in_(makers),
        )
    )
    for row in rows:
        session.add(BatchOrigin(batch_id=batch.id or 0, naming_id=row.id or 0, terms=row.accepted_version or 0))


def origin_of(session: Session, batch: Batch) -> OriginView:
    """Official if each of its makers was named; otherwise a free build."""
    makers = session.exec(
        select(Fabricator.id, Fabricator.name)
        .join(BatchMaker, col(BatchMaker.fabricator_id) == col(Fabricator.id))
        .where(BatchMaker.batch_id == batch.id)
        .order_by(col(BatchMaker.leads).desc(), Fabricator.name)
    ).all()
    held = {
        naming.fabricator_id: (naming.id or 0, origin.terms)
        for naming, origin in session.exec(
            select(OfficialNaming, BatchOrigin)
            .join(BatchOrigin, col(BatchOrigin.naming_id) == col(OfficialNaming.id))
            .where(BatchOrigin.batch_id == batch.id)
        )
    }
    design = session.get_one(Design, batch.design_id).name
    names = " and ".join(name for _, name in makers)
    official = bool(makers) and all(number in held for number, _ in makers)
    if official:
        sentence = f"Official: made by {names}, named by the maintainers of {design}."
        for number, terms in held.values():
            paid = session.exec(
                select(OfficialTerms).where(OfficialTerms.naming_id == number, OfficialTerms.number == terms)
            ).one()
            if paid.contribution_minor:
                sentence += f" {money(paid.contribution_minor, paid.currency)} of each unit goes to them."
    else:
        sentence = f"Made by {names} after the design {design}: a free build, under the maker's own name."
    pairs = [held[number] for number, _ in makers if number in held]
    return OriginView(
        kind="official" if official else "free", sentence=sentence,
        namings=[number for number, _ in pairs], terms=[terms for _, terms in pairs],
    )  # fmt: skip
