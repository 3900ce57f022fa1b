"""Settlement in goods: a lender takes units at cost, and that much less is owed. Asking and answers are kept."""

from __future__ import annotations

import datetime as dt

from sqlmodel import Session, col, select

from registry.accounts.queries import find_account
from registry.batches.roles import role_of
from registry.errors import Conflict, Forbidden, Invalid, NotFound
from registry.fabricators.service import require_role
from registry.lending.campaigns.state import paid_minor
from registry.lending.campaigns.tables import LoanCampaign
from registry.lending.campaigns.treasurers import is_treasurer
from registry.lending.loans import rules
from registry.lending.loans.payback import (
    Move,
    balance,
    debt_of,
    drop_promises,
    follow_calendar,
    held_loan,
    loan_of,
    open_accounts,
    write,
)
from registry.lending.loans.schemas import GoodsMove, GoodsWish
from registry.lending.loans.tables import LoanGoods, LoanGoodsEvent
from registry.lending.policy import amount
from registry.stores.stores import Stores


def words_of(said: str) -> str:
    """Words in one line, or none. Raises: Invalid."""
    said = said.strip()
    if said and not said.isprintable():
        raise Invalid("The words hold characters that nobody can see.", "Say it in one line.", field="words")
    return said


def ask(stores: Stores, account_id: int, number: int, wish: GoodsWish) -> int:
    """Ask for units at cost as a lender, or offer them to one as an operator of the fabricator. Returns: its id.

    Raises: Conflict, Forbidden, Invalid, NotFound.
    """
    words = words_of(wish.words)
    with stores.db.transaction() as session:
        row, now = held_loan(session, number)
        side, lender = "lender", account_id
        if wish.lender:
            side = "fabricator"
            require_role(session, row.fabricator_id, account_id, "operator")
            who = find_account(session, wish.lender)
            if who is None or who.id is None:
                raise NotFound(f"There is no lender called {wish.lender[:80]}.", "Check the handle.", field="lender")
            lender = who.id
        unit_minor = _judge(session, row, lender, wish.units)
        one = LoanGoods(campaign_id=number, account_id=lender, units=wish.units, unit_minor=unit_minor,
                        amount_minor=unit_minor * wish.units, state="")  # fmt: skip
        one.state = rules.step_goods("", "offer" if side == "fabricator" else "ask", side, words)
        session.add(one)
        session.flush()
        tell(session, one, "offer" if side == "fabricator" else "ask", "", side, account_id, words, now)
        return one.id or 0


def _judge(session: Session, row: LoanCampaign, lender: int, units: int) -> int:
    """What a unit costs this lender. Raises: Conflict, Forbidden."""
    loan = loan_of(row)
    owed = balance(session, loan.lender(lender))
    if owed <= 0:
        raise Forbidden("Units at cost are for those whom this loan owes money.", "Buy one from the fabricator.")
    if row.state not in rules.GOODS_STATES:
        raise Conflict(f"The loan is {row.state}: there are no units to take.", "Ask once all of it is paid out.")
    unit_minor = rules.unit_cost(paid_minor(session, row.id or 0), row.units_funded)
    asked = session.exec(
        select(LoanGoods.amount_minor).where(
            LoanGoods.campaign_id == row.id, LoanGoods.account_id == lender, col(LoanGoods.state).in_(rules.GOODS_OPEN)
        )
    ).all()
    left = owed - sum(asked)
    if unit_minor <= 0 or units * unit_minor > left:
        most = left // unit_minor if unit_minor > 0 else 0
        said = f"A unit costs {amount(unit_minor, row.currency)}, and {amount(left, row.currency)} is owed and free."
        raise Conflict(said, f"That is {most} at most; the rest is paid in money.", field="units")
    return unit_minor


def tell(
    session: Session, one: LoanGoods, action: str, was: str, side: str, account_id: int | None, words: str,
    now: dt.datetime,
) -> None:  # fmt: skip
    """Keep what was done; the row has its new state already."""
    session.add(one)
    session.add(LoanGoodsEvent(goods_id=one.id or 0, action=action, was=was, became=one.state, side=side,
                               account_id=account_id, words=words, at=now))  # fmt: skip


def sides_of(session: Session, row: LoanCampaign, one: LoanGoods, account_id: int | None) -> list[str]:
    """The sides that an account may act for, the lender's own first."""
    if account_id is None:
        return []
    sides = ["lender"] if one.account_id == account_id else []
    if role_of(session, row.fabricator_id, account_id) in ("owner", "operator"):
        sides.append("fabricator")
    if is_treasurer(session, account_id):
        sides.append("treasurer")
    return sides


def move(stores: Stores, account_id: int, number: int, goods_id: int, wish: GoodsMove) -> None:
    """Answer, or say that the units were received: then that much less is owed. Raises: Conflict, Forbidden, ..."""
    words = words_of(wish.words)
    with stores.db.transaction() as session:
        row, now = held_loan(session, number)
        one = session.get(LoanGoods, goods_id, populate_existing=True)
        sides = sides_of(session, row, one, account_id) if one else []
        if one is None or one.campaign_id != number or not sides:
            raise NotFound(f"There are no units {goods_id} of this loan for you to answer.", "Look at the loan's page.")
        was = one.state
        if wish.action == "agree" and one.until is not None and now >= one.until:
            raise Conflict(f"This offer stood until {one.until:%-d %B %Y, %H:%M} UTC.", "Ask for units yourself.")
        side = next((each for each in sides if (was, wish.action) in rules.GOODS_STEPS
                     and each in rules.GOODS_STEPS[was, wish.action]), sides[0])  # fmt: skip
        one.state = rules.step_goods(was, wish.action, side, words)
        if one.state == "received":
            one.seq = _receive(session, row, one, account_id)
        tell(session, one, wish.action, was, side, account_id, words, now)
        session.flush()
        if one.state == "received":
            follow_calendar(session, row, now, in_goods=True)


def _receive(session: Session, row: LoanCampaign, one: LoanGoods, account_id: int) -> int:
    loan = open_accounts(session, row)
    if row.state not in rules.GOODS_STATES:
        raise Conflict(f"The loan is {row.state}: units can't be set against it now.", "Call this off.")
    free = min(balance(session, loan.lender(one.account_id)), debt_of(session, loan))
    if one.amount_minor > free:
        raise Conflict(
            f"Meanwhile money was paid back: {amount(free, row.currency)} is owed, these units cost "
            f"{amount(one.amount_minor, row.currency)}.", "Call this off, and ask for fewer.",
        )  # fmt: skip
    key = f"goods-{row.id}-{one.id}"
    units = f"{one.units} unit{'' if one.units == 1 else 's'}"
    moves = [Move(loan.lender(one.account_id), loan.debt, one.amount_minor, f"Paid back with {units} at cost")]
    written = write(session, moves, key, by_id=account_id)
    write(session, drop_promises(session, loan), f"{key}-promise", by_id=account_id)
    return written[0].seq
