"""Use cases of requests and quotes. Whoever changes a quote holds its request's row: two at once take turns."""

from __future__ import annotations

import datetime as dt

from sqlmodel import Session, col, select

from registry.batches import rules
from registry.batches.clock import database_now
from registry.batches.money import check_currency
from registry.batches.roles import require_operator, role_of
from registry.batches.schemas import QUANTITY_MAX, Change, Offer, RequestWish, Word
from registry.batches.tables import Quote, QuoteEvent, QuoteMessage, QuoteRequest, QuoteVersion
from registry.designs.queries import find_design, find_revision
from registry.errors import Conflict, Invalid, NotFound
from registry.fabricators.tables import Fabricator
from registry.stores.stores import Stores

_VALID_DAYS_MAX = 730


def ask(stores: Stores, account_id: int, wish: RequestWish) -> int:
    """Send a request to fabricators. Returns: its number. Raises: Invalid, NotFound."""
    quantities = sorted(set(wish.quantities))
    if quantities[0] < 1 or quantities[-1] > QUANTITY_MAX:
        raise Invalid(f"A quantity lies between 1 and {QUANTITY_MAX}.", "Correct it.", field="quantities")
    with stores.db.transaction() as session:
        if wish.wanted_by and wish.wanted_by < database_now(session).date():
            raise Invalid("The date when you need it has passed.", "Choose a later one.", field="wanted_by")
        design = find_design(session, wish.design)
        revision = find_revision(session, design, wish.version or None)
        request = QuoteRequest(
            buyer_id=account_id,
            design_id=design.id or 0,
            revision_id=revision.id or 0,
            commit=revision.commit,
            quantities=quantities,
            **wish.model_dump(include={"wanted_by", "place", "notes", "panel", "vendor_form"}),
        )
        session.add(request)
        session.flush()
        for slug in dict.fromkeys(wish.fabricators):
            fabricator = session.exec(select(Fabricator).where(Fabricator.slug == slug)).first()
            if fabricator is None:
                raise NotFound(f"There is no fabricator called {slug[:80]}.", "Choose from the list.")
            if fabricator.status != "active":
                raise Conflict(f"{fabricator.name} takes no orders now.", "Leave it out.", field="fabricators")
            quote = Quote(request_id=request.id or 0, fabricator_id=fabricator.id or 0)
            session.add(quote)
            session.flush()
            session.add(QuoteEvent(quote_id=quote.id or 0, action="ask", was="", became="requested",
                                   account_id=account_id))  # fmt: skip
        return request.id or 0


def held(session: Session, quote_id: int) -> tuple[QuoteRequest, Quote]:
    """A quote with its request's row held until the transaction ends. Raises: NotFound."""
    request_id = session.exec(select(Quote.request_id).where(Quote.id == quote_id)).first()
    if request_id is None:
        raise NotFound(f"There is no quote {quote_id} that you may see.", "Look at your requests.")
    request = session.exec(select(QuoteRequest).where(QuoteRequest.id == request_id).with_for_update()).one()
    quote = session.get_one(Quote, quote_id)
    _expire(session, quote, database_now(session))
    return request, quote


def side_of(session: Session, request: QuoteRequest, quote: Quote, account_id: int) -> str:
    """buyer or fabricator. Raises: NotFound for others, so that nobody learns who asks whom."""
    if request.buyer_id == account_id:
        return "buyer"
    if role_of(session, quote.fabricator_id, account_id):
        return "fabricator"
    raise NotFound(f"There is no quote {quote.id} that you may see.", "Look at your requests.")


def _go(session: Session, quote: Quote, action: str, actor: str, account_id: int | None, why: str = "") -> None:
    was = quote.state
    quote.state = rules.step(rules.QUOTE_STEPS, "This quote", was, action, actor)
    quote.updated_at = database_now(session)
    session.add(quote)
    session.add(
        QuoteEvent(
            quote_id=quote.id or 0, action=action, was=was, became=quote.state, version=quote.version,
            account_id=account_id, why=why.strip(), at=quote.updated_at,
        )
    )  # fmt: skip


def _expire(session: Session, quote: Quote, now: dt.datetime) -> bool:
    if quote.state in rules.OFFERED and rules.expired(quote.valid_until, now.date()):
        _go(session, quote, "expire", "registry", None, f"It was valid until {quote.valid_until:%-d %B %Y}.")
        return True
    return False


def offer(stores: Stores, account_id: int, quote_id: int, wish: Offer) -> None:
    """Quote, or revise a quote: a new version stands beside the old ones. Raises: Invalid, Conflict, Forbidden."""
    currency = check_currency(wish.currency)
    prices = rules.check_prices([row.model_dump() for row in wish.prices], falling=False)
    with stores.db.transaction() as session:
        request, quote = held(session, quote_id)
        side_of(session, request, quote, account_id)
        require_operator(session, quote.fabricator_id, account_id)
        fabricator = session.get_one(Fabricator, quote.fabricator_id)
        if currency != fabricator.currency and not wish.other_currency:
            raise Invalid(
                f"This quote is in {currency}, but {fabricator.name} reckons in {fabricator.currency}.",
                "Tick that another currency is meant, or correct it.", field="currency",
            )  # fmt: skip
        now = database_now(session)
        if not now.date() <= wish.valid_until <= now.date() + dt.timedelta(days=_VALID_DAYS_MAX):
            raise Invalid("A quote is valid from today for at most two years.", "Change its last day.",
                          field="valid_until")  # fmt: skip
        action = "offer" if quote.state == "requested" else "revise"
        quote.version += 1
        quote.valid_until, quote.last_by = wish.valid_until, "fabricator"
        _go(session, quote, action, "fabricator", account_id, wish.why)
        session.add(
            QuoteVersion(
                quote_id=quote_id, number=quote.version, currency=currency, prices=prices, account_id=account_id,
                made_at=now,
                **wish.model_dump(include={"setup_minor", "lead_days", "valid_until", "excluded", "terms"}),
            )
        )  # fmt: skip


def change(stores: Stores, account_id: int, quote_id: int, wish: Change) -> None:
    """Accept or decline (buyer), refuse or withdraw (fabricator). Raises: Conflict, Forbidden, NotFound."""
    with stores.db.transaction() as session:
        request, quote = held(session, quote_id)
        side = side_of(session, request, quote, account_id)
        if side == "fabricator":
            require_operator(session, quote.fabricator_id, account_id)
        if wish.action == "accept":
            _accept(session, request, quote, side, account_id, wish)
        else:
            _go(session, quote, wish.action, side, account_id, wish.why)


def _accept(session: Session, request: QuoteRequest, quote: Quote, side: str, account_id: int, wish: Change) -> None:
    """The one acceptance of a request; its other quotes are closed with a sentence."""
    if request.accepted_quote_id is not None:
        other = session.get_one(Fabricator, session.get_one(Quote, request.accepted_quote_id).fabricator_id)
        raise Conflict(f"The quote of {other.name} was accepted before.", "A request is given to one alone.")
    if quote.state in rules.OFFERED and wish.version != quote.version:
        raise Conflict(
            f"The quote was revised while you read it: version {quote.version} counts now.", "Read it, then accept it."
        )
    _go(session, quote, "accept", side, account_id, wish.why)
    request.accepted_quote_id, request.state = quote.id, "closed"
    session.add(request)
    others = select(Quote).where(
        Quote.request_id == request.id, Quote.id != quote.id, col(Quote.state).in_(rules.OPEN_QUOTES)
    )
    for row in session.exec(others).all():
        _go(session, row, "lose", "registry", account_id, "The buyer has accepted another quote.")


def call_off(stores: Stores, account_id: int, number: int, why: str = "") -> None:
    """The buyer wants nothing of it any more. Raises: Conflict, NotFound."""
    with stores.db.transaction() as session:
        request = session.exec(select(QuoteRequest).where(QuoteRequest.id == number).with_for_update()).first()
        if request is None or request.buyer_id != account_id:
            raise NotFound(f"There is no request {number} of yours.", "Look at your requests.")
        if request.state != "open":
            raise Conflict(f"Request {number} is {request.state}.", "Nothing is left to be called off.")
        request.state = "called off"
        session.add(request)
        quotes = select(Quote).where(Quote.request_id == number, col(Quote.state).in_(rules.OPEN_QUOTES))
        for quote in session.exec(quotes).all():
            _go(session, quote, "call off", "buyer", account_id, why)


def write(stores: Stores, account_id: int, quote_id: int, word: Word) -> None:
    """A message to the other side. Raises: Invalid, Forbidden, NotFound."""
    text = word.text.strip()
    if not text:
        raise Invalid("The message is empty.", "Write a word.", field="text")
    with stores.db.transaction() as session:
        request, quote = held(session, quote_id)
        side = side_of(session, request, quote, account_id)
        if side == "fabricator":
            require_operator(session, quote.fabricator_id, account_id)
        session.add(QuoteMessage(quote_id=quote_id, account_id=account_id, side=side, text=text))
        quote.last_by = side
        session.add(quote)


def expire_due(stores: Stores) -> int:
    """End the offers whose last day has passed. Returns: how many."""
    with stores.db.reading() as session:
        due = session.exec(
            select(Quote.id).where(
                col(Quote.state).in_(rules.OFFERED), col(Quote.valid_until) < database_now(session).date()
            )
        ).all()
    for quote_id in due:
        with stores.db.transaction() as session:
            held(session, quote_id or 0)  # expires it
    return len(due)
