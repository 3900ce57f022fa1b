"""Decisions about loans on their way back, and what workers look after."""

from __future__ import annotations

from sqlmodel import col, select

from registry.batches.roles import require_operator
from registry.batches.rules import check_key
from registry.errors import Conflict, Invalid
from registry.ledger import queries as ledger
from registry.lending.bank.ordering import fabricator_payee, propose
from registry.lending.campaigns.state import go
from registry.lending.campaigns.tables import LoanCampaign
from registry.lending.campaigns.treasurers import require_treasurer
from registry.lending.loans import rules
from registry.lending.loans.offers import follow_offers, offers_due
from registry.lending.loans.payback import (
    Move,
    again,
    balance,
    debt_of,
    give_rest_back,
    has_something_due,
    held_loan,
    open_accounts,
    write,
)
from registry.lending.loans.schemas import ExcessWish, SendBackWish, WhyWish
from registry.lending.loans.tranches import pass_over
from registry.stores.clock import database_now
from registry.stores.stores import Stores

OUT = ("materials paid", "made paid", *rules.CLAIMED)


def _why(said: str) -> str:
    said = said.strip()
    if not said or not said.isprintable():
        raise Invalid("A reason in one line is kept with it.", "Say why.", field="why")
    return said


def go_on(stores: Stores, account_id: int, number: int, wish: WhyWish) -> None:
    """Let a loan pass a stage at which its plan pays nothing out, as a treasurer. Raises: Conflict, Forbidden, ..."""
    why = _why(wish.why)
    with stores.db.transaction() as session:
        require_treasurer(session, account_id)
        row, now = held_loan(session, number)
        pass_over(session, row, rules.next_tranche(row.state), account_id, why, now)


def write_off(stores: Stores, account_id: int, number: int, wish: WhyWish) -> None:
    """Say of a loan in default that its money is not expected any more, as a treasurer.

    The claims stay: what comes in later still goes to its lenders. Raises: Conflict, Forbidden, Invalid, NotFound.
    """
    why = _why(wish.why)
    with stores.db.transaction() as session:
        require_treasurer(session, account_id)
        row, now = held_loan(session, number)
        if row.state == "defaulted":
            loan = open_accounts(session, row)
            debt = debt_of(session, loan)
            go(session, row, "write off", "treasurer", account_id, why, now)
            lost = open_accounts(session, row).debt
            write(session, [Move(lost, loan.debt, debt, "Written off, still claimed")], f"loan-{number}-lost",
                  by_id=account_id)  # fmt: skip
            return
        go(session, row, "write off", "treasurer", account_id, why, now)  # says what can be done instead


def give_excess(stores: Stores, account_id: int, number: int, wish: ExcessWish) -> None:
    """Give what was repaid above the debt to the design's commons fund, as an operator of the fabricator whose it is.

    It first keeps what sales have promised to the fund. Raises: Conflict, Forbidden, Invalid, NotFound.
    """
    check_key(wish.key)
    why = _why(wish.why)
    with stores.db.transaction() as session:
        row, _ = held_loan(session, number)
        require_operator(session, row.fabricator_id, account_id)
        loan = open_accounts(session, row)
        part = min(wish.amount_minor, balance(session, loan.fund_promised))
        key = f"excess-{number}-{account_id}-{wish.key}"
        given = f"Repaid above the debt, given: {why}"[:200]
        if before := ledger.transfers(session, keys=[key, f"fund-gifts-{key}"]):
            told = again(session, before[0].key, loan.excess, wish.amount_minor)
            if any(one.purpose.startswith("Repaid above") and one.purpose != given for one in told):
                raise Conflict("This key was used with another reason.", "Make a new key for a new gift.", field="key")
            return
        if balance(session, loan.excess) < wish.amount_minor:
            raise Conflict("Less than that was repaid above the debt.", "Look at what is held.", field="amount")
        write(session, [
            Move(loan.fund_promised, loan.passed, part, "Passed on of sales"),
            Move(loan.excess, loan.fund, part, "The commons fund's part of sales", "units"),
            Move(loan.excess, loan.fund, wish.amount_minor - part, given, "gifts"),
        ], key, by_id=account_id)  # fmt: skip


def send_excess_back(stores: Stores, account_id: int, number: int, wish: SendBackWish) -> int:
    """Propose to send back what was repaid above the debt, as a treasurer; a second one approves the payment.

    Returns: the payment's id. Raises: Conflict, Forbidden, Invalid, NotFound.
    """
    why = _why(wish.why)
    with stores.db.transaction() as session:
        require_treasurer(session, account_id)
        row, _ = held_loan(session, number)
        loan = open_accounts(session, row)
        free = ledger.balance(session, loan.excess).available_minor or 0
        if free < wish.amount_minor:
            raise Conflict("Less than that was repaid above the debt and is free.", "Look at the payments.",
                           field="amount")  # fmt: skip
        payee = fabricator_payee(session, row.fabricator_id)
        if payee is None:
            raise Conflict("The fabricator has not said where it receives money.", "Ask it to give its account.")
        return propose(session, row, "send back", loan.excess, wish.amount_minor, payee,
                       f"Loan {number}, paid above the debt", by_id=account_id, why=why).id or 0  # fmt: skip


# --- what the clock does


def look_after(stores: Stores) -> int:
    """Do what the calendar and batches ask of loans that are out. Returns: with how many something was done."""
    with stores.db.reading() as session:
        now = database_now(session)
        rows = session.exec(select(LoanCampaign).where(col(LoanCampaign.state).in_(OUT)).order_by(col(LoanCampaign.id)))
        due = [row.id or 0 for row in rows if has_something_due(session, row, now) or offers_due(session, row, now)]
    for number in due:
        with stores.db.transaction() as session:
            row, now = held_loan(session, number)
            follow_offers(session, row, now)
            give_rest_back(session, row)
    return len(due)


def keep(stores: Stores) -> None:
    """What a worker looks after between builds: instalments, default, batches that are cancelled."""
    look_after(stores)


def install(stores: Stores) -> None:
    """Let workers look after loans."""
    hooks = stores.hooks.setdefault("worker.keep", [])
    if keep not in hooks:
        hooks.append(keep)
