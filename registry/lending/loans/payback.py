"""What comes back of a loan, in the book and in its state. Whoever calls holds the campaign's row (`held_loan`).

All the way: what the lenders are owed together is the fabricator's debt and what was not paid out yet. A loan that is
written off keeps its claims: the debt moves to an account of its own (`chart.lost`), the lenders' accounts stay as they
are, and what comes in late is shared out as before.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import func
from sqlmodel import Session, col, select

from registry.batches.tables import Batch
from registry.commons.fund import Source, open_fund
from registry.errors import Conflict, NotFound
from registry.ledger import book
from registry.ledger import queries as ledger
from registry.ledger.rules import share_out
from registry.ledger.schemas import AccountName, Entry, Transfer
from registry.lending import chart
from registry.lending import rules as lending
from registry.lending.campaigns.state import BATCH_LOST, go, held, policy_of
from registry.lending.campaigns.tables import LoanCampaign, LoanInstalment, Pledge
from registry.lending.loans import rules
from registry.lending.loans.returned import to_pay_again
from registry.lending.loans.reward import LINES_MAX, shares_of

_STEP_WHY = {
    "fall behind": "An instalment is late",
    "catch up": "What was late has come in",
    "repay in full": "All that was owed is paid back",
    "settle in goods": "All that was owed is paid back, the last of it in units",
}


class Move(NamedTuple):
    """A transfer to be. `source` says how money comes into a commons fund."""

    debit: AccountName
    credit: AccountName
    amount_minor: int
    purpose: str
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Loan:
    """A campaign's accounts of the book, by what they are for."""

    number: int
    fabricator_id: int
    design_id: int
    currency: str
    written_off: bool

    @property
    def debt(self) -> AccountName:
        """What the fabricator owes: written off, it is claimed from an account of its own."""
        name = chart.lost if self.written_off else chart.owes
        return name(self.fabricator_id, self.number, self.currency)

    @property
    def owes(self) -> AccountName:
        """What the fabricator owes and is expected to pay."""
        return chart.owes(self.fabricator_id, self.number, self.currency)

    @property
    def sales(self) -> AccountName:
        """What it took in for units."""
        return chart.sales(self.fabricator_id, self.number, self.currency)

    @property
    def kept(self) -> AccountName:
        """What it keeps of that."""
        return chart.kept(self.fabricator_id, self.number, self.currency)

    @property
    def passed(self) -> AccountName:
        """What it passed on of that."""
        return chart.passed(self.fabricator_id, self.number, self.currency)

    @property
    def promised(self) -> AccountName:
        """What it has to pass on of that to the lenders."""
        return chart.promised(self.number, self.currency)

    @property
    def fund_promised(self) -> AccountName:
        """What it has to pass on of that to the commons fund."""
        return chart.fund_promised(self.number, self.currency)

    @property
    def ahead(self) -> AccountName:
        """What it passed on to the lenders for sales that were taken back."""
        return chart.ahead(self.fabricator_id, self.number, self.currency)

    @property
    def fund_ahead(self) -> AccountName:
        """What it passed on to the commons fund for such sales."""
        return chart.fund_ahead(self.fabricator_id, self.number, self.currency)

    @property
    def bank(self) -> AccountName:
        """The campaign's bank account."""
        return chart.bank(self.number, self.currency)

    @property
    def excess(self) -> AccountName:
        """What was repaid above the debt."""
        return chart.excess(self.number, self.currency)

    @property
    def reward(self) -> AccountName:
        """What was paid beyond the principal, on its way to the lenders."""
        return chart.reward(self.number, self.currency)

    @property
    def fund(self) -> AccountName:
        """The design's commons fund."""
        return chart.fund(self.design_id, self.currency)

    def lender(self, account_id: int) -> AccountName:
        """What a lender is owed."""
        return chart.loan(account_id, self.number, self.currency)

    def due(self, account_id: int) -> AccountName:
        """What is to be paid out to a lender now."""
        return chart.due(account_id, self.number, self.currency)


def loan_of(row: LoanCampaign) -> Loan:
    """The accounts of a campaign."""
    return Loan(row.id or 0, row.fabricator_id, row.design_id, row.currency, row.state == "written off")


def open_accounts(session: Session, row: LoanCampaign) -> Loan:
    """The accounts that money on its way back needs, opened unless they are there."""
    number = row.id or 0
    chart.open_campaign(session, number, row.fabricator_id, row.currency)
    chart.open_payback(session, number, row.fabricator_id, row.currency)
    open_fund(session, row.design_id, row.currency)
    return loan_of(row)


def balance(session: Session, name: AccountName) -> int:
    """What an account comes to; an account that was never opened comes to nothing."""
    found = ledger.balances(session, kind=name.kind, owner_id=name.id, role=name.role, currency=name.currency)
    return found[0].balance_minor if found else 0


def debt_of(session: Session, loan: Loan) -> int:
    """What the fabricator owes, written off or not."""
    return -balance(session, loan.debt)


def outstanding_of(session: Session, loan: Loan) -> dict[int, int]:
    """lender's account id -> what they are owed, in the order in which they came."""
    found = ledger.balances(session, kind="person", role=f"loan-{loan.number}", currency=loan.currency)
    return {int(one.account.id): one.balance_minor for one in found if one.balance_minor > 0}


def write(
    session: Session, moves: Sequence[Move], key: str, *, effective_at: dt.datetime | None = None,
    by_id: int | None = None,
) -> list[Entry]:  # fmt: skip
    """Book transfers that belong together under one key; those of nothing are left out."""
    transfers = []
    for at, move in enumerate(move for move in moves if move.amount_minor):
        own = f"{key}-{at}" if at else key
        transfers.append(Transfer(
            debit=move.debit, credit=move.credit, amount_minor=move.amount_minor, purpose=move.purpose,
            key=f"fund-{move.source}-{own}" if move.source else own, effective_at=effective_at, by_id=by_id,
        ))  # fmt: skip
    return book.post_all(session, transfers) if transfers else []


# --- the loan's row


def held_loan(session: Session, number: int) -> tuple[LoanCampaign, dt.datetime]:
    """A campaign with its row held until the transaction ends, what the calendar asks for done; and the time.

    Raises: NotFound.
    """
    row, now = held(session, number)
    if batch_is_lost(session, row):
        _batch_lost(session, row, now)
    follow_calendar(session, row, now)
    return row, now


def batch_is_lost(session: Session, row: LoanCampaign) -> bool:
    """Whether the batch was cancelled while the loan is out."""
    if (row.state, "batch cancelled") not in lending.LOAN_STEPS or row.state in ("open", "funded"):
        return False
    return session.get_one(Batch, row.batch_id).state in BATCH_LOST


def _batch_lost(session: Session, row: LoanCampaign, now: dt.datetime) -> None:
    """The whole debt is due at once; what was not paid out goes back to the lenders."""
    go(session, row, "batch cancelled", "registry", None, "The batch is cancelled: the whole debt is due at once", now)
    loan = open_accounts(session, row)
    give_rest_back(session, row)
    write_plan(session, row, debt_of(session, loan), now.date(), 1)
    follow_calendar(session, row, now)


def _rest(session: Session, row: LoanCampaign) -> int:
    """What lies in the bank and is neither ordered nor will be paid out: its batch is lost, or a part given back."""
    if row.state not in rules.CLAIMED or row.state == "disbursed":
        return 0
    loan = loan_of(row)
    found = ledger.balances(session, kind="fabricator", owner_id=loan.owes.id, role=loan.owes.role)
    ordered = sum(one.pending_debits_minor for one in found)
    back = sum(order.amount_minor for order in to_pay_again(session, row).values())
    return rules.rest(outstanding_of(session, loan), debt_of(session, loan), ordered + back)


def give_rest_back(session: Session, row: LoanCampaign) -> None:
    """Give to the lenders what will never be paid out."""
    loan, left = loan_of(row), _rest(session, row)
    if left:
        shares, _ = share_out(left, outstanding_of(session, loan))
        moves = [
            Move(loan.lender(who), loan.due(who), share, "Not paid out, sent back") for who, share in shares.items()
        ]
        key = f"loan-{loan.number}-rest-{ledger.head(session).seq}"
        write(session, moves, key)
        write(session, drop_promises(session, loan), f"{key}-promise")


def drop_promises(session: Session, loan: Loan) -> list[Move]:
    """What sales owe to lenders beyond what these are owed is the fabricator's own: it was paid back otherwise."""
    over = balance(session, loan.promised) - sum(outstanding_of(session, loan).values())
    return [Move(loan.promised, loan.kept, over, "Owed no longer: paid back otherwise")] if over > 0 else []


def has_something_due(session: Session, row: LoanCampaign, now: dt.datetime) -> bool:
    """Whether the calendar, the batch or the book asks for something."""
    return batch_is_lost(session, row) or _rest(session, row) > 0 or next_step(session, row, now) is not None


def write_plan(session: Session, row: LoanCampaign, amount_minor: int, first_on: dt.date, months: int) -> None:
    """Another plan, which replaces the one before; none for nothing."""
    if amount_minor <= 0:
        return
    number = row.id or 0
    last = session.exec(select(func.max(LoanInstalment.plan)).where(LoanInstalment.campaign_id == number)).one() or 0
    session.add_all(
        LoanInstalment(campaign_id=number, plan=last + 1, number=at, due_on=each.due_on, amount_minor=each.amount_minor)
        for at, each in enumerate(lending.schedule(amount_minor, first_on, months), 1)
    )
    session.flush()


def plan_of(session: Session, number: int) -> list[lending.Instalment]:
    """The plan that holds."""
    last = select(func.max(LoanInstalment.plan)).where(LoanInstalment.campaign_id == number).scalar_subquery()
    rows = session.exec(
        select(LoanInstalment).where(LoanInstalment.campaign_id == number, LoanInstalment.plan == last)
        .order_by(col(LoanInstalment.number))
    )  # fmt: skip
    return [lending.Instalment(one.due_on, one.amount_minor) for one in rows]


def last_paid_on(session: Session, loan: Loan) -> dt.date | None:
    """The day of the last payment or of the last units that reduced the debt."""
    try:
        lines = ledger.statement(session, loan.owes, limit=LINES_MAX).lines
    except NotFound:
        return None
    days = [line.effective_at.date() for line in lines if line.amount_minor > 0]
    return max(days, default=None)


def next_step(
    session: Session, row: LoanCampaign, now: dt.datetime, *, in_goods: bool = False
) -> tuple[str, str] | None:
    """The step that the calendar and the book ask for now, with its reason."""
    if row.state not in rules.CLAIMED:
        return None
    plan, loan = plan_of(session, row.id or 0), loan_of(row)
    owed, debt = sum(outstanding_of(session, loan).values()), debt_of(session, loan)
    if row.state == "disbursed":
        if not owed:
            return "begin repayment", "All that was owed is there"
        return ("begin repayment", "The first instalment is due") if plan and plan[0].due_on <= now.date() else None
    if not owed and not debt:
        action = "settle in goods" if in_goods and row.state != "written off" else "repay in full"
        return action, _STEP_WHY[action]
    terms = policy_of(row).terms
    step = lending.judge_arrears(
        row.state, plan, max(sum(one.amount_minor for one in plan) - debt, 0), last_paid_on(session, loan), now.date(),
        arrears_after_days=terms.arrears_after_days, default_after_days=terms.default_after_days,
    )  # fmt: skip
    if not step or step == "repay in full":  # what is left then was not paid out yet
        return None
    return step, _STEP_WHY.get(step) or f"{terms.default_after_days} days without any payment"


def follow_calendar(session: Session, row: LoanCampaign, now: dt.datetime, *, in_goods: bool = False) -> None:
    """The steps that the calendar and the book ask for, one after another, each kept."""
    while step := next_step(session, row, now, in_goods=in_goods):
        go(session, row, step[0], "registry", None, step[1], now)


# --- money that comes back


def repayment_seen(
    session: Session, row: LoanCampaign, amount_minor: int, *, source: AccountName, key: str, now: dt.datetime,
    effective_at: dt.datetime | None = None, by_id: int | None = None,
) -> list[Entry]:  # fmt: skip
    """The fabricator's money: up to the debt shared out by what is outstanding, then as a reward; the rest is held.

    The same key books once. Raises: Conflict if nothing is owed, and no reward is open.
    """
    loan = open_accounts(session, row)
    if ledger.transfers(session, keys=[key]):
        return again(session, key, source, amount_minor)
    debt, outstanding = debt_of(session, loan), outstanding_of(session, loan)
    part = min(amount_minor, max(debt, 0))
    # While principal is out, nothing is a reward: not even where the debt is only that of the first tranches.
    all_back = part == sum(outstanding.values())
    reward, got = shares_of(session, row, amount_minor - part) if all_back else ({}, {})
    if debt <= 0 and not reward:
        raise Conflict("The fabricator owes nothing now.", "Send it back, or assign it otherwise.")
    extra = sum(reward.values())
    rows = [Move(source, loan.debt, part, "Repayment"),
            Move(source, loan.excess, amount_minor - part - extra, "Repaid above the debt")]  # fmt: skip
    shares, _ = share_out(part, outstanding)
    for lender, share in shares.items():
        rows.append(Move(loan.lender(lender), loan.due(lender), share, "Repayment, shared out"))
        gift = rules.given(_chosen(session, loan, lender), outstanding[lender], outstanding[lender] - share)
        rows.append(Move(loan.due(lender), loan.fund, min(gift, share), "A loan given to the design", "forgiven"))
    rows += reward_moves(session, loan, source, reward, got)
    rows.append(Move(loan.promised, loan.passed, min(part, balance(session, loan.promised)), "Passed on of sales"))
    written = write(session, rows, key, effective_at=effective_at, by_id=by_id)
    if row.state == "disbursed":
        go(session, row, "begin repayment", "registry", None, "The first repayment came in", now)
    follow_calendar(session, row, now)
    return written


def reward_moves(
    session: Session, loan: Loan, source: AccountName, reward: dict[int, int], got: dict[int, int]
) -> list[Move]:
    """A part of the reward on its way to the lenders; `got` is what each had of it before."""
    if not reward:
        return []
    book.open_account(session, loan.reward, lowest_minor=0)
    rows = [Move(source, loan.reward, sum(reward.values()), "Reward")]
    for lender, share in reward.items():
        rows.append(Move(loan.reward, loan.due(lender), share, "Reward, shared out"))
        before = got.get(lender, 0)  # what is given grows with the reward as with what comes back of a loan
        gift = rules.given(_chosen(session, loan, lender), -before, -before - share)
        rows.append(Move(loan.due(lender), loan.fund, min(gift, share), "A reward given to the design", "gifts"))
    return rows


def again(session: Session, key: str, source: AccountName, amount_minor: int) -> list[Entry]:
    """What a key has booked already. Raises: Conflict if it was for something else."""
    first = ledger.transfers(session, keys=[key])[0]
    written = ledger.together(session, first.seq)
    if sum(entry.amount_minor for entry in written if entry.debit == source) != amount_minor:
        raise Conflict(f"The key {key} was used for something else.", "Take a new key for a new wish.", field="key")
    return written


def _chosen(session: Session, loan: Loan, lender: int) -> list[tuple[str, int]]:
    rows = session.exec(
        select(Pledge).where(Pledge.campaign_id == loan.number, Pledge.account_id == lender, Pledge.state == "paid")
    )
    return [(one.repay, one.amount_minor) for one in rows]


def commons_seen(
    session: Session, row: LoanCampaign, amount_minor: int, *, source: AccountName, key: str,
    effective_at: dt.datetime | None = None, by_id: int | None = None,
) -> list[Entry]:  # fmt: skip
    """The commons fund's part of sales has come in; what is above the promise is held. The same key books once.

    Raises: Conflict if nothing is promised.
    """
    loan = open_accounts(session, row)
    if ledger.transfers(session, keys=[key]):
        return again(session, key, source, amount_minor)
    open_minor = balance(session, loan.fund_promised)
    if open_minor <= 0:
        raise Conflict("No sale owes the commons fund anything now.", "Send it back, or assign it otherwise.")
    part = min(amount_minor, open_minor)
    return write(session, [
        Move(source, loan.excess, amount_minor - part, "Paid above what sales owe to the commons fund"),
        Move(loan.fund_promised, loan.passed, part, "Passed on of sales"),
        Move(source, loan.fund, part, "The commons fund's part of sales", "units"),
    ], key, effective_at=effective_at, by_id=by_id)  # fmt: skip
