"""What pages, JSON and commands read of loans on their way back."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from sqlalchemy import func
from sqlmodel import Session, col, select

from registry.batches import unit_rules
from registry.batches.quote_queries import handles
from registry.batches.roles import ACTING, role_of
from registry.batches.tables import Batch
from registry.batches.unit_tables import Unit
from registry.designs.tables import Design, Revision
from registry.errors import NotFound
from registry.fabricators.tables import Fabricator
from registry.ledger import queries as ledger
from registry.ledger.money import iso_currency
from registry.ledger.schemas import AccountName, Statement
from registry.lending import chart
from registry.lending import rules as lending
from registry.lending.bank.ordering import OPEN
from registry.lending.bank.tables import PaymentOrder
from registry.lending.campaigns.queries import find_campaign
from registry.lending.campaigns.state import paid_minor, tranches_of
from registry.lending.campaigns.tables import LoanCampaign, LoanEvent, Pledge
from registry.lending.campaigns.treasurers import is_treasurer
from registry.lending.loans import rules
from registry.lending.loans.goods import sides_of
from registry.lending.loans.payback import LINES_MAX, Loan, balance, debt_of, loan_of, outstanding_of, plan_of
from registry.lending.loans.returned import to_pay_again
from registry.lending.loans.reward import got_of, reward_of
from registry.lending.loans.sales import standing
from registry.lending.loans.schemas import (
    ChangeView,
    Figure,
    GoodsEventView,
    GoodsView,
    InstalmentView,
    LoanView,
    ReceiptView,
    SaleBackView,
    SalesView,
    SaleView,
    StepView,
    TrancheView,
)
from registry.lending.loans.tables import LoanGoods, LoanGoodsEvent, LoanSale, LoanSaleBack
from registry.lending.loans.tranches import why_not
from registry.stores.clock import database_now

SALES_SHOWN = 200
BOOKS = {
    "debt": "What the fabricator owes", "owes": "Paid out, and paid back", "lost": "Written off, still claimed",
    "bank": "The campaign's bank account", "excess": "Repaid above the debt", "sales": "Taken in for units",
    "kept": "Kept by the fabricator", "passed": "Passed on of sales", "promised": "Promised to the lenders",
    "fund-promised": "Promised to the commons fund", "unmatched": "Paid in, not assigned yet",
    "ahead": "Passed on to lenders for sales that were taken back",
    "fund-ahead": "Passed on to the commons fund for sales that were taken back",
    "charges": "Charges of the bank", "reward": "Reward, to the lenders",
}  # fmt: skip
_WAY = ("funded", "materials paid", "made paid", "disbursed", "repaying", "repaid")
_STEP_NAMES = ("Funded", "Materials", "Made", "Shipped", "Paying back", "Paid back")


def get_loan(session: Session, number: int, account_id: int | None = None) -> LoanView:
    """A loan from its first tranche to its last repayment, as the reader may see it. Raises: NotFound."""
    row = find_campaign(session, number, account_id)
    now, loan = database_now(session), loan_of(row)
    design, batch = session.get_one(Design, row.design_id), session.get_one(Batch, row.batch_id)
    shop = session.get_one(Fabricator, row.fabricator_id)
    lent = paid_minor(session, number)
    outstanding, debt = outstanding_of(session, loan), debt_of(session, loan)
    receipts = _receipts(session, loan)
    changes = _changes(session, number)
    goods = goods_of(session, row, account_id)
    taken = session.exec(
        select(func.coalesce(func.sum(LoanGoods.units), 0), func.coalesce(func.sum(LoanGoods.amount_minor), 0))
        .where(LoanGoods.campaign_id == number, LoanGoods.state == "received")
    ).one()  # fmt: skip
    due = ledger.balances(session, kind="person", role=f"due-{number}", currency=row.currency)
    tranches = _tranches(session, row, now)
    turn = rules.next_tranche(row.state)
    return LoanView(
        number=number, state=row.state, batch=row.batch_id, batch_state=batch.state, design=design.slug,
        design_name=design.name, version=session.get_one(Revision, batch.revision_id).name, fabricator=shop.slug,
        fabricator_name=shop.name, currency=row.currency, exponent=iso_currency(row.currency).exponent,
        lent_minor=lent, lenders=_lenders(session, number), tranches=tranches,
        paid_out_minor=sum(one.amount_minor or 0 for one in tranches if one.paid_at),
        debt=_figure(debt, "debt"), repaid_minor=sum(one.amount_minor for one in receipts),
        outstanding_minor=sum(outstanding.values()), due_minor=sum(one.balance_minor for one in due),
        written_off=_figure(-balance(session, _named(loan, "lost")), "lost"),
        excess=_figure(balance(session, loan.excess), "excess"),
        reward_minor=reward_of(session, row),
        reward_paid=_figure(sum(got_of(session, row).values()), "reward"),
        plan=plan_views(plan_of(session, number), debt, now.date()), receipts=receipts,
        sales=_sales(session, row, loan, lent), unit_cost_minor=rules.unit_cost(lent, row.units_funded),
        goods_units=int(taken[0]), goods_minor=int(taken[1]), goods=goods, changes=changes,
        steps=_steps(row.state, changes),
        waits_for=next((one.waits_for for one in tranches if one.stage == turn), "") if turn else "",
        books=[name for name in BOOKS if name != "debt" and _is_open(session, _named(loan, name))],
        roles=_roles(session, row, outstanding, account_id), own_minor=outstanding.get(account_id or 0, 0),
    )  # fmt: skip


def _figure(minor: int, name: str) -> Figure:
    return Figure(amount_minor=minor, book=name)


def _lenders(session: Session, number: int) -> int:
    return session.exec(
        select(func.count(col(Pledge.account_id).distinct())).where(
            Pledge.campaign_id == number, Pledge.state == "paid"
        )
    ).one()


def _roles(session: Session, row: LoanCampaign, outstanding: dict[int, int], account_id: int | None) -> list[str]:
    if account_id is None:
        return []
    told = {
        "lender": account_id in outstanding,
        "fabricator": role_of(session, row.fabricator_id, account_id) in ACTING,
        "treasurer": is_treasurer(session, account_id),
    }
    return [name for name, holds in told.items() if holds]


def _tranches(session: Session, row: LoanCampaign, now: dt.datetime) -> list[TrancheView]:
    views = []
    ordered = session.exec(
        select(PaymentOrder.subject).where(
            PaymentOrder.campaign_id == row.id, PaymentOrder.kind == "disbursement", col(PaymentOrder.state).in_(OPEN)
        )
    ).all()
    back = to_pay_again(session, row)
    for one in tranches_of(session, row.id or 0):
        waits = "" if one.paid_at or one.stage in back else why_not(session, row, one.stage, now)
        if one.stage in ordered:
            waits = "The payment is ordered: it is paid once the statement shows it."
        views.append(TrancheView(stage=one.stage, amount_minor=one.amount_minor, paid_at=one.paid_at,
                                 ready=not one.paid_at and not waits, came_back=one.stage in back,
                                 waits_for=waits))  # fmt: skip
    return views


def plan_views(plan: list[lending.Instalment], debt_minor: int, today: dt.date) -> list[InstalmentView]:
    """Instalments with what came of each: earlier ones are filled first."""
    paid = max(sum(one.amount_minor for one in plan) - debt_minor, 0)
    views = []
    for number, one in enumerate(plan, 1):
        part = min(paid, one.amount_minor)
        paid -= part
        state: Literal["paid", "part paid", "late", "due"]
        state = "paid" if part == one.amount_minor else "late" if one.due_on < today else "part paid" if part else "due"
        views.append(InstalmentView(number=number, due_on=one.due_on, amount_minor=one.amount_minor, paid_minor=part,
                                    state=state))  # fmt: skip
    return views


def _named(loan: Loan, name: str) -> AccountName:
    if name == "lost":
        return chart.lost(loan.fabricator_id, loan.number, loan.currency)
    if name in ("unmatched", "charges"):
        return (chart.unmatched if name == "unmatched" else chart.charges)(loan.number, loan.currency)
    found: AccountName = getattr(loan, name.replace("-", "_"))
    return found


def _is_open(session: Session, account: AccountName) -> bool:
    return bool(ledger.balances(session, kind=account.kind, owner_id=account.id, role=account.role))


def _receipts(session: Session, loan: Loan) -> list[ReceiptView]:
    """What reduced the debt, the newest first; what was written off is claimed as before."""
    found = []
    for name in ("owes", "lost"):
        account = _named(loan, name)
        if not _is_open(session, account):
            continue
        for line in ledger.statement(session, account, limit=LINES_MAX).lines:
            kind = line.other.split("/")[0]
            if line.amount_minor > 0 and kind != "fabricator":
                told: Literal["payment", "units"] = "units" if kind == "person" else "payment"
                found.append(ReceiptView(on=line.effective_at.date(), amount_minor=line.amount_minor, kind=told,
                                         transfer=line.seq))  # fmt: skip
    return sorted(found, key=lambda one: -one.transfer)


def _changes(session: Session, number: int) -> list[ChangeView]:
    rows = session.exec(select(LoanEvent).where(LoanEvent.campaign_id == number).order_by(col(LoanEvent.id))).all()
    names = handles(session, [row.account_id for row in rows if row.account_id])
    return [
        ChangeView(by=names[row.account_id] if row.account_id else "",
                   **row.model_dump(include={"action", "was", "became", "why", "at"}))
        for row in rows
    ]  # fmt: skip


def _steps(state: str, changes: list[ChangeView]) -> list[StepView]:
    """The way of a loan that goes well; where another went off it, its last place says so."""
    first: dict[str, dt.datetime] = {}
    for change in changes:
        first.setdefault(change.became, change.at)
    names, way = list(_STEP_NAMES), list(_WAY)
    off = {"in arrears": 4, "defaulted": 5, "written off": 5, "settled in goods": 5}
    if state in off:
        names[off[state]] = state.capitalize()
        way[off[state]] = state
    place = way.index(state) if state in way else -1
    views = []
    for at, (name, there) in enumerate(zip(names, way, strict=True)):
        done = at < place or state in ("repaid", "settled in goods")
        views.append(StepView(name=name, state="done" if done else "now" if at == place else "ahead",
                              at=first.get(there)))  # fmt: skip
    return views


def _sales(session: Session, row: LoanCampaign, loan: Loan, lent: int) -> SalesView:
    number = row.id or 0
    stands = standing(session, number)
    rows = session.exec(
        select(LoanSale).where(LoanSale.campaign_id == number).order_by(col(LoanSale.number).desc()).limit(SALES_SHOWN)
    ).all()
    back = _taken_back(session, number)
    sold = [sale.unit_id for sale in stands if sale.unit_id is not None]
    ready = [state for state in unit_rules.HELD if state not in ("refunding", "refunded")]
    serials = session.exec(
        select(Unit.serial).where(Unit.batch_id == row.batch_id, col(Unit.state).in_(ready), col(Unit.id).not_in(sold))
        .order_by(col(Unit.position)).limit(SALES_SHOWN)
    ).all()  # fmt: skip
    figures = {
        name: _figure(balance(session, getattr(loan, name)), name.replace("_", "-"))
        for name in ("kept", "passed", "promised", "fund_promised")
    }
    shown = {"number", "serial", "price_minor", "commons_minor", "lenders_minor", "kept_minor", "sold_on"}
    return SalesView(
        ahead=_figure(-balance(session, loan.ahead), "ahead"),
        fund_ahead=_figure(-balance(session, loan.fund_ahead), "fund-ahead"),
        units=len(stands), turnover=_figure(-balance(session, loan.sales), "sales"), **figures,
        unit_debt_minor=rules.unit_debt(lent, row.units_funded), commons_bp=row.commons_bp, serials=list(serials),
        numbered=session.exec(select(Unit.id).where(Unit.batch_id == row.batch_id).limit(1)).first() is not None,
        items=[SaleView(transfer=one.seq, back=back.get(one.id or 0), **one.model_dump(include=shown)) for one in rows],
    )  # fmt: skip


def _taken_back(session: Session, number: int) -> dict[int, SaleBackView]:
    """sale's id -> how it was taken back."""
    rows = session.exec(
        select(LoanSaleBack).join(LoanSale, col(LoanSale.id) == LoanSaleBack.sale_id)
        .where(LoanSale.campaign_id == number)
    ).all()  # fmt: skip
    names = handles(session, [row.account_id for row in rows])
    return {
        row.sale_id: SaleBackView(by=names[row.account_id], transfer=row.seq,
                                  **row.model_dump(include={"why", "at", "ahead_minor"}))
        for row in rows
    }  # fmt: skip


def goods_of(session: Session, row: LoanCampaign, account_id: int | None) -> list[GoodsView]:
    """Units in place of money, as the reader may see them: their own, or all for the fabricator and treasurers."""
    rows = session.exec(
        select(LoanGoods).where(LoanGoods.campaign_id == row.id).order_by(col(LoanGoods.id).desc())
    ).all()
    views = []
    for one in rows:
        sides = sides_of(session, row, one, account_id)
        if not sides:
            continue
        events = session.exec(
            select(LoanGoodsEvent).where(LoanGoodsEvent.goods_id == one.id).order_by(col(LoanGoodsEvent.id))
        ).all()
        names = handles(session, [one.account_id, *(event.account_id for event in events if event.account_id)])
        views.append(GoodsView(
            id=one.id or 0, lender=names[one.account_id], transfer=one.seq,
            actions=list(dict.fromkeys(act for side in sides for act in rules.goods_actions(one.state, side))),
            events=[GoodsEventView(by=names[event.account_id] if event.account_id else "",
                                   **event.model_dump(include={"action", "became", "side", "words", "at"}))
                    for event in events],
            **one.model_dump(include={"units", "unit_minor", "amount_minor", "state", "until"}),
        ))  # fmt: skip
    return views


def read_book(session: Session, number: int, name: str, account_id: int | None = None, after: int = 0) -> Statement:
    """The transfers of one of a loan's accounts, open to everybody; whose a person's account is, is not told.

    Raises: NotFound.
    """
    row = find_campaign(session, number, account_id)
    if name not in BOOKS:
        raise NotFound(f"A loan has no account '{name[:40]}'.", f"It has: {', '.join(BOOKS)}.")
    account = _named(loan_of(row), name)
    if not _is_open(session, account):
        raise NotFound("Nothing was booked there yet.", "Look again once money has moved.")
    told = ledger.statement(session, account, after_seq=after)
    for line in told.lines:
        if line.other.startswith("person/"):
            line.other = "person"
    return told
