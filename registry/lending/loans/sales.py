"""Sold units: each one's price is poured once, over commons, lenders and fabricator.

The price was paid to the fabricator, outside the registry: what the book holds are promises, until the campaign's
statement shows the money.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from registry.batches import unit_rules, units
from registry.batches.roles import require_operator
from registry.batches.rules import check_key
from registry.batches.service import counted
from registry.batches.unit_tables import Unit
from registry.errors import Conflict, Invalid
from registry.lending.campaigns.state import paid_minor
from registry.lending.campaigns.tables import LoanCampaign
from registry.lending.loans import rules
from registry.lending.loans.excess import use_excess
from registry.lending.loans.payback import Loan, Move, balance, held_loan, open_accounts, outstanding_of, write
from registry.lending.loans.schemas import SaleWish
from registry.lending.loans.tables import LoanGoods, LoanSale, LoanSaleBack
from registry.stores.stores import Stores

PURPOSES = {
    "commons": "Sold: for the design's commons fund", "lenders": "Sold: for the lenders", "kept": "Sold: the maker's",
}  # fmt: skip


def sell(stores: Stores, account_id: int, number: int, wish: SaleWish) -> int:
    """Record a sold unit, as an operator of the fabricator; the same key answers the same again.

    Returns: its number. Raises: Conflict, Forbidden, Invalid, NotFound.
    """
    check_key(wish.key)
    try:
        with stores.db.transaction() as session:
            return _sell(session, account_id, number, wish)
    except IntegrityError as error:
        raise Conflict(f"Unit {wish.serial} is sold already.", "Look at the sales.", field="serial") from error


def _sell(session: Session, account_id: int, number: int, wish: SaleWish) -> int:
    row, now = held_loan(session, number)
    require_operator(session, row.fabricator_id, account_id)
    before = session.exec(select(LoanSale).where(LoanSale.campaign_id == number, LoanSale.key == wish.key)).first()
    if before is not None:
        if (before.serial, before.price_minor, before.sold_on) != (wish.serial.strip(), wish.price_minor, wish.sold_on):
            raise Conflict("This key was used for another sale.", "Make a new key for a new one.", field="key")
        return before.number
    if row.state not in rules.SALE_STATES:
        raise Conflict(f"The loan is {row.state}: its batch has sold nothing yet.", "Wait until units have left.")
    if not row.opened_at or not row.opened_at.date() <= wish.sold_on <= now.date():
        raise Invalid("That day lies before the campaign or ahead.", "Write the day of the sale.", field="sold_on")
    unit = _unit(session, row, wish.serial.strip())
    sold = session.exec(select(func.count(col(LoanSale.id))).where(LoanSale.campaign_id == number)).one()
    loan = open_accounts(session, row)
    open_minor = sum(outstanding_of(session, loan).values()) - balance(session, loan.promised) + ahead_of(session, loan)
    part = rules.unit_debt(paid_minor(session, number), row.units_funded)
    got = rules.pour(wish.price_minor, row.commons_bp, part, open_minor)
    to = {"commons": loan.fund_promised, "lenders": loan.promised, "kept": loan.kept}
    written = write(
        session, [*(Move(loan.sales, to[name], amount, PURPOSES[name]) for name, amount in got.items()),
                  *fill_from_ahead(session, loan, got)],
        f"sale-{number}-{sold + 1}", by_id=account_id,
        effective_at=dt.datetime.combine(wish.sold_on, dt.time(12), dt.UTC),
    )  # fmt: skip
    session.add(LoanSale(
        campaign_id=number, number=sold + 1, unit_id=unit.id if unit else None, turn=_turn(session, unit),
        serial=unit.serial if unit else "",
        price_minor=wish.price_minor, commons_minor=got["commons"], lenders_minor=got["lenders"],
        kept_minor=got["kept"], sold_on=wish.sold_on, key=wish.key, seq=written[0].seq, account_id=account_id, at=now,
    ))  # fmt: skip
    session.flush()
    use_excess(session, row, f"sale-{number}-{sold + 1}-excess", account_id)
    return sold + 1


def _unit(session: Session, row: LoanCampaign, serial: str) -> Unit | None:
    """The unit that was sold; None where the batch's units have no numbers. Raises: Conflict, Invalid, NotFound."""
    numbered = session.exec(select(Unit.id).where(Unit.batch_id == row.batch_id).limit(1)).first() is not None
    if not numbered:
        if serial:
            raise Invalid("The units of this batch have no numbers.", "Leave the number out.", field="serial")
        done = counted(session, row.batch_id).get("shipped")
        left = (done.good if done else 0) - gone(session, row.id or 0)
        if left < 1:
            raise Conflict("All units that were counted as shipped are sold or with lenders.", "Count further ones.")
        return None
    if not serial:
        raise Invalid("The units of this batch have numbers.", "Say which was sold.", field="serial")
    unit = units.find(session, row.batch_id, serial)
    if unit.state not in unit_rules.HELD or unit.state in ("refunding", "refunded"):
        raise Conflict(f"{serial} is {unit_rules.STATE_WORDS[unit.state].lower()}, and not with a buyer.",
                       "A unit counts as sold once it was shipped.", field="serial")  # fmt: skip
    if any(sale.unit_id == unit.id for sale in standing(session, row.id or 0)):
        raise Conflict(f"{serial} is sold already.", "Look at the sales.", field="serial")
    return unit


def _turn(session: Session, unit: Unit | None) -> int:
    """Which sale of a unit this is: one that was taken back is sold anew."""
    if unit is None:
        return 1
    return session.exec(select(func.count(col(LoanSale.id))).where(LoanSale.unit_id == unit.id)).one() + 1


def gone(session: Session, number: int) -> int:
    """Units that were sold, or taken by lenders."""
    taken = session.exec(
        select(func.coalesce(func.sum(LoanGoods.units), 0)).where(
            LoanGoods.campaign_id == number, LoanGoods.state == "received"
        )
    ).one()
    return len(standing(session, number)) + int(taken)


def fill_from_ahead(session: Session, loan: Loan, got: dict[str, int]) -> list[Move]:
    """What was passed on for sales that were taken back fills the parts of a new one first."""
    lenders = min(got["lenders"], ahead_of(session, loan))
    commons = min(got["commons"], -balance(session, loan.fund_ahead))
    words = "Passed on before, for a sale that was taken back"
    return [Move(loan.promised, loan.ahead, lenders, words), Move(loan.fund_promised, loan.fund_ahead, commons, words)]


def ahead_of(session: Session, loan: Loan) -> int:
    """What was passed on to lenders for sales that were taken back."""
    return -balance(session, loan.ahead)


def standing(session: Session, number: int) -> list[LoanSale]:
    """The sales of a loan that were not taken back, the oldest first."""
    back = select(LoanSaleBack.sale_id)
    return list(session.exec(
        select(LoanSale).where(LoanSale.campaign_id == number, col(LoanSale.id).not_in(back))
        .order_by(col(LoanSale.number))
    ))  # fmt: skip
