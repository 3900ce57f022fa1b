"""What pages, JSON and commands read of requests and quotes. Buyers see all of theirs, fabricators their own quote."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import func
from sqlmodel import Session, col, select

from registry.accounts.tables import Account
from registry.batches import rules
from registry.batches.roles import fabricators_of
from registry.batches.schemas import (
    EventView,
    MessageView,
    OfferView,
    QuoteDetail,
    QuoteView,
    RequestDetail,
    RequestItem,
    RequestList,
)
from registry.batches.tables import BatchEvent, Quote, QuoteEvent, QuoteMessage, QuoteRequest, QuoteVersion
from registry.designs.tables import Design, Revision
from registry.errors import NotFound
from registry.fabricators.queries import shown_town
from registry.fabricators.tables import Fabricator


def handles(session: Session, ids: Iterable[int | None]) -> dict[int | None, str]:
    """account's id -> handle; nobody is the registry."""
    rows = session.exec(select(Account.id, Account.handle).where(col(Account.id).in_({i for i in ids if i})))
    found: dict[int | None, str] = {None: ""}
    found.update(rows.all())
    return found


def event_views(session: Session, rows: Sequence[QuoteEvent | BatchEvent]) -> list[EventView]:
    """Changes with the handles of who made them."""
    names = handles(session, (row.account_id for row in rows))
    return [
        EventView(
            by=names[row.account_id],
            version=row.version if isinstance(row, QuoteEvent) else 0,
            **row.model_dump(include={"action", "was", "became", "why", "at"}),
        )
        for row in rows
    ]


def _offers(session: Session, quote_ids: Sequence[int | None]) -> dict[int, list[OfferView]]:
    rows = session.exec(
        select(QuoteVersion).where(col(QuoteVersion.quote_id).in_(quote_ids)).order_by(col(QuoteVersion.number))
    ).all()
    names = handles(session, (row.account_id for row in rows))
    found: dict[int, list[OfferView]] = {}
    for row in rows:
        view = OfferView.model_validate({**row.model_dump(), "by": names[row.account_id]})
        found.setdefault(row.quote_id, []).append(view)
    return found


def _quote_values(quote: Quote, fabricator: Fabricator, offers: list[OfferView]) -> dict[str, object]:
    return {
        "id": quote.id,
        "request": quote.request_id,
        "fabricator": fabricator.slug,
        "fabricator_name": fabricator.name,
        "fabricator_currency": fabricator.currency,
        "state": quote.state,
        "version": quote.version,
        "offer": offers[-1] if offers else None,
        "last_by": quote.last_by,
        "updated_at": quote.updated_at,
    }


def list_requests(session: Session, account_id: int, page: int = 1, per_page: int = 50) -> RequestList:
    """What an account asked for, the newest first."""
    mine = QuoteRequest.buyer_id == account_id
    total = session.exec(select(func.count(col(QuoteRequest.id))).where(mine)).one()
    rows = session.exec(
        select(QuoteRequest).where(mine).order_by(col(QuoteRequest.id).desc()).offset((page - 1) * per_page)
        .limit(per_page)
    ).all()  # fmt: skip
    more = page * per_page < total
    return RequestList(
        items=[RequestItem(**_item(session, row)) for row in rows],  # type: ignore[arg-type]
        total=total,
        next=f"?page={page + 1}&per_page={per_page}" if more else None,
    )


def _item(session: Session, row: QuoteRequest) -> dict[str, object]:
    design, revision = session.get_one(Design, row.design_id), session.get_one(Revision, row.revision_id)
    states = session.exec(select(Quote.state).where(Quote.request_id == row.id)).all()
    return {
        "number": row.id,
        "design": design.slug,
        "design_name": design.name,
        "version": revision.name,
        "label": revision.label,
        "buyer": handles(session, [row.buyer_id])[row.buyer_id],
        "asked": len(states),
        "offered": sum(state in rules.OFFERED or state == "accepted" for state in states),
        **row.model_dump(include={"quantities", "wanted_by", "state", "created_at"}),
    }


def get_request(session: Session, number: int, account_id: int) -> RequestDetail:
    """A request as this account may see it. Raises: NotFound."""
    row = session.get(QuoteRequest, number)
    pairs = session.exec(
        select(Quote, Fabricator)
        .join(Fabricator, col(Fabricator.id) == col(Quote.fabricator_id))
        .where(Quote.request_id == number)
        .order_by(col(Fabricator.name))
    ).all()
    own = fabricators_of(session, account_id)
    buyer = row is not None and row.buyer_id == account_id
    seen = [pair for pair in pairs if buyer or pair[0].fabricator_id in own]
    if row is None or not seen:
        raise NotFound(f"There is no request {number} that you may see.", "Look at your requests.")
    offers = _offers(session, [quote.id for quote, _ in seen])
    values = _item(session, row)
    if not buyer:  # how many others were asked is the buyer's business
        values |= {"asked": len(seen), "offered": sum(quote.state in rules.OFFERED for quote, _ in seen)}
    accepted = row.accepted_quote_id
    return RequestDetail(
        **values,  # type: ignore[arg-type]
        **row.model_dump(include={"commit", "place", "notes", "panel", "vendor_form"}),
        files=f"/requests/{number}/files.zip",
        accepted_quote=accepted if buyer or accepted in {quote.id for quote, _ in seen} else None,
        quotes=[
            QuoteView(**_quote_values(quote, fabricator, offers.get(quote.id or 0, [])))  # type: ignore[arg-type]
            for quote, fabricator in seen
        ],
    )


def get_quote(session: Session, quote_id: int) -> QuoteDetail:
    """A quote with all that happened; who may see it is asked before. Raises: NotFound."""
    quote = session.get(Quote, quote_id)
    if quote is None:
        raise NotFound(f"There is no quote {quote_id} that you may see.", "Look at your requests.")
    offers = _offers(session, [quote_id]).get(quote_id, [])
    events = session.exec(select(QuoteEvent).where(QuoteEvent.quote_id == quote_id).order_by(col(QuoteEvent.id))).all()
    words = session.exec(
        select(QuoteMessage).where(QuoteMessage.quote_id == quote_id).order_by(col(QuoteMessage.id))
    ).all()
    names = handles(session, (row.account_id for row in words))
    return QuoteDetail(
        **_quote_values(quote, session.get_one(Fabricator, quote.fabricator_id), offers),  # type: ignore[arg-type]
        offers=offers,
        events=event_views(session, events),
        messages=[
            MessageView(by=names[row.account_id], **row.model_dump(include={"side", "text", "sent_at"}))
            for row in words
        ],
    )


def find_fabricators(
    session: Session, words: str, chosen: Sequence[str], limit: int = 12
) -> list[tuple[str, str, str]]:
    """(slug, name, town) of the chosen ones, then of those whose name has the words."""
    columns = select(Fabricator.slug, Fabricator.name, shown_town())
    first = session.exec(columns.where(col(Fabricator.slug).in_(chosen)).order_by(Fabricator.name)).all()
    rest = columns.where(Fabricator.status == "active", col(Fabricator.slug).not_in(chosen))
    if words.strip():
        rest = rest.where(func.lower(Fabricator.name).contains(words.strip().lower(), autoescape=True))
    return [*first, *session.exec(rest.order_by(Fabricator.name).limit(limit)).all()]
