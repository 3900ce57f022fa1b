"""An accepted quote made for its buyer alone: a batch of one reservation, which only its two sides see."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from registry.batches import quoting, rules
from registry.batches.clock import database_now
from registry.batches.roles import require_operator
from registry.batches.tables import Batch, BatchEvent, BatchMaker, QuoteVersion, Reservation
from registry.batches.unit_schemas import OrderWish
from registry.batches.unit_tables import Order
from registry.errors import Conflict, Invalid
from registry.stores.stores import Stores


def begin(stores: Stores, account_id: int, quote_id: int, wish: OrderWish) -> int:
    """Begin the order of an accepted quote. Returns: its number. Raises: Conflict, Forbidden, Invalid, NotFound."""
    try:
        with stores.db.transaction() as session:
            request, quote = quoting.held(session, quote_id)
            side = quoting.side_of(session, request, quote, account_id)
            if side == "fabricator":
                require_operator(session, quote.fabricator_id, account_id)
                if wish.units not in request.quantities:
                    raise Invalid(
                        f"{wish.units} were not asked for.",
                        "Another number than the asked ones is the buyer's to say.",
                        field="units",
                    )
            if quote.state != "accepted":
                raise Conflict(f"Quote {quote_id} is {quote.state}, not accepted.", "Accept it first.")
            offer = session.exec(
                select(QuoteVersion).where(QuoteVersion.quote_id == quote_id, QuoteVersion.number == quote.version)
            ).one()
            total = rules.total_price(offer.prices, offer.setup_minor, wish.units)
            if total is None:
                raise Invalid(
                    f"{wish.units} are fewer than were offered.",
                    f"The first price is for {offer.prices[0]['quantity']}.",
                    field="units",
                )
            now = database_now(session)
            batch = Batch(
                design_id=request.design_id,
                revision_id=request.revision_id,
                commit=request.commit,
                quote_id=quote_id,
                state="filled",
                currency=offer.currency,
                units_min=wish.units,
                units_max=wish.units,
                prices=[{"quantity": wish.units, "unit_minor": total // wish.units}],
                reserved=wish.units,
                last_number=1,
                deadline_at=now,
                opened_by=account_id,
                notes=f"{offer.lead_days} days were quoted.",
            )
            session.add(batch)
            session.flush()
            number = batch.id or 0
            session.add_all(
                (
                    Order(batch_id=number, buyer_id=request.buyer_id),
                    BatchMaker(batch_id=number, fabricator_id=quote.fabricator_id, leads=True),
                    Reservation(
                        batch_id=number,
                        account_id=request.buyer_id,
                        number=1,
                        units=wish.units,
                        named=True,
                        state="confirmed",
                        key=f"order-{quote_id}",
                        made_at=now,
                    ),
                    BatchEvent(batch_id=number, action="order", was="", became="filled", account_id=account_id, at=now),
                )
            )
            return number
    except IntegrityError as error:
        raise Conflict(f"Quote {quote_id} is being made already.", "Look at its batch or order.") from error


def buyer_of(session: Session, batch_id: int) -> int | None:
    """The buyer of an order; None for a batch that is open to everyone."""
    row = session.get(Order, batch_id)
    return row.buyer_id if row else None
